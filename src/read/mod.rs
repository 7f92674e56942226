//! Usage logs: bytes in, calls and rejections out. One file a format; no prices, no database, no terminal.
//!
//! A record enters through [`framing`] as a [`json::Node`], whether it was a JSON line, an item of an array or
//! a row of CSV, and leaves through a [`Sink`] exactly once: as a call, a span, a skip or a rejection.
//!
//! | what | where |
//! |---|---|
//! | bytes to records | [`source`], [`framing`], [`json`]; [`carried`] for records inside a collector's record |
//! | which format | [`formats`]: the table, and detection by what each reader claims |
//! | numbers, money, words | [`value`]; a text of a key: [`json::Node::text`] |
//! | what a homemade key means | [`fields`] |
//! | who sells, who makes | [`provider`] |
//! | what the counts contain, cache writes by lifetime | [`tokens`]: the one procedure, for all that are not a provider's own |
//! | a provider's `usage` | [`anthropic::take_usage`], [`openai::take_usage`], `gemini`, `bedrock`: its makers' arithmetic |
//! | an answer in a record of the log's own; JSON inside text | [`body`] |
//! | spans in any file: names of attributes, what counts, what is handed down | `spans` |
//! | outcomes of runs, which are no log of calls | [`outcomes`] |
//! | what users attach in Langfuse, LangSmith and Helicone | `observability` |
//!
//! A reader's head says what its input and output counts contain and by which source; what nobody checked says so.
//! To add a format: write `read/<name>.rs` with a [`Reader`], add its line to [`formats::FORMATS`] and a
//! folder to `samples/`. A count that may or may not contain the cached tokens goes through
//! [`tokens::Counts::settle`] with a [`tokens::Reading`] that says what the format's makers say.

pub mod ai_sdk;
pub mod anthropic;
pub mod anthropic_batch;
pub mod azure_apim;
pub mod bedrock;
pub mod bedrock_converse;
pub mod bedrock_log;
pub mod body;
pub mod carried;
pub mod claude_code;
pub mod cloudflare;
pub mod codex;
pub mod cohere;
pub mod fields;
pub mod flat;
pub mod formats;
pub mod framing;
pub mod gemini;
pub mod gemini_cli;
pub mod helicone;
pub mod jaeger;
pub mod json;
pub mod kong;
pub mod langchain;
pub mod langfuse;
pub mod langsmith;
pub mod litellm;
mod observability;
pub mod ollama;
pub mod openai;
pub mod openai_batch;
pub mod opencode;
pub mod openrouter;
pub mod otel_console;
pub mod otlp;
pub mod otlp_logs;
pub mod outcomes;
pub mod phoenix;
pub mod portkey;
pub mod provider;
pub mod source;
mod spans;
pub mod sse;
pub mod tokens;
pub mod value;
pub mod vercel_gateway;
pub mod zipkin;

use crate::domain::Call;
use crate::read::json::Node;

pub use crate::domain::call::Origin;
pub use crate::domain::span::Span;
pub use crate::domain::span::SpanRole;

/// One framed record of a log.
#[derive(Clone, Copy)]
pub struct Record<'t> {
    /// The line it starts on, counted from 1.
    pub line: u64,
    /// Its content.
    pub node: Node<'t>,
}

/// One usage-log format.
pub trait Reader: Sync {
    /// The name on the command line, in reports and of the folder under `samples/`.
    fn name(&self) -> &'static str;

    /// Tells whether a record has this format's signature, judging by its keys.
    fn claims(&self, record: Node<'_>) -> bool;

    /// Tells whether its calls hang in traces, so that dimensions may come from ancestors.
    fn has_spans(&self) -> bool {
        false
    }

    /// Where its records are written: decides which of several records of one call is believed.
    fn origin(&self) -> Origin;

    /// Tells by the bytes of a line that it is one of this format's and holds no call, so that nobody need parse it:
    /// it counts as skipped, `no_call`. Must be quick, and certain.
    fn is_no_call(&self, _line: &[u8]) -> bool {
        false
    }

    /// Tells whether its calls are put together from several records, so that each is told by what it says and not by
    /// the record that happens to be read when it is handed on.
    fn tells_by_content(&self) -> bool {
        false
    }

    /// Starts on a file.
    fn start(&self, options: &Options) -> Box<dyn Session>;
}

/// A reader at work on one file.
pub trait Session {
    /// Hands all that is in a record to the sink, or says that it is none of this format's.
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict;

    /// Hands on what only the end of the file settles. A session that keeps calls back until then tells a call's
    /// record by its content, so every call it hands on here must be the same whatever else the file holds.
    fn end(&mut self, _sink: &mut dyn Sink) {}
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The sink has it.
    Taken,
    /// It is not a record of this format, for this reason; another reader may know it.
    NotMine(String),
}

/// Takes what readers find. Every record arrives exactly once.
pub trait Sink {
    /// Takes a billable call.
    fn call(&mut self, call: &Call<'_>);
    /// Takes a span: structure that calls inherit dimensions from. A span that is also a call comes as both.
    fn span(&mut self, span: &Span<'_>);
    /// Takes a record that is understood and is no call (`rollup`, `metric`, …).
    fn skip(&mut self, line: u64, reason: &'static str);
    /// Takes a record that cannot be used, with the reason.
    fn reject(&mut self, line: u64, reason: String);

    /// Takes a record by what became of reading it: the call, or its rejection.
    fn take(&mut self, call: &Call<'_>, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.call(call),
            Err(reason) => self.reject(call.line, reason),
        }
    }
}

/// How to read a file, as the user said or the settings say.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The file's path as it is shown, for formats that say something by a file's place; may be empty.
    pub path: String,
    /// `--map FIELD=COLUMN`: the column that holds a field, whatever its name suggests.
    pub map: Vec<(String, String)>,
    /// `--cached-input`: whether the input count contains the cached tokens.
    pub cached_input: Option<CachedInput>,
}

/// Whether an input count contains the cached tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CachedInput {
    /// The input count contains cache reads and writes.
    Inside,
    /// Cache reads and writes stand beside the input count.
    Outside,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Reading or decompressing failed; nothing of the file was kept.
    #[error("cannot read: {0}")]
    Io(#[from] std::io::Error),
    /// No format claims the content.
    #[error("not recognised as a usage log: {0}")]
    NotRecognised(String),
    /// The format is known, and this version does not take it.
    #[error("this is {what}: {why}")]
    Refused {
        /// The format, in words.
        what: &'static str,
        /// What to do instead.
        why: &'static str,
    },
    /// The user named a format that does not exist.
    #[error("no input format is called `{name}`")]
    UnknownFormat {
        /// What the user said.
        name: String,
        /// The nearest name.
        near: Option<&'static str>,
    },
    /// A `--map` names a field that does not exist.
    #[error("`--map` knows no field `{0}`")]
    UnknownField(String),
}
