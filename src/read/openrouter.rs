//! OpenRouter: rows of the activity export (CSV) and generations as its API gives them.
//!
//! Inclusive: the input count contains cached tokens, the output count reasoning (OpenRouter's guide to the
//! activity export, mid 2026). In a generation the `native_tokens_*` are the provider's own counts and the ones
//! billed; the plain `tokens_*` there come from another tokenizer (OpenRouterTeam/typescript-sdk,
//! `models/generationresponsedata`). Whether the native input of a Claude call contains its cached tokens is
//! documented nowhere: it is taken to, flagged. Cache writes are not counted at all; what they cost stands in
//! `cost_cache`, which is kept.
//!
//! `cost_total` is what OpenRouter charged, web search and caching included. With a key of one's own it is
//! OpenRouter's fee alone: the tokens are on the bill of the provider behind, so that one is the call's provider,
//! and its charge is kept as `upstream_cost`. Elsewhere the provider is `openrouter`, the one behind it
//! `upstream_provider`. The daily sums of its activity API are another format.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Usd;
use crate::read::CachedInput;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::body;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::provider;
use crate::read::tokens;
use crate::read::tokens::Counts;
use crate::read::tokens::Reading;
use crate::read::value;
use crate::read::vercel_gateway;

/// The reader of OpenRouter's exports.
pub struct OpenRouter;

impl Reader for OpenRouter {
    fn name(&self) -> &'static str {
        "openrouter"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        is_activity(record) || generation(record).is_some()
    }

    fn origin(&self) -> Origin {
        Origin::Gateway
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Rows { cached_input: options.cached_input })
    }
}

struct Rows {
    cached_input: Option<CachedInput>,
}

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let node = record.node;
        let row = match generation(node) {
            _ if is_activity(node) => Row { node, names: &ACTIVITY, is_activity: true },
            Some(node) => Row { node, names: &GENERATION, is_activity: false },
            None => return Verdict::NotMine("neither a row of OpenRouter's activity nor a generation".into()),
        };
        let mut call = Call { line: record.line, ..Call::default() };
        let outcome = row.read(&mut call, self.cached_input);
        sink.take(&call, outcome);
        Verdict::Taken
    }
}

fn is_activity(node: Node<'_>) -> bool {
    node.get("generation_id").is_some() && node.get("model_permaslug").is_some()
}

/// Returns the generation in a record: itself, or below `data` as the API answers.
fn generation(record: Node<'_>) -> Option<Node<'_>> {
    let is_one = |node: &Node<'_>| {
        node.first(&["native_tokens_prompt", "nativeTokensPrompt", "native_tokens_completion"]).is_some()
            && node.first(&["total_cost", "totalCost"]).is_some()
            && !vercel_gateway::is_generation(*node)
    };
    [Some(record), record.get("data")].into_iter().flatten().find(is_one)
}

/// What each shape calls its fields: the API's name, and the SDK's.
struct Names {
    id: [&'static str; 2],
    model: [&'static str; 2],
    cost: [&'static str; 2],
    upstream_cost: [&'static str; 2],
    input: [&'static str; 2],
    output: [&'static str; 2],
    reasoning: [&'static str; 2],
    cached: [&'static str; 2],
    user: [&'static str; 2],
    finish: [&'static str; 2],
}

const ACTIVITY: Names = Names {
    id: ["generation_id"; 2],
    model: ["model_permaslug"; 2],
    cost: ["cost_total"; 2],
    upstream_cost: ["byok_usage_inference"; 2],
    input: ["tokens_prompt"; 2],
    output: ["tokens_completion"; 2],
    reasoning: ["tokens_reasoning"; 2],
    cached: ["tokens_cached"; 2],
    user: ["user"; 2],
    finish: ["finish_reason_normalized"; 2],
};

const GENERATION: Names = Names {
    id: ["id"; 2],
    model: ["model"; 2],
    cost: ["total_cost", "totalCost"],
    upstream_cost: ["upstream_inference_cost", "upstreamInferenceCost"],
    input: ["native_tokens_prompt", "nativeTokensPrompt"],
    output: ["native_tokens_completion", "nativeTokensCompletion"],
    reasoning: ["native_tokens_reasoning", "nativeTokensReasoning"],
    cached: ["native_tokens_cached", "nativeTokensCached"],
    user: ["external_user", "externalUser"],
    finish: ["finish_reason", "finishReason"],
};

/// A record with the names of its shape.
struct Row<'t> {
    node: Node<'t>,
    names: &'static Names,
    is_activity: bool,
}

impl<'t> Row<'t> {
    fn text(&self, keys: &[&str]) -> Option<Cow<'t, str>> {
        self.node.first(keys).and_then(Node::text)
    }

    fn is(&self, keys: &[&str]) -> bool {
        self.node.first(keys).and_then(Node::bool) == Some(true)
    }

    fn count(&self, keys: &[&'static str]) -> Result<Option<u64>, String> {
        value::optional_count(keys.first().copied().unwrap_or_default(), self.node.first(keys))
    }

    fn money(&self, keys: &[&'static str]) -> Result<Option<Usd>, String> {
        let node = self.node.first(keys).filter(|node| !node.raw().is_empty());
        node.map(|node| value::money(keys.first().copied().unwrap_or_default(), node, 0)).transpose()
    }

    fn read(&self, call: &mut Call<'t>, said: Option<CachedInput>) -> Result<(), String> {
        self.take_time(call)?;
        if let Some(id) = self.text(&self.names.id) {
            call.request_id = Some(id);
            call.flags.add(Flags::UNIQUE_ID);
        }
        call.logged_cost = self.money(&self.names.cost)?;
        let upstream = self.money(&self.names.upstream_cost)?.filter(|cost| *cost > Usd::ZERO);
        let own_key = self.is(&["is_byok", "isByok"]) || self.is_activity && upstream.is_some();
        self.take_seller(call, own_key);
        match upstream {
            Some(cost) if own_key => call.set_extra("upstream_cost", cost.to_string()),
            _ if call.logged_cost.is_some() && !own_key => call.flags.add(Flags::COST_CHARGED),
            _ => {}
        }
        self.take_model(call);
        self.take_outcome(call);
        self.take_dimensions(call);
        self.take_tokens(call, said)?;
        self.take_fees(call)
    }

    fn take_time(&self, call: &mut Call<'t>) -> Result<(), String> {
        let created = self.node.first(&["created_at", "createdAt"]).ok_or("no time: `created_at` is missing")?;
        // The export's stamps have no zone; OpenRouter's are UTC.
        (call.ts, _) = fields::time(created).map_err(|reason| format!("`created_at`: {reason}"))?;
        let millis = |keys: &[&str]| self.node.first(keys).and_then(|node| value::millis(node, 1.0));
        let whole = millis(&["generation_time_ms", "generation_time", "generationTime"]);
        // A generation's `latency` is the time before it, or all of it: whichever is longer took the call's time.
        call.latency_ms = whole.max(millis(&["latency"]));
        call.ttft_ms = millis(&["time_to_first_token_ms"]);
        Ok(())
    }

    fn take_seller(&self, call: &mut Call<'t>, own_key: bool) {
        let behind = self.text(&["provider_name", "providerName"]);
        match behind {
            Some(name) if own_key => {
                call.set(Dim::Provider, upstream(&name).into_owned());
                call.set_extra("byok", "true");
            }
            name => {
                call.set(Dim::Provider, "openrouter");
                if let Some(name) = name {
                    call.set_extra("upstream_provider", name);
                }
            }
        }
    }

    /// Takes the model with its variant, as the price list names it: `maker/model:free`.
    fn take_model(&self, call: &mut Call<'t>) {
        let Some(model) = self.text(&self.names.model) else { return };
        let variant = self.text(&["variant"]).filter(|variant| variant != "standard" && !model.contains(':'));
        match variant {
            Some(variant) => call.set(Dim::Model, format!("{model}:{variant}")),
            None => call.set(Dim::Model, model),
        }
        if let Some(tier) = self.node.first(&["service_tier", "serviceTier"]).map(Node::raw).and_then(value::tier) {
            call.set(Dim::Tier, tier);
        }
    }

    fn take_outcome(&self, call: &mut Call<'t>) {
        let finish = self.text(&self.names.finish);
        let cached = self.text(&["response_cache_source_id", "responseCacheSourceId"]).is_some();
        if cached && call.logged_cost.is_none_or(|cost| cost == Usd::ZERO) {
            body::gateway_hit(call);
        } else if self.is(&["cancelled"]) {
            // Stopped by the caller; what was generated until then may still be billed.
            call.set(Dim::Status, "cancelled");
        } else if finish.as_deref() == Some("error") {
            call.set(Dim::Status, "error");
        } else {
            call.set(Dim::Status, "ok");
        }
        if let Some(finish) = finish {
            fields::set_extra(call, "finish_reason", finish);
        }
    }

    fn take_dimensions(&self, call: &mut Call<'t>) {
        // A key is handed out to a team or a service: it answers for both.
        for (dim, keys) in [
            (Dim::User, self.names.user),
            (Dim::ApiKey, ["api_key_name"; 2]),
            (Dim::Team, ["api_key_name"; 2]),
            (Dim::Session, ["session_id", "sessionId"]),
            (Dim::Region, ["data_region", "dataRegion"]),
        ] {
            if let Some(value) = self.text(&keys) {
                call.set(dim, value);
            }
        }
        for (name, keys) in [
            ("app", ["app_name"; 2]),
            ("app_id", ["app_id", "appId"]),
            ("origin", ["origin"; 2]),
            ("router", ["router"; 2]),
            ("preset_id", ["preset_id", "presetId"]),
            ("api_type", ["api_type", "apiType"]),
            ("upstream_id", ["upstream_id", "upstreamId"]),
            ("request_id", ["request_id", "requestId"]),
            ("web_search_engine", ["web_search_engine", "webSearchEngine"]),
        ] {
            if let Some(value) = self.text(&keys) {
                fields::set_extra(call, name, value);
            }
        }
    }

    fn take_tokens(&self, call: &mut Call<'t>, said: Option<CachedInput>) -> Result<(), String> {
        let (input, output) = (self.count(&self.names.input)?, self.count(&self.names.output)?);
        let unbilled = body::has_failed(call) || call.flags.has(Flags::GATEWAY_CACHE_HIT);
        if !unbilled && (input.is_none() || output.is_none() || input == Some(0) && output == Some(0)) {
            body::missing(call);
        }
        let counts = Counts {
            input: input.unwrap_or(0),
            output: output.unwrap_or(0),
            read: self.count(&self.names.cached)?.unwrap_or(0),
            reasoning: self.count(&self.names.reasoning)?.unwrap_or(0),
            image_out: self.count(&["native_tokens_completion_images", "nativeTokensCompletionImages"])?.unwrap_or(0),
            ..Counts::default()
        };
        let is_known = self.is_activity || !tokens::is_claude(call);
        counts.settle(call, said, if is_known { Reading::INSIDE } else { Reading::PERHAPS_INSIDE });
        Ok(())
    }

    /// Takes what was billed beyond tokens, and the parts of the total that tell of it.
    fn take_fees(&self, call: &mut Call<'t>) -> Result<(), String> {
        let found = self.count(&["num_search_results", "numSearchResults"])?.unwrap_or(0);
        let search_cost = self.money(&["cost_web_search"])?;
        if found > 0 && search_cost != Some(Usd::ZERO) {
            // Billed by the result, not by the search.
            call.tools.push(("web_search_results".into(), found));
        }
        for key in ["cost_web_search", "cost_cache", "cost_file_processing", "cache_discount", "cacheDiscount"] {
            // A discount is negative, so the text is kept as it stands.
            let text = self.text(&[key]).filter(|text| text.bytes().any(|b| (b'1'..=b'9').contains(&b)));
            if let Some(text) = text.filter(|text| value::is_number(text)) {
                call.set_extra(if key == "cacheDiscount" { "cache_discount" } else { key }, text);
            }
        }
        Ok(())
    }
}

/// Folds OpenRouter's names for the providers behind it: its `Google` is Vertex, AI Studio has a name of its own.
fn upstream(name: &str) -> Cow<'_, str> {
    match name {
        "Google" | "Google Vertex" => "vertex".into(),
        _ => provider::fold(name),
    }
}
