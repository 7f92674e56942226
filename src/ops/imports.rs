//! `attr imports`: what came in, and out again.

use serde_json::Value;
use serde_json::json;

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
    let mut report = Report::new("imports");
    let columns = ["id", "imported", "format", "source", "records", "new", "duplicate", "skipped", "rejected", "path"];
    let mut table = Table { columns: columns.map(Column::new).into(), ..Table::default() };
    for import in &imports {
        table.rows.push(vec![
            Cell::Count(import.id as u64),
            Cell::Text(import.imported_at.clone()),
            Cell::Text(import.input_format.clone()),
            Cell::Logged(import.source.clone()),
            Cell::Count(import.records),
            Cell::Count(import.new),
            Cell::Count(import.duplicate),
            Cell::Count(import.skipped.values().sum()),
            Cell::Count(import.rejected),
            Cell::Path(import.path.clone()),
        ]);
    }
    report.put_rows("imports", imports.iter().map(object));
    report.blocks.push(if imports.is_empty() { Block::Note("no imports yet".into()) } else { Block::Table(table) });
    Ok(report)
}

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
    let Some(undone) = book.store.undo_import(id)? else { return Ok(None) };
    let mut report = Report::new("imports undo");
    report.put("import", object(&undone.import));
    report.put("removed_calls", undone.calls);
    report.put("removed_cost_usd", undone.cost);
    report.put("released_calls", undone.released);
    report.blocks.push(Block::Facts(vec![
        ("undone".into(), Cell::Logged(format!("import {} of {}", undone.import.id, undone.import.path))),
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
