//! Langfuse: observations and traces as its UI exports them (CSV, JSON, JSON lines), as its blob storage sync
//! writes them, as its API pages them, and the download of a single trace.
//!
//! Disjoint: the keys of `usageDetails` are parts that add up to its total, `input` without the cached tokens and
//! `output` without reasoning (langfuse/langfuse, `packages/shared/src/server/ingestion/types.ts`, mid 2026).
//! Rows of its older OpenTelemetry ingestion keep `input` and `output` whole; the total tells, see `usage`.
//! Costs are Langfuse's own sums. Scores are no calls. A trace's row has an id of its own among the spans, as a
//! root observation may carry the id of its trace.

mod part;
mod shape;
mod usage;

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
use crate::read::Span;
use crate::read::SpanRole;
use crate::read::Verdict;
use crate::read::body;
use crate::read::body::Embedded;
use crate::read::json::Node;
use crate::read::langfuse::shape::Item;
use crate::read::langfuse::usage::Counts;
use crate::read::observability;
use crate::read::spans;
use crate::read::value;

/// The reader of Langfuse's exports.
pub struct Langfuse;

impl Reader for Langfuse {
    fn name(&self) -> &'static str {
        "langfuse"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        shape::is_mine(record)
    }

    fn has_spans(&self) -> bool {
        true
    }

    fn origin(&self) -> Origin {
        Origin::Span
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Export { cached_input: options.cached_input, cells: Cells::default() })
    }
}

struct Export {
    cached_input: Option<CachedInput>,
    cells: Cells,
}

/// Cells that hold JSON as text in CSV.
#[derive(Default)]
struct Cells {
    metadata: Embedded,
    tags: Embedded,
    usage: Embedded,
    provided: Embedded,
    costs: Embedded,
    parameters: Embedded,
}

impl Session for Export {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if !shape::is_mine(record.node) {
            return Verdict::NotMine("neither an observation nor a trace".into());
        }
        let line = record.line;
        for item in shape::items(record.node) {
            match item {
                Item::Observation(node) => self.observation(line, node, sink),
                Item::Trace(node) => self.trace(line, node, sink),
                Item::Skip(reason) => sink.skip(line, reason),
                Item::Unknown => sink.reject(line, "an item that is neither an observation nor a trace".into()),
            }
        }
        Verdict::Taken
    }
}

impl Export {
    fn observation(&mut self, line: u64, node: Node<'_>, sink: &mut dyn Sink) {
        let mut row = Row::open(line, node, self.cached_input, &mut self.cells);
        match row.read() {
            Ok(fate) => {
                sink.span(&row.span);
                match fate {
                    Fate::Call => sink.call(&row.call),
                    Fate::Skip(reason) => sink.skip(line, reason),
                }
            }
            Err(reason) => sink.reject(line, reason),
        }
    }

    /// Hands on a trace as the span around its root observations; its sums are left.
    fn trace(&mut self, line: u64, node: Node<'_>, sink: &mut dyn Sink) {
        let mut row = Row::open(line, node, self.cached_input, &mut self.cells);
        match row.read_trace() {
            Ok(()) => {
                sink.span(&row.span);
                sink.skip(line, "trace");
            }
            Err(reason) => sink.reject(line, reason),
        }
    }
}

/// What becomes of an observation beyond its structure.
enum Fate {
    Call,
    Skip(&'static str),
}

/// Extra keys that tell of an observation alone.
const OWN: [&str; 8] = [
    "name",
    "updated_at",
    "model_requested",
    "error_type",
    "observation_id",
    "reasoning_hidden",
    "prompt_id",
    "usage_unit",
];

/// The environment Langfuse writes where nobody named one.
const UNNAMED: &str = "default";

/// A row with the JSON inside its texts opened.
struct Row<'t> {
    node: Node<'t>,
    metadata: Option<Node<'t>>,
    tags: Option<Node<'t>>,
    usage: Option<Node<'t>>,
    provided: Option<Node<'t>>,
    costs: Option<Node<'t>>,
    parameters: Option<Node<'t>>,
    cached_input: Option<CachedInput>,
    call: Call<'t>,
    span: Span<'t>,
}

impl<'t> Row<'t> {
    fn open(line: u64, node: Node<'t>, cached_input: Option<CachedInput>, cells: &'t mut Cells) -> Row<'t> {
        let Cells { metadata, tags, usage, provided, costs, parameters } = cells;
        Row {
            node,
            metadata: metadata.open(node.get("metadata")),
            tags: tags.open(node.first(&["traceTags", "trace_tags", "tags"])),
            usage: usage.open(node.first(&["usageDetails", "usage_details"])),
            provided: provided.open(node.first(&["providedUsageDetails", "provided_usage_details"])),
            costs: costs.open(node.first(&["costDetails", "cost_details"])),
            parameters: parameters.open(node.first(&["modelParameters", "model_parameters"])),
            cached_input,
            call: Call { line, ..Call::default() },
            span: Span::default(),
        }
    }

    fn text(&self, keys: &[&str]) -> Option<Cow<'t, str>> {
        observability::first(self.node, keys)
    }

    fn time(&self, keys: &[&'static str]) -> Result<Option<Timestamp>, String> {
        let name = keys.first().copied().unwrap_or_default();
        self.text(keys).map(|text| observability::utc(name, &text)).transpose()
    }

    fn read(&mut self) -> Result<Fate, String> {
        self.take_structure()?;
        let kind = self.text(&["type"]).unwrap_or_default().to_ascii_uppercase();
        self.take_model();
        let failed = self.text(&["level"]).is_some_and(|level| level.eq_ignore_ascii_case("ERROR"));
        if failed {
            body::fail(&mut self.call, None);
        } else {
            self.call.set(Dim::Status, "ok");
        }
        self.take_dimensions()?;
        if kind == "AGENT" {
            let name = self.span.name.clone();
            self.call.set_if_none(Dim::Agent, name);
        }
        self.hand_down();
        self.take_cost()?;
        let is_request = matches!(kind.as_str(), "GENERATION" | "EMBEDDING");
        let counts = Counts::read(self.node, self.usage, self.provided)?;
        let estimated = counts.as_ref().is_some_and(|counts| counts.estimated);
        self.span.role = match (&counts, is_request) {
            (None, false) => SpanRole::Structure,
            // An estimate, or a request without usage, yields to whatever below it has usage.
            (Some(_), true) if !estimated => SpanRole::Call,
            _ => SpanRole::Rollup,
        };
        match counts {
            Some(counts) => counts.settle(self.cached_input, &mut self.call),
            None if !is_request => return Ok(Fate::Skip("no_usage")),
            None if failed => {}
            None => body::missing(&mut self.call),
        }
        self.take_ids();
        Ok(Fate::Call)
    }

    /// Takes ids and times.
    fn take_structure(&mut self) -> Result<(), String> {
        let id = self.text(&["id"]).ok_or("an observation without `id`")?;
        let start = self.time(&["startTime", "start_time"])?.ok_or("no time: `startTime` is missing")?;
        let end = self.time(&["endTime", "end_time"])?;
        let first = self.time(&["completionStartTime", "completion_start_time"])?;
        let trace = self.text(&["traceId", "trace_id"]);
        let parent = self.text(&["parentObservationId", "parent_observation_id"]).filter(|parent| *parent != id);
        let parent = parent.or_else(|| trace.as_deref().map(|trace| trace_span(trace).into()));
        self.span = Span {
            trace: trace.unwrap_or_else(|| id.clone()),
            parent,
            id,
            name: self.text(&["name"]).filter(|name| name.len() <= 200).unwrap_or_default(),
            ..Span::default()
        };
        // `latency` is in seconds or milliseconds, by the export's age: the times are clear.
        observability::take_times((start, end, first), &mut self.span, &mut self.call);
        Ok(())
    }

    fn take_model(&mut self) {
        if let Some(model) = self.text(&["model", "providedModelName", "provided_model_name"]) {
            self.call.set(Dim::Model, model);
        }
        let tier = self.parameters.and_then(|parameters| observability::text(parameters.get("service_tier")));
        if let Some(tier) = tier.as_deref().and_then(value::tier) {
            self.call.set(Dim::Tier, tier.into_owned());
        }
    }

    /// Takes who and what for: the columns before the tags, the tags before the metadata.
    fn take_dimensions(&mut self) -> Result<(), String> {
        let environment = self.text(&["environment"]);
        for (dim, keys) in [
            (Dim::User, &["userId", "user_id"][..]),
            (Dim::Session, &["sessionId", "session_id"]),
            (Dim::Prompt, &["promptName", "prompt_name"]),
            (Dim::PromptVersion, &["promptVersion", "prompt_version"]),
            (Dim::Workspace, &["projectId", "project_id"]),
        ] {
            if let Some(value) = self.text(keys) {
                self.call.set(dim, value);
            }
        }
        if let Some(named) = environment.clone().filter(|name| name != UNNAMED) {
            self.call.set(Dim::Environment, named);
        }
        if let Some(tags) = self.tags {
            observability::tags(tags, &mut self.call);
        }
        if let Some(metadata) = self.metadata {
            observability::metadata(metadata, &mut self.call);
        }
        if let Some(environment) = environment {
            self.call.set_if_none(Dim::Environment, environment);
        }
        for (key, keys) in [
            ("name", &["name"][..]),
            ("trace_name", &["traceName", "trace_name"]),
            ("release", &["release"]),
            ("version", &["version"]),
            ("prompt_id", &["promptId", "prompt_id"]),
        ] {
            if let Some(value) = self.text(keys).filter(|value| value.len() <= 200) {
                self.call.set_extra(key, value);
            }
        }
        if let Some(updated) = self.time(&["updatedAt", "updated_at"])? {
            // Of one width, so that it sorts as text.
            let updated = updated.utc().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
            self.call.set_extra("updated_at", updated);
        }
        Ok(())
    }

    /// Takes Langfuse's own sum. It writes a zero where it knows no price: a zero without its parts says nothing.
    fn take_cost(&mut self) -> Result<(), String> {
        let cost = |name: &'static str, node: Option<Node<'t>>| {
            node.filter(|node| observability::text(Some(*node)).is_some())
                .map(|node| value::money(name, node, 0))
                .transpose()
        };
        let parts = self.costs.and_then(|costs| costs.get("total"));
        let own = self.node.first(&["totalCost", "total_cost", "calculatedTotalCost"]);
        let sum = cost("costDetails.total", parts)?;
        self.call.logged_cost = sum.or(cost("totalCost", own)?.filter(|cost| *cost != Usd::ZERO));
        if self.call.logged_cost.is_none()
            && let Some(costs) = self.costs
        {
            let parts: Vec<Usd> = costs
                .fields()
                .filter(|(_, part)| !part.is_null())
                .map(|(key, part)| value::money(key, part, 0))
                .collect::<Result<_, _>>()?;
            self.call.logged_cost = (!parts.is_empty()).then(|| parts.into_iter().sum());
        }
        Ok(())
    }

    /// Takes the provider's id of the answer where one was kept; else the observation's own, which tells calls
    /// apart only within its trace.
    fn take_ids(&mut self) {
        let own = self.span.id.clone();
        let kept = |node: Option<Node<'t>>, keys: &[&str]| {
            node.and_then(|node| observability::first(node, keys)).filter(|id| observability::is_provider_id(id))
        };
        let attributes = self.metadata.and_then(|metadata| metadata.get("attributes"));
        let id = kept(self.node.get("output"), &["id"])
            .or_else(|| kept(self.metadata, &["response_id", "gen_ai.response.id", "litellm_response_id"]))
            .or_else(|| kept(attributes, &["gen_ai.response.id"]))
            .or_else(|| logged_id(&own).map(|id| id.to_string().into()));
        match id {
            Some(id) => {
                self.call.set_extra("observation_id", own.clone());
                self.call.request_id = Some(id);
                self.call.flags.add(Flags::UNIQUE_ID);
            }
            None => self.call.request_id = Some(own.clone()),
        }
        self.call.set(Dim::Trace, self.span.trace.clone());
        self.call.parent = self.span.parent.clone();
        self.call.span = Some(own);
    }

    fn read_trace(&mut self) -> Result<(), String> {
        let id = self.text(&["id"]).ok_or("a trace without `id`")?;
        let start = self.time(&["timestamp", "createdAt", "created_at"])?.ok_or("no time: `timestamp` is missing")?;
        self.take_dimensions()?;
        let name = self.text(&["name"]).filter(|name| name.len() <= 200).unwrap_or_default();
        self.call.extra.retain(|(key, _)| key != "name");
        self.call.set_extra("trace_name", name.clone());
        self.span =
            Span { id: trace_span(&id).into(), trace: id, name, start: start.0, end: start.0, ..Span::default() };
        self.hand_down();
        Ok(())
    }

    /// Gives the span what calls below it may inherit; an environment that nobody named yields to one above.
    fn hand_down(&mut self) {
        spans::hand_down(&self.call, &OWN, &mut self.span);
        self.span.dims.retain(|(dim, value)| *dim != Dim::Environment || value != UNNAMED);
    }
}

/// Returns the id of the span that stands for a trace.
fn trace_span(trace: &str) -> String {
    format!("trace:{trace}")
}

/// Finds the provider's id in the id that LiteLLM gives its observations: `time-10-20-30-123456_chatcmpl-…`.
fn logged_id(id: &str) -> Option<&str> {
    let (_, id) = id.strip_prefix("time-")?.split_once('_')?;
    observability::is_provider_id(id).then_some(id)
}
