//! A provider's usage as others hand it on: whole, or in OpenAI's shape with additions of their own.

use crate::domain::Call;
use crate::read::CachedInput;
use crate::read::body;
use crate::read::json::Node;
use crate::read::openai;
use crate::read::tokens::Counts;
use crate::read::tokens::Reading;
use crate::read::tokens::sellers::by_seller;
use crate::read::value;

const IN: [&str; 2] = ["prompt_tokens_details", "input_tokens_details"];
const OUT: [&str; 2] = ["completion_tokens_details", "output_tokens_details"];
/// Anthropic's own names, which stand beside the input there.
const BESIDE: [&str; 2] = ["cache_read_input_tokens", "cache_creation_input_tokens"];

/// Whose usage an object is by its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Anthropic's: disjoint counts without a total.
    Anthropic,
    /// OpenAI's, and of the vendors that copy it.
    OpenAi,
}

/// Tells whose usage an object is; `None` where its keys leave that open.
pub fn shape_of(usage: Node<'_>) -> Option<Shape> {
    let has = |key: &str| usage.get(key).is_some();
    let details = usage.first(&IN).is_some();
    if has("prompt_tokens") || has("input_tokens") && has("total_tokens") {
        Some(Shape::OpenAi)
    } else if has("input_tokens") && (!details || has(BESIDE[0]) || has(BESIDE[1])) {
        Some(Shape::Anthropic)
    } else {
        None
    }
}

/// Takes a usage that a gateway handed on: of a provider whose answers are inclusive by that provider's rules, of
/// another by what the usage itself lets conclude.
pub fn take_relayed<'t>(usage: Node<'t>, call: &mut Call<'t>, said: Option<CachedInput>) -> Result<(), String> {
    if said.is_none() && by_seller(call) == Some(CachedInput::Inside) {
        return openai::take_usage(usage, call);
    }
    match Counts::of_usage(usage)? {
        Some(counts) => counts.settle(call, said, relayed_reading(usage, call)),
        None => body::missing(call),
    }
    Ok(())
}

/// Returns what the input of a usage contains that was handed on by somebody who may have added the parts up.
pub fn relayed_reading(usage: Node<'_>, call: &Call<'_>) -> Reading {
    match by_seller(call) {
        Some(CachedInput::Inside) => Reading::INSIDE,
        Some(CachedInput::Outside) if BESIDE.iter().any(|key| usage.get(key).is_some()) => Reading::PERHAPS_OUTSIDE,
        _ => Reading::PERHAPS_INSIDE,
    }
}

impl Counts {
    /// Reads a usage of OpenAI's shape with whatever a gateway added; `None` where it lacks the input or the output.
    pub fn of_usage(usage: Node<'_>) -> Result<Option<Counts>, String> {
        let total = value::optional_count("total_tokens", usage.get("total_tokens"))?;
        let first = |keys: &[&'static str]| value::optional_count(keys[0], usage.first(keys));
        // Kong before 3.8 wrote the singular.
        let input = first(&["prompt_tokens", "input_tokens", "prompt_token"])?;
        let output = first(&["completion_tokens", "output_tokens", "completion_token"])?;
        // Embeddings have no output, and say so by the total.
        let output = output.or(if input.is_some() && total == input { Some(0) } else { None });
        let (Some(input), Some(output)) = (input, output) else {
            return Ok(None);
        };
        Ok(Some(Counts { input, output, total, ..Counts::of_details(&[usage])? }))
    }

    /// Reads what is inside or beside input and output from objects of OpenAI's or Anthropic's shape. The same count
    /// may stand under two names, one of them zero: the first that is not zero counts.
    pub fn of_details(usages: &[Node<'_>]) -> Result<Counts, String> {
        const SPLIT: [&str; 2] = ["cache_creation", "cache_creation_token_details"];
        const TTL: [&str; 2] = ["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"];
        let count = |paths: &[&[&'static str]]| first_count(usages, paths);
        Ok(Counts {
            read: count(&[&[BESIDE[0]], &[IN[0], "cached_tokens"], &[IN[1], "cached_tokens"]])?,
            written: count(&[
                &[BESIDE[1]],
                &[IN[0], "cache_creation_tokens"],
                &[IN[0], "cache_write_tokens"],
                &[IN[1], "cache_write_tokens"],
            ])?,
            short: count(&[&[IN[0], SPLIT[1], TTL[0]], &[SPLIT[0], TTL[0]]])?,
            long: count(&[&[IN[0], SPLIT[1], TTL[1]], &[SPLIT[0], TTL[1]]])?,
            reasoning: count(&[&[OUT[0], "reasoning_tokens"], &[OUT[1], "reasoning_tokens"]])?,
            audio_in: count(&[&[IN[0], "audio_tokens"]])?,
            audio_out: count(&[&[OUT[0], "audio_tokens"]])?,
            ..Counts::default()
        })
    }
}

/// Returns the first count of several places that is not zero.
pub fn first_count(usages: &[Node<'_>], paths: &[&[&'static str]]) -> Result<u64, String> {
    for usage in usages {
        for path in paths {
            let name = path.last().copied().unwrap_or_default();
            match value::optional_count(name, usage.path(path))? {
                None | Some(0) => {}
                Some(count) => return Ok(count),
            }
        }
    }
    Ok(0)
}
