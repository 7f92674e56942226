//! How much a slice's share of spend has moved between earlier windows of the same shape: what is usual is no cause.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::analyze::why::PricedCalls;
use crate::analyze::why::Question;
use crate::analyze::why::cube::USD;
use crate::analyze::why::scan::Direction;
use crate::domain::Axis;
use crate::domain::Condition;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::Timestamp;
use crate::domain::Window;
use crate::domain::rollup::Logged;
use crate::domain::rollup::RollupQuery;
use crate::domain::window::Grain;

/// At most so many earlier pairs of windows, a day apart, are looked at.
const MOST_PAIRS: usize = 60;
/// With fewer pairs than this the spread is taken for larger than it looks.
const FEW_PAIRS: usize = 3;
const FEW_FACTOR: f64 = 1.6;
/// The spread of a share where nothing is known of it.
const UNKNOWN_SPREAD: f64 = 0.02;
/// No share is steadier than this.
const LEAST_SPREAD: f64 = 0.0005;
/// Weight of the randomness of few, costly runs.
const SHOT: f64 = 1.3;

/// Spend of all calls by hour or day, and the earlier windows of the question's shape.
pub(super) struct History<'s, S> {
    source: &'s S,
    question: &'s Question,
    grain: Grain,
    window: Window,
    buckets: HashMap<Arc<str>, usize>,
    total: Vec<f64>,
    /// Earlier periods with their baselines, as buckets.
    pairs: Vec<[Range<usize>; 2]>,
}

impl<'s, S: PricedCalls> History<'s, S> {
    /// Reads the spend of all calls; the first call of the store was at `first`.
    pub(super) fn read(source: &'s S, question: &'s Question) -> Result<History<'s, S>, S::Error> {
        let Question { period, baseline, zone, .. } = question;
        let is_midnight = |ts: Timestamp| zone.start_of_day(zone.date_of(ts)) == ts;
        let ends = [period.since, period.until, baseline.since, baseline.until];
        let grain = if ends.into_iter().all(is_midnight) { Grain::Day } else { Grain::Hour };
        let step = if grain == Grain::Day { 1 } else { 24 };
        let earliest = period.since.min(baseline.since);
        let reach = Timestamp(earliest.0.saturating_sub(MOST_PAIRS as i64 * DAY + (period.until.0 - earliest.0)));
        let since = question.first.map_or(earliest, |first| first.max(reach));
        // A first bucket in part would be a fall that never was.
        let (start, end) = grain.bucket(since, *zone);
        let since = if start < since && question.first == Some(since) { end } else { start };
        let (mut starts, mut buckets): (Vec<i64>, HashMap<Arc<str>, usize>) = Default::default();
        let mut at = since;
        while at < period.until.max(baseline.until) {
            let (start, end) = grain.bucket(at, *zone);
            buckets.insert(grain.label(start, *zone).into(), starts.len());
            starts.push(start.0);
            at = end;
        }
        let place = |ts: Timestamp| starts.partition_point(|start| *start < ts.0);
        let now = [place(period.since)..place(period.until), place(baseline.since)..place(baseline.until)];
        let is_known = since <= earliest && now.iter().all(|range| !range.is_empty());
        let back = |by: usize| {
            let shift = |range: &Range<usize>| Some(range.start.checked_sub(by)?..range.end.checked_sub(by)?);
            Some([shift(&now[0])?, shift(&now[1])?])
        };
        // What is asked about is no history of itself.
        let later = now[0].start.max(now[1].start);
        let pairs = (1..=MOST_PAIRS + now[0].len())
            .filter_map(|steps| back(steps * step))
            .filter(|pair| is_known && pair[0].end.max(pair[1].end) <= later)
            .collect();
        let window = Window { since: Some(since), until: Some(period.until.max(baseline.until)) };
        let mut history = History { source, question, grain, window, buckets, total: Vec::new(), pairs };
        if !history.pairs.is_empty() {
            history.total = history.series(&[])?;
        }
        Ok(history)
    }

    /// Returns how many earlier pairs of windows there are.
    pub(super) fn pairs(&self) -> usize {
        self.pairs.len()
    }

    fn query(&self, by: Axis, more: &[Condition], window: Window) -> RollupQuery {
        let mut filter: Filter = self.question.filter.clone();
        filter.0.extend(more.iter().cloned());
        RollupQuery { by: vec![by], window, filter, zone: self.question.zone, logged: Logged::Ignored }
    }

    /// Returns the spend of some calls by bucket, in dollars.
    fn series(&self, more: &[Condition]) -> Result<Vec<f64>, S::Error> {
        let rollup = self.source.rollup(&self.query(Axis::Time(self.grain), more, self.window))?;
        let mut series = vec![0.0; self.buckets.len()];
        for group in 0..rollup.len() {
            if let Some(at) = rollup.value(group, 0).and_then(|label| self.buckets.get(label)) {
                series[*at] += rollup.cost[group].pico() as f64 * USD;
            }
        }
        Ok(series)
    }

    /// Returns how unusual a change of a slice's share of spend is, from before to now: as a multiple of what it did
    /// earlier.
    ///
    /// `usual` are the conditions whose history counts, `own` those of the slice itself.
    pub(super) fn score(
        &self,
        [now, before]: [f64; 2],
        usual: &[Condition],
        own: &[Condition],
        direction: Direction,
        totals: [f64; 2],
    ) -> Result<f64, S::Error> {
        // How far the scale moves for a small change of share, about here.
        let steepness = slope((now + before) / 2.0);
        let spread = match self.pairs.len() {
            0 => UNKNOWN_SPREAD * steepness,
            pairs => {
                let series = self.series(usual)?;
                let share = |range: &Range<usize>| {
                    let sum = |of: &[f64]| of[range.clone()].iter().sum::<f64>();
                    let all = sum(&self.total);
                    if all > 0.0 { sum(&series) / all } else { 0.0 }
                };
                let squares = self.pairs.iter().map(|[now, then]| (scaled(share(now)) - scaled(share(then))).powi(2));
                let spread = (squares.sum::<f64>() / pairs as f64).sqrt();
                if pairs < FEW_PAIRS { spread * FEW_FACTOR } else { spread }
            }
        };
        let (total, share) = if direction == Direction::Up { (totals[0], now) } else { (totals[1], before) };
        let shot = SHOT * self.run_noise(own, direction)? / total.max(USD) * steepness * (1.0 - share);
        Ok((scaled(now) - scaled(before)) / spread.max(shot).max(LEAST_SPREAD * steepness))
    }

    /// Returns how far the spend of a slice may move because few, costly runs come and go by chance: the root of the
    /// summed squares of what its runs cost.
    fn run_noise(&self, own: &[Condition], direction: Direction) -> Result<f64, S::Error> {
        Ok(root_of_squares(self.runs(own, direction)?.into_iter().map(|run| run.cost * run.cost / run.of)))
    }

    /// Returns how far the cost of a slice's calls may move by chance, their number given: the root of the summed squares
    /// of what its runs cost beyond its average call. Calls of one run are alike, so the run is what is drawn.
    pub(super) fn rate_noise(&self, own: &[Condition], direction: Direction) -> Result<f64, S::Error> {
        let runs = self.runs(own, direction)?;
        let (cost, calls) = runs.iter().fold((0.0, 0.0), |(cost, calls), run| (cost + run.cost, calls + run.calls));
        let average = if calls > 0.0 { cost / calls } else { 0.0 };
        let beyond = |run: Run| match run.of > 1.0 {
            // Calls without a run: nothing is known but their mean, which their spread is about.
            true => run.cost * run.cost / run.calls,
            false => (run.cost - average * run.calls).powi(2),
        };
        Ok(root_of_squares(runs.into_iter().map(beyond)))
    }

    /// Returns what the runs of a slice cost: in the period, or for what fell before.
    fn runs(&self, own: &[Condition], direction: Direction) -> Result<Vec<Run>, S::Error> {
        let Question { period, baseline, .. } = self.question;
        let window = if direction == Direction::Up { period.window() } else { baseline.window() };
        let rollup = self.source.rollup(&self.query(Axis::Dim(Dim::Run), own, window))?;
        let run = |group: usize| {
            let calls = rollup.calls[group] as f64;
            // Calls without a run are runs of one call, some twice as spread as their mean.
            let of = if rollup.is_untagged(group) { (calls / 2.0).max(1.0) } else { 1.0 };
            Run { cost: rollup.cost[group].pico() as f64 * USD, calls, of }
        };
        Ok((0..rollup.len()).map(run).collect())
    }
}

/// A run of a slice, or all its calls without one.
#[derive(Clone, Copy, Debug)]
struct Run {
    cost: f64,
    calls: f64,
    /// How many runs it stands for.
    of: f64,
}

/// Adds squares in an order of their own, so that no order of a log decides, and returns the root.
fn root_of_squares(squares: impl Iterator<Item = f64>) -> f64 {
    let mut squares: Vec<f64> = squares.collect();
    squares.sort_by(f64::total_cmp);
    squares.iter().sum::<f64>().sqrt()
}

/// Puts a share on a scale on which that of a large slice moves as far as that of a small one when its spend doubles:
/// log odds, but for the smallest shares.
fn scaled(share: f64) -> f64 {
    ((share + SMALL_SHARE) / (1.0 - share + SMALL_SHARE)).ln()
}

/// Returns the slope of that scale.
fn slope(share: f64) -> f64 {
    1.0 / (share + SMALL_SHARE) + 1.0 / (1.0 - share + SMALL_SHARE)
}

/// Below this share, odds say little.
const SMALL_SHARE: f64 = 0.05;

const DAY: i64 = 86_400 * crate::domain::time::NANOS;
