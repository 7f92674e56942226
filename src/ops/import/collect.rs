//! One stream through its reader into a batch: every record ends as a call, a span, a skip or a rejection.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write;

use memchr::memchr;
use memchr::memchr2;
use xxhash_rust::xxh3::xxh3_64;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::ops::dimensions::Ruler;
use crate::read::Options;
use crate::read::Origin;
use crate::read::ReadError;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Span;
use crate::read::Verdict;
use crate::read::formats;
use crate::read::formats::Format;
use crate::read::framing::Framed;
use crate::read::framing::Framing;
use crate::read::framing::Shape;
use crate::store::Batch;
use crate::store::IdentityRule;
use crate::store::ImportTail;

/// Rejections shown and recorded per file.
pub(super) const SHOWN_REJECTS: usize = 20;

/// A stream that is ready to be read.
pub(super) struct Source {
    pub(super) framing: Framing,
    pub(super) shape: Shape,
    pub(super) reader: &'static dyn Reader,
    pub(super) options: Options,
}

/// Why reading stopped before the end.
pub(super) enum Stopped {
    /// The batch is full and nobody takes it.
    Full,
    /// The stream failed.
    Failed(ReadError),
}

/// Takes a full batch and leaves an empty one; false when nobody takes any more.
pub(super) type Spill<'s> = &'s mut dyn FnMut(&mut Batch) -> bool;

/// Reads a whole stream into a batch. A batch that is full goes to `spill`; without one, reading stops there.
pub(super) fn read_all(
    source: Source,
    ruler: Option<&mut Ruler>,
    batch: &mut Batch,
    spill: Option<Spill<'_>>,
) -> Result<ImportTail, Stopped> {
    let Source { framing, shape, reader, options } = source;
    let by_content = reader.tells_by_content();
    let mut collector = Collector {
        batch,
        ruler,
        spill,
        stopped: false,
        rule: rule_of(reader),
        origin: reader.origin(),
        fingerprint: 0,
        calls_of_record: 0,
        by_content,
        tail: ImportTail::default(),
    };
    let mut tight = Vec::new();
    let mut own = reader.start(&options);
    let mut others = Others::new();
    let no_calls = Cell::new(0);
    let passed = |line: &[u8]| {
        let passes = reader.is_no_call(line);
        no_calls.set(no_calls.get() + u64::from(passes));
        passes
    };
    let read = framing.each_but(shape, passed, |framed| {
        match framed {
            Framed::Broken(line, reason) => collector.reject(line, reason),
            Framed::Record(line, tape, text) => {
                let record = Record { line, node: tape.root(text) };
                if !by_content {
                    collector.fingerprint = record_print(text.as_bytes(), &mut tight);
                }
                collector.calls_of_record = 0;
                if let Verdict::NotMine(reason) = own.record(record, &mut collector) {
                    collector.fingerprint = record_print(text.as_bytes(), &mut tight);
                    pass_on(record, reason, reader, &options, &mut others, &mut collector);
                    (collector.rule, collector.origin) = (rule_of(reader), reader.origin());
                    collector.by_content = by_content;
                }
            }
        }
        collector.spill_if_full();
        !collector.stopped
    });
    read.map_err(|error| Stopped::Failed(error.into()))?;
    collector.skip_all(no_calls.get(), "no_call");
    collector.by_content = true;
    own.end(&mut collector);
    for (other, session) in others.values_mut() {
        (collector.rule, collector.origin) = (rule_of(*other), other.origin());
        session.end(&mut collector);
    }
    if collector.stopped { Err(Stopped::Full) } else { Ok(collector.tail) }
}

fn rule_of(reader: &dyn Reader) -> IdentityRule {
    if reader.has_spans() { IdentityRule::Span } else { IdentityRule::Id }
}

/// Sessions of readers that know records which the file's own reader does not, by name.
type Others = BTreeMap<&'static str, (&'static dyn Reader, Box<dyn Session>)>;

/// Offers a record that its file's reader does not know to whoever claims it: files mix.
fn pass_on(
    record: Record<'_>,
    reason: String,
    reader: &'static dyn Reader,
    options: &Options,
    others: &mut Others,
    collector: &mut Collector<'_, '_>,
) {
    match formats::claiming(record.node) {
        Some(Format::Refused { what, .. }) => {
            collector.reject(record.line, format!("this record is {what}, which is not read here"))
        }
        Some(Format::Read(other)) if other.name() != reader.name() => {
            let session = others.entry(other.name()).or_insert_with(|| (*other, other.start(options)));
            (collector.rule, collector.origin) = (rule_of(*other), other.origin());
            collector.by_content = other.tells_by_content();
            if let Verdict::NotMine(reason) = session.1.record(record, collector) {
                collector.reject(record.line, reason);
            }
        }
        _ => collector.reject(record.line, reason),
    }
}

/// Gathers what readers find into a batch, and counts the rest.
struct Collector<'b, 's> {
    batch: &'b mut Batch,
    ruler: Option<&'b mut Ruler>,
    spill: Option<Spill<'s>>,
    stopped: bool,
    rule: IdentityRule,
    origin: Origin,
    fingerprint: u64,
    calls_of_record: u64,
    /// Whether calls are told by what they say, not by a record: they may be of several.
    by_content: bool,
    tail: ImportTail,
}

impl Collector<'_, '_> {
    fn skip_all(&mut self, count: u64, reason: &'static str) {
        self.tail.records += count;
        match self.tail.skipped.get_mut(reason) {
            Some(skipped) => *skipped += count,
            None if count == 0 => {}
            None => drop(self.tail.skipped.insert(reason.to_string(), count)),
        }
    }

    fn spill_if_full(&mut self) {
        if self.batch.is_full() && !self.stopped {
            self.stopped = !self.spill.as_mut().is_some_and(|spill| spill(self.batch));
        }
    }
}

impl Sink for Collector<'_, '_> {
    fn call(&mut self, call: &Call<'_>) {
        // Several calls of one record are told apart by their place in it.
        let fingerprint = match self.calls_of_record {
            _ if self.by_content => content_print(call),
            0 => self.fingerprint,
            place => xxh3_64_with_seed(&self.fingerprint.to_le_bytes(), place),
        };
        self.calls_of_record += 1;
        let ruled = match self.ruler.as_mut().map_or(Ok(None), |ruler| ruler.call(call)) {
            Ok(ruled) => ruled,
            Err(reason) => {
                self.reject(call.line, reason);
                return;
            }
        };
        self.tail.records += 1;
        self.batch.push(ruled.as_ref().unwrap_or(call), fingerprint, self.rule);
        self.batch.add_flag(self.batch.len() - 1, Flags::default().with_origin(self.origin));
        if self.by_content {
            self.spill_if_full();
        }
    }

    fn span(&mut self, span: &Span<'_>) {
        let ruled = self.ruler.as_mut().and_then(|ruler| ruler.span(span));
        self.batch.push_span(ruled.as_ref().unwrap_or(span));
    }

    fn skip(&mut self, _line: u64, reason: &'static str) {
        self.skip_all(1, reason);
    }

    fn reject(&mut self, line: u64, reason: String) {
        self.tail.records += 1;
        self.tail.rejected += 1;
        if self.tail.rejects.len() < SHOWN_REJECTS {
            self.tail.rejects.push((line, reason));
        }
    }
}

/// Hashes a record's text without the space between its parts, which is another in a pretty-printed export of the
/// same rows. `tight` is room to work in.
fn record_print(text: &[u8], tight: &mut Vec<u8>) -> u64 {
    // Whoever writes space between the parts writes it in one of these places; a record without is its own tight form.
    let spaced = [&b"\": "[..], b", \"", b"\n"].into_iter().any(|mark| memchr::memmem::find(text, mark).is_some());
    if !spaced {
        return xxh3_64(text);
    }
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    tight.clear();
    let mut rest = text;
    while !rest.is_empty() {
        let between = memchr(b'"', rest).unwrap_or(rest.len());
        tight.extend(rest[..between].iter().filter(|byte| !is_space(byte)));
        rest = &rest[between..];
        let (string, after) = rest.split_at(string_len(rest));
        tight.extend_from_slice(string);
        rest = after;
    }
    xxh3_64(tight)
}

/// Returns how long the string at the head of a text is, with its quotes; the whole text if it never ends.
fn string_len(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found + 1;
        if text[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    text.len()
}

/// Hashes what a call says of itself: not where it stands, nor what it was for, which copies may say otherwise.
fn content_print(call: &Call<'_>) -> u64 {
    let mut text = format!("{}|{:?}|{:?}", call.ts.0, call.request_id, call.logged_cost);
    for dim in [Dim::Provider, Dim::Model, Dim::Tier, Dim::Status] {
        let _ = write!(text, "|{}", call.dim(dim).unwrap_or_default());
    }
    for (class, count) in call.tokens.iter() {
        let _ = write!(text, "|{}:{count}", class.name());
    }
    for (tool, uses) in &call.tools {
        let _ = write!(text, "|{tool}:{uses}");
    }
    let _ = write!(text, "|{}", call.reasoning);
    xxh3_64(text.as_bytes())
}
