//! LiteLLM: rows of the `LiteLLM_SpendLogs` table (JSON, arrays, CSV) and StandardLoggingPayload records.
//!
//! Inclusive or exclusive: `prompt_tokens` contains what the provider's OpenAI-shaped usage contains, cached
//! tokens and all, except for Claude models, where its meaning changed: uncached + read + written (late 2024
//! and now), uncached + read (a line of 2025), uncached alone (proposed for `anthropic_messages`)
//! (BerriAI/litellm, two versions of `llms/anthropic/chat/transformation.py`, PR 9838, issue 15056). Each such
//! row carries the readings that are possible; `total_tokens` is always prompt + completion and tells nothing.
//! Output includes reasoning. Daily tables are another format.
//!
//! Some versions wrote two rows of one call (see `twins`).

mod counts;
mod ids;
mod name;
mod twins;

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
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
use crate::read::body::Embedded;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::litellm::ids::is_said;
use crate::read::litellm::ids::names_one_call;
use crate::read::litellm::ids::no_call;
use crate::read::litellm::name::Name;
use crate::read::litellm::name::seller;
use crate::read::litellm::twins::Twins;
use crate::read::value;

/// The reader of LiteLLM's logs.
pub struct LiteLlm;

impl Reader for LiteLlm {
    fn name(&self) -> &'static str {
        "litellm"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let has = |key: &str| record.has(key);
        let row = has("request_id") && has("spend") && (has("startTime") || has("start_time"));
        let payload = has("response_cost") && (has("model_map_information") || has("hidden_params"));
        has("call_type") && (row || payload)
    }

    fn origin(&self) -> Origin {
        Origin::Gateway
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Rows {
            cached_input: options.cached_input,
            metadata: Embedded::default(),
            tags: Embedded::default(),
            response: Embedded::default(),
            twins: Twins::default(),
        })
    }
}

struct Rows {
    cached_input: Option<CachedInput>,
    twins: Twins,
    metadata: Embedded,
    tags: Embedded,
    response: Embedded,
}

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if !LiteLlm.claims(record.node) {
            return Verdict::NotMine("neither a spend log row nor a logging payload".into());
        }
        if let Some(reason) = no_call(record.node.get("call_type").map(Node::raw).unwrap_or_default()) {
            sink.skip(record.line, reason);
            return Verdict::Taken;
        }
        let mut row = Row::open(record.node, self.cached_input, &mut self.metadata, &mut self.tags, &mut self.response);
        row.call.line = record.line;
        match row.read() {
            Ok(()) => self.twins.hand_on(&row.call, sink),
            Err(reason) => sink.reject(record.line, reason),
        }
        Verdict::Taken
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        self.twins.end(sink);
    }
}

/// A row with the JSON inside its texts opened.
struct Row<'t> {
    node: Node<'t>,
    metadata: Option<Node<'t>>,
    tags: Option<Node<'t>>,
    response: Option<Node<'t>>,
    cached_input: Option<CachedInput>,
    call: Call<'t>,
}

impl<'t> Row<'t> {
    fn open(
        node: Node<'t>,
        cached_input: Option<CachedInput>,
        metadata: &'t mut Embedded,
        tags: &'t mut Embedded,
        response: &'t mut Embedded,
    ) -> Row<'t> {
        let metadata = metadata.open(node.get("metadata"));
        let known = metadata.is_some_and(|metadata| metadata.get("usage_object").is_some());
        // The whole answer is parsed only where the usage is nowhere else.
        let response = if known { None } else { response.open(node.get("response")) };
        let tags = tags.open(node.get("request_tags"));
        Row { node, metadata, tags, response, cached_input, call: Call::default() }
    }

    /// Returns a text of the row, unless it is one of the ways to say "none".
    fn text(&self, key: &str) -> Option<Cow<'t, str>> {
        self.node.get(key).and_then(Node::scalar).filter(|text| is_said(text))
    }

    fn meta(&self, key: &str) -> Option<Cow<'t, str>> {
        self.metadata?.get(key).and_then(Node::scalar).filter(|text| is_said(text))
    }

    fn read(&mut self) -> Result<(), String> {
        self.take_times()?;
        self.take_model();
        self.take_outcome();
        self.take_dimensions();
        self.take_cost()?;
        self.take_usage()?;
        self.take_id();
        Ok(())
    }

    /// Takes the gateway's cost, and the parts of it that are no tokens.
    fn take_cost(&mut self) -> Result<(), String> {
        let parts = self.node.get("cost_breakdown").or_else(|| self.metadata?.get("cost_breakdown"));
        let own = self.node.first(&["spend", "response_cost"]).filter(|node| is_said(node.raw()));
        let total = parts.and_then(|parts| parts.get("total_cost"));
        self.call.logged_cost = own.or(total).map(|node| value::money("spend", node, 0)).transpose()?;
        for key in ["tool_usage_cost", "discount_amount", "margin_total_amount"] {
            let part = parts.and_then(|parts| parts.get(key)).filter(|node| is_said(node.raw()));
            let part = part.map(|node| value::money(key, node, 0)).transpose()?.filter(|part| *part > Usd::ZERO);
            if let Some(part) = part {
                self.call.set_extra(key, part.to_string());
            }
        }
        Ok(())
    }

    fn take_times(&mut self) -> Result<(), String> {
        let time = |keys: &[&str]| {
            self.node.first(keys).filter(|node| node.scalar().as_ref().is_some_and(|text| is_said(text)))
        };
        let start = time(&["startTime", "start_time"]).ok_or("no time: `startTime` is empty")?;
        // Naive stamps of this log are UTC, so nothing is assumed.
        let (start, _) = fields::time(start).map_err(|reason| format!("`startTime`: {reason}"))?;
        let at = |keys: &[&str]| time(keys).and_then(|node| fields::time(node).ok()).map(|(ts, _)| ts);
        let end = at(&["endTime", "end_time"]);
        let first = at(&["completionStartTime", "completion_start_time"]);
        let logged = self.node.get("request_duration_ms").and_then(|node| value::millis(node, 1.0));
        let response_time = self.node.get("response_time").and_then(|node| value::millis(node, 1000.0));
        self.call.ts = start;
        self.call.latency_ms = logged.or(end.and_then(|end| millis_between(start, end))).or(response_time);
        // Calls that do not stream stamp the end here.
        self.call.ttft_ms = first.filter(|first| end != Some(*first)).and_then(|first| millis_between(start, first));
        Ok(())
    }

    /// Takes model and provider: the model may carry the provider, an API and a region before its name.
    fn take_model(&mut self) {
        let (served, group) = (self.text("model"), self.text("model_group"));
        let said = self.text("custom_llm_provider");
        let raw = served.or_else(|| group.clone());
        if let Some(raw) = raw {
            let name = Name::parse(&raw, said.as_deref());
            if let Some(seller) = name.seller {
                self.call.set(Dim::Provider, seller.into_owned());
            }
            if let Some(region) = name.region {
                self.call.set(Dim::Region, region.to_string());
                self.call.flags.add(Flags::GEO_STATED);
            }
            if name.model.len() != raw.len() {
                let model = name.model.to_string();
                self.call.set_extra("model_raw", raw.clone());
                self.call.set(Dim::Model, model);
            } else {
                self.call.set(Dim::Model, raw);
            }
        } else if let Some(said) = said {
            self.call.set(Dim::Provider, seller(&said).into_owned());
        }
        let model = self.call.dim(Dim::Model).unwrap_or_default();
        if let Some(group) = group.filter(|group| *group != model) {
            self.call.set_extra("model_requested", group);
        }
    }

    fn take_outcome(&mut self) {
        let status = self.text("status").or_else(|| self.meta("status"));
        let error = self.node.get("error_information").or_else(|| self.metadata?.get("error_information"));
        let kind = error.and_then(|error| error.first(&["error_class", "error_code"])).and_then(Node::scalar);
        if self.node.get("cache_hit").and_then(Node::bool) == Some(true) {
            body::gateway_hit(&mut self.call);
            return;
        }
        match status.as_deref().map(value::status).as_deref() {
            Some("error") => body::fail(&mut self.call, kind.filter(|text| is_said(text))),
            Some(status) => self.call.set(Dim::Status, status.to_string()),
            None => self.call.set(Dim::Status, "ok"),
        }
    }

    /// Takes who the call was for. The log's own columns come before what callers sent along.
    fn take_dimensions(&mut self) {
        let team = self.meta("user_api_key_team_alias").or_else(|| self.text("team_id"));
        let user = self.meta("user_api_key_user_id").or_else(|| self.text("user"));
        let tenant = self.text("end_user").or_else(|| self.meta("user_api_key_end_user_id"));
        let tenant = tenant.or_else(|| self.text("organization_id")).or_else(|| self.meta("user_api_key_org_id"));
        let alias = self.meta("user_api_key_alias");
        let hash = self.text("api_key").or_else(|| self.meta("user_api_key_hash"));
        if let Some(alias) = alias.clone() {
            // A key is made for an application: its alias names that too. The hash tells keys of one alias apart.
            self.call.set_extra("app", alias);
            if let Some(hash) = hash.clone() {
                fields::set_extra(&mut self.call, "api_key_hash", hash);
            }
        }
        for (dim, value) in [
            (Dim::Team, team.or_else(|| self.meta("user_api_key_team_id"))),
            (Dim::User, user),
            (Dim::Tenant, tenant),
            (Dim::ApiKey, alias.or(hash)),
            (Dim::Session, self.text("session_id").or_else(|| self.text("trace_id"))),
            (Dim::Agent, self.text("agent_id")),
        ] {
            if let Some(value) = value {
                self.call.set(dim, value);
            }
        }
        for sent in ["requester_metadata", "spend_logs_metadata"] {
            if let Some(sent) = self.metadata.and_then(|metadata| metadata.get(sent)) {
                fields::nested(sent, &mut self.call);
            }
        }
        let tags = self.tags.or_else(|| self.metadata?.get("tags"));
        for tag in tags.into_iter().flat_map(Node::items).filter_map(Node::str) {
            fields::tag(&mut self.call, tag);
        }
        body::keep_mode(&mut self.call);
        if let Some(call_type) = self.text("call_type") {
            self.call.set_extra("call_type", call_type);
        }
    }

    fn take_id(&mut self) {
        // Whatever the caller's metadata called an id is not the log's.
        self.call.request_id = None;
        let Some(id) = self.text("request_id").or_else(|| self.text("id")) else {
            return;
        };
        if !value::is_counted_id(&id) {
            // An answer from the gateway's cache may go by the id of the answer it repeats.
            if names_one_call(&id) && !self.call.flags.has(Flags::GATEWAY_CACHE_HIT) {
                self.call.flags.add(Flags::UNIQUE_ID);
            }
            self.call.request_id = Some(id);
        } else {
            self.call.set_extra("request_id", id);
        }
    }

    fn take_usage(&mut self) -> Result<(), String> {
        let answer = self.response.and_then(|response| response.get("usage"));
        let usage = self.metadata.and_then(|metadata| metadata.get("usage_object")).or(answer);
        let more = self.metadata.and_then(|metadata| metadata.get("additional_usage_values"));
        let usages: Vec<Node<'_>> = [usage, more].into_iter().flatten().collect();
        let counts = counts::counts(self.node, &usages)?;
        self.take_mode(usage);
        let searches = counts::web_searches(&usages)?;
        if searches > 0 {
            self.call.tools.push(("web_search".into(), searches));
        }
        if counts.input == 0 && counts.output == 0 {
            // The table has zeros where the usage is unknown (images, speech, broken streams).
            if !body::has_failed(&self.call) && !self.call.flags.has(Flags::GATEWAY_CACHE_HIT) {
                body::missing(&mut self.call);
            }
            return Ok(());
        }
        let reading = counts::reading(&self.call, &counts);
        counts.settle(&mut self.call, self.cached_input, reading);
        Ok(())
    }

    /// Takes service mode and region: what was served before what was asked for.
    fn take_mode(&mut self, usage: Option<Node<'t>>) {
        let said = |node: Option<Node<'t>>, key: &str| {
            node.and_then(|node| node.get(key)).map(Node::raw).filter(|text| !text.is_empty() && *text != "None")
        };
        let served = said(self.response, "service_tier").or_else(|| said(usage, "service_tier"));
        let asked = said(self.node.get("model_parameters"), "service_tier");
        if let Some(tier) = served.or(asked).and_then(value::tier) {
            self.call.set(Dim::Tier, tier);
        }
        if said(usage, "speed") == Some("fast") {
            self.call.set(Dim::Tier, "fast");
        }
        if let Some(geo) = said(usage, "inference_geo").filter(|geo| *geo != "not_available") {
            self.call.set(Dim::Region, geo);
            self.call.flags.add(Flags::GEO_STATED);
        }
    }
}

fn millis_between(start: Timestamp, end: Timestamp) -> Option<u64> {
    u64::try_from(end.0.checked_sub(start.0)? / 1_000_000).ok()
}
