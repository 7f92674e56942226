//! The answer of `attr outcomes` for people.

use crate::analyze::outcomes::Answer;
use crate::analyze::outcomes::Figures;
use crate::domain::Usd;
use crate::domain::outcome::Outcomes;
use crate::ops::outcomes::OutcomesPlan;
use crate::ops::slice;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Table;

/// Columns that a table has only where they say something.
struct Columns {
    open: bool,
    revenue: bool,
    unpriced: bool,
}

pub(super) fn blocks(plan: &OutcomesPlan, answer: &Answer, outcomes: &Outcomes) -> Vec<Block> {
    let total = &answer.total;
    let columns =
        Columns { open: total.open() > 0, revenue: total.revenue_units > 0, unpriced: total.unpriced_calls > 0 };
    let mut table = Table { columns: headings(plan, outcomes, &columns), ..Table::default() };
    for row in answer.rows.iter().filter(|_| !plan.by.is_empty()) {
        let mut cells: Vec<Cell> = row.key.iter().map(|value| slice::key_cell(value, row.is_other)).collect();
        cells.extend(figure_cells(&row.figures, &columns));
        table.rows.push(cells);
    }
    let mut last = vec![Cell::Empty; plan.by.len()];
    if let Some(first) = last.first_mut() {
        *first = Cell::Text("total".into());
    }
    last.extend(figure_cells(total, &columns));
    match plan.by.is_empty() {
        true => table.rows = vec![last],
        false => table.total = Some(last),
    }
    let mut blocks = vec![Block::Heading(slice::heading(plan.window, plan.zone)), Block::Table(table)];
    if answer.others > 0 {
        blocks.push(Block::Note(format!("(other) sums {} groups; --top 0 shows all", answer.others)));
    }
    blocks
}

fn headings(plan: &OutcomesPlan, outcomes: &Outcomes, columns: &Columns) -> Vec<Column> {
    let mut headings: Vec<Column> = plan.by.iter().map(|axis| Column::new(axis.to_string())).collect();
    let units = match outcomes.units()[..] {
        [unit] => format!("{}s", unit.name()),
        _ => "units".to_string(),
    };
    headings.extend([Column::keyed(units, "units"), Column::new("passed"), Column::new("failed")]);
    if columns.open {
        headings.push(Column::keyed("open", "without_verdict"));
    }
    headings.push(Column::keyed("pass rate", "pass_rate"));
    headings.push(Column::keyed("cost", "cost_usd"));
    headings.push(Column::keyed("per pass", "cost_per_pass_usd"));
    headings.push(Column::keyed("wasted", "wasted_usd"));
    if columns.revenue {
        headings.push(Column::keyed("revenue", "revenue_usd"));
        headings.push(Column::keyed("margin", "margin_usd"));
    }
    headings.push(Column::keyed("no outcome", "without_outcome_usd"));
    headings.push(Column::keyed("covered", "coverage"));
    if columns.unpriced {
        headings.push(Column::keyed("unpriced", "unpriced_calls"));
    }
    headings
}

fn figure_cells(figures: &Figures, columns: &Columns) -> Vec<Cell> {
    let mut cells = vec![Cell::Count(figures.units), Cell::Count(figures.passed), Cell::Count(figures.failed)];
    if columns.open {
        cells.push(Cell::Count(figures.open()));
    }
    let share = |share: Option<f64>| share.map_or(Cell::Empty, Cell::Share);
    let usd = |usd: Option<Usd>| usd.map_or(Cell::Empty, Cell::Usd);
    cells.push(share(figures.pass_rate()));
    cells.push(Cell::Usd(figures.cost));
    cells.push(usd(figures.cost_per_pass()));
    cells.push(Cell::Usd(figures.wasted));
    if columns.revenue {
        cells.extend([Cell::Usd(figures.revenue), Cell::Usd(figures.margin())]);
    }
    cells.push(Cell::Usd(figures.without));
    cells.push(share(figures.coverage()));
    if columns.unpriced {
        cells.push(Cell::Count(figures.unpriced_calls));
    }
    cells
}
