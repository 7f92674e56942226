//! Cloudflare's AI Gateway: its log entries, as the API lists them and the dashboard exports them.
//!
//! `tokens_in` and `tokens_out` are sums without a split of cached or reasoning tokens (cloudflare/cloudflare-typescript,
//! `resources/ai-gateway/logs.ts`, mid 2026): the input is taken as it stands and every call says so
//! (`cache_split`). `cost` is the gateway's estimate. An entry with `cached` came from the gateway's own cache.
//! `step` counts the attempts of a request with fallbacks, each an entry of its own.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::body;
use crate::read::body::Embedded;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::provider;
use crate::read::tokens;
use crate::read::value;

/// The reader of the AI Gateway's log.
pub struct Cloudflare;

impl Reader for Cloudflare {
    fn name(&self) -> &'static str {
        "cloudflare"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let has = |key: &str| record.has(key);
        // `cached` is a count in many a homemade log: here it is a yes or no.
        let cached = || record.get("cached").is_some_and(|cached| cached.bool().is_some());
        const OWN: [&str; 7] =
            ["tokens_in", "tokens_out", "step", "request_type", "custom_cost", "model_type", "request_content_type"];
        has("provider") && has("model") && cached() && OWN.iter().filter(|key| has(key)).count() >= 2
    }

    fn origin(&self) -> Origin {
        Origin::Gateway
    }

    fn start(&self, _: &Options) -> Box<dyn Session> {
        Box::new(Entries { metadata: Embedded::default() })
    }
}

struct Entries {
    metadata: Embedded,
}

impl Session for Entries {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if !Cloudflare.claims(record.node) {
            return Verdict::NotMine("no entry of Cloudflare's AI Gateway".into());
        }
        let metadata = self.metadata.open(record.node.get("metadata"));
        let mut call = Call { line: record.line, ..Call::default() };
        let outcome = read(record.node, metadata, &mut call);
        sink.take(&call, outcome);
        Verdict::Taken
    }
}

fn read<'t>(node: Node<'t>, metadata: Option<Node<'t>>, call: &mut Call<'t>) -> Result<(), String> {
    let text = |key: &str| node.get(key).and_then(Node::text);
    let created = node.get("created_at").ok_or("no time: `created_at` is missing")?;
    fields::set_time(call, "created_at", created)?;
    call.latency_ms = node.get("duration").and_then(|node| value::millis(node, 1.0));
    call.request_id = text("id");
    if let Some(name) = text("provider") {
        call.set(Dim::Provider, provider::fold(&name).into_owned());
    }
    if let Some(model) = text("model") {
        call.set(Dim::Model, model);
    }
    let cost = node.get("cost").filter(|cost| !cost.raw().is_empty());
    call.logged_cost = cost.map(|cost| value::money("cost", cost, 0)).transpose()?;
    take_outcome(node, call);
    if let Some(metadata) = metadata {
        let id = call.request_id.clone();
        fields::nested(metadata, call);
        call.request_id = id;
        body::keep_mode(call);
    }
    for key in ["path", "request_type", "model_type"] {
        match text(key) {
            Some(path) if key == "path" => call.set_if_none(Dim::Route, path),
            Some(value) => call.set_extra(key, value),
            None => {}
        }
    }
    if let Some(step) = text("step").filter(|step| step != "0") {
        call.set_extra("step", step);
    }
    if node.get("custom_cost").and_then(Node::bool) == Some(true) {
        call.set_extra("custom_cost", "true");
    }
    take_tokens(node, call)
}

fn take_outcome<'t>(node: Node<'t>, call: &mut Call<'t>) {
    let code = node.get("status_code").and_then(Node::scalar);
    if node.get("cached").and_then(Node::bool) == Some(true) {
        body::gateway_hit(call);
        return;
    }
    let told = code.as_deref().map(value::status).filter(|status| matches!(status.as_ref(), "timeout" | "cancelled"));
    let status = match (told, node.get("success").and_then(Node::bool)) {
        (Some(told), _) => told.into_owned(),
        (None, Some(false)) => "error".to_string(),
        (None, Some(true)) => "ok".to_string(),
        (None, None) => code.as_deref().map_or_else(|| "ok".to_string(), |code| value::status(code).into_owned()),
    };
    if status != "ok"
        && let Some(code) = code
    {
        call.set_extra("http_status", code);
    }
    call.set(Dim::Status, status);
}

fn take_tokens(node: Node<'_>, call: &mut Call<'_>) -> Result<(), String> {
    let count = |key: &str| value::optional_count(key, node.get(key));
    let (input, output) = (count("tokens_in")?, count("tokens_out")?);
    let nothing = input.unwrap_or(0) == 0 && output.unwrap_or(0) == 0;
    let unbilled = body::has_failed(call) || call.flags.has(Flags::GATEWAY_CACHE_HIT);
    if !unbilled && (input.is_none() || output.is_none() || nothing) {
        // Images and speech are logged with zeros.
        body::missing(call);
    }
    call.tokens.set(Class::Input, input.unwrap_or(0));
    call.tokens.set(Class::Output, output.unwrap_or(0));
    if input.unwrap_or(0) > 0 && !call.flags.has(Flags::GATEWAY_CACHE_HIT) {
        tokens::without_split(call);
    }
    Ok(())
}
