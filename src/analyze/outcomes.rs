//! `attr outcomes`: what runs cost beside what came of them, by any axes, so that the rows sum to the total.
//!
//! Cost lies where the calls are: a run over two groups is split between them. Its outcome cannot be split, so it is
//! told in one group, that with most of the run's cost; of groups with the same cost, that with the first key.

mod figures;
mod join;

use std::cmp::Ordering;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::analyze::outcomes::join::Join;
use crate::domain::Dim;
use crate::domain::Usd;
use crate::domain::filter::Condition;
use crate::domain::outcome::Outcomes;
use crate::domain::outcome::Unit;
use crate::domain::rollup::Key;
use crate::domain::rollup::Rollup;

pub use figures::Figures;

/// Calls, and what to tell of them.
#[derive(Clone, Debug)]
pub struct Asked<'q> {
    /// The calls by the axes of the rows, then by those below.
    pub rollup: &'q Rollup,
    /// How many axes the rows have.
    pub by: usize,
    /// The axes with the ids that outcomes are told of; of two outcomes of one call, that of the first has it.
    pub units: Vec<(Unit, usize)>,
    /// The axes along which outcomes say something themselves: a task, which stands in place of the calls' own, and a
    /// tenant, which stands where calls have none.
    pub told: Vec<(Dim, usize)>,
    /// What must hold of these axes.
    pub conditions: Vec<(usize, Condition)>,
    /// Keep so many rows and sum the rest.
    pub top: Option<usize>,
}

/// One row of the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// A value per axis, `None` for untagged.
    pub key: Key,
    /// Whether the row sums the groups beyond the top.
    pub is_other: bool,
    /// The sums.
    pub figures: Figures,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The rows, most expensive first; they sum to the total.
    pub rows: Vec<Row>,
    /// The sums over all rows.
    pub total: Figures,
    /// Groups summed in the last row.
    pub others: usize,
    /// Calls that belong to two outcomes, of units of different kinds.
    pub claimed_twice: u64,
    /// Whether some call of the question belongs to an outcome, by its place.
    pub matched: Vec<bool>,
}

/// Sums calls and outcomes by group.
pub fn outcomes(asked: &Asked<'_>, outcomes: &Outcomes) -> Answer {
    let mut join = Join::new(asked, outcomes);
    let mut groups = Groups::default();
    let mut spent: HashMap<(u32, u32), Usd> = HashMap::new();
    let mut claimed_twice = 0;
    let mut matched = vec![false; outcomes.len()];
    for (group, unpriced) in asked.rollup.unpriced_calls().into_iter().enumerate() {
        let (outcome, is_twice) = join.outcome(group);
        if !join.passes(group, outcome) {
            continue;
        }
        join.all(group).for_each(|outcome| matched[outcome as usize] = true);
        claimed_twice += if is_twice { asked.rollup.calls[group] } else { 0 };
        let row = groups.row((0..asked.by).map(|axis| join.code(group, axis, outcome)));
        let rollup = asked.rollup;
        let calls = Calls { calls: rollup.calls[group], unpriced, cost: rollup.cost[group] };
        groups.figures[row as usize].add_calls(&calls, outcome.map(|outcome| outcomes.passed[outcome as usize]));
        if let Some(outcome) = outcome {
            *spent.entry((outcome, row)).or_default() += calls.cost;
        }
    }
    let keys: Vec<Key> = (0..groups.len()).map(|row| groups.key(row, |axis, code| join.value(axis, code))).collect();
    for (outcome, row) in homes(&spent, &keys, outcomes.len()) {
        let (passed, revenue) = (outcomes.passed[outcome], outcomes.revenue[outcome]);
        groups.figures[row].add_outcome(passed, revenue);
    }
    let rows = keys.into_iter().zip(groups.figures).map(|(key, figures)| Row { key, is_other: false, figures });
    Answer { claimed_twice, matched, ..laid_out(rows.collect(), asked) }
}

/// The calls of one group, as far as money goes.
#[derive(Clone, Copy, Debug)]
struct Calls {
    calls: u64,
    unpriced: u64,
    cost: Usd,
}

/// Rows as they come, each known by its codes.
#[derive(Default)]
struct Groups {
    /// Codes of a row along the axes so far, and the number of what they lead to: a row, after the last axis.
    places: Vec<HashMap<(u32, u32), u32>>,
    codes: Vec<Vec<u32>>,
    figures: Vec<Figures>,
}

impl Groups {
    /// Returns the row of these codes, a new one if need be.
    fn row(&mut self, codes: impl Iterator<Item = u32> + Clone) -> u32 {
        let mut place = 0;
        for (axis, code) in codes.clone().enumerate() {
            if self.places.len() == axis {
                self.places.push(HashMap::new());
            }
            let next = self.places[axis].len() as u32;
            place = *self.places[axis].entry((place, code)).or_insert(next);
        }
        if place as usize == self.figures.len() {
            self.figures.push(Figures::default());
            self.codes.push(codes.collect());
        }
        place
    }

    fn len(&self) -> usize {
        self.figures.len()
    }

    fn key(&self, row: usize, value: impl Fn(usize, u32) -> Option<Arc<str>>) -> Key {
        self.codes[row].iter().enumerate().map(|(axis, code)| value(axis, *code)).collect()
    }
}

/// Returns each outcome that has a call, with the row it is told in.
fn homes(spent: &HashMap<(u32, u32), Usd>, keys: &[Key], outcomes: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut best: Vec<Option<(Usd, usize)>> = vec![None; outcomes];
    for ((outcome, row), cost) in spent {
        let (best, row) = (&mut best[*outcome as usize], *row as usize);
        let is_better = best.is_none_or(|(most, known)| {
            *cost > most || *cost == most && by_key(&keys[row], &keys[known]) == Ordering::Less
        });
        if is_better {
            *best = Some((*cost, row));
        }
    }
    best.into_iter().enumerate().filter_map(|(outcome, best)| Some((outcome, best?.1)))
}

/// Orders keys by their values, untagged last.
fn by_key(a: &Key, b: &Key) -> Ordering {
    let order = |(a, b): (&Option<_>, &Option<_>)| match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => Arc::<str>::cmp(a, b),
    };
    a.iter().zip(b).map(order).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Puts rows in order and sums those beyond the top. A wholly untagged row stays visible wherever it ranks.
fn laid_out(mut rows: Vec<Row>, asked: &Asked<'_>) -> Answer {
    let mut total = Figures::default();
    rows.iter().for_each(|row| total.add(&row.figures));
    rows.sort_by(|a, b| b.figures.all_cost().cmp(&a.figures.all_cost()).then_with(|| by_key(&a.key, &b.key)));
    let mut others = 0;
    if let Some(top) = asked.top.filter(|top| *top < rows.len()) {
        let mut other =
            Row { key: vec![Some("(other)".into()); asked.by], is_other: true, figures: Figures::default() };
        let mut rank = 0;
        rows.retain(|row| {
            rank += 1;
            let is_shown = rank <= top || row.key.iter().all(Option::is_none);
            if !is_shown {
                other.figures.add(&row.figures);
                others += 1;
            }
            is_shown
        });
        if others > 0 {
            rows.push(other);
        }
    }
    Answer { rows, total, others, ..Answer::default() }
}
