//! What the input counts of a seller's own answers contain: the table that tools inherit by handing them on.

use crate::domain::Call;
use crate::domain::Dim;
use crate::read::CachedInput;

/// Sellers all of whose answers have the cached tokens inside the input, but for Claude's.
const INSIDE: [&str; 9] = ["openai", "azure", "google", "vertex", "mistral", "deepseek", "groq", "moonshot", "xai"];

/// Returns what the input count of the call's own provider contains; `None` for a seller nobody knows.
pub fn by_seller(call: &Call<'_>) -> Option<CachedInput> {
    let seller = call.dim(Dim::Provider);
    let model = call.dim(Dim::Model).unwrap_or_default();
    match seller {
        // It translates every maker's answers to one meaning.
        Some("openrouter") => Some(CachedInput::Inside),
        Some("anthropic") => Some(CachedInput::Outside),
        _ if is_claude(call) => Some(CachedInput::Outside),
        Some("bedrock") if model.contains("openai.") => Some(CachedInput::Inside),
        Some("bedrock") => Some(CachedInput::Outside),
        Some(seller) if INSIDE.contains(&seller) => Some(CachedInput::Inside),
        _ => None,
    }
}

/// Tells whether the model's maker counts cached tokens beside the input, whoever sells it: Anthropic, and Amazon
/// for its Nova.
pub fn is_claude(call: &Call<'_>) -> bool {
    let model = call.dim(Dim::Model).unwrap_or_default();
    ["claude", "anthropic", "nova"].iter().any(|name| model.contains(name))
}
