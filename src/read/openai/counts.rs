//! The counts of an OpenAI answer: as they stand in its usage, and as disjoint classes.

use crate::domain::Class;
use crate::domain::Tokens;
use crate::read::json::Node;
use crate::read::value;

/// The counts of an answer, as they stand there.
pub(super) struct Counts {
    input: u64,
    output: u64,
    total: Option<u64>,
    cached: u64,
    pub(super) written: u64,
    audio: u64,
    audio_cached: u64,
    image: u64,
    image_cached: u64,
    pub(super) reasoning: u64,
    audio_out: u64,
    image_out: u64,
}

/// Reads the counts; `None` where the usage does not say what went in or came out.
///
/// `apart` says that reasoning stands beside the output, whatever the total.
pub(super) fn counts(usage: Node<'_>, apart: bool) -> Result<Option<Counts>, String> {
    let of = |node: Option<Node<'_>>, key: &str| {
        value::optional_count(key, node.and_then(|node| node.get(key))).map(|count| count.unwrap_or(0))
    };
    let first = |keys: &[&'static str]| value::optional_count(keys[0], usage.first(keys));
    let input = first(&["prompt_tokens", "input_tokens"])?;
    let output = first(&["completion_tokens", "output_tokens"])?;
    let total = first(&["total_tokens"])?;
    // Embeddings have no output, and say so by the total.
    let output = output.or(if input.is_some() && total == input { Some(0) } else { None });
    let (Some(input), Some(output)) = (input, output) else {
        return Ok(None);
    };
    let details = usage.first(&["prompt_tokens_details", "input_tokens_details", "input_token_details"]);
    let out = usage.first(&["completion_tokens_details", "output_tokens_details", "output_token_details"]);
    let cached_of = details.and_then(|details| details.get("cached_tokens_details"));
    let cached = match details.and_then(|details| details.get("cached_tokens")) {
        Some(node) => value::count("cached_tokens", node)?,
        // DeepSeek's, Moonshot's and Mistral's names for it.
        None => first(&["prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens", "cached_prompt_text_tokens"])?
            .unwrap_or(0),
    };
    let reasoning = match out.and_then(|out| out.get("reasoning_tokens")) {
        Some(node) => value::count("reasoning_tokens", node)?,
        // xAI's old name for it, and Perplexity's.
        None => first(&["reasoning_tokens"])?.unwrap_or(0),
    };
    // Mistral: what is heard is in the total alone.
    let heard = match (usage.get("prompt_audio_seconds"), total) {
        (Some(_), Some(total)) => total.saturating_sub(input + output),
        _ => 0,
    };
    let output = if apart { output + reasoning } else { output };
    let (input, total) = match (heard, apart) {
        (0, false) => (input, total),
        (heard, true) => (input + heard, None),
        (heard, false) => (input + heard, total),
    };
    Ok(Some(Counts {
        input,
        output,
        total,
        cached,
        written: of(details, "cache_write_tokens")?,
        audio: of(details, "audio_tokens")? + heard,
        audio_cached: of(cached_of, "audio_tokens")?,
        image: of(details, "image_tokens")?,
        image_cached: of(cached_of, "image_tokens")?,
        reasoning,
        audio_out: of(out, "audio_tokens")?,
        image_out: of(out, "image_tokens")?,
    }))
}

impl Counts {
    /// Returns the disjoint classes but for the cache writes, and the reasoning, or `None` where the counts contradict each other.
    pub(super) fn disjoint(&self, of_openai: bool) -> Option<(Tokens, u64)> {
        let (output, reasoning) = self.whole_output(of_openai)?;
        let audio = self.audio.checked_sub(self.audio_cached)?;
        let image = self.image.checked_sub(self.image_cached)?;
        let cached = self.cached.checked_sub(self.audio_cached + self.image_cached)?;
        let input = self.input.checked_sub(self.cached + self.written + audio + image)?;
        let text_out = output.checked_sub(self.audio_out + self.image_out)?;
        let mut tokens = Tokens::default();
        for (class, count) in [
            (Class::Input, input),
            (Class::CacheRead, cached),
            (Class::Output, text_out),
            (Class::AudioIn, audio),
            (Class::AudioCacheRead, self.audio_cached),
            (Class::AudioOut, self.audio_out),
            (Class::ImageIn, image),
            (Class::ImageCacheRead, self.image_cached),
            (Class::ImageOut, self.image_out),
        ] {
            tokens.set(class, count);
        }
        (reasoning <= output).then_some((tokens, reasoning))
    }

    /// Returns the output with all reasoning in it, and the reasoning.
    fn whole_output(&self, of_openai: bool) -> Option<(u64, u64)> {
        let sum = self.input + self.output;
        match self.total {
            None => Some((self.output, self.reasoning)),
            Some(total) if total == sum => Some((self.output, self.reasoning)),
            Some(_) if of_openai => None,
            Some(total) if self.reasoning > 0 && total == sum + self.reasoning => {
                Some((self.output + self.reasoning, self.reasoning))
            }
            Some(total) if self.reasoning == 0 && total > sum => Some((total - self.input, total - sum)),
            Some(_) => None,
        }
    }

    /// Returns the counts but for the cache writes as they stand, for a record that nobody can price.
    pub(super) fn raw(&self) -> Tokens {
        let mut tokens = Tokens::default();
        tokens.set(Class::Input, self.input);
        tokens.set(Class::CacheRead, self.cached);
        tokens.set(Class::Output, self.output);
        tokens
    }
}
