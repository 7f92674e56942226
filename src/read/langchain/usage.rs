//! The counts of `usage_metadata`.

use crate::domain::Call;
use crate::domain::Dim;
use crate::read::CachedInput;
use crate::read::body;
use crate::read::json::Node;
use crate::read::tokens::Counts;
use crate::read::tokens::Reading;
use crate::read::value;

/// Tiers that the OpenAI package writes before the names of details: `flex_cache_read`.
const TIERS: [&str; 2] = ["flex", "priority"];

/// Takes the counts; `reading` is what the message's package lets conclude about the input.
pub(super) fn take<'t>(
    usage: Node<'t>,
    said: Option<CachedInput>,
    reading: Reading,
    call: &mut Call<'t>,
) -> Result<(), String> {
    let count = |key: &str| value::optional_count(key, usage.get(key));
    let (Some(input), Some(output)) = (count("input_tokens")?, count("output_tokens")?) else {
        body::missing(call);
        return Ok(());
    };
    let (into, out) = (usage.get("input_token_details"), usage.get("output_token_details"));
    let tier = TIERS
        .into_iter()
        .find(|tier| [into, out].into_iter().flatten().flat_map(Node::fields).any(|(key, _)| key.starts_with(*tier)));
    if let Some(tier) = tier {
        call.set_if_none(Dim::Tier, tier);
    }
    let detail = |details: Option<Node<'_>>, key: &str| -> Result<u64, String> {
        let Some(details) = details else { return Ok(0) };
        let named = tier.and_then(|tier| details.get(&format!("{tier}_{key}"))).or_else(|| details.get(key));
        value::optional_count(key, named).map(|count| count.unwrap_or(0))
    };
    let counts = Counts {
        input,
        output,
        total: count("total_tokens")?,
        is_summed: true,
        read: detail(into, "cache_read")?,
        written: detail(into, "cache_creation")?,
        short: detail(into, "ephemeral_5m_input_tokens")?,
        long: detail(into, "ephemeral_1h_input_tokens")?,
        reasoning: detail(out, "reasoning")?,
        audio_in: detail(into, "audio")?,
        audio_out: detail(out, "audio")?,
        ..Counts::default()
    };
    counts.settle(call, said, reading);
    Ok(())
}
