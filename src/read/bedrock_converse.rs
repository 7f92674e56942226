//! Answers of Bedrock's Converse API, bare or wrapped, and the last event of its streams.
//!
//! Exclusive for Claude and Nova: `inputTokens` contains neither cache reads nor writes, and the total is the sum of
//! all four (boto/botocore, `bedrock-runtime` TokenUsage, mid 2026, and recorded answers); inclusive for OpenAI's
//! models; for others the total tells. Output includes reasoning. Answers may carry each cache count under two
//! names: one is read. No model is in the answer: the request or the wrapper has it. The date is that of the end.

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
use crate::read::bedrock;
use crate::read::bedrock::Counts;
use crate::read::body;
use crate::read::body::Found;
use crate::read::json::Node;
use crate::read::value;

/// The reader of Converse answers.
pub struct BedrockConverse;

/// Keys of an answer: not the log author's.
const OWN: &[&str] = &[
    "output",
    "stopReason",
    "usage",
    "metrics",
    "trace",
    "performanceConfig",
    "serviceTier",
    "additionalModelResponseFields",
    "ResponseMetadata",
    "$metadata",
    "metadata",
    "request",
    "params",
];

/// Events of a stream that come before the one with the counts.
const EVENTS: &[&str] = &["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop"];

impl Reader for BedrockConverse {
    fn name(&self) -> &'static str {
        "bedrock_converse"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        locate(record).is_some() || is_event(record)
    }

    fn origin(&self) -> Origin {
        Origin::Provider
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Answers { cached_input: options.cached_input })
    }
}

struct Answers {
    cached_input: Option<CachedInput>,
}

impl Session for Answers {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let Some(found) = locate(record.node) else {
            if is_event(record.node) {
                sink.skip(record.line, "stream_event");
                return Verdict::Taken;
            }
            return Verdict::NotMine("no Converse answer in it".into());
        };
        let mut call = Call { line: record.line, ..Call::default() };
        let outcome = read(&found, &mut call, self.cached_input);
        sink.take(&call, outcome);
        Verdict::Taken
    }
}

fn locate(record: Node<'_>) -> Option<Found<'_>> {
    body::find(record, is_answer).or_else(|| body::find_list(record, is_answer))
}

fn is_answer(node: Node<'_>) -> bool {
    if let Some(event) = node.get("metadata").filter(|event| is_counted(*event)) {
        return event.get("metrics").is_some() || node.fields().count() == 1;
    }
    let marks = ["stopReason", "metrics", "ResponseMetadata", "$metadata"];
    let is_whole = || marks.iter().any(|mark| node.get(mark).is_some());
    let answered = || node.get("stopReason").is_some() && node.path(&["output", "message"]).is_some();
    is_counted(node) && is_whole() || answered()
}

fn is_counted(node: Node<'_>) -> bool {
    node.path(&["usage", "inputTokens"]).is_some() && node.path(&["usage", "outputTokens"]).is_some()
}

fn is_event(node: Node<'_>) -> bool {
    let mut keys = node.fields().map(|(key, _)| key);
    keys.next().is_some_and(|key| EVENTS.contains(&key)) && keys.next().is_none()
}

/// Returns the part with the counts: the answer, or what the last event of a stream holds.
fn counted(body: Node<'_>) -> Node<'_> {
    let last = body.items().filter(|item| is_answer(*item)).last().unwrap_or(body);
    last.get("metadata").filter(|event| is_counted(*event)).unwrap_or(last)
}

fn read<'t>(found: &Found<'t>, call: &mut Call<'t>, said: Option<CachedInput>) -> Result<(), String> {
    let answer = counted(found.body);
    let around = body::take_around(found, OWN, call);
    call.latency_ms = answer.path(&["metrics", "latencyMs"]).and_then(|ms| value::millis(ms, 1.0)).or(call.latency_ms);
    let head = found.body.first(&["ResponseMetadata", "$metadata"]);
    let id = head.and_then(|head| head.first(&["RequestId", "requestId"])).and_then(Node::str);
    if id.as_ref().is_some_and(|id| !id.is_empty()) {
        body::set_id(call, id);
        call.flags.add(Flags::UNIQUE_ID);
    }
    if !around.has_time {
        let dated = head.and_then(|head| head.path(&["HTTPHeaders", "date"])).and_then(Node::str);
        let end = dated.and_then(|date| http_date(&date));
        let end = end.ok_or(around.no_time())?;
        let took = i64::try_from(call.latency_ms.unwrap_or(0)).unwrap_or(0).saturating_mul(1_000_000);
        call.ts = Timestamp(end.0.saturating_sub(took));
    }
    if let Some(id) = call.dims[Dim::Model as usize].take() {
        bedrock::set_model(call, id);
    }
    call.set_if_none(Dim::Provider, "bedrock");
    call.set_if_none(Dim::Status, "ok");
    let text = |path: &[&str]| answer.path(path).filter(|node| !node.is_object()).map(Node::raw);
    let tier = text(&["serviceTier", "type"]).or_else(|| text(&["serviceTier"]));
    bedrock::tier(tier, text(&["performanceConfig", "latency"]), call);
    match answer.get("usage").map(counts).transpose()?.flatten() {
        Some(counts) => bedrock::set_tokens(&counts, call, said),
        None => body::missing(call),
    }
    if answer.get("usage").is_some_and(has_two_counts) {
        body::inconsistent(call);
    }
    Ok(())
}

/// The two names of each cache count; one value is meant.
const READS: [&str; 2] = ["cacheReadInputTokens", "cacheReadInputTokenCount"];
const WRITES: [&str; 2] = ["cacheWriteInputTokens", "cacheWriteInputTokenCount"];

/// Tells whether the two names of a count have two values.
fn has_two_counts(usage: Node<'_>) -> bool {
    [READS, WRITES].iter().any(|names| {
        let mut counts = names.iter().filter_map(|name| value::count(name, usage.get(name)?).ok());
        matches!((counts.next(), counts.next()), (Some(one), Some(other)) if one != other)
    })
}

/// Reads a usage; `None` where it does not say what went in or came out.
pub(super) fn counts(usage: Node<'_>) -> Result<Option<Counts>, String> {
    let first = |keys: &[&'static str]| value::optional_count(keys[0], usage.first(keys));
    let (Some(input), Some(output)) = (first(&["inputTokens"])?, first(&["outputTokens"])?) else {
        return Ok(None);
    };
    let mut counts = Counts {
        input,
        output,
        read: first(&READS)?.unwrap_or(0),
        written: first(&WRITES)?.unwrap_or(0),
        total: first(&["totalTokens"])?,
        ..Counts::default()
    };
    for detail in usage.get("cacheDetails").into_iter().flat_map(Node::items) {
        let tokens = value::optional_count("inputTokens", detail.get("inputTokens"))?.unwrap_or(0);
        match detail.get("ttl").map(Node::raw) {
            Some("5m") => counts.short += tokens,
            Some("1h") => counts.long += tokens,
            _ => {}
        }
    }
    Ok(Some(counts))
}

/// Reads the date of an HTTP header, `Mon, 01 Jun 2026 12:00:00 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    let mut words = text.split_whitespace().skip(1);
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let (clock, zone) = (words.next()?, words.next()?);
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let stamp = format!("{year}-{month:02}-{day:0>2}T{clock}Z");
    (zone == "GMT").then(|| Timestamp::parse(&stamp).ok()).flatten().map(|parsed| parsed.ts)
}
