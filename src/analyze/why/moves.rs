//! Where work moved inside a slice: from one model to another, from one prompt version to another.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analyze::why::columns::Columns;
use crate::analyze::why::leaves::Leaves;
use crate::domain::Axis;
use crate::domain::Dim;

/// The dimensions along which work moves.
const ALONG: [Dim; 4] = [Dim::Model, Dim::PromptVersion, Dim::Tier, Dim::Status];

/// A value whose share of the calls of a slice changed most.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// The dimension.
    pub axis: Axis,
    /// The value that lost most, if one did.
    pub from: Option<Arc<str>>,
    /// The value that gained most.
    pub to: Option<Arc<str>>,
    /// Its share of the calls before, and now.
    pub share: [f64; 2],
}

/// Shares of calls that changed less than this are not told.
const LEAST_SHIFT: f64 = 0.1;

/// Returns the largest shift along each dimension, if there is one worth telling.
pub(super) fn of_slice(columns: &Columns, leaves: &Leaves, slice: &[(usize, u32)]) -> Vec<Move> {
    let mut moves = Vec::new();
    for dim in ALONG {
        let axis = columns.dim(dim);
        let mut shares: BTreeMap<u32, [f64; 2]> = BTreeMap::new();
        for (at, side) in [1, 0].into_iter().enumerate() {
            let calls = calls_by(columns, leaves, side, slice, axis);
            let all: f64 = calls.values().sum();
            for (code, calls) in calls {
                if all > 0.0 {
                    shares.entry(code).or_default()[at] = calls / all;
                }
            }
        }
        let shift = |code: &u32| shares.get(code).map_or(0.0, |[before, now]| now - before);
        let Some(to) = shares.keys().max_by(|a, b| shift(a).total_cmp(&shift(b)).then(b.cmp(a))) else { continue };
        let Some(from) = shares.keys().min_by(|a, b| shift(a).total_cmp(&shift(b)).then(a.cmp(b))) else { continue };
        if shift(to) >= LEAST_SHIFT {
            let text = |code: &u32| columns.values[axis].get((*code as usize).checked_sub(1)?).cloned();
            let share = shares.get(to).copied().unwrap_or_default();
            moves.push(Move { axis: Axis::Dim(dim), from: text(from), to: text(to), share });
        }
    }
    moves
}

/// Counts the calls of a slice by value of an axis; the baseline's are those that flowed into it.
fn calls_by(
    columns: &Columns,
    leaves: &Leaves,
    side: usize,
    slice: &[(usize, u32)],
    axis: usize,
) -> BTreeMap<u32, f64> {
    let rows = if side == 0 { &columns.period } else { &columns.baseline };
    let mut calls: BTreeMap<u32, f64> = BTreeMap::new();
    for row in 0..rows.len() {
        let share = leaves.share(columns, side, row, slice);
        if share > 0.0 {
            *calls.entry(rows.codes[axis][row]).or_default() += share * rows.calls[row];
        }
    }
    calls
}
