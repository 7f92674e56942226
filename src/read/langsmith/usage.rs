//! The token counts of a run: the provider's own usage where it was kept whole, else what LangChain or a wrapper
//! made of it, else the run's columns.

use crate::domain::Call;
use crate::domain::Dim;
use crate::read::CachedInput;
use crate::read::anthropic;
use crate::read::json::Node;
use crate::read::observability;
use crate::read::openai;
use crate::read::tokens;
use crate::read::tokens::Counts;
use crate::read::tokens::Reading;
use crate::read::tokens::Shape;
use crate::read::value;

/// Tells whether a run's columns count any tokens.
pub(super) fn has_counts(row: Node<'_>) -> bool {
    observability::has_counts(row, &["total_tokens", "prompt_tokens", "completion_tokens"])
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
            let counts = Usage::read(usage, ["input_tokens", "output_tokens"], details)?;
            if counts.is_some() {
                return Ok(self.settle(counts, said, call));
            }
        }
        let counts = Usage::read(self.row, ["prompt_tokens", "completion_tokens"], self.details)?;
        Ok(self.settle(counts, said, call))
    }

    /// Takes the usage as the provider sent it, where that is certain: of OpenAI and Anthropic themselves.
    fn take_raw(&self, call: &mut Call<'t>) -> Result<bool, String> {
        let inner = self.outputs.and_then(|outputs| outputs.get("llm_output"));
        let inner = inner.and_then(|inner| inner.first(&["token_usage", "usage"]));
        let usages = [inner, self.outputs.and_then(|outputs| outputs.get("usage"))];
        for usage in usages.into_iter().flatten().filter(|usage| usage.is_object()) {
            let has = |key: &str| usage.get(key).is_some();
            match (call.dim(Dim::Provider), tokens::shape_of(usage)) {
                (Some("openai" | "azure"), Some(Shape::OpenAi)) if has("total_tokens") => {
                    openai::take_usage(usage, call)?;
                    return Ok(true);
                }
                (Some("anthropic"), Some(Shape::Anthropic)) if has("output_tokens") => {
                    anthropic::take_usage(usage, call)?;
                    return Ok(true);
                }
                _ => {}
            }
        }
        Ok(false)
    }

    fn settle(&self, usage: Option<Usage>, said: Option<CachedInput>, call: &mut Call<'_>) -> bool {
        let Some(Usage { mut counts, tier }) = usage else { return false };
        if let Some(tier) = tier {
            call.set_if_none(Dim::Tier, tier);
        }
        let from_langchain = self.outputs.is_some_and(|outputs| outputs.get("generations").is_some())
            || self.extra.is_some_and(|extra| {
                extra.path(&["runtime", "library"]).is_some_and(|library| library.raw().starts_with("langchain"))
            });
        // Only Google's own total is more than a sum.
        counts.is_summed = !matches!(call.dim(Dim::Provider), Some("google" | "vertex"));
        let is_claude = tokens::is_claude(call) || call.dim(Dim::Provider) == Some("anthropic");
        // A wrapper of the SDK's own left Claude's cached tokens out of the input until March 2026.
        let is_open = is_claude && !from_langchain;
        counts.settle(call, said, if is_open { Reading::PERHAPS_INSIDE } else { Reading::INSIDE });
        true
    }
}

/// The counts of a run as they stand, and the service mode that their names tell.
#[derive(Default)]
struct Usage {
    counts: Counts,
    tier: Option<&'static str>,
}

impl Usage {
    /// Reads them; `None` where there are none, or none but zeros, which stand for the unknown.
    fn read(node: Node<'_>, names: [&'static str; 2], details: [Option<Node<'_>>; 2]) -> Result<Option<Usage>, String> {
        let count = |key: &str| value::optional_count(key, node.get(key));
        let [input, output] = [count(names[0])?, count(names[1])?];
        let counts = Counts {
            input: input.unwrap_or(0),
            output: output.unwrap_or(0),
            total: count("total_tokens")?,
            ..Counts::default()
        };
        let mut usage = Usage { counts, tier: None };
        for (key, node) in details[0].into_iter().flat_map(Node::fields) {
            usage.add_input(key, node)?;
        }
        for (key, node) in details[1].into_iter().flat_map(Node::fields) {
            usage.add_output(key, node)?;
        }
        Ok((!usage.counts.is_zero() && (input.is_some() || output.is_some())).then_some(usage))
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
            "cache_read" | "cached" | "cached_tokens" | "cache_read_input_tokens" => &mut self.counts.read,
            "cache_creation" | "cache_write" | "cache_creation_input_tokens" => &mut self.counts.written,
            "ephemeral_5m_input_tokens" | "cache_creation_5m" => &mut self.counts.short,
            "ephemeral_1h_input_tokens" | "ephemeral_1hr_input_tokens" | "cache_creation_1h" => &mut self.counts.long,
            "audio" => &mut self.counts.audio_in,
            "image" => &mut self.counts.image_in,
            // Other parts are text like the rest, and stand inside the input.
            _ => return Ok(()),
        };
        *field = count?.unwrap_or(0);
        Ok(())
    }

    fn add_output(&mut self, key: &str, node: Node<'_>) -> Result<(), String> {
        let count = value::optional_count(key, Some(node));
        let field = match self.without_tier(key) {
            "reasoning" | "reasoning_tokens" | "thinking" => &mut self.counts.reasoning,
            "audio" => &mut self.counts.audio_out,
            "image" => &mut self.counts.image_out,
            _ => return Ok(()),
        };
        *field = count?.unwrap_or(0);
        Ok(())
    }
}
