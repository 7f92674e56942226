//! The leaves as a search sees them: along the dimensions that may name a cause, with only the values that could.
//!
//! A value that costs less than the least cause cannot be one, and there are few that cost more, whatever the variety
//! of a dimension. All others share a code that names nothing, and the leaves shrink to a handful.

use hashbrown::HashMap;

use crate::analyze::why::columns::Columns;
use crate::analyze::why::leaves::Leaf;
use crate::analyze::why::leaves::Leaves;

/// A condition of a slice: a dimension, by its place in [`Cube::axes`], and a value's code.
pub(super) type Condition = (usize, u32);

/// Leaves that agree in all that may name a cause.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// Per searched axis the code; 0 names nothing.
    pub(super) codes: Vec<u32>,
    /// Whether these calls failed.
    pub(super) failed: bool,
    /// Dollars in the period.
    pub(super) actual: f64,
    /// Dollars the period's calls would have cost at the baseline's rates.
    pub(super) at_old_rates: f64,
    /// Dollars of the comparable baseline.
    pub(super) before: f64,
    /// Of these, what came from the same model, and from the same provider.
    pub(super) same: [f64; 2],
}

impl Block {
    /// Tells whether the block lies in a slice.
    pub(super) fn is_in(&self, slice: &[Condition]) -> bool {
        slice.iter().all(|(axis, code)| self.codes[*axis] == *code)
    }
}

/// The blocks.
#[derive(Debug, Default)]
pub(super) struct Cube {
    /// The axes searched, by their place in the columns.
    pub(super) axes: Vec<usize>,
    /// The blocks.
    pub(super) blocks: Vec<Block>,
}

/// Dollars in a picodollar.
pub(super) const USD: f64 = 1e-12;

impl Cube {
    /// Sums the leaves by the values that cost at least `floor` dollars on either side.
    pub(super) fn new(columns: &Columns, leaves: &Leaves, axes: Vec<usize>, floor: f64) -> Cube {
        let (by_cell, by_variant) = sums(leaves);
        let mut cells = vec![vec![0; axes.len()]; by_cell.len()];
        let mut variants = vec![vec![0; axes.len()]; by_variant.len()];
        for (place, axis) in axes.iter().enumerate() {
            let of_variant = leaves.is_of_variant(*axis);
            let (codes, sums) = if of_variant { (&mut variants, &by_variant) } else { (&mut cells, &by_cell) };
            let own: Vec<u32> = (0..sums.len() as u32)
                .map(|at| {
                    if of_variant {
                        leaves.variant_code(columns, at, *axis)
                    } else {
                        leaves.cell_code(columns, at, *axis)
                    }
                })
                .collect();
            let viable = viable(&own, sums, columns.values[*axis].len() + 1, floor);
            for (codes, own) in codes.iter_mut().zip(own) {
                codes[place] = if viable[own as usize] { own } else { 0 };
            }
        }
        // Few combinations are left of either: their numbers stand for the codes.
        let (cells, cell_codes) = numbered(cells);
        let failed = |variant: usize| u32::from(leaves.has_failed(columns, variant as u32));
        let variants = variants.into_iter().enumerate().map(|(variant, mut codes)| {
            codes.push(failed(variant));
            codes
        });
        let (variants, variant_codes) = numbered(variants.collect());
        let mut places: HashMap<(usize, usize), usize> = HashMap::new();
        let mut blocks: Vec<Block> = Vec::new();
        for leaf in &leaves.leaves {
            let (cell, variant) = (cells[leaf.cell as usize], variants[leaf.variant as usize]);
            let place = *places.entry((cell, variant)).or_insert_with(|| {
                let pairs = cell_codes[cell].iter().zip(&variant_codes[variant]);
                let failed = variant_codes[variant].last() == Some(&1);
                blocks.push(Block { codes: pairs.map(|(a, b)| *a.max(b)).collect(), failed, ..Block::default() });
                blocks.len() - 1
            });
            blocks[place].add(leaf);
        }
        Cube { axes, blocks }
    }
}

impl Block {
    fn add(&mut self, leaf: &Leaf) {
        self.actual += leaf.actual as f64 * USD;
        self.at_old_rates += leaf.at_old_rates * USD;
        self.before += leaf.before as f64 * USD;
        for (same, own) in self.same.iter_mut().zip(leaf.same) {
            *same += own * USD;
        }
    }
}

/// Dollars of the period, of the baseline, and of the period at the baseline's rates.
type Sums = [f64; 3];

/// Sums leaves by cell, and by variant.
fn sums(leaves: &Leaves) -> (Vec<Sums>, Vec<Sums>) {
    let mut by_cell = vec![Sums::default(); leaves.cells.len()];
    let mut by_variant = vec![Sums::default(); leaves.variant_count()];
    for leaf in &leaves.leaves {
        let own = [leaf.actual as f64 * USD, leaf.before as f64 * USD, leaf.at_old_rates * USD];
        for sums in [&mut by_cell[leaf.cell as usize], &mut by_variant[leaf.variant as usize]] {
            sums.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        }
    }
    (by_cell, by_variant)
}

/// Tells of each code of an axis whether it could name a cause: blank never does.
fn viable(codes: &[u32], sums: &[Sums], count: usize, floor: f64) -> Vec<bool> {
    let mut by_code = vec![Sums::default(); count];
    for (code, own) in codes.iter().zip(sums) {
        by_code[*code as usize].iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
    }
    let is_viable = |(code, sums): (usize, &Sums)| code != 0 && sums.iter().any(|sum| *sum >= floor);
    by_code.iter().enumerate().map(is_viable).collect()
}

/// Numbers combinations in order of their first appearance; returns the number of each, and each number's combination.
fn numbered(combinations: Vec<Vec<u32>>) -> (Vec<usize>, Vec<Vec<u32>>) {
    let (mut known, mut unique): (HashMap<Vec<u32>, usize>, Vec<Vec<u32>>) = Default::default();
    let numbers = combinations.into_iter().map(|combination| match known.get(&combination) {
        Some(number) => *number,
        None => {
            unique.push(combination.clone());
            known.insert(combination, unique.len() - 1);
            unique.len() - 1
        }
    });
    (numbers.collect(), unique)
}
