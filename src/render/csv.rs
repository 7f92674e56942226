//! CSV: the tables of a report with exact values, safe to open in a spreadsheet.

use std::io::Write;

use crate::report::Block;
use crate::report::Cell;
use crate::report::Report;
use crate::report::Table;

/// Writes every table; most reports have one. Facts become two columns.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    let has_table = report.blocks.iter().any(|block| matches!(block, Block::Table(_)));
    for block in &report.blocks {
        match block {
            Block::Table(table) => write_table(&mut writer, table)?,
            Block::Facts(facts) if !has_table => {
                writer.write_record(["name", "value"]).map_err(io_error)?;
                for (name, value) in facts {
                    writer.write_record([name.clone(), exact(value)]).map_err(io_error)?;
                }
            }
            Block::Heading(_) | Block::Note(_) | Block::Facts(_) | Block::Chart(_) => {}
        }
    }
    writer.flush()
}

fn write_table(writer: &mut ::csv::Writer<&mut dyn Write>, table: &Table) -> std::io::Result<()> {
    // A line of bars is nothing to calculate with.
    let drawn = |at: usize| table.rows.iter().any(|row| matches!(row.get(at), Some(Cell::Trend(_))));
    let kept: Vec<usize> = (0..table.columns.len()).filter(|at| !drawn(*at)).collect();
    writer.write_record(kept.iter().map(|at| neutral(&table.columns[*at].key))).map_err(io_error)?;
    // The total is left out: a sum over the column must not count it twice.
    for row in &table.rows {
        writer.write_record(kept.iter().map(|at| row.get(*at).map(exact).unwrap_or_default())).map_err(io_error)?;
    }
    Ok(())
}

/// Returns what lies below an error, so that a closed pipe is known as one.
fn io_error(error: ::csv::Error) -> std::io::Error {
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    }
}

/// Writes a value exactly; an untagged value is an empty cell.
fn exact(cell: &Cell) -> String {
    match cell {
        Cell::Empty | Cell::Untagged | Cell::Trend(_) => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Logged(text) | Cell::Path(text) => neutral(text),
        Cell::Count(n) => n.to_string(),
        Cell::Usd(amount) | Cell::Change(amount) => amount.to_string(),
        Cell::Cents(cents) => super::text::cents(*cents),
        Cell::Share(share) => format!("{share:.6}"),
        Cell::Level(_, inner) => exact(inner),
    }
}

/// Takes from a text the power to run as a formula: spreadsheets evaluate cells that begin with these characters.
fn neutral(text: &str) -> String {
    let clean = super::text::clean(text);
    if clean.starts_with(['=', '+', '-', '@', '\t', '\r', '\u{fffd}']) { format!("'{clean}") } else { clean }
}
