//! The token counts of a row, and what its `prompt_tokens` may contain.

use crate::domain::Call;
use crate::domain::Dim;
use crate::read::json::Node;
use crate::read::tokens::Contents;
use crate::read::tokens::Counts;
use crate::read::tokens::Reading;
use crate::read::tokens::first_count;
use crate::read::value;

/// Reads the counts of a row: its own columns, with the details of the provider's usage.
pub(super) fn counts(row: Node<'_>, usages: &[Node<'_>]) -> Result<Counts, String> {
    let own = |key: &str| value::optional_count(key, row.get(key)).map(|count| count.unwrap_or(0));
    let or = |count: u64, paths: &[&[&'static str]]| if count > 0 { Ok(count) } else { first_count(usages, paths) };
    Ok(Counts {
        input: or(own("prompt_tokens")?, &[&["prompt_tokens"], &["input_tokens"]])?,
        output: or(own("completion_tokens")?, &[&["completion_tokens"], &["output_tokens"]])?,
        ..Counts::of_details(usages)?
    })
}

/// Reads the uses of the web search tool.
pub(super) fn web_searches(usages: &[Node<'_>]) -> Result<u64, String> {
    const USES: &str = "web_search_requests";
    first_count(usages, &[&["server_tool_use", USES], &["prompt_tokens_details", USES]])
}

/// Returns what `prompt_tokens` may contain: where its meaning changed with the versions, the current one first.
pub(super) fn reading(call: &Call<'_>, counts: &Counts) -> Reading {
    let fits = counts.read + counts.all_written() <= counts.input;
    let messages = call.extra.iter().any(|(key, value)| key == "call_type" && value.ends_with("anthropic_messages"));
    if !changed_meaning(call) {
        Reading::INSIDE
    } else if messages && !fits {
        Reading::Open(&[Contents::Nothing, Contents::Reads])
    } else {
        Reading::Open(&[Contents::All, Contents::Reads, Contents::Nothing])
    }
}

/// Tells whether the row is of a provider for which `prompt_tokens` changed its meaning.
fn changed_meaning(call: &Call<'_>) -> bool {
    let model = call.dim(Dim::Model).unwrap_or_default();
    match call.dim(Dim::Provider) {
        Some("anthropic") | None => true,
        Some("bedrock") => !model.contains("openai"),
        Some("vertex" | "azure") => model.contains("claude"),
        _ => false,
    }
}
