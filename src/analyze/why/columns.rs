//! The calls of both windows as sorted columns: one row a combination of values, in an order that depends on nothing
//! but the values, so that sums of floats come out the same however a log was imported.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::analyze::why::ModelName;
use crate::analyze::why::Scale;
use crate::analyze::why::cube::USD;
use crate::domain::Axis;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::rollup::Rollup;

/// What a dimension says of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// What kind of work it was. Spend never moves from one kind to another.
    Workload,
    /// Whom it was for.
    Who,
    /// How it was done. Work moves from one way to another with every release.
    Variant,
}

/// Returns what a dimension says of a call.
pub(super) fn role(axis: &Axis) -> Role {
    match axis {
        Axis::Dim(Dim::Feature | Dim::Agent | Dim::Environment) => Role::Workload,
        Axis::Dim(Dim::Provider | Dim::Model | Dim::Tier | Dim::Status | Dim::PromptVersion) => Role::Variant,
        _ => Role::Who,
    }
}

/// The dimensions that every investigation looks at, whichever it may name.
const STRUCTURE: [Dim; 9] = [
    Dim::Environment,
    Dim::Feature,
    Dim::Agent,
    Dim::Tenant,
    Dim::Provider,
    Dim::Model,
    Dim::Tier,
    Dim::Status,
    Dim::PromptVersion,
];

/// Returns the axes to group by: those of the structure and those that may name a cause.
pub(super) fn axes(searched: &[Axis]) -> Vec<Axis> {
    let mut axes: Vec<Axis> = STRUCTURE.map(Axis::Dim).to_vec();
    axes.extend(searched.iter().filter(|axis| !STRUCTURE.iter().any(|dim| Axis::Dim(*dim) == **axis)).cloned());
    axes
}

/// One window's rows, in the order of their keys.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// Per axis a code a row: 0 is untagged, n is value n-1 of [`Columns::values`].
    pub(super) codes: Vec<Vec<u32>>,
    /// Per row: workload, who and variant, each a number whose order is that of the values.
    pub(super) keys: Vec<[u32; 3]>,
    /// Priced calls a row, scaled.
    pub(super) calls: Vec<f64>,
    /// Of these, calls that failed.
    pub(super) failed: Vec<f64>,
    /// Picodollars a row, scaled; they sum to the scaled cost of the window.
    pub(super) cost: Vec<i128>,
    /// Tokens a row, scaled, of the classes that occur.
    pub(super) tokens: Vec<(Class, Vec<f64>)>,
    /// Dollars a row for the use of tools, scaled.
    pub(super) tools: Vec<f64>,
}

impl Side {
    /// Returns how many rows there are.
    pub(super) fn len(&self) -> usize {
        self.cost.len()
    }

    /// Returns the cost of all rows in picodollars.
    pub(super) fn total(&self) -> i128 {
        self.cost.iter().sum()
    }
}

/// The rows of both windows under the same codes.
#[derive(Debug)]
pub(super) struct Columns {
    /// The axes.
    pub(super) axes: Vec<Axis>,
    /// Per axis its values, in order.
    pub(super) values: Vec<Vec<Arc<str>>>,
    /// The window asked about.
    pub(super) period: Side,
    /// What it is compared with.
    pub(super) baseline: Side,
}

impl Columns {
    /// Lays out two rollups by these axes and, last, the use of tools; `fee` says what a call's tools cost in dollars.
    pub(super) fn new(
        axes: Vec<Axis>,
        period: &Rollup,
        baseline: &Rollup,
        scale: Scale,
        fee: &dyn Fn(ModelName<'_>, &str) -> f64,
    ) -> Columns {
        let mut values = Vec::with_capacity(axes.len());
        let mut maps: [Vec<Vec<u32>>; 2] = Default::default();
        for axis in 0..axes.len() {
            let used = [used(period, axis), used(baseline, axis)];
            let mut texts: Vec<Arc<str>> = Vec::new();
            for (rollup, used) in [period, baseline].into_iter().zip(&used) {
                let own = rollup.values[axis].iter().zip(used).filter(|(_, used)| **used);
                texts.extend(own.map(|(text, _)| Arc::clone(text)));
            }
            texts.sort_unstable();
            texts.dedup();
            for (rollup, map) in [period, baseline].into_iter().zip(&mut maps) {
                let code = |text: &Arc<str>| texts.binary_search(text).map_or(0, |at| at as u32 + 1);
                map.push(std::iter::once(0).chain(rollup.values[axis].iter().map(code)).collect());
            }
            values.push(texts);
        }
        let [of_period, of_baseline] = maps;
        let mut columns =
            Columns { period: side(period, &of_period), baseline: side(baseline, &of_baseline), axes, values };
        let named = [columns.dim(Dim::Provider), columns.dim(Dim::Model)];
        for (side, rollup) in [(&mut columns.period, period), (&mut columns.baseline, baseline)] {
            side.price_tools(rollup, named, fee);
        }
        columns.number();
        columns.baseline.scale(scale);
        columns
    }

    /// Returns the place of an axis.
    pub(super) fn place(&self, axis: &Axis) -> Option<usize> {
        self.axes.iter().position(|known| known == axis)
    }

    /// Returns the place of a standard dimension of the structure.
    pub(super) fn dim(&self, dim: Dim) -> usize {
        self.place(&Axis::Dim(dim)).unwrap_or_default()
    }

    /// Returns what the dearest kind of work for one customer cost in the period, in dollars.
    pub(super) fn dearest_cell(&self) -> f64 {
        let rows = self.period.keys.iter().zip(&self.period.cost);
        let (mut most, mut own, mut last) = (0, 0, None);
        for (key, cost) in rows {
            own = if last == Some([key[0], key[1]]) { own + cost } else { *cost };
            last = Some([key[0], key[1]]);
            most = most.max(own);
        }
        most as f64 * USD
    }

    /// Numbers the combinations of each role on both sides alike and sorts the rows by them.
    fn number(&mut self) {
        for (at, role_of) in [Role::Workload, Role::Who, Role::Variant].into_iter().enumerate() {
            let places: Vec<usize> = (0..self.axes.len()).filter(|place| role(&self.axes[*place]) == role_of).collect();
            let sizes: Vec<u64> = places.iter().map(|place| self.values[*place].len() as u64 + 1).collect();
            let fits = sizes
                .iter()
                .try_fold(1u64, |product, size| product.checked_mul(*size))
                .is_some_and(|product| product <= u64::from(u32::MAX));
            let sides = [&mut self.period, &mut self.baseline];
            if fits {
                for side in sides {
                    for row in 0..side.keys.len() {
                        let number = places
                            .iter()
                            .zip(&sizes)
                            .fold(0u64, |number, (place, size)| number * size + u64::from(side.codes[*place][row]));
                        side.keys[row][at] = number as u32;
                    }
                }
            } else {
                number_by_rank(sides, &places, at);
            }
        }
        self.period.sort();
        self.baseline.sort();
    }
}

/// Numbers combinations of too many values by their rank among those that occur.
fn number_by_rank(sides: [&mut Side; 2], places: &[usize], at: usize) {
    let tuple = |side: &Side, row: usize| places.iter().map(|place| side.codes[*place][row]).collect::<Vec<u32>>();
    let mut tuples: Vec<Vec<u32>> =
        sides.iter().flat_map(|side| (0..side.keys.len()).map(|row| tuple(side, row))).collect();
    tuples.sort_unstable();
    tuples.dedup();
    let ranks: HashMap<&[u32], u32> =
        tuples.iter().enumerate().map(|(rank, tuple)| (tuple.as_slice(), rank as u32)).collect();
    for side in sides {
        for row in 0..side.keys.len() {
            side.keys[row][at] = ranks.get(tuple(side, row).as_slice()).copied().unwrap_or_default();
        }
    }
}

impl Side {
    fn sort(&mut self) {
        let packed = |key: &[u32; 3]| (u128::from(key[0]) << 64) | (u128::from(key[1]) << 32) | u128::from(key[2]);
        let mut order: Vec<(u128, u32)> =
            self.keys.iter().enumerate().map(|(row, key)| (packed(key), row as u32)).collect();
        order.sort_unstable();
        fn permute<T: Copy>(order: &[(u128, u32)], column: &mut Vec<T>) {
            *column = order.iter().map(|(_, row)| column[*row as usize]).collect();
        }
        self.codes.iter_mut().for_each(|column| permute(&order, column));
        self.tokens.iter_mut().for_each(|(_, column)| permute(&order, column));
        permute(&order, &mut self.keys);
        permute(&order, &mut self.tools);
        permute(&order, &mut self.calls);
        permute(&order, &mut self.failed);
        permute(&order, &mut self.cost);
    }

    /// Sets what the tools of each row cost; the rollup's last axis has them.
    fn price_tools(
        &mut self,
        rollup: &Rollup,
        [provider, model]: [usize; 2],
        fee: &dyn Fn(ModelName<'_>, &str) -> f64,
    ) {
        self.tools = vec![0.0; self.len()];
        let Some(axis) = rollup.values.len().checked_sub(1).filter(|axis| !rollup.values[*axis].is_empty()) else {
            return;
        };
        for (row, group) in kept(rollup).into_iter().enumerate() {
            if let Some(tools) = rollup.value(group, axis) {
                let text = |axis| rollup.value(group, axis).map_or("", |value| value.as_ref());
                let name = ModelName { provider: text(provider), model: text(model) };
                self.tools[row] = fee(name, tools) * self.calls[row];
            }
        }
    }

    /// Scales what a window of another length cost to the length of the period, exactly in sum.
    fn scale(&mut self, scale: Scale) {
        if scale == Scale::NONE {
            return;
        }
        let factor = scale.factor();
        let columns = self.tokens.iter_mut().map(|(_, column)| column);
        columns
            .chain([&mut self.calls, &mut self.failed, &mut self.tools])
            .flatten()
            .for_each(|value| *value *= factor);
        let (mut before, mut scaled_before) = (0i128, 0i128);
        for cost in &mut self.cost {
            before += *cost;
            let scaled = scale.of(before);
            *cost = scaled - scaled_before;
            scaled_before = scaled;
        }
    }
}

/// Tells of each value of an axis whether a group has it.
fn used(rollup: &Rollup, axis: usize) -> Vec<bool> {
    let mut used = vec![false; rollup.values[axis].len()];
    for code in &rollup.codes[axis] {
        if let Some(used) = (*code as usize).checked_sub(1).and_then(|at| used.get_mut(at)) {
            *used = true;
        }
    }
    used
}

/// Returns each group's calls without a price.
fn unpriced(rollup: &Rollup) -> Vec<u64> {
    let mut unpriced = vec![0u64; rollup.len()];
    rollup.unpriced.iter().for_each(|((group, _), count)| unpriced[*group as usize] += count);
    unpriced
}

/// Returns the groups with a price: what has none has no part in the change of what was paid.
fn kept(rollup: &Rollup) -> Vec<usize> {
    let unpriced = unpriced(rollup);
    (0..rollup.len()).filter(|group| unpriced[*group] < rollup.calls[*group]).collect()
}

fn side(rollup: &Rollup, maps: &[Vec<u32>]) -> Side {
    let (unpriced, kept) = (unpriced(rollup), kept(rollup));
    let column = |values: &[u64]| kept.iter().map(|group| values[*group] as f64).collect::<Vec<f64>>();
    let mut side = Side {
        codes: (0..maps.len())
            .map(|axis| kept.iter().map(|group| maps[axis][rollup.codes[axis][*group] as usize]).collect())
            .collect(),
        keys: vec![[0; 3]; kept.len()],
        calls: kept.iter().map(|group| (rollup.calls[*group] - unpriced[*group]) as f64).collect(),
        failed: column(&rollup.errors),
        cost: kept.iter().map(|group| rollup.cost[*group].pico()).collect(),
        tokens: rollup.tokens.iter().map(|(class, counts)| (*class, column(counts))).collect(),
        tools: Vec::new(),
    };
    for (failed, calls) in side.failed.iter_mut().zip(&side.calls) {
        *failed = failed.min(*calls);
    }
    side
}
