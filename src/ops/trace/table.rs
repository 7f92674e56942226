//! A run for people: a line each, indented by its level, or with its level in a column.

use crate::analyze::outline::Line;
use crate::domain::Class;
use crate::domain::Timestamp;
use crate::domain::Unpriced;
use crate::domain::Usd;
use crate::domain::rollup::Measures;
use crate::ops::slice::cost_cell;
use crate::ops::slice::list_cell;
use crate::ops::trace::millis;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Table;
use crate::store::Scoped;

/// What the lines of an answer have to say.
struct Columns {
    /// Level, kind and model have columns of their own.
    flat: bool,
    start: Option<Timestamp>,
    errors: bool,
    unpriced: bool,
    list: bool,
    held: bool,
}

pub(super) fn blocks(
    scoped: &Scoped,
    (start, end): (Option<Timestamp>, Option<Timestamp>),
    total: &Measures,
    lines: &[Line<'_>],
    flat: bool,
) -> Vec<Block> {
    let columns = Columns {
        flat,
        start,
        errors: total.errors > 0,
        unpriced: total.unpriced_calls() > 0,
        list: total.discount != Usd::ZERO,
        held: any(lines, &|line| line.piece.held.is_some()),
    };
    let mut table = Table { columns: headings(&columns), ..Table::default() };
    add(lines, 0, &columns, &mut table.rows);
    let mut sum = if flat {
        vec![Cell::Text("total".into()), Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty]
    } else {
        vec![Cell::Text("total".into()), Cell::Empty]
    };
    sum.extend([Cell::Empty, millis(start, end).map_or(Cell::Empty, Cell::Count)]);
    sum.extend(figures(None, total, &columns));
    if columns.held {
        sum.push(Cell::Empty);
    }
    table.total = Some(sum);
    let since = start.map(|start| format!(", from {start}")).unwrap_or_default();
    let mut blocks =
        vec![Block::Heading(format!("{} {}{since}", scoped.scope.name(), scoped.id)), Block::Table(table)];
    if any(lines, &|line| line.calls > 1) {
        blocks.push(Block::Note("calls of one name and model are summed in a line; --all shows each".into()));
    }
    if any(lines, &|line| line.below.is_some()) {
        blocks.push(Block::Note("what lies deeper is not shown and is in the cost of the lines above it".into()));
    }
    blocks
}

fn any(lines: &[Line<'_>], is: &impl Fn(&Line<'_>) -> bool) -> bool {
    lines.iter().any(|line| is(line) || any(&line.children, is))
}

fn headings(columns: &Columns) -> Vec<Column> {
    let mut headings = match columns.flat {
        true => ["level", "kind", "name", "call", "model"].map(Column::new).to_vec(),
        false => ["name", "call"].map(Column::new).to_vec(),
    };
    headings.extend([Column::keyed("at ms", "offset_ms"), Column::keyed("ms", "duration_ms"), Column::new("calls")]);
    if columns.errors {
        headings.push(Column::new("errors"));
    }
    headings.push(Column::keyed("input", "prompt_tokens"));
    headings.push(Column::keyed("cached", "cache_read_tokens"));
    headings.push(Column::keyed("output", "output_tokens"));
    if columns.unpriced {
        headings.push(Column::keyed("unpriced", "unpriced_reasons"));
    }
    if columns.list {
        headings.push(Column::keyed("list", "list_usd"));
    }
    headings.push(Column::keyed("own", "own_cost_usd"));
    headings.push(Column::keyed("cost", "cost_usd"));
    if columns.held {
        headings.push(Column::new("not counted"));
    }
    headings
}

fn add(lines: &[Line<'_>], level: usize, columns: &Columns, rows: &mut Vec<Vec<Cell>>) {
    for line in lines {
        let mut cells = name_cells(line, level, columns);
        let is_one = line.calls <= 1;
        let offset = millis(columns.start, line.piece.start);
        cells.push(offset.map_or(Cell::Empty, Cell::Count));
        cells.push(millis(line.piece.start, line.piece.end).filter(|_| is_one).map_or(Cell::Empty, Cell::Count));
        cells.extend(figures(Some(&line.own), &line.inclusive, columns));
        if columns.held {
            cells.push(match line.piece.held {
                Some((reason, Some(kept))) => Cell::Text(format!("{reason}, call {kept} is")),
                Some((reason, None)) => Cell::Text(reason.into()),
                None => Cell::Empty,
            });
        }
        rows.push(cells);
        add(&line.children, level + 1, columns, rows);
    }
}

fn name_cells(line: &Line<'_>, level: usize, columns: &Columns) -> Vec<Cell> {
    let piece = line.piece;
    let is_one = line.calls <= 1;
    let mut name = piece.name.clone();
    if let Some(model) = piece.model.as_ref().filter(|model| !columns.flat && !name.contains(model.as_str())) {
        name = format!("{name} {model}");
    }
    if !is_one {
        name = format!("{} more of {name}", line.calls);
    }
    let call = piece.call.filter(|_| is_one).map_or(Cell::Empty, |call| Cell::Text(call.to_string()));
    if columns.flat {
        let model = piece.model.clone().map_or(Cell::Empty, Cell::Logged);
        return vec![Cell::Count(level as u64), Cell::Text(piece.kind.name().into()), Cell::Logged(name), call, model];
    }
    vec![Cell::Level(level, Box::new(Cell::Logged(name))), call]
}

/// Figures with all that lies below, and the cost without. What has no call has no cost, rather than one of nothing.
fn figures(own: Option<&Measures>, inclusive: &Measures, columns: &Columns) -> Vec<Cell> {
    let of = |class: Class| inclusive.tokens[class as usize];
    let prompt: u64 = Class::ALL.into_iter().filter(|class| class.is_prompt()).map(of).sum();
    let cost = |measures: &Measures| if measures.calls == 0 { Cell::Empty } else { cost_cell(measures) };
    let mut cells = vec![Cell::Count(inclusive.calls)];
    if columns.errors {
        cells.push(Cell::Count(inclusive.errors));
    }
    cells.push(Cell::Count(prompt));
    cells.push(Cell::Count(of(Class::CacheRead)));
    cells.push(Cell::Count(of(Class::Output) + of(Class::AudioOut) + of(Class::ImageOut)));
    if columns.unpriced {
        cells.push(reasons(inclusive, columns));
    }
    if columns.list {
        cells.push(if inclusive.calls == 0 { Cell::Empty } else { list_cell(inclusive) });
    }
    cells.push(own.map_or(Cell::Empty, cost));
    cells.push(cost(inclusive));
    cells
}

/// Counts the calls without a price by reason; a line has room for one.
fn reasons(measures: &Measures, columns: &Columns) -> Cell {
    let counts = Unpriced::ALL.iter().zip(measures.unpriced).filter(|(_, count)| *count > 0);
    let told: Vec<String> = counts.map(|(reason, count)| format!("{} {count}", reason.name())).collect();
    match told.len() {
        0 => Cell::Empty,
        several if several > 1 && !columns.flat => {
            Cell::Text(format!("{} for {several} reasons", measures.unpriced_calls()))
        }
        _ => Cell::Text(told.join(", ")),
    }
}
