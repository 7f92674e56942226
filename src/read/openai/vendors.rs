//! What only some vendors' usage says: units billed beside tokens, reasoning beside the output, pictures.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Tokens;
use crate::read::body;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::value;

/// Units that are billed beside the tokens: (key of the usage, tool id). Where the price table knows no fee for them
/// the call has no price: better than one that leaves them out.
const UNITS: [(&str, &str); 3] = [
    ("num_search_queries", "search_queries"),
    ("citation_tokens", "citation_tokens"),
    ("prompt_audio_seconds", "audio_seconds"),
];

/// Takes billed units, times and words from a usage; the token counts are read apart.
pub(super) fn take_extras<'t>(usage: Node<'t>, call: &mut Call<'t>) -> Result<(), String> {
    for (key, tool) in UNITS {
        if let Some(node) = usage.get(key).filter(|node| !node.is_object())
            && let Some(uses) = whole(key, node)?.filter(|uses| *uses > 0)
        {
            call.tools.push((tool.into(), uses));
        }
    }
    if let Some(size) = usage.get("search_context_size").and_then(Node::str) {
        fields::set_extra(call, "search_context_size", size);
    }
    if usage.get("type").map(Node::raw) == Some("duration")
        && let Some(seconds) = usage.get("seconds").and_then(Node::scalar)
    {
        call.set_extra("audio_seconds", seconds);
    }
    // Groq stamps its answer with what it took, in seconds.
    let seconds = |key: &str| usage.get(key).and_then(|node| value::millis(node, 1000.0));
    if call.latency_ms.is_none()
        && let (Some(queue), Some(total)) = (seconds("queue_time"), seconds("total_time"))
    {
        call.latency_ms = Some(queue.saturating_add(total));
    }
    Ok(())
}

/// Reads a number of units, a part of one counted as a whole.
fn whole(key: &str, node: Node<'_>) -> Result<Option<u64>, String> {
    match value::optional_count(key, Some(node)) {
        Ok(count) => Ok(count),
        // Seconds may have decimals; the count of them is not money.
        Err(reason) => match node.raw().parse::<f64>() {
            Ok(seconds) if (0.0..1e9).contains(&seconds) => Ok(Some(seconds.ceil() as u64)),
            _ => Err(reason),
        },
    }
}

/// Tells whether reasoning stands beside the output and the total leaves it out, as in Perplexity's deep research.
pub(super) fn is_reasoning_apart(usage: Node<'_>, call: &Call<'_>) -> bool {
    let deep = || call.dim(Dim::Model).is_some_and(|model| model.contains("deep-research"));
    usage.get("reasoning_tokens").is_some() && call.dim(Dim::Provider) == Some("perplexity") && deep()
}

/// Takes the usage of an answer that holds pictures: what came out is pictures, unless the usage splits it.
pub(super) fn take_image_usage(usage: Node<'_>, call: &mut Call<'_>) -> Result<(), String> {
    let count = |path: &[&str]| value::optional_count(path.last().unwrap_or(&""), usage.path(path));
    let (Some(input), Some(output)) = (count(&["input_tokens"])?, count(&["output_tokens"])?) else {
        body::missing(call);
        return Ok(());
    };
    let image_in = count(&["input_tokens_details", "image_tokens"])?.unwrap_or(0);
    let cached = count(&["input_tokens_details", "cached_tokens"])?.unwrap_or(0);
    let cached_image = count(&["input_tokens_details", "cached_tokens_details", "image_tokens"])?.unwrap_or(0);
    let text_out = count(&["output_tokens_details", "text_tokens"])?.unwrap_or(0);
    let classes = (|| {
        let cached_text = cached.checked_sub(cached_image)?;
        let text_in = input.checked_sub(image_in)?.checked_sub(cached_text)?;
        let mut tokens = Tokens::default();
        tokens.set(Class::Input, text_in);
        tokens.set(Class::CacheRead, cached_text);
        tokens.set(Class::ImageIn, image_in.checked_sub(cached_image)?);
        tokens.set(Class::ImageCacheRead, cached_image);
        tokens.set(Class::Output, text_out);
        tokens.set(Class::ImageOut, output.checked_sub(text_out)?);
        Some(tokens)
    })();
    match classes {
        Some(tokens) => call.tokens = tokens,
        None => {
            call.tokens.set(Class::Input, input);
            call.tokens.set(Class::Output, output);
            body::inconsistent(call);
        }
    }
    Ok(())
}
