//! Streams as they were received: server-sent events in a text file, or one event a JSON line, bare or in a record of
//! the log's own. The events of a stream are merged into the answer they stand for, which then is read like any other.
//!
//! Inclusive or exclusive is the vendor's: the readers of `anthropic` and `openai` decide. Merging: Anthropic's
//! `message_delta` counts are cumulative, field by field, over those of `message_start`, whose output count is a
//! placeholder (anthropics/anthropic-sdk-python, `types/message_delta_usage.py`); of OpenAI's chunks the last usage
//! counts (openai/openai-python, `types/chat/chat_completion_chunk.py`), of Responses and Realtime the closing event
//! has it all; mid 2026. A stream that was cut off has no usage: it is missing, never the placeholder.
//!
//! The record that opens a stream stands for its call; all others are skipped as `stream_event`. A new dialect is a
//! line in [`event::EVENTS`] and one in [`stream::Dialect::reader`].

mod event;
mod stream;

use std::collections::HashMap;

use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::json::Node;
use crate::read::sse::event::Event;
use crate::read::sse::event::Found;
use crate::read::sse::event::find;
use crate::read::sse::stream::Dialect;
use crate::read::sse::stream::Stream;
use crate::read::value;

/// The reader of streams.
pub struct Sse;

/// Tells whether a record is an event of a stream, bare or wrapped.
pub fn is_event(record: Node<'_>) -> bool {
    find(record).is_some()
}

impl Reader for Sse {
    fn name(&self) -> &'static str {
        "sse"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        is_event(record)
    }

    fn origin(&self) -> Origin {
        Origin::Provider
    }

    fn start(&self, _: &Options) -> Box<dyn Session> {
        Box::new(Streams::default())
    }
}

/// The streams of a file, in order, and what tells them apart.
#[derive(Default)]
struct Streams {
    streams: Vec<Stream>,
    /// Places of the streams by the id that their events share.
    known: HashMap<String, usize>,
    /// The stream that events without an id belong to.
    current: Option<usize>,
    /// The time of the HTTP answer being read.
    date: Option<String>,
    /// The model of a realtime session: its answers do not name it.
    session_model: Option<String>,
    /// Whether the next stream was announced as Azure's.
    azure: bool,
}

impl Session for Streams {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if let Some(date) = http_date(record.node) {
            self.date = Some(date);
            self.current = None;
            sink.skip(record.line, "http_head");
            return Verdict::Taken;
        }
        let Some(found) = find(record.node) else {
            return self.foreign(record, sink);
        };
        let opened = match found.event {
            Event::MessageStart => self.message_start(record.line, &found),
            Event::MessageDelta => match self.message_delta(&found) {
                Ok(()) => false,
                Err(reason) => {
                    sink.reject(record.line, reason);
                    return Verdict::Taken;
                }
            },
            Event::MessageStop => {
                self.message_stop(&found);
                false
            }
            Event::Chunk => self.chunk(record.line, &found),
            Event::Response => self.response(record.line, &found, false),
            Event::ResponseEnd => self.response(record.line, &found, true),
            Event::Session => {
                self.session_model =
                    found.node.path(&["session", "model"]).and_then(Node::str).map(|model| model.into_owned());
                false
            }
            Event::AzureHead => {
                self.azure = true;
                false
            }
            Event::Heard => {
                sink.reject(record.line, "the transcription inside a realtime session names no model".into());
                return Verdict::Taken;
            }
            Event::Other => false,
        };
        if !opened {
            sink.skip(record.line, "stream_event");
        }
        Verdict::Taken
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        for stream in &mut self.streams {
            stream.hand_on(sink);
        }
    }
}

/// Returns the time in an HTTP head, as the framing hands it on.
fn http_date(record: Node<'_>) -> Option<String> {
    let mut fields = record.fields();
    match (fields.next(), fields.next()) {
        (Some(("date", date)), None) => date.str().map(|date| date.into_owned()),
        _ => None,
    }
}

impl Streams {
    /// Begins a stream that the log tells by `id`.
    fn open(&mut self, mut stream: Stream, id: Option<String>) -> usize {
        stream.date = self.date.clone();
        self.streams.push(stream);
        let at = self.streams.len() - 1;
        if let Some(id) = id {
            self.known.insert(id, at);
        }
        at
    }

    /// Finds the stream of an Anthropic event after the first: by the id of the record around it, else the one that
    /// is open.
    fn place(&self, found: &Found<'_>) -> Option<usize> {
        found.id().and_then(|id| self.known.get(&id).copied()).or(self.current)
    }

    fn message_stop(&mut self, found: &Found<'_>) {
        let Some(at) = self.place(found) else { return };
        if let Some(stream) = self.streams.get_mut(at) {
            stream.stopped = true;
        }
        if self.current == Some(at) {
            self.current = None;
        }
    }

    fn message_start(&mut self, line: u64, found: &Found<'_>) -> bool {
        let mut stream = Stream::new(line, Dialect::Anthropic, found);
        stream.message_start(found.node);
        let at = self.open(stream, found.id());
        let open = self.current.replace(at).filter(|_| found.id().is_none());
        let is_open = |stream: &Stream| stream.dialect == Dialect::Anthropic && !stream.stopped;
        if let Some(open) = open
            && self.streams.get(open).is_some_and(is_open)
        {
            // Cut off, or two streams in one: what comes without a home later tells.
            for at in [open, at] {
                if let Some(stream) = self.streams.get_mut(at) {
                    stream.overlaps = true;
                }
            }
        }
        true
    }

    fn message_delta(&mut self, found: &Found<'_>) -> Result<(), String> {
        let place = self.place(found);
        match place.and_then(|at| self.streams.get_mut(at)) {
            Some(stream) if stream.dialect == Dialect::Anthropic => {
                stream.message_delta(found.node);
                Ok(())
            }
            _ => {
                // Streams were mixed, and nothing says which counts are whose.
                self.streams.iter_mut().filter(|stream| stream.overlaps).for_each(Stream::forget_usage);
                Err("an event of a stream whose start is not known: streams may be mixed without an id".into())
            }
        }
    }

    fn chunk(&mut self, line: u64, found: &Found<'_>) -> bool {
        let id = found.node.get("id").and_then(Node::str).filter(|id| !id.is_empty());
        let id = id.map(|id| format!("{}|{id}", found.id().unwrap_or_default()));
        let known = match &id {
            Some(id) => self.known.get(id).copied(),
            None => self.current,
        };
        let is_new = known.is_none();
        let at = known.unwrap_or_else(|| {
            let mut stream = Stream::new(line, Dialect::OpenAi, found);
            if std::mem::take(&mut self.azure) {
                stream.put("prompt_filter_results", "[]".into());
            }
            self.open(stream, id)
        });
        self.current = Some(at);
        if let Some(stream) = self.streams.get_mut(at) {
            stream.chunk(found.node);
        }
        is_new
    }

    fn response(&mut self, line: u64, found: &Found<'_>, ends: bool) -> bool {
        let Some(body) = found.node.get("response") else { return false };
        let id = body.get("id").and_then(Node::str).map(|id| id.into_owned());
        let known = id.as_ref().and_then(|id| self.known.get(id).copied());
        let is_new = known.is_none();
        let at = known.unwrap_or_else(|| self.open(Stream::new(line, Dialect::OpenAi, found), id));
        let model = self.session_model.clone();
        if let Some(stream) = self.streams.get_mut(at) {
            stream.response(body, model, ends);
        }
        is_new
    }

    /// An error in the middle of a stream belongs to it; anything else is another format's.
    fn foreign(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let open = self.current.and_then(|at| self.streams.get_mut(at)).filter(|stream| !stream.stopped);
        match (open, record.node.get("error")) {
            (Some(stream), Some(error)) if record.node.fields().count() <= 3 => {
                let kind = error.first(&["type", "code"]).and_then(Node::scalar);
                stream.failed = Some(kind.map(|kind| kind.into_owned()).unwrap_or_default());
                sink.skip(record.line, "stream_event");
                Verdict::Taken
            }
            _ => {
                let keys: Vec<&str> = record.node.fields().map(|(key, _)| key).take(5).collect();
                Verdict::NotMine(format!("no event of a stream; its keys are {}", value::excerpt(&keys.join(", "))))
            }
        }
    }
}
