//! How good `attr why` and `attr spikes` are on logs with known incidents: bounds on a few dozen logs, and by hand the
//! whole table on hundreds.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use attr::domain::Filter;
use attr::domain::Timestamp;
use attr::domain::Window;
use attr::domain::Zone;
use attr::domain::window::Grain;
use attr::ops;
use attr::ops::book::Book;
use attr::ops::spikes::LEAST_TIMES;
use attr::ops::spikes::SpikesPlan;
use attr::ops::why::Versus;
use attr::ops::why::WhyPlan;
use attr::render::Format;
use attr::render::Style;
use attr::render::render;
use attr::report::Report;
use serde_json::Value;

use super::library::book;
use super::library::in_pairs;
use super::library::library;
use super::log::Log;
use super::log::log;
use super::score::spikes;
use super::score::tally::Spikes;
use super::score::tally::Why;
use super::score::why;

/// Both answers about one log, scored.
struct Measured {
    seed: u64,
    kind: String,
    why: why::Score,
    spikes: spikes::Score,
}

/// A little under what is measured: what a change may not lose. Raise a bound when an answer gets better.
#[test]
fn answers_are_right_on_the_subset() {
    let measured = in_pairs(library(), measure);
    let (why, spikes) = tallies(measured.iter());
    let at_least = [
        ("sums are exact", why.exact.rate(), 1.0),
        ("why names the first cause", why.first.rate(), 0.84),
        ("why finds the set (F1)", why.f1, 0.80),
        ("why names the leading effect", why.leading.rate(), 0.95),
        ("why says broad", why.broad.rate(), 0.85),
        ("spikes are real", spikes.precision.rate(), 0.85),
        ("spikes are found", spikes.recall.rate(), 0.85),
    ];
    let at_most = [
        ("why blames somebody for nothing", why.blames.rate(), 0.06),
        ("excess of a cause is off by", why.off, 0.10),
        ("reports a log", spikes.reports, 1.5),
        ("false alarms in quiet logs", spikes.alarms.0 as f64, 2.0),
        ("hours to the first report", spikes.delay, 20.0),
    ];
    let short = at_least.iter().filter(|(_, value, bound)| value < bound);
    let long = at_most.iter().filter(|(_, value, bound)| value > bound);
    let broken: Vec<_> = short.chain(long).collect();
    let told: Vec<String> = measured.iter().filter(|one| !one.is_right()).map(Measured::told).collect();
    assert!(broken.is_empty(), "{broken:?}\n{why}\n{spikes}\n{}", told.join("\n"));
}

/// Prints the table by kind, and every log that an answer is wrong about.
#[test]
#[ignore = "several hundred logs: run by hand with --nocapture, ENSEMBLE_SEEDS=FIRST..LAST for others"]
fn table() {
    let (first, last) = super::seeds();
    let seeds: Vec<u64> = (first..=last).collect();
    let measured = in_pairs(&seeds, |seed| measure(&log(*seed)));
    for one in measured.iter().filter(|one| !one.is_right()) {
        println!("{}", one.told());
    }
    let mut kinds: BTreeMap<&str, Vec<&Measured>> = BTreeMap::new();
    for one in &measured {
        kinds.entry(if one.kind.contains('+') { "pairs" } else { &one.kind }).or_default().push(one);
        kinds.entry("~ total").or_default().push(one);
    }
    for (kind, all) in kinds {
        let (why, spikes) = tallies(all.iter().copied());
        println!("{kind} ({})\n  why    {why}\n  spikes {spikes}", all.len());
    }
}

fn tallies<'a>(measured: impl Iterator<Item = &'a Measured> + Clone) -> (Why, Spikes) {
    (Why::of(measured.clone().map(|one| &one.why)), Spikes::of(measured.map(|one| &one.spikes)))
}

impl Measured {
    fn is_right(&self) -> bool {
        let why = &self.why;
        let named = why.first != Some(false) && why.leading != Some(false) && why.wrong + why.missed == 0;
        let judged = why.broad != Some(false) && why.blames != Some(true) && why.faults.is_empty();
        named && judged && self.spikes.wrong == 0 && self.spikes.found == self.spikes.expected
    }

    fn told(&self) -> String {
        format!("{:03} {}: {:?} {:?}", self.seed, self.kind, self.why, self.spikes)
    }
}

fn measure(log: &Log) -> Measured {
    let book = book(log);
    Measured {
        seed: log.seed,
        kind: log.kind.clone(),
        why: why::score(log, &asked_why(&book, log)),
        spikes: spikes::score(log, &asked_spikes(&book, log)),
    }
}

/// `attr why --since A --until B --vs C..D`
fn asked_why(book: &Book, log: &Log) -> Value {
    let plan = WhyPlan {
        window: window(log.ask.period),
        versus: Versus::With(window(log.ask.baseline)),
        by: Vec::new(),
        filter: Filter::default(),
        min_share: None,
        now: instant(log.company.end()),
        zone: Zone::UTC,
        drawn: false,
    };
    document(&ops::why::run(book, &plan).unwrap())
}

/// `attr spikes --since A --until B --as-of B`
fn asked_spikes(book: &Book, log: &Log) -> Value {
    let plan = SpikesPlan {
        by: Vec::new(),
        window: window(log.ask.spikes),
        now: instant(log.ask.spikes.1),
        zone: Zone::UTC,
        filter: Filter::default(),
        grain: Grain::Hour,
        least: None,
        times: LEAST_TIMES,
        events: Vec::new(),
        drawn: false,
        explain: false,
    };
    document(&ops::spikes::run(book, &plan).unwrap().report)
}

/// The answer as a script reads it.
fn document(report: &Report) -> Value {
    let mut text = Vec::new();
    render(report, Format::Json, Style { width: None, color: false }, &mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn window((since, until): (i64, i64)) -> Window {
    Window { since: Some(instant(since)), until: Some(instant(until)) }
}

fn instant(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000_000_000)
}
