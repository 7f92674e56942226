//! OpenTelemetry logs as OTLP/JSON: the events of coding agents and of the GenAI conventions, one call each.
//!
//! - Claude Code (`claude_code.api_request`): Anthropic's counts, input exclusive of cache reads and writes; the cost
//!   is its own list-price estimate (Claude Code documentation, "Monitoring").
//! - Gemini CLI (`gemini_cli.api_response`): Gemini's counts, input inclusive of cached content, output exclusive of
//!   thoughts (google-gemini/gemini-cli `packages/core/src/telemetry/types.ts`).
//! - Codex (`codex.sse_event` of kind `response.completed`): OpenAI's counts, input inclusive, output inclusive of
//!   reasoning (openai/codex `codex-rs/otel/src/events/session_telemetry.rs`).
//! - `gen_ai.client.inference.operation.details`: the span of the same ids once more, with its attributes
//!   (open-telemetry/semantic-conventions-genai `docs/gen-ai/gen-ai-events.md`). All mid 2026.
//!
//! An agent's event may lie inside a span that covers several requests, so it does not go by that span's id.

mod agents;
mod event;

use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Span;
use crate::read::Verdict;
use crate::read::json::Node;
use crate::read::otlp_logs::agents::Told;
use crate::read::otlp_logs::event::Event;
use crate::read::spans::Found;
use crate::read::spans::Outcome;
use crate::read::spans::Spans;
use crate::read::spans::ids;

/// The reader of OTLP/JSON logs.
pub struct OtlpLogs;

/// Spellings of the lists on the way to a log record.
const GROUPS: [&str; 2] = ["resourceLogs", "resource_logs"];
const SCOPES: [&str; 4] = ["scopeLogs", "scope_logs", "instrumentationLibraryLogs", "instrumentation_library_logs"];
const RECORDS: [&str; 3] = ["logRecords", "log_records", "logs"];

impl Reader for OtlpLogs {
    fn name(&self) -> &'static str {
        "otlp_logs"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        record.first(&GROUPS).or(record.first(&SCOPES)).is_some() || is_console_record(record)
    }

    fn has_spans(&self) -> bool {
        true
    }

    fn origin(&self) -> Origin {
        Origin::Span
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Logs { spans: Spans::new(options) })
    }
}

/// Tells whether a record is a log record as Python's console exporter prints it.
fn is_console_record(record: Node<'_>) -> bool {
    let has = |key: &str| record.has(key);
    has("severity_number") && has("body") && has("attributes") && has("trace_id")
}

struct Logs {
    spans: Spans,
}

impl Session for Logs {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let node = record.node;
        let mut events = 0usize;
        if let Some(groups) = node.first(&GROUPS) {
            groups.items().for_each(|group| events += self.group(group, record.line, sink));
        } else if node.first(&SCOPES).is_some() {
            events += self.group(node, record.line, sink);
        } else if is_console_record(node) {
            events = 1;
            let resource = node.path(&["resource", "attributes"]);
            self.event(Event::read(node, resource, "", record.line), sink);
        } else {
            return Verdict::NotMine("no `resourceLogs` in it".into());
        }
        if events == 0 {
            sink.skip(record.line, "no_call");
        }
        Verdict::Taken
    }
}

impl Logs {
    /// Hands on the log records of one resource and returns how many there were.
    fn group(&mut self, group: Node<'_>, line: u64, sink: &mut dyn Sink) -> usize {
        let resource = group.path(&["resource", "attributes"]);
        let mut count = 0;
        for list in group.first(&SCOPES).into_iter().flat_map(Node::items) {
            let scope = list.path(&["scope", "name"]).map(Node::raw).unwrap_or_default();
            for node in list.first(&RECORDS).into_iter().flat_map(Node::items) {
                count += 1;
                self.event(Event::read(node, resource, scope, line), sink);
            }
        }
        count
    }

    fn event(&mut self, event: Event<'_>, sink: &mut dyn Sink) {
        let line = event.line;
        let taken = match agents::read(&event) {
            Ok(Told::Call(call)) => {
                sink.call(&call);
                Ok(())
            }
            Ok(Told::Nothing(reason)) => {
                sink.skip(line, reason);
                Ok(())
            }
            Ok(Told::Details) => self.details(&event, sink),
            Err(reason) => Err(reason),
        };
        if let Err(reason) = taken {
            sink.reject(line, reason);
        }
    }

    /// Reads an event of the conventions as the span it stands for.
    fn details(&mut self, event: &Event<'_>, sink: &mut dyn Sink) -> Result<(), String> {
        let at = event.stamp()?;
        let (trace, id) = event.place();
        let is_copy = trace.is_some() && id.is_some();
        let span = Span {
            // The event's own name would pass for the span's.
            trace: trace.unwrap_or_default(),
            id: if is_copy { id.unwrap_or_default() } else { Default::default() },
            start: at,
            end: at,
            ..Span::default()
        };
        let found = Found {
            line: event.line,
            span,
            attributes: event.attributes,
            columns: event.body.filter(|body| body.is_object()).map(|body| (body, "")),
            resource: event.resource,
            scope: event.scope,
            outcome: Outcome::of(None, false),
            is_copy,
            ..Found::default()
        };
        self.spans.take(found, sink)
    }
}

/// Reads the ids of the trace and the span that a log record was written in.
fn place_of<'t>(node: Node<'t>) -> (Option<std::borrow::Cow<'t, str>>, Option<std::borrow::Cow<'t, str>>) {
    (ids::id(node, &["traceId", "trace_id"], ids::TRACE), ids::id(node, &["spanId", "span_id"], ids::SPAN))
}
