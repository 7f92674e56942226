//! What an import tells of outcomes: their rows, and which of them no call belongs to yet.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use crate::ops::book::Book;
use crate::ops::book::BookError;
use crate::ops::import::FileOutcome;
use crate::ops::import::FileResult;
use crate::ops::import::OutcomesFile;
use crate::ops::outcomes;
use crate::ops::outcomes::Unmatched;
use crate::read;
use crate::report::Cell;
use crate::report::Report;

/// Returns a file's cells behind its name; outcomes cost nothing.
pub(super) fn cells(file: &OutcomesFile) -> Vec<Cell> {
    let OutcomesFile { tail, imported, .. } = file;
    let skipped = tail.skipped.values().sum();
    let counts = [tail.records, imported.new, imported.duplicate, skipped, tail.rejected];
    [Cell::Text(read::outcomes::NAME.into())].into_iter().chain(counts.map(Cell::Count)).collect()
}

/// Returns a file as the contract writes it.
pub(super) fn object(path: &str, file: &OutcomesFile, dry_run: bool) -> Value {
    let OutcomesFile { tail, imported, .. } = file;
    let rejects: Vec<Value> =
        tail.rejects.iter().map(|(line, reason)| json!({"line": line, "reason": reason})).collect();
    let mut object = json!({
        "path": path, "kind": "outcomes", "input_format": read::outcomes::NAME, "records": tail.records,
        "new": imported.new, "duplicate": imported.duplicate, "skipped": tail.skipped, "rejected": tail.rejected,
        "rejects": rejects, "conflicts": imported.conflicts,
    });
    // A rehearsal gives no number: there is no import to undo.
    if !dry_run {
        object["id"] = imported.id.into();
    }
    object
}

/// Tells of outcomes that contradict known ones, and of those that no call belongs to.
pub(super) fn warn(
    report: &mut Report,
    book: &Book,
    results: &[FileResult],
    dry_run: bool,
) -> Result<(), BookError> {
    let files = || {
        results.iter().filter_map(|result| match &result.outcome {
            FileOutcome::Outcomes(file) => Some((&*result.path, &**file)),
            _ => None,
        })
    };
    for (path, file) in files().filter(|(_, file)| file.imported.conflicts > 0) {
        let message = format!(
            "{path}: {} rows say something else of a run than an earlier row; the first counts",
            file.imported.conflicts
        );
        let hint = "where the later one is right, take the earlier file out with `attr imports undo ID` and import again";
        report.warn("outcome_conflict", message, Some(hint.into()));
    }
    if dry_run || !files().any(|(_, file)| file.imported.new > 0) {
        return Ok(());
    }
    let unmatched: BTreeMap<i64, Unmatched> = outcomes::unmatched(book)?;
    for (path, file) in files() {
        if let Some(unmatched) = unmatched.get(&file.imported.id) {
            let message = format!(
                "{path}: {} of {} outcomes are of no call yet; a log that brings their calls may come later",
                unmatched.outcomes, file.imported.new
            );
            report.warn("unmatched_outcomes", message, unmatched.hint());
        }
    }
    Ok(())
}
