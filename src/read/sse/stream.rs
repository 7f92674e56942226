//! One stream: what its events told so far, and the answer they amount to.

use std::borrow::Cow;

use crate::domain::Call;
use crate::read::Options;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Sink;
use crate::read::Span;
use crate::read::Verdict;
use crate::read::anthropic::Anthropic;
use crate::read::fields;
use crate::read::json::Kind;
use crate::read::json::Node;
use crate::read::json::Tape;
use crate::read::openai::OpenAi;
use crate::read::sse::event::Found;

/// Whose stream it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Anthropic,
    OpenAi,
}

impl Dialect {
    /// The reader of the answers that streams of this dialect amount to.
    fn reader(self) -> &'static dyn Reader {
        match self {
            Dialect::Anthropic => &Anthropic,
            Dialect::OpenAi => &OpenAi,
        }
    }
}

/// Members of an answer as JSON: (key, value).
type Members = Vec<(String, String)>;

/// A stream.
pub(super) struct Stream {
    line: u64,
    pub(super) dialect: Dialect,
    /// What the log's own record said around the first event.
    around: Members,
    body: Members,
    usage: Members,
    /// Whether the usage is the final one.
    counted: bool,
    pub(super) stopped: bool,
    /// Whether another stream began before this one's end.
    pub(super) overlaps: bool,
    /// The time of the HTTP answer.
    pub(super) date: Option<String>,
    /// The kind of the failure that ended it.
    pub(super) failed: Option<String>,
    /// What it amounts to, once that is known.
    ended: Option<Catch>,
}

/// Members of a chunk that say what an answer's say.
const CHUNK_KEYS: [&str; 6] = ["id", "created", "model", "service_tier", "provider", "prompt_filter_results"];

/// Members of an unfinished answer that outlive it.
const RESPONSE_KEYS: [&str; 10] = [
    "id",
    "created_at",
    "model",
    "service_tier",
    "user",
    "metadata",
    "safety_identifier",
    "prompt_cache_key",
    "previous_response_id",
    "conversation",
];

impl Stream {
    pub(super) fn new(line: u64, dialect: Dialect, found: &Found<'_>) -> Stream {
        let around = found.around.map(|(around, inwards)| {
            around.fields().filter(|(key, _)| *key != inwards).map(|(key, value)| (key.into(), json(value))).collect()
        });
        Stream {
            line,
            dialect,
            around: around.unwrap_or_default(),
            body: Members::new(),
            usage: Members::new(),
            counted: false,
            stopped: false,
            overlaps: false,
            date: None,
            failed: None,
            ended: None,
        }
    }

    pub(super) fn put(&mut self, key: &str, value: String) {
        put(&mut self.body, key, value);
    }

    pub(super) fn message_start(&mut self, event: Node<'_>) {
        let Some(message) = event.get("message") else { return };
        for key in ["id", "model"] {
            if let Some(value) = message.get(key) {
                self.put(key, json(value));
            }
        }
        self.put("type", "\"message\"".into());
        self.put("content", "[]".into());
        self.merge_usage(message.get("usage"));
    }

    pub(super) fn message_delta(&mut self, event: Node<'_>) {
        if event.path(&["usage", "output_tokens"]).is_some() {
            self.merge_usage(event.get("usage"));
            self.counted = true;
        }
    }

    fn merge_usage(&mut self, usage: Option<Node<'_>>) {
        for (key, value) in usage.into_iter().flat_map(Node::fields).filter(|(_, value)| !value.is_null()) {
            put(&mut self.usage, key, json(value));
        }
    }

    pub(super) fn chunk(&mut self, chunk: Node<'_>) {
        for key in CHUNK_KEYS {
            if let Some(value) = chunk.get(key).filter(|value| !value.raw().is_empty()) {
                self.put(key, json(value));
            }
        }
        if chunk.get("x_groq").is_some() {
            self.put("x_groq", "{}".into());
        }
        let usage = chunk.get("usage").or_else(|| chunk.path(&["x_groq", "usage"]));
        if usage.is_some_and(Node::is_object) {
            self.usage.clear();
            self.merge_usage(usage);
            self.counted = true;
        }
        self.put("object", "\"chat.completion\"".into());
    }

    pub(super) fn response(&mut self, body: Node<'_>, model: Option<String>, ends: bool) {
        if self.ended.is_some() {
            return;
        }
        let model = model.filter(|_| body.get("model").is_none()).map(|model| ("model".to_string(), quoted(&model)));
        if ends {
            // It has all the text of the answer: it is read at once, and not kept.
            self.body = body.fields().map(|(key, value)| (key.to_string(), json(value))).chain(model).collect();
            self.counted = true;
            self.ended = Some(self.read());
            self.body.clear();
            return;
        }
        for key in RESPONSE_KEYS {
            if let Some(value) = body.get(key) {
                self.put(key, json(value));
            }
        }
        if let Some((key, value)) = model {
            self.put(&key, value);
        }
        let object = body.get("object").map_or_else(|| "\"response\"".into(), json);
        self.put("object", object);
    }

    /// Drops counts that may be another stream's.
    pub(super) fn forget_usage(&mut self) {
        self.counted = false;
    }

    /// Hands on what the stream amounts to.
    pub(super) fn hand_on(&mut self, sink: &mut dyn Sink) {
        let caught = self.ended.take().unwrap_or_else(|| self.read());
        for call in &caught.calls {
            sink.call(call);
        }
        for reason in caught.rejections {
            sink.reject(self.line, reason);
        }
    }

    /// Reads the merged answer.
    fn read(&self) -> Catch {
        let text = self.answer();
        let (mut tape, mut caught) = (Tape::default(), Catch::default());
        if let Err(error) = tape.parse(&text) {
            caught.rejections.push(format!("the events do not make an answer: {error}"));
            return caught;
        }
        let record = Record { line: self.line, node: tape.root(&text) };
        let mut session = self.dialect.reader().start(&Options::default());
        if let Verdict::NotMine(reason) = session.record(record, &mut caught) {
            caught.rejections.push(reason);
        }
        if let Some(kind) = self.failed.as_ref().filter(|kind| !kind.is_empty()) {
            let kind = Cow::<'static, str>::Owned(kind.clone());
            caught.calls.iter_mut().for_each(|call| fields::set_extra(call, "error_type", kind.clone()));
        }
        caught
    }

    /// Writes the answer as a record: what stood around it, and the merged body.
    fn answer(&self) -> String {
        let mut body = self.body.clone();
        let usage = self.usage.iter().filter(|(key, _)| self.counted || key != "output_tokens");
        if self.counted && !self.usage.is_empty() || self.dialect == Dialect::Anthropic {
            put(&mut body, "usage", object(usage));
        }
        let mut around = self.around.clone();
        if self.failed.is_some() {
            put(&mut around, "status", "\"error\"".into());
        }
        if let Some(date) = &self.date {
            around.push(("date".into(), quoted(date)));
        }
        around.push(("response".into(), object(body.iter())));
        object(around.iter())
    }
}

/// Sets a member; the later value wins.
fn put(members: &mut Members, key: &str, value: String) {
    match members.iter_mut().find(|(known, _)| known == key) {
        Some((_, known)) => *known = value,
        None => members.push((key.to_string(), value)),
    }
}

/// Writes an object; keys are as they stood in the log, escapes and all.
fn object<'m>(members: impl Iterator<Item = &'m (String, String)>) -> String {
    let members: Vec<String> = members.map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// Returns a value as JSON.
fn json(node: Node<'_>) -> String {
    match node.kind() {
        Kind::Plain | Kind::Escaped => format!("\"{}\"", node.raw()),
        _ => node.span().to_string(),
    }
}

fn quoted(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
    format!("\"{clean}\"")
}

/// Keeps what a reader makes of a merged answer.
#[derive(Default)]
struct Catch {
    calls: Vec<Call<'static>>,
    rejections: Vec<String>,
}

impl Sink for Catch {
    fn call(&mut self, call: &Call<'_>) {
        self.calls.push(call.borrowed().into_owned());
    }

    fn span(&mut self, _: &Span<'_>) {}

    fn skip(&mut self, _: u64, reason: &'static str) {
        self.rejections.push(format!("the answer is no call: {reason}"));
    }

    fn reject(&mut self, _: u64, reason: String) {
        self.rejections.push(reason);
    }
}
