//! Bedrock's model invocation log: the objects of its bucket, and CloudWatch's records of it, whose `message` is the
//! record as a text.
//!
//! Exclusive: `inputTokenCount` contains neither cache reads nor writes; output includes reasoning (AWS, model
//! invocation logging, and BerriAI/litellm's reading of the same counts, mid 2026). Where an OpenAI model's cache
//! counts fit into its input the other reading stays possible. The counts of the log are what is billed; the answer
//! beside them is only asked for the lifetime of cache writes, and for counts that the log left out.
//!
//! The region is the caller's, which sets the price; where inference ran stands in `inference_region`.

mod answer;
mod wrapped;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::bedrock;
use crate::read::bedrock::Counts;
use crate::read::bedrock_log::answer::Answer;
use crate::read::body;
use crate::read::body::Embedded;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::tokens::Reading;
use crate::read::value;

/// The reader of model invocation logs.
pub struct BedrockLog;

impl Reader for BedrockLog {
    fn name(&self) -> &'static str {
        "bedrock_log"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        wrapped::holds(record)
    }

    fn origin(&self) -> Origin {
        Origin::Provider
    }

    fn start(&self, _: &Options) -> Box<dyn Session> {
        Box::<Log>::default()
    }
}

#[derive(Default)]
struct Log {
    message: Embedded,
    answer: Embedded,
}

impl Session for Log {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if wrapped::is_entry(record.node) {
            take(record.node, record.line, &mut self.answer, sink);
            return Verdict::Taken;
        }
        let (mut taken, mut foreign) = (0, 0);
        wrapped::each(record.node, |text| {
            match self.message.open(Some(text)) {
                Some(entry) if wrapped::is_entry(entry) => {
                    taken += 1;
                    take(entry, record.line, &mut self.answer, sink);
                }
                // A log group may hold more than this log.
                _ => foreign += 1,
            }
        });
        match (taken, foreign) {
            (0, 0) => Verdict::NotMine("no model invocation in it".into()),
            (0, _) if wrapped::holds(record.node) => {
                sink.reject(record.line, "its `message` is cut off or no JSON".into());
                Verdict::Taken
            }
            (0, _) => Verdict::NotMine("no model invocation in it".into()),
            (_, 0) => Verdict::Taken,
            _ => {
                sink.skip(record.line, "other_records");
                Verdict::Taken
            }
        }
    }
}

/// Hands on what an entry is.
fn take(entry: Node<'_>, line: u64, answer: &mut Embedded, sink: &mut dyn Sink) {
    if let Some("CountTokens" | "ApplyGuardrail") = entry.get("operation").map(Node::raw) {
        return sink.skip(line, "no_call");
    }
    let mut call = Call { line, ..Call::default() };
    let outcome = read(entry, answer, &mut call);
    sink.take(&call, outcome);
}

fn read<'t>(entry: Node<'t>, answer: &'t mut Embedded, call: &mut Call<'t>) -> Result<(), String> {
    let time = entry.get("timestamp").ok_or("no time: `timestamp` is missing")?;
    let (ts, flags) = fields::time(time).map_err(|reason| format!("`timestamp`: {reason}"))?;
    (call.ts, call.flags) = (ts, flags);
    call.set(Dim::Provider, "bedrock");
    let text = |key: &str| entry.get(key).and_then(Node::text);
    // Before the model, whose ARN may name another account's profile.
    for (dim, key) in [(Dim::Account, "accountId"), (Dim::Region, "region")] {
        if let Some(value) = text(key) {
            call.set(dim, value);
        }
    }
    if call.dim(Dim::Region).is_some() {
        call.flags.add(Flags::GEO_STATED);
    }
    if let Some(ran) = text("inferenceRegion") {
        if call.dim(Dim::Region).is_none() {
            call.set(Dim::Region, ran);
            call.flags.add(Flags::GEO_STATED);
        } else if call.dim(Dim::Region) != Some(&ran) {
            call.set_extra("inference_region", ran);
        }
    }
    match text("modelId") {
        Some(id) => bedrock::set_model(call, id),
        None => return Err("no model: `modelId` is missing".into()),
    }
    if let Some(id) = text("requestId") {
        call.request_id = Some(id);
        call.flags.add(Flags::UNIQUE_ID);
    }
    call.set(Dim::Status, "ok");
    if let Some(code) = text("errorCode") {
        body::fail(call, Some(code));
    }
    if let Some(operation) = text("operation") {
        call.set_extra("operation", operation);
    }
    let answer = Answer::find(answer.open(entry.path(&["output", "outputBodyJson"])));
    take_tier(entry, &answer, call);
    (call.latency_ms, call.ttft_ms) = (answer.latency_ms, answer.ttft_ms);
    if let Some(id) = answer.id.clone() {
        call.set_extra("response_id", id);
    }
    take_counts(entry, &answer, call)?;
    // What the caller sent along comes before the role it called with.
    if let Some(sent) = entry.get("requestMetadata") {
        fields::nested(sent, call);
        body::keep_mode(call);
    }
    if let Some(arn) = entry.path(&["identity", "arn"]).and_then(Node::str) {
        take_identity(&arn, call);
    }
    Ok(())
}

fn take_tier(entry: Node<'_>, answer: &Answer<'_>, call: &mut Call<'_>) {
    let stated = |key: &str| {
        let node = entry.get(key)?;
        Some(node.get("type").unwrap_or(node)).filter(|node| !node.is_object()).map(Node::raw)
    };
    let tier = stated("resolvedServiceTier").or_else(|| stated("serviceTier")).or(answer.tier);
    let latency = entry.path(&["performanceConfig", "latency"]).map(Node::raw).or(answer.latency_mode);
    if call.dim(Dim::Tier).is_none() {
        bedrock::tier(tier, latency, call);
    }
}

fn take_counts(entry: Node<'_>, answer: &Answer<'_>, call: &mut Call<'_>) -> Result<(), String> {
    let count = |path: &[&str]| value::optional_count(path[1], entry.path(path));
    let (input, output) = (count(&["input", "inputTokenCount"])?, count(&["output", "outputTokenCount"])?);
    let read = count(&["input", "cacheReadInputTokenCount"])?.unwrap_or(0);
    let written = count(&["input", "cacheWriteInputTokenCount"])?.unwrap_or(0);
    // An embedding answers with no tokens, and the log says so by leaving the count out.
    let embeds = call.dim(Dim::Model).is_some_and(|model| model.contains("embed"));
    let output = output.or((embeds && input.is_some()).then_some(0));
    let counts = match (input, output) {
        (Some(input), Some(output)) => Counts { input, output, read, written, ..Counts::default() },
        (None, None) if body::has_failed(call) => return Ok(()),
        _ => match answer.counts {
            Some(counts) => counts,
            None => {
                body::missing(call);
                return Ok(());
            }
        },
    };
    let (short, long) = answer.lifetimes;
    let agrees = short + long == counts.written;
    let (short, long) = if agrees { (short, long) } else { (0, 0) };
    let counts = Counts { short, long, ..counts };
    let is_openai = call.dim(Dim::Model).is_some_and(|model| model.contains("openai."));
    bedrock::place(&counts, call, if is_openai { Reading::PERHAPS_OUTSIDE } else { Reading::OUTSIDE });
    call.reasoning = answer.reasoning.filter(|count| *count <= counts.output).unwrap_or(0);
    Ok(())
}

/// Takes who called: a user, or a role and the name its session was given.
fn take_identity(arn: &str, call: &mut Call<'_>) {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    let mut parts = resource.split('/');
    match parts.next() {
        Some("assumed-role") => {
            if let Some(role) = parts.next() {
                call.set_extra("role", role.to_string());
            }
            if let Some(session) = parts.next() {
                call.set_extra("role_session", session.to_string());
                call.set_if_none(Dim::User, session.to_string());
            }
        }
        Some("user") => {
            if let Some(name) = parts.next_back() {
                call.set_if_none(Dim::User, name.to_string());
            }
        }
        _ => call.set_if_none(Dim::User, resource.to_string()),
    }
}
