//! Portkey: the JSON lines of its logs export.
//!
//! Inclusive or exclusive: `req_units` and `res_units` are sums without a split; the logged answer, where the
//! export has it, tells the classes and comes before them. It is the provider's, or Portkey's translation to
//! OpenAI's shape, where the input of a Claude call leaves cached tokens out and the total contains them
//! (Portkey-AI/gateway, `src/providers/anthropic/chatComplete.ts`, mid 2026).
//!
//! `cost` is in cents of `cost_currency` (Portkey's documentation of the export): in another currency than the
//! dollar it is kept as it stands and is no logged cost. An answer from Portkey's cache repeats the id of the
//! answer it copies, which is then no id of this call.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::CachedInput;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::anthropic;
use crate::read::body;
use crate::read::body::Embedded;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::provider;
use crate::read::tokens;
use crate::read::tokens::Shape;
use crate::read::value;

/// The reader of Portkey's export.
pub struct Portkey;

impl Reader for Portkey {
    fn name(&self) -> &'static str {
        "portkey"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let has = |key: &str| record.has(key);
        // The user chooses the columns of an export.
        const OWN: [&str; 7] =
            ["req_units", "res_units", "total_units", "cost_currency", "cache_status", "virtual_key", "is_success"];
        has("ai_org") && has("ai_model") && OWN.iter().any(|key| has(key))
    }

    fn origin(&self) -> Origin {
        Origin::Gateway
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Lines {
            cached_input: options.cached_input,
            metadata: Embedded::default(),
            response: Embedded::default(),
            body: Embedded::default(),
        })
    }
}

struct Lines {
    cached_input: Option<CachedInput>,
    metadata: Embedded,
    response: Embedded,
    body: Embedded,
}

impl Session for Lines {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if !Portkey.claims(record.node) {
            return Verdict::NotMine("no line of a Portkey export".into());
        }
        let response = self.response.open(record.node.get("response"));
        // The answer itself, or a record of the HTTP response around it.
        let inner = response.and_then(|response| response.get("body"));
        let answer = if inner.is_some() { self.body.open(inner) } else { response };
        let line = Line {
            node: record.node,
            metadata: self.metadata.open(record.node.get("metadata")),
            answer: answer.filter(|answer| answer.is_object()),
        };
        let mut call = Call { line: record.line, ..Call::default() };
        let outcome = line.read(&mut call, self.cached_input);
        sink.take(&call, outcome);
        Verdict::Taken
    }
}

/// A line with the JSON inside its texts opened.
struct Line<'t> {
    node: Node<'t>,
    metadata: Option<Node<'t>>,
    answer: Option<Node<'t>>,
}

impl<'t> Line<'t> {
    fn text(&self, key: &str) -> Option<Cow<'t, str>> {
        self.node.get(key).and_then(Node::text)
    }

    fn read(&self, call: &mut Call<'t>, said: Option<CachedInput>) -> Result<(), String> {
        let created = self.node.first(&["created_at", "time_of_generation"]);
        let created = created.ok_or("no time: `created_at` is missing")?;
        fields::set_time(call, "created_at", created)?;
        call.latency_ms = self.node.get("response_time").and_then(|node| value::millis(node, 1.0));
        if let Some(name) = self.text("ai_org") {
            call.set(Dim::Provider, provider::fold(&name).into_owned());
        }
        if let Some(model) = self.text("ai_model") {
            call.set(Dim::Model, model);
        }
        self.take_outcome(call);
        self.take_id(call);
        self.take_cost(call)?;
        self.take_dimensions(call);
        self.take_usage(call, said)
    }

    fn take_outcome(&self, call: &mut Call<'t>) {
        let code = self.text("response_status_code");
        if self.text("cache_status").is_some_and(|status| status.to_ascii_uppercase().contains("HIT")) {
            body::gateway_hit(call);
            return;
        }
        let by_code = code.as_deref().map(value::status).filter(|status| status != "ok");
        match (by_code, self.node.get("is_success").and_then(Node::bool)) {
            (Some(status), _) => call.set(Dim::Status, status.into_owned()),
            (None, Some(false)) => call.set(Dim::Status, "error"),
            (None, _) => call.set(Dim::Status, "ok"),
        }
        if body::has_failed(call)
            && let Some(code) = code
        {
            call.set_extra("http_status", code);
        }
    }

    fn take_id(&self, call: &mut Call<'t>) {
        let own = self.text("id");
        let answers = self.answer.and_then(|answer| answer.get("id")).and_then(Node::str).filter(|id| !id.is_empty());
        if call.flags.has(Flags::GATEWAY_CACHE_HIT) {
            if let Some(id) = answers {
                call.set_extra("response_id", id);
            }
            call.request_id = own;
        } else {
            match (answers, own) {
                (Some(id), own) => {
                    call.flags.add(Flags::UNIQUE_ID);
                    call.request_id = Some(id);
                    if let Some(own) = own {
                        call.set_extra("log_id", own);
                    }
                }
                (None, own) => call.request_id = own,
            }
        }
    }

    fn take_cost(&self, call: &mut Call<'t>) -> Result<(), String> {
        let Some(cost) = self.node.get("cost").filter(|cost| !cost.raw().is_empty()) else {
            return Ok(());
        };
        match self.text("cost_currency").filter(|currency| !currency.eq_ignore_ascii_case("usd")) {
            None => call.logged_cost = Some(value::money("cost", cost, 2)?),
            Some(currency) => {
                call.set_extra("cost_currency", currency);
                if let Some(cents) = cost.scalar() {
                    call.set_extra("cost_cents", cents);
                }
            }
        }
        Ok(())
    }

    fn take_dimensions(&self, call: &mut Call<'t>) {
        for (dim, key) in [
            (Dim::Trace, "trace_id"),
            (Dim::Prompt, "prompt_slug"),
            (Dim::PromptVersion, "prompt_version_id"),
            (Dim::ApiKey, "virtual_key"),
            (Dim::Workspace, "workspace_slug"),
        ] {
            if let Some(value) = self.text(key) {
                call.set(dim, value);
            }
        }
        // Portkey's own metadata keys have an underscore before them.
        for (dim, key) in [(Dim::User, "_user"), (Dim::Environment, "_environment"), (Dim::Tenant, "_organisation")] {
            if let Some(value) = self.metadata.and_then(|metadata| metadata.get(key)).and_then(Node::scalar) {
                call.set(dim, value);
            }
        }
        if let Some(metadata) = self.metadata {
            let id = call.request_id.clone();
            fields::nested(metadata, call);
            call.request_id = id;
            body::keep_mode(call);
        }
        // `mode` is how the gateway routes (`fallback`), no service mode.
        for (name, key) in [("gateway_mode", "mode"), ("config", "config"), ("retries", "retry_success_count")] {
            if let Some(value) = self.text(key).filter(|value| value != "0") {
                fields::set_extra(call, name, value);
            }
        }
    }

    fn take_usage(&self, call: &mut Call<'t>, said: Option<CachedInput>) -> Result<(), String> {
        if let Some(answer) = self.answer {
            let tier = answer.get("service_tier").map(Node::raw).and_then(value::tier);
            if let Some(tier) = tier {
                call.set(Dim::Tier, tier);
            }
            if let Some(usage) = answer.get("usage").filter(|usage| usage.is_object()) {
                let whole = answer.get("type").map(Node::raw) == Some("message");
                return if whole || tokens::shape_of(usage) == Some(Shape::Anthropic) {
                    anthropic::take_usage(usage, call)
                } else {
                    tokens::take_relayed(usage, call, said)
                };
            }
        }
        self.take_units(call)
    }

    fn take_units(&self, call: &mut Call<'t>) -> Result<(), String> {
        let count = |key: &str| value::optional_count(key, self.node.get(key));
        let (input, output, total) = (count("req_units")?, count("res_units")?, count("total_units")?);
        let unbilled = body::has_failed(call) || call.flags.has(Flags::GATEWAY_CACHE_HIT);
        let nothing = input.unwrap_or(0) == 0 && output.unwrap_or(0) == 0;
        if !unbilled && (input.is_none() || output.is_none() || nothing) {
            body::missing(call);
        }
        if nothing && let Some(total) = total.filter(|total| *total > 0) {
            call.set_extra("total_tokens", total.to_string());
        }
        call.tokens.set(Class::Input, input.unwrap_or(0));
        call.tokens.set(Class::Output, output.unwrap_or(0));
        if input.unwrap_or(0) > 0 && !call.flags.has(Flags::GATEWAY_CACHE_HIT) {
            tokens::without_split(call);
        }
        Ok(())
    }
}
