//! Results of Anthropic's Message Batches: a line a request, in any order, with its `custom_id`.
//!
//! Exclusive, as every Anthropic answer (see `anthropic`); the tier is batch. `errored`, `canceled` and `expired`
//! requests are not billed and are skipped by reason (anthropics/anthropic-sdk-python,
//! `types/messages/message_batch_individual_response.py`, mid 2026). The lines carry no time: whoever keeps them adds
//! one, or they are rejected.

use crate::domain::Call;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::anthropic;
use crate::read::json::Node;
use crate::read::openai_batch;

/// The reader of batch results.
pub struct AnthropicBatch;

impl Reader for AnthropicBatch {
    fn name(&self) -> &'static str {
        "anthropic_batch"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        record.get("custom_id").is_some()
            && (record.path(&["result", "type"]).is_some() || record.path(&["params", "model"]).is_some())
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
        if !AnthropicBatch.claims(record.node) {
            return Verdict::NotMine("no result of a batch".into());
        }
        match record.node.path(&["result", "type"]).map(Node::raw) {
            Some("succeeded") => read(record, sink),
            Some("errored") => sink.skip(record.line, "batch_errored"),
            Some("canceled") => sink.skip(record.line, "batch_canceled"),
            Some("expired") => sink.skip(record.line, "batch_expired"),
            Some(_) => sink.reject(record.line, "`result.type` is none that is known".into()),
            None => sink.skip(record.line, "batch_request"),
        }
        Verdict::Taken
    }
}

fn read(record: Record<'_>, sink: &mut dyn Sink) {
    // The line as it is no answer's: look below its result, and take what stands around.
    let Some(found) = anthropic::find(record.node) else {
        sink.reject(record.line, "`result.message` is no answer".into());
        return;
    };
    let call = Call { line: record.line, ..Call::default() };
    let mut timed = Timed(sink);
    anthropic::hand_on(&found, call, &mut timed, |call| openai_batch::finish(record.node, call));
}

/// Says what a line without a time needs.
struct Timed<'s>(&'s mut dyn Sink);

impl Sink for Timed<'_> {
    fn call(&mut self, call: &Call<'_>) {
        self.0.call(call);
    }

    fn span(&mut self, span: &crate::read::Span<'_>) {
        self.0.span(span);
    }

    fn skip(&mut self, line: u64, reason: &'static str) {
        self.0.skip(line, reason);
    }

    fn reject(&mut self, line: u64, reason: String) {
        let reason = if reason.starts_with("no time") { openai_batch::NO_TIME.into() } else { reason };
        self.0.reject(line, reason);
    }
}
