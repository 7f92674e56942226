//! What an import tells of bills: their sums, their span, and what they take the place of.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use crate::ops::bills;
use crate::ops::bills::Outdated;
use crate::ops::import::BillIn;
use crate::ops::import::FileOutcome;
use crate::ops::import::FileResult;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Report;
use crate::report::Table;

fn bills(results: &[FileResult]) -> impl Iterator<Item = (&str, &BillIn)> {
    results.iter().filter_map(|result| match &result.outcome {
        FileOutcome::Bill(bill) => Some((&*result.path, &**bill)),
        _ => None,
    })
}

/// Returns how many of a bill's rows are new, and how many were known.
fn new_and_known(bill: &BillIn) -> (u64, u64) {
    let rows = bill.billed_rows();
    if bill.duplicate_of.is_some() { (0, rows) } else { (rows, 0) }
}

/// Returns a row a bill; `None` where there is none.
pub(super) fn table(results: &[FileResult]) -> Option<Table> {
    let columns = ["bill", "format", "rows", "new", "duplicate", "skipped", "from", "to", "total"];
    let mut table = Table { columns: columns.map(Column::new).into(), ..Table::default() };
    for (path, bill) in bills(results) {
        let (new, known) = new_and_known(bill);
        let mut cells = vec![Cell::Path(path.to_string()), Cell::Text(bill.input_format.clone())];
        cells.extend([bill.rows, new, known, bill.skipped.values().sum()].map(Cell::Count));
        cells.extend(match bill.span.map(|span| bills::dates(span, &bill.statement)) {
            Some((first, last)) => [first, last].map(|date| Cell::Text(date.to_string())),
            None => [Cell::Empty, Cell::Empty],
        });
        cells.push(Cell::Text(bills::told(&bill.totals)));
        table.rows.push(cells);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// Returns a bill as the contract writes it.
pub(super) fn object(path: &str, bill: &BillIn, dry_run: bool) -> Value {
    let (new, known) = new_and_known(bill);
    let superseded: Vec<Value> = bill
        .superseded
        .iter()
        .map(|old| {
            json!({"id": old.id, "lines": old.lines, "amounts": bills::document(&old.amounts),
                "instead": bills::document(&old.instead)})
        })
        .collect();
    let mut object = json!({
        "path": path, "kind": "invoice", "input_format": bill.input_format, "records": bill.rows, "new": new,
        "duplicate": known, "skipped": bill.skipped, "rejected": 0, "rejects": [], "lines": bill.lines,
        "control_totals": bills::document(&bill.totals), "superseded": superseded, "notes": bill.statement.notes,
    });
    if let Some((first, last)) = bill.span {
        object["from"] = first.to_string().into();
        object["until"] = last.to_string().into();
    }
    if bill.rounded > 0 {
        object["rounded"] = bill.rounded.into();
    }
    if let Some(first) = bill.duplicate_of {
        object["duplicate_of"] = first.into();
    }
    // A rehearsal gives no number: there is no import to undo.
    if !dry_run {
        object["id"] = bill.id.into();
    }
    object
}

/// Tells what changed the sum of all bills, how a bill was understood, and what was rounded.
pub(super) fn warn(report: &mut Report, results: &[FileResult]) {
    for (path, bill) in bills(results) {
        for note in &bill.statement.notes {
            report.warn("bill_read_as", format!("{path}: {note}"), None);
        }
        if let Some(first) = bill.duplicate_of {
            let hint = format!("`attr imports undo {first}` first, to read it another way");
            report.warn("known_bill", format!("{path}: import {first} brought the same bytes"), Some(hint));
        }
        for old in &bill.superseded {
            let (message, is_less) = superseded(path, old);
            let hint = is_less.then(|| {
                "if it is a filtered or capped export it is not the whole bill: take it out with `attr imports undo ID`"
                    .to_string()
            });
            report.warn("superseded_lines", message, hint);
        }
        if bill.rounded > 0 {
            let message = format!(
                "{path}: {} amounts are finer than 1e-12 and were rounded half to even; their own digits are kept beside",
                bill.rounded
            );
            report.warn("rounded_amounts", message, None);
        }
    }
}

/// Tells what a bill takes the place of, and whether it charges less for the same days.
fn superseded(path: &str, old: &Outdated) -> (String, bool) {
    let mut change: BTreeMap<String, i128> = old.instead.clone();
    old.amounts.iter().for_each(|(currency, pico)| *change.entry(currency.clone()).or_default() -= pico);
    change.retain(|_, pico| *pico != 0);
    let is_less = change.values().any(|pico| *pico < 0);
    let amounts = match (old.amounts.is_empty(), change.is_empty()) {
        (true, _) => String::new(),
        (false, true) => format!(" and charges the same for them, {}", bills::told(&old.amounts)),
        (false, false) => {
            let verdict = if is_less { "LESS" } else { "more" };
            let (own, before) = (bills::told(&old.instead), bills::told(&old.amounts));
            let own = if own.is_empty() { "nothing" } else { &own };
            let change = bills::told(&change);
            format!(" and charges {verdict} for them: {own} in place of {before}, so the total changes by {change}")
        }
    };
    let (lines, id, older) = (old.lines, old.id, &old.path);
    (format!("{path} supersedes {lines} lines of import {id} ({older}) for the same days{amounts}"), is_less)
}
