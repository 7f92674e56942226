//! The reading half of an import: a stream through its reader into batches.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;

use xxhash_rust::xxh3::xxh3_64;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::ops::dimensions::Ruled;
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
use crate::store::Fixed;
use crate::store::IdentityRule;
use crate::store::ImportTail;

/// Rejections shown and recorded per file.
pub(super) const SHOWN_REJECTS: usize = 20;

/// The reader's ends of the two channels.
pub(super) struct Batches {
    pub(super) sender: SyncSender<Batch>,
    pub(super) returned: Receiver<Batch>,
}

/// What the user gives to every record of a file.
pub(super) struct Given {
    /// Values for all of them.
    pub(super) fixed: Arc<Fixed>,
    /// What dimensions mean, if anything is said of it.
    pub(super) ruler: Option<Ruler>,
}

/// Sessions of readers that know records which the file's own reader does not, by name.
type Others = BTreeMap<&'static str, (&'static dyn Reader, Box<dyn Session>)>;

/// Reads a whole stream into batches.
pub(super) fn read_all(
    framing: Framing,
    shape: Shape,
    reader: &'static dyn Reader,
    options: &Options,
    given: Given,
    batches: &Batches,
) -> Result<(ImportTail, Vec<Ruled>), ReadError> {
    let mut collector = Collector {
        batch: Batch::new(Arc::clone(&given.fixed)),
        fixed: given.fixed,
        ruler: given.ruler,
        rule: rule_of(reader),
        fingerprint: 0,
        calls_of_record: 0,
        by_content: false,
        origin: reader.origin(),
        tail: ImportTail::default(),
    };
    let mut own = reader.start(options);
    let mut others = Others::new();
    let mut writer_gone = false;
    framing.each(shape, |framed| {
        match framed {
            Framed::Broken(line, reason) => collector.reject(line, reason),
            Framed::Record(line, tape, text) => {
                let record = Record { line, node: tape.root(text) };
                collector.fingerprint = xxh3_64(text.as_bytes());
                collector.calls_of_record = 0;
                if let Verdict::NotMine(reason) = own.record(record, &mut collector) {
                    pass_on(record, reason, reader, options, &mut others, &mut collector);
                    (collector.rule, collector.origin) = (rule_of(reader), reader.origin());
                }
            }
        }
        if collector.batch.is_full() {
            let empty = batches.returned.try_recv().unwrap_or_else(|_| Batch::new(Arc::clone(&collector.fixed)));
            let full = std::mem::replace(&mut collector.batch, empty);
            writer_gone = batches.sender.send(full).is_err();
        }
        !writer_gone
    })?;
    if !writer_gone {
        collector.by_content = true;
        own.end(&mut collector);
        for (other, session) in others.values_mut() {
            (collector.rule, collector.origin) = (rule_of(*other), other.origin());
            session.end(&mut collector);
        }
    }
    if !collector.batch.is_empty() {
        // A writer that has gone reports its own error.
        let _ = batches.sender.send(collector.batch);
    }
    Ok((collector.tail, collector.ruler.map(Ruler::ruled).unwrap_or_default()))
}

pub(super) fn rule_of(reader: &dyn Reader) -> IdentityRule {
    if reader.has_spans() { IdentityRule::Span } else { IdentityRule::Id }
}

/// Offers a record that its file's reader does not know to whoever claims it: files mix.
pub(super) fn pass_on(
    record: Record<'_>,
    reason: String,
    reader: &'static dyn Reader,
    options: &Options,
    others: &mut Others,
    collector: &mut Collector,
) {
    match formats::claiming(record.node) {
        Some(Format::Refused { what, .. }) => {
            collector.reject(record.line, format!("this record is {what}, which is not read here"))
        }
        Some(Format::Read(other)) if other.name() != reader.name() => {
            let session = others.entry(other.name()).or_insert_with(|| (*other, other.start(options)));
            collector.rule = rule_of(*other);
            collector.origin = other.origin();
            if let Verdict::NotMine(reason) = session.1.record(record, collector) {
                collector.reject(record.line, reason);
            }
        }
        _ => collector.reject(record.line, reason),
    }
}

/// Gathers what readers find into a batch, and counts the rest.
pub(super) struct Collector {
    pub(super) batch: Batch,
    pub(super) fixed: Arc<Fixed>,
    pub(super) ruler: Option<Ruler>,
    pub(super) rule: IdentityRule,
    pub(super) fingerprint: u64,
    pub(super) calls_of_record: u64,
    /// Whether calls come from the end of the file, and are told by what they say.
    pub(super) by_content: bool,
    pub(super) origin: Origin,
    pub(super) tail: ImportTail,
}

impl Sink for Collector {
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
    }

    fn span(&mut self, span: &Span<'_>) {
        let ruled = self.ruler.as_mut().and_then(|ruler| ruler.span(span));
        self.batch.push_span(ruled.as_ref().unwrap_or(span));
    }

    fn skip(&mut self, _line: u64, reason: &'static str) {
        self.tail.records += 1;
        *self.tail.skipped.entry(reason.to_string()).or_default() += 1;
    }

    fn reject(&mut self, line: u64, reason: String) {
        self.tail.records += 1;
        self.tail.rejected += 1;
        if self.tail.rejects.len() < SHOWN_REJECTS {
            self.tail.rejects.push((line, reason));
        }
    }
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
