//! How much a slice's share of spend has moved between earlier windows of the same shape: what is usual is no cause.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::analyze::why::PricedCalls;
use crate::analyze::why::Question;
use crate::analyze::why::cube::USD;
use crate::domain::Axis;
use crate::domain::Condition;
use crate::domain::Timestamp;
use crate::domain::Window;
use crate::domain::rollup::Logged;
use crate::domain::rollup::RollupQuery;
use crate::domain::window::Grain;

/// At most so many earlier pairs of windows, a day apart, are looked at.
const MOST_PAIRS: usize = 60;
/// As many independent pairs of windows is what its days tell of a share worth.
const DAYS_WEIGHT: f64 = 3.0;
/// Fewer days than this tell nothing.
const FEW_DAYS: usize = 3;
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
    /// The period, as buckets.
    period: Range<usize>,
    /// Earlier days, as buckets.
    days: Vec<Range<usize>>,
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
        let start = now[0].start;
        let days = (1..=MOST_PAIRS)
            .filter_map(|steps| Some(start.checked_sub(steps * step)?..start - (steps - 1) * step))
            .collect();
        let window = Window { since: Some(since), until: Some(period.until.max(baseline.until)) };
        let [period, _] = now;
        let mut history = History { source, question, grain, window, buckets, total: Vec::new(), pairs, days, period };
        history.total = history.series(&[])?;
        Ok(history)
    }

    /// Returns how many earlier pairs of windows there are.
    pub(super) fn pairs(&self) -> usize {
        self.pairs.len()
    }

    /// Returns the spend of some calls by bucket, in dollars.
    fn series(&self, more: &[Condition]) -> Result<Vec<f64>, S::Error> {
        let mut filter = self.question.filter.clone();
        filter.0.extend(more.iter().cloned());
        let by = vec![Axis::Time(self.grain)];
        let zone = self.question.zone;
        let rollup =
            self.source.rollup(&RollupQuery { by, window: self.window, filter, zone, logged: Logged::Ignored })?;
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
    /// `own` are its conditions; `shot` is how far the larger share may move because few, costly runs come and go by
    /// chance.
    pub(super) fn score(&self, [now, before]: [f64; 2], own: &[Condition], shot: f64) -> Result<f64, S::Error> {
        // How far the scale moves for a small change of share, about here.
        let steepness = slope((now + before) / 2.0);
        let series = self.series(own)?;
        let days = self.period.len() as f64 / if self.grain == Grain::Day { 1.0 } else { 24.0 };
        // Pairs that overlap tell the same again.
        let weight = self.pairs.len() as f64 / days.max(1.0);
        let by_days = self.spread_by_days(&series, days).unwrap_or(UNKNOWN_SPREAD) * steepness;
        let squares = weight * self.spread_by_pairs(&series).powi(2) + DAYS_WEIGHT * by_days.powi(2);
        let spread = (squares / (weight + DAYS_WEIGHT)).sqrt();
        Ok((scaled(now) - scaled(before)) / spread.max(SHOT * shot * steepness).max(LEAST_SPREAD * steepness))
    }

    /// Returns how far the share, on its scale, moved between the windows of earlier pairs.
    fn spread_by_pairs(&self, series: &[f64]) -> f64 {
        let share = |range: &Range<usize>| {
            let all = sum(&self.total, range);
            scaled(if all > 0.0 { sum(series, range) / all } else { 0.0 })
        };
        let squares = self.pairs.iter().map(|[now, then]| (share(now) - share(then)).powi(2));
        (squares.sum::<f64>() / self.pairs.len().max(1) as f64).sqrt()
    }

    /// Returns how far the shares of two windows of so many days lie apart if each day differs from the mean by chance, as
    /// earlier days did. A short log has few pairs of windows, but several days.
    fn spread_by_days(&self, series: &[f64], days: f64) -> Option<f64> {
        let known: Vec<[f64; 2]> = self
            .days
            .iter()
            .map(|day| [sum(series, day), sum(&self.total, day)])
            .filter(|[_, all]| *all > 0.0)
            .collect();
        if known.len() < FEW_DAYS {
            return None;
        }
        let [own, all] = known.iter().fold([0.0, 0.0], |[own, all], day| [own + day[0], all + day[1]]);
        let beyond: f64 = known.iter().map(|[own_day, all_day]| (own_day - own / all * all_day).powi(2)).sum();
        let by_day = beyond / (known.len() - 1) as f64;
        Some((2.0 * by_day * days).sqrt() / (all / known.len() as f64 * days))
    }
}

/// Sums buckets.
fn sum(series: &[f64], range: &Range<usize>) -> f64 {
    series.get(range.clone()).unwrap_or_default().iter().sum()
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
