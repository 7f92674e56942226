//! The search: take the best slice that stands out, name it, take it out, look again.

use crate::analyze::why::PricedCalls;
use crate::analyze::why::cube::Block;
use crate::analyze::why::cube::Cube;
use crate::analyze::why::judge::Judge;
use crate::analyze::why::leaves::Leaves;
use crate::analyze::why::naming;
use crate::analyze::why::runs;
use crate::analyze::why::scan;
use crate::analyze::why::scan::Candidate;
use crate::analyze::why::scan::Direction;
use crate::analyze::why::scan::LENSES;
use crate::analyze::why::scan::Lens;
use crate::analyze::why::scan::Ranks;
use crate::analyze::why::scan::Weights;
use crate::domain::Axis;
use crate::domain::Dim;

/// At most so many causes are told.
const MOST_CAUSES: usize = 4;
/// A cause must have this part of the first one's excess.
const LEAST_OF_FIRST: f64 = 0.2;
/// Spend that fell to no less than this part has not fallen: what rose is looked for first.
const STEADY: f64 = 0.95;
/// At most so many slices a round are compared with their history.
const MOST_COMPARED: usize = 12;
/// Slices that share so much of their excess are one to their history.
const ALIKE: f64 = 0.85;

/// A slice that is a cause.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Its conditions: axes by their place in the columns.
    pub(super) slice: Vec<(usize, u32)>,
    /// The lens.
    pub(super) lens: Lens,
    /// Dollars beyond the growth of the rest, below zero for a fall.
    pub(super) excess: f64,
    /// Dollars that it stood out by when it was found: what ranks it.
    pub(super) weight: f64,
    /// The run or user that it comes down to.
    pub(super) narrowed: Option<(Dim, String)>,
}

/// The candidates of a lens in one direction, with the weights behind them.
struct View {
    weights: Weights,
    candidates: Vec<Candidate>,
}

struct Search<'a, S> {
    /// Whether it looks for what went against the whole change.
    turned: bool,
    cube: Cube,
    ranks: Ranks,
    judge: &'a Judge<'a, S>,
    direction: Direction,
}

/// Searches for causes; `floor` dollars are the least.
pub(super) fn search<S: PricedCalls>(
    judge: &Judge<'_, S>,
    leaves: &Leaves,
    floor: f64,
) -> Result<Vec<Found>, S::Error> {
    let columns = judge.columns;
    let axes: Vec<usize> = judge.question.searched.iter().filter_map(|axis| columns.place(axis)).collect();
    let is = |axis: usize, dims: &[Dim]| dims.iter().any(|dim| columns.axes[axis] == Axis::Dim(*dim));
    let mut search = Search {
        judge,
        ranks: Ranks {
            is_how: axes.iter().map(|axis| is(*axis, &[Dim::PromptVersion, Dim::Model, Dim::Provider])).collect(),
            must_be_same: axes
                .iter()
                .map(|axis| [Dim::Model, Dim::Provider].iter().position(|dim| is(*axis, &[*dim])))
                .collect(),
        },
        cube: Cube::new(columns, leaves, axes, floor),
        turned: false,
        direction: if judge.totals[0] >= STEADY * judge.totals[1] { Direction::Up } else { Direction::Down },
    };
    if judge.totals.contains(&0.0) {
        // One side is empty: there is nothing to compare.
        return Ok(Vec::new());
    }
    let mut left = vec![true; search.cube.blocks.len()];
    let mut found: Vec<Candidate> = Vec::new();
    while found.len() < MOST_CAUSES {
        let least = found.first().map_or(floor, |first| floor.max(LEAST_OF_FIRST * first.excess));
        let Some(next) = search.best(&left, least)? else {
            if found.is_empty() && !search.turned {
                search.turned = true;
                search.direction = if search.direction == Direction::Up { Direction::Down } else { Direction::Up };
                continue;
            }
            break;
        };
        for (left, block) in left.iter_mut().zip(&search.cube.blocks) {
            *left = *left && !block.is_in(&next.slice);
        }
        found.push(next);
    }
    let excess = search.beyond_the_rest(&found, &left);
    found.into_iter().zip(excess).map(|(candidate, excess)| search.told(candidate, excess)).collect()
}

impl<S: PricedCalls> Search<'_, S> {
    /// Returns the best slice of those left that stands out through any lens, well named.
    fn best(&self, left: &[bool], least: f64) -> Result<Option<Candidate>, S::Error> {
        let views: Vec<View> = LENSES
            .into_iter()
            .map(|lens| {
                let direction = self.direction;
                let weights = scan::weights(&self.cube.blocks, left, lens, direction);
                let candidates = scan::candidates(&self.cube, left, (lens, direction), &weights, &self.ranks, least);
                View { weights, candidates }
            })
            .collect();
        let mut order: Vec<(usize, &Candidate)> =
            views.iter().enumerate().flat_map(|(at, view)| view.candidates.iter().map(move |c| (at, c))).collect();
        order.sort_by(|a, b| b.1.score.total_cmp(&a.1.score).then_with(|| (a.0, &a.1.slice).cmp(&(b.0, &b.1.slice))));
        let mut usual: Vec<(usize, &Candidate)> = Vec::new();
        for (at, candidate) in order {
            let View { weights, candidates } = &views[at];
            let is_like = |(other_at, other): &(usize, &Candidate)| {
                *other_at == at && self.are_alike(left, weights, candidate, other)
            };
            if usual.len() >= MOST_COMPARED {
                break;
            }
            if usual.iter().any(is_like) {
                continue;
            }
            if !self.judge.stands_out(&self.cube, candidate, self.turned)? {
                usual.push((at, candidate));
                continue;
            }
            let total = if candidate.direction == Direction::Up { self.judge.totals[0] } else { self.judge.totals[1] };
            let named = naming::named(&self.cube, left, weights, candidate, candidates, total);
            if named.lens != Lens::Failures {
                for wide in naming::wider(&self.cube, left, weights, named, candidates) {
                    if self.judge.stands_out(&self.cube, wide, self.turned)? {
                        return Ok(Some(wide.clone()));
                    }
                }
            }
            return Ok(Some(named.clone()));
        }
        Ok(None)
    }

    /// Tells whether two slices find the same excess.
    fn are_alike(&self, left: &[bool], weights: &Weights, one: &Candidate, other: &Candidate) -> bool {
        let mut sums = [0.0; 3];
        for (place, block) in self.cube.blocks.iter().enumerate().filter(|(place, _)| left[*place]) {
            let excess = weights.excess[place].max(0.0);
            let is_in = [block.is_in(&one.slice), block.is_in(&other.slice)];
            sums[0] += if is_in[0] { excess } else { 0.0 };
            sums[1] += if is_in[1] { excess } else { 0.0 };
            sums[2] += if is_in == [true, true] { excess } else { 0.0 };
        }
        sums[2] >= ALIKE * sums[0].max(sums[1])
    }

    /// Returns what each cause has beyond the growth of the calls that no cause holds.
    fn beyond_the_rest(&self, found: &[Candidate], left: &[bool]) -> Vec<f64> {
        let rest = || self.cube.blocks.iter().zip(left).filter(|(_, left)| **left).map(|(block, _)| block);
        let sum = |of: fn(&Block) -> f64| rest().map(of).sum::<f64>();
        let (actual, old, before) = (sum(|b| b.actual), sum(|b| b.at_old_rates), sum(|b| b.before));
        let ratio = |now: f64, then: f64| if now > 0.0 && then > 0.0 { now / then } else { 1.0 };
        let (by_rate, by_volume) = (ratio(actual, old), ratio(old, before));
        let mut taken = vec![false; left.len()];
        let mut excess = Vec::with_capacity(found.len());
        for candidate in found {
            let mut own = 0.0;
            for (taken, block) in taken.iter_mut().zip(&self.cube.blocks) {
                if *taken || !block.is_in(&candidate.slice) {
                    continue;
                }
                *taken = true;
                own += match candidate.lens {
                    Lens::Rate => block.actual - by_rate * block.at_old_rates,
                    Lens::Failures if !block.failed => 0.0,
                    _ => block.actual - by_rate * by_volume * block.before,
                };
            }
            excess.push(own);
        }
        excess
    }

    fn told(&self, candidate: Candidate, excess: f64) -> Result<Found, S::Error> {
        let judge = self.judge;
        let slice: Vec<(usize, u32)> =
            candidate.slice.iter().map(|(axis, code)| (self.cube.axes[*axis], *code)).collect();
        let narrowed = match candidate.lens {
            Lens::Volume if candidate.direction == Direction::Up => {
                runs::inside(judge.source, judge.question, &judge.conditions(&self.cube, &candidate.slice), excess)?
            }
            _ => None,
        };
        Ok(Found { slice, lens: candidate.lens, excess, weight: candidate.beyond, narrowed })
    }
}
