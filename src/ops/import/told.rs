//! What an import tells: every file's records accounted for.

mod bills;
mod outcomes;

use serde_json::Value;
use serde_json::json;

use crate::domain::Usd;
use crate::domain::rollup::Measures;
use crate::ops::book::Book;
use crate::ops::book::BookError;
use crate::ops::dimensions::OVER_LIMIT;
use crate::ops::dimensions::Others;
use crate::ops::dimensions::Ruled;
use crate::ops::import::FileOutcome;
use crate::ops::import::FileResult;
use crate::ops::import::ImportPlan;
use crate::ops::import::similar;
use crate::ops::import::total;
use crate::ops::measures;
use crate::read::value;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Report;
use crate::report::Table;
use crate::report::Warning;
use crate::store::ImportTail;
use crate::store::Imported;

/// Tells what became of every file.
pub fn report(book: &Book, results: &[FileResult], plan: &ImportPlan) -> Result<Report, BookError> {
    let dry_run = plan.dry_run;
    let mut report = Report::new("import");
    report.price_table = Some(book.priced_by.clone());
    let columns = ["file", "format", "records", "new", "duplicate", "skipped", "rejected", "cost"];
    let mut table = Table { columns: columns.map(Column::new).into(), ..Table::default() };
    let (mut objects, mut errors) = (Vec::new(), Vec::new());
    let (mut empty, mut passed_over) = (Vec::new(), Vec::new());
    let unmatched = outcomes::Unmatched::of(book, results, dry_run)?;
    for result in results {
        if let FileOutcome::Bill(bill) = &result.outcome {
            objects.push(bills::object(&result.path, bill, dry_run));
            continue;
        }
        let mut cells = vec![Cell::Path(result.path.clone())];
        match &result.outcome {
            FileOutcome::In { input_format, tail, imported, .. } => {
                objects.push(file_object(&result.path, input_format, tail, imported, dry_run));
                let skipped = tail.skipped.values().sum::<u64>() + imported.rollups;
                cells.push(Cell::Text((*input_format).to_string()));
                cells.extend([tail.records, imported.new, imported.duplicate, skipped, tail.rejected].map(Cell::Count));
                cells.push(Cell::Usd(imported.total.cost));
            }
            FileOutcome::Outcomes(file) => {
                objects.push(outcomes::object(&result.path, file, &unmatched));
                cells.extend(outcomes::cells(file));
            }
            // Bills have a table of their own.
            FileOutcome::Bill(_) => {}
            FileOutcome::Empty => {
                objects.push(json!({"path": result.path, "kind": "usage", "records": 0, "new": 0, "duplicate": 0, "skipped": {}, "rejected": 0, "rejects": []}));
                empty.push(format!("{} is empty", result.path));
                cells.push(Cell::Text("empty".into()));
            }
            FileOutcome::PassedOver(reason) => {
                passed_over.push(format!("{} is passed over: {reason}", result.path));
                cells.push(Cell::Text("passed over".into()));
            }
            FileOutcome::Failed { reason, .. } => {
                errors.push(json!({"path": result.path, "message": reason}));
                cells.push(Cell::Text("failed".into()));
            }
        }
        cells.resize(columns.len(), Cell::Empty);
        table.rows.push(cells);
    }
    warn_each(&mut report, "empty_file", empty);
    warn_each(&mut report, "passed_over", passed_over);
    if table.rows.len() > MOST_FILES {
        table.rows = by_kind(&table.rows);
    }
    let total = total(results);
    report.put_rows("imports", objects);
    if !errors.is_empty() {
        report.put("errors", errors);
    }
    if dry_run {
        report.put("dry_run", true);
        report.blocks.push(Block::Note("dry run: nothing is kept".into()));
    }
    report.put("total", measures::Document(&total));
    let bills = bills::table(results);
    if !table.rows.is_empty() || bills.is_none() {
        report.blocks.push(Block::Table(table));
    }
    report.blocks.extend(bills.map(Block::Table));
    bills::warn(&mut report, results);
    warn_corrected(&mut report, results);
    warn(&mut report, results, &total);
    outcomes::warn(&mut report, results, &unmatched);
    report.warnings.extend(ruled_warnings(results));
    similar::warn(&mut report, book, results, plan)?;
    Ok(report)
}

/// More files than this are summed by what they are; the documents for machines have each.
const MOST_FILES: usize = 40;

/// Warnings of one kind told one by one before the rest is a count.
const MOST_WARNINGS: usize = 20;

/// Warns of each file, or of the first and how many more.
fn warn_each(report: &mut Report, code: &'static str, mut messages: Vec<String>) {
    let more = messages.len().saturating_sub(MOST_WARNINGS);
    messages.truncate(MOST_WARNINGS);
    if let Some(last) = messages.last_mut().filter(|_| more > 0) {
        last.push_str(&format!("; and {more} more files"));
    }
    messages.into_iter().for_each(|message| report.warn(code, message, None));
}

/// Sums the rows of files by their formats, or by what else became of them.
fn by_kind(rows: &[Vec<Cell>]) -> Vec<Vec<Cell>> {
    let mut kinds: Vec<(&Cell, u64, Vec<Cell>)> = Vec::new();
    for row in rows {
        let [_, kind, figures @ ..] = &row[..] else { continue };
        match kinds.iter_mut().find(|(known, _, _)| *known == kind) {
            Some((_, files, sums)) => {
                *files += 1;
                sums.iter_mut().zip(figures).for_each(|(sum, figure)| add(sum, figure));
            }
            None => kinds.push((kind, 1, figures.to_vec())),
        }
    }
    let row = |(kind, files, sums): (&Cell, u64, Vec<Cell>)| {
        let name = if files == 1 { "1 file".to_string() } else { format!("{files} files") };
        [vec![Cell::Text(name), kind.clone()], sums].concat()
    };
    kinds.into_iter().map(row).collect()
}

fn add(sum: &mut Cell, figure: &Cell) {
    match (sum, figure) {
        (Cell::Count(sum), Cell::Count(figure)) => *sum += figure,
        (Cell::Usd(sum), Cell::Usd(figure)) => *sum += *figure,
        _ => {}
    }
}

/// Warns where calls of earlier files cost another amount now: with the new calls it is the change of all totals.
fn warn_corrected(report: &mut Report, results: &[FileResult]) {
    let of_file = |result: &FileResult| match &result.outcome {
        FileOutcome::In { imported, .. } => imported.corrected,
        _ => Usd::ZERO,
    };
    let corrected: Usd = results.iter().map(of_file).sum();
    if corrected != Usd::ZERO {
        report.put("corrected_usd", corrected);
        let message = format!("calls of earlier files are told better now: their cost changes by {corrected} USD");
        report.warn("earlier_calls_corrected", message, Some("`attr status` tells what is merged".into()));
    }
}

/// Tells what the rules of dimensions did to the values of the logs.
pub fn ruled_warnings(results: &[FileResult]) -> Vec<Warning> {
    let mut by_name: Vec<Ruled> = Vec::new();
    for ruled in results.iter().flat_map(|result| result.outcome.ruled()) {
        match by_name.iter_mut().find(|known| known.name == ruled.name) {
            Some(known) => known.add(ruled),
            None => by_name.push(ruled.clone()),
        }
    }
    by_name.iter().flat_map(warnings_of).collect()
}

fn warnings_of(ruled: &Ruled) -> Vec<Warning> {
    let name = &ruled.name;
    let mut warnings = Vec::new();
    if !ruled.values.is_empty() {
        let values: Vec<String> = ruled.values.iter().map(|value| value::excerpt(value)).collect();
        let done = if ruled.others == Others::Untag { "are untagged" } else { "keep it" };
        let message = format!(
            "{} records have a value of `{name}` that the settings do not allow and {done}: {}",
            ruled.not_allowed,
            values.join(", ")
        );
        warnings.push(Warning { code: "values_not_allowed", message, hint: None });
    }
    if ruled.not_handed_down > 0 {
        let message = format!(
            "{} spans have a value of `{name}` that the settings do not allow: it is not handed down",
            ruled.not_handed_down
        );
        warnings.push(Warning { code: "values_not_allowed", message, hint: None });
    }
    if ruled.over_limit > 0 {
        let message = format!(
            "`{name}` has more values than its `max_values` of {}: those of {} records became `{OVER_LIMIT}`",
            ruled.max_values, ruled.over_limit
        );
        let hint = format!("fold its values, map `{name}` to another key, or raise `max_values` in attr.toml");
        warnings.push(Warning { code: "values_over_limit", message, hint: Some(hint) });
    }
    warnings
}

fn file_object(path: &str, input_format: &str, tail: &ImportTail, imported: &Imported, dry_run: bool) -> Value {
    let mut skipped = tail.skipped.clone();
    if imported.rollups > 0 {
        *skipped.entry("rollup".into()).or_default() += imported.rollups;
    }
    let rejects: Vec<Value> =
        tail.rejects.iter().map(|(line, reason)| json!({"line": line, "reason": reason})).collect();
    let mut object = json!({
        "path": path, "kind": "usage", "input_format": input_format, "records": tail.records,
        "new": imported.new, "duplicate": imported.duplicate, "skipped": skipped, "rejected": tail.rejected,
        "rejects": rejects, "conflicts": imported.conflicts, "merged": imported.merged,
    });
    // A rehearsal gives no number: there is no import to undo.
    if !dry_run {
        object["id"] = imported.id.into();
    }
    object
}

/// Rejections told one by one before the rest is a count.
pub(super) const TOLD_REJECTS: usize = 3;

pub(super) fn warn(report: &mut Report, results: &[FileResult], total: &Measures) {
    let mut rejected = Vec::new();
    for result in results {
        if let Some(tail) = result.outcome.tail().filter(|tail| tail.rejected > 0) {
            let first: Vec<String> = tail
                .rejects
                .iter()
                .take(TOLD_REJECTS)
                .map(|(line, reason)| format!("{}:{line}: {reason}", result.path))
                .collect();
            let more = tail.rejected - first.len() as u64;
            let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
            let message = format!("{} of {} records rejected: {}{rest}", tail.rejected, tail.records, first.join("; "));
            rejected.push(message);
        }
        let FileOutcome::In { imported, .. } = &result.outcome else { continue };
        if imported.conflicts > 0 {
            let message = format!(
                "{}: {} calls share an id with another call of other content; both are counted",
                result.path, imported.conflicts
            );
            report.warn("id_conflict", message, None);
        }
        if imported.earlier_rollups > 0 {
            let message = format!(
                "{}: {} calls of earlier files turned out to sum calls of this one and are no longer billed",
                result.path, imported.earlier_rollups
            );
            report.warn("rollup", message, None);
        }
    }
    warn_each(report, "rejected_records", rejected);
    if let Some(note) = measures::unpriced_note(total) {
        report.warn("unpriced_calls", note, measures::unpriced_hint(total));
    }
}
