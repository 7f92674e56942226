//! The reading half of an import: files one after another into batches, small ones together.
//!
//! Small files share a batch and a transaction: most of the work of a small import is beginning and ending it. A
//! file that fails takes its rows out of the batch again, so that it is in entirely or not at all; a file too large
//! to share has batches and a transaction of its own.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;

use crate::domain::Axis;
use crate::domain::Dim;
use crate::ops::bills;
use crate::ops::bills::Bill;
use crate::ops::dimensions::Ruled;
use crate::ops::dimensions::Ruler;
use crate::ops::import::FileOutcome;
use crate::ops::import::How;
use crate::ops::import::ImportPlan;
use crate::ops::import::beside;
use crate::ops::import::beside::Beside;
use crate::ops::import::collect::Source;
use crate::ops::import::collect::Stopped;
use crate::ops::import::collect::read_all;
use crate::ops::import::kind;
use crate::ops::import::kind::Kind;
use crate::ops::import::readers::Spare;
use crate::ops::paths;
use crate::ops::paths::Input;
use crate::ops::stream;
use crate::ops::stream::Opened;
use crate::read::Options;
use crate::read::ReadError;
use crate::read::fields;
use crate::read::fields::own;
use crate::read::formats;
use crate::read::outcomes;
use crate::store::Batch;
use crate::store::Fixed;
use crate::store::ImportHead;
use crate::store::ImportTail;

/// A file up to this size shares a batch with others.
pub(super) const SMALL: u64 = 4 << 20;
/// A shared batch is written when it holds so many rows, or comes from so many files.
const ENOUGH_ROWS: usize = 1 << 15;
const ENOUGH_FILES: usize = 4_000;

/// What the writer is to do next.
#[derive(Default)]
pub(super) struct Step {
    /// Files that begin with this step, by number.
    pub(super) begins: Vec<(i64, ImportHead)>,
    /// Rows of these files, and of the one begun last.
    pub(super) rows: Option<Batch>,
    /// Files that end with this step.
    pub(super) ends: Vec<End>,
    /// What to do with all that is open.
    pub(super) then: Then,
    /// Files that never were or no longer are part of anything.
    pub(super) outcomes: Vec<(i64, FileOutcome)>,
    /// A file to be read and written before anything else; nothing is open then.
    pub(super) beside: Option<(i64, Beside)>,
    /// How far reading is: the current file, bytes read, its size if known.
    pub(super) at: (String, u64, Option<u64>),
}

/// A file that has been read to its end.
pub(super) struct End {
    pub(super) number: i64,
    pub(super) tail: ImportTail,
    /// What the rules of dimensions did to it.
    pub(super) ruled: Vec<Ruled>,
}

/// What becomes of an open transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Then {
    /// More is to come.
    #[default]
    GoOn,
    /// All its files are complete.
    Commit,
    /// Its file failed.
    Drop,
}

/// Reads files and tells the writer step by step; false when the writer has gone.
pub(super) fn read_inputs<'i>(
    files: impl Iterator<Item = (i64, &'i Input)>,
    plan: &ImportPlan,
    ruler: &mut Option<Ruler>,
    steps: &SyncSender<Step>,
    spare: &Spare,
) -> bool {
    let _claim = own::claim(plan.dimensions.own_keys());
    let mut reading = Reading { steps, spare, ruler, batch: spare.take(), step: Step::default(), gone: false };
    for (number, input) in files {
        reading.file(number, input, plan);
        if reading.gone {
            return false;
        }
    }
    reading.flush();
    !reading.gone
}

struct Reading<'c> {
    steps: &'c SyncSender<Step>,
    spare: &'c Spare,
    /// What dimensions mean, if anything is said of it.
    ruler: &'c mut Option<Ruler>,
    batch: Batch,
    /// The step that the batch belongs to.
    step: Step,
    gone: bool,
}

/// A log ready to be read.
pub(super) struct Ready {
    source: Source,
    head: ImportHead,
    fixed: Fixed,
    size: Option<u64>,
    read: Arc<AtomicU64>,
}

impl Reading<'_> {
    fn file(&mut self, number: i64, input: &Input, plan: &ImportPlan) {
        let Some(ready) = self.prepared(number, input, plan) else { return };
        self.step.at = (ready.head.path.clone(), 0, ready.size);
        let is_small = ready.size.is_some_and(|size| size <= SMALL);
        if !is_small {
            return self.large(number, ready, input);
        }
        let mark = self.batch.mark();
        self.batch.begin_file(number, Arc::new(ready.fixed));
        let (batch, ruler) = (&mut self.batch, self.ruler.as_mut());
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| read_all(ready.source, ruler, batch, None)));
        match result.unwrap_or_else(|_| Err(Stopped::Failed(failed_reader()))) {
            Ok(tail) => {
                let bytes = ready.read.load(Ordering::Relaxed);
                self.step.begins.push((number, ready.head));
                self.end(number, ImportTail { bytes, ..tail });
                if self.batch.len() >= ENOUGH_ROWS || self.batch.is_full() || self.step.ends.len() >= ENOUGH_FILES {
                    self.flush();
                }
            }
            Err(Stopped::Failed(error)) => {
                self.batch.truncate(&mark);
                self.step.outcomes.push((number, outcome(error, input)));
            }
            Err(Stopped::Full) => {
                self.batch.truncate(&mark);
                // More than it looked: compressed, or of very short records.
                if let Some(ready) = self.prepared(number, input, plan) {
                    self.large(number, ready, input);
                }
            }
        }
    }

    /// Opens a file, or says what became of it.
    fn prepared(&mut self, number: i64, input: &Input, plan: &ImportPlan) -> Option<Ready> {
        let mut ready = match caught(|| prepare(input, plan)) {
            Ok(Prepared::Log(ready)) => *ready,
            Ok(Prepared::Beside(beside)) => {
                self.beside(number, beside);
                return None;
            }
            Ok(Prepared::Not(outcome)) => {
                self.step.outcomes.push((number, outcome));
                return None;
            }
            Err(error) => {
                self.step.outcomes.push((number, outcome(error, input)));
                return None;
            }
        };
        if let Some(ruler) = self.ruler.as_mut() {
            match ruler.fixed(&ready.fixed) {
                Ok(fixed) => ready.fixed = fixed,
                Err(reason) => {
                    let hint = "a value that is set for every call must be one that attr.toml allows".to_string();
                    self.step.outcomes.push((number, FileOutcome::Failed { reason, hint: Some(hint) }));
                    return None;
                }
            }
        }
        Some(ready)
    }

    /// Hands a file on that has a transaction of its own.
    fn beside(&mut self, number: i64, beside: Beside) {
        self.flush();
        let step = Step { beside: Some((number, beside)), ..Step::default() };
        self.gone |= self.steps.send(step).is_err();
    }

    /// Notes that a file has been read to its end.
    fn end(&mut self, number: i64, tail: ImportTail) {
        let ruled = self.ruler.as_mut().map(Ruler::take_ruled).unwrap_or_default();
        self.step.ends.push(End { number, tail, ruled });
    }

    /// Reads a file that has a transaction to itself.
    fn large(&mut self, number: i64, ready: Ready, input: &Input) {
        self.flush();
        let fixed = Arc::new(ready.fixed);
        self.batch.begin_file(number, Arc::clone(&fixed));
        let (path, size) = (ready.head.path.clone(), ready.size);
        self.step.begins.push((number, ready.head));
        let (steps, spare, step, gone) = (self.steps, self.spare, &mut self.step, &mut self.gone);
        let read = Arc::clone(&ready.read);
        let mut spill = |batch: &mut Batch| {
            let mut empty = spare.take();
            empty.begin_file(number, Arc::clone(&fixed));
            let mut full = std::mem::take(step);
            full.rows = Some(std::mem::replace(batch, empty));
            full.at = (path.clone(), read.load(Ordering::Relaxed), size);
            *gone = steps.send(full).is_err();
            !*gone
        };
        let (batch, ruler) = (&mut self.batch, self.ruler.as_mut());
        let result =
            std::panic::catch_unwind(AssertUnwindSafe(|| read_all(ready.source, ruler, batch, Some(&mut spill))));
        match result.unwrap_or_else(|_| Err(Stopped::Failed(failed_reader()))) {
            Ok(tail) => {
                let bytes = ready.read.load(Ordering::Relaxed);
                self.end(number, ImportTail { bytes, ..tail });
                self.flush();
            }
            // The writer has gone, and reports its own error.
            Err(Stopped::Full) => {}
            Err(Stopped::Failed(error)) => {
                self.batch = self.spare.take();
                self.step = Step { then: Then::Drop, ..Step::default() };
                self.step.outcomes.push((number, outcome(error, input)));
                self.gone |= self.steps.send(std::mem::take(&mut self.step)).is_err();
            }
        }
    }

    /// Sends what there is, complete files all.
    fn flush(&mut self) {
        let mut step = std::mem::take(&mut self.step);
        if !step.ends.is_empty() {
            step.then = Then::Commit;
            step.rows = Some(std::mem::replace(&mut self.batch, self.spare.take()));
        } else if step.outcomes.is_empty() {
            return;
        }
        self.gone |= self.steps.send(step).is_err();
    }
}

/// A reader that panics is a fault of ours: its file is not in, the others are.
fn failed_reader() -> ReadError {
    std::io::Error::other("the reader of this format failed; please report it").into()
}

fn caught<T>(work: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(failed_reader()))
}

/// What a file turned out to be.
pub(super) enum Prepared {
    Log(Box<Ready>),
    Beside(Beside),
    Not(FileOutcome),
}

/// Opens an input and finds out how to read it.
fn prepare(input: &Input, plan: &ImportPlan) -> Result<Prepared, ReadError> {
    let path = input.shown();
    let rule = plan.rules.iter().find(|(pattern, _)| paths::matches(pattern, &path));
    let mut how = rule.map_or_else(|| plan.how.clone(), |(_, settings)| plan.how.or(settings));
    let told = bills::How { input_format: plan.how.input_format.clone(), mapping: plan.how.mapping.clone() };
    how.mapping = plan.mappings.for_path(&path, &told).mapping;
    for (field, _) in &how.options.map {
        let is_known = fields::field_named(field).is_some() || outcomes::is_field(field);
        is_known.then_some(()).ok_or_else(|| ReadError::UnknownField(field.clone()))?;
    }
    let opened = stream::open(input)?;
    let reader = match kind::of(&opened, &how)? {
        None => return Ok(Prepared::Not(FileOutcome::Empty)),
        Some(Kind::Log(reader)) => reader,
        Some(Kind::Outcomes) => return beside::outcomes(path, opened, plan, how),
        Some(Kind::Bill(reader)) => return Ok(beside::bill(Bill::new(path, opened, reader), input, plan, how)),
        Some(Kind::Mapped(mapping)) => {
            return Ok(beside::bill(Bill::mapped(path, opened, *mapping), input, plan, how));
        }
    };
    beside::check_fields(&how, |field| fields::field_named(field).is_some())?;
    let source = how.source.clone().unwrap_or_else(|| reader.name().to_string());
    let fixed = fixed_values(&how, &source);
    let head = ImportHead { path: path.clone(), input_format: reader.name().into(), source, at: plan.at };
    let options = Options { path, ..how.options };
    let Opened { framing, shape, size, read, .. } = opened;
    Ok(Prepared::Log(Box::new(Ready { source: Source { framing, shape, reader, options }, head, fixed, size, read })))
}

fn fixed_values(how: &How, source: &str) -> Fixed {
    let mut fixed = Fixed::default();
    for (name, value) in &how.set {
        match Axis::parse(name) {
            Axis::Dim(dim) => fixed.dims[dim as usize] = Some(value.clone()),
            Axis::Key(key) => fixed.extra.push((key, value.clone())),
            Axis::Time(_) | Axis::Call | Axis::Trait(_) => {}
        }
    }
    fixed.dims[Dim::Source as usize] = Some(source.to_string());
    fixed
}

/// Tells what a file that cannot be read is to the import.
fn outcome(error: ReadError, input: &Input) -> FileOutcome {
    match (&error, input) {
        (ReadError::NotRecognised(why), Input::Found(_)) if is_no_file(why) => FileOutcome::PassedOver(why.clone()),
        (ReadError::NotRecognised(_), Input::Found(_)) => FileOutcome::PassedOver(error.to_string()),
        _ => FileOutcome::Failed { hint: hint(&error), reason: error.to_string() },
    }
}

fn is_no_file(why: &str) -> bool {
    matches!(why, "not a regular file" | "a broken link")
}

fn hint(error: &ReadError) -> Option<String> {
    Some(match error {
        // What is no text has no columns.
        ReadError::NotRecognised(why) if !why.contains("keys") => return None,
        ReadError::NotRecognised(_) => {
            "name its columns with --map (--map ts=COLUMN --map model=COLUMN --map input_tokens=COLUMN)".into()
        }
        ReadError::UnknownFormat { near: Some(near), .. } => format!("did you mean `{near}`?"),
        ReadError::UnknownFormat { .. } => {
            let names: Vec<&str> = formats::readers().map(|reader| reader.name()).collect();
            let (logs, bills) = (names.join(", "), bills::names().join(", "));
            format!("the formats are {logs}; of bills {bills}; and {}", outcomes::NAME)
        }
        ReadError::UnknownField(_) => {
            "fields are ts, model, provider, input_tokens, output_tokens, cost_usd, …; of outcomes run, trace, session, task, tenant, passed, revenue, ts".into()
        }
        ReadError::Io(_) | ReadError::Refused { .. } => return None,
    })
}
