//! LangSmith runs: JSON, JSON lines, pages of the API (`{runs}`) and CSV, with or without their child runs inside.
//!
//! Inclusive by convention: `prompt_tokens` contains what `prompt_token_details` lists, `completion_tokens` contains
//! reasoning (langchain-ai/langsmith-sdk, `python/langsmith/schemas.py`, mid 2026). For Claude that holds since
//! late 2024 in LangChain (langchain PR 27125) and since March 2026 in `wrap_anthropic` (langsmith-sdk PR 2519): see
//! `usage`. Runs of a model are calls; the tokens of chains, tools and roots sum what lies below them and are left.

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
use crate::read::observability;
use crate::read::spans;
use crate::read::value;

/// The reader of LangSmith's runs.
pub struct LangSmith;

impl Reader for LangSmith {
    fn name(&self) -> &'static str {
        "langsmith"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        is_run(record) || page(record).is_some()
    }

    fn has_spans(&self) -> bool {
        true
    }

    fn origin(&self) -> Origin {
        Origin::Span
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Runs { cached_input: options.cached_input, cells: Cells::default() })
    }
}

fn is_run(node: Node<'_>) -> bool {
    node.has("run_type") && (node.has("dotted_order") || node.has_all(&["trace_id", "parent_run_id"]))
}

/// Returns the runs of an answer of the API.
fn page(node: Node<'_>) -> Option<Node<'_>> {
    node.get("runs").filter(|list| list.items().next().is_some_and(is_run))
}

struct Runs {
    cached_input: Option<CachedInput>,
    cells: Cells,
}

/// Cells that hold JSON as text in CSV.
#[derive(Default)]
struct Cells {
    extra: Embedded,
    metadata: Embedded,
    tags: Embedded,
    outputs: Embedded,
    details_in: Embedded,
    details_out: Embedded,
}

impl Session for Runs {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if is_run(record.node) {
            self.runs(record.line, record.node, sink);
            return Verdict::Taken;
        }
        let Some(list) = page(record.node) else {
            return Verdict::NotMine("no run with `run_type` and its trace".into());
        };
        list.items().for_each(|node| self.runs(record.line, node, sink));
        Verdict::Taken
    }
}

impl Runs {
    /// Hands on a run and the runs loaded into it.
    fn runs(&mut self, line: u64, node: Node<'_>, sink: &mut dyn Sink) {
        if !is_run(node) {
            sink.reject(line, "an item that is no run".into());
            return;
        }
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
        for child in node.get("child_runs").into_iter().flat_map(Node::items) {
            self.runs(line, child, sink);
        }
    }
}

/// What becomes of a run beyond its structure.
enum Fate {
    Call,
    Skip(&'static str),
}

/// Extra keys that tell of a run alone.
const OWN: [&str; 6] = ["name", "model_requested", "error_type", "run_id", "reasoning_hidden", "model_served"];

/// A run with the JSON inside its texts opened.
struct Row<'t> {
    node: Node<'t>,
    extra: Option<Node<'t>>,
    metadata: Option<Node<'t>>,
    tags: Option<Node<'t>>,
    outputs: Option<Node<'t>>,
    details: [Option<Node<'t>>; 2],
    cached_input: Option<CachedInput>,
    call: Call<'t>,
    span: Span<'t>,
}

impl<'t> Row<'t> {
    fn open(line: u64, node: Node<'t>, cached_input: Option<CachedInput>, cells: &'t mut Cells) -> Row<'t> {
        let Cells { extra, metadata, tags, outputs, details_in, details_out } = cells;
        let extra = extra.open(node.get("extra"));
        let inner = extra.and_then(|extra| extra.get("metadata"));
        Row {
            node,
            extra,
            metadata: inner.or_else(|| metadata.open(node.get("metadata"))),
            tags: tags.open(node.get("tags")),
            outputs: outputs.open(node.get("outputs")),
            details: [
                details_in.open(node.first(&["prompt_token_details", "input_token_details"])),
                details_out.open(node.first(&["completion_token_details", "output_token_details"])),
            ],
            cached_input,
            call: Call { line, ..Call::default() },
            span: Span::default(),
        }
    }

    fn text(&self, keys: &[&str]) -> Option<Cow<'t, str>> {
        observability::first(self.node, keys)
    }

    fn meta(&self, keys: &[&str]) -> Option<Cow<'t, str>> {
        self.metadata.and_then(|metadata| observability::first(metadata, keys))
    }

    fn time(&self, name: &'static str) -> Result<Option<Timestamp>, String> {
        // Stamps without a zone are UTC by the service's word.
        self.text(&[name]).map(|text| observability::utc(name, &text)).transpose()
    }

    fn read(&mut self) -> Result<Fate, String> {
        self.take_structure()?;
        let kind = self.text(&["run_type"]).unwrap_or_default().to_ascii_lowercase();
        self.take_outcome();
        self.take_dimensions();
        if kind == "agent" {
            let name = self.span.name.clone();
            self.call.set_if_none(Dim::Agent, name);
        }
        let is_request = matches!(kind.as_str(), "llm" | "embedding");
        if !is_request && self.text(&["parent_run_id"]).is_none() && !self.span.name.is_empty() {
            let name = self.span.name.clone();
            self.call.set_extra("trace_name", name);
        }
        spans::hand_down(&self.call, &OWN, &mut self.span);
        if !is_request {
            let sums = usage::has_counts(self.node);
            self.span.role = if sums { SpanRole::Rollup } else { SpanRole::Structure };
            return Ok(Fate::Skip(if sums { "rollup" } else { "no_usage" }));
        }
        self.take_model();
        self.call.logged_cost = self.cost()?;
        let found = usage::Source { row: self.node, outputs: self.outputs, details: self.details, extra: self.extra }
            .take(self.cached_input, &mut self.call)?;
        if !found && self.text(&["end_time"]).is_none() && !body::has_failed(&self.call) {
            return Ok(Fate::Skip("unfinished"));
        }
        // A request without usage yields to one below it that has some.
        self.span.role = if found { SpanRole::Call } else { SpanRole::Rollup };
        if !found && !body::has_failed(&self.call) {
            body::missing(&mut self.call);
        }
        self.take_ids();
        Ok(Fate::Call)
    }

    /// Takes ids and times. `dotted_order` lists the run and all above it, whether or not these are in the file.
    fn take_structure(&mut self) -> Result<(), String> {
        let id = self.text(&["id", "run_id"]).ok_or("a run without `id`")?;
        let start = self.time("start_time")?.ok_or("no time: `start_time` is missing")?;
        let end = self.time("end_time")?;
        let first = self.time("first_token_time")?;
        let order = self.text(&["dotted_order"]).unwrap_or_default();
        let mut path = order.split('.').filter_map(run_of).filter(|above| *above != id);
        let trace = self.text(&["trace_id"]).or_else(|| path.next().map(|root| root.to_string().into()));
        let above = order.split('.').filter_map(run_of).rfind(|above| *above != id);
        let parent = self.text(&["parent_run_id"]).or_else(|| above.map(|above| above.to_string().into()));
        self.span = Span {
            trace: trace.unwrap_or_else(|| id.clone()),
            parent: parent.filter(|parent| *parent != id),
            id,
            name: self.text(&["name"]).filter(|name| name.len() <= 200).unwrap_or_default(),
            ..Span::default()
        };
        observability::take_times((start, end, first), &mut self.span, &mut self.call);
        Ok(())
    }

    fn take_outcome(&mut self) {
        let status = self.text(&["status"]);
        let error = self.text(&["error"]);
        if error.is_some() || status.as_deref() == Some("error") {
            body::fail(&mut self.call, error.as_deref().and_then(error_name).map(|name| name.to_string().into()));
        } else if let Some(status) = status {
            self.call.set(Dim::Status, value::status(&status).into_owned());
        } else {
            self.call.set(Dim::Status, "ok");
        }
    }

    fn take_dimensions(&mut self) {
        // What LangSmith calls a session is a project; a conversation is in the metadata.
        if let Some(project) = self.text(&["session_name", "project_name", "session_id"]) {
            self.call.set(Dim::Workspace, project);
        }
        for (dim, keys) in [
            (Dim::Session, &["session_id", "thread_id", "conversation_id"][..]),
            (Dim::Agent, &["lc_agent_name", "agent_name"]),
            (Dim::Prompt, &["lc_hub_repo"]),
            (Dim::PromptVersion, &["lc_hub_commit_hash"]),
        ] {
            if let Some(value) = self.meta(keys) {
                self.call.set(dim, value);
            }
        }
        if let Some(tags) = self.tags {
            observability::tags(tags, &mut self.call);
        }
        if let Some(metadata) = self.metadata {
            observability::metadata(metadata, &mut self.call);
        }
        // How deep a run lies, and the model that was asked for, are no dimensions of it.
        const SILENT: [&str; 6] =
            ["thread_id", "conversation_id", "lc_agent_name", "lc_hub_owner", "lc_hub_repo", "lc_hub_commit_hash"];
        self.call.extra.retain(|(key, _)| !SILENT.contains(&key.as_ref()));
        let name = self.span.name.clone();
        self.call.set_extra("name", name);
    }

    fn take_model(&mut self) {
        let parameters = self.extra.and_then(|extra| extra.get("invocation_params"));
        let asked = self.meta(&["ls_model_name"]).or_else(|| {
            parameters.and_then(|parameters| observability::first(parameters, &["model", "model_name", "model_id"]))
        });
        if let Some(asked) = asked {
            self.call.set(Dim::Model, asked);
        }
        let inner = self.outputs.and_then(|outputs| outputs.first(&["llm_output", "llmOutput"]));
        let served = [self.outputs, inner].into_iter().flatten();
        let served = served.filter_map(|node| observability::first(node, &["model", "model_name", "modelName"])).next();
        body::set_model(&mut self.call, served.filter(|model| model.len() <= 200));
        let tier = [self.outputs, inner, parameters].into_iter().flatten();
        let tier = tier.filter_map(|node| observability::first(node, &["service_tier"])).next();
        if let Some(tier) = tier.as_deref().and_then(value::tier) {
            self.call.set(Dim::Tier, tier.into_owned());
        }
    }

    /// Reads the cost, LangSmith's own sum; it may be a decimal text, or only there in parts.
    fn cost(&self) -> Result<Option<Usd>, String> {
        let cost = |name: &'static str| {
            let node = self.node.get(name).filter(|node| observability::text(Some(*node)).is_some());
            node.map(|node| value::money(name, node, 0)).transpose()
        };
        let (total, prompt, completion) = (cost("total_cost")?, cost("prompt_cost")?, cost("completion_cost")?);
        let parts = [prompt, completion];
        Ok(total.or_else(|| parts.iter().any(Option::is_some).then(|| parts.into_iter().flatten().sum())))
    }

    /// Takes the provider's id of the answer where it was kept; else the run's own.
    fn take_ids(&mut self) {
        let own = self.span.id.clone();
        let inner = self.outputs.and_then(|outputs| outputs.get("llm_output"));
        let message = self.outputs.and_then(usage::message);
        let response = message.and_then(|message| message.get("response_metadata"));
        let ids = [self.outputs, inner, response, message].into_iter().flatten();
        let id =
            ids.filter_map(|node| observability::first(node, &["id"])).find(|id| observability::is_provider_id(id));
        match id {
            Some(id) => {
                self.call.set_extra("run_id", own.clone());
                self.call.request_id = Some(id);
                self.call.flags.add(Flags::UNIQUE_ID);
            }
            None => self.call.request_id = Some(own.clone()),
        }
        self.call.set(Dim::Trace, self.span.trace.clone());
        self.call.parent = self.span.parent.clone();
        self.call.span = Some(own);
    }
}

/// Returns the run of one step of a dotted order, `20260301T100000000000Z<run>`.
fn run_of(step: &str) -> Option<&str> {
    let (time, run) = step.split_once('Z')?;
    (!run.is_empty() && time.len() >= 15).then_some(run)
}

/// Returns the class of an error, `RateLimitError('…')`; its text may hold anything.
fn error_name(error: &str) -> Option<&str> {
    let name = error.split(['(', ':', ' ', '\n']).next()?;
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
    (is_name && (3..=60).contains(&name.len())).then_some(name)
}
