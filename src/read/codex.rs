//! Sessions of the Codex CLI: `rollout-*.jsonl` below `~/.codex/sessions` and `archived_sessions`.
//!
//! Inclusive: `input_tokens` contains cached tokens and cache writes, `output_tokens` contains reasoning, as in
//! the OpenAI answers they were taken from (openai/codex, `codex-rs/protocol/src/protocol.rs`, mid 2026).
//!
//! A `token_count` event carries running totals and is sent again for every refresh of the rate limits, so a call
//! is what the totals grew by. They may fall, and then start over at the event's own counts: a full context
//! overwrites them, a compaction lowers them. Newer versions write a `token_usage_record` a response before
//! the event that counts it in (`core/src/session/turn.rs`); from the first of them on the events add nothing.
//! A fork or a subagent starts with a copy of another thread's events, which that thread's file holds as well. The
//! stamps are those of a call's end; its start is not in the log. What `codex exec --json` prints is another format.

mod thread;
mod usage;

use std::collections::HashSet;

use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::domain::time::NANOS;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::codex::thread::Thread;
use crate::read::codex::thread::text;
use crate::read::codex::usage::Usage;
use crate::read::fields;
use crate::read::json::Node;

/// The reader of Codex sessions.
pub struct Codex;

/// Types of lines that only a Codex session has.
const TYPES: [&str; 6] =
    ["session_meta", "turn_context", "event_msg", "response_item", "token_usage_record", "world_state"];

impl Reader for Codex {
    fn name(&self) -> &'static str {
        "codex"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        parts(record).is_some_and(|(kind, _)| TYPES.contains(&kind))
    }

    fn origin(&self) -> Origin {
        Origin::Provider
    }

    fn start(&self, _: &Options) -> Box<dyn Session> {
        Box::new(Rollout::default())
    }
}

/// Returns the type of a line and what it carries.
fn parts(record: Node<'_>) -> Option<(&str, Node<'_>)> {
    let payload = record.get("payload").filter(|payload| payload.is_object())?;
    Some((record.get("type")?.raw(), payload))
}

/// The state of a file, read line by line: a call is settled by the lines before it, so that a file that has grown
/// has the same calls and more.
#[derive(Default)]
struct Rollout {
    thread: Thread,
    /// Whether the lines are still those of a copied history.
    copying: bool,
    previous: Option<Timestamp>,
    /// The totals of the last event.
    total: Option<Usage>,
    /// Whether a call was found among the events.
    counted: bool,
    /// Whether the file has a record a response, and by which ids.
    recorded: bool,
    responses: HashSet<String>,
}

impl Session for Rollout {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let Some((kind, payload)) = parts(record.node) else {
            return Verdict::NotMine("no line of a Codex session".into());
        };
        let ts = record.node.get("timestamp").map(fields::time);
        if let Some(Ok((ts, _))) = &ts {
            self.pass(*ts);
        }
        let line = Line { number: record.line, ts, payload };
        match (kind, payload.get("type").map(Node::raw)) {
            ("token_usage_record", _) => self.response(&line, sink),
            ("event_msg", Some("token_count")) => self.count(&line, sink),
            (kind, event) => {
                self.learn(kind, event.unwrap_or_default(), payload);
                sink.skip(record.line, "no_call");
            }
        }
        Verdict::Taken
    }
}

/// A line that may be a call.
struct Line<'t> {
    number: u64,
    ts: Option<Result<(Timestamp, Flags), String>>,
    payload: Node<'t>,
}

impl Line<'_> {
    fn ts(&self) -> Result<(Timestamp, Flags), String> {
        match &self.ts {
            Some(Ok(ts)) => Ok(*ts),
            Some(Err(reason)) => Err(format!("`timestamp`: {reason}")),
            None => Err("no time: `timestamp` is missing".into()),
        }
    }
}

impl Rollout {
    /// Takes the time of a line. A copy is written in one go, or keeps the times of the lines it copies; no model
    /// answers within a second of the line before.
    fn pass(&mut self, ts: Timestamp) {
        let pause = self.previous.is_some_and(|previous| ts.0.saturating_sub(previous.0) >= NANOS);
        if pause && !self.precedes_thread(ts) {
            self.copying = false;
        }
        self.previous = Some(ts);
    }

    fn precedes_thread(&self, ts: Timestamp) -> bool {
        self.thread.start.is_some_and(|start| ts < start)
    }

    /// Learns from a line that is no call.
    fn learn(&mut self, kind: &str, event: &str, payload: Node<'_>) {
        match (kind, event) {
            ("session_meta", _) => {
                // Histories are copied to a file's head. Behind calls another header starts another file's lines.
                if (self.counted || self.recorded) && self.thread.is_other(payload) {
                    let (previous, responses) = (self.previous, std::mem::take(&mut self.responses));
                    *self = Rollout { previous, responses, ..Rollout::default() };
                }
                let may_copy = self.thread.meta(payload, self.previous);
                self.copying |= may_copy && !self.counted;
            }
            ("turn_context", _) => self.thread.turn(payload),
            ("event_msg", "task_started") => {
                // In a copy it keeps the time at which the other thread's turn began.
                let began = payload.get("started_at").and_then(|node| fields::time(node).ok()).map(|(ts, _)| ts);
                let start = self.thread.start.map(|start| start.0 / NANOS);
                if let (Some(began), Some(start)) = (began, start)
                    && began.0 / NANOS >= start
                {
                    self.copying = false;
                }
            }
            ("event_msg", "thread_settings_applied") => {
                if self.is_own(payload) == Some(true) {
                    self.copying = false;
                }
                if let Some(settings) = payload.get("thread_settings") {
                    self.thread.settings(settings);
                }
            }
            _ => {}
        }
    }

    /// Tells whether a line names this thread; `None` where it names none.
    fn is_own(&self, payload: Node<'_>) -> Option<bool> {
        let id = text(payload, "thread_id")?;
        Some(self.thread.id.as_ref() == Some(&id))
    }

    /// Reads a record of one response.
    fn response(&mut self, line: &Line<'_>, sink: &mut dyn Sink) {
        let is_own = self.is_own(line.payload);
        if is_own == Some(false) && (self.thread.is_child || self.thread.has_copies) {
            sink.skip(line.number, "replay");
            return;
        }
        let id = text(line.payload, "response_id");
        if id.as_ref().is_some_and(|id| self.responses.contains(id)) {
            sink.skip(line.number, "repeat");
            return;
        }
        match self.read_response(line, id.as_deref(), sink) {
            Ok(()) => {
                self.copying &= is_own != Some(true);
                self.recorded = true;
                self.responses.extend(id);
            }
            Err(reason) => sink.reject(line.number, reason),
        }
    }

    fn read_response(&self, line: &Line<'_>, id: Option<&str>, sink: &mut dyn Sink) -> Result<(), String> {
        let usage = Usage::read(line.payload.get("usage").ok_or("`usage` is missing")?)?;
        let (ts, flags) = line.ts()?;
        let mut call = self.thread.call(line.number, ts, flags);
        usage.take(&mut call)?;
        if let Some(id) = id {
            call.request_id = Some(id.into());
            call.flags.add(Flags::UNIQUE_ID);
        }
        if let Some(turn) = text(line.payload, "turn_id") {
            call.set(Dim::Run, turn);
        }
        sink.call(&call);
        Ok(())
    }

    /// Reads an event with running totals.
    fn count(&mut self, line: &Line<'_>, sink: &mut dyn Sink) {
        match self.read_count(line, sink) {
            Ok(None) => {}
            Ok(Some(reason)) => sink.skip(line.number, reason),
            // The totals stay where they were: the next event has the tokens of this one in it.
            Err(reason) => sink.reject(line.number, reason),
        }
    }

    /// Hands on the call that an event counts in, or says why there is none.
    fn read_count(&mut self, line: &Line<'_>, sink: &mut dyn Sink) -> Result<Option<&'static str>, String> {
        let info = line.payload.fields().find(|(key, _)| *key == "info").ok_or("`info` is missing")?.1;
        if info.is_null() {
            return Ok(Some("no_usage"));
        }
        let total = info.get("total_token_usage").ok_or("`total_token_usage` is missing")?;
        let total = Usage::read(total).map_err(|reason| format!("`total_token_usage`: {reason}"))?;
        let last = info.get("last_token_usage").and_then(|last| Usage::read(last).ok());
        let (ts, flags) = line.ts()?;
        if self.copying || self.precedes_thread(ts) {
            self.total = Some(total);
            return Ok(Some("replay"));
        }
        if self.recorded || self.total == Some(total) {
            self.total = Some(total);
            return Ok(Some("repeat"));
        }
        let used = match self.total {
            Some(earlier) => total.since(earlier).or(last),
            // A child's totals go on from its parent's.
            None if self.thread.is_child => Some(last.unwrap_or(total)),
            None => Some(total),
        };
        let used = used.ok_or("the totals fell, and `last_token_usage` does not say what was used")?;
        if used.is_zero() {
            self.total = Some(total);
            return Ok(Some("no_usage"));
        }
        let mut call = self.thread.call(line.number, ts, flags);
        used.take(&mut call)?;
        // Events of other calls in between are not in the log.
        if last.and_then(|last| used.since(last)).is_some_and(|more| !more.is_zero()) {
            call.flags.add(Flags::ROLLUP);
        }
        call.request_id = Some(self.id(total, last, ts).into());
        call.flags.add(Flags::UNIQUE_ID);
        sink.call(&call);
        self.counted = true;
        self.total = Some(total);
        Ok(None)
    }

    /// Makes the id of an event's call: the same in every copy of the event. Totals tell a call from all others but
    /// at a thread's beginning, where two threads may well look alike: there the thread is named.
    fn id(&self, total: Usage, last: Option<Usage>, ts: Timestamp) -> String {
        let last_text = last.map_or_else(|| "-".to_string(), |last| last.to_string());
        let counts = format!("{}:{total}:{last_text}", self.thread.model());
        if self.counted && last.is_some_and(|last| last != total) {
            return format!("codex:{counts}");
        }
        let owner = self.thread.id.clone().unwrap_or_else(|| ts.to_string());
        format!("codex:{owner}:{counts}")
    }
}
