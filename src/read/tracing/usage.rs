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
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::CachedInput;
use crate::read::anthropic;
use crate::read::body;
use crate::read::tracing::attributes::Attributes;
use crate::read::tracing::names::Slot;
use crate::read::value;

/// The counts of a span, as they stand there.
pub(super) struct Counts {
    input: u64,
    uncached: Option<u64>,
    output: u64,
    read: u64,
    written: u64,
    short: u64,
    long: u64,
    reasoning: u64,
    total: Option<u64>,
    /// A count that a request has is not there: its name may have changed.
    is_partial: bool,
    /// Subsets: class of the subset, the class it is part of, count.
    parts: [(Class, Class, u64); 6],
}

/// What the input count contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Inside,
    Outside,
    /// Likely inside, not settled.
    PerhapsInside,
    /// Likely outside, not settled.
    PerhapsOutside,
}

impl Counts {
    /// Reads the counts; `None` for a span that carries no usage.
    pub(super) fn read(attributes: &Attributes<'_>) -> Result<Option<Counts>, String> {
        let optional = |slot: Slot| value::optional_count(attributes.name(slot), attributes.get(slot));
        let count = |slot: Slot| optional(slot).map(|count| count.unwrap_or(0));
        let (input, output, uncached) =
            (optional(Slot::Input)?, optional(Slot::Output)?, optional(Slot::InputUncached)?);
        if input.is_none() && output.is_none() && uncached.is_none() {
            return Ok(None);
        }
        let total = optional(Slot::Total)?;
        Ok(Some(Counts {
            input: input.or(uncached).unwrap_or(0),
            uncached,
            output: output.unwrap_or(0),
            is_partial: input.or(uncached).is_none() || output.is_none() && !is_inputs_only(attributes, input, total),
            read: count(Slot::CacheRead)?,
            written: count(Slot::CacheWrite)?,
            short: count(Slot::CacheWrite5m)?,
            long: count(Slot::CacheWrite1h)?,
            reasoning: count(Slot::Reasoning)?,
            total,
            parts: [
                (Class::AudioCacheRead, Class::CacheRead, count(Slot::AudioCacheRead)?),
                (Class::ImageCacheRead, Class::CacheRead, count(Slot::ImageCacheRead)?),
                (Class::AudioIn, Class::Input, count(Slot::AudioIn)?),
                (Class::ImageIn, Class::Input, count(Slot::ImageIn)?),
                (Class::AudioOut, Class::Output, count(Slot::AudioOut)?),
                (Class::ImageOut, Class::Output, count(Slot::ImageOut)?),
            ],
        }))
    }

    /// Sets the disjoint classes of a call.
    pub(super) fn settle(
        &self,
        scope: &str,
        said: Option<CachedInput>,
        attributes: &Attributes<'_>,
        call: &mut Call<'_>,
    ) {
        self.set_output(scope, call);
        call.tokens.set(Class::CacheRead, self.read);
        self.set_writes(call);
        self.set_input(scope, said, attributes, call);
        self.set_parts(call);
        if self.is_partial && !body::has_failed(call) {
            body::missing(call);
        }
        if let Ok(Some(uses)) = value::optional_count("web_search", attributes.get(Slot::WebSearch))
            && uses > 0
        {
            call.tools.push(("web_search".into(), uses));
        }
    }

    fn written(&self) -> u64 {
        self.written.max(self.short + self.long)
    }

    fn set_output(&self, scope: &str, call: &mut Call<'_>) {
        let sum = self.input + self.output;
        let from_provider = scope.contains("google") || scope.contains("vertex");
        let (output, reasoning) = match self.total {
            // A part cannot exceed the whole, and no tool adds up a total in which reasoning counts twice.
            _ if self.reasoning > self.output => (self.output + self.reasoning, self.reasoning),
            Some(total) if self.reasoning > 0 && total == sum + self.reasoning => {
                (self.output + self.reasoning, self.reasoning)
            }
            Some(total) if from_provider && self.reasoning == 0 && total > sum => {
                let hidden = total - sum;
                call.set_extra("reasoning_hidden", hidden.to_string());
                (self.output + hidden, hidden)
            }
            _ => (self.output, self.reasoning),
        };
        call.tokens.set(Class::Output, output);
        call.reasoning = reasoning;
    }

    fn set_writes(&self, call: &mut Call<'_>) {
        if matches!(call.dim(Dim::Provider), Some("openai" | "azure")) {
            call.tokens.set(Class::CacheWrite30m, self.written());
            if self.written() > 0 {
                call.flags.add(Flags::TTL_UNKNOWN);
            }
        } else {
            anthropic::set_cache_writes(call, self.written, self.short, self.long);
        }
    }

    fn set_input(&self, scope: &str, said: Option<CachedInput>, attributes: &Attributes<'_>, call: &mut Call<'_>) {
        let cached = self.read + self.written();
        let inside = self.input.checked_sub(cached);
        let (input, other) = match (self.uncached, inside) {
            (Some(uncached), _) => (uncached, None),
            (None, _) if cached == 0 => (self.input, None),
            // A part cannot exceed the whole.
            (None, None) => (self.input, None),
            (None, Some(inside)) => match said.map_or_else(|| self.reading(scope, attributes, call), Reading::from) {
                Reading::Inside => (inside, None),
                Reading::Outside => (self.input, None),
                Reading::PerhapsInside => (inside, Some(self.input)),
                Reading::PerhapsOutside => (self.input, Some(inside)),
            },
        };
        call.tokens.set(Class::Input, input);
        if other.is_some() {
            call.flags.add(Flags::INCLUSIVE_GUESSED);
            call.other_inputs = [other, None];
        }
    }

    fn reading(&self, scope: &str, attributes: &Attributes<'_>, call: &Call<'_>) -> Reading {
        let model = call.dim(Dim::Model).unwrap_or_default();
        let claude = model.contains("claude") || call.dim(Dim::Provider) == Some("anthropic");
        let own_counts = claude || model.contains("nova") || model.contains("anthropic");
        let all = self.input + self.output + self.read + self.written();
        if self.total == Some(all) {
            return Reading::Outside;
        }
        if scope.contains("bedrock") {
            return if own_counts { Reading::Outside } else { Reading::Inside };
        }
        let open = own_counts || call.dim(Dim::Provider) == Some("bedrock");
        let adds_all = scope == "openinference.instrumentation.anthropic"
            || scope.ends_with("openinference-instrumentation-anthropic")
            || scope == "gen_ai";
        let spelt = [attributes.name(Slot::CacheRead), attributes.name(Slot::CacheWrite)];
        if attributes.name(Slot::Input) == "input_tokens" {
            return Reading::Outside;
        }
        if !open || adds_all {
            return Reading::Inside;
        }
        if spelt.iter().any(|name| name.starts_with("ai.usage.inputTokenDetails.")) {
            return Reading::Inside;
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
        if spelt.into_iter().any(flat) && !adds { Reading::PerhapsOutside } else { Reading::PerhapsInside }
    }

    fn set_parts(&self, call: &mut Call<'_>) {
        for (part, whole, count) in self.parts.iter().filter(|(_, _, count)| *count > 0) {
            // Of an input that is not settled no part can be taken; it is priced as text, as most models do.
            if *whole == Class::Input && call.other_inputs[0].is_some() {
                continue;
            }
            let cached: u64 = match part {
                Class::AudioIn => call.tokens.get(Class::AudioCacheRead),
                Class::ImageIn => call.tokens.get(Class::ImageCacheRead),
                _ => 0,
            };
            let rest = count.checked_sub(cached).and_then(|own| Some((own, call.tokens.get(*whole).checked_sub(own)?)));
            match rest {
                Some((own, rest)) => {
                    call.tokens.set(*part, own);
                    call.tokens.set(*whole, rest);
                }
                None => body::inconsistent(call),
            }
        }
    }
}

/// Tells whether a span without an output count is of work that has none: an embedding, a ranking, or an answer
/// whose total is its input.
fn is_inputs_only(attributes: &Attributes<'_>, input: Option<u64>, total: Option<u64>) -> bool {
    let slots = [Slot::Operation, Slot::OpenInferenceKind, Slot::RequestType, Slot::AiOperation, Slot::LangfuseKind];
    let said = slots.iter().filter_map(|slot| attributes.text(*slot)).map(|text| text.to_ascii_lowercase());
    let mut said = said.filter(|text| text.contains("embed") || text.contains("rerank"));
    said.next().is_some() || input.is_some() && total == input || attributes.name(Slot::Input) == "ai.usage.tokens"
}

impl From<CachedInput> for Reading {
    fn from(said: CachedInput) -> Reading {
        match said {
            CachedInput::Inside => Reading::Inside,
            CachedInput::Outside => Reading::Outside,
        }
    }
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
