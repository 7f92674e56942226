//! The token counts of a run: the provider's own usage where it was kept whole, else what LangChain or a wrapper
//! made of it, else the run's columns.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::CachedInput;
use crate::read::anthropic;
use crate::read::body;
use crate::read::json::Node;
use crate::read::openai;
use crate::read::traced;
use crate::read::value;

/// Tells whether a run's columns count any tokens.
pub(super) fn has_counts(row: Node<'_>) -> bool {
    ["total_tokens", "prompt_tokens", "completion_tokens"]
        .iter()
        .any(|key| traced::text(row.get(key)).is_some_and(|count| !count.trim_matches(['0', '.']).is_empty()))
}

/// Returns the first message LangChain wrote down, which carries usage and ids.
pub(super) fn message(outputs: Node<'_>) -> Option<Node<'_>> {
    let generation = outputs.get("generations").and_then(|list| list.items().next());
    // One list for each prompt of a batch, or one list.
    let generation = generation.and_then(|first| first.items().next().or(Some(first)));
    let message = generation.and_then(|generation| generation.get("message")).or_else(|| outputs.get("message"))?;
    Some(message.get("kwargs").unwrap_or(message))
}

/// Where a run's counts may stand.
pub(super) struct Source<'t> {
    pub(super) row: Node<'t>,
    pub(super) outputs: Option<Node<'t>>,
    pub(super) details: [Option<Node<'t>>; 2],
    pub(super) extra: Option<Node<'t>>,
}

impl<'t> Source<'t> {
    /// Takes the counts; tells whether there were any.
    pub(super) fn take(&self, said: Option<CachedInput>, call: &mut Call<'t>) -> Result<bool, String> {
        if said.is_none() && self.take_raw(call)? {
            return Ok(true);
        }
        let messages = self.outputs.and_then(message);
        let usages = [self.outputs, messages].into_iter().flatten().filter_map(|node| node.get("usage_metadata"));
        for usage in usages.filter(|usage| usage.is_object()) {
            let details = [usage.get("input_token_details"), usage.get("output_token_details")];
            let counts = Counts::read(usage, ["input_tokens", "output_tokens"], details)?;
            if counts.is_some() {
                return Ok(self.settle(counts, said, call));
            }
        }
        let counts = Counts::read(self.row, ["prompt_tokens", "completion_tokens"], self.details)?;
        Ok(self.settle(counts, said, call))
    }

    /// Takes the usage as the provider sent it, where that is certain: of OpenAI and Anthropic themselves.
    fn take_raw(&self, call: &mut Call<'t>) -> Result<bool, String> {
        let inner = self.outputs.and_then(|outputs| outputs.get("llm_output"));
        let inner = inner.and_then(|inner| inner.first(&["token_usage", "usage"]));
        let usages = [inner, self.outputs.and_then(|outputs| outputs.get("usage"))];
        for usage in usages.into_iter().flatten().filter(|usage| usage.is_object()) {
            let seller = call.dim(Dim::Provider);
            let counted = |keys: &[&str]| keys.iter().all(|key| usage.get(key).is_some());
            if matches!(seller, Some("openai" | "azure"))
                && (counted(&["prompt_tokens", "total_tokens"]) || counted(&["input_tokens", "total_tokens"]))
            {
                openai::take_usage(usage, call)?;
                return Ok(true);
            }
            if seller == Some("anthropic") && counted(&["input_tokens", "output_tokens"]) && !counted(&["total_tokens"])
            {
                anthropic::take_usage(usage, call)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn settle(&self, counts: Option<Counts>, said: Option<CachedInput>, call: &mut Call<'_>) -> bool {
        let Some(counts) = counts else { return false };
        let from_langchain = self.outputs.is_some_and(|outputs| outputs.get("generations").is_some())
            || self.extra.is_some_and(|extra| {
                extra.path(&["runtime", "library"]).is_some_and(|library| library.raw().starts_with("langchain"))
            });
        counts.settle(said, from_langchain, call);
        true
    }
}

/// The counts of a run as they stand.
#[derive(Default)]
struct Counts {
    input: u64,
    output: u64,
    total: Option<u64>,
    read: u64,
    written: u64,
    short: u64,
    long: u64,
    audio_in: u64,
    image_in: u64,
    reasoning: u64,
    audio_out: u64,
    image_out: u64,
    tier: Option<&'static str>,
}

impl Counts {
    /// Reads them; `None` where there are none, or none but zeros, which stand for the unknown.
    fn read(
        node: Node<'_>,
        names: [&'static str; 2],
        details: [Option<Node<'_>>; 2],
    ) -> Result<Option<Counts>, String> {
        let count = |key: &str| value::optional_count(key, node.get(key));
        let [input, output] = [count(names[0])?, count(names[1])?];
        let mut counts = Counts {
            input: input.unwrap_or(0),
            output: output.unwrap_or(0),
            total: count("total_tokens")?,
            ..Counts::default()
        };
        for (key, node) in details[0].into_iter().flat_map(Node::fields) {
            counts.add_input(key, node)?;
        }
        for (key, node) in details[1].into_iter().flat_map(Node::fields) {
            counts.add_output(key, node)?;
        }
        let any = counts.input + counts.output + counts.read + counts.written + counts.short + counts.long > 0;
        Ok((any && (input.is_some() || output.is_some())).then_some(counts))
    }

    /// Takes the service mode that LangChain writes before the names of OpenAI's counts.
    fn without_tier<'k>(&mut self, key: &'k str) -> &'k str {
        for tier in ["priority", "flex"] {
            if let Some(rest) = key.strip_prefix(tier) {
                self.tier = Some(tier);
                return rest.trim_start_matches('_');
            }
        }
        key
    }

    fn add_input(&mut self, key: &str, node: Node<'_>) -> Result<(), String> {
        let count = value::optional_count(key, Some(node));
        let field = match self.without_tier(key) {
            "cache_read" | "cached" | "cached_tokens" | "cache_read_input_tokens" => &mut self.read,
            "cache_creation" | "cache_write" | "cache_creation_input_tokens" => &mut self.written,
            "ephemeral_5m_input_tokens" | "cache_creation_5m" => &mut self.short,
            "ephemeral_1h_input_tokens" | "ephemeral_1hr_input_tokens" | "cache_creation_1h" => &mut self.long,
            "audio" => &mut self.audio_in,
            "image" => &mut self.image_in,
            // Other parts are text like the rest, and stand inside the input.
            _ => return Ok(()),
        };
        *field = count?.unwrap_or(0);
        Ok(())
    }

    fn add_output(&mut self, key: &str, node: Node<'_>) -> Result<(), String> {
        let count = value::optional_count(key, Some(node));
        let field = match self.without_tier(key) {
            "reasoning" | "reasoning_tokens" | "thinking" => &mut self.reasoning,
            "audio" => &mut self.audio_out,
            "image" => &mut self.image_out,
            _ => return Ok(()),
        };
        *field = count?.unwrap_or(0);
        Ok(())
    }

    /// Sets the disjoint classes of a call.
    fn settle(&self, said: Option<CachedInput>, from_langchain: bool, call: &mut Call<'_>) {
        if let Some(tier) = self.tier {
            call.set_if_none(Dim::Tier, tier);
        }
        self.set_input(said, from_langchain, call);
        self.set_output(call);
    }

    /// Until March 2026 both the whole of the cache writes and their split by lifetime were listed.
    fn written(&self) -> u64 {
        self.written.max(self.short + self.long)
    }

    fn set_input(&self, said: Option<CachedInput>, from_langchain: bool, call: &mut Call<'_>) {
        let (cached, written) = (self.read + self.written(), self.written());
        call.tokens.set(Class::CacheRead, self.read);
        if written > 0 && self.short + self.long == 0 && openai::is_family(call.dim(Dim::Model).unwrap_or_default()) {
            call.tokens.set(Class::CacheWrite30m, written);
            call.flags.add(Flags::TTL_UNKNOWN);
        } else {
            anthropic::set_cache_writes(call, written, self.short, self.long);
        }
        let media = self.audio_in + self.image_in;
        let inside = self.input.checked_sub(cached + media);
        let outside = self.input.checked_sub(media);
        let beside = self.total == Some(self.input + self.output + cached);
        let (input, other) = match (inside, said) {
            _ if cached == 0 => (outside, None),
            // A part cannot exceed the whole.
            (None, _) | (_, Some(CachedInput::Outside)) => (outside, None),
            (Some(_), Some(CachedInput::Inside)) => (inside, None),
            (Some(_), None) if beside => (outside, None),
            // A wrapper of the SDK's own left Claude's cached tokens out of the input until March 2026.
            (Some(_), None) if is_claude(call) && !from_langchain => (inside, outside),
            (Some(_), None) => (inside, None),
        };
        call.tokens.set(Class::AudioIn, self.audio_in);
        call.tokens.set(Class::ImageIn, self.image_in);
        call.tokens.set(Class::Input, input.unwrap_or(self.input));
        if input.is_none() {
            body::inconsistent(call);
        }
        if other.is_some() {
            call.flags.add(Flags::INCLUSIVE_GUESSED);
            call.other_inputs = [other, None];
        }
    }

    fn set_output(&self, call: &mut Call<'_>) {
        let sum = self.input + self.output;
        let from_google = matches!(call.dim(Dim::Provider), Some("google" | "vertex"));
        let (output, reasoning) = match self.total {
            _ if self.reasoning > self.output => (self.output + self.reasoning, self.reasoning),
            Some(total) if self.reasoning > 0 && total == sum + self.reasoning => {
                (self.output + self.reasoning, self.reasoning)
            }
            Some(total) if from_google && self.reasoning == 0 && total > sum => {
                call.set_extra("reasoning_hidden", (total - sum).to_string());
                (total - self.input, total - sum)
            }
            _ => (self.output, self.reasoning),
        };
        call.reasoning = reasoning;
        call.tokens.set(Class::AudioOut, self.audio_out);
        call.tokens.set(Class::ImageOut, self.image_out);
        match output.checked_sub(self.audio_out + self.image_out) {
            Some(text) => call.tokens.set(Class::Output, text),
            None => {
                call.tokens.set(Class::Output, output);
                body::inconsistent(call);
            }
        }
    }
}

/// Tells whether the model's provider reports cached tokens beside the input.
fn is_claude(call: &Call<'_>) -> bool {
    let model = call.dim(Dim::Model).unwrap_or_default();
    call.dim(Dim::Provider) == Some("anthropic") || model.contains("claude") || model.contains("nova")
}
