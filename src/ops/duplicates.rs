//! `attr duplicates`: calls that two sources have probably both logged, with their money; left out only on request.

use serde_json::json;

use crate::domain::Usd;
use crate::domain::Window;
use crate::ops::book::Book;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Report;
use crate::report::Table;
use crate::store::StoreError;

/// Lists the calls in doubt by the two sources.
pub fn list(book: &Book) -> Result<Report, StoreError> {
    let mut report = Report::new("duplicates");
    report.price_table = Some(book.priced_by.clone());
    let pairs = book.store.probable_pairs()?;
    let columns = ["in doubt", "counted", "calls", "cost", "state"];
    let mut table = Table { columns: columns.map(Column::new).into(), ..Table::default() };
    for pair in &pairs {
        table.rows.push(vec![
            Cell::Logged(pair.source.clone()),
            Cell::Logged(pair.other.clone()),
            Cell::Count(pair.calls),
            Cell::Usd(pair.cost),
            Cell::Text(if pair.excluded { "excluded" } else { "counted twice" }.into()),
        ]);
    }
    let sum = |excluded: bool| {
        let own = || pairs.iter().filter(move |pair| pair.excluded == excluded);
        (own().map(|pair| pair.calls).sum::<u64>(), own().map(|pair| pair.cost).sum::<Usd>())
    };
    let ((counted, counted_usd), (excluded, excluded_usd)) = (sum(false), sum(true));
    report.put("counted", json!({"calls": counted, "cost_usd": counted_usd}));
    report.put("excluded", json!({"calls": excluded, "cost_usd": excluded_usd}));
    report.put_rows(
        "pairs",
        pairs.iter().map(|pair| {
            json!({"source": pair.source, "other": pair.other, "calls": pair.calls, "cost_usd": pair.cost, "excluded": pair.excluded})
        }),
    );
    report.blocks.push(match pairs.is_empty() {
        true => Block::Note("no call looks as if two sources had logged it".into()),
        false => Block::Table(table),
    });
    warn(&mut report, book, Window::default())?;
    Ok(report)
}

/// Leaves the calls in doubt out of all totals, or takes them in again.
pub fn exclude(book: &mut Book, exclude: bool) -> Result<Report, StoreError> {
    let changed = book.store.exclude_probable(exclude)?;
    let mut report = list(book)?;
    report.put("changed_calls", changed);
    let state = if exclude { "left out of all totals" } else { "counted again" };
    report.blocks.push(Block::Note(format!("{changed} calls are now {state}")));
    Ok(report)
}

/// Warns of calls in doubt that a window's totals contain.
pub(super) fn warn(report: &mut Report, book: &Book, window: Window) -> Result<(), StoreError> {
    let (calls, cost) = book.store.probable(window)?;
    if calls > 0 {
        let message = format!("{calls} calls, {cost} USD, have probably been logged by two sources and count twice");
        let hint = "`attr duplicates` lists them, `attr duplicates --exclude` leaves them out of all totals";
        report.warn("probable_duplicates", message, Some(hint.into()));
    }
    Ok(())
}
