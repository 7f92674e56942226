//! A file of outcomes into the store, row by row: each ends as new, duplicate, skipped or rejected.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::domain::Dim;
use crate::domain::Outcome;
use crate::ops::dimensions::Ruled;
use crate::ops::dimensions::Ruler;
use crate::ops::import::FileOutcome;
use crate::ops::import::ImportPlan;
use crate::ops::import::Watch;
use crate::ops::import::collect::SHOWN_REJECTS;
use crate::read::Record;
use crate::read::fields::own;
use crate::read::framing::Framed;
use crate::read::framing::Framing;
use crate::read::framing::Shape;
use crate::read::outcomes;
use crate::read::outcomes::Found;
use crate::read::outcomes::Row;
use crate::read::value;
use crate::store::Added;
use crate::store::ImportHead;
use crate::store::ImportTail;
use crate::store::Known;
use crate::store::OutcomesImport;
use crate::store::OutcomesIn;
use crate::store::Store;
use crate::store::StoreError;

/// Rows between two words on how far reading is.
const ROWS_A_WORD: u64 = 1 << 14;

/// A file of outcomes, opened.
pub(super) struct Source {
    pub(super) head: ImportHead,
    pub(super) framing: Framing,
    pub(super) shape: Shape,
    /// Columns given to fields.
    pub(super) map: Vec<(String, String)>,
    pub(super) read: Arc<AtomicU64>,
    pub(super) size: Option<u64>,
}

/// Outcomes that are in, or were already.
#[derive(Clone, Debug, Default)]
pub struct OutcomesFile {
    /// What its records were.
    pub tail: ImportTail,
    /// What its outcomes were to the store.
    pub imported: OutcomesIn,
    /// What the rules of dimensions did.
    pub ruled: Vec<Ruled>,
}

/// Imports a file of outcomes.
pub(super) fn take_in(
    store: &mut Store,
    plan: &ImportPlan,
    mut ruler: Option<Ruler>,
    source: Source,
    watch: &dyn Watch,
) -> Result<FileOutcome, StoreError> {
    let _claim = own::claim(plan.dimensions.own_keys());
    let Source { head, framing, shape, map, read, size } = source;
    let mut taking = Taking {
        import: store.begin_outcomes(&head)?,
        ruler: ruler.as_mut(),
        tail: ImportTail::default(),
        failed: None,
    };
    let mut reader = outcomes::Outcomes::new(&map);
    let work = AssertUnwindSafe(|| {
        framing.with_exact_cells().each(shape, |framed| {
            if taking.tail.records.is_multiple_of(ROWS_A_WORD) {
                watch.progress(&head.path, read.load(Ordering::Relaxed), size);
            }
            match framed {
                Framed::Broken(line, reason) => taking.reject(line, reason),
                Framed::Record(line, tape, text) => {
                    let row = reader.row(Record { line, node: tape.root(text) });
                    taking.row(line, row);
                }
            }
            taking.failed.is_none()
        })
    });
    // A reader that panics is a fault of ours: its file is not in, the others are.
    let done = std::panic::catch_unwind(work)
        .unwrap_or_else(|_| Err(std::io::Error::other("the reader of this format failed; please report it")));
    if let Err(error) = done {
        return Ok(FileOutcome::Failed { reason: format!("cannot read: {error}"), hint: None });
    }
    let Taking { import, mut tail, failed, .. } = taking;
    if let Some(error) = failed {
        return Err(error);
    }
    tail.bytes = read.load(Ordering::Relaxed);
    let imported = import.commit(&tail, plan.dry_run)?;
    watch.done();
    let ruled = ruler.as_mut().map(Ruler::take_ruled).unwrap_or_default();
    Ok(FileOutcome::Outcomes(Box::new(OutcomesFile { tail, imported, ruled })))
}

/// Takes rows, and counts what became of them.
struct Taking<'s, 'r> {
    import: OutcomesImport<'s>,
    ruler: Option<&'r mut Ruler>,
    tail: ImportTail,
    failed: Option<StoreError>,
}

impl Taking<'_, '_> {
    fn row(&mut self, line: u64, row: Row<'_>) {
        match row {
            Row::Outcome(found) => match self.outcome(&found) {
                Ok(Ok(())) => self.tail.records += 1,
                Ok(Err(reason)) => self.reject(line, reason),
                Err(error) => self.failed = Some(error),
            },
            Row::Skipped(reason) => {
                self.tail.records += 1;
                *self.tail.skipped.entry(reason.to_string()).or_default() += 1;
            }
            Row::Rejected(reason) => self.reject(line, reason),
        }
    }

    fn reject(&mut self, line: u64, reason: String) {
        self.tail.records += 1;
        self.tail.rejected += 1;
        if self.tail.rejects.len() < SHOWN_REJECTS {
            self.tail.rejects.push((line, reason));
        }
    }

    /// Applies the rules of dimensions, as to calls, and adds the outcome. The inner error is why it is rejected.
    fn outcome(&mut self, found: &Found<'_>) -> Result<Result<(), String>, StoreError> {
        let ruled = match self.ruler.as_mut().map_or(Ok(None), |ruler| ruler.call(&found.named)) {
            Ok(ruled) => ruled,
            Err(reason) => return Ok(Err(reason)),
        };
        let named = ruled.as_ref().unwrap_or(&found.named);
        let Some((unit, id)) = outcomes::unit(named) else {
            return Ok(Err("no id of a run, trace or session (use --map run=COLUMN)".into()));
        };
        let text = |dim| named.dim(dim).map(Cow::Borrowed);
        let outcome = Outcome {
            line: found.named.line,
            unit,
            id: id.into(),
            task: text(Dim::Task),
            tenant: text(Dim::Tenant),
            passed: found.passed,
            revenue: found.revenue,
            ts: found.ts,
        };
        Ok(match self.import.add(&outcome)? {
            Added::New | Added::Duplicate => Ok(()),
            Added::Conflict(known) => Err(conflict(&outcome, &known)),
        })
    }
}

/// Says in what a row differs from what is known of its unit, and where that is from.
fn conflict(outcome: &Outcome<'_>, known: &Known) -> String {
    let (unit, id) = (outcome.unit.name(), value::excerpt(&outcome.id));
    let (import, path, line) = (known.import, &known.path, known.outcome.line);
    let (here, there) = (said(outcome, &known.outcome), said(&known.outcome, outcome));
    format!("{unit} {id}: here {here}; in {path}:{line} (import {import}), which counts, {there}")
}

/// Says of an outcome what another does not.
fn said(outcome: &Outcome<'_>, other: &Outcome<'_>) -> String {
    let mut said = Vec::new();
    if outcome.passed != other.passed {
        let verdict = outcome.passed.map_or("no verdict", |passed| if passed { "passed" } else { "failed" });
        said.push(verdict.to_string());
    }
    if outcome.revenue != other.revenue {
        said.push(outcome.revenue.map_or("no revenue".into(), |revenue| format!("revenue {revenue}")));
    }
    let names = [("task", &outcome.task, &other.task), ("tenant", &outcome.tenant, &other.tenant)];
    for (name, own, _) in names.into_iter().filter(|(_, own, others)| own != others) {
        said.push(own.as_deref().map_or(format!("no {name}"), |own| format!("{name} {}", value::excerpt(own))));
    }
    said.join(", ")
}
