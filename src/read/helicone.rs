//! Helicone: rows of its export tool (JSON, JSON lines, CSV), of its query API and of HQL over its tables.
//!
//! Exclusive: `prompt_tokens` holds neither cached nor audio tokens, `completion_tokens` no reasoning, and the total
//! is prompt + completion + reasoning (Helicone/helicone, `packages/cost/usage/` and the row's SQL in
//! `valhalla/jawn/src/lib/stores/request/request.ts`, mid 2026). Rows written before those processors kept the
//! provider's own sums for all but Anthropic: the answer's body settles it, else the logged cost may.
//! HQL gives costs in whole nano-dollars, the API in dollars. Prompts and answers are never kept.

mod usage;

use std::borrow::Cow;

use crate::domain::Call;
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
use crate::read::body;
use crate::read::body::Embedded;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::observability;
use crate::read::provider;
use crate::read::value;

/// The reader of Helicone's exports.
pub struct Helicone;

/// What stands in `cache_reference_id` where nothing came from Helicone's cache.
const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// No single call costs so many dollars: a whole number of this size counts nano-dollars.
const DEAREST: u64 = 1_000;

impl Reader for Helicone {
    fn name(&self) -> &'static str {
        "helicone"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        is_row(record) || page(record).is_some()
    }

    fn origin(&self) -> Origin {
        Origin::Gateway
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Rows { cached_input: options.cached_input, cells: Cells::default() })
    }
}

fn is_row(node: Node<'_>) -> bool {
    let any = |keys: &[&str]| keys.iter().any(|key| node.has(key));
    let of_api = || any(&["response_status", "request_properties", "delay_ms"]);
    node.has("request_created_at") && (of_api() || is_table_row(node) && any(&["request_id", "response_id"]))
}

/// Tells a row of the table itself, as HQL selects it, from one of the API, which renames columns.
fn is_table_row(node: Node<'_>) -> bool {
    let api = ["response_status", "delay_ms", "request_model"].iter().any(|key| node.has(key));
    !api && node.has("model") && ["status", "latency", "provider", "cost"].iter().any(|key| node.has(key))
}

/// Returns the rows of an answer of the API.
fn page(node: Node<'_>) -> Option<Node<'_>> {
    node.get("data").filter(|list| list.items().next().is_some_and(is_row))
}

struct Rows {
    cached_input: Option<CachedInput>,
    cells: Cells,
}

/// Cells that hold JSON as text in CSV.
#[derive(Default)]
struct Cells {
    properties: Embedded,
    more: Embedded,
    request: Embedded,
    response: Embedded,
}

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if is_row(record.node) {
            self.row(record.line, record.node, sink);
            return Verdict::Taken;
        }
        let Some(list) = page(record.node) else {
            return Verdict::NotMine("no request with `request_created_at`".into());
        };
        for node in list.items() {
            if is_row(node) {
                self.row(record.line, node, sink);
            } else {
                sink.reject(record.line, "an item of `data` that is no request".into());
            }
        }
        Verdict::Taken
    }
}

impl Rows {
    fn row(&mut self, line: u64, node: Node<'_>, sink: &mut dyn Sink) {
        let mut row = Row::open(line, node, self.cached_input, &mut self.cells);
        if let Some(reason) = row.no_call() {
            sink.skip(line, reason);
            return;
        }
        let outcome = row.read();
        sink.take(&row.call, outcome);
    }
}

/// A row with the JSON inside its texts opened.
struct Row<'t> {
    node: Node<'t>,
    properties: [Option<Node<'t>>; 2],
    request: Option<Node<'t>>,
    response: Option<Node<'t>>,
    cached_input: Option<CachedInput>,
    call: Call<'t>,
}

impl<'t> Row<'t> {
    fn open(line: u64, node: Node<'t>, cached_input: Option<CachedInput>, cells: &'t mut Cells) -> Row<'t> {
        let Cells { properties, more, request, response } = cells;
        Row {
            node,
            properties: [properties.open(node.get("request_properties")), more.open(node.get("properties"))],
            request: request.open(node.get("request_body")),
            response: response.open(node.get("response_body")),
            cached_input,
            call: Call { line, ..Call::default() },
        }
    }

    fn text(&self, keys: &[&str]) -> Option<Cow<'t, str>> {
        observability::first(self.node, keys)
    }

    /// Tells why a row is no call: tools, vector stores and data are logged as requests too.
    fn no_call(&self) -> Option<&'static str> {
        let model = self.text(&["request_model", "model", "model_override"]).unwrap_or_default();
        let kind = self.request.and_then(|request| request.get("_type")).map(Node::raw);
        let named = ["tool:", "vector_db", "vector:", "data:"].iter().any(|mark| model.starts_with(mark));
        if named || matches!(kind, Some("tool" | "vector_db" | "data")) {
            return Some("no_call");
        }
        let pending = self.text(&["response_status", "status"]).as_deref() == Some("-2");
        (pending && !usage::has_counts(self.node)).then_some("unfinished")
    }

    fn read(&mut self) -> Result<(), String> {
        self.take_times()?;
        self.take_model();
        self.take_outcome();
        self.take_properties();
        self.take_dimensions();
        self.take_ids();
        self.call.logged_cost = self.cost()?;
        usage::take(self.node, self.response, self.cached_input, &mut self.call)
    }

    fn take_times(&mut self) -> Result<(), String> {
        let start = self.text(&["request_created_at"]).ok_or("no time: `request_created_at` is empty")?;
        // Stamps without a zone are the table's own, in UTC.
        self.call.ts = observability::utc("request_created_at", &start)?;
        let millis =
            |keys: &[&str]| keys.iter().find_map(|key| self.node.get(key)).and_then(|node| value::millis(node, 1.0));
        let end = self.text(&["response_created_at"]).and_then(|text| observability::utc("", &text).ok());
        let between = end.and_then(|end| observability::millis_between(self.call.ts, end));
        self.call.latency_ms = millis(&["delay_ms"]).or_else(|| millis(&["latency"])).or(between);
        self.call.ttft_ms = millis(&["time_to_first_token"]);
        Ok(())
    }

    fn take_model(&mut self) {
        if let Some(said) = self.text(&["provider"]).filter(|said| !said.eq_ignore_ascii_case("CUSTOM")) {
            let seller = match said.as_ref() {
                "X" | "x" => "xai".into(),
                said => provider::fold(said),
            };
            self.call.set(Dim::Provider, seller.into_owned());
        }
        if let Some(asked) = self.text(&["request_model", "model"]) {
            self.call.set(Dim::Model, asked);
        }
        let served = self.text(&["response_model", "model_override"]);
        body::set_model(&mut self.call, served);
    }

    fn take_outcome(&mut self) {
        let hit = self.text(&["cache_reference_id"]).is_some_and(|id| id != NIL);
        let code = self.text(&["response_status", "status"]);
        if hit {
            body::gateway_hit(&mut self.call);
            return;
        }
        let status = match code.as_deref() {
            None => "ok".into(),
            Some("-1") => "timeout".into(),
            Some("-2") => "pending".into(),
            Some("-3") => "cancelled".into(),
            Some(code) if code.starts_with('-') => "error".into(),
            Some(code) => value::status(code).into_owned(),
        };
        self.call.set(Dim::Status, status);
        if let Some(code) = code.filter(|code| body::has_failed(&self.call) && !code.starts_with('-')) {
            self.call.set_extra("http_status", code);
        }
    }

    /// Takes the headers that callers sent along; their case varies.
    fn take_properties(&mut self) {
        for (key, value) in self.properties.into_iter().flatten().flat_map(Node::fields) {
            let lower = key.to_ascii_lowercase();
            let key = match lower.strip_prefix("helicone-property-") {
                Some(own) if key.is_char_boundary(key.len() - own.len()) => &key[key.len() - own.len()..],
                _ => key,
            };
            let dim = match lower.as_str() {
                "helicone-session-id" => Dim::Session,
                "helicone-session-path" => Dim::Agent,
                "helicone-prompt-id" => Dim::Prompt,
                "helicone-user-id" => Dim::User,
                "helicone-session-name" => {
                    if let Some(name) = observability::text(Some(value)).filter(|name| name.len() <= 200) {
                        self.call.set_extra("session_name", name);
                    }
                    continue;
                }
                _ => {
                    observability::own(&mut self.call, key, value);
                    continue;
                }
            };
            if let Some(text) = observability::text(Some(value)) {
                // The path of a session begins with a slash, that of an agent does not.
                let text = if dim == Dim::Agent { text.trim_matches('/').to_string().into() } else { text };
                self.call.set(dim, text);
            }
        }
    }

    fn take_dimensions(&mut self) {
        for (dim, keys) in [
            (Dim::User, &["request_user_id", "helicone_user", "user_id"][..]),
            (Dim::Prompt, &["prompt_id"]),
            (Dim::PromptVersion, &["prompt_version"]),
        ] {
            if let Some(value) = self.text(keys) {
                self.call.set_if_none(dim, value);
            }
        }
        for (key, keys) in [
            ("country", &["country_code"][..]),
            ("request_path", &["request_path"]),
            ("model_override", &["model_override"]),
        ] {
            if let Some(value) = self.text(keys) {
                fields::set_extra(&mut self.call, key, value);
            }
        }
        if let Some(tier) = self.request.and_then(|request| observability::first(request, &["service_tier"])) {
            self.call.set(Dim::Tier, value::tier(&tier).unwrap_or_default().into_owned());
        }
        let tier = self.response.and_then(|response| observability::first(response, &["service_tier"]));
        if let Some(tier) = tier.as_deref().and_then(value::tier) {
            self.call.set(Dim::Tier, tier.into_owned());
        }
    }

    /// Takes the provider's id from the answer where it is kept, else Helicone's own, which is one of a kind too.
    fn take_ids(&mut self) {
        self.call.request_id = self.text(&["request_id", "response_id"]);
        let own = self.response.and_then(|response| observability::first(response, &["id"]));
        body::set_id(&mut self.call, own.filter(|id| observability::is_provider_id(id)));
        if self.call.request_id.is_some() {
            self.call.flags.add(Flags::UNIQUE_ID);
        }
    }

    /// Reads the cost. The table holds whole nano-dollars; a query of a user's own may have divided them.
    fn cost(&self) -> Result<Option<crate::domain::Usd>, String> {
        let node = ["cost", "costUSD", "cost_usd"].iter().find_map(|key| Some((*key, self.node.get(key)?)));
        let Some((name, node)) = node else { return Ok(None) };
        let Some(text) = observability::text(Some(node)) else { return Ok(None) };
        let is_whole = text.bytes().all(|b| b.is_ascii_digit());
        let is_large = text.len() > 9 || text.parse::<u64>().is_ok_and(|cost| cost >= DEAREST);
        let nano = name == "cost" && is_whole && (is_large || is_table_row(self.node));
        value::money(name, node, if nano { 9 } else { 0 }).map(Some)
    }
}
