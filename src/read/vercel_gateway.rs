//! Vercel's AI Gateway: generations looked up by their id, as the API answers or as the AI SDK hands them on.
//!
//! Whether `promptTokens` contains the cached tokens is documented nowhere (vercel/ai, `packages/gateway`, the
//! schema of the generation info, mid 2026): a cached count larger than the input stands beside it, else it is
//! taken to be inside, as in the SDK's own usage, flagged, with the other reading kept. Output includes reasoning.
//!
//! `usage` is money, not tokens; `latency` is the time to the first token, `generationTime` the rest. Without a
//! key of one's own Vercel sends the bill; with one, the provider behind does. The spend report sums by day and is
//! another format.

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

/// The reader of the AI Gateway's generations.
pub struct VercelGateway;

impl Reader for VercelGateway {
    fn name(&self) -> &'static str {
        "vercel_gateway"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        locate(record).is_some()
    }

    fn origin(&self) -> Origin {
        Origin::Gateway
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Generations { cached_input: options.cached_input })
    }
}

struct Generations {
    cached_input: Option<CachedInput>,
}

impl Session for Generations {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let Some(node) = locate(record.node) else {
            return Verdict::NotMine("no generation of Vercel's AI Gateway".into());
        };
        let mut call = Call { line: record.line, ..Call::default() };
        let outcome = read(node, record.node, &mut call, self.cached_input);
        sink.take(&call, outcome);
        Verdict::Taken
    }
}

fn locate(record: Node<'_>) -> Option<Node<'_>> {
    [Some(record), record.get("data"), record.get("generation")].into_iter().flatten().find(|node| is_generation(*node))
}

/// Tells a generation of Vercel's from one of OpenRouter's, whose names the API borrows: the id has an underscore,
/// and two keys are Vercel's alone.
pub(super) fn is_generation(node: Node<'_>) -> bool {
    let has = |key: &str| node.get(key).is_some();
    let is_vercels = || {
        let is_theirs = || has("native_tokens_prompt") || has("is_byok") || has("isByok");
        node.get("id").is_some_and(|id| id.raw().starts_with("gen_")) && is_theirs()
            || has("native_tokens_cache_creation")
            || has("billable_web_search_calls")
            || has("cacheCreationTokens")
            || has("billableWebSearchCalls")
    };
    let priced = has("total_cost") || has("totalCost");
    let timed = has("created_at") || has("createdAt");
    priced && timed && is_vercels()
}

fn read<'t>(node: Node<'t>, record: Node<'t>, call: &mut Call<'t>, said: Option<CachedInput>) -> Result<(), String> {
    let text = |keys: &[&str]| node.first(keys).and_then(Node::text);
    let is = |keys: &[&str]| node.first(keys).and_then(Node::bool) == Some(true);
    take_time(node, call)?;
    if let Some(id) = text(&["id"]) {
        call.request_id = Some(id);
        call.flags.add(Flags::UNIQUE_ID);
    }
    let own_key = is(&["is_byok", "isByok"]);
    let behind = text(&["provider_name", "providerName"]);
    match behind {
        Some(name) if own_key => {
            call.set(Dim::Provider, provider::fold(&name).into_owned());
            call.set_extra("byok", "true");
        }
        name => {
            call.set(Dim::Provider, "vercel");
            if let Some(name) = name {
                call.set_extra("upstream_provider", name);
            }
        }
    }
    if let Some(model) = text(&["model"]) {
        call.set(Dim::Model, model);
    }
    take_money(node, call, own_key)?;
    take_outcome(node, call);
    take_dimensions(node, record, call);
    take_tokens(node, call, said)
}

fn take_time(node: Node<'_>, call: &mut Call<'_>) -> Result<(), String> {
    let created = node.first(&["created_at", "createdAt"]).ok_or("no time: `created_at` is missing")?;
    fields::set_time(call, "created_at", created)?;
    let millis = |keys: &[&str]| node.first(keys).and_then(|node| value::millis(node, 1.0));
    call.ttft_ms = millis(&["latency"]);
    call.latency_ms = millis(&["generation_time", "generationTime"]);
    Ok(())
}

fn take_money(node: Node<'_>, call: &mut Call<'_>, own_key: bool) -> Result<(), String> {
    let cost = node.first(&["total_cost", "totalCost"]);
    call.logged_cost = cost.map(|cost| value::money("total_cost", cost, 0)).transpose()?;
    if own_key {
        let upstream = node.first(&["upstream_inference_cost", "upstreamInferenceCost"]);
        let upstream = upstream.map(|cost| value::money("upstream_inference_cost", cost, 0)).transpose()?;
        if let Some(cost) = upstream.filter(|cost| *cost > Usd::ZERO) {
            call.set_extra("upstream_cost", cost.to_string());
        }
    } else if call.logged_cost.is_some() {
        call.flags.add(Flags::COST_CHARGED);
    }
    Ok(())
}

fn take_outcome<'t>(node: Node<'t>, call: &mut Call<'t>) {
    let finish = node.first(&["finish_reason", "finishReason"]).and_then(Node::str).filter(|text| !text.is_empty());
    call.set(Dim::Status, if finish.as_deref() == Some("error") { "error" } else { "ok" });
    if let Some(finish) = finish {
        fields::set_extra(call, "finish_reason", finish);
    }
}

/// Takes the user and the tags, and whatever the log's author put around the generation.
fn take_dimensions<'t>(node: Node<'t>, record: Node<'t>, call: &mut Call<'t>) {
    if let Some(user) = node.get("user").and_then(Node::str) {
        call.set_if_none(Dim::User, user);
    }
    for key in ["tags", "metadata"] {
        if let Some(tags) = node.get(key) {
            fields::nested(tags, call);
        }
    }
    if record.get("data").is_some() || record.get("generation").is_some() {
        let (ts, flags, cost, latency) = (call.ts, call.flags, call.logged_cost, call.latency_ms);
        fields::outer(record, &["data", "generation", "id"], call);
        (call.ts, call.flags, call.logged_cost, call.latency_ms) = (ts, flags, cost, latency);
    }
    body::keep_mode(call);
}

fn take_tokens(node: Node<'_>, call: &mut Call<'_>, said: Option<CachedInput>) -> Result<(), String> {
    let count = |keys: [&'static str; 2]| value::optional_count(keys[0], node.first(&keys));
    let input = count(["native_tokens_prompt", "promptTokens"])?;
    let output = count(["native_tokens_completion", "completionTokens"])?;
    let nothing = input.unwrap_or(0) == 0 && output.unwrap_or(0) == 0;
    if !body::has_failed(call) && (input.is_none() || output.is_none() || nothing) {
        body::missing(call);
    }
    let counts = Counts {
        input: input.unwrap_or(0),
        output: output.unwrap_or(0),
        read: count(["native_tokens_cached", "cachedTokens"])?.unwrap_or(0),
        written: count(["native_tokens_cache_creation", "cacheCreationTokens"])?.unwrap_or(0),
        reasoning: count(["native_tokens_reasoning", "reasoningTokens"])?.unwrap_or(0),
        ..Counts::default()
    };
    let by_seller = tokens::by_seller(call) == Some(CachedInput::Inside);
    counts.settle(call, said, if by_seller { Reading::INSIDE } else { Reading::PERHAPS_INSIDE });
    if let Some(uses) = count(["billable_web_search_calls", "billableWebSearchCalls"])?.filter(|uses| *uses > 0) {
        call.tools.push(("web_search".into(), uses));
    }
    Ok(())
}
