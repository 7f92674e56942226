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
    /// Level, kind, model, offset and cached tokens have columns of their own; a terminal has no room for them.
    flat: bool,
    start: Option<Timestamp>,
    errors: bool,
    list: bool,
    /// Some call has no price or is not counted.
    note: bool,
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
        list: total.discount != Usd::ZERO,
        note: total.unpriced_calls() > 0 || any(lines, &|line| line.piece.held.is_some()),
    };
    let mut table = Table { columns: headings(&columns), ..Table::default() };
    add(lines, 0, &columns, &mut table.rows);
    let mut sum = vec![Cell::Text("total".into())];
    sum.resize(if flat { 6 } else { 2 }, Cell::Empty);
    sum.push(millis(start, end).map_or(Cell::Empty, Cell::Count));
    sum.extend(figures(None, total, &columns));
    if columns.note {
        sum.push(note(None, total, &columns));
    }
    table.total = Some(sum);
    let since = start.map(|start| format!(", from {start}")).unwrap_or_default();
    let mut blocks = vec![Block::Heading(format!("{} {}{since}", scoped.scope.name(), scoped.id)), Block::Table(table)];
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
        true => ["level", "kind", "name", "call", "model", "offset_ms"].map(Column::new).to_vec(),
        false => ["name", "call"].map(Column::new).to_vec(),
    };
    headings.extend([Column::keyed("ms", "duration_ms"), Column::new("calls")]);
    if columns.errors {
        headings.push(Column::new("errors"));
    }
    headings.push(Column::keyed("input", "prompt_tokens"));
    if columns.flat {
        headings.push(Column::new("cache_read_tokens"));
    }
    headings.push(Column::keyed("output", "output_tokens"));
    if columns.list {
        headings.push(Column::keyed("list", "list_usd"));
    }
    headings.push(Column::keyed("own", "own_cost_usd"));
    headings.push(Column::keyed("cost", "cost_usd"));
    if columns.note {
        headings.push(Column::new("note"));
    }
    headings
}

fn add(lines: &[Line<'_>], level: usize, columns: &Columns, rows: &mut Vec<Vec<Cell>>) {
    for line in lines {
        let mut cells = name_cells(line, level, columns);
        let is_one = line.calls <= 1;
        if columns.flat {
            cells.push(millis(columns.start, line.piece.start).map_or(Cell::Empty, Cell::Count));
        }
        cells.push(millis(line.piece.start, line.piece.end).filter(|_| is_one).map_or(Cell::Empty, Cell::Count));
        cells.extend(figures(Some(line), &line.inclusive, columns));
        if columns.note {
            cells.push(note(Some(line), &line.inclusive, columns));
        }
        rows.push(cells);
        add(&line.children, level + 1, columns, rows);
    }
}

fn name_cells(line: &Line<'_>, level: usize, columns: &Columns) -> Vec<Cell> {
    let piece = line.piece;
    let is_one = line.calls <= 1;
    let mut name = piece.name.clone();
    // What is not counted shows a name and no model: nothing was served there that is not shown elsewhere.
    let model = piece.model.as_ref().filter(|model| !columns.flat && !name.contains(model.as_str()));
    if let Some(model) = model.filter(|_| piece.held.is_none()) {
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
fn figures(line: Option<&Line<'_>>, inclusive: &Measures, columns: &Columns) -> Vec<Cell> {
    let of = |class: Class| inclusive.tokens[class as usize];
    let prompt: u64 = Class::ALL.into_iter().filter(|class| class.is_prompt()).map(of).sum();
    let cost = |measures: &Measures| if measures.calls == 0 { Cell::Empty } else { cost_cell(measures) };
    let mut cells = vec![Cell::Count(inclusive.calls)];
    if columns.errors {
        cells.push(Cell::Count(inclusive.errors));
    }
    cells.push(Cell::Count(prompt));
    if columns.flat {
        cells.push(Cell::Count(of(Class::CacheRead)));
    }
    cells.push(Cell::Count(of(Class::Output) + of(Class::AudioOut) + of(Class::ImageOut)));
    if columns.list {
        cells.push(if inclusive.calls == 0 { Cell::Empty } else { list_cell(inclusive) });
    }
    cells.push(match line {
        Some(line) if line.piece.held.is_some() => Cell::Text("not counted".into()),
        Some(line) => cost(&line.own),
        None => Cell::Empty,
    });
    cells.push(cost(inclusive));
    cells
}

/// Says why a line's own call is not counted, and how many calls have no price for which reason.
fn note(line: Option<&Line<'_>>, measures: &Measures, columns: &Columns) -> Cell {
    let mut told = Vec::new();
    match line.and_then(|line| line.piece.held) {
        Some((reason, Some(kept))) => told.push(format!("{reason}: see call {kept}")),
        Some((reason, None)) => told.push(reason.to_string()),
        None => {}
    }
    let counts = Unpriced::ALL.iter().zip(measures.unpriced).filter(|(_, count)| *count > 0);
    let reasons: Vec<String> = counts.map(|(reason, count)| format!("{} {count}", reason.name())).collect();
    if reasons.len() > 1 && !columns.flat {
        // A line has no room for all of them; the lines below say which.
        told.push(format!("unpriced {}", measures.unpriced_calls()));
    } else {
        told.extend(reasons);
    }
    if told.is_empty() { Cell::Empty } else { Cell::Text(told.join(", ")) }
}
