//! The token counts of a row, and what its `prompt_tokens` may contain.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::CachedInput;
use crate::read::json::Node;
use crate::read::value;

/// The counts of a row: its own columns, with the details of the provider's usage.
pub(super) struct Counts {
    pub(super) prompt: u64,
    pub(super) completion: u64,
    pub(super) read: u64,
    pub(super) written: u64,
    pub(super) short: u64,
    pub(super) long: u64,
    pub(super) reasoning: u64,
    pub(super) audio_in: u64,
    pub(super) audio_out: u64,
    pub(super) web_searches: Option<u64>,
}

impl Counts {
    /// Reads them; fails on a value that is no count.
    pub(super) fn read(row: Node<'_>, usages: [Option<Node<'_>>; 2]) -> Result<Counts, String> {
        // The same count may stand under two names, one of them zero: the first that is not zero counts.
        let any = |paths: &[&[&'static str]]| -> Result<u64, String> {
            for usage in usages.into_iter().flatten() {
                for path in paths {
                    let name = path.last().copied().unwrap_or_default();
                    match value::optional_count(name, usage.path(path))? {
                        None | Some(0) => {}
                        Some(count) => return Ok(count),
                    }
                }
            }
            Ok(0)
        };
        let own = |key: &str| value::optional_count(key, row.get(key)).map(|count| count.unwrap_or(0));
        let or = |count: u64, paths: &[&[&'static str]]| if count > 0 { Ok(count) } else { any(paths) };
        const INPUT: &str = "prompt_tokens_details";
        const OUTPUT: &str = "completion_tokens_details";
        const SPLIT: &str = "cache_creation_token_details";
        Ok(Counts {
            prompt: or(own("prompt_tokens")?, &[&["prompt_tokens"], &["input_tokens"]])?,
            completion: or(own("completion_tokens")?, &[&["completion_tokens"], &["output_tokens"]])?,
            read: any(&[
                &["cache_read_input_tokens"],
                &[INPUT, "cached_tokens"],
                &["input_tokens_details", "cached_tokens"],
            ])?,
            written: any(&[
                &["cache_creation_input_tokens"],
                &[INPUT, "cache_creation_tokens"],
                &[INPUT, "cache_write_tokens"],
                &["input_tokens_details", "cache_write_tokens"],
            ])?,
            short: any(&[
                &[INPUT, SPLIT, "ephemeral_5m_input_tokens"],
                &["cache_creation", "ephemeral_5m_input_tokens"],
            ])?,
            long: any(&[
                &[INPUT, SPLIT, "ephemeral_1h_input_tokens"],
                &["cache_creation", "ephemeral_1h_input_tokens"],
            ])?,
            reasoning: any(&[&[OUTPUT, "reasoning_tokens"], &["output_tokens_details", "reasoning_tokens"]])?,
            audio_in: any(&[&[INPUT, "audio_tokens"]])?,
            audio_out: any(&[&[OUTPUT, "audio_tokens"]])?,
            web_searches: Some(any(&[&["server_tool_use", "web_search_requests"], &[INPUT, "web_search_requests"]])?)
                .filter(|uses| *uses > 0),
        })
    }
}

/// Decides what `prompt_tokens` contains. A part larger than the whole rules a reading out; where several stay
/// possible the current meaning is taken, flagged, and the others are kept for the logged cost to choose from.
pub(super) fn settle_input(call: &mut Call<'_>, prompt: u64, read: u64, written: u64, said: Option<CachedInput>) {
    let inside = prompt.checked_sub(read + written);
    let writes_outside = prompt.checked_sub(read).filter(|_| written > 0);
    let outside = Some(prompt);
    let messages = call.extra.iter().any(|(key, value)| key == "call_type" && value.ends_with("anthropic_messages"));
    let readings = match said {
        _ if read + written == 0 => [outside, None, None],
        Some(CachedInput::Outside) => [outside, None, None],
        Some(CachedInput::Inside) if inside.is_some() => [inside, None, None],
        _ if !changed_meaning(call) => [inside.or(outside), None, None],
        _ if inside.is_none() && messages => [outside, writes_outside, None],
        _ => [inside, writes_outside, outside],
    };
    let mut possible = readings.into_iter().flatten();
    let input = possible.next().unwrap_or(prompt);
    let mut others = possible.filter(|other| *other != input);
    let first = others.next();
    call.tokens.set(Class::Input, input);
    call.other_inputs = [first, others.next().filter(|second| first != Some(*second))];
    if call.other_inputs[0].is_some() {
        call.flags.add(Flags::INCLUSIVE_GUESSED);
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
