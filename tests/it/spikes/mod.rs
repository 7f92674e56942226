//! `attr spikes`: what is told of logs with a known jump, and of logs without one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad;
mod laws;
mod planned;

use attr::domain::Axis;
use attr::domain::Filter;
use attr::domain::Timestamp;
use attr::domain::Usd;
use attr::domain::Window;
use attr::domain::Zone;
use attr::domain::window::Grain;
use attr::ops::book::Book;
use attr::ops::spikes;
use attr::ops::spikes::Answer;
use attr::ops::spikes::SpikesPlan;

use crate::world;

/// 2026-09-07T00:00:00Z, a Monday.
pub(crate) const FIRST: i64 = 1_788_739_200;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A log under construction.
#[derive(Clone, Debug, Default)]
struct Log {
    lines: Vec<String>,
    state: u64,
}

/// One call to write.
#[derive(Clone, Copy)]
struct Line<'l> {
    at: i64,
    feature: &'l str,
    tenant: &'l str,
    run: Option<&'l str>,
    status: &'l str,
    tokens: u64,
}

impl Log {
    fn call(&mut self, line: Line<'_>) {
        let Line { at, feature, tenant, run, status, tokens } = line;
        let time = chrono::DateTime::from_timestamp(at, 0).unwrap().format("%Y-%m-%dT%H:%M:%SZ");
        let run = run.map(|run| format!(",\"run\":\"{run}\"")).unwrap_or_default();
        let id = self.lines.len();
        self.lines.push(format!(
            "{{\"ts\":\"{time}\",\"id\":\"c{id}\",\"provider\":\"openai\",\"model\":\"gpt-4.1\",\"feature\":\"{feature}\",\
             \"tenant\":\"{tenant}\",\"environment\":\"prod\",\"status\":\"{status}\"{run},\"input_tokens\":{tokens},\
             \"output_tokens\":0}}"
        ));
    }

    /// Returns a number from 0 to below a bound, the next of a fixed sequence.
    fn dice(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % bound
    }

    /// Writes so many days of three features and six tenants: busy by day, calm by night, less at weekends, with some
    /// noise. A call costs about 2 cents, a day about 8 dollars.
    fn usual(days: i64, seed: u64) -> Log {
        let mut log = Log { state: seed, ..Log::default() };
        for day in 0..days {
            for hour in 0..24 {
                let busy = if (8..20).contains(&hour) { 24 } else { 6 };
                let count = if day % 7 >= 5 { busy / 2 } else { busy } + log.dice(4);
                for n in 0..count {
                    let feature = ["chat", "search", "digest"][log.dice(3) as usize];
                    let tenant = ["oak", "elm", "ash", "fir", "yew", "box"][log.dice(6) as usize];
                    let tokens = 8_000 + log.dice(4_000);
                    let at = FIRST + day * DAY + hour * HOUR + n as i64 * 60;
                    log.call(Line { at, feature, tenant, run: None, status: "ok", tokens });
                }
            }
        }
        log
    }

    /// Adds calls every minute of some hours: a tenant that sends far more than usual.
    fn surge(&mut self, from: i64, hours: i64, tenant: &str) {
        for minute in 0..hours * 60 {
            let at = from + minute * 60;
            self.call(Line { at, feature: "chat", tenant, run: None, status: "ok", tokens: 9_000 });
        }
    }

    fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }

    fn book(&self) -> Book {
        let mut book = world::book();
        world::import_text(&mut book, "calls.jsonl", self.text());
        book
    }
}

/// A question about everything.
fn plan() -> SpikesPlan {
    SpikesPlan {
        by: Vec::new(),
        window: Window::default(),
        now: Timestamp((FIRST + 400 * DAY) * 1_000_000_000),
        zone: Zone::UTC,
        filter: Filter::default(),
        grain: Grain::Hour,
        least: None,
        times: 1.3,
        events: Vec::new(),
        drawn: true,
        explain: false,
    }
}

fn ask(book: &Book, plan: &SpikesPlan) -> Answer {
    spikes::run(book, plan).unwrap()
}

/// Returns the whole JSON document.
fn json(answer: &Answer) -> serde_json::Value {
    let mut out = Vec::new();
    let style = attr::render::Style { width: None, color: false };
    attr::render::render(&answer.report, attr::render::Format::Json, style, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn ts(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000_000_000)
}

fn tenant(name: &str) -> attr::analyze::spikes::Key {
    Some((Axis::parse("tenant"), name.into()))
}

fn usd(text: &str) -> Usd {
    Usd::parse(text).unwrap()
}

/// A surge of a tenant is told at the tenant, with the hours it lasted, and what else shows it stands in `also`.
#[test]
fn a_surge_is_told_once_at_the_series_that_says_it_best() {
    let mut log = Log::usual(21, 1);
    log.surge(FIRST + 16 * DAY + 10 * HOUR, 6, "elm");
    let answer = ask(&log.book(), &plan());
    assert_eq!(answer.spikes.len(), 1, "{:?}", answer.spikes);
    let spike = &answer.spikes[0];
    assert_eq!(spike.key, tenant("elm"));
    assert_eq!((spike.start, spike.end), (ts(FIRST + 16 * DAY + 10 * HOUR), ts(FIRST + 16 * DAY + 16 * HOUR)));
    assert!(!spike.ongoing && spike.detected_at <= spike.end, "{spike:?}");
    assert!(spike.also.contains(&None), "the total shows it too: {spike:?}");
    assert!((usd("6")..usd("7")).contains(&spike.excess()), "360 calls of 1.8 cents: {spike:?}");
}

/// A surge that goes on at the end of the log says so, and the unfinished hour is not judged.
#[test]
fn a_surge_at_the_end_goes_on() {
    let mut log = Log::usual(20, 2);
    let from = FIRST + 20 * DAY;
    log.surge(from, 5, "fir");
    let now = ts(from + 4 * HOUR + 1_800);
    let answer = ask(&log.book(), &SpikesPlan { now, ..plan() });
    assert_eq!(answer.spikes.len(), 1, "{:?}", answer.spikes);
    assert!(answer.spikes[0].ongoing);
    assert_eq!(answer.spikes[0].end, ts(from + 4 * HOUR));
}

/// A step that stays raises one alarm: after a week it is how things are.
#[test]
fn a_step_that_stays_is_told_once_and_adopted_after_a_week() {
    let mut log = Log::usual(42, 3);
    for day in 14..42 {
        log.surge(FIRST + day * DAY + 9 * HOUR, 8, "elm");
    }
    let answer = ask(&log.book(), &plan());
    assert_eq!(answer.spikes.len(), 1, "{:?}", answer.spikes);
    let spike = &answer.spikes[0];
    assert_eq!(spike.key, tenant("elm"));
    let days = (spike.end.0 - spike.start.0) as f64 / (DAY as f64 * 1e9);
    assert!((5.0..9.0).contains(&days), "{spike:?}");
    assert!(!spike.ongoing, "{spike:?}");
}

/// A run that makes far more calls than any before is a jump of its own, known before it ends.
#[test]
fn a_run_that_does_not_end_is_told() {
    let mut log = Log::usual(14, 4);
    for n in 0..60 {
        let run = format!("r{n}");
        let at = FIRST + (n / 5) * DAY + 10 * HOUR + n * 7;
        for call in 0..3 {
            let at = at + call;
            log.call(Line { at, feature: "chat", tenant: "oak", run: Some(&run), status: "ok", tokens: 9_000 });
        }
    }
    let from = FIRST + 12 * DAY + 22 * HOUR;
    for call in 0..90i64 {
        let line = Line {
            at: from + call * 90,
            feature: "chat",
            tenant: "oak",
            run: Some("loop"),
            status: "ok",
            tokens: 30_000,
        };
        log.call(line);
    }
    let answer = ask(&log.book(), &plan());
    assert_eq!(answer.spikes.len(), 1, "{:?}", answer.spikes);
    let spike = &answer.spikes[0];
    assert_eq!(spike.key, Some((Axis::parse("run"), "loop".into())));
    assert!(spike.detected_at < spike.end, "{spike:?}");
    assert_eq!(spike.cost, usd("5.4"), "90 calls of 6 cents");
}

/// Calls that fail and are sent again are told as failures.
#[test]
fn a_storm_of_retries_is_told_as_failures() {
    let mut log = Log::usual(21, 5);
    for minute in 0..600 {
        let at = FIRST + 17 * DAY + 9 * HOUR + minute * 60;
        let status = if minute % 10 == 0 { "ok" } else { "error" };
        log.call(Line { at, feature: "digest", tenant: "ash", run: None, status, tokens: 9_000 });
    }
    let answer = ask(&log.book(), &SpikesPlan { by: vec![Axis::parse("feature")], ..plan() });
    assert_eq!(answer.spikes.len(), 1, "{:?}", answer.spikes);
    assert_eq!(answer.spikes[0].key, Some((Axis::parse("feature"), "digest".into())));
}
