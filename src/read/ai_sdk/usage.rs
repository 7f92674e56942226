//! The counts of a step or a run.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::read::CachedInput;
use crate::read::anthropic;
use crate::read::body;
use crate::read::json::Node;
use crate::read::tokens;
use crate::read::tokens::Counts;
use crate::read::tokens::Reading;
use crate::read::value;

/// Returns what the providers said beside the answer.
pub(super) fn metadata(part: Node<'_>) -> Option<Node<'_>> {
    part.first(&["providerMetadata", "experimental_providerMetadata"])
}

/// Takes the counts, and returns the requests made inside the call that they leave out.
pub(super) fn take<'t>(
    part: Node<'t>,
    said: Option<CachedInput>,
    call: &mut Call<'t>,
) -> Result<Vec<Call<'t>>, String> {
    // A sum of several steps is more than the last one's own usage.
    let sum = part.get("totalUsage").filter(|sum| differs(*sum, part.get("usage")));
    if sum.is_none()
        && let Some(usage) = metadata(part).and_then(|metadata| metadata.path(&["anthropic", "usage"]))
        && usage.get("input_tokens").is_some()
    {
        anthropic::take_usage(usage, call)?;
        return anthropic::inner_calls(Some(usage), call);
    }
    match sum.or_else(|| part.first(&["usage", "totalUsage"])) {
        Some(usage) if usage.get("tokens").is_some() => {
            let tokens = value::optional_count("tokens", usage.get("tokens"))?;
            call.tokens.set(Class::Input, tokens.unwrap_or(0));
        }
        Some(usage) => take_counts(usage, metadata(part), said, call)?,
        None => body::missing(call),
    }
    Ok(Vec::new())
}

/// Tells whether a sum is not simply the usage of one step.
fn differs(sum: Node<'_>, usage: Option<Node<'_>>) -> bool {
    let Some(usage) = usage else { return true };
    const KEYS: [&str; 5] = ["inputTokens", "outputTokens", "promptTokens", "completionTokens", "cachedInputTokens"];
    KEYS.into_iter().any(|key| sum.get(key).map(Node::raw) != usage.get(key).map(Node::raw))
}

fn take_counts<'t>(
    usage: Node<'t>,
    metadata: Option<Node<'t>>,
    said: Option<CachedInput>,
    call: &mut Call<'t>,
) -> Result<(), String> {
    let count = |path: &[&str]| value::optional_count(path.last().unwrap_or(&""), usage.path(path));
    let either = |a: &[&str], b: &[&str]| count(a).and_then(|found| found.map_or_else(|| count(b), |n| Ok(Some(n))));
    let input = either(&["inputTokens"], &["promptTokens"])?;
    let output = either(&["outputTokens"], &["completionTokens"])?;
    let no_cache = count(&["inputTokenDetails", "noCacheTokens"])?;
    let (Some(input), Some(output)) = (input.or(no_cache), output) else {
        body::missing(call);
        return Ok(());
    };
    // Versions 4 and 5 keep what Anthropic and Bedrock wrote to a cache beside the usage.
    let beside = |path: &[&str]| {
        let node = metadata.and_then(|metadata| metadata.path(path));
        value::optional_count(path.last().unwrap_or(&""), node)
    };
    let read = match either(&["inputTokenDetails", "cacheReadTokens"], &["cachedInputTokens"])? {
        Some(read) => Some(read),
        None => match beside(&["anthropic", "cacheReadInputTokens"])? {
            Some(read) => Some(read),
            None => match beside(&["bedrock", "usage", "cacheReadInputTokens"])? {
                Some(read) => Some(read),
                None => beside(&["openai", "cachedPromptTokens"])?,
            },
        },
    };
    let written = match count(&["inputTokenDetails", "cacheWriteTokens"])? {
        Some(written) => Some(written),
        None => match beside(&["anthropic", "cacheCreationInputTokens"])? {
            Some(written) => Some(written),
            None => beside(&["bedrock", "usage", "cacheWriteInputTokens"])?,
        },
    };
    let (read, written) = (read.unwrap_or(0), written.unwrap_or(0));
    let reasoning = match either(&["outputTokenDetails", "reasoningTokens"], &["reasoningTokens"])? {
        Some(reasoning) => reasoning,
        None => beside(&["openai", "reasoningTokens"])?.unwrap_or(0),
    };
    let reading = match by_package(call) {
        Some(known) => Reading::from(known),
        None if tokens::is_claude(call) => Reading::PERHAPS_OUTSIDE,
        None => Reading::PERHAPS_INSIDE,
    };
    let counts = Counts {
        input,
        uncached: no_cache,
        output,
        total: count(&["totalTokens"])?.filter(|_| no_cache.is_none()),
        is_summed: true,
        read,
        written,
        reasoning,
        ..Counts::default()
    };
    counts.settle(call, said, reading);
    Ok(())
}

/// Returns what the input contains by whose package counted it, before version 6: each passed on its seller's counts.
fn by_package(call: &Call<'_>) -> Option<CachedInput> {
    match call.dim(Dim::Provider)? {
        "anthropic" | "bedrock" => Some(CachedInput::Outside),
        "openai" | "azure" | "google" | "xai" | "groq" | "mistral" | "deepseek" | "openrouter" => {
            Some(CachedInput::Inside)
        }
        _ => None,
    }
}
