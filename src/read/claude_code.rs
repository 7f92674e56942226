//! Session files of Claude Code, of its subagents, and what `claude -p --output-format json|stream-json` prints.
//!
//! Exclusive: the `usage` of a line is the provider's own, so `input_tokens` contains neither cache reads nor writes
//! and `output_tokens` includes thinking (anthropics/anthropic-sdk-python, `types/usage.py`, mid 2026).
//! One answer is written as a line a content block, each with the usage so far: lines of one `message.id` and
//! `requestId` are one call with the greatest of each count and the first of the times. A resumed session copies
//! lines into a new file, which the store merges by the id. A side question or a compaction replays its parent's
//! answers under other request ids (ccusage/ccusage, `rust/adapters/claude/src/daily.rs`): the parent's is the call.
//! A subagent's own answers have ids of their own and add up.

mod held;
mod line;
mod rollup;
mod said;

use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::claude_code::held::Held;
use crate::read::claude_code::line::Line;
use crate::read::claude_code::rollup::Rollups;
use crate::read::json::Node;

/// The reader of Claude Code sessions.
pub struct ClaudeCode;

impl Reader for ClaudeCode {
    fn name(&self) -> &'static str {
        "claude_code"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        is_line(record)
    }

    fn origin(&self) -> Origin {
        Origin::Provider
    }

    fn tells_by_content(&self) -> bool {
        true
    }

    fn is_no_call(&self, line: &[u8]) -> bool {
        // Quotes inside a text are escaped, so these are keys and values of the log itself. A line cut off in the
        // middle, or one that is not of a conversation, is parsed and reported.
        let has = |word: &str| memchr::memmem::find(line, word.as_bytes()).is_some();
        line.starts_with(b"{")
            && line.ends_with(b"}")
            && has("\"parentUuid\"")
            && !has("\"usage\"")
            && !has("\"assistant\"")
            && !has("\"agentType\"")
    }

    fn start(&self, _: &Options) -> Box<dyn Session> {
        Box::new(Lines::default())
    }
}

/// Tells whether a record is a line of a Claude Code session, or of what `claude -p` prints.
pub fn is_line(record: Node<'_>) -> bool {
    let (mut session, mut chained, mut uuid, mut printed, mut sums, mut usage, mut other) =
        (false, false, false, false, false, false, false);
    let mut kind = "";
    for (key, value) in record.fields() {
        match key {
            "type" => kind = value.raw(),
            "sessionId" => session = true,
            "parentUuid" | "isSidechain" => chained = true,
            "uuid" => uuid = true,
            "session_id" | "parent_tool_use_id" => printed = true,
            "modelUsage" | "total_cost_usd" => sums = true,
            "subtype" | "leafUuid" | "snapshot" | "operation" | "data" => other = true,
            "message" => usage = value.path(&["usage", "input_tokens"]).is_some(),
            "projectHash" => return false,
            _ => {}
        }
    }
    match kind {
        "assistant" => (session || printed) && (uuid || chained || usage),
        "result" => sums,
        "system" | "user" | "stream_event" if printed => uuid || other,
        "summary" | "file-history-snapshot" => other,
        "queue-operation" | "progress" => session && other,
        _ => session && uuid && chained,
    }
}

/// A session at work: calls are kept back until no further line of theirs can come.
#[derive(Default)]
struct Lines {
    held: Held,
    rollups: Rollups,
}

impl Session for Lines {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let line = Line::read(record.line, record.node);
        self.held.take_time(&line);
        if line.kind == "result" && line.is_printed() {
            self.rollups.keep(&line, record.node, sink);
        } else if line.kind == "stream_event" {
            // Parts of an answer whose whole follows as a line of its own.
            sink.skip(line.number, "stream_event");
        } else if line.is_call() {
            self.rollups.saw_call(&line);
            self.held.take(&line, sink);
        } else if line.is_of_session(record.node) {
            self.held.learn_agent(&line);
            sink.skip(line.number, "no_call");
        } else {
            return Verdict::NotMine("neither a line of a Claude Code session nor of `claude -p`".into());
        }
        Verdict::Taken
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        self.held.end(sink);
        self.rollups.end(self.held.first_time(), sink);
    }
}
