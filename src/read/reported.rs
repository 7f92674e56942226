//! The counts that a gateway reports of a call, and the decision what its input count contains.
//!
//! A gateway hands on a provider's usage in words of its own, and seldom says whether the input still contains the
//! cached tokens. In order: what the user says; a cached count larger than the input, which cannot be a part of it;
//! a total that the gateway took from the provider; the provider, where all its answers are inclusive; and last the
//! spelling, flagged, with the other reading kept for a logged cost to choose.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::CachedInput;
use crate::read::anthropic;
use crate::read::body;
use crate::read::json::Node;
use crate::read::openai;
use crate::read::value;

/// The counts of a call as a gateway reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// Input tokens; what they contain is the question.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
    /// Tokens read from a cache.
    pub read: u64,
    /// Tokens written to a cache, lifetime not said.
    pub written: u64,
    /// Tokens written for five minutes.
    pub short: u64,
    /// Tokens written for an hour.
    pub long: u64,
    /// Reasoning tokens, most often inside the output.
    pub reasoning: u64,
    /// A total, unless the gateway made it of the other two.
    pub total: Option<u64>,
    /// The cached counts stand beside the input, spelt as Anthropic and Bedrock spell them.
    pub beside: bool,
}

/// What a total tells about the input.
enum Told {
    Inside,
    Outside,
    Nothing,
}

/// Takes a usage that a gateway logged: of a provider whose answers are inclusive by that provider's rules, of
/// another by what the usage itself lets conclude.
pub fn take_usage<'t>(usage: Node<'t>, call: &mut Call<'t>, said: Option<CachedInput>) -> Result<(), String> {
    if said.is_none() && is_inclusive(call) {
        return openai::take_usage(usage, call);
    }
    match Reported::of(usage)? {
        Some(counts) => settle(call, &counts, false, said),
        None => body::missing(call),
    }
    Ok(())
}

impl Reported {
    /// Reads a usage of OpenAI's shape with whatever a gateway added; `None` where it lacks the input or the output.
    pub fn of(usage: Node<'_>) -> Result<Option<Reported>, String> {
        let optional = |paths: &[&[&'static str]]| -> Result<Option<u64>, String> {
            let found = paths.iter().find_map(|path| Some((path.last()?, usage.path(path)?)));
            found.map_or(Ok(None), |(name, node)| value::optional_count(name, Some(node)))
        };
        let count = |paths: &[&[&'static str]]| optional(paths).map(|count| count.unwrap_or(0));
        const IN: [&str; 2] = ["prompt_tokens_details", "input_tokens_details"];
        const OUT: [&str; 2] = ["completion_tokens_details", "output_tokens_details"];
        const SPLIT: &str = "cache_creation";
        let input = optional(&[&["prompt_tokens"], &["input_tokens"], &["prompt_token"]])?;
        let output = optional(&[&["completion_tokens"], &["output_tokens"], &["completion_token"]])?;
        let total = optional(&[&["total_tokens"]])?;
        // Embeddings have no output, and say so by the total.
        let output = output.or(if input.is_some() && total == input { Some(0) } else { None });
        let (Some(input), Some(output)) = (input, output) else {
            return Ok(None);
        };
        let flat = ["cache_read_input_tokens", "cache_creation_input_tokens"];
        Ok(Some(Reported {
            input,
            output,
            read: count(&[&[flat[0]], &[IN[0], "cached_tokens"], &[IN[1], "cached_tokens"]])?,
            written: count(&[
                &[flat[1]],
                &[IN[0], "cache_creation_tokens"],
                &[IN[0], "cache_write_tokens"],
                &[IN[1], "cache_write_tokens"],
            ])?,
            short: count(&[&[SPLIT, "ephemeral_5m_input_tokens"]])?,
            long: count(&[&[SPLIT, "ephemeral_1h_input_tokens"]])?,
            reasoning: count(&[&[OUT[0], "reasoning_tokens"], &[OUT[1], "reasoning_tokens"]])?,
            total,
            beside: flat.iter().any(|key| usage.get(key).is_some()),
        }))
    }

    fn all_written(&self) -> u64 {
        self.written.max(self.short + self.long)
    }

    /// Reads off the total what it contains beyond input and output: cached tokens, reasoning, or both.
    fn told(&self) -> (Told, u64) {
        let cached = self.read + self.all_written();
        let Some(beyond) = self.total.and_then(|total| total.checked_sub(self.input + self.output)) else {
            return (Told::Nothing, 0);
        };
        let reasoning = self.reasoning;
        match beyond {
            0 => (Told::Inside, 0),
            _ if cached > 0 && reasoning > 0 && cached == reasoning => (Told::Nothing, 0),
            _ if beyond == cached => (Told::Outside, 0),
            _ if beyond == reasoning => (Told::Inside, reasoning),
            _ if beyond == cached + reasoning => (Told::Outside, reasoning),
            _ if cached == 0 && reasoning == 0 => (Told::Nothing, beyond),
            _ => (Told::Nothing, 0),
        }
    }
}

/// Sets the disjoint classes of a call. `inside` says that the input contains the cached tokens by the log's own
/// documentation.
pub fn settle(call: &mut Call<'_>, counts: &Reported, inside: bool, said: Option<CachedInput>) {
    let (told, apart) = counts.told();
    set_output(call, counts, apart);
    call.tokens.set(Class::CacheRead, counts.read);
    if matches!(call.dim(Dim::Provider), Some("openai" | "azure")) {
        call.tokens.set(Class::CacheWrite30m, counts.written);
        if counts.written > 0 {
            call.flags.add(Flags::TTL_UNKNOWN);
        }
    } else {
        anthropic::set_cache_writes(call, counts.written, counts.short, counts.long);
    }
    let input = counts.input;
    let cached = counts.read + counts.all_written();
    let within = input.checked_sub(cached);
    let (taken, other) = match (said, within, told) {
        _ if cached == 0 => (input, None),
        (Some(CachedInput::Outside), _, _) => (input, None),
        (Some(CachedInput::Inside), Some(rest), _) => (rest, None),
        (Some(CachedInput::Inside), None, _) => {
            body::inconsistent(call);
            (input, None)
        }
        (None, None, _) | (None, _, Told::Outside) => (input, None),
        (None, Some(rest), Told::Inside) => (rest, None),
        (None, Some(rest), Told::Nothing) if inside || is_inclusive(call) => (rest, None),
        (None, Some(rest), Told::Nothing) if counts.beside && sells_exclusive(call) => (input, Some(rest)),
        (None, Some(rest), Told::Nothing) => (rest, Some(input)),
    };
    call.tokens.set(Class::Input, taken);
    call.other_inputs = [other, None];
    if other.is_some() {
        call.flags.add(Flags::INCLUSIVE_GUESSED);
    }
}

fn set_output(call: &mut Call<'_>, counts: &Reported, apart: u64) {
    // A part cannot exceed the whole: then reasoning stands beside the output, whatever the total.
    let beside = if apart == 0 && counts.reasoning > counts.output { counts.reasoning } else { apart };
    call.tokens.set(Class::Output, counts.output + beside);
    call.reasoning = counts.reasoning;
    if counts.reasoning == 0 && apart > 0 {
        call.reasoning = apart;
        call.set_extra("reasoning_hidden", apart.to_string());
    }
}

/// Notes that a log has no count of cached tokens, so that its input may contain some at another price.
pub fn without_split(call: &mut Call<'_>) {
    call.set_extra("cache_split", "not logged");
}

/// Tells whether every answer of the call's provider has the cached tokens inside its input count.
pub fn is_inclusive(call: &Call<'_>) -> bool {
    const PROVIDERS: [&str; 9] =
        ["openai", "azure", "google", "vertex", "mistral", "deepseek", "groq", "moonshot", "xai"];
    call.dim(Dim::Provider).is_some_and(|name| PROVIDERS.contains(&name)) && !is_claude(call)
}

fn is_claude(call: &Call<'_>) -> bool {
    call.dim(Dim::Model).is_some_and(|model| model.contains("claude"))
}

fn sells_exclusive(call: &Call<'_>) -> bool {
    matches!(call.dim(Dim::Provider), Some("anthropic" | "bedrock")) || is_claude(call)
}
