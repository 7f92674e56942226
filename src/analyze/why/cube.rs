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
        let viable: Vec<Vec<bool>> = axes.iter().map(|axis| viable(columns, leaves, *axis, floor)).collect();
        let mut places: HashMap<(Vec<u32>, bool), usize> = HashMap::new();
        let mut blocks: Vec<Block> = Vec::new();
        let failed: Vec<bool> =
            (0..leaves.variant_count()).map(|variant| leaves.has_failed(columns, variant as u32)).collect();
        let mut codes = vec![0; axes.len()];
        for leaf in &leaves.leaves {
            for ((code, axis), viable) in codes.iter_mut().zip(&axes).zip(&viable) {
                let own = leaves.code(columns, leaf.cell, leaf.variant, *axis);
                *code = if viable[own as usize] { own } else { 0 };
            }
            let key = (std::mem::take(&mut codes), failed[leaf.variant as usize]);
            let place = match places.get(&key) {
                Some(place) => *place,
                None => {
                    blocks.push(Block { codes: key.0.clone(), failed: key.1, ..Block::default() });
                    places.insert((key.0.clone(), key.1), blocks.len() - 1);
                    blocks.len() - 1
                }
            };
            codes = key.0;
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

/// Tells of each code of an axis whether it could name a cause: blank never does.
fn viable(columns: &Columns, leaves: &Leaves, axis: usize, floor: f64) -> Vec<bool> {
    let mut sums = vec![[0.0f64; 3]; columns.values[axis].len() + 1];
    for leaf in &leaves.leaves {
        let sums = &mut sums[leaves.code(columns, leaf.cell, leaf.variant, axis) as usize];
        sums[0] += leaf.actual as f64 * USD;
        sums[1] += leaf.before as f64 * USD;
        sums[2] += leaf.at_old_rates * USD;
    }
    let mut viable: Vec<bool> = sums.iter().map(|sums| sums.iter().any(|sum| *sum >= floor)).collect();
    if let Some(blank) = viable.first_mut() {
        *blank = false;
    }
    viable
}
