//! Gemini answers, bare or wrapped, of the Gemini API and of Vertex AI; chunks of streams; lines of batches.
//!
//! Inclusive: `promptTokenCount` contains cached tokens; tool-use prompts stand beside it and are input as well.
//! `candidatesTokenCount` leaves thoughts out, and the total is prompt + tool use + candidates + thoughts
//! (googleapis/python-genai, `types.py`, mid 2026, and 171 of 172 recorded answers). In the odd one, an early 2.5,
//! the candidates contain the thoughts, and the total says so. Absent counts are zero. The names come in two
//! spellings, the second from Python's dumps.
//!
//! The chunks of a stream share an id and count from the start, so the last one has the call. An answer has no time,
//! except on Vertex; its id begins with the second it was made in (26 of 26 recorded answers that have both), which
//! is taken, and flagged, where the log has no better. Counts of the Live API are read as they come.

mod chunks;
mod counts;
mod grounding;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::domain::time::EARLIEST;
use crate::domain::time::LATEST;
use crate::domain::time::NANOS;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::body;
use crate::read::body::Found;
use crate::read::fields;
use crate::read::gemini::chunks::Chunks;
use crate::read::gemini::counts::Counts;
use crate::read::json::Node;

/// The reader of Gemini answers.
pub struct Gemini;

/// Keys of an answer: not the log author's.
const OWN: &[&str] = &[
    "candidates",
    "usageMetadata",
    "usage_metadata",
    "modelVersion",
    "model_version",
    "responseId",
    "response_id",
    "createTime",
    "create_time",
    "promptFeedback",
    "prompt_feedback",
    "modelStatus",
    "model_status",
    "embedding",
    "embeddings",
    "error",
    "request",
    "params",
    "parsed",
    "automatic_function_calling_history",
    "automaticFunctionCallingHistory",
    "sdk_http_response",
    "sdkHttpResponse",
    "text",
    "serverContent",
    "server_content",
];

impl Reader for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        is_batch_line(record) || is_count(record) || locate(record).is_some()
    }

    fn origin(&self) -> Origin {
        Origin::Provider
    }

    fn start(&self, _: &Options) -> Box<dyn Session> {
        Box::<Answers>::default()
    }
}

#[derive(Default)]
struct Answers {
    chunks: Chunks,
}

impl Session for Answers {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let node = record.node;
        if !is_batch_line(node) && is_count(node) {
            sink.skip(record.line, "no_call");
            return Verdict::Taken;
        }
        let mut call = Call { line: record.line, ..Call::default() };
        let found = locate(node);
        let read = match &found {
            Some(found) => read(found, &mut call).map(|()| is_unfinished(found)),
            None if is_batch_line(node) => read_failed_line(node, &mut call).map(|()| false),
            None => return Verdict::NotMine("no Gemini answer in it".into()),
        };
        match read {
            Ok(unfinished) => self.chunks.take(call, unfinished, sink),
            Err(reason) => sink.reject(record.line, reason),
        }
        Verdict::Taken
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        self.chunks.end(sink);
    }
}

fn locate(record: Node<'_>) -> Option<Found<'_>> {
    body::find(record, is_answer)
        .or_else(|| body::find_list(record, is_answer))
        .or_else(|| body::find(record, is_error))
}

fn usage(body: Node<'_>) -> Option<Node<'_>> {
    body.first(&["usageMetadata", "usage_metadata"])
}

fn is_answer(node: Node<'_>) -> bool {
    let is_named = || node.first(&["modelVersion", "model_version", "responseId", "response_id"]).is_some();
    let answers =
        || node.get("candidates").and_then(|list| list.items().next()).is_some_and(is_candidate) && is_named();
    match usage(node) {
        // LangChain has a key of that name too; its counts are called otherwise.
        Some(usage) => Counts::are_in(usage) || answers(),
        None => answers() || is_embedding(node),
    }
}

/// Tells Gemini's candidates from somebody's own list of that name.
fn is_candidate(node: Node<'_>) -> bool {
    node.first(&["content", "finishReason", "finish_reason"]).is_some()
}

/// An embedding without its usage, as the Gemini API answers.
fn is_embedding(node: Node<'_>) -> bool {
    let one = node.get("embedding").or_else(|| node.get("embeddings")?.items().next());
    let alone = || node.fields().all(|(key, _)| OWN.contains(&key) || key == "metadata");
    one.is_some_and(|one| one.get("values").is_some_and(|values| values.items().next().is_some())) && alone()
}

/// An error as all Google APIs write it, and nothing beside it: a row with an error of its own is a log's.
fn is_error(node: Node<'_>) -> bool {
    let Some(error) = node.get("error") else {
        return false;
    };
    let upper = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    node.fields().count() == 1
        && error.get("code").is_some_and(|code| code.raw().parse::<u16>().is_ok())
        && error.get("status").is_some_and(|status| upper(status.raw()))
}

/// The answer to a question about size: nothing was generated.
fn is_count(node: Node<'_>) -> bool {
    let body = node.first(&["response", "body"]).unwrap_or(node);
    let details = ["promptTokensDetails", "totalBillableCharacters", "cachedContentTokenCount"];
    body.get("totalTokens").is_some() && body.first(&details).is_some()
        || body.get("total_tokens").is_some() && body.fields().any(|(key, _)| key == "cached_content_token_count")
}

/// A line of a batch's output: Vertex repeats the request, the Gemini API has the caller's key.
fn is_batch_line(node: Node<'_>) -> bool {
    let vertex = node.get("processed_time").is_some() && node.get("request").is_some();
    let failed = || node.path(&["error", "code"]).is_some() && node.path(&["error", "message"]).is_some();
    let keyed = node.get("key").is_some() && (node.get("response").is_some_and(is_answer) || failed());
    vertex && (node.get("response").is_some() || node.get("status").is_some()) || keyed
}

fn read<'t>(found: &Found<'t>, call: &mut Call<'t>) -> Result<(), String> {
    let body = found.body;
    let last = body.items().last().unwrap_or(body);
    let outer = found.outermost();
    let around = body::take_around(found, OWN, call);
    let id = last.first(&["responseId", "response_id"]).and_then(Node::str).filter(|id| !id.is_empty());
    if id.is_some() {
        body::set_id(call, id);
        call.flags.add(Flags::UNIQUE_ID);
    }
    take_time(around, outer, body.items().next().unwrap_or(body), call)?;
    if is_batch_line(outer) {
        call.set(Dim::Tier, "batch");
    }
    if let Some(labels) = found.request().and_then(|request| request.get("labels")) {
        fields::nested(labels, call);
    }
    take_model(last, call);
    if is_error(last) && usage(last).is_none() {
        body::fail(call, last.path(&["error", "status"]).and_then(Node::str));
        return Ok(());
    }
    if is_batch_line(outer) {
        // Vertex writes an empty status under an answer, and the end, which is the time already.
        call.set(Dim::Status, "ok");
        call.extra.retain(|(key, _)| key != "processed_time");
    }
    call.set_if_none(Dim::Status, "ok");
    let usage = last_usage(body).or_else(|| usage(last));
    match usage {
        Some(usage) => take_usage(usage, last, call)?,
        None if body::has_failed(call) => {}
        None => body::missing(call),
    }
    grounding::take(body, call);
    Ok(())
}

/// Returns the last usage of a list of chunks: the end of a stream that broke off may have none.
fn last_usage(body: Node<'_>) -> Option<Node<'_>> {
    body.items().filter_map(usage).filter(|usage| Counts::are_in(*usage)).last()
}

fn take_usage(usage: Node<'_>, body: Node<'_>, call: &mut Call<'_>) -> Result<(), String> {
    take_tier(usage, call);
    let counts = Counts::read(usage)?;
    let no_answer = is_embedding(body) || body.first(&["promptFeedback", "prompt_feedback"]).is_some();
    match counts.filter(|counts| counts.are_whole(no_answer)) {
        Some(counts) => counts.set(call),
        None => body::missing(call),
    }
    Ok(())
}

/// Takes the mode that served: `ON_DEMAND_FLEX` of Vertex, `flex` of the Gemini API. A batch stays one.
fn take_tier(usage: Node<'_>, call: &mut Call<'_>) {
    let word = |keys: &[&str]| {
        let text = usage.first(keys)?.str()?;
        // Python dumps an enum with its class before it.
        let name = text.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        Some(name).filter(|name| !name.is_empty() && !name.contains("unspecified"))
    };
    let tier = word(&["serviceTier", "service_tier"]).or_else(|| word(&["trafficType", "traffic_type"]));
    let Some(tier) = tier.filter(|_| call.dim(Dim::Tier) != Some("batch")) else {
        return;
    };
    let tier = tier.strip_prefix("service_tier_").unwrap_or(&tier);
    let tier = match tier.strip_prefix("on_demand").unwrap_or(tier).trim_start_matches('_') {
        "" | "default" => "standard",
        "provisioned_throughput" => "provisioned",
        other => other,
    };
    call.set(Dim::Tier, tier.to_string());
}

/// Takes the best time there is: the log's own, Vertex's, the end of a batch line, the one in the id.
fn take_time(around: body::Around, outer: Node<'_>, body: Node<'_>, call: &mut Call<'_>) -> Result<(), String> {
    if around.has_time {
        return Ok(());
    }
    let stated = body.first(&["createTime", "create_time"]).or_else(|| outer.get("processed_time"));
    if let Some(stated) = stated {
        let (ts, flags) = fields::time(stated)?;
        call.ts = ts;
        call.flags.add(flags);
        return Ok(());
    }
    if let Some(ts) = call.request_id.as_deref().and_then(second_of) {
        call.ts = ts;
        call.flags.add(Flags::TIME_ASSUMED);
        return Ok(());
    }
    Err(around.no_time())
}

/// Reads the second in an id: the first four bytes of its base64, the lowest first.
fn second_of(id: &str) -> Option<Timestamp> {
    let digit = |b: u8| -> Option<u64> {
        Some(u64::from(match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        }))
    };
    // Sixteen bytes at least: somebody's own short names are no such ids.
    if id.len() < 20 {
        return None;
    }
    let bits = id.bytes().take(6).try_fold(0u64, |bits, b| Some(bits << 6 | digit(b)?))?;
    let bytes = u32::try_from(bits >> 4).ok()?.swap_bytes();
    let ts = Timestamp(i64::from(bytes).checked_mul(NANOS)?);
    (EARLIEST..LATEST).contains(&ts).then_some(ts)
}

/// Takes model and seller. A resource's name may carry project, place and publisher before the model's own.
fn take_model<'t>(body: Node<'t>, call: &mut Call<'t>) {
    let on_vertex = body.first(&["createTime", "create_time"]).is_some()
        || usage(body).is_some_and(|usage| usage.first(&["trafficType", "traffic_type"]).is_some());
    let mut vertex = on_vertex;
    if let Some(asked) = call.dims[Dim::Model as usize].take() {
        vertex |= asked.contains("publishers/");
        if let Some(place) = place_of(&asked) {
            call.set_if_none(Dim::Region, place.to_string());
            call.flags.add(Flags::GEO_STATED);
        }
        let bare = bare(&asked).to_string();
        call.set(Dim::Model, bare);
    }
    if let Some(served) = body.first(&["modelVersion", "model_version"]).and_then(Node::str) {
        vertex |= served.contains("publishers/");
        let bare = bare(&served).to_string();
        body::set_model(call, Some(bare.into()));
    }
    call.set_if_none(Dim::Provider, if vertex { "vertex" } else { "google" });
}

/// Returns a model's own name: `models/gemini-…` and `publishers/google/models/gemini-…` are `gemini-…`.
fn bare(name: &str) -> &str {
    name.rsplit_once("models/").map_or(name, |(_, model)| model)
}

fn place_of(name: &str) -> Option<&str> {
    let (_, rest) = name.split_once("/locations/")?;
    rest.split('/').next().filter(|place| !place.is_empty())
}

/// Tells whether an answer is a chunk with more to come: nothing in it has ended.
fn is_unfinished(found: &Found<'_>) -> bool {
    let body = found.body;
    if body.items().next().is_some() {
        return false;
    }
    let over = |candidate: Node<'_>| candidate.first(&["finishReason", "finish_reason"]).is_some();
    body.get("candidates").is_some_and(|list| list.items().next().is_some() && !list.items().any(over))
}

/// Reads a batch line that has no answer: it failed, and cost nothing.
fn read_failed_line<'t>(line: Node<'t>, call: &mut Call<'t>) -> Result<(), String> {
    let around = fields::outer(line, &["request", "response", "status", "error", "processed_time"], call);
    let around = body::Around { has_time: around.has_time, problem: around.problem };
    take_time(around, line, line, call)?;
    call.set(Dim::Tier, "batch");
    if let Some(labels) = line.path(&["request", "labels"]) {
        fields::nested(labels, call);
    }
    if let Some(model) = line.path(&["request", "model"]).and_then(Node::str) {
        call.set(Dim::Model, model);
    }
    take_model(line, call);
    if line.get("processed_time").is_some() {
        call.set(Dim::Provider, "vertex");
    }
    body::fail(call, line.path(&["error", "status"]).and_then(Node::str));
    Ok(())
}
