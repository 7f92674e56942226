//! Jumps: when which part of the calls cost far more than it usually does, each incident told once.
//!
//! Two passes over the calls. The first sums what each value, run and kind of work costs; the second lays out, bucket
//! by bucket, the series of those that cost enough to be worth an alarm. Three ways of looking then find episodes:
//! [`cost`] in what a series costs, [`unit`] in what its calls cost each, [`runs`] in single runs. [`tell`] makes one
//! incident of the many series that show it. To add a way of looking, add a file that returns episodes.

mod cells;
mod cost;
mod episode;
mod expected;
mod gather;
mod grid;
mod rates;
mod runs;
mod search;
mod tell;
mod unit;

use std::sync::Arc;

use crate::domain::Axis;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::rollup::Logged;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::domain::rollup::Rows;
use crate::domain::window::Grain;

pub use crate::analyze::spikes::episode::Kind;
use crate::analyze::spikes::search::Span;

/// Days that are looked back on before the window that is judged.
const BACK_DAYS: u64 = 21;
/// After so many days without a call nothing before counts any more.
const FORGOTTEN_DAYS: i64 = 21;

/// The question.
#[derive(Clone, Debug)]
pub struct Question {
    /// Axes whose values have a series of costs; the total has one too.
    pub series: Vec<Axis>,
    /// Axes whose values have a series of what calls cost each.
    pub units: Vec<Axis>,
    /// Whether single runs are looked at.
    pub runs: bool,
    /// The span that is judged.
    pub window: Window,
    /// The moment taken for now: what is not over by then is not judged.
    pub now: Timestamp,
    /// The zone that cuts hours and days.
    pub zone: Zone,
    /// Which calls.
    pub filter: Filter,
    /// Hours or days.
    pub grain: Grain,
    /// The least excess; without one a part of what a day costs.
    pub least: Option<Usd>,
    /// The least cost, as times the usual.
    pub times: f64,
    /// What was planned.
    pub events: Vec<Event>,
}

/// Something planned that costs more: a launch, a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What people call it.
    pub name: String,
    /// When.
    pub window: Window,
    /// Which calls.
    pub filter: Filter,
}

/// What a jump was seen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// What a series costs.
    Cost,
    /// What it costs beyond its calls at their usual cost.
    CostPerCall,
    /// What it costs beyond its tokens at their usual cost.
    CostPerToken,
    /// What its failed calls cost beyond the usual share.
    FailedCost,
    /// What a single run costs beyond the dearest before.
    Run,
}

/// A series: the value of one axis, or nothing for the total.
pub type Key = Option<(Axis, Arc<str>)>;

/// A jump.
#[derive(Clone, Debug)]
pub struct Spike {
    /// The series.
    pub key: Key,
    /// What it was seen in.
    pub metric: Metric,
    /// What kind of jump it is.
    pub kind: Kind,
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
    /// Whether it goes on where the calls end.
    pub ongoing: bool,
    /// The end of the first bucket that gave it away.
    pub detected_at: Timestamp,
    /// What the series cost from start to end; its failed calls, where these are what was seen.
    pub cost: Usd,
    /// What it was expected to cost.
    pub expected: Usd,
    /// How far the chance of the day lies behind: standard deviations, for a run times the dearest before.
    pub score: f64,
    /// Other series that show the same.
    pub also: Vec<Key>,
    /// The planned event that it belongs to.
    pub event: Option<String>,
}

impl Spike {
    /// Returns what it cost beyond what was expected.
    pub fn excess(&self) -> Usd {
        self.cost - self.expected
    }
}

/// The answer.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The jumps, most excess first.
    pub spikes: Vec<Spike>,
    /// From when on there was history enough to judge; `None` if there never was.
    pub judged_from: Option<Timestamp>,
    /// Whether there was any call to judge.
    pub has_calls: bool,
}

/// Finds the jumps.
pub fn spikes<R: Rollups>(store: &R, question: &Question) -> Result<Findings, R::Error> {
    let axes = Axes::new(question);
    let mut findings = Findings::default();
    for span in spans(store, question)? {
        findings.has_calls = true;
        Span::new(span, question, &axes).search(store, &mut findings)?;
    }
    findings.spikes.sort_by(|a, b| b.excess().cmp(&a.excess()).then_with(|| a.order().cmp(&b.order())));
    Ok(findings)
}

impl Spike {
    /// What decides between jumps of equal excess.
    fn order(&self) -> (Timestamp, Option<(String, &str)>, Metric) {
        let key = self.key.as_ref().map(|(axis, value)| (axis.to_string(), value.as_ref()));
        (self.start, key, self.metric)
    }
}

/// The axes that calls are asked along, each once, and what they are for.
struct Axes {
    all: Vec<Axis>,
    /// Places of those with a series of costs or of units.
    series: Vec<usize>,
    costs: Vec<usize>,
    units: Vec<usize>,
    feature: usize,
    agent: usize,
    environment: usize,
    model: usize,
    run: usize,
}

impl Axes {
    fn new(question: &Question) -> Axes {
        let mut all: Vec<Axis> = Vec::new();
        let mut place = |axis: &Axis| match all.iter().position(|known| known == axis) {
            Some(place) => place,
            None => {
                all.push(axis.clone());
                all.len() - 1
            }
        };
        let costs: Vec<usize> = question.series.iter().map(&mut place).collect();
        let units: Vec<usize> = question.units.iter().map(&mut place).collect();
        let mut of = |dim: Dim| place(&Axis::Dim(dim));
        let (feature, agent, environment) = (of(Dim::Feature), of(Dim::Agent), of(Dim::Environment));
        let (model, run) = (of(Dim::Model), of(Dim::Run));
        let mut series: Vec<usize> = costs.iter().chain(&units).copied().collect();
        series.sort_unstable();
        series.dedup();
        Axes { all, series, costs, units, feature, agent, environment, model, run }
    }

    /// Returns what kind of work a call is: what it is for, not how it is done.
    fn work(&self, rows: &Rows<'_>, row: usize) -> [u32; 4] {
        let [feature, agent, environment] =
            [self.feature, self.agent, self.environment].map(|axis| rows.codes[axis][row]);
        [feature, agent, environment, 0]
    }

    /// Returns what kind of work a call is and which model does it.
    fn work_of_model(&self, rows: &Rows<'_>, row: usize) -> [u32; 4] {
        let [feature, agent, environment, _] = self.work(rows, row);
        [feature, agent, environment, rows.codes[self.model][row]]
    }
}

/// Returns the spans of time with calls, history included, that no long silence parts.
fn spans<R: Rollups>(store: &R, question: &Question) -> Result<Vec<Window>, R::Error> {
    let zone = question.zone;
    let since = question.window.since.map(|since| {
        let date = zone.day_holding(since);
        zone.start_of_day(date.checked_sub_days(chrono::Days::new(BACK_DAYS)).unwrap_or(date))
    });
    let until = question.window.until.map_or(question.now, |until| until.min(question.now));
    let window = Window { since, until: Some(until) };
    if since.is_some_and(|since| since >= until) {
        return Ok(Vec::new());
    }
    let rollup = store.rollup(&RollupQuery { by: vec![Axis::Time(Grain::Day)], ..query(question, window) })?;
    let mut days: Vec<chrono::NaiveDate> =
        (0..rollup.len()).filter_map(|group| rollup.value(group, 0)?.parse().ok()).collect();
    days.sort_unstable();
    let mut spans: Vec<(chrono::NaiveDate, chrono::NaiveDate)> = Vec::new();
    for day in days {
        match spans.last_mut() {
            Some((_, last)) if (day - *last).num_days() <= FORGOTTEN_DAYS => *last = day,
            _ => spans.push((day, day)),
        }
    }
    let ends = |(first, last): (chrono::NaiveDate, chrono::NaiveDate)| Window {
        since: Some(zone.start_of_day(first)),
        until: Some(zone.start_of_day(last + chrono::Days::new(1)).min(until)),
    };
    Ok(spans.into_iter().map(ends).collect())
}

fn query(question: &Question, window: Window) -> RollupQuery {
    RollupQuery {
        by: Vec::new(),
        window,
        filter: question.filter.clone(),
        zone: question.zone,
        logged: Logged::Ignored,
    }
}

/// Returns picodollars as dollars.
fn usd(pico: i64) -> f64 {
    pico as f64 / 1e12
}
