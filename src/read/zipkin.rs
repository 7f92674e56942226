//! Spans as Zipkin's API gives them (v2): an array of objects with `tags`, times in microseconds.
//!
//! Everything in `tags` is text, lists as JSON; status and scope are tags too (openzipkin/zipkin-api
//! `zipkin2-api.yaml`; opentelemetry-specification `trace/sdk_exporters/zipkin.md`). What the counts contain: see
//! `spans`. Mid 2026.

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
use crate::read::spans::ids;

/// The reader of Zipkin exports.
pub struct Zipkin;

impl Reader for Zipkin {
    fn name(&self) -> &'static str {
        "zipkin"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let has = |key: &str| record.has(key);
        has("traceId") && has("id") && has("timestamp") && (has("localEndpoint") || has("tags") && has("duration"))
    }

    fn has_spans(&self) -> bool {
        true
    }

    fn origin(&self) -> Origin {
        Origin::Span
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(List { spans: Spans::new(options) })
    }
}

struct List {
    spans: Spans,
}

impl Session for List {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let node = record.node;
        if !Zipkin.claims(node) {
            return Verdict::NotMine("not a Zipkin span: no `traceId`, `id` and `localEndpoint`".into());
        }
        let taken = frame(node).and_then(|span| {
            let tag = |names: &[&str]| node.get("tags").and_then(|tags| tags.first(names));
            let found = Found {
                line: record.line,
                span,
                attributes: node.get("tags"),
                service: node.path(&["localEndpoint", "serviceName"]).and_then(Node::str),
                scope: tag(&["otel.scope.name", "otel.library.name"]).map(Node::raw).unwrap_or_default(),
                // The tag `error` is there only on a failure; its text is the message.
                outcome: Outcome::of(tag(&["otel.status_code"]), tag(&["error"]).is_some()),
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

fn frame(node: Node<'_>) -> Result<Span<'_>, String> {
    let id_of = |key: &str, bytes: usize| ids::id(node, &[key], bytes).map(|id| ids::padded(id, bytes));
    let trace = id_of("traceId", ids::TRACE).ok_or("a span without `traceId`")?;
    let id = id_of("id", ids::SPAN).ok_or("a span without `id`")?;
    let start = node.get("timestamp").ok_or("a span without `timestamp`")?;
    let (start, _) = fields::time(start).map_err(|reason| format!("`timestamp`: {reason}"))?;
    Ok(Span {
        parent: id_of("parentId", ids::SPAN).filter(|parent| *parent != id),
        trace,
        id,
        name: ids::name(node.get("name")),
        start: start.0,
        end: ids::later(start.0, node.get("duration")),
        ..Span::default()
    })
}
