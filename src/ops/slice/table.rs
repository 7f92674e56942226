//! The answer of a slice for people.

use std::sync::Arc;

use crate::analyze::levels;
use crate::analyze::levels::Level;
use crate::analyze::percentiles::UnitCost;
use crate::analyze::slice::Slice;
use crate::domain::Axis;
use crate::domain::Class;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::rollup::LoggedSums;
use crate::domain::rollup::Measures;
use crate::ops::slice::SlicePlan;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Table;

/// Columns that a table has beside the key.
pub(super) struct Columns {
    pub(super) errors: bool,
    pub(super) unpriced: bool,
    pub(super) compare: bool,
    pub(super) units: bool,
    /// List prices, where something else was agreed.
    pub(super) list: bool,
    /// What logs say.
    pub(super) logged: bool,
}

pub(super) fn blocks(plan: &SlicePlan, slice: &Slice, baseline: Option<Window>) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(heading(plan.window, plan.zone))];
    if let Some(window) = baseline {
        blocks.push(Block::Note(format!("compared with {}", span(window))));
    }
    let columns = Columns {
        errors: slice.total.errors > 0,
        unpriced: slice.total.unpriced_calls() > 0,
        compare: slice.baseline.is_some(),
        units: plan.per.is_some(),
        list: slice.total.discount != Usd::ZERO,
        logged: slice.total.logged.calls > 0,
    };
    let mut table = Table { columns: headings(plan, &columns), ..Table::default() };
    if plan.has_levels() {
        tree_rows(&levels::levels(slice, &plan.paths()), 0, slice, &columns, &mut table);
    } else {
        for row in &slice.rows {
            let mut cells: Vec<Cell> = row.key.iter().map(|value| key_cell(value, row.is_other)).collect();
            cells.extend(measure_cells(&row.measures, row.share, row.baseline.as_ref(), row.units.as_ref(), &columns));
            table.rows.push(cells);
        }
    }
    let keys = if plan.tree { plan.by.len().min(1) } else { plan.by.len() };
    let mut total = vec![Cell::Empty; keys];
    if let Some(first) = total.first_mut() {
        *first = Cell::Text("total".into());
    }
    let whole = (slice.total.cost != Usd::ZERO).then_some(1.0);
    total.extend(measure_cells(&slice.total, whole, slice.baseline.as_ref(), slice.units.as_ref(), &columns));
    if plan.by.is_empty() {
        table.rows = vec![total];
    } else {
        table.total = Some(total);
    }
    blocks.push(Block::Table(table));
    if columns.logged {
        blocks.push(Block::Note(logged_note(&slice.total.logged)));
    }
    if slice.others > 0 {
        blocks.push(Block::Note(format!("(other) sums {} groups; --top 0 shows all", slice.others)));
    }
    blocks
}

/// Says what the columns of logged costs are, and what of them is in the cost.
fn logged_note(logged: &LoggedSums) -> String {
    let mut note = format!("{} calls have a cost in their log", logged.calls);
    if logged.charged_calls > 0 {
        note.push_str(&format!(", {} of them as the provider's own charge", logged.charged_calls));
    }
    note.push_str("; differs = the price table's figure less the log's, over the calls that both price");
    if logged.taken_calls > 0 {
        let taken =
            format!("; the cost contains {} USD taken from the logs of {} calls", logged.taken, logged.taken_calls);
        note.push_str(&taken);
    }
    note
}

pub(in crate::ops) fn heading(window: Window, zone: Zone) -> String {
    match (window.since, window.until) {
        (None, None) => "all time".into(),
        _ if zone == Zone::UTC => span(window),
        _ => format!("{} (days in {})", span(window), zone.name()),
    }
}

pub(super) fn span(window: Window) -> String {
    let side = |ts: Option<Timestamp>, open: &str| ts.map_or_else(|| open.to_string(), |ts| ts.to_string());
    format!("{} to {}", side(window.since, "the first call"), side(window.until, "the last"))
}

pub(super) fn headings(plan: &SlicePlan, columns: &Columns) -> Vec<Column> {
    let mut headings: Vec<Column> = if plan.has_levels() {
        let names: Vec<String> = plan.by.iter().map(ToString::to_string).collect();
        vec![Column::new(names.join(" > "))]
    } else {
        plan.by.iter().map(|axis| Column::new(axis.to_string())).collect()
    };
    headings.push(Column::new("calls"));
    if columns.errors {
        headings.push(Column::new("errors"));
    }
    headings.push(Column::keyed("input", "prompt_tokens"));
    headings.push(Column::keyed("cached", "cache_read_tokens"));
    headings.push(Column::keyed("output", "output_tokens"));
    if columns.unpriced {
        headings.push(Column::keyed("unpriced", "unpriced_calls"));
    }
    if columns.list {
        headings.push(Column::keyed("list", "list_usd"));
    }
    headings.push(Column::keyed("cost", "cost_usd"));
    headings.push(Column::new("share"));
    if columns.logged {
        headings.push(Column::keyed("logged", "logged_cost_usd"));
        headings.push(Column::keyed("differs", "logged_difference_usd"));
    }
    if columns.compare {
        headings.push(Column::keyed("before", "baseline_cost_usd"));
        headings.push(Column::keyed("change", "change_usd"));
    }
    if let (true, Some(per)) = (columns.units, &plan.per) {
        headings.push(Column::keyed(if *per == Axis::Call { "priced".into() } else { format!("{per}s") }, "units"));
        for (name, key) in [
            ("mean", "unit_cost_usd_mean"),
            ("p50", "unit_cost_usd_p50"),
            ("p95", "unit_cost_usd_p95"),
            ("p99", "unit_cost_usd_p99"),
        ] {
            headings.push(Column::keyed(name, key));
        }
    }
    headings
}

pub(in crate::ops) fn key_cell(value: &Option<Arc<str>>, is_other: bool) -> Cell {
    match value {
        Some(_) if is_other => Cell::Text("(other)".into()),
        Some(value) => Cell::Logged(value.to_string()),
        None => Cell::Untagged,
    }
}

/// The cost by list price, of a group with a priced call.
pub(in crate::ops) fn list_cell(measures: &Measures) -> Cell {
    match cost_cell(measures) {
        Cell::Usd(cost) => Cell::Usd(cost + measures.discount),
        other => other,
    }
}

/// A group without a single priced call has no cost to show, rather than a cost of nothing.
pub(in crate::ops) fn cost_cell(measures: &Measures) -> Cell {
    let priced = measures.unpriced_calls() < measures.calls || measures.calls == 0;
    if priced { Cell::Usd(measures.cost) } else { Cell::Text("unpriced".into()) }
}

pub(super) fn measure_cells(
    measures: &Measures,
    share: Option<f64>,
    baseline: Option<&Measures>,
    units: Option<&(u64, Option<UnitCost>)>,
    columns: &Columns,
) -> Vec<Cell> {
    let prompt: u64 = Class::ALL.into_iter().filter(|c| c.is_prompt()).map(|c| measures.tokens[c as usize]).sum();
    let of = |class: Class| measures.tokens[class as usize];
    let mut cells = vec![Cell::Count(measures.calls)];
    if columns.errors {
        cells.push(Cell::Count(measures.errors));
    }
    cells.push(Cell::Count(prompt));
    cells.push(Cell::Count(of(Class::CacheRead)));
    cells.push(Cell::Count(of(Class::Output) + of(Class::AudioOut) + of(Class::ImageOut)));
    if columns.unpriced {
        cells.push(Cell::Count(measures.unpriced_calls()));
    }
    if columns.list {
        cells.push(list_cell(measures));
    }
    cells.push(cost_cell(measures));
    cells.push(share.map_or(Cell::Empty, Cell::Share));
    if columns.logged {
        let logged = &measures.logged;
        if logged.calls > 0 {
            cells.extend([Cell::Usd(logged.cost), Cell::Change(logged.difference())]);
        } else {
            cells.extend([const { Cell::Empty }; 2]);
        }
    }
    if columns.compare {
        let before = baseline.map_or(Usd::ZERO, |before| before.cost);
        cells.push(Cell::Usd(before));
        cells.push(Cell::Change(measures.cost - before));
    }
    if columns.units {
        // Rows that sum others have no count: one unit may be in several of them.
        cells.push(units.map_or(Cell::Empty, |(count, _)| Cell::Count(*count)));
        match units.and_then(|(_, cost)| cost.as_ref()) {
            Some(cost) => cells.extend([cost.mean, cost.p50, cost.p95, cost.p99].map(Cell::Usd)),
            None => cells.extend([const { Cell::Empty }; 4]),
        }
    }
    cells
}

/// Lays out rows below their subtotals.
pub(super) fn tree_rows(lines: &[Level], level: usize, slice: &Slice, columns: &Columns, table: &mut Table) {
    for line in lines {
        let label = match (line.is_own, &line.label) {
            (true, _) => Cell::Text("(own)".into()),
            (false, Some(part)) if part.is_empty() => Cell::Text("(no name)".into()),
            (false, label) => key_cell(label, line.is_other),
        };
        let units = line.row.and_then(|row| slice.rows[row].units.as_ref());
        let mut cells = vec![Cell::Level(level, Box::new(label))];
        cells.extend(measure_cells(&line.measures, line.share, line.baseline.as_ref(), units, columns));
        table.rows.push(cells);
        tree_rows(&line.children, level + 1, slice, columns, table);
    }
}
