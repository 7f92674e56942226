//! How the calls of one kind of work flow from the ways they were done before to those of now, and what a call of each
//! way cost.

use hashbrown::HashMap;

use crate::analyze::why::columns::Columns;
use crate::analyze::why::columns::Side;
use crate::analyze::why::leaves::Leaves;
use crate::domain::Dim;

/// A flow below this part of its source's calls is noise: the calls stay where they are.
const LEAST_FLOW: f64 = 0.02;

/// Which variants count as alike, level by level: each has a group by variant.
pub(super) struct Levels([Vec<u32>; 4]);

impl Levels {
    pub(super) fn new(columns: &Columns, leaves: &Leaves) -> Levels {
        let [provider, model, tier] = [Dim::Provider, Dim::Model, Dim::Tier].map(|dim| columns.dim(dim));
        let by = |axes: &[usize]| {
            let mut groups: HashMap<Vec<u32>, u32> = HashMap::new();
            (0..leaves.variants.len() as u32)
                .map(|variant| {
                    let codes: Vec<u32> =
                        axes.iter().map(|axis| leaves.variant_code(columns, variant, *axis)).collect();
                    let next = groups.len() as u32;
                    *groups.entry(codes).or_insert(next)
                })
                .collect::<Vec<u32>>()
        };
        Levels([
            (0..leaves.variants.len() as u32).collect(),
            by(&[provider, model, tier, leaves.status]),
            by(&[leaves.status]),
            by(&[]),
        ])
    }
}

/// A variant within a workload.
#[derive(Clone, Copy, Debug, Default)]
struct VariantTotals {
    number: u32,
    /// Calls in the period, and in the baseline.
    calls: [f64; 2],
    /// Cost of the baseline's.
    cost: f64,
    /// Baseline calls that flowed here.
    inflow: f64,
}

/// The variants of a workload.
#[derive(Debug, Default)]
pub(super) struct Totals {
    variants: Vec<VariantTotals>,
    places: HashMap<u32, usize>,
}

impl Totals {
    pub(super) fn add(&mut self, side: usize, number: u32, rows: &Side, row: usize) {
        let place = *self.places.entry(number).or_insert_with(|| {
            self.variants.push(VariantTotals { number, ..VariantTotals::default() });
            self.variants.len() - 1
        });
        let variant = &mut self.variants[place];
        variant.calls[side] += rows.calls[row];
        if side == 1 {
            variant.cost += rows.cost[row] as f64;
        }
    }

    /// Moves baseline calls to the period's variants, the most similar first.
    pub(super) fn flow(&mut self, levels: &Levels) -> HashMap<u32, Vec<(u32, f64)>> {
        self.variants.sort_unstable_by_key(|variant| variant.number);
        self.places = self.variants.iter().enumerate().map(|(place, variant)| (variant.number, place)).collect();
        let mut left: Vec<[f64; 2]> = self.variants.iter().map(|variant| variant.calls).collect();
        let mut moved: HashMap<(usize, usize), f64> = HashMap::new();
        for level in &levels.0 {
            let mut groups: Vec<(u32, usize)> = self
                .variants
                .iter()
                .enumerate()
                .filter(|(place, _)| left[*place] != [0.0, 0.0])
                .map(|(place, variant)| (level[variant.number as usize], place))
                .collect();
            groups.sort_unstable();
            for group in groups.chunk_by(|a, b| a.0 == b.0) {
                match_up(group, &mut left, &mut moved);
            }
        }
        let mut flows: HashMap<u32, Vec<(u32, f64)>> = HashMap::new();
        let mut moved: Vec<((usize, usize), f64)> = moved.into_iter().collect();
        moved.sort_unstable_by_key(|(places, _)| *places);
        for ((from, to), calls) in moved {
            let share = calls / self.variants[from].calls[1];
            if share >= LEAST_FLOW {
                flows.entry(self.variants[from].number).or_default().push((self.variants[to].number, share));
            }
        }
        flows
    }

    /// Counts the baseline calls that each variant has after the flow.
    pub(super) fn inflows(&mut self, flows: &HashMap<u32, Vec<(u32, f64)>>) {
        for place in 0..self.variants.len() {
            let VariantTotals { number, calls: [_, calls], .. } = self.variants[place];
            let mut stays = 1.0;
            for (target, share) in flows.get(&number).map_or(&[][..], Vec::as_slice) {
                stays -= share;
                if let Some(target) = self.places.get(target) {
                    self.variants[*target].inflow += calls * share;
                }
            }
            // What is left of a flow to everywhere is dust.
            if stays > 1e-9 {
                self.variants[place].inflow += calls * stays;
            }
        }
    }

    /// Returns what a call of each variant cost before; where none flowed into it, what the nearest ones cost.
    pub(super) fn rates(&self, before: &HashMap<u32, f64>, levels: &Levels) -> HashMap<u32, f64> {
        let mut rates = HashMap::new();
        for level in &levels.0 {
            let mut groups: HashMap<u32, (f64, f64)> = HashMap::new();
            for variant in &self.variants {
                let (cost, calls) = groups.entry(level[variant.number as usize]).or_default();
                *cost += before.get(&variant.number).copied().unwrap_or_default();
                *calls += variant.inflow;
            }
            for variant in &self.variants {
                let (cost, calls) = groups.get(&level[variant.number as usize]).copied().unwrap_or_default();
                if calls > 0.0 {
                    rates.entry(variant.number).or_insert(cost / calls);
                }
            }
        }
        rates
    }

    /// Returns what a call of a variant cost in the baseline.
    pub(super) fn own_rate(&self, number: u32) -> f64 {
        let Some(variant) = self.places.get(&number).map(|place| self.variants[*place]) else { return 0.0 };
        if variant.calls[1] > 0.0 { variant.cost / variant.calls[1] } else { 0.0 }
    }

    /// Returns what an average call cost in the baseline.
    pub(super) fn average(&self) -> f64 {
        let cost: f64 = self.variants.iter().map(|variant| variant.cost).sum();
        let calls: f64 = self.variants.iter().map(|variant| variant.calls[1]).sum();
        if calls > 0.0 { cost / calls } else { 0.0 }
    }
}

/// Lets as many baseline calls of a group find a counterpart as there are, in proportion on both sides.
fn match_up(group: &[(u32, usize)], left: &mut [[f64; 2]], moved: &mut HashMap<(usize, usize), f64>) {
    let sum = |side: usize, left: &[[f64; 2]]| group.iter().map(|(_, place)| left[*place][side]).sum::<f64>();
    let (now, before) = (sum(0, left), sum(1, left));
    let matched = now.min(before);
    if matched <= 0.0 {
        return;
    }
    for (_, from) in group.iter().filter(|(_, place)| left[*place][1] > 0.0) {
        for (_, to) in group.iter().filter(|(_, place)| left[*place][0] > 0.0) {
            let calls = (left[*from][1] * (matched / before)) * (left[*to][0] / now);
            *moved.entry((*from, *to)).or_default() += calls;
        }
    }
    for (_, place) in group {
        let keep = |left: f64, all: f64| if matched >= all { 0.0 } else { left * (1.0 - matched / all) };
        left[*place] = [keep(left[*place][0], now), keep(left[*place][1], before)];
    }
}
