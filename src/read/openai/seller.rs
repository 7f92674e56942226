//! Who sent an answer of OpenAI's shape: many vendors copy it, and some leave marks that no other does.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::read::json::Node;
use crate::read::provider::is_openai_model;

/// Sets the seller, unless the wrapper names one.
pub(super) fn take_seller(body: Node<'_>, call: &mut Call<'_>) {
    let usage = |key: &str| body.path(&["usage", key]).is_some();
    let routed = body.get("id").is_some_and(|id| id.raw().starts_with("gen-")) && body.get("provider").is_some();
    let seller = if body.get("prompt_filter_results").is_some() {
        "azure"
    } else if usage("cost_in_usd_ticks") || usage("num_sources_used") {
        "xai"
    } else if usage("prompt_cache_hit_tokens") {
        "deepseek"
    } else if body.get("x_groq").is_some() {
        "groq"
    } else if routed {
        "openrouter"
    } else if usage("search_context_size") || usage("citation_tokens") || usage("num_search_queries") {
        "perplexity"
    } else if usage("prompt_audio_seconds") || usage("num_cached_tokens") {
        "mistral"
    } else {
        let asked = call.dim(Dim::Model).map(|model| Cow::Owned(model.to_string()));
        let model = body.get("model").and_then(Node::str).or(asked).unwrap_or_default();
        match () {
            () if is_openai_model(&model) => "openai",
            () if model.starts_with("accounts/fireworks/") => "fireworks",
            () if model == "sonar" || model.starts_with("sonar-") => "perplexity",
            // Many vendors copy the shape: whose model it is, the price table may know.
            () => return,
        }
    };
    call.set_if_none(Dim::Provider, seller);
}

/// Tells whether the model is OpenAI's own, so that the documented sums are law.
pub(super) fn of_openai(call: &Call<'_>) -> bool {
    matches!(call.dim(Dim::Provider), Some("openai" | "azure"))
        && is_openai_model(call.dim(Dim::Model).unwrap_or_default())
}
