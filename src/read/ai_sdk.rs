//! The Vercel AI SDK's results as its callbacks dump them (`onFinish`, `onStepFinish`, the result of `generateText`),
//! versions 4 to 6.
//!
//! Version 6 is inclusive and says so (`inputTokenDetails.noCacheTokens`); in 4 and 5 the input is as the provider
//! counts it: without cached tokens for Anthropic and Bedrock, with them for the others (vercel/ai,
//! `packages/ai/src/types/usage.ts`, `packages/anthropic/src/convert-anthropic-usage.ts`, mid 2026). Output includes
//! reasoning, but for Gemini before version 6, where the total tells. `usage` of a run is that of its last step and
//! `totalUsage` the sum of them: the steps are the calls, the total is read only where they are not in the log.
//! Anthropic's own usage, kept in `providerMetadata`, is preferred.

mod usage;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::CachedInput;
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
use crate::read::provider;

/// The reader of the AI SDK's results.
pub struct AiSdk;

/// Keys of a result: not the log author's.
const OWN: &[&str] = &[
    "text",
    "content",
    "reasoning",
    "reasoningText",
    "reasoningDetails",
    "files",
    "sources",
    "toolCalls",
    "toolResults",
    "staticToolCalls",
    "staticToolResults",
    "dynamicToolCalls",
    "dynamicToolResults",
    "finishReason",
    "rawFinishReason",
    "usage",
    "totalUsage",
    "warnings",
    "logprobs",
    "request",
    "response",
    "responses",
    "providerMetadata",
    "experimental_providerMetadata",
    "experimental_context",
    "experimental_output",
    "stepType",
    "isContinued",
    "steps",
    "stepNumber",
    "model",
    "object",
    "output",
    "embedding",
    "embeddings",
    "value",
    "values",
    "roundtrips",
];

impl Reader for AiSdk {
    fn name(&self) -> &'static str {
        "ai_sdk"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        find(record).is_some()
    }

    fn origin(&self) -> Origin {
        Origin::Application
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Results { cached_input: options.cached_input })
    }
}

struct Results {
    cached_input: Option<CachedInput>,
}

/// Tells the usage of one of the versions.
fn counts(usage: Node<'_>) -> bool {
    usage.first(&["inputTokens", "promptTokens", "inputTokenDetails"]).is_some()
}

fn is_result(node: Node<'_>) -> bool {
    let has = |key: &str| node.has(key);
    let used = ["usage", "totalUsage"].iter().any(|key| node.get(key).is_some_and(counts));
    let steps = || node.get("steps").and_then(|steps| steps.items().next()).is_some_and(has_step);
    let run = has("finishReason") || has("toolResults") || has("stepType") || has("providerMetadata");
    let vectors = || node.path(&["usage", "tokens"]).is_some() && (has("embedding") || has("embeddings"));
    // Converse of Bedrock has a usage of the same spelling and a `stopReason`.
    !has("stopReason") && (used && run || steps() || vectors())
}

fn has_step(step: Node<'_>) -> bool {
    step.get("usage").is_some_and(counts) && step.get("finishReason").is_some()
}

fn find(record: Node<'_>) -> Option<Found<'_>> {
    body::find(record, is_result).or_else(|| {
        let event = record.first(&["event", "payload"]).filter(|event| is_result(*event))?;
        Some(body::inside(record, if record.get("event").is_some() { "event" } else { "payload" }, event))
    })
}

impl Session for Results {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let Some(found) = find(record.node) else {
            return Verdict::NotMine("no result of the AI SDK in it".into());
        };
        let body = found.body;
        let steps: Vec<Node<'_>> = body.get("steps").into_iter().flat_map(Node::items).collect();
        // The steps are the calls; without them the run is one call, and the sum is more than its last step.
        let whole = steps.is_empty() || !steps.iter().all(|step| step.get("usage").is_some());
        let parts = if whole { vec![body] } else { steps };
        for (number, part) in parts.iter().enumerate() {
            let mut call = Call { line: record.line, ..Call::default() };
            match self.read(&found, *part, &mut call) {
                Ok(inner) => {
                    if !whole && parts.len() > 1 {
                        call.set_extra("step", (number + 1).to_string());
                    }
                    sink.call(&call);
                    inner.iter().for_each(|call| sink.call(call));
                }
                Err(reason) => sink.reject(record.line, reason),
            }
        }
        Verdict::Taken
    }
}

impl Results {
    fn read<'t>(&self, found: &Found<'t>, part: Node<'t>, call: &mut Call<'t>) -> Result<Vec<Call<'t>>, String> {
        let body = found.body;
        let around = body::take_around(found, OWN, call);
        take_time(part, body, around.has_time, call).map_err(|reason| around.problem.unwrap_or(reason))?;
        let response = part.get("response").or_else(|| body.get("response"));
        let text = |key: &str| response.and_then(|response| response.get(key)).and_then(Node::str);
        body::set_id(call, text("id"));
        take_seller(part, body, call);
        let asked = [part, body].into_iter().find_map(|node| node.path(&["model", "modelId"]).and_then(Node::str));
        if let Some(asked) = asked {
            call.set(Dim::Model, asked);
        }
        body::set_model(call, text("modelId"));
        if let Some(name) = [part, body].into_iter().find_map(|node| node.get("functionId").and_then(Node::str)) {
            call.set_if_none(Dim::Feature, name);
        }
        if let Some(metadata) = part.get("metadata") {
            fields::nested(metadata, call);
        }
        if part.get("finishReason").map(Node::raw) == Some("error") {
            body::fail(call, None);
        }
        call.set_if_none(Dim::Status, "ok");
        usage::take(part, self.cached_input, call)
    }
}

/// Takes the stamp of the response: a step of a run has its own. What a log says around a run is later.
fn take_time(part: Node<'_>, body: Node<'_>, has_other: bool, call: &mut Call<'_>) -> Result<(), String> {
    let stamp = [part, body].into_iter().find_map(|node| node.path(&["response", "timestamp"]));
    match stamp.map(fields::time) {
        Some(Ok((ts, flags))) => {
            call.flags = Flags(call.flags.0 & !Flags::ZONE_ASSUMED.0);
            call.flags.add(flags);
            call.ts = ts;
            Ok(())
        }
        _ if has_other => Ok(()),
        Some(Err(reason)) => Err(format!("`response.timestamp`: {reason}")),
        None => Err(body::NO_TIME.into()),
    }
}

/// Sets who sold the call: by the model's own word, else by whose metadata came with it.
fn take_seller<'t>(part: Node<'t>, body: Node<'t>, call: &mut Call<'t>) {
    const KNOWN: [(&str, &str); 9] = [
        ("anthropic", "anthropic"),
        ("openai", "openai"),
        ("azure", "azure"),
        ("bedrock", "bedrock"),
        ("google", "google"),
        ("vertex", "vertex"),
        ("xai", "xai"),
        ("deepseek", "deepseek"),
        ("openrouter", "openrouter"),
    ];
    let named = [part, body].into_iter().find_map(|node| node.path(&["model", "provider"]).and_then(Node::str));
    if let Some(name) = named {
        call.set(Dim::Provider, seller(&name).to_string());
        return;
    }
    let metadata = usage::metadata(part);
    let known = KNOWN.into_iter().find(|(key, _)| metadata.is_some_and(|metadata| metadata.get(key).is_some()));
    if let Some((_, name)) = known {
        call.set_if_none(Dim::Provider, name);
    }
}

/// Folds the names that the SDK's packages give themselves: `google.vertex.chat`, `openai.responses`.
fn seller(name: &str) -> std::borrow::Cow<'_, str> {
    match name {
        _ if name.starts_with("google.vertex") => "vertex".into(),
        _ if name.starts_with("vertex.anthropic") => "vertex".into(),
        _ if name.starts_with("google.") => "google".into(),
        "gateway" => "vercel".into(),
        _ => provider::fold(name),
    }
}
