//! Tells OpenAI answers, errors and objects that are no calls apart, by their keys.

use crate::read::body;
use crate::read::body::Found;
use crate::read::json::Node;

/// Keys of an answer: not the log author's.
pub(super) const OWN: &[&str] = &[
    "id",
    "object",
    "created",
    "created_at",
    "completed_at",
    "model",
    "choices",
    "usage",
    "service_tier",
    "system_fingerprint",
    "prompt_filter_results",
    "data",
    "output",
    "output_text",
    "status",
    "status_details",
    "error",
    "incomplete_details",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "modalities",
    "output_modalities",
    "parallel_tool_calls",
    "previous_response_id",
    "reasoning",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "top_logprobs",
    "truncation",
    "user",
    "metadata",
    "background",
    "billing",
    "conversation",
    "conversation_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "frequency_penalty",
    "presence_penalty",
    "input",
    "moderation",
    "provider",
    "x_groq",
    "request",
    "params",
];

pub(super) fn locate(record: Node<'_>) -> Option<Found<'_>> {
    body::find(record, is_answer).or_else(|| {
        // An `error` alone is any program's log line; beside a request, or in place of an answer, it is a call's.
        let found = body::find(record, is_error)?;
        (found.is_wrapped() || found.request().is_some_and(|request| request.get("model").is_some())).then_some(found)
    })
}

pub(super) fn is_answer(node: Node<'_>) -> bool {
    match text(node, "object") {
        Some("chat.completion" | "text_completion" | "response" | "realtime.response") => true,
        Some("list") => node.path(&["usage", "prompt_tokens"]).is_some(),
        _ if node.path(&["usage", "prompt_tokens"]).is_some() && node.get("choices").is_some() => true,
        Some(_) => is_cut(node),
        None => is_cut(node) || is_image(node) || is_transcript(node),
    }
}

/// Tells whether an answer was cut down to its model and usage. A record with keys of somebody else's is a log's own.
fn is_cut(node: Node<'_>) -> bool {
    let usage = |key: &str| node.path(&["usage", key]).is_some();
    let counted = usage("prompt_tokens") && (usage("completion_tokens") || usage("total_tokens"))
        || usage("input_tokens")
            && ["total_tokens", "input_tokens_details", "output_tokens_details"].into_iter().any(usage);
    counted && node.get("model").is_some() && node.fields().all(|(key, _)| OWN.contains(&key))
}

/// Tells the answer of the image endpoints: a list of pictures, made at a time.
pub(super) fn is_image(node: Node<'_>) -> bool {
    let first = || node.get("data").and_then(|data| data.items().next());
    node.get("created").is_some()
        && (first().is_some_and(|item| item.first(&["b64_json", "url"]).is_some())
            || node.get("data").is_some_and(|data| data.items().next().is_none())
                && node.path(&["usage", "input_tokens"]).is_some())
}

/// Tells the answer of the transcription endpoints: a text, and a usage in tokens or in seconds.
pub(super) fn is_transcript(node: Node<'_>) -> bool {
    let kind = node.path(&["usage", "type"]).map(Node::raw);
    node.get("text").is_some()
        && (matches!(kind, Some("tokens" | "duration")) || node.path(&["usage", "prompt_audio_seconds"]).is_some())
}

pub(super) fn is_error(node: Node<'_>) -> bool {
    text(node, "type") != Some("error")
        && node.get("error").is_some_and(|error| error.first(&["message", "code", "type"]).is_some())
}

/// Tells why an object of the API is no call: it sums calls, or is a thing that the API keeps.
pub(super) fn no_call(node: Node<'_>) -> Option<&'static str> {
    let object = text(node, "object")?;
    Some(match object {
        "batch" => "batch_rollup",
        "fine_tuning.job"
        | "fine_tuning.job.event"
        | "fine_tuning.job.checkpoint"
        | "file"
        | "model"
        | "upload"
        | "vector_store"
        | "response.deleted"
        | "chat.completion.deleted" => "no_call",
        "list" => {
            let first = node.get("data")?.items().next()?;
            // A list of answers or embeddings is for others to tell.
            return no_call(first).filter(|_| node.get("usage").is_none());
        }
        _ => return None,
    })
}

pub(super) fn text<'t>(node: Node<'t>, key: &str) -> Option<&'t str> {
    node.get(key).map(Node::raw)
}
