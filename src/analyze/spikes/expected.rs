//! What a series usually costs in each hour of a weekday and of a weekend, learnt from the days before.
//!
//! Weekday or weekend by hour, as a look-back of two weeks can hold (Adobe Analytics does the same over 336 hours).
//! A series of few calls borrows the shape of the whole, and growth is followed with a week's lag.

use crate::analyze::spikes::cells::Cell;
use crate::analyze::spikes::grid::Grid;
use crate::analyze::spikes::grid::SLOTS;
use crate::analyze::spikes::usd;

/// Days that are looked back on.
const MOST_DAYS: usize = 21;
/// Fewer make no history.
pub(super) const LEAST_DAYS: usize = 3;
/// A series with so many calls goes half by its own shape.
const OWN_SHAPE_CALLS: f64 = 200.0;
/// Growth is measured over so many days …
const GROWTH_DAYS: usize = 7;
/// … with so many usual runs on both sides, and taken up to these bounds.
const GROWTH_RUNS: f64 = 5.0;
const GROWTH: (f64, f64) = (0.6, 1.6);
/// No day is closer to its usual cost than this, whatever the history says.
const LEAST_SPREAD: f64 = 0.1;
/// The median absolute deviation of a normal distribution, as a part of its standard deviation.
const MAD_TO_DEVIATION: f64 = 1.4826;

/// A cost a bucket, by kind of day and hour.
pub(super) type Shape = [[f64; SLOTS]; 2];

/// What a series is expected to cost on one day.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// Dollars a bucket.
    pub(super) shape: Shape,
    /// What a run of it usually costs: the mean over dollars, not over runs.
    pub(super) run: f64,
    /// Spread of days around their expected cost, as a part of it.
    pub(super) spread: f64,
    /// The shape of the cost without growth, as parts of its mean.
    pub(super) profile: Shape,
}

/// Returns the days before one that may be learnt from.
pub(super) fn history(grid: &Grid, covered: &[bool], day: usize) -> Vec<usize> {
    let is_covered = |past: &usize| {
        let buckets = grid.days[*past].clone();
        buckets.clone().filter(|bucket| covered[*bucket]).count() * 2 > buckets.len()
    };
    (day.saturating_sub(MOST_DAYS)..day).filter(is_covered).collect()
}

/// What a series cost, bucket by bucket, in dollars or in dollars at usual rates.
pub(super) struct Amounts {
    pub(super) amounts: Vec<f64>,
    /// Sum of squares of its runs.
    pub(super) squares: Vec<f64>,
    pub(super) calls: Vec<u32>,
}

impl Amounts {
    /// Returns a series as it was billed, with every call at its usual rate, and with every run at the mean cost of one.
    pub(super) fn ways(cells: &[Cell]) -> [Amounts; 3] {
        let of = |part: &dyn Fn(&Cell) -> f64| cells.iter().map(part).collect::<Vec<f64>>();
        let (cost, runs) = cells.iter().fold((0.0, 0.0), |sums, cell| (sums.0 + usd(cell.cost), sums.1 + cell.runs));
        let mean = if runs > 0.0 { cost / runs } else { 0.0 };
        let parts: [(Vec<f64>, Vec<f64>); 3] = [
            (of(&|cell| usd(cell.cost)), of(&|cell| cell.squares)),
            (of(&|cell| cell.volume), of(&|cell| cell.volume_squares)),
            (of(&|cell| mean * cell.runs), of(&|cell| mean * mean * cell.runs)),
        ];
        let calls: Vec<u32> = cells.iter().map(|cell| cell.calls).collect();
        parts.map(|(amounts, squares)| Amounts { amounts, squares, calls: calls.clone() })
    }
}

/// Learns what to expect on a day; `None` where the history is too short. `costs` are those of the past as far as they
/// were usual. The total has no profile to borrow.
pub(super) fn learn(
    grid: &Grid,
    covered: &[bool],
    day: usize,
    seen: &Amounts,
    costs: &[f64],
    borrowed: Option<&Shape>,
) -> Option<Expected> {
    let days = history(grid, covered, day);
    if days.len() < LEAST_DAYS {
        return None;
    }
    let past = || days.iter().flat_map(|day| grid.days[*day].clone()).filter(|bucket| covered[*bucket]);
    let (mut sums, mut counts) = ([[0.0; SLOTS]; 2], [[0u32; SLOTS]; 2]);
    let (mut calls, mut squares, mut raw) = (0.0, 0.0, 0.0);
    for bucket in past() {
        let (kind, slot) = (grid.kind(bucket), grid.slots[bucket]);
        sums[kind][slot] += costs[bucket];
        counts[kind][slot] += 1;
        calls += f64::from(seen.calls[bucket]);
        squares += seen.squares[bucket];
        raw += seen.amounts[bucket];
    }
    let number = past().count() as f64;
    let mean = past().map(|bucket| costs[bucket]).sum::<f64>() / number;
    let own = calls / (calls + OWN_SHAPE_CALLS);
    let mut shape = [[0.0; SLOTS]; 2];
    for (kind, slots) in shape.iter_mut().enumerate() {
        for (slot, value) in slots.iter_mut().enumerate() {
            // Where no such day is known, the other kind of day is the best there is.
            let known = [kind, 1 - kind].into_iter().find(|kind| counts[*kind][slot] > 0);
            let seen = known.map_or(mean, |kind| sums[kind][slot] / f64::from(counts[kind][slot]));
            *value = match borrowed {
                None => seen,
                Some(profile) => own * seen + (1.0 - own) * mean * profile[kind][slot],
            };
        }
    }
    let profile = if mean > 0.0 { shape.map(|slots| slots.map(|value| value / mean)) } else { [[1.0; SLOTS]; 2] };
    let run = if raw > 0.0 { squares / raw } else { 0.0 };
    let at = |bucket: usize| shape[grid.kind(bucket)][grid.slots[bucket]];
    let sides = |days: &[usize]| {
        let buckets = days.iter().flat_map(|day| grid.days[*day].clone()).filter(|bucket| covered[*bucket]);
        buckets.fold((0.0, 0.0), |(seen, usual), bucket| (seen + costs[bucket], usual + at(bucket)))
    };
    let (actual, usual) = sides(&days[days.len().saturating_sub(GROWTH_DAYS)..]);
    let floor = GROWTH_RUNS * run;
    let growth = if usual + floor > 0.0 { ((actual + floor) / (usual + floor)).clamp(GROWTH.0, GROWTH.1) } else { 1.0 };
    let ratios = days.iter().map(|day| sides(&[*day])).filter(|(_, usual)| *usual > 0.0);
    let spread = spread(ratios.map(|(seen, usual)| seen / usual - 1.0).collect());
    shape.iter_mut().flatten().for_each(|value| *value *= growth);
    Some(Expected { shape, run, spread, profile })
}

/// Returns the robust spread of days.
fn spread(mut ratios: Vec<f64>) -> f64 {
    let Some(middle) = median(&mut ratios) else { return LEAST_SPREAD };
    let mut apart: Vec<f64> = ratios.iter().map(|ratio| (ratio - middle).abs()).collect();
    median(&mut apart).map_or(LEAST_SPREAD, |apart| (MAD_TO_DEVIATION * apart).max(LEAST_SPREAD))
}

/// Returns the middle of values, the mean of the two middle ones of an even number.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some((values[last / 2] + values[last.div_ceil(2)]) / 2.0)
}
