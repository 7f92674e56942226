//! The search: take the best slice that stands out, name it, take it out, look again.

use crate::analyze::why::PricedCalls;
use crate::analyze::why::Question;
use crate::analyze::why::columns::Columns;
use crate::analyze::why::cube::Block;
use crate::analyze::why::cube::Condition;
use crate::analyze::why::cube::Cube;
use crate::analyze::why::history::History;
use crate::analyze::why::leaves::Leaves;
use crate::analyze::why::runs;
use crate::analyze::why::scan;
use crate::analyze::why::scan::Candidate;
use crate::analyze::why::scan::Direction;
use crate::analyze::why::scan::LENSES;
use crate::analyze::why::scan::Lens;
use crate::analyze::why::scan::Ranks;
use crate::analyze::why::scan::Weights;
use crate::domain;
use crate::domain::Axis;
use crate::domain::Dim;

/// At most so many causes are told.
const MOST_CAUSES: usize = 4;
/// A cause must have this part of the first one's excess.
const LEAST_OF_FIRST: f64 = 0.2;
/// How many times the usual a change of a share of spend must be.
const LEAST_SCORE: f64 = 4.0;
/// How many times the randomness of its runs the excess of dearer, or of failed, calls must be.
const LEAST_RATE_SCORE: f64 = 2.4;
const LEAST_FAILURE_SCORE: f64 = 1.5;
/// What goes against the whole change must have moved by so much of its excess itself.
const OWN_MOVE: f64 = 0.7;
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

struct Search<'a, 's, S> {
    /// Whether it looks for what went against the whole change.
    turned: bool,
    columns: &'a Columns,
    cube: Cube,
    ranks: Ranks,
    history: &'a History<'s, S>,
    /// Dollars of the period, and of the baseline.
    totals: [f64; 2],
    direction: Direction,
}

/// Searches for causes; `floor` dollars are the least.
pub(super) fn search<S: PricedCalls>(
    source: &S,
    question: &Question,
    columns: &Columns,
    leaves: &Leaves,
    history: &History<'_, S>,
    floor: f64,
) -> Result<Vec<Found>, S::Error> {
    let axes: Vec<usize> = question.searched.iter().filter_map(|axis| columns.place(axis)).collect();
    let totals = [&columns.period, &columns.baseline].map(|side| side.total() as f64 * super::cube::USD);
    let is = |axis: usize, dims: &[Dim]| dims.iter().any(|dim| columns.axes[axis] == Axis::Dim(*dim));
    let mut search = Search {
        columns,
        ranks: Ranks {
            is_how: axes.iter().map(|axis| is(*axis, &[Dim::PromptVersion, Dim::Model, Dim::Provider])).collect(),
            must_be_same: axes
                .iter()
                .map(|axis| [Dim::Model, Dim::Provider].iter().position(|dim| is(*axis, &[*dim])))
                .collect(),
        },
        cube: Cube::new(columns, leaves, axes, floor),
        history,
        totals,
        turned: false,
        direction: if totals[0] >= totals[1] { Direction::Up } else { Direction::Down },
    };
    if totals.contains(&0.0) {
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
    found.into_iter().zip(excess).map(|(candidate, excess)| search.told(source, question, candidate, excess)).collect()
}

impl<S: PricedCalls> Search<'_, '_, S> {
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
            if !self.stands_out(candidate)? {
                usual.push((at, candidate));
                continue;
            }
            let total = if candidate.direction == Direction::Up { self.totals[0] } else { self.totals[1] };
            return Ok(Some(scan::named(&self.cube, left, weights, candidate, candidates, total).clone()));
        }
        Ok(None)
    }

    /// Tells whether a slice did what it does not usually do: more calls by its own history, dearer ones by what its
    /// runs cost, of which a few dear ones come and go.
    fn stands_out(&self, candidate: &Candidate) -> Result<bool, S::Error> {
        if self.turned && !self.moved_itself(candidate) {
            return Ok(false);
        }
        let least = match candidate.lens {
            Lens::Rate => LEAST_RATE_SCORE,
            Lens::Failures => LEAST_FAILURE_SCORE,
            _ => return Ok(self.score(candidate)? >= LEAST_SCORE),
        };
        let noise = self.history.rate_noise(&self.conditions(&candidate.slice), candidate.direction)?;
        Ok(candidate.excess >= least * noise)
    }

    /// Tells whether a slice's own spend moved by most of its excess: where everything else rose, what stayed as it was
    /// has not fallen. And where spend rose, nobody asks what became cheaper, only what is gone.
    fn moved_itself(&self, candidate: &Candidate) -> bool {
        if candidate.direction == Direction::Down && candidate.lens != Lens::Volume {
            return false;
        }
        let inside = self.cube.blocks.iter().filter(|block| block.is_in(&candidate.slice));
        let moved: f64 = inside.map(|block| block.actual - block.before).sum();
        let moved = if candidate.direction == Direction::Up { moved } else { -moved };
        moved >= OWN_MOVE * candidate.excess
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

    /// Returns how unusual a slice's change of its share of spend is.
    fn score(&self, candidate: &Candidate) -> Result<f64, S::Error> {
        let inside = || self.cube.blocks.iter().filter(|block| block.is_in(&candidate.slice));
        let actual: f64 = inside().map(|block| block.actual).sum();
        let before: f64 = inside().map(|block| block.before).sum();
        let shares = [actual / self.totals[0], before / self.totals[1]];
        let own = self.conditions(&candidate.slice);
        let score = self.history.score(
            shares,
            &self.usual_conditions(&candidate.slice),
            &own,
            candidate.direction,
            self.totals,
        )?;
        Ok(if candidate.direction == Direction::Up { score } else { -score })
    }

    fn condition(&self, axis: usize, code: u32) -> Option<domain::Condition> {
        let value = self.columns.values[axis].get((code as usize).checked_sub(1)?)?;
        Some(domain::Condition::is(self.columns.axes[axis].clone(), Some(value)))
    }

    fn conditions(&self, slice: &[Condition]) -> Vec<domain::Condition> {
        slice.iter().filter_map(|(axis, code)| self.condition(self.cube.axes[*axis], *code)).collect()
    }

    /// Returns the conditions whose history counts: a prompt version is new every time, so its feature stands for it.
    fn usual_conditions(&self, slice: &[Condition]) -> Vec<domain::Condition> {
        let is = |axis: usize, dim: Dim| self.columns.axes[self.cube.axes[axis]] == Axis::Dim(dim);
        let (versions, mut others): (Vec<Condition>, Vec<Condition>) =
            slice.iter().partition(|(axis, _)| is(*axis, Dim::PromptVersion));
        let feature = (0..self.cube.axes.len()).find(|axis| is(*axis, Dim::Feature));
        if let (false, Some(feature)) = (versions.is_empty(), feature)
            && !others.iter().any(|(axis, _)| *axis == feature)
        {
            let cost = |block: &Block| block.actual.max(block.before);
            let inside = self.cube.blocks.iter().filter(|block| block.is_in(slice) && block.codes[feature] != 0);
            let main = inside.max_by(|a, b| cost(a).total_cmp(&cost(b)));
            others.extend(main.map(|block| (feature, block.codes[feature])));
        }
        if others.is_empty() { self.conditions(slice) } else { self.conditions(&others) }
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

    fn told(&self, source: &S, question: &Question, candidate: Candidate, excess: f64) -> Result<Found, S::Error> {
        let slice: Vec<(usize, u32)> =
            candidate.slice.iter().map(|(axis, code)| (self.cube.axes[*axis], *code)).collect();
        let narrowed = match candidate.lens {
            Lens::Volume if candidate.direction == Direction::Up => {
                runs::inside(source, question, &self.conditions(&candidate.slice), excess)?
            }
            _ => None,
        };
        Ok(Found { slice, lens: candidate.lens, excess, weight: candidate.excess, narrowed })
    }
}
