//! Spans, whatever file they came in: which attributes mean what, which spans are calls, what they pass down.
//!
//! Inclusive or exclusive: the convention says that input contains cache reads and writes and output contains
//! reasoning (open-telemetry/semantic-conventions 1.40). Instrumentations deviate, known by `scope.name`; see
//! `usage`. Which of several spans with usage is the call is not decided here: that takes the whole
//! trace, which may go on in another file. Every span goes out with its role and what it can pass down.
//! How a format writes ids, times and attributes down is its reader's business.

pub(super) mod attributes;
pub(super) mod ids;
mod kind;
pub(super) mod names;
mod usage;

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::domain::span::SpanRole;
use crate::read::CachedInput;
use crate::read::Options;
use crate::read::Sink;
use crate::read::Span;
use crate::read::body;
use crate::read::body::Embedded;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::provider;
use crate::read::spans::attributes::Attributes;
use crate::read::spans::kind::Kind;
use crate::read::spans::names::Dialect;
use crate::read::spans::names::Slot;
use crate::read::value;

/// A span as its format writes it down.
#[derive(Default)]
pub(super) struct Found<'t> {
    /// The line it stands on.
    pub(super) line: u64,
    /// Ids, name and times; its role and what it passes down are found out here.
    pub(super) span: Span<'t>,
    /// A list or an object of attributes.
    pub(super) attributes: Option<Node<'t>>,
    /// A row whose columns under this prefix are attributes.
    pub(super) columns: Option<(Node<'t>, &'static str)>,
    /// The kind of span by OpenInference, where it stands beside the attributes.
    pub(super) kind: Option<Node<'t>>,
    /// Attributes of what the span ran in.
    pub(super) resource: Option<Node<'t>>,
    /// The service, where it stands beside the resource.
    pub(super) service: Option<Cow<'t, str>>,
    /// The instrumentation.
    pub(super) scope: &'t str,
    /// How the work ended.
    pub(super) outcome: Outcome,
    /// What is doubtful about the time.
    pub(super) doubts: Flags,
    /// Whether this is an event that says what a span says too: the span is believed.
    pub(super) is_copy: bool,
}

/// How the work of a span ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The span does not say.
    #[default]
    Unset,
    /// Well, whatever was thrown on the way.
    Ok,
    /// It failed.
    Failed,
}

impl Outcome {
    /// Reads a status code in any spelling; something thrown on the way is a failure unless the code says `OK`.
    pub(super) fn of(code: Option<Node<'_>>, was_thrown: bool) -> Outcome {
        match code.map(Node::raw).unwrap_or_default() {
            "1" | "STATUS_CODE_OK" | "OK" | "Ok" | "ok" => Outcome::Ok,
            "2" | "STATUS_CODE_ERROR" | "ERROR" | "Error" | "error" => Outcome::Failed,
            _ if was_thrown => Outcome::Failed,
            _ => Outcome::Unset,
        }
    }
}

/// Tells whether a list of span events holds a thrown exception.
pub(super) fn has_thrown(events: Option<Node<'_>>) -> bool {
    let names = events.into_iter().flat_map(Node::items).filter_map(|event| event.get("name"));
    names.into_iter().any(|name| name.raw() == "exception")
}

/// Makes calls of spans; kept for a file.
pub(super) struct Spans {
    cached_input: Option<CachedInput>,
    metadata: Embedded,
    tags: Embedded,
}

impl Spans {
    /// Starts on a file.
    pub(super) fn new(options: &Options) -> Spans {
        Spans { cached_input: options.cached_input, metadata: Embedded::default(), tags: Embedded::default() }
    }

    /// Hands on one span: always as a span, then as a call or a skip.
    pub(super) fn take(&mut self, found: Found<'_>, sink: &mut dyn Sink) -> Result<(), String> {
        let Found { line, mut span, scope, .. } = found;
        let is_claude_code = span.name.starts_with("claude_code.");
        let dialect = if is_claude_code { Dialect::ClaudeCode } else { Dialect::Conventions };
        let mut attributes = Attributes::new(dialect);
        let mut call = Call { line, flags: found.doubts, ..Call::default() };
        attributes.read(found.attributes, &mut call);
        if let Some((row, prefix)) = found.columns {
            attributes.read_columns(row, prefix, &mut call);
        }
        if let Some(kind) = found.kind {
            attributes.take("openinference.span.kind", kind, &mut call);
        }
        let metadata = self.metadata.open(attributes.get(Slot::Metadata));
        // Tables and tools that know no lists write them as JSON.
        let tags = attributes.get(Slot::Tags).filter(|tags| tags.raw().starts_with('['));
        let tags = self.tags.open(tags);
        let kind = Kind::of(&attributes, &span.name);
        let usage = usage::Usage::read(&attributes)?;
        if found.is_copy && usage.is_none() {
            // The span, which comes by another way, has what there is to know.
            sink.skip(line, "no_usage");
            return Ok(());
        }
        take_outcome(&attributes, found.outcome, &mut call)?;
        take_model(&attributes, scope, is_claude_code, &mut call);
        attributes.take_dimensions(metadata, tags, &mut call);
        span.role = kind.role(&attributes, usage.is_some());
        // Only what the span itself says is inherited: what a resource says yields to any ancestor.
        hand_down(&call, &["model_requested", "model_served", "error_type", "request_id"], &mut span);
        attributes.take_resource(found.resource, found.service, &mut call);
        let fate = fate(kind, &call, usage.is_some());
        if fate == Fate::Call {
            take_times(&attributes, &span, &mut call);
            take_ids(&attributes, &span, kind, &mut call);
            match usage {
                Some(usage) => usage.settle(scope, self.cached_input, &attributes, &mut call),
                None if body::has_failed(&call) => {}
                None => body::missing(&mut call),
            }
            if found.is_copy {
                call.flags.add(Flags::SECONDARY);
            }
        }
        // An event outside any span has no place in a trace.
        if !span.id.is_empty() {
            sink.span(&span);
        }
        match fate {
            Fate::Call => {
                call.set(Dim::Trace, span.trace);
                call.span = (!span.id.is_empty()).then_some(span.id);
                call.parent = span.parent;
                sink.call(&call);
            }
            Fate::Skip(reason) => sink.skip(line, reason),
        }
        Ok(())
    }
}

/// What becomes of a span beyond its structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Call,
    Skip(&'static str),
}

/// A request that carries no usage is a call all the same: failed, or of unknown cost.
fn fate(kind: Kind, call: &Call<'_>, has_usage: bool) -> Fate {
    match kind {
        Kind::Reread => Fate::Skip("reread"),
        _ if has_usage => Fate::Call,
        Kind::Call if call.dim(Dim::Model).is_some() => Fate::Call,
        _ => Fate::Skip("no_usage"),
    }
}

fn take_times(attributes: &Attributes<'_>, span: &Span<'_>, call: &mut Call<'_>) {
    call.ts = Timestamp(span.start);
    let length = u64::try_from(span.end.saturating_sub(span.start)).ok().filter(|nanos| *nanos > 0);
    call.latency_ms = length.map(|nanos| nanos.saturating_add(500_000) / 1_000_000);
    let millis = |slot: Slot, scale: f64| attributes.get(slot).and_then(|node| value::millis(node, scale));
    call.ttft_ms = millis(Slot::TtftMs, 1.0).or_else(|| millis(Slot::TtftS, 1000.0));
}

/// Sets the ids. An agent's span may repeat the id of its last answer: only a request's own names one call.
fn take_ids<'t>(attributes: &Attributes<'t>, span: &Span<'t>, kind: Kind, call: &mut Call<'t>) {
    call.request_id = attributes.text(Slot::RequestId);
    body::set_id(call, attributes.text(Slot::ResponseId));
    if span.role == SpanRole::Rollup {
        call.flags.add(Flags::ROLLUP);
    } else if call.request_id.is_some() && (span.role == SpanRole::Call || kind == Kind::Call) {
        call.flags.add(Flags::UNIQUE_ID);
    }
}

fn take_outcome<'t>(attributes: &Attributes<'t>, outcome: Outcome, call: &mut Call<'t>) -> Result<(), String> {
    let http = attributes.get(Slot::HttpStatus).and_then(Node::scalar);
    let kind = attributes.text(Slot::ErrorType);
    if outcome == Outcome::Failed || kind.is_some() {
        body::fail(call, kind);
    } else {
        call.set(
            Dim::Status,
            http.as_deref().map_or(Cow::Borrowed("ok"), |http| value::status(http).into_owned().into()),
        );
    }
    let cost = |slot: Slot| attributes.get(slot).map(|node| value::money(attributes.name(slot), node, 0)).transpose();
    let parts = [cost(Slot::CostInput)?, cost(Slot::CostOutput)?, cost(Slot::CostCacheWrite)?];
    call.logged_cost = match cost(Slot::Cost)? {
        None if parts.iter().any(Option::is_some) => Some(parts.into_iter().flatten().sum()),
        total => total,
    };
    Ok(())
}

fn take_model<'t>(attributes: &Attributes<'t>, scope: &str, is_claude_code: bool, call: &mut Call<'t>) {
    if let Some(seller) = seller(attributes, scope) {
        call.set(Dim::Provider, seller);
    }
    if let Some(requested) = attributes.text(Slot::Requested) {
        if is_claude_code && let Some(seller) = claude_seller(&requested) {
            call.set(Dim::Provider, seller);
        }
        call.set(Dim::Model, requested);
    }
    body::set_model(call, attributes.text(Slot::Served));
    if let Some(tier) = attributes.text(Slot::Tier) {
        fields::set_dim(call, Dim::Tier, tier);
    }
    if let Some(region) = attributes.text(Slot::Region) {
        call.set(Dim::Region, region);
        call.flags.add(Flags::GEO_STATED);
    }
}

/// Returns who bills: what the span says, unless that is a framework's name, else whose SDK was instrumented.
fn seller(attributes: &Attributes<'_>, scope: &str) -> Option<String> {
    const NOBODY: [&str; 8] =
        ["unknown", "_other", "langchain", "langgraph", "llamaindex", "llama_index", "crewai", "haystack"];
    let said = attributes.text(Slot::Provider);
    let folded = said.as_deref().map(provider::fold).filter(|seller| !seller.is_empty());
    match folded.filter(|seller| !NOBODY.contains(&&**seller)) {
        Some(seller) => Some(seller.into_owned()),
        None => usage::seller_of(scope).map(str::to_string),
    }
}

/// Returns through whom Claude Code reached a model, by the form of the model's id.
pub(super) fn claude_seller(model: &str) -> Option<&'static str> {
    if model.contains("anthropic.") {
        Some("bedrock")
    } else if model.contains('@') {
        Some("vertex")
    } else {
        model.starts_with("claude").then_some("anthropic")
    }
}

/// Gives a span what the calls below it may inherit: who and what for, never what was called. `own` are the extra
/// keys that tell of the record alone.
pub(super) fn hand_down<'t>(call: &Call<'t>, own: &[&str], span: &mut Span<'t>) {
    const SELF: [Dim; 7] = [Dim::Provider, Dim::Model, Dim::Tier, Dim::Region, Dim::Status, Dim::Source, Dim::Trace];
    let dims = Dim::all().zip(&call.dims).filter(|(dim, _)| !SELF.contains(dim));
    span.dims = dims.filter_map(|(dim, value)| value.clone().map(|value| (dim, value))).collect();
    span.extra = call.extra.iter().filter(|(key, _)| !own.contains(&key.as_ref())).cloned().collect();
}
