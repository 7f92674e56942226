//! What the period's work would have cost before: baseline calls flow to the ways in which the same work is done now.
//!
//! A new prompt version or model has no baseline of its own, and its predecessor seems to have vanished. Comparing raw
//! groups blames every harmless release. So, within each workload, baseline calls move to the period's variants, the
//! most similar first, and take their cost with them.

mod flows;

use hashbrown::HashMap;

use crate::analyze::why::columns::Columns;
use crate::analyze::why::columns::Role;
use crate::analyze::why::columns::role;
use crate::analyze::why::leaves::flows::Levels;
use crate::analyze::why::leaves::flows::Totals;
use crate::domain::Dim;

/// How much a customer's own prompts count against the workload's average: as much as so many average calls.
const PRIOR_CALLS: f64 = 20.0;

/// One way in which one kind of work was done for somebody.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaf {
    /// The place in [`Leaves::cells`].
    pub(super) cell: u32,
    /// The place in [`Leaves::variants`].
    pub(super) variant: u32,
    /// Picodollars in the period.
    pub(super) actual: i128,
    /// Picodollars of the baseline that flowed here.
    pub(super) before: i128,
    /// Of these, what came from the same model, and from the same provider.
    pub(super) same: [f64; 2],
    /// What the period's calls would have cost at the baseline's rates.
    pub(super) at_old_rates: f64,
}

/// A kind of work for somebody.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// The place in [`Leaves::workloads`].
    pub(super) workload: u32,
    /// A row that has its codes, and whether it is one of the period.
    row: (bool, u32),
}

/// Where the baseline calls of a workload went.
#[derive(Debug, Default)]
pub(super) struct Workload {
    /// By variant of the baseline: where its calls went, with the share of them.
    flows: HashMap<u32, Vec<(u32, f64)>>,
    /// The rows of each side.
    pub(super) rows: [std::ops::Range<usize>; 2],
}

/// Every leaf, and what is known of them.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    /// The leaves, in order.
    pub(super) leaves: Vec<Leaf>,
    /// The cells.
    pub(super) cells: Vec<Cell>,
    /// Per variant a row that has its codes, and whether it is one of the period.
    variants: Vec<(bool, u32)>,
    /// The workloads.
    pub(super) workloads: Vec<Workload>,
    /// Per side and row: the cell and the variant.
    pub(super) placed: [Vec<(u32, u32)>; 2],
    /// Per axis whether its code is the variant's.
    by_variant: Vec<bool>,
    /// The axes of the variant by falling weight: what makes two ways of work similar.
    status: usize,
}

impl Leaves {
    /// Makes the leaves of both windows.
    pub(super) fn new(columns: &Columns) -> Leaves {
        let mut leaves = Leaves {
            by_variant: columns.axes.iter().map(|axis| role(axis) == Role::Variant).collect(),
            status: columns.dim(Dim::Status),
            ..Leaves::default()
        };
        leaves.place(columns);
        let levels = Levels::new(columns, &leaves);
        let (mut at, mut next) = ([0, 0], 0);
        while let Some(rows) = next_workload(columns, &mut at) {
            let cells = next..next + cells_of(&leaves, &rows);
            next = cells.end;
            leaves.add_workload(columns, rows, cells, &levels);
        }
        leaves
    }

    /// Returns how many variants there are.
    pub(super) fn variant_count(&self) -> usize {
        self.variants.len()
    }

    /// Tells whether a leaf's code along an axis is its variant's; else it is its cell's.
    pub(super) fn is_of_variant(&self, axis: usize) -> bool {
        self.by_variant[axis]
    }

    /// Returns a leaf's code along an axis.
    fn code(&self, columns: &Columns, cell: u32, variant: u32, axis: usize) -> u32 {
        if self.by_variant[axis] {
            self.variant_code(columns, variant, axis)
        } else {
            self.cell_code(columns, cell, axis)
        }
    }

    /// Returns the code of a cell along one of its axes.
    pub(super) fn cell_code(&self, columns: &Columns, cell: u32, axis: usize) -> u32 {
        let (is_period, row) = self.cells[cell as usize].row;
        let side = if is_period { &columns.period } else { &columns.baseline };
        side.codes[axis][row as usize]
    }

    /// Returns the code of a variant along one of its axes.
    pub(super) fn variant_code(&self, columns: &Columns, variant: u32, axis: usize) -> u32 {
        let (is_period, row) = self.variants[variant as usize];
        let side = if is_period { &columns.period } else { &columns.baseline };
        side.codes[axis][row as usize]
    }

    /// Returns what a slice cost more than before, in picodollars.
    pub(super) fn change(&self, columns: &Columns, slice: &[(usize, u32)]) -> i128 {
        let inside = self.leaves.iter().filter(|leaf| self.is_in(columns, leaf.cell, leaf.variant, slice));
        inside.map(|leaf| leaf.actual - leaf.before).sum()
    }

    /// Tells whether a leaf lies in a slice.
    pub(super) fn is_in(&self, columns: &Columns, cell: u32, variant: u32, slice: &[(usize, u32)]) -> bool {
        slice.iter().all(|(axis, code)| self.code(columns, cell, variant, *axis) == *code)
    }

    /// Returns what part of a row's calls is in a slice: all or nothing of the period's, and of the baseline's what
    /// flowed into it.
    pub(super) fn share(&self, columns: &Columns, side: usize, row: usize, slice: &[(usize, u32)]) -> f64 {
        let (cell, variant) = self.placed[side][row];
        let is_in = |variant| self.is_in(columns, cell, variant, slice);
        if side == 0 {
            return f64::from(u8::from(is_in(variant)));
        }
        let workload = &self.workloads[self.cells[cell as usize].workload as usize];
        let (mut share, mut left) = (0.0, 1.0);
        for (target, part) in workload.flows.get(&variant).map_or(&[][..], Vec::as_slice) {
            left -= part;
            share += if is_in(*target) { *part } else { 0.0 };
        }
        share + if left > 1e-9 && is_in(variant) { left } else { 0.0 }
    }

    /// Tells whether a variant's calls failed.
    pub(super) fn has_failed(&self, columns: &Columns, variant: u32) -> bool {
        let (is_period, row) = self.variants[variant as usize];
        let side = if is_period { &columns.period } else { &columns.baseline };
        side.failed[row as usize] > 0.0
    }

    /// Numbers cells and variants of all rows.
    fn place(&mut self, columns: &Columns) {
        let sides = [&columns.period, &columns.baseline];
        let mut variants: Vec<(u32, (bool, u32))> = Vec::new();
        let mut known: HashMap<u32, ()> = HashMap::new();
        for (side, is_period) in sides.into_iter().zip([true, false]) {
            for (row, key) in side.keys.iter().enumerate() {
                if known.insert(key[2], ()).is_none() {
                    variants.push((key[2], (is_period, row as u32)));
                }
            }
        }
        variants.sort_unstable();
        let numbers: HashMap<u32, u32> =
            variants.iter().enumerate().map(|(number, (key, _))| (*key, number as u32)).collect();
        self.variants = variants.into_iter().map(|(_, row)| row).collect();
        self.placed = sides.map(|side| Vec::with_capacity(side.len()));
        let (mut at, mut last, mut workloads) = ([0, 0], None, 0u32);
        loop {
            let key = |side: usize, at: usize| sides[side].keys.get(at).map(|key| [key[0], key[1]]);
            let Some(next) = [key(0, at[0]), key(1, at[1])].into_iter().flatten().min() else { break };
            if last.is_some_and(|last| last != next[0]) {
                workloads += 1;
            }
            last = Some(next[0]);
            let number = self.cells.len() as u32;
            let is_period = key(0, at[0]) == Some(next);
            let row = if is_period { at[0] } else { at[1] };
            self.cells.push(Cell { workload: workloads, row: (is_period, row as u32) });
            for side in 0..2 {
                while key(side, at[side]) == Some(next) {
                    let variant = numbers.get(&sides[side].keys[at[side]][2]).copied().unwrap_or_default();
                    self.placed[side].push((number, variant));
                    at[side] += 1;
                }
            }
        }
    }

    /// Lets the baseline of a workload flow, and adds its leaves.
    fn add_workload(
        &mut self,
        columns: &Columns,
        rows: [std::ops::Range<usize>; 2],
        cells: std::ops::Range<usize>,
        levels: &Levels,
    ) {
        let mut totals = Totals::default();
        let sides = [&columns.period, &columns.baseline];
        for side in 0..2 {
            for row in rows[side].clone() {
                totals.add(side, self.placed[side][row].1, sides[side], row);
            }
        }
        let flows = totals.flow(levels);
        let first = self.leaves.len();
        let mut at = [rows[0].start, rows[1].start];
        for cell in cells {
            self.add_cell(columns, cell as u32, &mut at, &rows, &flows);
        }
        totals.inflows(&flows);
        let mut before: HashMap<u32, f64> = HashMap::new();
        for leaf in &self.leaves[first..] {
            *before.entry(leaf.variant).or_default() += leaf.before as f64;
        }
        let rates = totals.rates(&before, levels);
        self.value_at_old_rates(columns, &rows, first, &rates, &totals);
        self.workloads.push(Workload { flows, rows });
    }

    /// Adds the leaves of a cell: its period's rows, and where its baseline went.
    fn add_cell(
        &mut self,
        columns: &Columns,
        cell: u32,
        at: &mut [usize; 2],
        rows: &[std::ops::Range<usize>; 2],
        flows: &HashMap<u32, Vec<(u32, f64)>>,
    ) {
        let first = self.leaves.len();
        let empty = |variant| Leaf { cell, variant, actual: 0, before: 0, same: [0.0; 2], at_old_rates: 0.0 };
        while at[0] < rows[0].end && self.placed[0][at[0]].0 == cell {
            let (variant, cost) = (self.placed[0][at[0]].1, columns.period.cost[at[0]]);
            at[0] += 1;
            match self.leaves[first..].last_mut().filter(|leaf| leaf.variant == variant) {
                // Calls that use tools are rows of their own.
                Some(leaf) => leaf.actual += cost,
                None => self.leaves.push(Leaf { actual: cost, ..empty(variant) }),
            }
        }
        let (model, provider) = (columns.dim(Dim::Model), columns.dim(Dim::Provider));
        while at[1] < rows[1].end && self.placed[1][at[1]].0 == cell {
            let (source, cost) = (self.placed[1][at[1]].1, columns.baseline.cost[at[1]]);
            at[1] += 1;
            let targets = flows.get(&source).map_or(&[][..], Vec::as_slice);
            for (target, part) in parts(cost, source, targets) {
                let place = self.leaves[first..].iter().position(|leaf| leaf.variant == target);
                let place = place.map_or_else(
                    || {
                        self.leaves.push(empty(target));
                        self.leaves.len() - 1
                    },
                    |place| first + place,
                );
                let is_same = [model, provider]
                    .map(|axis| self.variant_code(columns, source, axis) == self.variant_code(columns, target, axis));
                let leaf = &mut self.leaves[place];
                leaf.before += part;
                for (same, is_same) in leaf.same.iter_mut().zip(is_same) {
                    *same += if is_same { part as f64 } else { 0.0 };
                }
            }
        }
    }

    /// Sets what the period's calls of a workload would have cost at the baseline's rates.
    fn value_at_old_rates(
        &mut self,
        columns: &Columns,
        rows: &[std::ops::Range<usize>; 2],
        first: usize,
        rates: &HashMap<u32, f64>,
        totals: &Totals,
    ) {
        // What each cell cost in the baseline, and what it would have at the workload's own rates.
        let mut own: HashMap<u32, (f64, f64)> = HashMap::new();
        for row in rows[1].clone() {
            let (cell, variant) = self.placed[1][row];
            let (cost, expected) = own.entry(cell).or_default();
            *cost += columns.baseline.cost[row] as f64;
            *expected += columns.baseline.calls[row] * totals.own_rate(variant);
        }
        let prior = PRIOR_CALLS * totals.average();
        let mut at = first;
        for row in rows[0].clone() {
            let (cell, variant) = self.placed[0][row];
            while (self.leaves[at].cell, self.leaves[at].variant) != (cell, variant) {
                at += 1;
            }
            let calls = columns.period.calls[row];
            let leaf = &mut self.leaves[at];
            leaf.at_old_rates += match rates.get(&variant) {
                // Work that is new has no rate but its own.
                None => columns.period.cost[row] as f64,
                Some(rate) => {
                    let (cost, expected) = own.get(&cell).copied().unwrap_or_default();
                    let phi = if prior + expected > 0.0 { (cost + prior) / (expected + prior) } else { 1.0 };
                    calls * rate * phi
                }
            };
        }
    }
}

/// Cuts an amount along the shares of a flow; the parts sum to it, and what is left stays with the source.
fn parts(cost: i128, source: u32, targets: &[(u32, f64)]) -> impl Iterator<Item = (u32, i128)> {
    let (mut share_before, mut before) = (0.0, 0i128);
    let flowing = targets.iter().map(move |(target, share)| {
        share_before += share;
        let upto = if share_before >= 1.0 - 1e-12 { cost } else { (cost as f64 * share_before).round() as i128 };
        let part = upto - before;
        before = upto;
        (*target, part)
    });
    let flowing: Vec<(u32, i128)> = flowing.collect();
    let rest = cost - flowing.iter().map(|(_, part)| part).sum::<i128>();
    flowing.into_iter().chain((rest != 0).then_some((source, rest)))
}

/// Returns the rows of the next workload on both sides.
fn next_workload(columns: &Columns, at: &mut [usize; 2]) -> Option<[std::ops::Range<usize>; 2]> {
    let sides = [&columns.period, &columns.baseline];
    let first = (0..2).filter_map(|side| sides[side].keys.get(at[side]).map(|key| key[0])).min()?;
    Some([0, 1].map(|side: usize| {
        let start = at[side];
        let keys = &sides[side].keys;
        while keys.get(at[side]).is_some_and(|key| key[0] == first) {
            at[side] += 1;
        }
        start..at[side]
    }))
}

/// Counts the cells of a workload's rows.
fn cells_of(leaves: &Leaves, rows: &[std::ops::Range<usize>; 2]) -> usize {
    let spans = (0..2).filter_map(|side| {
        let placed = &leaves.placed[side][rows[side].clone()];
        Some((placed.first()?.0, placed.last()?.0))
    });
    let (mut first, mut last) = (u32::MAX, 0);
    for (from, to) in spans {
        first = first.min(from);
        last = last.max(to);
    }
    (last + 1).saturating_sub(first) as usize
}
