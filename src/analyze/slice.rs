//! `attr slice`: sums along axes, sorted, shared, compared, cut to the top, and still tying to the total.

use std::collections::HashMap;
use std::collections::HashSet;

use crate::analyze::frame;
use crate::analyze::frame::Order;
use crate::analyze::percentiles::UnitCost;
use crate::analyze::percentiles::unit_cost;
use crate::domain::Usd;
use crate::domain::rollup::Key;
use crate::domain::rollup::LoggedSums;
use crate::domain::rollup::Measures;
use crate::domain::rollup::Rollup;
use crate::domain::rollup::UnitCosts;

/// How to lay out the answer.
#[derive(Clone, Debug)]
pub struct Layout {
    /// What decides the order.
    pub order: Order,
    /// Keep so many groups and sum the rest.
    pub top: Option<usize>,
    /// Units per group, if asked for.
    pub units: Option<Vec<UnitCosts>>,
    /// Units of the whole, if asked for: one unit may be in several groups.
    pub all_units: Option<Vec<Usd>>,
    /// The window compared with, if asked for.
    pub baseline: Option<Rollup>,
}

/// One row of the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// A value per axis, `None` for untagged.
    pub key: Key,
    /// Whether the row sums the groups beyond the top.
    pub is_other: bool,
    /// The sums.
    pub measures: Measures,
    /// The share of the total's cost; none where the total is nothing.
    pub share: Option<f64>,
    /// The sums of the window compared with.
    pub baseline: Option<Measures>,
    /// Units and what they cost; not for `(other)`, whose groups may share units.
    pub units: Option<(u64, Option<UnitCost>)>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// The rows; they sum to the total.
    pub rows: Vec<Row>,
    /// The total of the window.
    pub total: Measures,
    /// The total of the window compared with.
    pub baseline: Option<Measures>,
    /// Units over all rows.
    pub units: Option<(u64, Option<UnitCost>)>,
    /// Groups summed in the last row.
    pub others: usize,
}

/// Lays out the answer.
pub fn slice(rollup: Rollup, layout: Layout) -> Slice {
    let rollup = match &layout.baseline {
        Some(before) => with_gone(rollup, before),
        None => rollup,
    };
    let total = rollup.total();
    let compares = layout.baseline.is_some();
    let baselines: HashMap<Key, Measures> =
        layout.baseline.iter().flat_map(Rollup::groups).map(|group| (group.key, group.measures)).collect();
    let counts_units = layout.units.is_some();
    let mut units: HashMap<Key, Vec<Usd>> =
        layout.units.into_iter().flatten().map(|unit| (unit.key, unit.costs)).collect();
    let all_units = layout.all_units.map(described);
    let (shown, rest) = chosen(&rollup, layout.top, layout.order);
    let mut rows: Vec<Row> = shown
        .into_iter()
        .map(|group| {
            let (key, measures) = (rollup.key(group), rollup.measures(group));
            Row {
                share: share(&measures, &total),
                baseline: compares.then(|| baselines.get(&key).cloned().unwrap_or_default()),
                units: counts_units.then(|| described(units.remove(&key).unwrap_or_default())),
                is_other: false,
                key,
                measures,
            }
        })
        .collect();
    if !rest.is_empty() {
        let mut other = Row {
            key: vec![Some("(other)".into()); rollup.codes.len()],
            is_other: true,
            measures: Measures::default(),
            share: None,
            baseline: compares.then(Measures::default),
            units: None,
        };
        for group in &rest {
            rollup.add_to(*group, &mut other.measures);
            if let (Some(sum), Some(part)) = (&mut other.baseline, baselines.get(&rollup.key(*group))) {
                sum.add(part);
            }
        }
        other.share = share(&other.measures, &total);
        rows.push(other);
    }
    Slice { rows, baseline: layout.baseline.as_ref().map(Rollup::total), units: all_units, total, others: rest.len() }
}

/// Adds the groups of the earlier window that the later one lacks: their cost went away, which is a change too.
fn with_gone(mut rollup: Rollup, before: &Rollup) -> Rollup {
    let known: HashSet<Key> = (0..rollup.len()).map(|group| rollup.key(group)).collect();
    for key in (0..before.len()).map(|group| before.key(group)).filter(|key| !known.contains(key)) {
        for (axis, value) in key.into_iter().enumerate() {
            let code = value.map_or(0, |value| {
                rollup.values[axis].push(value);
                rollup.values[axis].len() as u32
            });
            rollup.codes[axis].push(code);
        }
        [&mut rollup.calls, &mut rollup.errors, &mut rollup.reasoning].into_iter().for_each(|column| column.push(0));
        rollup.cost.push(Usd::ZERO);
        if !rollup.discount.is_empty() {
            rollup.discount.push(Usd::ZERO);
        }
        if !rollup.logged.is_empty() {
            rollup.logged.push(LoggedSums::default());
        }
        rollup.tokens.iter_mut().for_each(|(_, counts)| counts.push(0));
    }
    rollup
}

/// Returns the groups to show, in order, and those to sum. A wholly untagged group stays visible wherever it ranks.
fn chosen(rollup: &Rollup, top: Option<usize>, order: Order) -> (Vec<usize>, Vec<usize>) {
    let all: Vec<usize> = (0..rollup.len()).collect();
    let Some(top) = top.filter(|top| *top < all.len()) else {
        return (frame::ordered(rollup, &all, order), Vec::new());
    };
    // Few of many: only those that can be among the first are put in order, ties included.
    let candidates: Vec<usize> = match order {
        Order::Descending(measure) if top > 0 => {
            let mut values: Vec<i128> = all.iter().map(|group| measure(rollup, *group)).collect();
            let (_, least, _) = values.select_nth_unstable_by(top - 1, |a, b| b.cmp(a));
            let least = *least;
            all.iter().copied().filter(|group| measure(rollup, *group) >= least || rollup.is_untagged(*group)).collect()
        }
        Order::Descending(_) | Order::Key(_) => all,
    };
    let mut is_shown = vec![false; rollup.len()];
    let mut shown = Vec::new();
    for (rank, group) in frame::ordered(rollup, &candidates, order).into_iter().enumerate() {
        if rank < top || rollup.is_untagged(group) {
            is_shown[group] = true;
            shown.push(group);
        }
    }
    (shown, (0..rollup.len()).filter(|group| !is_shown[*group]).collect())
}

fn described(costs: Vec<Usd>) -> (u64, Option<UnitCost>) {
    (costs.len() as u64, unit_cost(costs))
}

/// Returns a share for reading; not money, so a float will do.
pub(super) fn share(part: &Measures, total: &Measures) -> Option<f64> {
    (total.cost != Usd::ZERO).then(|| part.cost.pico() as f64 / total.cost.pico() as f64)
}
