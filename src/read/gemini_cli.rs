//! Chats of the Gemini CLI: `~/.gemini/tmp/<project>/chats/session-*.json` (one object a session) and `*.jsonl`
//! (a header, then messages and changes), those of subagents below a folder named after their parent's session.
//!
//! The counts are those of Gemini's `usageMetadata`: `input` contains cached tokens, `thoughts` and `tool` (the
//! prompts of its own tools) stand apart, `total` is input + output + thoughts + tool
//! (google-gemini/gemini-cli, `packages/core/src/services/chatRecordingTypes.ts`, mid 2026). Other writers of this
//! shape put other things into them; the total tells which.
//!
//! A message is appended again whenever it changes, and has its tokens only then; `$set` may write all messages
//! anew, `$rewindTo` takes messages out of the chat and not off the bill. So calls are handed on at the end.

mod counts;

use std::borrow::Cow;
use std::collections::HashMap;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::read::CachedInput;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::fields;
use crate::read::gemini_cli::counts::Counts;
use crate::read::json::Node;

/// The reader of Gemini CLI chats.
pub struct GeminiCli;

impl Reader for GeminiCli {
    fn name(&self) -> &'static str {
        "gemini_cli"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let has = |key: &str| record.has(key);
        has("sessionId") && has("projectHash") || is_answer(record) && has("tokens") && has("timestamp")
    }

    fn origin(&self) -> Origin {
        Origin::Provider
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Chat { place: Place::of(&options.path), cached_input: options.cached_input, ..Chat::default() })
    }
}

fn is_answer(record: Node<'_>) -> bool {
    record.get("type").map(Node::raw) == Some("gemini")
}

fn text(node: Node<'_>, key: &str) -> Option<String> {
    node.get(key).and_then(Node::str).filter(|text| !text.is_empty()).map(Cow::into_owned)
}

/// What the place of a file says.
#[derive(Default)]
struct Place {
    /// The project's short name; older versions write its hash.
    project: Option<String>,
    /// The session whose subagent wrote the file.
    parent: Option<String>,
}

impl Place {
    fn of(path: &str) -> Place {
        let parts: Vec<&str> = path.split(['/', '\\']).collect();
        let Some(at) = parts.iter().rposition(|part| *part == "chats") else {
            return Place::default();
        };
        let project = at.checked_sub(1).and_then(|at| parts.get(at));
        let below_tmp = at.checked_sub(2).and_then(|at| parts.get(at)) == Some(&"tmp");
        let is_hash = |name: &str| name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
        let project = project.filter(|name| below_tmp && !name.is_empty() && !is_hash(name));
        let parent = if parts.len() == at + 3 { parts.get(at + 1) } else { None };
        Place { project: project.map(ToString::to_string), parent: parent.map(ToString::to_string) }
    }
}

/// An answer of the model, as far as it is known.
struct Answer {
    line: u64,
    id: Option<String>,
    model: Option<String>,
    time: Result<(Timestamp, Flags), String>,
    usage: Usage,
}

/// What a message says of its tokens.
enum Usage {
    Counts(Counts),
    /// They are `null`, or left out in a message that may be the second of one answer.
    None,
    Unreadable(String),
}

#[derive(Default)]
struct Chat {
    place: Place,
    cached_input: Option<CachedInput>,
    session: Option<String>,
    project_hash: Option<String>,
    is_subagent: bool,
    answers: Vec<Answer>,
    places: HashMap<String, usize>,
    /// Whether any message had a key `tokens`.
    has_tokens: bool,
}

impl Session for Chat {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let node = record.node;
        let skipped = if let Some(changes) = node.get("$set") {
            self.head(changes);
            let before = self.answers.len();
            changes.get("messages").into_iter().flat_map(Node::items).for_each(|message| {
                self.message(record.line, message);
            });
            (self.answers.len() == before).then_some("metadata")
        } else if node.get("$rewindTo").is_some() {
            Some("rewind")
        } else if let Some(messages) = node.get("messages") {
            self.whole(record.line, node, messages, sink);
            None
        } else if is_answer(node) {
            (!self.message(record.line, node)).then_some("repeat")
        } else if node.get("sessionId").is_some() && node.get("projectHash").is_some() {
            // Several chats in one file: each has its own header.
            if self.session.is_some() && text(node, "sessionId") != self.session {
                self.hand_on(sink);
                (self.session, self.project_hash, self.is_subagent) = (None, None, false);
            }
            self.head(node);
            Some("metadata")
        } else if node.get("type").map(Node::raw) == Some("message_update") {
            // The form of an older version: the tokens alone, by the message's id.
            if self.update(node) {
                Some("repeat")
            } else {
                sink.reject(record.line, "`message_update` of a message that is not in the file".into());
                None
            }
        } else if matches!(node.get("type").map(Node::raw), Some("user" | "info" | "error" | "warning")) {
            Some("no_call")
        } else {
            return Verdict::NotMine("neither a Gemini CLI message nor a change to a chat".into());
        };
        if let Some(reason) = skipped {
            sink.skip(record.line, reason);
        }
        Verdict::Taken
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        self.hand_on(sink);
    }
}

impl Chat {
    /// Takes what a header or a change says of the session; what was said first stays, so that ids do.
    fn head(&mut self, node: Node<'_>) {
        self.session = self.session.take().or_else(|| text(node, "sessionId"));
        self.project_hash = self.project_hash.take().or_else(|| text(node, "projectHash"));
        self.is_subagent |= node.get("kind").map(Node::raw) == Some("subagent");
    }

    /// Reads a session that is one object.
    fn whole(&mut self, line: u64, node: Node<'_>, messages: Node<'_>, sink: &mut dyn Sink) {
        let mut chat =
            Chat { place: std::mem::take(&mut self.place), cached_input: self.cached_input, ..Chat::default() };
        chat.head(node);
        for message in messages.items() {
            chat.message(line, message);
        }
        if chat.answers.is_empty() {
            sink.skip(line, "no_call");
        }
        chat.hand_on(sink);
        self.place = chat.place;
    }

    /// Takes a message; tells whether it is the first of its id.
    fn message(&mut self, line: u64, node: Node<'_>) -> bool {
        if !is_answer(node) {
            return false;
        }
        self.has_tokens |= node.fields().any(|(key, _)| key == "tokens");
        let usage = match node.get("tokens") {
            Some(tokens) => Counts::read(tokens).map_or_else(Usage::Unreadable, Usage::Counts),
            None => Usage::None,
        };
        let time = match node.get("timestamp") {
            Some(time) => fields::time(time).map_err(|reason| format!("`timestamp`: {reason}")),
            None => Err("no time: `timestamp` is missing".into()),
        };
        let answer = Answer { line, id: text(node, "id"), model: text(node, "model"), time, usage };
        let known = answer.id.as_ref().and_then(|id| self.places.get(id)).and_then(|at| self.answers.get_mut(*at));
        if let Some(known) = known {
            // The latest counts are believed, and none is lost by a version without them.
            if !matches!(answer.usage, Usage::None) {
                known.usage = answer.usage;
            }
            known.model = answer.model.or_else(|| known.model.take());
            return false;
        }
        if let Some(id) = &answer.id {
            self.places.insert(id.clone(), self.answers.len());
        }
        self.answers.push(answer);
        true
    }

    /// Takes the tokens that an update brings to a message; tells whether the message is known.
    fn update(&mut self, node: Node<'_>) -> bool {
        let at = text(node, "id").and_then(|id| self.places.get(&id).copied());
        let Some(known) = at.and_then(|at| self.answers.get_mut(at)) else { return false };
        if let Some(tokens) = node.get("tokens") {
            self.has_tokens = true;
            known.usage = Counts::read(tokens).map_or_else(Usage::Unreadable, Usage::Counts);
        }
        true
    }

    fn hand_on(&mut self, sink: &mut dyn Sink) {
        for answer in std::mem::take(&mut self.answers) {
            match self.call(&answer) {
                Ok(Some(call)) => sink.call(&call),
                Ok(None) => sink.skip(answer.line, "no_usage"),
                Err(reason) => sink.reject(answer.line, reason),
            }
        }
        self.places.clear();
    }

    /// Makes the call of an answer; `None` where the message counts no tokens.
    fn call<'t>(&'t self, answer: &'t Answer) -> Result<Option<Call<'t>>, String> {
        let counts = match &answer.usage {
            Usage::Counts(counts) => counts,
            Usage::Unreadable(reason) => return Err(reason.clone()),
            // An answer may come in two messages, of which one has the tokens. Where none has, the key has gone.
            Usage::None if !self.has_tokens && answer.model.is_some() => {
                return Err("`tokens` is missing, here and in every other message of the chat".into());
            }
            Usage::None => return Ok(None),
        };
        let (ts, flags) = answer.time.clone()?;
        let mut call = Call { line: answer.line, ts, flags, ..Call::default() };
        call.set(Dim::Provider, "google");
        call.set(Dim::Status, "ok");
        counts.take(self.cached_input, &mut call);
        if let Some(model) = &answer.model {
            call.set(Dim::Model, model.as_str());
        }
        self.set_session(&mut call);
        if let Some(id) = &answer.id {
            let session = self.session.as_deref().map(|session| format!("{session}/")).unwrap_or_default();
            call.request_id = Some(format!("{session}{id}").into());
            call.flags.add(Flags::UNIQUE_ID);
        }
        Ok(Some(call))
    }

    /// Sets what all calls of the chat share. What a subagent used belongs to the session that sent it.
    fn set_session<'t>(&'t self, call: &mut Call<'t>) {
        let own = self.session.as_deref();
        let parent = self.place.parent.as_deref();
        if let Some(session) = parent.or(own) {
            call.set(Dim::Session, session);
        }
        if self.is_subagent || parent.is_some() {
            call.set(Dim::Agent, own.and_then(agent_name).unwrap_or("subagent"));
            if let Some(own) = own {
                fields::set_extra(call, "subagent_session", own.into());
            }
        }
        if let Some(project) = &self.place.project {
            call.set(Dim::Workspace, project.as_str());
        }
        if let Some(hash) = &self.project_hash {
            fields::set_extra(call, "project_hash", hash.as_str().into());
        }
    }
}

/// Takes a subagent's name from ids of the form `<name>-<six random characters>`; an id alone names nobody.
fn agent_name(session: &str) -> Option<&str> {
    let (name, random) = session.rsplit_once('-')?;
    let name = name.rsplit('#').next().unwrap_or(name).trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
    let is_random = random.len() == 6 && random.bytes().all(|b| b.is_ascii_alphanumeric());
    (is_random && name.len() <= 60 && !name.is_empty()).then_some(name)
}
