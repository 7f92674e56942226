//! A chargeback for people, and as one flat table for ledgers.

use crate::analyze::chargeback::Exact;
use crate::analyze::chargeback::tree::Node;
use crate::analyze::chargeback::tree::Slot;
use crate::analyze::reconcile::pots::Taken;
use crate::analyze::reconcile::pots::Unowned;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::invoice::Document;
use crate::ops::chargeback::Answer;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Table;

/// Charges without an owner shown to people.
const SHOWN: usize = 10;

/// Returns the files of the bills with what was taken of them.
pub(super) fn bills<'a>(answer: &'a Answer<'_>) -> impl Iterator<Item = (&'a Document, Taken)> {
    answer.lines.documents.iter().zip(answer.pots.documents.iter().copied())
}

/// Lays a chargeback out.
pub(super) fn blocks(answer: &Answer<'_>) -> Vec<Block> {
    let by: Vec<String> = answer.plan.by.iter().map(ToString::to_string).collect();
    let mut blocks = vec![Block::Heading("Bills".into()), Block::Table(files(answer))];
    if !answer.plan.bills.fx.is_empty() {
        let rates: Vec<&str> = answer.plan.bills.fx.iter().map(|rate| rate.text.as_str()).collect();
        blocks.push(Block::Note(format!("Rates of exchange, as given: {}.", rates.join(", "))));
    }
    blocks.push(Block::Heading(format!("{}, by {}", span(answer), by.join(" and "))));
    let names = [Column::new(by.join(" > "))].into_iter();
    let figures = [("amount", "amount_usd"), ("share", "share"), ("logged", "logged_usd")];
    let columns = names.chain(figures.map(|(name, key)| Column::keyed(name, key))).collect();
    let mut rows = Vec::new();
    lay(&answer.tree.nodes, 0, by.len() > 1, answer, &mut rows);
    let logged: Usd = answer.tree.nodes.iter().map(|node| node.logged).sum();
    let total = vec![
        Cell::Text("total".into()),
        Cell::Cents(answer.tree.cents),
        answer.share(answer.tree.billed).map_or(Cell::Empty, Cell::Share),
        Cell::Usd(logged),
    ];
    blocks.push(Block::Table(Table { columns, rows, total: Some(total) }));
    blocks.extend(notes(answer).into_iter().map(Block::Note));
    let unowned = &answer.pots.unowned;
    if !unowned.is_empty() {
        blocks.push(Block::Heading("On the bill, and no logged call's".into()));
        blocks.push(Block::Table(without_owner(&unowned[..unowned.len().min(SHOWN)])));
        if unowned.len() > SHOWN {
            blocks.push(Block::Note(format!("{} more; --json has them all.", unowned.len() - SHOWN)));
        }
    }
    blocks
}

fn without_owner(unowned: &[Unowned]) -> Table {
    let columns =
        [("row", "kind"), ("provider", "provider"), ("what", "what"), ("cells", "cells"), ("amount", "amount_usd")];
    let row = |unowned: &Unowned| {
        vec![
            Cell::Text(unowned.kind.label()),
            Cell::Logged(unowned.provider.to_string()),
            Cell::Logged(unowned.what.clone()),
            Cell::Count(unowned.cells),
            Cell::Usd(unowned.amount),
        ]
    };
    Table {
        columns: columns.map(|(name, key)| Column::keyed(name, key)).into(),
        rows: unowned.iter().map(row).collect(),
        total: None,
    }
}

fn files(answer: &Answer<'_>) -> Table {
    let columns = [
        ("path", "path"),
        ("format", "input_format"),
        ("rows", "rows"),
        ("lines", "lines"),
        ("superseded", "superseded_lines"),
        ("control total", "control_total_usd"),
    ];
    let row = |(document, taken): (&Document, Taken)| {
        vec![
            Cell::Path(document.path.clone()),
            Cell::Text(document.format.clone()),
            Cell::Count(document.rows),
            Cell::Count(taken.lines),
            Cell::Count(taken.superseded),
            Cell::Usd(taken.control_total),
        ]
    };
    Table {
        columns: columns.map(|(name, key)| Column::keyed(name, key)).into(),
        rows: bills(answer).map(row).collect(),
        total: None,
    }
}

fn span(answer: &Answer<'_>) -> String {
    let zone = answer.pots.zone;
    let day = |ts: Timestamp| zone.date_of(ts).to_string();
    match (answer.pots.window.since, answer.pots.window.until) {
        (Some(since), Some(until)) => format!("{} to {}", day(since), day(Timestamp(until.0 - 1))),
        _ => "The bill".into(),
    }
}

fn lay(nodes: &[Node], level: usize, is_tree: bool, answer: &Answer<'_>, rows: &mut Vec<Vec<Cell>>) {
    for node in nodes {
        let label = slot_cell(&node.slot);
        let apart = matches!(node.slot, Slot::Apart(_));
        rows.push(vec![
            if is_tree { Cell::Level(level, Box::new(label)) } else { label },
            amount_cell(node),
            answer.share(node.exact).map_or(Cell::Empty, Cell::Share),
            if apart { Cell::Empty } else { Cell::Usd(node.logged) },
        ]);
        // Money without an owner has nothing to say a second time.
        if !apart {
            lay(&node.children, level + 1, is_tree, answer, rows);
        }
    }
}

fn slot_cell(slot: &Slot) -> Cell {
    match slot {
        Slot::Value(value) => Cell::Logged(value.to_string()),
        Slot::Untagged => Cell::Untagged,
        Slot::Apart(kind) | Slot::Part(_, kind) => Cell::Text(kind.label()),
    }
}

/// Shows that there is something where no cent is.
fn amount_cell(node: &Node) -> Cell {
    match node.cents == 0 {
        true if node.exact > Exact::ZERO => Cell::Text("<0.01".into()),
        true if node.exact < Exact::ZERO => Cell::Text(">-0.01".into()),
        _ => Cell::Cents(node.cents),
    }
}

fn notes(answer: &Answer<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(rule) = answer.plan.spread.rule() {
        notes.push(format!("Spread, {}: {rule}.", answer.plan.spread.name()));
    }
    if answer.rounding() != Exact::ZERO {
        notes.push(format!(
            "The bill is {} to the last digit; {} is its rounding to cents.",
            answer.tree.billed,
            answer.rounding()
        ));
    }
    if answer.pots.outside_days != Usd::ZERO {
        notes.push(format!("Logged on days that the bill does not speak for: {}.", answer.pots.outside_days));
    }
    if answer.pots.outside_lines > 0 {
        notes.push(format!("{} lines of the bill lie outside the window and are left out.", answer.pots.outside_lines));
    }
    notes.extend(answer.pots.unmatched.iter().map(|words| format!("Not told apart by {words}.")));
    notes
}

/// Lays a chargeback out as one table with a row an owner, every value exact.
pub(super) fn ledger(answer: &Answer<'_>) -> Vec<Block> {
    let mut columns: Vec<Column> = answer.plan.by.iter().map(|axis| Column::new(axis.to_string())).collect();
    let figures = ["kind", "amount_usd", "exact_usd", "share", "logged_usd", "period_start", "period_end", "currency"];
    columns.extend(figures.map(Column::new));
    let side = |ts: Option<Timestamp>| ts.map_or(Cell::Empty, |ts| Cell::Text(ts.to_string()));
    let row = |(key, node): (Vec<Slot>, &Node)| {
        let kind = key.iter().find_map(|slot| match slot {
            Slot::Apart(kind) => Some(kind.name()),
            Slot::Value(_) | Slot::Untagged | Slot::Part(..) => None,
        });
        let mut cells: Vec<Cell> = key.iter().map(slot_cell).collect();
        cells.extend([
            Cell::Text(kind.unwrap_or("owner").into()),
            Cell::Cents(node.cents),
            Cell::Text(node.exact.to_string()),
            answer.share(node.exact).map_or(Cell::Empty, Cell::Share),
            if kind.is_some() { Cell::Empty } else { Cell::Usd(node.logged) },
            side(answer.pots.window.since),
            side(answer.pots.window.until),
            Cell::Text("USD".into()),
        ]);
        cells
    };
    let rows = answer.tree.leaves().into_iter().map(row).collect();
    vec![Block::Table(Table { columns, rows, total: None })]
}
