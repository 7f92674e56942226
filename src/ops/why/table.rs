//! The answer for people: what happened in a sentence, the causes with their dollars, and where to look.

use crate::analyze::why::Cause;
use crate::analyze::why::Effect;
use crate::analyze::why::Question;
use crate::analyze::why::Verdict;
use crate::analyze::why::Why;
use crate::domain::Usd;
use crate::ops::slice::heading;
use crate::ops::why::command;
use crate::ops::why::sentences;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Table;

pub(super) fn blocks(question: &Question, why: &Why) -> Vec<Block> {
    let windows = format!(
        "{} against {}",
        heading(question.period.window(), question.zone),
        heading(question.baseline.window(), question.zone)
    );
    let mut blocks = vec![
        Block::Heading(windows),
        Block::Note(format!("{}; {}.", sentences::headline(why), sentences::verdict(why))),
    ];
    let change = why.change();
    if !why.causes.is_empty() {
        blocks.push(Block::Table(causes(why)));
        for cause in &why.causes {
            blocks.push(Block::Note(format!("{}.", sentences::summary(cause, change))));
            blocks.push(Block::Note(format!("  {}", command::evidence(question, Some(cause)))));
        }
    }
    if why.verdict == Verdict::Broad || why.causes.is_empty() {
        blocks.push(Block::Table(effects(&why.effects, change)));
        blocks.push(Block::Note(command::evidence(question, None)));
    }
    blocks
}

/// Effects below a millionth of a dollar are what rounding left; they stand in the JSON, and in no table.
const LEAST_SHOWN: i128 = 1_000_000;

/// A row a cause and a column an effect: read down, the effects of the whole change.
fn causes(why: &Why) -> Table {
    let shown: Vec<Effect> = why.effects.iter().map(|(effect, _)| *effect).collect();
    let mut columns =
        vec![Column::new("cause"), Column::keyed("change", "change_usd"), Column::keyed("excess", "excess_usd")];
    columns.extend(
        shown.iter().map(|effect| Column::keyed(effect.name().replace('_', " "), format!("{}_usd", effect.name()))),
    );
    let parts = |effects: &[(Effect, Usd)]| -> Vec<Cell> {
        let of = |effect: &Effect| effects.iter().find(|(own, usd)| own == effect && usd.pico().abs() >= LEAST_SHOWN);
        shown.iter().map(|effect| of(effect).map_or(Cell::Empty, |(_, usd)| Cell::Change(*usd))).collect()
    };
    let row = |cause: &Cause| {
        let mut cells =
            vec![Cell::Logged(sentences::place(cause)), Cell::Change(cause.change), Cell::Change(cause.excess)];
        cells.extend(parts(&cause.effects));
        cells
    };
    let mut rows: Vec<Vec<Cell>> = why.causes.iter().map(row).collect();
    let mut rest = vec![Cell::Text("(rest)".into()), Cell::Change(why.rest), Cell::Empty];
    let mut left = why.effects.clone();
    for (effect, usd) in why.causes.iter().flat_map(|cause| &cause.effects) {
        match left.iter_mut().find(|(own, _)| own == effect) {
            Some((_, sum)) => *sum = *sum - *usd,
            None => left.push((*effect, -*usd)),
        }
    }
    rest.extend(parts(&left));
    rows.push(rest);
    let mut total = vec![Cell::Text("total".into()), Cell::Change(why.change()), Cell::Empty];
    total.extend(parts(&why.effects));
    Table { columns, rows, total: Some(total) }
}

fn effects(effects: &[(Effect, Usd)], change: Usd) -> Table {
    let row = |(effect, usd): &(Effect, Usd)| vec![Cell::Text(sentences::words(*effect).into()), Cell::Change(*usd)];
    Table {
        columns: vec![Column::new("effect"), Column::keyed("change", "change_usd")],
        rows: effects.iter().map(row).collect(),
        total: Some(vec![Cell::Text("total".into()), Cell::Change(change)]),
    }
}
