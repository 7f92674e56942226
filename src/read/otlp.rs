//! OpenTelemetry traces as OTLP/JSON: the Collector's file exporter, Tempo's and Jaeger's exports, older library keys.
//!
//! What the counts of a span contain, which spans are calls and what they pass down: see `spans`, with its
//! sources. Here is the envelope (opentelemetry-proto, JSON mapping; opentelemetry-collector-contrib
//! `exporter/fileexporter/README.md`; grafana/tempo). Logs and metrics are other formats.

use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Span;
use crate::read::Verdict;
use crate::read::json::Node;
use crate::read::spans::Found;
use crate::read::spans::Outcome;
use crate::read::spans::Spans;
use crate::read::spans::has_thrown;
use crate::read::spans::ids;

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
        Box::new(Traces { spans: Spans::new(options) })
    }
}

/// Returns the node that holds the list of resources, or the one of a single resource.
fn root(record: Node<'_>) -> Option<Node<'_>> {
    // Tempo wraps the answer in `trace`, Jaeger in `result`.
    [Some(record), record.get("trace"), record.get("result")].into_iter().flatten().find(|node| {
        let grouped =
            |key: &str| node.get(key).is_some_and(|list| list.items().any(|item| item.first(&SCOPES).is_some()));
        node.first(&GROUPS[..2]).is_some() || grouped("batches") || node.first(&SCOPES).is_some()
    })
}

struct Traces {
    spans: Spans,
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
        for list in group.first(&SCOPES).into_iter().flat_map(Node::items) {
            let scope = list.first(&SCOPE).and_then(|scope| scope.get("name")).map(Node::raw).unwrap_or_default();
            for span in list.get("spans").into_iter().flat_map(Node::items) {
                count += 1;
                if let Err(reason) = self.span(span, resource, scope, line, sink) {
                    sink.reject(line, reason);
                }
            }
        }
        count
    }

    fn span(
        &mut self,
        node: Node<'_>,
        resource: Option<Node<'_>>,
        scope: &str,
        line: u64,
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        let found = Found {
            line,
            span: frame(node)?,
            attributes: node.get("attributes"),
            resource,
            scope,
            outcome: Outcome::of(node.path(&["status", "code"]), has_thrown(node.get("events"))),
            ..Found::default()
        };
        self.spans.take(found, sink)
    }
}

/// Reads what makes a span a span: ids and times.
fn frame(node: Node<'_>) -> Result<Span<'_>, String> {
    let trace = ids::id(node, &["traceId", "trace_id"], ids::TRACE).ok_or("a span without `traceId`")?;
    let id = ids::id(node, &["spanId", "span_id"], ids::SPAN).ok_or("a span without `spanId`")?;
    let start =
        node.first(&["startTimeUnixNano", "start_time_unix_nano"]).ok_or("a span without `startTimeUnixNano`")?;
    let start = ids::nanos(start).map_err(|reason| format!("`startTimeUnixNano`: {reason}"))?;
    let end = node.first(&["endTimeUnixNano", "end_time_unix_nano"]).and_then(|end| ids::nanos(end).ok());
    Ok(Span {
        trace,
        parent: ids::id(node, &["parentSpanId", "parent_span_id"], ids::SPAN).filter(|parent| *parent != id),
        id,
        name: ids::name(node.get("name")),
        start,
        end: end.unwrap_or(start),
        ..Span::default()
    })
}
