//! Arize Phoenix: its data frames of spans as CSV or JSON lines, and the spans of its API as JSON.
//!
//! A data frame has a column an attribute (`attributes.llm.token_count.prompt`), `context.span_id`, and columns
//! `cumulative_*` and `__computed__.*` that sum the spans below: those are not read. The API has objects instead
//! (Arize-ai/phoenix `src/phoenix/trace/dsl/`, `src/phoenix/server/api/routers/v1/spans.py`). What the counts contain:
//! see `spans`; the names are OpenInference's. Times without a zone are UTC. Mid 2026.

use std::borrow::Cow;

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
use crate::read::formats;
use crate::read::json::Node;
use crate::read::spans::Found;
use crate::read::spans::Outcome;
use crate::read::spans::Spans;
use crate::read::spans::has_thrown;
use crate::read::spans::ids;

/// The reader of Phoenix exports.
pub struct Phoenix;

impl Reader for Phoenix {
    fn name(&self) -> &'static str {
        "phoenix"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        is_span(record) || pages(record).any(|list| list.items().take(formats::FIRST_ITEMS).any(is_span))
    }

    fn has_spans(&self) -> bool {
        true
    }

    fn origin(&self) -> Origin {
        Origin::Span
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Frame { spans: Spans::new(options) })
    }
}

/// Returns the spans of a record: those of a page of the API, or the record itself.
fn spans<'t>(record: Node<'t>) -> impl Iterator<Item = Node<'t>> {
    pages(record).flat_map(Node::items).chain([record]).filter(|node| is_span(*node))
}

fn pages<'t>(record: Node<'t>) -> impl Iterator<Item = Node<'t>> {
    ["data", "spans"].into_iter().filter_map(move |key| record.get(key))
}

fn is_span(node: Node<'_>) -> bool {
    is_row(node) || is_object(node)
}

/// Tells whether a record is a row of a data frame.
fn is_row(node: Node<'_>) -> bool {
    let has = |key: &str| node.has(key);
    (has("context.trace_id") || has("context.span_id")) && has("start_time")
}

/// Tells whether a record is a span of the API.
fn is_object(node: Node<'_>) -> bool {
    let Some(context) = node.get("context").filter(|context| context.is_object()) else { return false };
    let kind = || node.first(&["span_kind", "spanKind", "status_code", "statusCode"]).is_some();
    context.first(&["trace_id", "traceId"]).is_some() && kind() && node.first(&["start_time", "startTime"]).is_some()
}

struct Frame {
    spans: Spans,
}

impl Session for Frame {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let mut any = false;
        for span in spans(record.node) {
            any = true;
            if let Err(reason) = self.span(span, record.line, sink) {
                sink.reject(record.line, reason);
            }
        }
        if any { Verdict::Taken } else { Verdict::NotMine("no `context.span_id` in it".into()) }
    }
}

impl Frame {
    fn span(&mut self, node: Node<'_>, line: u64, sink: &mut dyn Sink) -> Result<(), String> {
        let (span, doubts) = frame(node)?;
        let found = Found {
            line,
            span,
            attributes: node.get("attributes").filter(|attributes| attributes.is_object()),
            columns: Some((node, "attributes.")),
            kind: node.first(&["span_kind", "spanKind"]),
            outcome: Outcome::of(node.first(&["status_code", "statusCode"]), has_thrown(node.get("events"))),
            doubts,
            ..Found::default()
        };
        self.spans.take(found, sink)
    }
}

fn frame(node: Node<'_>) -> Result<(Span<'_>, Flags), String> {
    let context = |names: &[&str], column: &str, bytes: usize| -> Option<Cow<'_, str>> {
        let inside = node.get("context").and_then(|context| ids::id(context, names, bytes));
        inside.or_else(|| ids::id(node, &[column], bytes))
    };
    let trace = context(&["trace_id", "traceId"], "context.trace_id", ids::TRACE);
    let trace = trace.ok_or("a span without `context.trace_id`")?;
    let id = context(&["span_id", "spanId"], "context.span_id", ids::SPAN);
    let id = id.ok_or("a span without `context.span_id`")?;
    let start = node.first(&["start_time", "startTime"]).ok_or("a span without `start_time`")?;
    let (start, doubts) = fields::time(start).map_err(|reason| format!("`start_time`: {reason}"))?;
    let end = node.first(&["end_time", "endTime"]).and_then(|end| fields::time(end).ok());
    let parent = ids::id(node, &["parent_id", "parentId"], ids::SPAN).filter(|parent| *parent != id);
    let name = ids::name(node.get("name"));
    let end = end.map_or(start, |(end, _)| end).0;
    Ok((Span { trace, id, parent, name, start: start.0, end, ..Span::default() }, doubts))
}
