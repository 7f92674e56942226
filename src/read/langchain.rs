//! LangChain's messages as people dump them: `model_dump()`, `messages_to_dict()`, `dumpd()`, lists of messages, and
//! the `LLMResult` of a callback.
//!
//! `usage_metadata` is inclusive by the library's convention, input of cached tokens and output of reasoning
//! (langchain-ai/langchain, `libs/core/langchain_core/messages/ai.py`, and `_create_usage_metadata` of the OpenAI and
//! Anthropic packages, mid 2026); packages of other vendors, and old ones, deviate, so that without `model_provider`
//! it is a guess. `response_metadata` holds the provider's own usage of the same call: it is read instead where it
//! is there. Chunks of a message are added up, as the library does.

mod message;
mod usage;

use std::collections::HashMap;

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Flags;
use crate::read::CachedInput;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::anthropic;
use crate::read::json::Node;
use crate::read::langchain::message::Message;
use crate::read::langchain::message::messages;

/// The reader of LangChain's messages.
pub struct LangChain;

impl Reader for LangChain {
    fn name(&self) -> &'static str {
        "langchain"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        message::holds_answer(record)
    }

    fn origin(&self) -> Origin {
        Origin::Application
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        Box::new(Messages { cached_input: options.cached_input, seen: HashMap::new(), chunks: Vec::new() })
    }
}

struct Messages {
    cached_input: Option<CachedInput>,
    /// Ids of messages that were handed on; for those in chunks, where they are kept.
    seen: HashMap<String, Option<usize>>,
    /// Messages that come in chunks, added up until the end.
    chunks: Vec<Call<'static>>,
}

/// What became of one message of a record.
enum Fate {
    Call,
    Kept,
    Repeat,
    Piece,
}

impl Session for Messages {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if message::is_other(record.node) {
            sink.skip(record.line, "no_call");
            return Verdict::Taken;
        }
        if !message::holds_answer(record.node) {
            return Verdict::NotMine("no message of a model in it".into());
        }
        let list = messages(record.node);
        let (mut told, mut repeat, mut piece) = (false, false, false);
        for message in &list {
            match self.take(record, message, list.len() > 1, sink) {
                Ok(Fate::Call | Fate::Kept) => told = true,
                Ok(Fate::Repeat) => repeat = true,
                Ok(Fate::Piece) => piece = true,
                Err(reason) => {
                    sink.reject(record.line, reason);
                    told = true;
                }
            }
        }
        if !told {
            let reason = if repeat {
                "repeat"
            } else if piece {
                "stream_event"
            } else {
                "no_call"
            };
            sink.skip(record.line, reason);
        }
        Verdict::Taken
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        self.chunks.drain(..).for_each(|call| sink.call(&call));
    }
}

impl Messages {
    fn take(
        &mut self,
        record: Record<'_>,
        message: &Message<'_>,
        one_of_many: bool,
        sink: &mut dyn Sink,
    ) -> Result<Fate, String> {
        let is_chunk = message.is_chunk();
        let id = message.id();
        let known = id.as_ref().and_then(|id| self.seen.get(id).copied());
        if known.is_some() && !is_chunk {
            return Ok(Fate::Repeat);
        }
        if is_chunk && !message.has_usage() {
            return Ok(Fate::Piece);
        }
        let mut call = Call { line: record.line, ..Call::default() };
        message.read(&mut call, self.cached_input)?;
        if one_of_many {
            // One time for the whole list.
            call.flags.add(Flags::TIME_ASSUMED);
        }
        match (id, known) {
            (Some(_), Some(Some(at))) => {
                if let Some(kept) = self.chunks.get_mut(at) {
                    add(kept, &call);
                }
                return Ok(Fate::Piece);
            }
            (Some(id), _) if is_chunk => {
                self.seen.insert(id, Some(self.chunks.len()));
                self.chunks.push(call.borrowed().into_owned());
                return Ok(Fate::Kept);
            }
            (Some(id), _) => {
                self.seen.insert(id, None);
            }
            (None, _) => {}
        }
        let inner = anthropic::inner_calls(message.anthropic_usage(), &call)?;
        sink.call(&call);
        inner.iter().for_each(|call| sink.call(call));
        Ok(Fate::Call)
    }
}

/// Adds what a further chunk counts.
fn add(kept: &mut Call<'static>, more: &Call<'_>) {
    for class in Class::ALL {
        kept.tokens.set(class, kept.tokens.get(class).saturating_add(more.tokens.get(class)));
    }
    kept.reasoning = kept.reasoning.saturating_add(more.reasoning);
    if more.unpriced.is_none() && kept.flags.has(Flags::USAGE_MISSING) {
        kept.unpriced = None;
        kept.flags = Flags(kept.flags.0 & !Flags::USAGE_MISSING.0);
    }
}
