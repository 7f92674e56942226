//! What an import tells of outcomes: their rows, and which of them no call belongs to yet.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use crate::ops::book::Book;
use crate::ops::import::FileOutcome;
use crate::ops::import::FileResult;
use crate::ops::import::OutcomesFile;
use crate::ops::outcomes;
use crate::read;
use crate::report::Cell;
use crate::report::Report;
use crate::store::StoreError;

/// Returns a file's cells behind its name; outcomes cost nothing.
pub(super) fn cells(file: &OutcomesFile) -> Vec<Cell> {
    let OutcomesFile { tail, imported, .. } = file;
    let skipped = tail.skipped.values().sum();
    let counts = [tail.records, imported.new, imported.duplicate, skipped, tail.rejected];
    [Cell::Text(read::outcomes::NAME.into())].into_iter().chain(counts.map(Cell::Count)).collect()
}

/// Returns a file as the contract writes it.
pub(super) fn object(path: &str, file: &OutcomesFile, unmatched: &Unmatched) -> Value {
    let OutcomesFile { tail, imported, .. } = file;
    let rejects: Vec<Value> =
        tail.rejects.iter().map(|(line, reason)| json!({"line": line, "reason": reason})).collect();
    let mut object = json!({
        "path": path, "kind": "outcomes", "input_format": read::outcomes::NAME, "records": tail.records,
        "new": imported.new, "duplicate": imported.duplicate, "skipped": tail.skipped, "rejected": tail.rejected,
        "rejects": rejects, "conflicts": imported.conflicts,
    });
    // A rehearsal gives no number: there is no import to undo, and nothing that calls could meet.
    if let Unmatched::Known(by_import) = unmatched {
        object["unmatched"] = by_import.get(&imported.id).map_or(0, |unmatched| unmatched.outcomes).into();
        object["id"] = imported.id.into();
    }
    object
}

/// Outcomes of the imported files that no call belongs to yet, once all files are in.
pub(super) enum Unmatched {
    /// By the number of the import.
    Known(BTreeMap<i64, outcomes::Unmatched>),
    /// Nothing was kept.
    DryRun,
}

impl Unmatched {
    /// Looks for the calls of what came in.
    pub(super) fn of(book: &Book, results: &[FileResult], dry_run: bool) -> Result<Unmatched, StoreError> {
        let is_new = |(_, file): (&str, &OutcomesFile)| file.imported.new > 0;
        Ok(match dry_run {
            true => Unmatched::DryRun,
            false if files(results).any(is_new) => Unmatched::Known(outcomes::unmatched(book)?),
            false => Unmatched::Known(BTreeMap::new()),
        })
    }
}

fn files(results: &[FileResult]) -> impl Iterator<Item = (&str, &OutcomesFile)> {
    results.iter().filter_map(|result| match &result.outcome {
        FileOutcome::Outcomes(file) => Some((&*result.path, &**file)),
        _ => None,
    })
}

/// Tells of outcomes that contradict known ones, and of those that no call belongs to.
pub(super) fn warn(report: &mut Report, results: &[FileResult], unmatched: &Unmatched) {
    for (path, file) in files(results).filter(|(_, file)| file.imported.conflicts > 0) {
        let message = format!(
            "{path}: {} of {} rows say something else than an earlier row of the same id; the first counts",
            file.imported.conflicts, file.tail.records
        );
        let hint =
            "where the later one is right, take the earlier file out with `attr imports undo ID` and import again";
        report.warn("outcome_conflict", message, Some(hint.into()));
    }
    let Unmatched::Known(by_import) = unmatched else { return };
    for (path, file) in files(results) {
        if let Some(unmatched) = by_import.get(&file.imported.id) {
            let message = format!(
                "{path}: {} of {} outcomes have no call yet; a log may bring it later",
                unmatched.outcomes, file.imported.new
            );
            report.warn("unmatched_outcomes", message, unmatched.hint());
        }
    }
}
