//! Ollama's own answers (`/api/chat`, `/api/generate`, `/api/embed`), whole or as the lines of a stream.
//!
//! `prompt_eval_count` is what went in, `eval_count` what came out, thinking included; a prompt that was cached as a
//! whole may have no count at all, which is not zero (ollama/ollama, `api/types.go`, mid 2026). `created_at` stamps
//! each line when it was written, so the last one is the end; durations are nanoseconds.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
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
use crate::read::json::Node;
use crate::read::value;

/// The reader of Ollama's answers.
pub struct Ollama;

/// Keys of an answer: not the log author's.
const OWN: &[&str] = &[
    "model",
    "created_at",
    "message",
    "response",
    "thinking",
    "context",
    "embeddings",
    "done",
    "done_reason",
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
    "eval_duration",
    "remote_model",
    "remote_host",
    "request",
    "params",
];

impl Reader for Ollama {
    fn name(&self) -> &'static str {
        "ollama"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        body::find(record, is_answer).is_some()
    }

    fn origin(&self) -> Origin {
        Origin::Provider
    }

    fn start(&self, _: &Options) -> Box<dyn Session> {
        Box::new(Answers { open: Vec::new() })
    }
}

fn is_answer(node: Node<'_>) -> bool {
    let has = |key: &str| node.get(key).is_some();
    has("model")
        && (has("total_duration")
            && (has("prompt_eval_count") || has("eval_count") || has("done") || has("embeddings"))
            || has("prompt_eval_count") && has("eval_count")
            || node.get("done").is_some_and(|done| done.bool().is_some())
                && has("created_at")
                && (has("message") || has("response")))
}

/// A stream whose last line has not come yet.
struct Open {
    line: u64,
    model: String,
    ts: Timestamp,
    flags: Flags,
}

struct Answers {
    /// Streams by their model: the lines say nothing else of whose they are.
    open: Vec<Open>,
}

impl Session for Answers {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let Some(found) = body::find(record.node, is_answer) else {
            return Verdict::NotMine("no answer of Ollama's in it".into());
        };
        let mut call = Call { line: record.line, ..Call::default() };
        let outcome = read(&found, &mut call);
        let model = call.dim(Dim::Model).unwrap_or_default().to_string();
        let at = self.open.iter().position(|open| open.model == model);
        let goes_on = found.body.get("done").and_then(Node::bool) == Some(false);
        match (outcome, at) {
            (Err(reason), _) => sink.reject(record.line, reason),
            (Ok(()), Some(_)) if goes_on => sink.skip(record.line, "stream_event"),
            (Ok(()), None) if goes_on => {
                self.open.push(Open { line: record.line, model, ts: call.ts, flags: call.flags });
            }
            (Ok(()), at) => {
                if let Some(at) = at {
                    let open = self.open.swap_remove(at);
                    sink.skip(open.line, "stream_event");
                    name_stream(&mut call, &open);
                }
                sink.call(&call);
            }
        }
        Verdict::Taken
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        for open in self.open.drain(..) {
            let mut call = Call { line: open.line, ts: open.ts, flags: open.flags, ..Call::default() };
            name_stream(&mut call, &open);
            call.set(Dim::Provider, "ollama");
            call.set(Dim::Model, open.model);
            body::missing(&mut call);
            sink.call(&call);
        }
    }
}

/// Names a stream by its model and the nanosecond of its first line, so that it is one call whether a log was imported
/// before its last line or after. A coarser time may be another stream's too, and names nothing.
fn name_stream(call: &mut Call<'_>, open: &Open) {
    if call.request_id.is_none() && open.ts.0 % 1_000_000 != 0 {
        call.request_id = Some(format!("{}@{}", open.model, open.ts).into());
        call.flags.add(Flags::UNIQUE_ID);
    }
}

fn read<'t>(found: &Found<'t>, call: &mut Call<'t>) -> Result<(), String> {
    let body = found.body;
    let around = body::take_around(found, OWN, call);
    let took = body.get("total_duration").and_then(|node| value::millis(node, 1e-6));
    match body.get("created_at") {
        Some(end) => {
            let (end, flags) = fields::time(end).map_err(|reason| format!("`created_at`: {reason}"))?;
            let nanos = i64::try_from(took.unwrap_or(0)).unwrap_or(0).saturating_mul(1_000_000);
            call.flags = Flags(call.flags.0 & !Flags::ZONE_ASSUMED.0);
            call.flags.add(flags);
            call.ts = Timestamp(end.0.saturating_sub(nanos));
        }
        None if around.has_time => {}
        None => return Err(around.no_time()),
    }
    call.latency_ms = took.or(call.latency_ms);
    // Only a wait for the prompt tells when the first token came.
    let nanos = |key: &str| body.get(key).and_then(|node| value::millis(node, 1e-6));
    if let (Some(load), Some(prompt)) = (nanos("load_duration"), nanos("prompt_eval_duration")) {
        call.ttft_ms = Some(load.saturating_add(prompt));
    }
    body::set_model(call, body.get("model").and_then(Node::str));
    call.set_if_none(Dim::Provider, "ollama");
    call.set_if_none(Dim::Status, "ok");
    take_counts(body, call)
}

fn take_counts(body: Node<'_>, call: &mut Call<'_>) -> Result<(), String> {
    let count = |key: &str| value::optional_count(key, body.get(key));
    let (input, output) = (count("prompt_eval_count")?, count("eval_count")?);
    call.tokens.set(Class::Input, input.unwrap_or(0));
    call.tokens.set(Class::Output, output.unwrap_or(0));
    if input.is_none() || output.is_none() && body.get("embeddings").is_none() {
        body::missing(call);
    }
    Ok(())
}
