//! OpenCode messages: `storage/message/<session>/<message>.json`, the rows of its SQLite as the store hands them on,
//! and what `opencode export` writes.
//!
//! Exclusive: `tokens.input` contains neither cache reads nor cache writes. Output and reasoning stand apart since
//! April 2026; before, the output was what the AI SDK gave, with reasoning in it for most sellers. `tokens.total`
//! tells which (anomalyco/opencode, `packages/opencode/src/session/session.ts` getUsage, PR 21047, mid 2026).
//! Version 2 keeps the same counts in `session_message`, without a total, and the model as an object.
//!
//! Forks clone messages under new ids, with their time and counts, and version 2 clones what version 1 wrote; so
//! a call is told by model, time and counts. A time from creation to completion has the tools' own time in it.
//! A message of early 2025 versions may sum several requests in its cost and count the last alone.

mod counts;

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_128;

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Usd;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::body;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::opencode::counts::Counts;
use crate::read::provider;
use crate::read::tokens;
use crate::read::value;

/// The reader of OpenCode messages.
pub struct OpenCode;

/// Agents named one inside the other before the path is cut.
const DEEPEST: usize = 16;

impl Reader for OpenCode {
    fn name(&self) -> &'static str {
        "opencode"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        is_export(record) || is_message(message(record))
    }

    fn origin(&self) -> Origin {
        Origin::Provider
    }

    fn start(&self, _: &Options) -> Box<dyn Session> {
        Box::<Messages>::default()
    }
}

/// Returns the message in a record of the API, which stands beside its parts.
fn message(record: Node<'_>) -> Node<'_> {
    record.get("info").filter(|_| record.get("parts").is_some()).unwrap_or(record)
}

/// A whole session, as `opencode export` writes it.
fn is_export(record: Node<'_>) -> bool {
    record.get("info").is_some_and(|info| info.get("id").is_some() && info.get("role").is_none())
        && record.get("messages").is_some_and(|list| list.items().next().is_some_and(|item| is_message(message(item))))
}

fn is_message(node: Node<'_>) -> bool {
    let has = |key: &str| node.get(key).is_some();
    let counted = node.path(&["tokens", "cache"]).is_some();
    let first = has("providerID") && has("modelID") && (counted || node.get("role").is_some());
    let second = node.path(&["model", "providerID"]).is_some() && node.get("type").map(Node::raw) == Some("assistant");
    // A person's turn has no counts of its own; only this log spells its ids so.
    let turn = has("sessionID") && has("id") && !has("messageID") && kind(node).is_some();
    first || second && (counted || has("agent")) || turn
}

/// Returns who speaks: a version names the key `role`, the next one `type`.
fn kind(node: Node<'_>) -> Option<&str> {
    node.first(&["role", "type"]).map(Node::raw).filter(|kind| KINDS.contains(kind))
}

const KINDS: [&str; 13] = [
    "assistant",
    "user",
    "system",
    "synthetic",
    "shell",
    "skill",
    "compaction",
    "idle",
    "agent-switched",
    "model-switched",
    "agent-selected",
    "model-selected",
    "location-switched",
];

#[derive(Default)]
struct Messages {
    /// The calls handed on so far, by a hash too wide for two of them to share.
    seen: HashSet<u128>,
    /// The agents at work in a session, outermost first.
    agents: HashMap<String, String>,
}

impl Session for Messages {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if is_export(record.node) {
            self.export(record, sink);
            return Verdict::Taken;
        }
        let node = message(record.node);
        if !is_message(node) {
            return Verdict::NotMine("no OpenCode message".into());
        }
        match self.read(node, None, record.line) {
            Read::Call(call) => sink.call(&call),
            Read::Skip(reason) => sink.skip(record.line, reason),
            Read::Reject(reason) => sink.reject(record.line, reason),
        }
        Verdict::Taken
    }
}

enum Read<'t> {
    Call(Box<Call<'t>>),
    Skip(&'static str),
    Reject(String),
}

impl Messages {
    /// Reads a session in one record: its calls, or why there is none.
    fn export(&mut self, record: Record<'_>, sink: &mut dyn Sink) {
        let parent = record.node.path(&["info", "parentID"]);
        let (mut calls, mut skipped) = (0, None);
        for item in record.node.get("messages").into_iter().flat_map(Node::items) {
            match self.read(message(item), parent, record.line) {
                Read::Call(call) => {
                    calls += 1;
                    sink.call(&call);
                }
                Read::Skip(reason) => skipped = skipped.filter(|known| *known != "no_call").or(Some(reason)),
                Read::Reject(reason) => sink.reject(record.line, reason),
            }
        }
        if calls == 0 {
            sink.skip(record.line, skipped.unwrap_or("no_call"));
        }
    }

    fn read<'t>(&mut self, node: Node<'t>, parent: Option<Node<'t>>, line: u64) -> Read<'t> {
        if let Some(reason) = node.get("broken").and_then(Node::str) {
            return Read::Reject(reason.into_owned());
        }
        if kind(node).is_some_and(|kind| kind != "assistant") {
            return Read::Skip("no_call");
        }
        let mut call = Call { line, ..Call::default() };
        match take(node, &mut call) {
            Ok(Outcome::Call) => {}
            Ok(Outcome::Unfinished) => return Read::Skip("unfinished"),
            Err(reason) => return Read::Reject(reason),
        }
        self.set_agent(node, parent, &mut call);
        match &call.request_id {
            Some(id) if !self.seen.insert(xxh3_128(id.as_bytes())) => Read::Skip("repeat"),
            _ => Read::Call(Box::new(call)),
        }
    }

    /// Sets the agent, inside the one whose session started this one.
    fn set_agent<'t>(&mut self, node: Node<'t>, parent: Option<Node<'t>>, call: &mut Call<'t>) {
        let Some(agent) = node.first(&["agent", "mode"]).and_then(Node::str).filter(|agent| !agent.is_empty()) else {
            return;
        };
        let parent = node.get("sessionParentID").or(parent).and_then(Node::str);
        let path = match parent.and_then(|parent| self.agents.get(parent.as_ref())) {
            Some(outer) if outer.split('/').count() < DEEPEST => Cow::Owned(format!("{outer}/{agent}")),
            _ => agent,
        };
        if let Some(session) = node.get("sessionID").and_then(Node::str)
            && self.agents.get(session.as_ref()).is_none_or(|known| *known != path)
        {
            self.agents.insert(session.into_owned(), path.to_string());
        }
        call.set(Dim::Agent, path);
    }
}

enum Outcome {
    Call,
    Unfinished,
}

fn take<'t>(node: Node<'t>, call: &mut Call<'t>) -> Result<Outcome, String> {
    let time = |key: &str| node.path(&["time", key]);
    let created = time("created").ok_or("no time: `time.created` is missing")?;
    (call.ts, call.flags) = fields::time(created).map_err(|reason| format!("`time.created`: {reason}"))?;
    let model = node.get("modelID").or_else(|| node.path(&["model", "id"])).and_then(Node::str);
    let seller = node.get("providerID").or_else(|| node.path(&["model", "providerID"])).map(Node::raw);
    let (Some(model), Some(seller)) = (model, seller) else {
        return Err("no model: `modelID` or `providerID` is missing".into());
    };
    call.set(Dim::Provider, bills(seller));
    call.set(Dim::Model, model);
    call.set(Dim::Status, "ok");
    let failed = take_error(node, call);
    let finished =
        time("completed").map(|end| fields::time(end).map_err(|reason| format!("`time.completed`: {reason}")));
    let finished = finished.transpose()?;
    call.latency_ms = finished.and_then(|(end, _)| u64::try_from(end.0.checked_sub(call.ts.0)? / 1_000_000).ok());
    let counts = Counts::read(node.get("tokens"))?;
    take_dimensions(node, call);
    let used = counts.as_ref().is_some_and(Counts::is_used);
    if !used && !failed && finished.is_none() {
        return Ok(Outcome::Unfinished);
    }
    // The tool multiplies the counts by a price list; subscriptions cost it nothing.
    let cost = node.get("cost").map(|cost| value::money("cost", cost, 0)).transpose()?;
    call.logged_cost = cost.filter(|cost| *cost != Usd::default());
    call.request_id = Some(identity(call, counts.as_ref()).into());
    call.flags.add(Flags::UNIQUE_ID);
    match &counts {
        Some(counts) if used => set_tokens(call, counts),
        _ if failed => {}
        _ => body::missing(call),
    }
    Ok(Outcome::Call)
}

/// Names a call by what its clones keep.
fn identity(call: &Call<'_>, counts: Option<&Counts>) -> String {
    let model = call.dim(Dim::Model).unwrap_or_default();
    let counted = counts.map(Counts::print).unwrap_or_default();
    format!("opencode:{model}:{}:{counted}", call.ts.0 / 1_000_000)
}

fn set_tokens(call: &mut Call<'_>, counts: &Counts) {
    call.tokens.set(Class::Input, counts.input);
    call.tokens.set(Class::CacheRead, counts.read);
    tokens::set_cache_writes(call, counts.written, 0, 0);
    let (output, reasoning) = counts.whole_output(call);
    call.tokens.set(Class::Output, output);
    call.reasoning = reasoning;
}

/// Takes the failure, where there is one: a call that a person stopped is cancelled.
fn take_error<'t>(node: Node<'t>, call: &mut Call<'t>) -> bool {
    let Some(error) = node.get("error") else {
        return false;
    };
    let name = error.first(&["name", "type"]).and_then(Node::str);
    let stopped = name.as_deref().is_some_and(|name| name.to_ascii_lowercase().contains("abort"));
    body::fail(call, name);
    if stopped {
        call.set(Dim::Status, "cancelled");
    }
    true
}

fn take_dimensions<'t>(node: Node<'t>, call: &mut Call<'t>) {
    if let Some(session) = node.get("sessionID").and_then(Node::str) {
        call.set(Dim::Session, session);
    }
    call.set_extra("app", "opencode");
    for (key, found) in [
        ("message_id", node.get("id")),
        ("cwd", node.path(&["path", "cwd"])),
        ("variant", node.get("variant").or_else(|| node.path(&["model", "variant"]))),
    ] {
        if let Some(text) = found.and_then(Node::str)
            && fields::is_short(key, &text)
        {
            call.set_extra(key, text);
        }
    }
}

/// Returns who bills for what OpenCode calls a provider.
fn bills(name: &str) -> Cow<'_, str> {
    match name {
        "google-vertex" | "google-vertex-anthropic" => "vertex".into(),
        "azure-cognitive-services" => "azure".into(),
        "github-copilot-enterprise" => "github-copilot".into(),
        _ => provider::fold(name),
    }
}
