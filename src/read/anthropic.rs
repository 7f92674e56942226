//! Anthropic Messages answers, bare or wrapped in a record of the log's own.
//!
//! Exclusive: `input_tokens` contains neither cache reads nor cache writes, the classes are disjoint as they
//! come; `output_tokens` includes thinking (anthropics/anthropic-sdk-python, `types/usage.py`, mid 2026).
//! `usage.iterations[]` lists requests made inside the call; the totals above it leave out those for
//! compaction and for an advisor, so each of these becomes a call of its own (same repository,
//! `types/beta/beta_usage.py`, and recorded answers). Batch results and streams have readers of their own, which
//! come back here.

mod counts;

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Tokens;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
pub use crate::read::anthropic::counts::Counts;
use crate::read::body;
use crate::read::body::Found;
use crate::read::claude_code;
use crate::read::json::Node;
use crate::read::sse;
use crate::read::value;

/// The reader of Anthropic Messages answers.
pub struct Anthropic;

/// Keys of an answer: not the log author's.
const OWN: &[&str] = &[
    "id",
    "type",
    "role",
    "model",
    "content",
    "stop_reason",
    "stop_sequence",
    "stop_details",
    "usage",
    "container",
    "context_management",
    "error",
    "request_id",
    "request",
    "params",
];

impl Reader for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        foreign(record).is_none() && locate(record).is_some()
    }

    fn origin(&self) -> Origin {
        Origin::Provider
    }

    fn start(&self, _: &Options) -> Box<dyn Session> {
        Box::new(Answers)
    }
}

struct Answers;

impl Session for Answers {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if let Some(other) = foreign(record.node) {
            return Verdict::NotMine(other.into());
        }
        let Some(found) = locate(record.node) else {
            return Verdict::NotMine("no Anthropic Messages answer in it".into());
        };
        hand_on(&found, Call { line: record.line, ..Call::default() }, sink, |_| {});
        Verdict::Taken
    }
}

/// Hands an answer on, with the requests made inside it. `finish` has the last word on each call.
pub fn hand_on<'t>(found: &Found<'t>, mut call: Call<'t>, sink: &mut dyn Sink, finish: impl Fn(&mut Call<'t>)) {
    match read(found, &mut call).and_then(|()| inner_calls(found.body.get("usage"), &call)) {
        Ok(inner) => {
            for mut call in std::iter::once(call).chain(inner) {
                finish(&mut call);
                sink.call(&call);
            }
        }
        Err(reason) => sink.reject(call.line, reason),
    }
}

/// Looks for an answer in a record.
pub fn find(record: Node<'_>) -> Option<Found<'_>> {
    locate(record)
}

/// Names the format of records that hold an answer and follow rules of their own.
fn foreign(record: Node<'_>) -> Option<&'static str> {
    if record.get("custom_id").is_some() && record.get("result").is_some() {
        Some("a batch result")
    } else if claude_code::is_line(record) {
        Some("a line of a coding session")
    } else if sse::is_event(record) {
        Some("an event of a stream")
    } else {
        None
    }
}

fn locate(record: Node<'_>) -> Option<Found<'_>> {
    body::find(record, is_answer).or_else(|| body::find(record, is_error))
}

fn is_answer(node: Node<'_>) -> bool {
    let text = |key: &str| node.get(key).map(Node::raw);
    let usage = |key: &str| node.path(&["usage", key]).is_some();
    if text("type") == Some("message") {
        return node.get("model").is_some() && (usage("input_tokens") || node.get("content").is_some());
    }
    // An answer cut down to its model and usage. A record with keys of somebody else's is a log's own.
    const MARKS: [&str; 7] = [
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "cache_creation",
        "server_tool_use",
        "iterations",
        "inference_geo",
        "speed",
    ];
    let is_cut = || node.get("model").is_some() && node.fields().all(|(key, _)| OWN.contains(&key));
    text("type").is_none() && usage("input_tokens") && MARKS.into_iter().any(usage) && is_cut()
}

fn is_error(node: Node<'_>) -> bool {
    node.get("type").map(Node::raw) == Some("error") && node.path(&["error", "type"]).is_some()
}

fn read<'t>(found: &Found<'t>, call: &mut Call<'t>) -> Result<(), String> {
    let body = found.body;
    let around = body::take_around(found, OWN, call);
    if !around.has_time {
        return Err(around.no_time());
    }
    if is_error(body) {
        body::fail(call, body.path(&["error", "type"]).and_then(Node::str));
        body::set_id(call, body.get("request_id").and_then(Node::str));
        call.set_if_none(Dim::Provider, "anthropic");
        return Ok(());
    }
    body::set_id(call, body.get("id").and_then(Node::str));
    body::set_model(call, body.get("model").and_then(Node::str));
    call.set_if_none(Dim::Provider, seller(call.request_id.as_deref()));
    call.set_if_none(Dim::Status, "ok");
    match body.get("usage") {
        Some(usage) => take_usage(usage, call),
        None if body::has_failed(call) => Ok(()),
        None => {
            body::missing(call);
            Ok(())
        }
    }
}

/// Returns who sent the answer: the clouds that resell the models mark their ids.
pub fn seller(id: Option<&str>) -> &'static str {
    match id {
        Some(id) if id.starts_with("msg_bdrk_") => "bedrock",
        Some(id) if id.starts_with("msg_vrtx_") => "vertex",
        _ => "anthropic",
    }
}

/// Takes everything from the `usage` of an answer: counts, tier, region, server tools.
pub fn take_usage<'t>(usage: Node<'t>, call: &mut Call<'t>) -> Result<(), String> {
    Counts::read(usage)?.set(call);
    take_mode(usage, call);
    let uses = tool_uses(usage)?;
    call.tools.extend(TOOLS.iter().zip(uses).filter(|(_, uses)| *uses > 0).map(|((_, id), uses)| ((*id).into(), uses)));
    Ok(())
}

/// Takes service mode and region from a `usage`.
pub fn take_mode<'t>(usage: Node<'t>, call: &mut Call<'t>) {
    let (tier, geo) = mode(usage);
    if let Some(tier) = tier {
        call.set(Dim::Tier, tier);
    }
    if let Some(geo) = geo {
        call.set(Dim::Region, geo);
        call.flags.add(Flags::GEO_STATED);
    }
}

/// Returns the service mode and the region that a `usage` states.
pub fn mode(usage: Node<'_>) -> (Option<Cow<'_, str>>, Option<Cow<'_, str>>) {
    let fast = (usage.get("speed").map(Node::raw) == Some("fast")).then_some(Cow::Borrowed("fast"));
    let tier = fast.or_else(|| usage.get("service_tier").map(Node::raw).and_then(value::tier));
    (tier, usage.get("inference_geo").and_then(Node::str).filter(|geo| geo != "not_available"))
}

/// Server-side tools that are billed by the use: (key of the count, id).
pub const TOOLS: [(&str, &str); 3] = [
    ("web_search_requests", "web_search"),
    ("web_fetch_requests", "web_fetch"),
    ("code_execution_requests", "code_execution"),
];

/// Returns the uses of each of [`TOOLS`].
pub fn tool_uses(usage: Node<'_>) -> Result<[u64; TOOLS.len()], String> {
    let mut uses = [0; TOOLS.len()];
    if let Some(tools) = usage.get("server_tool_use") {
        for (uses, (key, _)) in uses.iter_mut().zip(TOOLS) {
            *uses = value::optional_count(key, tools.get(key))?.unwrap_or(0);
        }
    }
    Ok(uses)
}

/// Returns the requests made inside a call that its totals leave out, each as a call of its own.
pub fn inner_calls<'t>(usage: Option<Node<'t>>, outer: &Call<'t>) -> Result<Vec<Call<'t>>, String> {
    let Some(list) = usage.and_then(|usage| usage.get("iterations")) else {
        return Ok(Vec::new());
    };
    let alone = list.items().count() == 1;
    let fell_back = list.items().any(|item| kind(item) == Some("fallback_message"));
    let asked = outer.extra.iter().find(|(key, _)| key == "model_requested").map(|(_, model)| model.clone());
    let mut calls: Vec<Call<'t>> = Vec::new();
    for item in list.items() {
        let named = item.get("model").and_then(Node::str);
        let model = match kind(item) {
            Some("compaction") => named.or_else(|| outer.dims[Dim::Model as usize].clone()),
            Some("advisor_message") => named,
            // The hop that declined: the totals describe the model that served.
            Some("message") if fell_back => named.or_else(|| asked.clone()),
            _ => continue,
        };
        let mut call = Call { line: outer.line, ..Call::default() };
        Counts::read(item)?.set(&mut call);
        let counted_above = alone && call.tokens == outer.tokens
            || kind(item) == Some("message") && model == outer.dims[Dim::Model as usize];
        if call.tokens == Tokens::default() || counted_above {
            continue;
        }
        inherit(&mut call, outer, calls.len() + 1);
        call.dims[Dim::Model as usize] = model;
        call.set_extra("iteration", kind(item).unwrap_or_default());
        calls.push(call);
    }
    Ok(calls)
}

fn kind(item: Node<'_>) -> Option<&str> {
    item.get("type").map(Node::raw)
}

/// Gives an inner call what it shares with the call around it.
fn inherit<'t>(call: &mut Call<'t>, outer: &Call<'t>, number: usize) {
    call.ts = outer.ts;
    call.dims = outer.dims.clone();
    call.extra = outer.extra.iter().filter(|(key, _)| key != "model_requested").cloned().collect();
    call.request_id = outer.request_id.as_ref().map(|id| Cow::Owned(format!("{id}#{number}")));
    let shared = [Flags::ZONE_ASSUMED, Flags::TIME_ASSUMED, Flags::GEO_STATED, Flags::UNIQUE_ID, Flags::SECONDARY];
    shared.into_iter().filter(|flag| outer.flags.has(*flag)).for_each(|flag| call.flags.add(flag));
}
