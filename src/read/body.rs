//! A provider's answer as people log it: bare, or up to three levels down in a record of their own. This file
//! finds it and takes what stands around it: time, dimensions, the request. What an answer means is not known here.
//!
//! `{ts, tags, request, response}` is the usual record. Nothing of a prompt or an answer is ever kept.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Unpriced;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::json::Tape;
use crate::read::value;

/// How many levels down an answer may lie.
const DEPTH: usize = 3;

/// Keys under which people log an answer.
const INSIDE: [&str; 10] =
    ["response", "body", "result", "message", "output", "raw", "data", "completion", "llm_response", "api_response"];

/// Keys of a wrapper that tell nothing about the call, or are read apart from it.
const SILENT: [&str; 9] =
    ["type", "object", "event", "request", "params", "usage", "result", "request_body", "response_body"];

/// An answer and the records around it, outermost first, each with the key that leads inwards.
pub struct Found<'t> {
    /// The answer.
    pub body: Node<'t>,
    around: [Option<(Node<'t>, &'t str)>; DEPTH],
}

impl<'t> Found<'t> {
    /// Tells whether the answer lies in a record of the log's own.
    pub fn is_wrapped(&self) -> bool {
        self.around[0].is_some()
    }

    /// Returns the record itself.
    pub fn outermost(&self) -> Node<'t> {
        self.around.iter().flatten().next().map_or(self.body, |(node, _)| *node)
    }

    /// Returns the logged request, where there is one.
    pub fn request(&self) -> Option<Node<'t>> {
        let levels = self.around.iter().flatten().map(|(node, _)| *node).chain([self.body]);
        let request = levels.filter_map(|node| node.first(&["request", "params", "request_body"])).next()?;
        Some(request.get("body").filter(|body| body.is_object()).unwrap_or(request))
    }
}

/// Returns an answer that lies in a record by a way of its format's own.
pub fn inside<'t>(record: Node<'t>, key: &'t str, body: Node<'t>) -> Found<'t> {
    let mut around = [None; DEPTH];
    if let Some(outermost) = around.first_mut() {
        *outermost = Some((record, key));
    }
    Found { body, around }
}

/// Looks for the chunks of a streamed answer: a list one of whose items is part of one. The body is the list.
pub fn find_list<'t>(record: Node<'t>, is_part: fn(Node<'t>) -> bool) -> Option<Found<'t>> {
    let mut around = [None; DEPTH];
    let mut node = record;
    for level in &mut around {
        let lists = |(key, inner): &(&str, Node<'t>)| INSIDE.contains(key) && inner.items().any(is_part);
        if let Some((key, list)) = node.fields().find(lists) {
            *level = Some((node, key));
            return Some(Found { body: list, around });
        }
        let (key, inner) = node.fields().find(|(key, inner)| inner.is_object() && INSIDE.contains(key))?;
        *level = Some((node, key));
        node = inner;
    }
    None
}

/// Looks for an answer, the record itself first, then downwards.
pub fn find<'t>(record: Node<'t>, is_answer: fn(Node<'t>) -> bool) -> Option<Found<'t>> {
    let mut around = [None; DEPTH];
    let body = descend(record, is_answer, &mut around, 0)?;
    Some(Found { body, around })
}

fn descend<'t>(
    node: Node<'t>,
    is_answer: fn(Node<'t>) -> bool,
    around: &mut [Option<(Node<'t>, &'t str)>; DEPTH],
    depth: usize,
) -> Option<Node<'t>> {
    if is_answer(node) {
        return Some(node);
    }
    if depth == DEPTH {
        return None;
    }
    for (key, inner) in node.fields().filter(|(key, inner)| inner.is_object() && INSIDE.contains(key)) {
        around[depth] = Some((node, key));
        if let Some(body) = descend(inner, is_answer, around, depth + 1) {
            return Some(body);
        }
        around[depth] = None;
    }
    None
}

/// Sellers that a loosely named tag may mean.
const SELLERS: [&str; 13] = [
    "anthropic",
    "openai",
    "azure",
    "bedrock",
    "vertex",
    "google",
    "xai",
    "mistral",
    "deepseek",
    "groq",
    "openrouter",
    "cohere",
    "together",
];

/// What stood around an answer, beyond what went into the call.
#[derive(Debug, Default)]
pub struct Around {
    /// Whether a time was found.
    pub has_time: bool,
    /// What could not be used.
    pub problem: Option<String>,
}

/// Why an answer without a time cannot be used: nothing is placed in time by a guess.
pub const NO_TIME: &str = "no time: add one with a wrapper key such as ts";

impl Around {
    /// Returns why no time was found.
    pub fn no_time(self) -> String {
        self.problem.unwrap_or_else(|| NO_TIME.into())
    }
}

/// Takes time, ids and dimensions from around an answer; what could not be used there is noted on the call.
/// `own` are the answer's own keys: whatever else lies in
/// a bare answer was put there by the log's author.
pub fn take_around<'t>(found: &Found<'t>, own: &[&str], call: &mut Call<'t>) -> Around {
    let mut around = Around::default();
    for (node, key) in found.around.iter().flatten() {
        let mut skip = SILENT.to_vec();
        skip.push(key);
        take_level(*node, &skip, call, &mut around);
    }
    if !found.is_wrapped() {
        take_level(found.body, own, call, &mut around);
    }
    if let Some(request) = found.request() {
        take_request(request, call);
    }
    keep_meant(found, call);
    if let Some(problem) = around.problem.clone() {
        fields::set_extra(call, "not_read", problem.into());
    }
    around
}

/// Keeps a tag that merely shares a name with a property of the request from passing for it: a customer's
/// `tier` is no service mode, and the `system` a call was made for did not sell it.
fn keep_meant<'t>(found: &Found<'t>, call: &mut Call<'t>) {
    let mut levels = found.around.iter().flatten().map(|(node, _)| *node).chain([found.body]);
    let named = levels.any(|node| node.first(&["provider", "vendor", "llm_provider"]).is_some());
    if !named && call.dim(Dim::Provider).is_some_and(|name| !SELLERS.contains(&name)) {
        let value = call.dims[Dim::Provider as usize].take().unwrap_or_default();
        fields::set_extra(call, "system", value);
    }
    keep_mode(call);
}

/// Moves a `tier` that is no service mode aside.
pub fn keep_mode(call: &mut Call<'_>) {
    const MODES: [&str; 8] = ["standard", "batch", "flex", "priority", "fast", "scale", "ultrafast", "provisioned"];
    if call.dim(Dim::Tier).is_some_and(|tier| !MODES.contains(&tier)) {
        let value = call.dims[Dim::Tier as usize].take().unwrap_or_default();
        fields::set_extra(call, "tier", value);
    }
}

fn take_level<'t>(node: Node<'t>, skip: &[&str], call: &mut Call<'t>, around: &mut Around) {
    let (ts, flags) = (call.ts, call.flags);
    let told = fields::outer(node, skip, call);
    if around.has_time {
        // The outermost record is the application's own: its time is the one it means.
        (call.ts, call.flags) = (ts, flags);
    }
    around.has_time |= told.has_time;
    around.problem = around.problem.take().or(told.problem);
}

/// Takes dimensions and the model asked for from a logged request; its texts stay where they are.
fn take_request<'t>(request: Node<'t>, call: &mut Call<'t>) {
    if let Some(metadata) = request.get("metadata") {
        fields::nested(metadata, call);
    }
    if let Some(user) = request.get("user").and_then(Node::str) {
        call.set_if_none(Dim::User, user);
    }
    if let Some(model) = request.first(&["model", "modelId"]).and_then(Node::str) {
        call.set(Dim::Model, model);
    }
    // Some answers do not say how they were served; `auto` and `default` leave it open here too.
    if let Some(tier @ ("flex" | "priority" | "batch")) = request.get("service_tier").map(Node::raw) {
        call.set_if_none(Dim::Tier, tier);
    }
}

/// Tells whether a record is a logged request whose answer never came: `response: null` beside it.
pub fn is_unanswered(record: Node<'_>) -> bool {
    let request = record.first(&["request", "params", "request_body"]);
    request.is_some_and(|request| request.get("model").is_some())
        && record.fields().any(|(key, value)| value.is_null() && INSIDE.contains(&key))
        && !record.fields().any(|(key, value)| value.is_object() && INSIDE.contains(&key) || is_amount(key))
}

/// Tells whether a key holds a count or a cost: then the record says of the call what its answer would have.
fn is_amount(key: &str) -> bool {
    use crate::read::fields::Field;
    let field = fields::meaning(key).map(|meaning| meaning.field);
    key == "usage"
        || matches!(field, Some(Field::Input | Field::Output | Field::Total | Field::Cost(_)))
            && !fields::is_bare_word(key)
}

/// Reads such a request: failed where the log says so, else a call whose usage nobody knows.
pub fn read_unanswered<'t>(record: Node<'t>, call: &mut Call<'t>) -> Result<(), String> {
    let found = Found { body: record, around: [None; DEPTH] };
    let own: Vec<&str> = INSIDE.iter().chain(&SILENT).chain(&["error"]).copied().collect();
    let around = take_around(&found, &own, call);
    if !around.has_time {
        return Err(around.no_time());
    }
    match record.get("error") {
        Some(error) if error.is_object() => fail(call, error.first(&["type", "code"]).and_then(Node::scalar)),
        Some(error) if error.scalar().is_some_and(|text| fields::failure(&text) == Some("error")) => {
            // The words of an error may be long and may quote a prompt; that it was a timeout is worth knowing.
            let timed_out = error.scalar().is_some_and(|text| text.to_ascii_lowercase().contains("timeout"));
            call.set(Dim::Status, if timed_out { "timeout" } else { "error" });
        }
        _ if has_failed(call) => {}
        _ => missing(call),
    }
    Ok(())
}

/// Sets the model that served the call; another one that was asked for is kept beside it.
///
/// On Bedrock it is the other way round: the answer has the maker's name, the request the id that is sold, which says
/// the region too.
pub fn set_model<'t>(call: &mut Call<'t>, served: Option<Cow<'t, str>>) {
    let Some(served) = served.filter(|served| !served.is_empty()) else {
        return;
    };
    if call.dim(Dim::Provider) == Some("bedrock")
        && let Some(requested) = call.dim(Dim::Model).filter(|requested| requested.contains('.'))
    {
        if *requested != served {
            call.set_extra("model_served", served);
        }
        return;
    }
    if let Some(requested) = call.dims[Dim::Model as usize].take().filter(|requested| *requested != served) {
        call.set_extra("model_requested", requested);
    }
    call.set(Dim::Model, served);
}

/// Sets the provider's id of the answer; an id of the log's own is kept beside it.
pub fn set_id<'t>(call: &mut Call<'t>, id: Option<Cow<'t, str>>) {
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return;
    };
    if let Some(own) = call.request_id.take().filter(|own| *own != id) {
        call.set_extra("request_id", own);
    }
    if value::is_unique_id(&id) {
        call.flags.add(Flags::UNIQUE_ID);
    }
    call.request_id = Some(id);
}

/// Marks a call as failed, with the provider's word for why.
pub fn fail<'t>(call: &mut Call<'t>, kind: Option<Cow<'t, str>>) {
    let timed_out = kind.as_ref().is_some_and(|kind| kind.to_ascii_lowercase().contains("timeout"));
    call.set(Dim::Status, if timed_out { "timeout" } else { "error" });
    if let Some(kind) = kind {
        fields::set_extra(call, "error_type", kind);
    }
}

/// Marks a call that a gateway answered from its own cache: nothing was billed.
pub fn gateway_hit(call: &mut Call<'_>) {
    call.set(Dim::Status, "gateway_cache_hit");
    call.flags.add(Flags::GATEWAY_CACHE_HIT);
}

/// Tells whether the call ended in a failure, for which a missing usage is no gap.
pub fn has_failed(call: &Call<'_>) -> bool {
    matches!(call.dim(Dim::Status), Some("error" | "timeout" | "cancelled"))
}

/// Marks a call whose usage is not in the log: unknown, which is not zero.
pub fn missing(call: &mut Call<'_>) {
    call.unpriced = Some(Unpriced::UsageMissing);
    call.flags.add(Flags::USAGE_MISSING);
}

/// Marks a call whose counts contradict each other.
pub fn inconsistent(call: &mut Call<'_>) {
    call.unpriced = Some(Unpriced::UsageInconsistent);
    call.flags.add(Flags::USAGE_INCONSISTENT);
}

/// JSON inside a text of the log, as databases and CSV carry it.
#[derive(Debug, Default)]
pub struct Embedded {
    tape: Tape,
    text: String,
}

impl Embedded {
    /// Returns what a value holds: itself where it is an object or array, else what its text says in JSON.
    pub fn open<'a>(&'a mut self, node: Option<Node<'a>>) -> Option<Node<'a>> {
        let node = node?;
        let Some(text) = node.str() else { return Some(node) };
        self.text.clear();
        self.text.push_str(&text);
        // Twice: some exports quote the JSON text once more.
        for _ in 0..2 {
            self.tape.parse(&self.text).ok()?;
            match self.tape.root(&self.text).str() {
                Some(inner) => self.text = inner.into_owned(),
                None => return Some(self.tape.root(&self.text)),
            }
        }
        None
    }
}
