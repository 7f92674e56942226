//! Tables in a terminal: numbers to the right, names cut to fit, shares with a bar.

use std::io::Write;

use comfy_table::CellAlignment;
use comfy_table::ColumnConstraint;
use comfy_table::ContentArrangement;
use comfy_table::ContentLineStyle;
use comfy_table::LineStyle;
use comfy_table::TableStyle;
use comfy_table::Width;

use crate::render::Style;
use crate::render::chart;
use crate::render::text;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Report;
use crate::report::Table;

/// A rule below the headings and no other line: figures want air, not boxes.
const RULED: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')).header_lines(GAP).content_lines(GAP);
const GAP: ContentLineStyle = ContentLineStyle::none().junction(' ');
/// Cells of a bar for the whole, where there is room for them.
const WIDEST_BAR: usize = 12;
/// A shorter bar tells nothing.
const NARROWEST_BAR: usize = 4;
/// A chart wider than this only grows, it does not show more.
const WIDEST_CHART: usize = 120;
/// A logged name is not cut below this many characters: rather a long line than two names that look the same.
const SHORTEST_NAME: usize = 16;

/// Writes a report.
pub(super) fn write(report: &Report, style: Style, out: &mut dyn Write) -> std::io::Result<()> {
    for (at, block) in report.blocks.iter().enumerate() {
        match block {
            Block::Heading(heading) => writeln!(out, "{}", bold(&text::clean(heading), style))?,
            Block::Note(note) => writeln!(out, "{}", text::clean(note))?,
            Block::Facts(facts) => {
                let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
                for (name, value) in facts {
                    writeln!(out, "{name:width$}  {}", text::cell(value))?;
                }
            }
            Block::Table(table) => write_table(table, style, out)?,
            Block::Chart(chart) => {
                let width = style.width.unwrap_or(chart::USUAL_WIDTH).min(WIDEST_CHART);
                chart::lines(chart, width).iter().try_for_each(|line| writeln!(out, "{line}"))?;
            }
        }
        let more = report.blocks.get(at + 1);
        if more.is_some_and(|next| !matches!(next, Block::Note(_)) && !matches!(block, Block::Heading(_))) {
            writeln!(out)?;
        }
    }
    Ok(())
}

fn write_table(table: &Table, style: Style, out: &mut dyn Write) -> std::io::Result<()> {
    let without = without_trends(table, style);
    let table = without.as_ref().unwrap_or(table);
    let rows: Vec<&Vec<Cell>> = table.rows.iter().chain(&table.total).collect();
    let room = style.width.map_or(WIDEST_BAR, |width| width.saturating_sub(needed_width(table, &rows) + 1));
    let bar = if room < NARROWEST_BAR { 0 } else { room.min(WIDEST_BAR) };
    let mut drawn = comfy_table::Table::new();
    drawn.load_style(RULED).set_content_arrangement(ContentArrangement::Disabled);
    drawn.set_header(table.columns.iter().map(|column| column.name.clone()));
    let longest = name_limits(table, &rows, style, bar);
    for row in &rows {
        drawn.add_row(row.iter().zip(&longest).map(|(cell, longest)| shown(cell, bar, *longest)));
    }
    for at in 0..table.columns.len() {
        let number = rows.iter().any(|row| row.get(at).is_some_and(text::is_number));
        if let Some(column) = drawn.column_mut(at) {
            column.set_padding((0, 1));
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(1)));
            if number {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    for (at, line) in drawn.lines().enumerate() {
        let line = line.trim_end();
        writeln!(out, "{}", if at == 0 { bold(line, style) } else { line.to_string() })?;
    }
    Ok(())
}

/// Returns the table without its lines of bars where the terminal has no room for them: they are the first to go.
fn without_trends(table: &Table, style: Style) -> Option<Table> {
    let drawn = |at: usize| table.rows.iter().any(|row| matches!(row.get(at), Some(Cell::Trend(_))));
    let kept: Vec<usize> = (0..table.columns.len()).filter(|at| !drawn(*at)).collect();
    let rows: Vec<&Vec<Cell>> = table.rows.iter().chain(&table.total).collect();
    if kept.len() == table.columns.len() || style.width.is_none_or(|width| needed_width(table, &rows) <= width) {
        return None;
    }
    let row = |row: &Vec<Cell>| kept.iter().filter_map(|at| row.get(*at).cloned()).collect();
    Some(Table {
        columns: kept.iter().map(|at| table.columns[*at].clone()).collect(),
        rows: table.rows.iter().map(row).collect(),
        total: table.total.as_ref().map(row),
    })
}

/// Returns how wide a table would be with its names in full and without bars.
fn needed_width(table: &Table, rows: &[&Vec<Cell>]) -> usize {
    (0..table.columns.len()).map(|at| column_width(table, rows, at, 0) + 2).sum()
}

fn column_width(table: &Table, rows: &[&Vec<Cell>], at: usize, bar: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| shown(cell, bar, usize::MAX).chars().count());
    cells.chain([table.columns[at].name.chars().count()]).max().unwrap_or(0)
}

/// Shares what is left of the terminal among the logged names, the longest of which give way first. The program's
/// own words and figures are never cut.
fn name_limits(table: &Table, rows: &[&Vec<Cell>], style: Style, bar: usize) -> Vec<usize> {
    let widths: Vec<usize> = (0..table.columns.len()).map(|at| column_width(table, rows, at, bar)).collect();
    let Some(width) = style.width else { return vec![usize::MAX; widths.len()] };
    let is_name = |at: usize| rows.iter().any(|row| row.get(at).is_some_and(text::is_logged));
    let mut limits = widths.clone();
    while limits.iter().map(|limit| limit + 2).sum::<usize>() > width {
        let longest = (0..limits.len()).filter(|at| is_name(*at) && limits[*at] > SHORTEST_NAME);
        match longest.max_by_key(|at| limits[*at]) {
            Some(at) => limits[at] -= 1,
            None => break,
        }
    }
    limits
}

fn shown(cell: &Cell, bar: usize, longest: usize) -> String {
    let full = match cell {
        Cell::Share(share) if bar > 0 => format!("{} {:>6}", drawn_bar(*share, bar), text::percent(*share)),
        _ => text::cell(cell),
    };
    let length = full.chars().count();
    if !text::is_logged(cell) || length <= longest {
        return full;
    }
    // The middle goes: names that begin alike often differ at their end.
    let (head, tail) = (longest / 2, longest - longest / 2 - 1);
    full.chars().take(head).chain(['…']).chain(full.chars().skip(length - tail)).collect()
}

/// Draws a share in eighths of a cell.
fn drawn_bar(share: f64, cells: usize) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let filled = (share.clamp(0.0, 1.0) * (cells * 8) as f64).round() as usize;
    let mut out: String = "█".repeat(filled / 8);
    if !filled.is_multiple_of(8) {
        out.push(EIGHTHS[filled % 8]);
    }
    out.push_str(&" ".repeat(cells - out.chars().count()));
    out
}

fn bold(text: &str, style: Style) -> String {
    if style.color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_string() }
}
