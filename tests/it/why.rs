//! `attr why`: the laws of a change that is split, the incidents it must find, and logs that have nothing to say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod causes;
mod laws;

use std::fmt::Write as _;

use attr::domain::Axis;
use attr::domain::Filter;
use attr::domain::Timestamp;
use attr::domain::Usd;
use attr::domain::Window;
use attr::domain::Zone;
use attr::domain::window::Frame;
use attr::ops::CachedInput;
use attr::ops::book::Book;
use attr::ops::book::PriceFiles;
use attr::ops::import::How;
use attr::ops::why;
use attr::ops::why::Versus;
use attr::ops::why::WhyPlan;
use serde_json::Value;

use crate::world::import_text_how;

/// Prices of three models, the first of which is dearer from 8 March 2026 by this factor in percent.
fn prices(percent: u32) -> attr::ops::PriceTable {
    let row = |from: &str, percent: u32| {
        let rate = |base: u32| format!("{}.{:02}", base * percent / 100, base * percent % 100);
        format!(
            "[[model.price]]\nmode = \"standard\"\nfrom = {from}\nusd_per_mtok = {{ input = \"{}\", cache_read = \"{}\", \
             output = \"{}\" }}\n",
            rate(200),
            rate(20),
            rate(1000)
        )
    };
    let mut text = String::from("version = \"test\"\nseller = \"s\"\n");
    for model in ["fast", "swift", "smart"] {
        let factor = if model == "smart" { 500 } else { 100 };
        write!(text, "[[model]]\nid = \"{model}\"\n{}", row("2026-01-01", factor)).unwrap();
        if model == "fast" && percent != 100 {
            text.push_str(&row("2026-03-08", percent));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prices.toml");
    fs_err::write(&path, text).unwrap();
    PriceFiles { list: Some(path), overrides: Vec::new() }.load().unwrap()
}

/// One call of a log.
#[derive(Clone, Debug, Default)]
struct Call {
    /// Seconds after the start of 1 March 2026.
    at: u32,
    feature: &'static str,
    tenant: String,
    model: &'static str,
    version: &'static str,
    status: &'static str,
    environment: &'static str,
    plan: &'static str,
    run: u32,
    input: u32,
    cached: u32,
    output: u32,
}

const DAY: u32 = 86_400;
const WEEK: u32 = 7 * DAY;
/// 1 March 2026, a Sunday.
const FIRST: i64 = 1_772_323_200;

impl Call {
    fn line(&self, number: usize) -> String {
        serde_json::json!({
            "ts": Timestamp((FIRST + i64::from(self.at)) * 1_000_000_000).to_string(),
            "request_id": format!("r{number}"),
            "provider": "s",
            "model": self.model,
            "feature": self.feature,
            "tenant": self.tenant,
            "prompt_version": self.version,
            "status": self.status,
            "environment": self.environment,
            "plan": self.plan,
            "run": format!("run-{}", self.run),
            "input_tokens": self.input,
            "cache_read_tokens": self.cached,
            "output_tokens": self.output,
        })
        .to_string()
    }

    /// The same call so many seconds later.
    fn later(&self, seconds: u32) -> Call {
        Call { at: self.at + seconds, run: self.run + 1_000_000, ..self.clone() }
    }
}

fn text(calls: &[Call]) -> String {
    calls.iter().enumerate().fold(String::new(), |text, (number, call)| text + &call.line(number) + "\n")
}

/// Puts a log into a store of its own.
fn store(log: &str, percent: u32) -> Book {
    let mut book = Book::in_memory(prices(percent)).unwrap();
    if !log.is_empty() {
        let mut how = How::default();
        how.options.cached_input = Some(CachedInput::Outside);
        import_text_how(&mut book, "log.jsonl", log, how);
    }
    book
}

/// The second week against the first, or what a test makes of it.
fn plan() -> WhyPlan {
    let now = Timestamp((FIRST + i64::from(2 * WEEK)) * 1_000_000_000);
    WhyPlan {
        window: range("2026-03-08..2026-03-14"),
        versus: Versus::Previous,
        by: Vec::new(),
        filter: Filter::default(),
        min_share: None,
        now,
        zone: Zone::UTC,
        drawn: true,
    }
}

fn range(text: &str) -> Window {
    Window::range(text, Frame { now: Timestamp(0), zone: Zone::UTC }).unwrap()
}

fn by(names: &[&str]) -> Vec<Axis> {
    names.iter().map(|name| Axis::parse(name)).collect()
}

/// Asks, checks that every part sums to its whole, and returns the document.
#[track_caller]
fn ask(book: &Book, plan: &WhyPlan) -> Value {
    let document = why::run(book, plan).unwrap().document();
    assert_sums(&document);
    document
}

#[track_caller]
fn assert_sums(document: &Value) {
    let change = usd(&document["change_usd"]);
    assert_eq!(usd(&document["cost_usd"]) - usd(&document["baseline_usd"]), change);
    let causes = document["causes"].as_array().unwrap();
    let of_causes: Usd = causes.iter().map(|cause| usd(&cause["change_usd"])).sum();
    assert_eq!(of_causes + usd(&document["rest_usd"]), change, "causes and rest: {document}");
    for part in causes.iter().chain([document]) {
        let sum: Usd = effects(part).into_iter().map(|(_, usd)| usd).sum();
        assert_eq!(sum, usd(&part["change_usd"]), "effects: {part}");
    }
    for cause in causes {
        assert!(!cause["where"].as_object().unwrap().is_empty(), "{cause}");
    }
}

fn usd(value: &Value) -> Usd {
    Usd::parse(value.as_str().unwrap()).unwrap()
}

fn effects(part: &Value) -> Vec<(String, Usd)> {
    let effects = part["effects"].as_array().unwrap();
    effects.iter().map(|effect| (effect["effect"].as_str().unwrap().to_string(), usd(&effect["usd"]))).collect()
}

fn causes(document: &Value) -> Vec<Value> {
    document["causes"].as_array().unwrap().iter().map(|cause| cause["where"].clone()).collect()
}

fn codes(document: &Value) -> Vec<&str> {
    document["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

/// A quiet week of a small product: the same calls every day, so that nothing but what a test plants can stand out.
fn week(first_day: u32) -> Vec<Call> {
    let mut calls = Vec::new();
    for day in first_day..first_day + 7 {
        for number in 0..60u32 {
            let (feature, version) =
                [("chat", "chat-v1"), ("search", "search-v1"), ("digest", "digest-v1")][number as usize % 3];
            calls.push(Call {
                at: day * DAY + number * 1_200,
                feature,
                tenant: format!("tenant-{}", number / 3 % 5),
                model: if number % 4 == 0 { "swift" } else { "fast" },
                version,
                status: "ok",
                environment: "production",
                plan: if number % 2 == 0 { "free" } else { "paid" },
                run: day * 1_000 + number,
                input: 8_000 + 100 * (number % 7),
                cached: 4_000,
                output: 500,
            });
        }
    }
    calls
}
