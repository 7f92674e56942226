//! Output files of batches in OpenAI's shape, which Azure, Mistral, Groq and others write too: a line a request, with
//! its `custom_id` and the answer it got.
//!
//! Inclusive or exclusive is the answer's (see `openai`). The tier is batch by the kind of the file: the answer says
//! `default`. A line that failed, expired or was cancelled is not billed and has no time: it is skipped, by reason
//! (openai/openai-openapi, `BatchRequestOutput`, mid 2026). Requests of a batch (its input file) are skipped too.

use crate::domain::Call;
use crate::domain::Dim;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::fields;
use crate::read::fields::Field;
use crate::read::json::Node;
use crate::read::openai;

/// What a batch's line without a time needs.
pub const NO_TIME: &str = "no time: this batch line says none; add one to each line with a key such as created_at";

/// The reader of batch output files.
pub struct OpenAiBatch;

/// Tells whether a record is a line of a batch's output or input.
pub fn is_line(record: Node<'_>) -> bool {
    record.get("custom_id").is_some() && (has_answer(record) || is_request(record))
}

fn has_answer(record: Node<'_>) -> bool {
    let has = |key: &str| record.has(key);
    record.path(&["response", "body"]).is_some() || (has("response") && has("error") && !is_answered_bare(record))
}

/// Tells whether `response` is an answer itself: then `custom_id` is a tag of the log's author.
fn is_answered_bare(record: Node<'_>) -> bool {
    record.get("response").is_some_and(|response| response.first(&["object", "usage", "choices"]).is_some())
}

fn is_request(record: Node<'_>) -> bool {
    ["method", "url", "body"].iter().all(|key| record.get(key).is_some())
}

impl Reader for OpenAiBatch {
    fn name(&self) -> &'static str {
        "openai_batch"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        is_line(record)
    }

    fn origin(&self) -> Origin {
        Origin::Provider
    }

    fn start(&self, _: &Options) -> Box<dyn Session> {
        Box::new(Lines)
    }
}

struct Lines;

impl Session for Lines {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if !is_line(record.node) {
            return Verdict::NotMine("no line of a batch".into());
        }
        if let Some(reason) = unbilled(record.node) {
            sink.skip(record.line, reason);
            return Verdict::Taken;
        }
        let mut call = Call { line: record.line, ..Call::default() };
        let outcome = read(record.node, &mut call);
        sink.take(&call, outcome);
        Verdict::Taken
    }
}

/// Tells why a line was not billed; `None` for one that was.
fn unbilled(record: Node<'_>) -> Option<&'static str> {
    if !has_answer(record) {
        return Some("batch_request");
    }
    let code = record.path(&["error", "code"]).map(Node::raw).unwrap_or_default();
    if record.get("response").is_none() {
        return Some(match code {
            "batch_expired" => "batch_expired",
            "batch_cancelled" | "batch_canceled" => "batch_canceled",
            _ => "batch_errored",
        });
    }
    let status = record.path(&["response", "status_code"]).map(Node::raw);
    let failed =
        record.path(&["response", "body", "error"]).is_some() && record.path(&["response", "body", "usage"]).is_none();
    (failed || status.is_some_and(|status| status.starts_with(['4', '5']))).then_some("batch_errored")
}

fn read<'t>(record: Node<'t>, call: &mut Call<'t>) -> Result<(), String> {
    let found = openai::find(record).ok_or("`response.body` is no answer that is known")?;
    openai::read(&found, call).map_err(|reason| if reason.starts_with("no time") { NO_TIME.into() } else { reason })?;
    finish(record, call);
    Ok(())
}

/// Sets what every line of a batch has: its tier, and what its `custom_id` says.
pub fn finish<'t>(record: Node<'t>, call: &mut Call<'t>) {
    call.set(Dim::Tier, "batch");
    let Some(id) = record.get("custom_id").and_then(Node::scalar) else { return };
    fields::set_extra(call, "custom_id", id.clone());
    for part in id.split(['|', ',', ';', '&', '/', ' ']) {
        let Some((key, value)) = part.split_once([':', '=']) else { continue };
        let named = key.starts_with(|c: char| c.is_ascii_alphabetic())
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        if !named || value.is_empty() || value.contains([':', '=']) {
            continue;
        }
        let value = value.to_string();
        match fields::meaning(key).map(|meaning| meaning.field) {
            // An id cannot say how a call was served or how it ended: the answer does.
            Some(Field::Dim(Dim::Model | Dim::Provider | Dim::Tier | Dim::Status | Dim::Region)) => {}
            Some(Field::Dim(dim)) => call.set_if_none(dim, value),
            _ => fields::set_extra(call, key, value.into()),
        }
    }
}
