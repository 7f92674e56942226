//! Cohere's own answers, bare or wrapped: chat v1 and v2, embed, rerank, classify.
//!
//! What is billed is `billed_units`, not `tokens`, which counts what Cohere adds by itself too; the input holds no
//! cached part that is billed apart, the output includes thinking (cohere-ai/cohere-python, `types/usage.py`,
//! `types/api_meta_billed_units.py`, mid 2026). The answers name no model and no time: the log around them has to.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
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

/// The reader of Cohere's answers.
pub struct Cohere;

/// Keys of an answer: not the log author's.
const OWN: &[&str] = &[
    "id",
    "response_id",
    "generation_id",
    "finish_reason",
    "message",
    "usage",
    "meta",
    "text",
    "chat_history",
    "embeddings",
    "texts",
    "images",
    "response_type",
    "results",
    "classifications",
    "tool_calls",
    "citations",
    "documents",
    "search_results",
    "search_queries",
    "logprobs",
    "prompt",
    "generations",
    "is_search_required",
    "request",
    "params",
];

/// Units that are billed beside tokens: (key, tool id).
const UNITS: [(&str, &str); 3] =
    [("search_units", "search_units"), ("classifications", "classifications"), ("images", "images")];

impl Reader for Cohere {
    fn name(&self) -> &'static str {
        "cohere"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        body::find(record, is_answer).is_some()
    }

    fn origin(&self) -> Origin {
        Origin::Provider
    }

    fn start(&self, _: &Options) -> Box<dyn Session> {
        Box::new(Answers)
    }
}

/// Finds the object with the usage, which has other names in each version of the API.
fn usage_of(body: Node<'_>) -> Option<Node<'_>> {
    [body.get("usage"), body.get("meta")].into_iter().flatten().find(|usage| {
        usage.get("billed_units").is_some()
            || usage.path(&["tokens", "input_tokens"]).is_some()
            || usage.path(&["api_version", "version"]).is_some()
    })
}

fn is_answer(node: Node<'_>) -> bool {
    const MARKS: [&str; 9] = [
        "message",
        "text",
        "embeddings",
        "results",
        "classifications",
        "generations",
        "finish_reason",
        "response_type",
        "generation_id",
    ];
    usage_of(node).is_some() && node.first(&MARKS).is_some()
}

struct Answers;

impl Session for Answers {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let Some(found) = body::find(record.node, is_answer) else {
            return Verdict::NotMine("no answer of Cohere's in it".into());
        };
        let mut call = Call { line: record.line, ..Call::default() };
        let outcome = read(&found, &mut call);
        sink.take(&call, outcome);
        Verdict::Taken
    }
}

fn read<'t>(found: &Found<'t>, call: &mut Call<'t>) -> Result<(), String> {
    let around = body::take_around(found, OWN, call);
    if !around.has_time {
        return Err(around.no_time());
    }
    let body = found.body;
    body::set_id(call, body.first(&["id", "response_id", "generation_id"]).and_then(Node::str));
    call.set_if_none(Dim::Provider, "cohere");
    if body.get("finish_reason").map(Node::raw).is_some_and(|reason| reason.starts_with("ERROR")) {
        body::fail(call, None);
    }
    call.set_if_none(Dim::Status, "ok");
    let Some(usage) = usage_of(body) else { return Err("no usage".into()) };
    if let Some(cached) = usage.get("cached_tokens").and_then(Node::scalar) {
        fields::set_extra(call, "cached_tokens", cached);
    }
    match usage.get("billed_units") {
        Some(units) => take_units(units, body, call),
        None => {
            // The tokens that were processed are more than those that are billed.
            body::missing(call);
            Ok(())
        }
    }
}

fn take_units(units: Node<'_>, body: Node<'_>, call: &mut Call<'_>) -> Result<(), String> {
    let count = |key: &str| value::optional_count(key, units.get(key));
    let (input, output) = (count("input_tokens")?, count("output_tokens")?);
    let pictures = count("image_tokens")?.unwrap_or(0);
    call.tokens.set(Class::Input, input.unwrap_or(0));
    call.tokens.set(Class::ImageIn, pictures);
    call.tokens.set(Class::Output, output.unwrap_or(0));
    for (key, tool) in UNITS {
        if let Some(uses) = count(key)?.filter(|uses| *uses > 0) {
            call.tools.push((tool.into(), uses));
        }
    }
    let makes_no_text = body.first(&["embeddings", "results", "classifications"]).is_some();
    let billed = input.is_some() || pictures > 0 || !call.tools.is_empty();
    if !billed || output.is_none() && !makes_no_text {
        body::missing(call);
    }
    Ok(())
}
