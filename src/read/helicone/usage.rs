//! The token counts of a request: the provider's own where its answer is in the row, else Helicone's columns.

use crate::domain::Call;
use crate::domain::Flags;
use crate::read::CachedInput;
use crate::read::anthropic;
use crate::read::body;
use crate::read::json::Node;
use crate::read::observability;
use crate::read::openai;
use crate::read::tokens;
use crate::read::tokens::Contents;
use crate::read::tokens::Counts;
use crate::read::tokens::Reading;
use crate::read::tokens::Shape;
use crate::read::value;

/// Tells whether a row counts any tokens.
pub(super) fn has_counts(row: Node<'_>) -> bool {
    observability::has_counts(row, &["prompt_tokens", "completion_tokens"])
}

/// Takes the counts of a row.
pub(super) fn take<'t>(
    row: Node<'t>,
    response: Option<Node<'t>>,
    said: Option<CachedInput>,
    call: &mut Call<'t>,
) -> Result<(), String> {
    if let Some(response) = response
        && from_answer(response, call)?
    {
        return Ok(());
    }
    let counts = columns(row)?;
    if counts.is_zero() {
        // The columns hold zeros where Helicone could not read the usage.
        if !body::has_failed(call) && !call.flags.has(Flags::GATEWAY_CACHE_HIT) {
            body::missing(call);
        }
        return Ok(());
    }
    // Rows of older versions kept the provider's sums; the newer ones leave OpenAI's cache writes in.
    let reading = match tokens::by_seller(call) {
        Some(CachedInput::Outside) => Reading::OUTSIDE,
        _ => Reading::Open(&[Contents::Nothing, Contents::All, Contents::Writes]),
    };
    counts.settle(call, said, reading);
    if !row.has("prompt_cache_read_tokens") && !row.has("prompt_cache_write_tokens") {
        // The export tool's CSV leaves out the cached tokens: how many there were is not told.
        call.flags.add(Flags::INCLUSIVE_GUESSED);
    }
    Ok(())
}

/// Takes the usage of the provider's answer; tells whether there was one.
fn from_answer<'t>(response: Node<'t>, call: &mut Call<'t>) -> Result<bool, String> {
    let Some(usage) = response.get("usage").filter(|usage| usage.is_object()) else {
        return Ok(false);
    };
    let cost = call.logged_cost;
    body::set_model(call, observability::first(response, &["model"]));
    match tokens::shape_of(usage) {
        Some(Shape::Anthropic) if response.get("type").map(Node::raw) == Some("message") => {
            anthropic::take_usage(usage, call)?;
        }
        Some(Shape::OpenAi) => openai::take_usage(usage, call)?,
        _ => return Ok(false),
    }
    call.logged_cost = call.logged_cost.or(cost);
    Ok(true)
}

/// Reads the columns: sounds stand beside the prompt and the answer there, and reasoning beside the answer.
fn columns(row: Node<'_>) -> Result<Counts, String> {
    let count = |key: &str| value::optional_count(key, row.get(key)).map(|count| count.unwrap_or(0));
    let (audio_in, audio_out) = (count("prompt_audio_tokens")?, count("completion_audio_tokens")?);
    let reasoning = count("reasoning_tokens")?;
    Ok(Counts {
        input: count("prompt_tokens")? + audio_in,
        output: count("completion_tokens")? + reasoning + audio_out,
        reasoning,
        read: count("prompt_cache_read_tokens")?,
        written: count("prompt_cache_write_tokens")?,
        audio_in,
        audio_out,
        ..Counts::default()
    })
}
