//! Series of what calls cost each: a call, a token or a failure that costs more than such work usually does.
//!
//! What a busy series costs hides a prompt of four times the size. What it costs beyond its calls at their usual rate
//! does not: traffic, growth and the time of day are no part of it.

use std::ops::Range;

use crate::analyze::spikes::cells::UnitCell;
use crate::analyze::spikes::cells::Usual;
use crate::analyze::spikes::cost::ADOPTED_DAYS;
use crate::analyze::spikes::cost::Among;
use crate::analyze::spikes::cost::Judge;
use crate::analyze::spikes::episode::Episode;
use crate::analyze::spikes::episode::Kind;
use crate::analyze::spikes::episode::Marks;
use crate::analyze::spikes::episode::Prefix;
use crate::analyze::spikes::expected;
use crate::analyze::spikes::rates::Dear;
use crate::analyze::spikes::usd;

/// Hours of the windows that are tested.
const WINDOWS: [usize; 3] = [6, 24, 72];
/// How many standard deviations the excess must lie above none, and how many more for ten times as many series.
const SCORE_BY_TENFOLD: f64 = 0.5;
/// And more for a customer, whose work is a mix of its own.
const CUSTOMER_SCORE: f64 = 1.5;
/// Rates spread less than costs: the excess must be this part of what is asked of a series of costs.
const EXCESS_PART: f64 = 0.5;
/// Runs at the usual rate that a series' own rate is mixed with.
const USUAL_RUNS: f64 = 5.0;
/// Runs at the spread of all series that a series' own spread is mixed with.
const POOLED_RUNS: f64 = 20.0;

/// A way of telling what calls usually cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Call,
    Token,
    Failure,
}

impl Unit {
    pub(super) const ALL: [Unit; 3] = [Unit::Call, Unit::Token, Unit::Failure];

    /// Returns the least score, by the spread of the past and by that which a window itself shows. Calls differ in
    /// size, tokens in kind, and failures are hardly ever many by chance.
    fn least(self) -> (f64, f64) {
        match self {
            Unit::Call => (5.5, 3.0),
            Unit::Token => (5.0, 2.7),
            Unit::Failure => (4.0, 2.2),
        }
    }

    /// Returns a bucket's dollars, their squares over runs, and what is usual.
    fn of(self, cell: &UnitCell) -> (f64, f64, Usual) {
        match self {
            Unit::Call => (usd(cell.cost), cell.squares, cell.by_call),
            Unit::Token => (usd(cell.cost), cell.squares, cell.by_token),
            Unit::Failure => (usd(cell.failed), cell.failed_squares, cell.by_failure),
        }
    }
}

/// One series by one way of telling, bucket by bucket.
struct Series {
    amounts: Prefix,
    squares: Prefix,
    usual: Prefix,
    usual_squares: Prefix,
    cross: Prefix,
    chance: Prefix,
}

impl Series {
    fn new(cells: &[UnitCell], unit: Unit) -> Series {
        let of = |part: fn((f64, f64, Usual)) -> f64| Prefix::of(cells.iter().map(|cell| part(unit.of(cell))));
        Series {
            amounts: of(|(amount, _, _)| amount),
            squares: of(|(_, squares, _)| squares),
            usual: of(|(_, _, usual)| usual.amount),
            usual_squares: of(|(_, _, usual)| usual.squares),
            cross: of(|(_, _, usual)| usual.cross),
            chance: of(|(_, _, usual)| usual.chance),
        }
    }

    /// Returns over a span the sum over runs of (amount less usual amount) squared, where all that is usual is larger by
    /// a factor.
    fn residual(&self, span: Range<usize>, factor: f64) -> f64 {
        let usual = factor * factor * self.usual_squares.sum(span.clone());
        (self.squares.sum(span.clone()) - factor * self.cross.sum(span) + usual).max(0.0)
    }

    /// Returns what the variance of a span's amount goes with.
    fn chance(&self, span: Range<usize>, factor: f64) -> f64 {
        factor * factor * self.chance.sum(span)
    }

    /// Returns the standard deviation of a span's excess as its runs show it: how far they lie from all being dearer by
    /// one factor (the ratio estimator of survey sampling). Of few runs, that they agree says little.
    fn seen(&self, span: Range<usize>, factor: f64) -> f64 {
        let residual = self.residual(span.clone(), factor);
        let squares = factor * factor * self.usual_squares.sum(span.clone());
        let usual = factor * self.usual.sum(span.clone());
        if usual <= 0.0 || squares <= 0.0 {
            return residual.sqrt();
        }
        let dearer = self.amounts.sum(span.clone()) / usual * factor;
        let runs = usual * usual / squares;
        (self.residual(span, dearer) + residual / runs).sqrt()
    }
}

/// Sums of the past of one series.
#[derive(Clone, Copy, Debug, Default)]
struct Past {
    amount: f64,
    squares: f64,
    usual: f64,
    usual_squares: f64,
    residual: f64,
    chance: f64,
}

impl Judge<'_> {
    /// Returns the episodes of the series of one axis. A customer has rates of its own; those of a feature or a version
    /// are what the rates of work are made of.
    pub(super) fn unit_episodes(&self, axis: &[Vec<UnitCell>], unit: Unit, among: Among) -> Vec<Vec<Episode>> {
        let series: Vec<Series> = axis.iter().map(|cells| Series::new(cells, unit)).collect();
        let pooled = self.pooled(&series);
        let (least, seen) = unit.least();
        let by_values = SCORE_BY_TENFOLD * (among.values.max(1) as f64).log10();
        let least = least + by_values + if among.is_customer { CUSTOMER_SCORE } else { 0.0 };
        series.iter().map(|series| self.unit_series(series, &pooled, (least, seen), among.is_customer)).collect()
    }

    /// Returns by day how far runs of all series lie from what is usual, as squares and as parts of its squares.
    fn pooled(&self, series: &[Series]) -> Vec<f64> {
        let by_day: Vec<(f64, f64)> = self
            .grid
            .days
            .iter()
            .map(|day| {
                let one = |series: &Series| (series.residual(day.clone(), 1.0), series.chance(day.clone(), 1.0));
                series.iter().map(one).fold((0.0, 0.0), |sums, one| (sums.0 + one.0, sums.1 + one.1))
            })
            .collect();
        (0..by_day.len())
            .map(|day| {
                let past = expected::history(self.grid, self.covered, day);
                let sums = past.iter().fold((0.0, 0.0), |s, d| (s.0 + by_day[*d].0, s.1 + by_day[*d].1));
                if sums.1 > 0.0 { sums.0 / sums.1 } else { 0.0 }
            })
            .collect()
    }

    fn unit_series(&self, series: &Series, pooled: &[f64], least: (f64, f64), has_own_rate: bool) -> Vec<Episode> {
        let grid = self.grid;
        let mut marks = Marks::new(grid.len());
        let mut factors = vec![1.0; grid.len()];
        let mut dear = Dear::new(grid.days.len());
        let mut first = None;
        let mut flagged_days = 0;
        for (day, buckets) in grid.days.iter().enumerate() {
            let mut history = expected::history(grid, self.covered, day);
            if history.len() < expected::LEAST_DAYS {
                continue;
            }
            if !self.can_reach(&series.amounts, buckets, self.floors[day]) {
                flagged_days = 0;
                continue;
            }
            history.retain(|day| !dear.is_out[*day]);
            let first = *first.get_or_insert(buckets.start);
            let (factor, spread) = self.learnt(series, &history, &marks, pooled[day], has_own_rate);
            factors[buckets.clone()].fill(factor);
            for bucket in buckets.clone() {
                self.test_unit(series, &mut marks, first, bucket, (factor, spread, least, self.floors[day]));
            }
            let usual = factor * series.usual.sum(buckets.clone());
            dear.see(day, series.amounts.sum(buckets.clone()), usual, self.floors[day]);
            flagged_days = if buckets.clone().any(|b| marks.flagged[b]) { flagged_days + 1 } else { 0 };
            if flagged_days >= ADOPTED_DAYS {
                marks.forget(grid.days[day + 1 - ADOPTED_DAYS].start..buckets.end);
            }
        }
        let slack = 1.0 + (self.times - 1.0) * EXCESS_PART / 2.0;
        let usual = |bucket: usize| factors[bucket] * series.usual.at(bucket);
        let gain = |bucket: usize| series.amounts.at(bucket) - slack * usual(bucket);
        let spans = marks.spans(grid.buckets(6), gain, usual);
        spans
            .into_iter()
            .map(|span| {
                let expected: f64 = span.clone().map(usual).sum();
                let excess = series.amounts.sum(span.clone()) - expected;
                let (detected, score) = marks.best(&span);
                let kind = if grid.hours(span.len()) >= 60.0 { Kind::Level } else { Kind::Spike };
                Episode { span, detected, excess, score, kind }
            })
            .collect()
    }

    /// Returns by how much a series is usually dearer than its work, and the relative variance of its runs.
    fn learnt(&self, series: &Series, history: &[usize], marks: &Marks, pooled: f64, has_own_rate: bool) -> (f64, f64) {
        let mut past = Past::default();
        let is_usual = |bucket: &usize| self.covered[*bucket] && !marks.flagged[*bucket];
        let buckets = || history.iter().flat_map(|day| self.grid.days[*day].clone()).filter(is_usual);
        for bucket in buckets() {
            past.amount += series.amounts.at(bucket);
            past.squares += series.squares.at(bucket);
            past.usual += series.usual.at(bucket);
        }
        let run = if past.amount > 0.0 { past.squares / past.amount } else { 0.0 };
        let mixed = USUAL_RUNS * run;
        let factor = match has_own_rate && past.usual + mixed > 0.0 {
            true => (past.amount + mixed) / (past.usual + mixed),
            false => 1.0,
        };
        for bucket in buckets() {
            past.residual += series.residual(bucket..bucket + 1, factor);
            past.chance += series.chance(bucket..bucket + 1, factor);
            past.usual_squares += series.usual_squares.at(bucket);
        }
        let own = if past.chance > 0.0 { past.residual / past.chance } else { 0.0 };
        let runs = if past.usual_squares > 0.0 { past.usual.powi(2) / past.usual_squares } else { 0.0 };
        (factor, ((runs * own + POOLED_RUNS * pooled) / (runs + POOLED_RUNS)).max(0.0))
    }

    /// Tests the windows that end with a bucket.
    fn test_unit(
        &self,
        series: &Series,
        marks: &mut Marks,
        first: usize,
        bucket: usize,
        (factor, spread, (least, least_seen), floor): (f64, f64, (f64, f64), f64),
    ) {
        let mut tested = 0;
        for hours in WINDOWS {
            let width = self.grid.buckets(hours);
            if width == tested || bucket + 1 < first + width {
                continue;
            }
            tested = width;
            let window = bucket + 1 - width..bucket + 1;
            let usual = factor * series.usual.sum(window.clone());
            let excess = series.amounts.sum(window.clone()) - usual;
            if excess < floor || excess < (self.times - 1.0) * EXCESS_PART * usual {
                continue;
            }
            let chance = series.chance(window.clone(), factor);
            let score = excess / (spread * chance).max(f64::MIN_POSITIVE).sqrt();
            let seen = excess / series.seen(window.clone(), factor).max(f64::MIN_POSITIVE);
            if score < least || seen < least_seen {
                continue;
            }
            let is_above = |bucket: usize| series.amounts.at(bucket) > factor * series.usual.at(bucket);
            // Without any usual spread the score has no bound; what the window itself shows is then all there is.
            let score = score.min(seen * least / least_seen);
            marks.fire(window, bucket, score, is_above);
        }
    }
}
