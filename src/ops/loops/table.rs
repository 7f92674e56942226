//! The answer of `attr loops` for people and spreadsheets.

use crate::analyze::loops::Finding;
use crate::analyze::loops::Shared;
use crate::analyze::loops::TOLD;
use crate::domain::Dim;
use crate::ops::loops::Answer;
use crate::ops::loops::LoopsPlan;
use crate::ops::loops::document::Sum;
use crate::ops::loops::document::command;
use crate::ops::loops::document::cut;
use crate::ops::slice::heading;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Table;

/// So many commands stand below a table.
const MOST_COMMANDS: usize = 10;

pub(super) fn blocks(plan: &LoopsPlan, answer: &Answer) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(heading(plan.window, plan.zone))];
    if answer.findings.is_empty() {
        let note = format!("no loop and no storm of retries that cost {} USD or more beyond the usual", answer.floor);
        blocks.push(Block::Note(note));
        return blocks;
    }
    let (shown, rest) = cut(plan, answer);
    // A column a dimension that some finding has a value of.
    let dims: Vec<usize> =
        (0..TOLD.len()).filter(|place| shown.iter().any(|one| matches!(&one.shared[*place], Some(Some(_))))).collect();
    blocks.push(Block::Table(table(shown, rest, &dims, false)));
    blocks.push(Block::Note("usual = a run of the same feature and agent; of retries, one try that works".into()));
    let commands: Vec<String> = shown.iter().map(command).collect();
    if !commands.is_empty() {
        blocks.push(Block::Note("to look at them, in the same order:".into()));
        blocks.extend(commands.into_iter().take(MOST_COMMANDS).map(|command| Block::Note(format!("  {command}"))));
    }
    if !rest.is_empty() {
        blocks.push(Block::Note(format!("(other) sums {} more; --top 0 shows all", rest.len())));
    }
    blocks
}

pub(super) fn wide(plan: &LoopsPlan, answer: &Answer) -> Block {
    let (shown, rest) = cut(plan, answer);
    Block::Table(table(shown, rest, &(0..TOLD.len()).collect::<Vec<usize>>(), true))
}

fn table(shown: &[Finding], rest: &[Finding], dims: &[usize], wide: bool) -> Table {
    let mut columns = vec![Column::new("kind")];
    columns.extend(dims.iter().map(|place| Column::new(TOLD[*place].name())));
    columns.push(Column::new("since"));
    if wide {
        columns.push(Column::new("until"));
    }
    columns.extend([
        Column::new("calls"),
        Column::new("repeats"),
        Column::keyed("usual", "usual_usd"),
        Column::keyed("cost", "cost_usd"),
        Column::keyed("beyond", "excess_usd"),
    ]);
    if wide {
        columns.push(Column::new("command"));
    }
    let mut rows: Vec<Vec<Cell>> = shown.iter().map(|finding| row(finding, dims, wide)).collect();
    let mut all = Sum::of(shown);
    if !rest.is_empty() {
        let other = Sum::of(rest);
        rows.push(summed("(other)", &other, dims.len(), wide));
        all = Sum {
            loops: all.loops + other.loops,
            calls: all.calls + other.calls,
            repeats: all.repeats + other.repeats,
            cost: all.cost + other.cost,
            usual: all.usual + other.usual,
        };
    }
    Table { columns, rows, total: Some(summed("total", &all, dims.len(), wide)) }
}

fn row(finding: &Finding, dims: &[usize], wide: bool) -> Vec<Cell> {
    let value = |place: &usize| match (&finding.shared[*place], TOLD[*place]) {
        (Some(Some(value)), _) => Cell::Logged(value.to_string()),
        (Shared::Some(None), Dim::Feature) => Cell::Untagged,
        _ => Cell::Empty,
    };
    let mut cells = vec![Cell::Text(finding.kind.name().into())];
    cells.extend(dims.iter().map(value));
    cells.push(Cell::Text(finding.since.to_string()));
    if wide {
        cells.push(Cell::Text(finding.until.to_string()));
    }
    cells.extend([
        Cell::Count(finding.calls),
        Cell::Count(finding.repeats),
        Cell::Usd(finding.usual),
        Cell::Usd(finding.cost),
        Cell::Change(finding.excess()),
    ]);
    if wide {
        cells.push(Cell::Logged(command(finding)));
    }
    cells
}

fn summed(name: &str, sum: &Sum, dims: usize, wide: bool) -> Vec<Cell> {
    let mut cells = vec![Cell::Text(name.into())];
    cells.resize(dims + if wide { 3 } else { 2 }, Cell::Empty);
    cells.extend([
        Cell::Count(sum.calls),
        Cell::Count(sum.repeats),
        Cell::Usd(sum.usual),
        Cell::Usd(sum.cost),
        Cell::Change(sum.cost - sum.usual),
    ]);
    if wide {
        cells.push(Cell::Empty);
    }
    cells
}
