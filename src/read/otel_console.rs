//! Spans as the console exporters of OpenTelemetry print them: an object a span, over many lines.
//!
//! Python's is JSON (open-telemetry/opentelemetry-python `opentelemetry-sdk/src/opentelemetry/sdk/trace/__init__.py`,
//! `ReadableSpan.to_json`). JavaScript's has other names (open-telemetry/opentelemetry-js
//! `packages/opentelemetry-sdk-trace-base/src/export/ConsoleSpanExporter.ts`) and is read where it was written as
//! JSON; what `console.dir` itself prints is not JSON. What the counts contain: see `spans`. Mid 2026.

use crate::domain::Flags;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Span;
use crate::read::Verdict;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::spans::Found;
use crate::read::spans::Outcome;
use crate::read::spans::Spans;
use crate::read::spans::has_thrown;
use crate::read::spans::ids;

/// The reader of console exports.
pub struct OtelConsole;

const SCOPE: [&str; 4] = ["instrumentation_scope", "instrumentationScope", "instrumentationLibrary", "scope"];

impl Reader for OtelConsole {
    fn name(&self) -> &'static str {
        "otel_console"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        is_python(record) || is_javascript(record)
    }

    fn has_spans(&self) -> bool {
        true
    }

    fn origin(&self) -> Origin {
        Origin::Span
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Console { spans: Spans::new(options) })
    }
}

/// Phoenix has the same frame and says the kind and the status beside it.
fn is_python(record: Node<'_>) -> bool {
    record.path(&["context", "trace_id"]).is_some()
        && record.path(&["context", "span_id"]).is_some()
        && record.has_all(&["attributes", "start_time"])
        && !record.has("span_kind")
        && !record.has("status_code")
}

fn is_javascript(record: Node<'_>) -> bool {
    record.has_all(&["traceId", "id", "timestamp", "duration", "attributes", "status"])
}

struct Console {
    spans: Spans,
}

impl Session for Console {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let node = record.node;
        let frame = match node {
            _ if is_python(node) => python(node),
            _ if is_javascript(node) => javascript(node),
            _ => return Verdict::NotMine("not a span as a console exporter prints it".into()),
        };
        let taken = frame.and_then(|(span, doubts)| {
            let code = node.path(&["status", "status_code"]).or(node.path(&["status", "code"]));
            let found = Found {
                line: record.line,
                span,
                attributes: node.get("attributes"),
                resource: node.path(&["resource", "attributes"]),
                scope: node.first(&SCOPE).and_then(|scope| scope.get("name")).map(Node::raw).unwrap_or_default(),
                outcome: Outcome::of(code, has_thrown(node.get("events"))),
                doubts,
                ..Found::default()
            };
            self.spans.take(found, sink)
        });
        if let Err(reason) = taken {
            sink.reject(record.line, reason);
        }
        Verdict::Taken
    }
}

fn python(node: Node<'_>) -> Result<(Span<'_>, Flags), String> {
    let context = node.get("context").ok_or("a span without `context`")?;
    let trace = ids::id(context, &["trace_id"], ids::TRACE).ok_or("a span without `context.trace_id`")?;
    let id = ids::id(context, &["span_id"], ids::SPAN).ok_or("a span without `context.span_id`")?;
    let start = node.get("start_time").ok_or("a span without `start_time`")?;
    let (start, doubts) = fields::time(start).map_err(|reason| format!("`start_time`: {reason}"))?;
    let end = node.get("end_time").and_then(|end| fields::time(end).ok()).map_or(start, |(end, _)| end);
    let parent = ids::id(node, &["parent_id"], ids::SPAN).filter(|parent| *parent != id);
    let name = ids::name(node.get("name"));
    Ok((Span { trace, id, parent, name, start: start.0, end: end.0, ..Span::default() }, doubts))
}

fn javascript(node: Node<'_>) -> Result<(Span<'_>, Flags), String> {
    let trace = ids::id(node, &["traceId"], ids::TRACE).ok_or("a span without `traceId`")?;
    let id = ids::id(node, &["id"], ids::SPAN).ok_or("a span without `id`")?;
    let start = node.get("timestamp").ok_or("a span without `timestamp`")?;
    let (start, doubts) = fields::time(start).map_err(|reason| format!("`timestamp`: {reason}"))?;
    // Version 2 of the SDK gives the whole context of the span above.
    let above = node.get("parentSpanContext").and_then(|above| ids::id(above, &["spanId"], ids::SPAN));
    let parent = above.or_else(|| ids::id(node, &["parentId"], ids::SPAN)).filter(|parent| *parent != id);
    let end = ids::later(start.0, node.get("duration"));
    let name = ids::name(node.get("name"));
    Ok((Span { trace, id, parent, name, start: start.0, end, ..Span::default() }, doubts))
}
