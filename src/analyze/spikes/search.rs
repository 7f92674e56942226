//! The search of one span of time: the passes over its calls, and every way of looking at them.

use std::sync::Arc;

use crate::analyze::spikes::Axes;
use crate::analyze::spikes::Findings;
use crate::analyze::spikes::Key;
use crate::analyze::spikes::Metric;
use crate::analyze::spikes::Question;
use crate::analyze::spikes::cells::Cells;
use crate::analyze::spikes::cells::Rates;
use crate::analyze::spikes::cells::UnitCell;
use crate::analyze::spikes::cost::Among;
use crate::analyze::spikes::cost::Judge;
use crate::analyze::spikes::cost::Judged;
use crate::analyze::spikes::episode::Episode;
use crate::analyze::spikes::episode::Kind;
use crate::analyze::spikes::episode::Prefix;
use crate::analyze::spikes::expected;
use crate::analyze::spikes::expected::Amounts;
use crate::analyze::spikes::gather::Gathered;
use crate::analyze::spikes::grid::Grid;
use crate::analyze::spikes::query;
use crate::analyze::spikes::rates::rates;
use crate::analyze::spikes::runs;
use crate::analyze::spikes::tell;
use crate::analyze::spikes::unit::Unit;
use crate::analyze::spikes::usd;
use crate::domain::Axis;
use crate::domain::Dim;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;

/// Where the least excess is not given it is this part of a usual day …
const FLOOR_SHARE: f64 = 0.06;
/// … and so many dollars at least: nobody pays for an alert about less.
const FLOOR_USD: f64 = 1.0;
/// A key of a log with so many values is an id, no dimension.
const MOST_VALUES: usize = 20_000;
/// So many values of an axis, the dearest, have a series at most.
const MOST_SERIES: usize = 4_000;
/// Empty buckets in a row, in hours, that are taken for a gap in the logs.
const GAP_HOURS: usize = 24;

/// How much farther runs must reach, of which there are always many.
const RUNS_SCORE: f64 = 1.0;
/// The bill must rise by this part of an excess in calls or runs.
const BILLED_SHARE: f64 = 0.5;

/// A span of time that is searched.
pub(super) struct Span<'q> {
    pub(super) question: &'q Question,
    pub(super) axes: &'q Axes,
    pub(super) grid: Grid,
    window: Window,
}

/// An episode of a series.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) key: Key,
    pub(super) metric: Metric,
    pub(super) kind: Kind,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) ongoing: bool,
    pub(super) detected: Timestamp,
    pub(super) cost: Usd,
    /// Dollars.
    pub(super) expected: f64,
    pub(super) excess: f64,
    pub(super) score: f64,
    /// Dollars of the excess that other jumps have told already.
    pub(super) told: f64,
}

impl<'q> Span<'q> {
    pub(super) fn new(window: Window, question: &'q Question, axes: &'q Axes) -> Span<'q> {
        let (since, until) = (window.since.unwrap_or_default(), window.until.unwrap_or_default());
        Span { question, axes, grid: Grid::new(since, until, question.grain, question.zone), window }
    }

    /// Searches the span.
    pub(super) fn search<R: Rollups>(&self, store: &R, findings: &mut Findings) -> Result<(), R::Error> {
        let (grid, axes) = (&self.grid, self.axes);
        let query = RollupQuery { by: axes.all.clone(), ..query(self.question, self.window) };
        let mut gathered = Gathered::new(grid, axes);
        store.rows(&query, &mut |rows| gathered.add(grid, axes, rows))?;
        let covered = self.covered(&gathered.calls);
        let judged = |day: &usize| expected::history(grid, &covered, *day).len() >= expected::LEAST_DAYS;
        let Some(first) = (0..grid.days.len()).find(judged) else { return Ok(()) };
        let from = grid.start(grid.days[first].start);
        findings.judged_from = Some(findings.judged_from.map_or(from, |known| known.min(from)));
        let floors = self.floors(&gathered, &covered);
        let least = floors[first..].iter().copied().fold(f64::INFINITY, f64::min);
        let of = |axes: &[usize]| -> Vec<(usize, Vec<u32>)> {
            axes.iter().map(|axis| (*axis, self.worth_it(&gathered, *axis, least))).collect()
        };
        let has_kinds = !gathered.work.is_over() && !gathered.models.is_over();
        let series = of(&axes.costs);
        let units = if has_kinds { of(&axes.units) } else { Vec::new() };
        let candidates = if self.question.runs { runs::candidates(&gathered.runs, least) } else { Vec::new() };
        let mut cells = Cells::new(grid, &series, &units, &candidates);
        let rates =
            Rates { work: rates(&gathered.work, &floors), models: has_kinds.then(|| rates(&gathered.models, &floors)) };
        let mut names = Names::default();
        store.rows(&query, &mut |rows| {
            cells.add(grid, axes, &gathered, &rates, rows);
            names.learn(&cells, &candidates, axes.run, rows);
        })?;
        let judge =
            Judge { grid, covered: &covered, floors: &floors, times: self.question.times, more: 0.0, profiles: &[] };
        let last = gathered.calls.iter().rposition(|calls| *calls > 0).unwrap_or(0);
        let mut found = self.costs(&judge, &gathered, &cells, &names, last);
        found.extend(self.units(&judge, &gathered, &cells, &names, last));
        found.extend(self.runs(&gathered, &mut cells, &candidates, &names, (&floors, first, last)));
        let since = self.question.window.since.unwrap_or(from);
        found.retain(|one| one.detected > since);
        let day = expected::median(&mut days_with_calls(&gathered)).unwrap_or(0.0);
        findings.spikes.extend(tell::tell(store, self, found, day)?);
        Ok(())
    }

    /// Tells of each bucket whether the logs cover it: not before the first call, and not in a long silence.
    fn covered(&self, calls: &[u64]) -> Vec<bool> {
        let gap = self.grid.buckets(GAP_HOURS) + usize::from(self.grid.per_day == 1);
        let mut covered = vec![true; calls.len()];
        let mut start = 0;
        while start < calls.len() {
            let length = calls[start..].iter().take_while(|calls| **calls == 0).count();
            if length >= gap || (start == 0 && length > 0) {
                covered[start..start + length].fill(false);
            }
            start += length + 1;
        }
        if let Some(first) = calls.iter().position(|calls| *calls > 0) {
            // The logs may begin within it.
            covered[first] = false;
        }
        covered
    }

    /// Returns the least excess of each day, in dollars.
    fn floors(&self, gathered: &Gathered, covered: &[bool]) -> Vec<f64> {
        if let Some(least) = self.question.least {
            return vec![least.pico() as f64 / 1e12; gathered.days.len()];
        }
        let floor = |day: usize| {
            let mut past: Vec<f64> = expected::history(&self.grid, covered, day)
                .into_iter()
                .map(|day| gathered.days[day] as f64 / 1e12)
                .collect();
            (FLOOR_SHARE * expected::median(&mut past).unwrap_or(0.0)).max(FLOOR_USD)
        };
        (0..gathered.days.len()).map(floor).collect()
    }

    /// Returns what the series of an axis are.
    fn among(&self, gathered: &Gathered, axis: usize) -> Among {
        let is_part = matches!(
            self.axes.all[axis],
            Axis::Dim(Dim::Environment | Dim::Team | Dim::Feature | Dim::Agent | Dim::PromptVersion | Dim::Model)
        );
        Among { values: values(&gathered.spent[axis]), is_customer: !is_part }
    }

    /// Returns the codes of an axis that could hold an episode, the dearest first if there are too many.
    fn worth_it(&self, gathered: &Gathered, axis: usize, least: f64) -> Vec<u32> {
        let spent = &gathered.spent[axis];
        if matches!(self.axes.all[axis], Axis::Key(_)) && values(spent) >= MOST_VALUES {
            return Vec::new();
        }
        let mut codes: Vec<u32> =
            (1..spent.len() as u32).filter(|code| spent[*code as usize] as f64 / 1e12 >= least).collect();
        if codes.len() > MOST_SERIES {
            codes.sort_by_key(|code| std::cmp::Reverse(spent[*code as usize]));
            codes.truncate(MOST_SERIES);
        }
        codes
    }

    /// Looks at what series cost in three ways, from the one that misses nothing to the one that chance moves least: as
    /// it was billed, with every call at the usual rate of its work, and with every run at the mean cost of a run.
    fn costs(&self, judge: &Judge<'_>, gathered: &Gathered, cells: &Cells, names: &Names, last: usize) -> Vec<Found> {
        let mut found = Vec::new();
        let mut profiles = [Vec::new(), Vec::new(), Vec::new()];
        for (place, series) in cells.series.iter().enumerate() {
            let own = cells.of(place);
            let among = series.map_or(Among { values: 1, is_customer: false }, |(axis, _)| self.among(gathered, axis));
            let key = series.and_then(|(axis, code)| names.key(self.axes, axis, code));
            let pico = |bucket: usize| own[bucket].cost;
            let costs = Prefix::of(own.iter().map(|cell| usd(cell.cost)));
            let mut billed = None;
            // A customer's runs are too few to count: one burst of cheap ones would be news.
            let ways = if among.is_customer { 2 } else { 3 };
            for (way, (seen, profiles)) in Amounts::ways(&own).iter().zip(&mut profiles).enumerate().take(ways) {
                let more = if way == 2 { RUNS_SCORE } else { 0.0 };
                let judge = Judge { profiles, more, ..*judge };
                let Judged { episodes, shapes, expected } = judge.episodes(seen, among);
                let expected = &*billed.get_or_insert(expected);
                for mut episode in episodes {
                    // More calls or runs may be cheap ones: what counts is how far the bill rose with them.
                    let excess = costs.sum(episode.span.clone()) - expected.sum(episode.span.clone());
                    if excess >= BILLED_SHARE * episode.excess {
                        episode.excess = episode.excess.min(excess);
                        found.push(self.found(&episode, (key.clone(), Metric::Cost), pico, last));
                    }
                }
                if series.is_none() {
                    *profiles = shapes;
                }
            }
        }
        found
    }

    fn units(&self, judge: &Judge<'_>, gathered: &Gathered, cells: &Cells, names: &Names, last: usize) -> Vec<Found> {
        let mut found = Vec::new();
        for axis in self.axes.units.iter().copied() {
            let places: Vec<usize> = (0..cells.units.len()).filter(|place| cells.units[*place].0 == axis).collect();
            let own: Vec<Vec<UnitCell>> = places.iter().map(|place| cells.of_unit(*place)).collect();
            let among = self.among(gathered, axis);
            for unit in Unit::ALL {
                let metric = match unit {
                    Unit::Call => Metric::CostPerCall,
                    Unit::Token => Metric::CostPerToken,
                    Unit::Failure => Metric::FailedCost,
                };
                for (at, episodes) in judge.unit_episodes(&own, unit, among).into_iter().enumerate() {
                    let (axis, code) = cells.units[places[at]];
                    let pico = |bucket: usize| match unit {
                        Unit::Failure => own[at][bucket].failed,
                        Unit::Call | Unit::Token => own[at][bucket].cost,
                    };
                    let key = names.key(self.axes, axis, code);
                    found.extend(episodes.iter().map(|e| self.found(e, (key.clone(), metric), pico, last)));
                }
            }
        }
        found
    }

    fn runs(
        &self,
        gathered: &Gathered,
        cells: &mut Cells,
        candidates: &[u32],
        names: &Names,
        (floors, first, last): (&[f64], usize, usize),
    ) -> Vec<Found> {
        let grid = &self.grid;
        let bucket = |at: i64| grid.bucket(at, &mut 0);
        let floor =
            |at: i64| bucket(at).map(|bucket| grid.day_of[bucket]).filter(|day| *day >= first).map(|day| floors[day]);
        let mut found = Vec::new();
        for dear in runs::dear(&gathered.runs, candidates, floor) {
            let run = &gathered.runs[dear.code as usize];
            let Some(calls) = cells.of_runs.get_mut(&dear.code) else { continue };
            let crossed = runs::crossed(calls, dear.bound).and_then(bucket);
            let (Some(start), Some(end), Some(crossed)) = (bucket(run.first), bucket(run.last), crossed) else {
                continue;
            };
            let cost = usd(run.cost);
            found.push(Found {
                key: names.key(self.axes, self.axes.run, dear.code),
                metric: Metric::Run,
                kind: Kind::New,
                start: grid.start(start),
                end: grid.start(end + 1),
                ongoing: end >= last,
                detected: grid.start(crossed + 1),
                cost: Usd::from_pico(i128::from(run.cost)),
                expected: dear.usual,
                excess: cost - dear.usual,
                told: 0.0,
                score: cost / dear.usual.max(f64::MIN_POSITIVE),
            });
        }
        found
    }

    fn found(
        &self,
        episode: &Episode,
        (key, metric): (Key, Metric),
        pico: impl Fn(usize) -> i64,
        last: usize,
    ) -> Found {
        let span = episode.span.clone();
        let cost = Usd::from_pico(span.clone().map(|bucket| i128::from(pico(bucket))).sum());
        let excess = episode.excess.min(cost.pico() as f64 / 1e12);
        Found {
            key,
            metric,
            kind: episode.kind,
            start: self.grid.start(span.start),
            end: self.grid.start(span.end),
            // A pause of some hours ends nothing.
            ongoing: span.end + self.grid.buckets(6) > last + 1,
            detected: self.grid.start(episode.detected + 1),
            cost,
            expected: cost.pico() as f64 / 1e12 - excess,
            excess,
            told: 0.0,
            score: episode.score,
        }
    }
}

/// Returns how many values cost anything.
fn values(spent: &[i128]) -> usize {
    spent.iter().skip(1).filter(|spent| **spent > 0).count()
}

/// Returns what days with a call cost, in dollars.
fn days_with_calls(gathered: &Gathered) -> Vec<f64> {
    gathered.days.iter().map(|day| *day as f64 / 1e12).filter(|day| *day > 0.0).collect()
}

/// The values of the codes that are looked at.
#[derive(Default)]
struct Names(hashbrown::HashMap<(usize, u32), Arc<str>>);

impl Names {
    /// Learns what codes stand for, as far as it is known by now.
    fn learn(&mut self, cells: &Cells, runs: &[u32], run: usize, rows: &crate::domain::rollup::Rows<'_>) {
        let series = cells.series.iter().flatten().chain(&cells.units).copied();
        for (axis, code) in series.chain(runs.iter().map(|code| (run, *code))) {
            if !self.0.contains_key(&(axis, code))
                && let Some(value) = rows.values[axis].value(code)
            {
                self.0.insert((axis, code), value.into());
            }
        }
    }

    fn key(&self, axes: &Axes, axis: usize, code: u32) -> Key {
        self.0.get(&(axis, code)).map(|value| (axes.all[axis].clone(), Arc::clone(value)))
    }
}
