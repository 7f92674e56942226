//! Markdown: for tickets and pull requests.

use std::io::Write;

use crate::render::chart;
use crate::render::text;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Chart;
use crate::report::Report;
use crate::report::Table;

/// Writes a report.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    for block in &report.blocks {
        match block {
            Block::Heading(heading) => writeln!(out, "### {}\n", escaped(heading))?,
            Block::Note(note) => writeln!(out, "{}\n", escaped(note))?,
            Block::Facts(facts) => {
                for (name, value) in facts {
                    writeln!(out, "- **{}**: {}", escaped(name), escaped(&text::cell(value)))?;
                }
                writeln!(out)?;
            }
            Block::Table(table) => write_table(table, out)?,
            Block::Chart(chart) => write_chart(chart, out)?,
        }
    }
    Ok(())
}

fn write_table(table: &Table, out: &mut dyn Write) -> std::io::Result<()> {
    let line = |cells: &mut dyn Iterator<Item = String>| format!("| {} |", cells.collect::<Vec<_>>().join(" | "));
    writeln!(out, "{}", line(&mut table.columns.iter().map(|column| escaped(&column.name))))?;
    let right = |at: usize| table.rows.iter().chain(&table.total).any(|row| row.get(at).is_some_and(text::is_number));
    let rules = (0..table.columns.len()).map(|at| if right(at) { "---:" } else { "---" }.to_string());
    writeln!(out, "{}", line(&mut rules.into_iter()))?;
    for row in &table.rows {
        writeln!(out, "{}", line(&mut row.iter().map(|cell| escaped(&shown(cell)))))?;
    }
    if let Some(total) = &table.total {
        let bold = |cell: &Cell| match shown(cell) {
            empty if empty.is_empty() => empty,
            filled => format!("**{}**", escaped(&filled)),
        };
        writeln!(out, "{}", line(&mut total.iter().map(bold)))?;
    }
    writeln!(out)
}

/// A chart stands as it would in a terminal: its bars are characters.
fn write_chart(chart: &Chart, out: &mut dyn Write) -> std::io::Result<()> {
    let lines = chart::lines(chart, chart::USUAL_WIDTH);
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "```text")?;
    // The title holds values of logs: nothing in it may end the block.
    lines.iter().try_for_each(|line| writeln!(out, "{}", line.replace('`', "'")))?;
    writeln!(out, "```\n")
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Level(depth, inner) => format!("{}{}", "\u{2003}".repeat(*depth), text::cell(inner)),
        _ => text::cell(cell),
    }
}

/// Takes from a text what Markdown and the HTML inside it would act on.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text::clean(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '!' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}
