//! Series of costs: hours that cost far more than they should, told from the few dear runs that any series has.
//!
//! The root of a count has the same spread whatever the count (Anscombe 1948): dollars divided by what a run costs are
//! as good as a count of runs. A window must also cost far more than the same hours of the two weeks before, which is
//! what keeps nightly and weekly work silent.

use std::ops::Range;

use crate::analyze::spikes::episode::Episode;
use crate::analyze::spikes::episode::Kind;
use crate::analyze::spikes::episode::Marks;
use crate::analyze::spikes::episode::Prefix;
use crate::analyze::spikes::expected;
use crate::analyze::spikes::expected::Amounts;
use crate::analyze::spikes::expected::Expected;
use crate::analyze::spikes::expected::Shape;
use crate::analyze::spikes::grid::Grid;

/// Hours of the windows that are tested.
const WINDOWS: [usize; 5] = [1, 3, 6, 24, 72];
/// How far the statistic must reach, for series of the product's own parts and for customers, who come and go in bursts,
/// and how much farther for ten times as many series.
const LEAST_SCORE: f64 = 4.0;
const LEAST_CUSTOMER_SCORE: f64 = 5.5;
const SCORE_BY_TENFOLD: f64 = 0.5;
/// How far it must reach against the same hours of a week before.
const LEAST_WEEKLY_SCORE: f64 = 2.5;
/// Weeks that are compared with, if there are any.
const WEEKS: usize = 2;
/// The spread of a shorter window than a day is larger by this power of their ratio.
const SPREAD_POWER: f64 = 0.3;
/// From so many hours on a spike is a new level.
const LEVEL_HOURS: f64 = 60.0;
/// A series that held less than this part of the excess in the two weeks before is new.
const NEW_SHARE: f64 = 0.05;
/// A new customer is no news before it costs so many times the least excess.
const NEW_FLOORS: f64 = 5.0;
/// A series that is out of bounds for so many days has a new usual cost.
pub(super) const ADOPTED_DAYS: usize = 7;

/// What every series is judged by.
pub(super) struct Judge<'g> {
    pub(super) grid: &'g Grid,
    /// Whether the logs cover each bucket.
    pub(super) covered: &'g [bool],
    /// The least excess of each day, in dollars.
    pub(super) floors: &'g [f64],
    /// The least cost as times the usual.
    pub(super) times: f64,
    /// How much farther than usual a score must reach.
    pub(super) more: f64,
    /// The shapes of the total by day, for series of few calls to borrow; empty for the total itself.
    pub(super) profiles: &'g [Option<Shape>],
}

/// What a series is one of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Among {
    /// How many values its dimension has.
    pub(super) values: usize,
    /// Whether they are of customers or people, not of the product's own parts.
    pub(super) is_customer: bool,
}

/// What was found in a series.
pub(super) struct Judged {
    pub(super) episodes: Vec<Episode>,
    /// Its shape on each day.
    pub(super) shapes: Vec<Option<Shape>>,
    /// Expected dollars a bucket.
    pub(super) expected: Prefix,
}

/// A series as it is judged.
struct Series {
    costs: Prefix,
    squares: Prefix,
    /// Expected dollars a bucket, as far as they are known.
    expected: Prefix,
    marks: Marks,
}

impl Judge<'_> {
    /// Looks for the episodes of a series.
    pub(super) fn episodes(&self, seen: &Amounts, among: Among) -> Judged {
        let grid = self.grid;
        let mut shapes = vec![None; grid.days.len()];
        let costs = &seen.amounts;
        let mut series = Series {
            costs: Prefix::of(costs.iter().copied()),
            squares: Prefix::of(seen.squares.iter().copied()),
            expected: Prefix::default(),
            marks: Marks::new(grid.len()),
        };
        if !self.profiles.is_empty() && !self.is_worth_it(&series.costs) {
            return Judged { episodes: Vec::new(), shapes, expected: series.costs };
        }
        let least = if among.is_customer { LEAST_CUSTOMER_SCORE } else { LEAST_SCORE };
        let least = least + self.more + SCORE_BY_TENFOLD * (among.values.max(1) as f64).log10();
        let mut usual = costs.clone();
        let mut first = None;
        let mut flagged_days = 0;
        for (day, buckets) in grid.days.iter().enumerate() {
            // Where no window can hold enough, nothing needs to be known: most days of most series.
            if !self.profiles.is_empty() && !self.can_reach(&series.costs, buckets, self.floors[day]) {
                buckets.clone().for_each(|bucket| series.expected.push(costs[bucket]));
                flagged_days = 0;
                continue;
            }
            let profile = self.profiles.get(day).and_then(Option::as_ref);
            let Some(expected) = expected::learn(grid, self.covered, day, seen, &usual, profile) else {
                buckets.clone().for_each(|bucket| series.expected.push(costs[bucket]));
                continue;
            };
            let first = *first.get_or_insert(buckets.start);
            let shape = |bucket: usize| expected.shape[grid.kind(bucket)][grid.slots[bucket]];
            buckets.clone().for_each(|bucket| series.expected.push(shape(bucket)));
            for bucket in buckets.clone().filter(|bucket| self.covered[*bucket]) {
                self.test(&mut series, first, bucket, least, &expected, self.floors[day]);
            }
            let flagged = series.marks.flagged.iter().enumerate().skip(first).take(buckets.end - first);
            for (bucket, _) in flagged.filter(|(_, flagged)| **flagged) {
                usual[bucket] = series.expected.at(bucket);
            }
            flagged_days = if buckets.clone().any(|b| series.marks.flagged[b]) { flagged_days + 1 } else { 0 };
            if flagged_days >= ADOPTED_DAYS {
                let since = grid.days[day + 1 - ADOPTED_DAYS].start;
                usual[since..buckets.end].copy_from_slice(&costs[since..buckets.end]);
                series.marks.forget(since..buckets.end);
            }
            shapes[day] = Some(expected.profile);
        }
        let slack = 1.0 + (self.times - 1.0) / 2.0;
        let gain = |bucket: usize| costs[bucket] - slack * series.expected.at(bucket);
        let spans = series.marks.spans(grid.buckets(6), gain, |bucket| series.expected.at(bucket));
        let is_news = |episode: &Episode| {
            let floor = self.floors[grid.day_of[episode.span.start]];
            episode.kind != Kind::New || !among.is_customer || episode.excess >= NEW_FLOORS * floor
        };
        let episodes = spans.into_iter().map(|span| self.episode(&series, span)).filter(is_news).collect();
        Judged { episodes, shapes, expected: series.expected }
    }

    /// Tells whether some window that ends on a day costs as much as an excess must be.
    pub(super) fn can_reach(&self, costs: &Prefix, day: &Range<usize>, floor: f64) -> bool {
        costs.sum(day.start.saturating_sub(3 * self.grid.per_day)..day.end) >= floor
    }

    /// Tells whether any day of the series could hold enough.
    fn is_worth_it(&self, costs: &Prefix) -> bool {
        let least = self.floors.iter().copied().fold(f64::INFINITY, f64::min);
        let width = self.grid.per_day;
        (0..self.grid.len()).any(|end| costs.sum((end + 1).saturating_sub(width)..end + 1) >= least)
    }

    /// Tests the windows that end with a bucket.
    fn test(&self, series: &mut Series, first: usize, bucket: usize, least: f64, expected: &Expected, floor: f64) {
        let mut tested = 0;
        for hours in WINDOWS {
            let width = self.grid.buckets(hours);
            if width == tested || bucket + 1 < first + width {
                continue;
            }
            tested = width;
            let window = bucket + 1 - width..bucket + 1;
            let (x, m) = (series.costs.sum(window.clone()), series.expected.sum(window.clone()));
            if x - m < floor || x < self.times * m {
                continue;
            }
            let run = expected.run.max(series.squares.sum(window.clone()) / x);
            let spread = expected.spread * (24.0 / self.grid.hours(width)).powf(SPREAD_POWER);
            let score = anscombe(x, m, run) / (1.0 + spread * spread * m / run).sqrt();
            if score < least || !self.beats_weeks(series, &window, x, run, spread) {
                continue;
            }
            let (costs, usual) = (&series.costs, &series.expected);
            series.marks.fire(window, bucket, score, |bucket| costs.at(bucket) > usual.at(bucket));
        }
    }

    /// Tells whether a window costs far more than the same hours of each week before, also an hour earlier or later.
    fn beats_weeks(&self, series: &Series, window: &Range<usize>, x: f64, run: f64, spread: f64) -> bool {
        let week = 7 * self.grid.per_day;
        (1..=WEEKS).all(|weeks| {
            [weeks * week + 1, weeks * week, weeks * week - 1].into_iter().all(|back| {
                let Some(start) = window.start.checked_sub(back) else { return true };
                let before = series.costs.sum(start..window.end - back);
                let score = anscombe(x, before, run) / (2.0 + spread * spread * before / run).sqrt();
                x > self.times * before && score >= LEAST_WEEKLY_SCORE
            })
        })
    }

    fn episode(&self, series: &Series, span: Range<usize>) -> Episode {
        let (x, m) = (series.costs.sum(span.clone()), series.expected.sum(span.clone()));
        let (detected, score) = series.marks.best(&span);
        let before = series.costs.sum(span.start.saturating_sub(14 * self.grid.per_day)..span.start);
        let kind = if before < NEW_SHARE * (x - m) {
            Kind::New
        } else if self.grid.hours(span.len()) >= LEVEL_HOURS {
            Kind::Level
        } else {
            Kind::Spike
        };
        Episode { span, detected, excess: x - m, score, kind }
    }
}

/// How many standard deviations an amount lies above another, if both are made of runs of one size.
fn anscombe(x: f64, m: f64, run: f64) -> f64 {
    2.0 * ((x / run + 0.375).sqrt() - (m / run + 0.375).sqrt())
}
