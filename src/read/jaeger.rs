//! Jaeger's JSON: what its UI downloads and its API answers (`data[].spans[]`), and its documents in Elasticsearch.
//!
//! Times are microseconds; attributes are `tags`; the status and the scope are tags too; the service stands among the
//! trace's processes (jaegertracing/jaeger `internal/uimodel/model.go`, and opentelemetry-collector-contrib
//! `pkg/translator/jaeger` for the tags' names). What the counts contain: see `spans`. Mid 2026.

use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Span;
use crate::read::Verdict;
use crate::read::fields;
use crate::read::formats;
use crate::read::json::Node;
use crate::read::spans::Found;
use crate::read::spans::Outcome;
use crate::read::spans::Spans;
use crate::read::spans::ids;

/// The reader of Jaeger exports.
pub struct Jaeger;

impl Reader for Jaeger {
    fn name(&self) -> &'static str {
        "jaeger"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let listed = record.get("data").into_iter().flat_map(Node::items).take(formats::FIRST_ITEMS);
        is_document(record) || listed.chain([record]).any(is_trace)
    }

    fn has_spans(&self) -> bool {
        true
    }

    fn origin(&self) -> Origin {
        Origin::Span
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Traces { spans: Spans::new(options) })
    }
}

/// Returns the traces of a record: those of an API's answer, or the record itself.
fn traces<'t>(record: Node<'t>) -> impl Iterator<Item = Node<'t>> {
    record.get("data").into_iter().flat_map(Node::items).chain([record]).filter(|node| is_trace(*node))
}

fn is_trace(node: Node<'_>) -> bool {
    node.get("traceID").is_some() && node.get("spans").is_some()
}

/// Tells whether a record is a span by itself, as Elasticsearch keeps it.
fn is_document(record: Node<'_>) -> bool {
    document(record).is_some()
}

fn document(record: Node<'_>) -> Option<Node<'_>> {
    let is_span =
        |node: &Node<'_>| ["traceID", "spanID", "operationName", "startTime"].iter().all(|key| node.get(key).is_some());
    [Some(record), record.get("_source")].into_iter().flatten().find(is_span)
}

struct Traces {
    spans: Spans,
}

impl Session for Traces {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let mut are_traces = false;
        for trace in traces(record.node) {
            are_traces = true;
            let mut any = false;
            for span in trace.get("spans").into_iter().flat_map(Node::items) {
                any = true;
                let process = span.get("processID").and_then(|id| trace.path(&["processes", id.raw()]));
                self.span(span, process, record.line, sink);
            }
            if !any {
                sink.skip(record.line, "no_spans");
            }
        }
        match document(record.node) {
            _ if are_traces => Verdict::Taken,
            Some(span) => {
                self.span(span, span.get("process"), record.line, sink);
                Verdict::Taken
            }
            None => Verdict::NotMine("no `data[].spans` in it".into()),
        }
    }
}

impl Traces {
    fn span(&mut self, node: Node<'_>, process: Option<Node<'_>>, line: u64, sink: &mut dyn Sink) {
        let process = process.or(node.get("process"));
        let taken = frame(node).and_then(|span| {
            let scope = tag(node, &["otel.scope.name", "otel.library.name"]);
            let found = Found {
                line,
                span,
                attributes: node.get("tags"),
                // Elasticsearch may keep tags as fields of an object, with `@` for the point.
                columns: node.get("tag").map(|tags| (tags, "")),
                resource: process.and_then(|process| process.get("tags")),
                service: process.and_then(|process| process.get("serviceName")).and_then(Node::str),
                scope: scope.map(Node::raw).unwrap_or_default(),
                outcome: outcome(node),
                ..Found::default()
            };
            self.spans.take(found, sink)
        });
        if let Err(reason) = taken {
            sink.reject(line, reason);
        }
    }
}

fn frame(node: Node<'_>) -> Result<Span<'_>, String> {
    let id_of = |node: Node<'_>, key: &str, bytes: usize| ids::id(node, &[key], bytes).map(|id| id.into_owned());
    let trace = id_of(node, "traceID", ids::TRACE).ok_or("a span without `traceID`")?;
    let id = id_of(node, "spanID", ids::SPAN).ok_or("a span without `spanID`")?;
    let start = node.get("startTime").ok_or("a span without `startTime`")?;
    let (start, _) = fields::time(start).map_err(|reason| format!("`startTime`: {reason}"))?;
    let above = |kind: &str| {
        let mut list = node.get("references").into_iter().flat_map(Node::items);
        list.find(|reference| {
            reference.get("refType").is_some_and(|said| said.raw() == kind)
                && id_of(*reference, "traceID", ids::TRACE).is_none_or(|other| other == trace)
        })
    };
    let parent = above("CHILD_OF").or_else(|| above("FOLLOWS_FROM")).and_then(|at| id_of(at, "spanID", ids::SPAN));
    let parent = parent.or_else(|| id_of(node, "parentSpanID", ids::SPAN)).filter(|parent| *parent != id);
    Ok(Span {
        trace: ids::padded(trace.into(), ids::TRACE),
        id: ids::padded(id.into(), ids::SPAN),
        parent: parent.map(|parent| ids::padded(parent.into(), ids::SPAN)),
        name: ids::name(node.get("operationName")),
        start: start.0,
        end: ids::later(start.0, node.get("duration")),
        ..Span::default()
    })
}

/// Returns the value of a tag.
fn tag<'t>(node: Node<'t>, names: &[&str]) -> Option<Node<'t>> {
    let is_named = |tag: &Node<'t>| tag.get("key").is_some_and(|key| names.contains(&key.raw()));
    node.get("tags").into_iter().flat_map(Node::items).find(is_named)?.get("value")
}

fn outcome(node: Node<'_>) -> Outcome {
    let mut logs = node.get("logs").into_iter().flat_map(Node::items);
    let was_thrown = logs.any(|log| {
        let mut fields = log.get("fields").into_iter().flat_map(Node::items);
        fields.any(|field| {
            field.get("key").is_some_and(|key| key.raw() == "event")
                && field.get("value").is_some_and(|value| value.raw() == "exception")
        })
    });
    match tag(node, &["error"]).and_then(Node::bool) {
        Some(true) => Outcome::Failed,
        _ => Outcome::of(tag(node, &["otel.status_code"]), was_thrown),
    }
}
