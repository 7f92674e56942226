//! Kong's AI Gateway: entries of its logging plugins with an `ai` object.
//!
//! Each AI plugin that called a model has a `usage` and a `meta` under its name (`proxy`, `ai-proxy`,
//! `ai-request-transformer`, …), so one entry may hold several calls. `prompt_tokens` (`prompt_token` until 3.8)
//! is what the driver copied from the provider's input count: it contains the cached tokens where the provider's
//! does (Kong/kong, `kong/llm/plugin/shared-filters/serialize-analytics.lua` and `kong/llm/drivers/*.lua`, mid
//! 2026). The split is logged from 3.11 on; without it every call says so (`cache_split`).
//! `cost` follows prices somebody configured; without them it is zero and says nothing.

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
use crate::read::value;

/// The reader of Kong's log entries.
pub struct Kong;

impl Reader for Kong {
    fn name(&self) -> &'static str {
        "kong"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let entry = record.get("started_at").is_some() || record.get("latencies").is_some();
        entry && record.get("ai").is_some_and(|ai| calls(ai).next().is_some())
    }

    fn origin(&self) -> Origin {
        Origin::Gateway
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Entries { cached_input: options.cached_input })
    }
}

struct Entries {
    cached_input: Option<CachedInput>,
}

impl Session for Entries {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let node = record.node;
        let is_entry = node.get("request").is_some() && node.first(&["latencies", "started_at"]).is_some();
        let Some(ai) = node.get("ai").filter(|ai| ai.is_object()) else {
            if is_entry {
                sink.skip(record.line, "no_call");
                return Verdict::Taken;
            }
            return Verdict::NotMine("no `ai` object of Kong's".into());
        };
        // All or nothing: a call that cannot be read must not leave half an entry behind.
        let read = calls(ai).enumerate().map(|(number, (plugin, told))| {
            let mut call = Call { line: record.line, ..Call::default() };
            Entry { node, plugin, told, number }.read(&mut call, self.cached_input).map(|()| call)
        });
        match read.collect::<Result<Vec<_>, _>>() {
            Ok(calls) if calls.is_empty() => sink.skip(record.line, "no_call"),
            Ok(calls) => calls.iter().for_each(|call| sink.call(call)),
            Err(reason) => sink.reject(record.line, reason),
        }
        Verdict::Taken
    }
}

/// Returns the plugins that called a model: (name, what they tell).
fn calls<'t>(ai: Node<'t>) -> impl Iterator<Item = (&'t str, Node<'t>)> {
    ai.fields().filter(|(_, told)| {
        let meta = |key: &str| told.path(&["meta", key]).is_some();
        meta("request_model") || meta("provider_name") || meta("response_model") || meta("llm_latency")
    })
}

/// One plugin's call in an entry.
struct Entry<'t> {
    node: Node<'t>,
    plugin: &'t str,
    told: Node<'t>,
    number: usize,
}

impl<'t> Entry<'t> {
    fn meta(&self, key: &str) -> Option<Cow<'t, str>> {
        let text = self.told.path(&["meta", key]).and_then(Node::scalar);
        text.filter(|text| !matches!(text.as_ref(), "" | "UNSPECIFIED"))
    }

    fn path(&self, keys: &[&str]) -> Option<Cow<'t, str>> {
        self.node.path(keys).and_then(Node::text)
    }

    fn read(&self, call: &mut Call<'t>, said: Option<CachedInput>) -> Result<(), String> {
        let started = self.node.get("started_at").ok_or("no time: `started_at` is missing")?;
        fields::set_time(call, "started_at", started)?;
        let millis = |node: Option<Node<'_>>| node.and_then(|node| value::millis(node, 1.0));
        let whole = self.node.path(&["latencies", "request"]);
        call.latency_ms = millis(self.told.path(&["meta", "llm_latency"])).or(millis(whole));
        call.ttft_ms = millis(self.told.path(&["usage", "time_to_first_token"]));
        self.take_id(call);
        if let Some(name) = self.meta("provider_name") {
            call.set(Dim::Provider, provider::fold(&name).into_owned());
        }
        if let Some(model) = self.meta("request_model") {
            call.set(Dim::Model, model);
        }
        body::set_model(call, self.meta("response_model"));
        self.take_outcome(call);
        self.take_dimensions(call);
        self.take_usage(call, said)
    }

    fn take_id(&self, call: &mut Call<'t>) {
        let id = self.path(&["request", "id"]);
        call.request_id = match (id, self.number) {
            (Some(id), 0) => Some(id),
            (Some(id), number) => Some(Cow::Owned(format!("{id}#{number}"))),
            (None, _) => None,
        };
    }

    fn take_outcome(&self, call: &mut Call<'t>) {
        let hit = self
            .told
            .path(&["cache", "cache_status"])
            .is_some_and(|status| status.raw().to_ascii_lowercase().contains("hit"));
        if hit {
            body::gateway_hit(call);
            return;
        }
        let code = self.path(&["response", "status"]);
        let status = code.as_deref().map_or(Cow::Borrowed("ok"), value::status).into_owned();
        call.set(Dim::Status, status);
        if body::has_failed(call)
            && let Some(code) = code
        {
            call.set_extra("http_status", code);
        }
    }

    fn take_dimensions(&self, call: &mut Call<'t>) {
        for (dim, keys) in [
            (Dim::User, ["consumer", "username"]),
            (Dim::Route, ["route", "name"]),
            (Dim::ApiKey, ["authenticated_entity", "id"]),
        ] {
            if let Some(value) = self.path(&keys) {
                call.set(dim, value);
            }
        }
        if let Some(name) = self.path(&["workspace_name"]) {
            call.set(Dim::Workspace, name);
        }
        for (name, keys) in [("service", ["service", "name"]), ("consumer_custom_id", ["consumer", "custom_id"])] {
            if let Some(value) = self.path(&keys) {
                fields::set_extra(call, name, value);
            }
        }
        call.set_extra("plugin", self.plugin);
        for (name, key) in [("deployment", "azure_deployment_id"), ("instance", "azure_instance_id")] {
            if let Some(value) = self.meta(key) {
                fields::set_extra(call, name, value);
            }
        }
    }

    fn take_usage(&self, call: &mut Call<'t>, said: Option<CachedInput>) -> Result<(), String> {
        let usage = self.told.get("usage").filter(|usage| usage.is_object());
        let unbilled = body::has_failed(call) || call.flags.has(Flags::GATEWAY_CACHE_HIT);
        let counts = usage.map(Counts::of_usage).transpose()?.flatten();
        let (Some(usage), Some(counts)) = (usage, counts.filter(|counts| counts.input + counts.output > 0)) else {
            if !unbilled {
                body::missing(call);
            }
            return Ok(());
        };
        if let Some(cost) = usage.get("cost") {
            call.logged_cost = Some(value::money("cost", cost, 0)?).filter(|cost| *cost > Usd::ZERO);
        }
        const SPLIT: [&str; 4] =
            ["prompt_tokens_details", "input_tokens_details", "cache_read_input_tokens", "cache_creation_input_tokens"];
        let split = usage.first(&SPLIT).is_some();
        if split && tokens::by_seller(call) == Some(CachedInput::Inside) {
            return tokens::take_relayed(usage, call, said);
        }
        // Kong sums the total itself: it tells nothing.
        Counts { total: None, ..counts }.settle(call, said, tokens::relayed_reading(usage, call));
        if !split && !unbilled {
            tokens::without_split(call);
        }
        Ok(())
    }
}
