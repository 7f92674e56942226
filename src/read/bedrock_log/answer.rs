//! What is asked of the answer beside an entry: an object, or the events of a stream, as each vendor writes them.

use std::borrow::Cow;

use crate::read::bedrock::Counts;
use crate::read::bedrock_converse;
use crate::read::json::Node;
use crate::read::value;

/// What an answer tells beyond the log's own counts.
#[derive(Default)]
pub(super) struct Answer<'t> {
    /// The vendor's id.
    pub(super) id: Option<Cow<'t, str>>,
    /// Counts, should the log have none.
    pub(super) counts: Option<Counts>,
    /// Cache writes that live five minutes and an hour.
    pub(super) lifetimes: (u64, u64),
    /// Reasoning, contained in the output.
    pub(super) reasoning: Option<u64>,
    pub(super) tier: Option<&'t str>,
    pub(super) latency_mode: Option<&'t str>,
    pub(super) latency_ms: Option<u64>,
    pub(super) ttft_ms: Option<u64>,
}

impl<'t> Answer<'t> {
    /// Looks through an answer. What it says in a way that is not understood is no reason to refuse the entry.
    pub(super) fn find(body: Option<Node<'t>>) -> Answer<'t> {
        let mut answer = Answer::default();
        if let Some(body) = body {
            answer.take(body);
            body.items().for_each(|event| answer.take_event(event));
        }
        answer
    }

    fn take_event(&mut self, event: Node<'t>) {
        let event = event.get("chunk").unwrap_or(event);
        self.take(event);
        for inside in ["message", "metadata"] {
            if let Some(node) = event.get(inside) {
                self.take(node);
            }
        }
        if let Some(metrics) = event.get("amazon-bedrock-invocationMetrics") {
            let ms = |key: &str| metrics.get(key).and_then(|node| value::millis(node, 1.0));
            self.latency_ms = ms("invocationLatency").or(self.latency_ms);
            self.ttft_ms = ms("firstByteLatency").or(self.ttft_ms);
            self.counts = of_metrics(metrics).or(self.counts);
        }
    }

    fn take(&mut self, node: Node<'t>) {
        let is_message = node.get("type").map(Node::raw) == Some("message");
        if let Some(id) = node.get("id").and_then(Node::str).filter(|id| is_message && id.len() <= 100) {
            self.id = Some(id);
        }
        self.latency_ms =
            node.path(&["metrics", "latencyMs"]).and_then(|ms| value::millis(ms, 1.0)).or(self.latency_ms);
        self.latency_mode = node.path(&["performanceConfig", "latency"]).map(Node::raw).or(self.latency_mode);
        let tier = node.get("serviceTier").map(|tier| tier.get("type").unwrap_or(tier));
        self.tier = tier.filter(|tier| !tier.is_object()).map(Node::raw).or(self.tier);
        let Some(usage) = node.get("usage") else {
            return;
        };
        let count = |path: &[&str]| value::count(path[0], usage.path(path)?).ok();
        let split = (
            count(&["cache_creation", "ephemeral_5m_input_tokens"]),
            count(&["cache_creation", "ephemeral_1h_input_tokens"]),
        );
        if split != (None, None) {
            self.lifetimes = (split.0.unwrap_or(0), split.1.unwrap_or(0));
        }
        self.reasoning = count(&["output_tokens_details", "thinking_tokens"]).or(self.reasoning);
        if let Some(counts) = bedrock_converse::counts(usage).ok().flatten() {
            self.lifetimes = (counts.short, counts.long);
            self.counts = Some(counts);
        }
        // A stream's start and its end each tell a part; the later word counts.
        let before = self.counts.unwrap_or_default();
        let (input, output) = (count(&["input_tokens"]), count(&["output_tokens"]));
        if input.is_some() && output.is_some() || output.is_some() && self.counts.is_some() {
            self.counts = Some(Counts {
                input: input.unwrap_or(before.input),
                output: output.unwrap_or(before.output),
                read: count(&["cache_read_input_tokens"]).unwrap_or(before.read),
                written: count(&["cache_creation_input_tokens"]).unwrap_or(before.written),
                ..before
            });
        }
    }
}

/// Reads the counts that Bedrock puts at the end of every stream.
fn of_metrics(metrics: Node<'_>) -> Option<Counts> {
    let count = |key: &str| value::count(key, metrics.get(key)?).ok();
    Some(Counts {
        input: count("inputTokenCount")?,
        output: count("outputTokenCount")?,
        read: count("cacheReadInputTokenCount").unwrap_or(0),
        written: count("cacheWriteInputTokenCount").unwrap_or(0),
        ..Counts::default()
    })
}
