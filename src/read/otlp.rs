//! OpenTelemetry traces as OTLP/JSON: the Collector's file exporter, Tempo's exports, older library keys.
//!
//! Inclusive or exclusive: the convention says that input contains cache reads and writes and output contains
//! reasoning (open-telemetry/semantic-conventions 1.40). Instrumentations deviate, known by `scope.name`; see
//! `usage`. Which of several spans with usage is the call is not decided here: that takes the whole
//! trace, which may go on in another file. Every span goes out with its role and what it can pass down.
//! Logs and metrics are other formats.

mod frame;
mod names;
mod span;
mod usage;

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
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
use crate::read::fields;
use crate::read::json::Node;
use crate::read::otlp::names::Slot;
use crate::read::otlp::span::Attributes;
use crate::read::provider;
use crate::read::value;

/// The reader of OTLP/JSON traces.
pub struct Otlp;

/// Spellings of the lists on the way to a span, newest first.
const GROUPS: [&str; 3] = ["resourceSpans", "resource_spans", "batches"];
const SCOPES: [&str; 4] = ["scopeSpans", "scope_spans", "instrumentationLibrarySpans", "instrumentation_library_spans"];
const SCOPE: [&str; 2] = ["scope", "instrumentationLibrary"];

impl Reader for Otlp {
    fn name(&self) -> &'static str {
        "otlp"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        root(record).is_some()
    }

    fn has_spans(&self) -> bool {
        true
    }

    fn origin(&self) -> Origin {
        Origin::Span
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Traces { cached_input: options.cached_input, metadata: Embedded::default() })
    }
}

/// Returns the node that holds the list of resources, or the one of a single resource.
fn root(record: Node<'_>) -> Option<Node<'_>> {
    [Some(record), record.get("trace")].into_iter().flatten().find(|node| {
        let grouped =
            |key: &str| node.get(key).is_some_and(|list| list.items().any(|item| item.first(&SCOPES).is_some()));
        node.first(&GROUPS[..2]).is_some() || grouped("batches") || node.first(&SCOPES).is_some()
    })
}

struct Traces {
    cached_input: Option<CachedInput>,
    metadata: Embedded,
}

impl Session for Traces {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let Some(root) = root(record.node) else {
            return Verdict::NotMine("no `resourceSpans` in it".into());
        };
        let mut spans = 0usize;
        match root.first(&GROUPS) {
            Some(groups) => groups.items().for_each(|group| spans += self.group(group, record.line, sink)),
            None => spans += self.group(root, record.line, sink),
        }
        if spans == 0 {
            sink.skip(record.line, "no_spans");
        }
        Verdict::Taken
    }
}

impl Traces {
    /// Hands on the spans of one resource and returns how many there were.
    fn group(&mut self, group: Node<'_>, line: u64, sink: &mut dyn Sink) -> usize {
        let resource = group.path(&["resource", "attributes"]);
        let mut count = 0;
        for scope in group.first(&SCOPES).into_iter().flat_map(Node::items) {
            let name = scope.first(&SCOPE).and_then(|scope| scope.get("name")).map(Node::raw).unwrap_or_default();
            for span in scope.get("spans").into_iter().flat_map(Node::items) {
                count += 1;
                if let Err(reason) = self.span(Place { line, resource, scope: name }, span, sink) {
                    sink.reject(line, reason);
                }
            }
        }
        count
    }

    /// Hands on one span: always as a span, then as a call or a skip.
    fn span(&mut self, place: Place<'_>, node: Node<'_>, sink: &mut dyn Sink) -> Result<(), String> {
        let mut attributes = Attributes::default();
        let mut call = Call { line: place.line, ..Call::default() };
        let mut span = frame::read(node)?;
        attributes.read(node.get("attributes"), &mut call);
        let metadata = self.metadata.open(attributes.get(Slot::Metadata));
        let kind = Kind::of(&attributes);
        let usage = usage::Counts::read(&attributes)?;
        take_outcome(&attributes, node, &mut call)?;
        take_model(&attributes, place.scope, &mut call);
        attributes.take_dimensions(metadata, &mut call);
        span.role = role(kind, &attributes, &usage);
        // Only what the span itself says is inherited: what a resource says yields to any ancestor.
        hand_down(&call, &mut span);
        attributes.take_resource(place.resource, &mut call);
        let fate = fate(kind, &call, &usage);
        if fate == Fate::Call {
            take_times(&attributes, &span, &mut call);
            match &usage {
                Some(usage) => usage.settle(place.scope, self.cached_input, &attributes, &mut call),
                None if body::has_failed(&call) => {}
                None => body::missing(&mut call),
            }
        }
        sink.span(&span);
        match fate {
            Fate::Call => {
                call.request_id = attributes.text(Slot::ResponseId).filter(|id| value::is_unique_id(id));
                if call.request_id.is_some() {
                    call.flags.add(Flags::UNIQUE_ID);
                }
                call.set(Dim::Trace, span.trace);
                call.span = Some(span.id);
                call.parent = span.parent;
                sink.call(&call);
            }
            Fate::Skip(reason) => sink.skip(place.line, reason),
        }
        Ok(())
    }
}

/// Where a span stands.
#[derive(Clone, Copy)]
struct Place<'t> {
    line: u64,
    resource: Option<Node<'t>>,
    scope: &'t str,
}

/// What a span says it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One request to a model.
    Call,
    /// An agent, chain or workflow around requests.
    Rollup,
    /// Reads an answer that was billed when it was made.
    Reread,
    /// Something else: a tool, a retrieval.
    Other,
    /// It does not say.
    Silent,
}

impl Kind {
    /// Returns the first that the conventions, newest first, give away.
    fn of(attributes: &Attributes<'_>) -> Kind {
        let said = |slot: Slot| attributes.text(slot).map(|text| text.to_ascii_lowercase());
        let by_operation = said(Slot::Operation).map(|operation| match operation.as_str() {
            "chat" | "text_completion" | "generate_content" | "embeddings" | "completion" | "embedding" | "rerank" => {
                Kind::Call
            }
            "invoke_agent" | "invoke_workflow" | "agent_step" | "create_agent" | "plan" => Kind::Rollup,
            "fetch_response" => Kind::Reread,
            "execute_tool" => Kind::Other,
            // The AI SDK names its own operations here.
            other => ai_sdk(other).unwrap_or(Kind::Silent),
        });
        let by_openinference = said(Slot::OpenInferenceKind).map(|kind| match kind.as_str() {
            "llm" | "embedding" | "reranker" => Kind::Call,
            "agent" | "chain" => Kind::Rollup,
            "unknown" => Kind::Silent,
            _ => Kind::Other,
        });
        let by_request = said(Slot::RequestType).map(|kind| match kind.as_str() {
            "chat" | "completion" | "embedding" | "rerank" => Kind::Call,
            _ => Kind::Silent,
        });
        let by_ai_sdk = said(Slot::AiOperation).map(|id| ai_sdk(&id).unwrap_or(Kind::Silent));
        let by_traceloop = said(Slot::TraceloopKind).map(|kind| match kind.as_str() {
            "workflow" | "agent" | "task" => Kind::Rollup,
            "tool" => Kind::Other,
            _ => Kind::Silent,
        });
        let said = [by_operation, by_openinference, by_request, by_ai_sdk, by_traceloop];
        said.into_iter().flatten().find(|kind| *kind != Kind::Silent).unwrap_or(Kind::Silent)
    }
}

/// Understands an operation id of the AI SDK, in lower case; the inner span of each pair is the request.
fn ai_sdk(id: &str) -> Option<Kind> {
    let inner = [".dogenerate", ".dostream", ".doembed"];
    if inner.iter().any(|end| id.ends_with(end)) {
        Some(Kind::Call)
    } else if id == "ai.toolcall" {
        Some(Kind::Other)
    } else {
        id.starts_with("ai.").then_some(Kind::Rollup)
    }
}

fn role(kind: Kind, attributes: &Attributes<'_>, usage: &Option<usage::Counts>) -> SpanRole {
    let has_model = attributes.get(Slot::Served).or(attributes.get(Slot::Requested)).is_some();
    match (usage, kind) {
        (None, _) | (_, Kind::Reread) => SpanRole::Structure,
        (Some(_), Kind::Call) => SpanRole::Call,
        (Some(_), Kind::Silent) if has_model => SpanRole::Call,
        (Some(_), _) => SpanRole::Rollup,
    }
}

/// What becomes of a span beyond its structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Call,
    Skip(&'static str),
}

/// A request that carries no usage is a call all the same: failed, or of unknown cost.
fn fate(kind: Kind, call: &Call<'_>, usage: &Option<usage::Counts>) -> Fate {
    match (kind, usage) {
        (Kind::Reread, _) => Fate::Skip("reread"),
        (_, Some(_)) => Fate::Call,
        (Kind::Call, None) if call.dim(Dim::Model).is_some() => Fate::Call,
        _ => Fate::Skip("no_usage"),
    }
}

fn take_times(attributes: &Attributes<'_>, span: &Span<'_>, call: &mut Call<'_>) {
    call.ts = Timestamp(span.start);
    let length = u64::try_from(span.end.saturating_sub(span.start)).ok().filter(|nanos| *nanos > 0);
    call.latency_ms = length.map(|nanos| (nanos + 500_000) / 1_000_000);
    let millis = |slot: Slot, scale: f64| attributes.get(slot).and_then(|node| value::millis(node, scale));
    call.ttft_ms = millis(Slot::TtftMs, 1.0).or_else(|| millis(Slot::TtftS, 1000.0));
}

fn take_outcome<'t>(attributes: &Attributes<'t>, node: Node<'t>, call: &mut Call<'t>) -> Result<(), String> {
    let code = node.path(&["status", "code"]).map(Node::raw).unwrap_or_default();
    let thrown = || {
        let events = node.get("events").into_iter().flat_map(Node::items);
        events.filter_map(|event| event.get("name")).any(|name| name.raw() == "exception")
    };
    let http = attributes.get(Slot::HttpStatus).and_then(Node::scalar);
    let kind = attributes.text(Slot::ErrorType);
    let is_ok = matches!(code, "1" | "STATUS_CODE_OK" | "OK" | "Ok");
    if matches!(code, "2" | "STATUS_CODE_ERROR" | "ERROR" | "Error") || kind.is_some() || !is_ok && thrown() {
        body::fail(call, kind);
    } else {
        call.set(
            Dim::Status,
            http.as_deref().map_or(Cow::Borrowed("ok"), |http| value::status(http).into_owned().into()),
        );
    }
    let cost = |slot: Slot| attributes.get(slot).map(|node| value::money("cost", node, 0)).transpose();
    let parts = [cost(Slot::CostInput)?, cost(Slot::CostOutput)?, cost(Slot::CostCacheWrite)?];
    call.logged_cost = match cost(Slot::Cost)? {
        None if parts.iter().any(Option::is_some) => Some(parts.into_iter().flatten().sum()),
        total => total,
    };
    Ok(())
}

fn take_model<'t>(attributes: &Attributes<'t>, scope: &str, call: &mut Call<'t>) {
    if let Some(requested) = attributes.text(Slot::Requested) {
        call.set(Dim::Model, requested);
    }
    body::set_model(call, attributes.text(Slot::Served));
    let said = attributes.text(Slot::Provider).filter(|said| !said.is_empty());
    let seller = match said.as_deref().map(provider::fold).as_deref() {
        // OpenLLMetry's Bedrock spans name the cloud.
        Some("aws" | "amazon") => Some("bedrock".to_string()),
        Some(seller) => Some(seller.to_string()),
        None => usage::seller_of(scope).map(str::to_string),
    };
    if let Some(seller) = seller {
        call.set(Dim::Provider, seller);
    }
    if let Some(tier) = attributes.text(Slot::Tier) {
        fields::set_dim(call, Dim::Tier, tier);
    }
    if let Some(region) = attributes.text(Slot::Region) {
        call.set(Dim::Region, region);
        call.flags.add(Flags::GEO_STATED);
    }
}

/// Gives the span what the calls below it may inherit: who and what for, never what was called.
fn hand_down<'t>(call: &Call<'t>, span: &mut Span<'t>) {
    const OWN: [Dim; 7] = [Dim::Provider, Dim::Model, Dim::Tier, Dim::Region, Dim::Status, Dim::Source, Dim::Trace];
    let dims = Dim::all().zip(&call.dims).filter(|(dim, _)| !OWN.contains(dim));
    span.dims = dims.filter_map(|(dim, value)| value.clone().map(|value| (dim, value))).collect();
    let own = |key: &str| matches!(key, "model_requested" | "error_type");
    span.extra = call.extra.iter().filter(|(key, _)| !own(key)).cloned().collect();
}
