//! `attr imports`: what came in, and out again.

use serde_json::Value;
use serde_json::json;

use crate::ops::bills;
use crate::ops::book::Book;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Report;
use crate::report::Table;
use crate::store::ImportRecord;
use crate::store::StoreError;

/// Lists the imports, oldest first.
pub fn list(book: &Book) -> Result<Report, StoreError> {
    let imports = book.store.imports()?;
    let standing = bills::standing(&book.store)?;
    let mut report = Report::new("imports");
    let mut columns =
        vec!["id", "imported", "format", "source", "records", "new", "duplicate", "skipped", "rejected", "path"];
    let has_bills = imports.iter().any(|import| import.kind == BILL);
    if has_bills {
        columns.insert(columns.len() - 1, "billed");
    }
    let mut table = Table { columns: columns.into_iter().map(Column::new).collect(), ..Table::default() };
    let mut objects = Vec::new();
    for import in &imports {
        let bill = standing.invoices.iter().find(|bill| bill.document.import == Some(import.id));
        let mut cells = vec![
            Cell::Count(import.id as u64),
            Cell::Text(import.imported_at.clone()),
            Cell::Text(import.input_format.clone()),
            Cell::Logged(import.source.clone()),
            Cell::Count(import.records),
            Cell::Count(import.new),
            Cell::Count(import.duplicate),
            Cell::Count(import.skipped.values().sum()),
            Cell::Count(import.rejected),
        ];
        if has_bills {
            cells.push(bill.map_or(Cell::Empty, |bill| Cell::Text(bills::told(&bill.totals))));
        }
        cells.push(Cell::Path(import.path.clone()));
        table.rows.push(cells);
        let mut object = object(import);
        if let Some(bill) = bill {
            object["lines"] = bill.lines.into();
            object["control_totals"] = bills::document(&bill.totals);
            object["superseded_lines"] = standing.outdated_lines(import.id).into();
            if let Some((first, last)) = bill.span {
                object["from"] = first.to_string().into();
                object["until"] = last.to_string().into();
            }
        }
        objects.push(object);
    }
    report.put_rows("imports", objects);
    report.blocks.push(if imports.is_empty() { Block::Note("no imports yet".into()) } else { Block::Table(table) });
    let outdated: u64 = standing.outdated.iter().map(|outdated| outdated.lines).sum();
    if outdated > 0 {
        let counts = bills::told(&standing.totals());
        let note = format!(
            "{outdated} lines of older bills are superseded by newer ones: {counts} is what counts of all bills"
        );
        report.blocks.push(Block::Note(note));
    }
    if !standing.told_twice.is_empty() {
        let twice = bills::told(&standing.told_twice);
        let note =
            format!("{twice} of the bills are by group and on days that another bill has as a whole: counted once");
        report.blocks.push(Block::Note(note));
    }
    Ok(report)
}

/// The kind of an import that is a bill.
const BILL: &str = "invoice";
/// The kind of an import of outcomes.
const OUTCOMES: &str = "outcomes";

/// Returns an import as the contract writes it.
fn object(import: &ImportRecord) -> Value {
    json!({
        "id": import.id, "path": import.path, "kind": import.kind, "input_format": import.input_format,
        "source": import.source, "imported_at": import.imported_at, "records": import.records, "new": import.new,
        "duplicate": import.duplicate, "skipped": import.skipped, "rejected": import.rejected,
        "conflicts": import.conflicts, "merged": import.merged,
    })
}

/// Takes an import out again; `None` if there is none of that number.
pub fn undo(book: &mut Book, id: i64) -> Result<Option<Report>, StoreError> {
    let bill = book.store.invoices()?.into_iter().find(|bill| bill.document.import == Some(id));
    let again: u64 = bills::superseded_by(&book.store, id)?.iter().map(|outdated| outdated.lines).sum();
    let Some(undone) = book.store.undo_import(id)? else { return Ok(None) };
    let mut report = Report::new("imports undo");
    report.put("import", object(&undone.import));
    let name = ("undone".into(), Cell::Logged(format!("import {} of {}", undone.import.id, undone.import.path)));
    if undone.import.kind == BILL {
        let totals = bill.map(|bill| bill.totals).unwrap_or_default();
        report.put("removed_lines", undone.lines);
        report.put("removed_totals", bills::document(&totals));
        report.put("released_lines", again);
        report.blocks.push(Block::Facts(vec![
            name,
            ("lines removed".into(), Cell::Count(undone.lines)),
            ("billed".into(), Cell::Text(bills::told(&totals))),
        ]));
        if again > 0 {
            let note = format!("{again} lines of older bills are no longer superseded by it");
            report.blocks.push(Block::Note(note));
        }
        return Ok(Some(report));
    }
    if undone.import.kind == OUTCOMES {
        report.put("removed_outcomes", undone.outcomes);
        let removed = ("outcomes removed".into(), Cell::Count(undone.outcomes));
        report.blocks.push(Block::Facts(vec![name, removed]));
        return Ok(Some(report));
    }
    report.put("removed_calls", undone.calls);
    report.put("removed_cost_usd", undone.cost);
    report.put("released_calls", undone.released);
    report.blocks.push(Block::Facts(vec![
        name,
        ("calls removed".into(), Cell::Count(undone.calls)),
        ("cost removed".into(), Cell::Usd(undone.cost)),
    ]));
    if undone.released > 0 {
        report.blocks.push(Block::Note(format!(
            "{} calls count again: what summed them, or told them better, is gone",
            undone.released
        )));
    }
    if undone.import.duplicate > 0 {
        report.blocks.push(Block::Note(
            "calls that other files share with it stay with the file that brought them first".into(),
        ));
    }
    Ok(Some(report))
}
