//! `attr slice`: sums along axes, sorted, shared, compared, cut to the top, and still tying to the total.

use std::collections::HashMap;

use crate::analyze::frame;
use crate::analyze::frame::Order;
use crate::analyze::percentiles::UnitCost;
use crate::analyze::percentiles::unit_cost;
use crate::domain::Usd;
use crate::domain::rollup::Group;
use crate::domain::rollup::Measures;
use crate::domain::rollup::Rollup;
use crate::domain::rollup::UnitCosts;

/// How to lay out the answer.
#[derive(Clone, Debug)]
pub struct Layout {
    /// How many axes the groups have.
    pub axes: usize,
    /// What decides the order.
    pub order: Order,
    /// Keep so many groups and sum the rest.
    pub top: Option<usize>,
    /// Units per group, if asked for.
    pub units: Option<Vec<UnitCosts>>,
    /// The window compared with, if asked for.
    pub baseline: Option<Rollup>,
}

/// One row of the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// A value per axis, `None` for untagged.
    pub key: Vec<Option<String>>,
    /// Whether the row sums the groups beyond the top.
    pub is_other: bool,
    /// The sums.
    pub measures: Measures,
    /// The share of the total's cost; none where the total is nothing.
    pub share: Option<f64>,
    /// The sums of the window compared with.
    pub baseline: Option<Measures>,
    /// Units and what they cost.
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
    let mut groups = rollup.groups;
    let mut baselines: HashMap<Vec<Option<String>>, Measures> = HashMap::new();
    let compares = layout.baseline.is_some();
    for group in layout.baseline.into_iter().flat_map(|rollup| rollup.groups) {
        baselines.insert(group.key, group.measures);
    }
    // A group of the earlier window alone is a row as well: its cost went away.
    let known: std::collections::HashSet<&Vec<Option<String>>> = groups.iter().map(|group| &group.key).collect();
    let gone: Vec<Group> = baselines
        .keys()
        .filter(|key| !known.contains(key))
        .map(|key| Group { key: key.clone(), measures: Measures::default() })
        .collect();
    groups.extend(gone);
    let mut units: HashMap<Vec<Option<String>>, Vec<Usd>> = HashMap::new();
    let counts_units = layout.units.is_some();
    for unit in layout.units.into_iter().flatten() {
        units.insert(unit.key, unit.costs);
    }
    let total = sum(groups.iter().map(|group| &group.measures));
    let all_units: Vec<Usd> = units.values().flatten().copied().collect();
    let mut rows: Vec<Row> = frame::ordered(&groups, layout.axes, layout.order)
        .into_iter()
        .map(|place| {
            let group = &groups[place];
            Row {
                key: group.key.clone(),
                is_other: false,
                share: share(&group.measures, &total),
                baseline: compares.then(|| baselines.get(&group.key).cloned().unwrap_or_default()),
                units: counts_units.then(|| described(units.get(&group.key).cloned().unwrap_or_default())),
                measures: group.measures.clone(),
            }
        })
        .collect();
    let others = cut(&mut rows, layout.top, &total, layout.axes, &units);
    Slice {
        rows,
        baseline: compares.then(|| sum(baselines.values())),
        units: counts_units.then(|| described(all_units)),
        total,
        others,
    }
}

fn sum<'m>(measures: impl Iterator<Item = &'m Measures>) -> Measures {
    measures.fold(Measures::default(), |mut total, measures| {
        total.add(measures);
        total
    })
}

fn described(costs: Vec<Usd>) -> (u64, Option<UnitCost>) {
    (costs.len() as u64, unit_cost(costs))
}

/// Returns a share for reading; not money, so a float will do.
fn share(part: &Measures, total: &Measures) -> Option<f64> {
    (total.cost != Usd::ZERO).then(|| part.cost.pico() as f64 / total.cost.pico() as f64)
}

/// Sums the rows beyond the top into one; a wholly untagged row stays visible wherever it ranks.
fn cut(
    rows: &mut Vec<Row>,
    top: Option<usize>,
    total: &Measures,
    axes: usize,
    units: &HashMap<Vec<Option<String>>, Vec<Usd>>,
) -> usize {
    let Some(top) = top else { return 0 };
    let mut place = 0;
    let (kept, cut): (Vec<Row>, Vec<Row>) = std::mem::take(rows).into_iter().partition(|row| {
        place += 1;
        place <= top || (axes > 0 && row.key.iter().all(Option::is_none))
    });
    *rows = kept;
    if cut.is_empty() {
        return 0;
    }
    let measures = sum(cut.iter().map(|row| &row.measures));
    let costs = || cut.iter().filter_map(|row| units.get(&row.key)).flatten().copied().collect();
    rows.push(Row {
        key: vec![Some("(other)".into()); axes],
        is_other: true,
        share: share(&measures, total),
        baseline: cut[0].baseline.is_some().then(|| sum(cut.iter().filter_map(|row| row.baseline.as_ref()))),
        units: cut[0].units.is_some().then(|| described(costs())),
        measures,
    });
    cut.len()
}

/// A subtotal of the rows that share the first values of their keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Subtotal {
    /// The shared values.
    pub key: Vec<Option<String>>,
    /// Their sums.
    pub measures: Measures,
    /// The share of the total.
    pub share: Option<f64>,
    /// The window compared with.
    pub baseline: Option<Measures>,
    /// The rows below, by place in the slice; at the deepest level the row itself.
    pub rows: Vec<usize>,
}

/// Returns the subtotals of some rows at a level (1 = by the first axis) in the order of their cost, `(other)` last.
pub fn subtotals(slice: &Slice, rows: impl Iterator<Item = usize>, level: usize) -> Vec<Subtotal> {
    let mut places: HashMap<(bool, &[Option<String>]), usize> = HashMap::new();
    let mut subtotals: Vec<Subtotal> = Vec::new();
    for at in rows {
        let row = &slice.rows[at];
        let key = &row.key[..level];
        let place = *places.entry((row.is_other, key)).or_insert_with(|| {
            subtotals.push(Subtotal {
                key: key.to_vec(),
                measures: Measures::default(),
                share: None,
                baseline: row.baseline.as_ref().map(|_| Measures::default()),
                rows: Vec::new(),
            });
            subtotals.len() - 1
        });
        let subtotal = &mut subtotals[place];
        subtotal.measures.add(&row.measures);
        subtotal.rows.push(at);
        if let (Some(sum), Some(part)) = (&mut subtotal.baseline, &row.baseline) {
            sum.add(part);
        }
    }
    for subtotal in &mut subtotals {
        subtotal.share = share(&subtotal.measures, &slice.total);
    }
    let is_other = |subtotal: &Subtotal| subtotal.rows.iter().all(|row| slice.rows[*row].is_other);
    subtotals.sort_by(|a, b| {
        is_other(a).cmp(&is_other(b)).then(b.measures.cost.cmp(&a.measures.cost)).then(a.key.cmp(&b.key))
    });
    subtotals
}
