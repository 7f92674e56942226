//! What the token counts of a span contain. The convention is inclusive; who deviates is known by scope name.
//!
//! - OpenLLMetry Bedrock and OpenInference Bedrock pass on Bedrock's own counts, exclusive for Claude and Nova
//!   (`bedrock/span_utils.py` converse_usage_record; `_converse_attributes.py`).
//! - OpenLLMetry Anthropic adds the cached tokens on its main path and not in its helpers (`anthropic/
//!   __init__.py`, `span_utils.py`): open. OpenInference Anthropic adds them always (`anthropic/_utils.py`).
//! - OpenLLMetry Google leaves thoughts out of the output, and keeps Gemini's total (`google_generativeai/
//!   span_utils.py`): the difference is reasoning.
//! - Vercel AI SDK: inclusive from version 6 on, which is known by its `inputTokenDetails` or by the scope `gen_ai`
//!   of its own package for telemetry; before that as the provider counts (`convert-anthropic-usage.ts`).
//! - Claude Code's own spans have names of their own and carry Anthropic's counts, exclusive.
//!
//! Anything else with a Claude model is open too: spelling decides, the other reading is kept, and a logged
//! cost may settle it (all sources mid 2026).

use crate::domain::Call;
use crate::domain::Dim;
use crate::read::CachedInput;
use crate::read::body;
use crate::read::spans::attributes::Attributes;
use crate::read::spans::names::Slot;
use crate::read::tokens;
use crate::read::tokens::Counts;
use crate::read::tokens::Reading;
use crate::read::value;

/// The usage of a span, as it stands there.
pub(super) struct Usage {
    counts: Counts,
    /// A count that a request has is not there: its name may have changed.
    is_partial: bool,
}

impl Usage {
    /// Reads the counts; `None` for a span that carries no usage.
    pub(super) fn read(attributes: &Attributes<'_>) -> Result<Option<Usage>, String> {
        let optional = |slot: Slot| value::optional_count(attributes.name(slot), attributes.get(slot));
        let count = |slot: Slot| optional(slot).map(|count| count.unwrap_or(0));
        let (input, output, uncached) =
            (optional(Slot::Input)?, optional(Slot::Output)?, optional(Slot::InputUncached)?);
        if input.is_none() && output.is_none() && uncached.is_none() {
            return Ok(None);
        }
        let total = optional(Slot::Total)?;
        let counts = Counts {
            input: input.or(uncached).unwrap_or(0),
            uncached,
            output: output.unwrap_or(0),
            read: count(Slot::CacheRead)?,
            written: count(Slot::CacheWrite)?,
            short: count(Slot::CacheWrite5m)?,
            long: count(Slot::CacheWrite1h)?,
            reasoning: count(Slot::Reasoning)?,
            total,
            is_summed: true,
            audio_in: count(Slot::AudioIn)?,
            audio_read: count(Slot::AudioCacheRead)?,
            image_in: count(Slot::ImageIn)?,
            image_read: count(Slot::ImageCacheRead)?,
            audio_out: count(Slot::AudioOut)?,
            image_out: count(Slot::ImageOut)?,
        };
        let is_whole = output.is_some() || is_inputs_only(attributes, input, total);
        Ok(Some(Usage { counts, is_partial: input.or(uncached).is_none() || !is_whole }))
    }

    /// Sets the disjoint classes of a call.
    pub(super) fn settle(
        mut self,
        scope: &str,
        said: Option<CachedInput>,
        attributes: &Attributes<'_>,
        call: &mut Call<'_>,
    ) {
        // Google's packages keep the provider's own total; the others add one up.
        self.counts.is_summed = !(scope.contains("google") || scope.contains("vertex"));
        self.counts.settle(call, said, reading(scope, attributes, call));
        if self.is_partial && !body::has_failed(call) {
            body::missing(call);
        }
        if let Ok(Some(uses)) = value::optional_count("web_search", attributes.get(Slot::WebSearch))
            && uses > 0
        {
            call.tools.push(("web_search".into(), uses));
        }
    }
}

/// Returns what the input of a span contains, by who instrumented the call and by the names of its counts.
fn reading(scope: &str, attributes: &Attributes<'_>, call: &Call<'_>) -> Reading {
    let own_counts = tokens::is_claude(call) || call.dim(Dim::Provider) == Some("anthropic");
    if scope.contains("bedrock") {
        return if own_counts { Reading::OUTSIDE } else { Reading::INSIDE };
    }
    // Claude Code's own spans.
    if attributes.name(Slot::Input) == "input_tokens" {
        return Reading::OUTSIDE;
    }
    let open = own_counts || call.dim(Dim::Provider) == Some("bedrock");
    let adds_all = scope == "openinference.instrumentation.anthropic"
        || scope.ends_with("openinference-instrumentation-anthropic")
        || scope == "gen_ai";
    let spelt = [attributes.name(Slot::CacheRead), attributes.name(Slot::CacheWrite)];
    if !open || adds_all || spelt.iter().any(|name| name.starts_with("ai.usage.inputTokenDetails.")) {
        return Reading::INSIDE;
    }
    let flat = |name: &str| {
        matches!(
            name,
            "gen_ai.usage.cache_read_input_tokens"
                | "gen_ai.usage.cache_creation_input_tokens"
                | "ai.usage.cachedInputTokens"
        )
    };
    // The helpers that deviate are the exception in this package; its main path adds the cached tokens.
    let adds = matches!(scope, "opentelemetry.instrumentation.anthropic" | "@traceloop/instrumentation-anthropic");
    if spelt.into_iter().any(flat) && !adds { Reading::PERHAPS_OUTSIDE } else { Reading::PERHAPS_INSIDE }
}

/// Tells whether a span without an output count is of work that has none: an embedding, a ranking, or an answer
/// whose total is its input.
fn is_inputs_only(attributes: &Attributes<'_>, input: Option<u64>, total: Option<u64>) -> bool {
    let slots = [Slot::Operation, Slot::OpenInferenceKind, Slot::RequestType, Slot::AiOperation, Slot::LangfuseKind];
    let said = slots.iter().filter_map(|slot| attributes.text(*slot)).map(|text| text.to_ascii_lowercase());
    let mut said = said.filter(|text| text.contains("embed") || text.contains("rerank"));
    said.next().is_some() || input.is_some() && total == input || attributes.name(Slot::Input) == "ai.usage.tokens"
}

/// Returns the seller whose SDK a scope instruments, for spans that name no provider.
pub(super) fn seller_of(scope: &str) -> Option<&'static str> {
    const SCOPES: [(&str, &str); 12] = [
        ("openai", "openai"),
        ("anthropic", "anthropic"),
        ("bedrock", "bedrock"),
        ("genai", "google"),
        ("generativeai", "google"),
        ("google_generativeai", "google"),
        ("google_genai", "google"),
        ("vertexai", "vertex"),
        ("mistralai", "mistral"),
        ("groq", "groq"),
        ("cohere", "cohere"),
        ("together", "together"),
    ];
    let package = scope.rsplit(['.', '-', '/']).next()?;
    let package = package.strip_suffix("_v2").unwrap_or(package);
    SCOPES.iter().find(|(name, _)| *name == package).map(|(_, seller)| *seller)
}
