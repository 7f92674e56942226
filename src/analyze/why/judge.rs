//! Whether a slice stands out: it did what it does not usually do, or what chance does not do.

use std::cell::OnceCell;

use crate::analyze::why::PricedCalls;
use crate::analyze::why::Question;
use crate::analyze::why::columns::Columns;
use crate::analyze::why::cube::Block;
use crate::analyze::why::cube::Condition;
use crate::analyze::why::cube::Cube;
use crate::analyze::why::cube::USD;
use crate::analyze::why::history::History;
use crate::analyze::why::noise::Runs;
use crate::analyze::why::scan::Candidate;
use crate::analyze::why::scan::Direction;
use crate::analyze::why::scan::Lens;
use crate::domain;

/// How many times the usual a change of a share of spend must be.
const LEAST_SCORE: f64 = 3.0;
/// How many times what chance does the excess of dearer calls must be …
const LEAST_RATE_SCORE: f64 = 4.0;
/// … or at least so much, where what they carry changed by so many times what chance does.
const LEAST_WITH_CARRIED: f64 = 1.5;
const LEAST_CARRIED: f64 = 4.5;
/// How many times what chance does the excess of failed calls must be.
const LEAST_FAILURE_SCORE: f64 = 1.0;
/// What goes against the whole change must have moved by so much of its excess itself.
const OWN_MOVE: f64 = 0.7;

/// What slices are judged by.
pub(super) struct Judge<'a, S> {
    pub(super) source: &'a S,
    pub(super) question: &'a Question,
    pub(super) columns: &'a Columns,
    /// Dollars of the period, and of the baseline.
    pub(super) totals: [f64; 2],
    history: History<'a, S>,
    /// How much dearer or cheaper chance makes all calls, in dollars.
    noise: OnceCell<f64>,
}

impl<'a, S: PricedCalls> Judge<'a, S> {
    /// Reads what was earlier.
    pub(super) fn read(source: &'a S, question: &'a Question, columns: &'a Columns) -> Result<Judge<'a, S>, S::Error> {
        let totals = [&columns.period, &columns.baseline].map(|side| side.total() as f64 * USD);
        let history = History::read(source, question)?;
        Ok(Judge { source, question, columns, totals, history, noise: OnceCell::new() })
    }

    /// Returns how many earlier pairs of windows there are.
    pub(super) fn pairs(&self) -> usize {
        self.history.pairs()
    }

    /// Tells whether a slice did what it does not usually do: more calls by its own history, dearer ones by what its
    /// runs cost, of which a few dear ones come and go. If `turned`, it goes against the whole change.
    pub(super) fn stands_out(&self, cube: &Cube, candidate: &Candidate, turned: bool) -> Result<bool, S::Error> {
        if turned && !moved_itself(cube, candidate) {
            return Ok(false);
        }
        let own = self.conditions(cube, &candidate.slice);
        let runs = Runs::read(self.source, self.question, &own)?;
        let sign = if candidate.direction == Direction::Up { 1.0 } else { -1.0 };
        match candidate.lens {
            Lens::Rate => {
                let score = self.rate_score(candidate, &runs)?;
                let carried = || runs.carried().into_iter().any(|score| sign * score >= LEAST_CARRIED);
                Ok(score >= LEAST_RATE_SCORE || score >= LEAST_WITH_CARRIED && carried())
            }
            Lens::Failures => Ok(candidate.excess >= LEAST_FAILURE_SCORE * runs.of_rate()),
            _ => Ok(sign * self.volume_score(cube, candidate, &own, &runs)? >= LEAST_SCORE),
        }
    }

    /// Returns how unusual a slice's change of its share of spend is.
    fn volume_score(
        &self,
        cube: &Cube,
        candidate: &Candidate,
        own: &[domain::Condition],
        runs: &Runs,
    ) -> Result<f64, S::Error> {
        let sum = |of: fn(&Block) -> f64| {
            cube.blocks.iter().filter(|block| block.is_in(&candidate.slice)).map(of).sum::<f64>()
        };
        let shares = [sum(|block| block.actual) / self.totals[0], sum(|block| block.before) / self.totals[1]];
        let side = usize::from(candidate.direction == Direction::Down);
        let shot = runs.of_volume()[side] / self.totals[side] * (1.0 - shares[side]);
        self.history.score(shares, own, shot)
    }

    /// Returns the excess of dearer calls beyond everything else's, as a multiple of what chance does to both.
    fn rate_score(&self, candidate: &Candidate, runs: &Runs) -> Result<f64, S::Error> {
        let all = match self.noise.get() {
            Some(noise) => *noise,
            None => {
                let noise = Runs::read(self.source, self.question, &[])?.of_rate();
                *self.noise.get_or_init(|| noise)
            }
        };
        let own = runs.of_rate();
        let rest = (all * all - own * own).max(0.0).sqrt();
        // What everything else does moves what is to be expected of the slice, by as much as the slice is larger.
        let larger = candidate.beyond / candidate.excess - 1.0;
        Ok(candidate.beyond / own.hypot(rest * larger).max(USD))
    }

    fn condition(&self, axis: usize, code: u32) -> Option<domain::Condition> {
        let value = self.columns.values[axis].get((code as usize).checked_sub(1)?)?;
        Some(domain::Condition::is(self.columns.axes[axis].clone(), Some(value)))
    }

    /// Returns the conditions of a slice as a filter has them.
    pub(super) fn conditions(&self, cube: &Cube, slice: &[Condition]) -> Vec<domain::Condition> {
        slice.iter().filter_map(|(axis, code)| self.condition(cube.axes[*axis], *code)).collect()
    }
}

/// Tells whether a slice itself moved by most of its excess, in calls or in what they cost: where everything else rose,
/// what stayed as it was has not fallen. And where spend rose, nobody asks what became cheaper, only what is gone.
fn moved_itself(cube: &Cube, candidate: &Candidate) -> bool {
    if candidate.direction == Direction::Down && candidate.lens != Lens::Volume {
        return false;
    }
    let own = |block: &Block| match candidate.lens {
        Lens::Rate => block.actual - block.at_old_rates,
        Lens::Volume => block.at_old_rates - block.before,
        _ => block.actual - block.before,
    };
    let moved: f64 = cube.blocks.iter().filter(|block| block.is_in(&candidate.slice)).map(own).sum();
    let moved = if candidate.direction == Direction::Up { moved } else { -moved };
    moved >= OWN_MOVE * candidate.beyond
}
