//! The token counts of a flat record: what its input count contains, which cache writes it means.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::CachedInput;
use crate::read::fields;
use crate::read::fields::Field;
use crate::read::flat::found::Found;
use crate::read::flat::found::Value;
use crate::read::flat::found::slot;
use crate::read::tokens;
use crate::read::tokens::Reading;

/// Sets the cache writes and returns their sum. Where the log gives no lifetime the provider's default is taken,
/// five minutes at Anthropic, thirty at OpenAI, and flagged.
pub(super) fn take_cache_writes(
    call: &mut Call<'_>,
    count: &impl Fn(Field) -> Result<Option<u64>, String>,
) -> Result<u64, String> {
    let (five, thirty, hour) = (count(Field::CacheWrite5m)?, count(Field::CacheWrite30m)?, count(Field::CacheWrite1h)?);
    let split = five.unwrap_or(0) + thirty.unwrap_or(0) + hour.unwrap_or(0);
    let rest = count(Field::CacheWrite)?.unwrap_or(0).saturating_sub(split);
    let half_hour = tokens::keeps_for_half_an_hour(call);
    call.tokens.set(Class::CacheWrite5m, five.unwrap_or(0) + if half_hour { 0 } else { rest });
    call.tokens.set(Class::CacheWrite30m, thirty.unwrap_or(0) + if half_hour { rest } else { 0 });
    call.tokens.set(Class::CacheWrite1h, hour.unwrap_or(0));
    if rest > 0 {
        call.flags.add(Flags::TTL_UNKNOWN);
    }
    Ok(split + rest)
}

/// Tells whether the cache columns are spelt as Anthropic and Bedrock spell theirs, beside an exclusive input.
fn spells_exclusive(found: &Found<'_>, call: &Call<'_>) -> bool {
    let input_key = found.slots[1].map_or("", |value| value.key);
    let spelt = |at: usize| {
        found.slots[at].is_some_and(|value: Value<'_>| {
            ["cache_read_input_tokens", "cache_creation_input_tokens", "cache_write_input_tokens"]
                .iter()
                .any(|name| is_spelt(value.key, name))
        })
    };
    let exclusive = tokens::by_seller(call) == Some(CachedInput::Outside);
    (spelt(5) || spelt(6)) && is_spelt(input_key, "input_tokens") && exclusive
}

/// Tells whether a key is a name but for case and separators.
pub(super) fn is_spelt(key: &str, name: &str) -> bool {
    let letters = |text: &'_ str| {
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).collect::<Vec<_>>()
    };
    key == name || (key.len() + 4 >= name.len() && letters(key) == letters(name))
}

/// Returns what the input count may contain, by the spelling of the columns.
pub(super) fn reading(found: &Found<'_>, call: &Call<'_>) -> Reading {
    if spells_exclusive(found, call) { Reading::PERHAPS_OUTSIDE } else { Reading::PERHAPS_INSIDE }
}

/// Tells whether a model answers with vectors, scores or labels, so that no output count is missing.
pub(super) fn makes_no_text(call: &Call<'_>) -> bool {
    let names = ["embed", "rerank", "moderation", "ada-002"];
    call.dim(Dim::Model).is_some_and(|model| {
        let model = model.to_ascii_lowercase();
        names.iter().any(|name| model.contains(name))
    })
}

/// Tells whether a call went to Gemini, whose own output count leaves the thoughts out.
pub(super) fn is_gemini(call: &Call<'_>) -> bool {
    call.dim(Dim::Model).is_some_and(|model| model.contains("gemini") || model.contains("Gemini"))
}

/// Adds Gemini's thoughts to the output where they stand beside it: by the total if there is one, which Gemini
/// itself counts, else by the provider's own spelling.
pub(super) fn add_thoughts(call: &mut Call<'_>, found: &Found<'_>, input: Option<u64>, total: Option<u64>) {
    let output = call.tokens.get(Class::Output);
    let apart = match (input, total) {
        (Some(input), Some(total)) => total == input + output + call.reasoning,
        _ => slot(Field::Reasoning)
            .and_then(|at| found.slots[at])
            .is_some_and(|value| fields::folded(value.key).starts_with("thoughts")),
    };
    if apart {
        call.tokens.set(Class::Output, output + call.reasoning);
    }
}
