//! A log as files: the calls, the questions, and the truth as a document.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::call::DIMS;
use super::call::iso;
use super::company::DAY;
use super::edit::Moved;
use super::log::Log;
use super::models;
use super::truth::Filter;
use super::truth::Right;
use super::truth::cost;

impl Log {
    /// Writes `calls.jsonl`, `ask.json`, `truth.json`, and `prices.toml` where the log has prices of its own.
    pub(crate) fn save(&self, folder: &Path) {
        fs_err::create_dir_all(folder).expect("a folder");
        fs_err::write(folder.join("calls.jsonl"), self.text()).expect("the calls");
        fs_err::write(folder.join("ask.json"), format!("{:#}\n", self.asked())).expect("the questions");
        fs_err::write(folder.join("truth.json"), format!("{:#}\n", self.truth())).expect("the truth");
        if let Some(change) = &self.prices {
            fs_err::write(folder.join("prices.toml"), models::price_file(change)).expect("the prices");
        }
    }

    /// The log as a file of lines.
    pub(crate) fn text(&self) -> String {
        self.calls.iter().enumerate().map(|(number, call)| call.line(number) + "\n").collect()
    }

    fn asked(&self) -> Value {
        let span = |(from, to): (i64, i64)| json!([iso(from), iso(to)]);
        json!({
            "spikes": {"from": iso(self.ask.spikes.0), "to": iso(self.ask.spikes.1)},
            "why": {"period": span(self.ask.period), "baseline": span(self.ask.baseline)},
        })
    }

    pub(crate) fn truth(&self) -> Value {
        json!({
            "kind": self.kind,
            "seed": self.seed,
            "calls": self.calls.len(),
            "total_usd": usd(cost(&self.calls, (i64::MIN, i64::MAX))),
            "log": [iso(self.company.start), iso(self.company.end())],
            "verdicts": self.verdicts(),
            "incidents": self.rights().iter().map(incident).collect::<Vec<_>>(),
            "ask": {
                "period_usd": usd(cost(&self.calls, self.ask.period)),
                "baseline_usd": usd(cost(&self.calls, self.ask.baseline)),
            },
        })
    }
}

fn incident(right: &Right) -> Value {
    let moved: Vec<&Moved> = right.incident.moved.iter().filter(|moved| moved.excess != 0).collect();
    let severity = match right.share {
        share if share < 0.15 => "S",
        share if share < 0.5 => "M",
        _ => "L",
    };
    json!({
        "type": right.incident.family.name,
        "filter": object(&right.incident.filter),
        "accept": right.accept.iter().map(object).collect::<Vec<_>>(),
        "tolerated": right.tolerated.iter().map(|(dim, value)| json!([dim.name(), value.as_ref()])).collect::<Vec<_>>(),
        "start": iso(right.incident.span.0),
        "end": iso(right.incident.span.1),
        "excess_usd": usd(moved.iter().map(|moved| i128::from(moved.excess)).sum()),
        "excess_in_period_usd": usd(right.excess),
        "mechanism": right.incident.family.mechanism,
        "severity": severity,
        "rows": moved.len(),
        "excess_by": by_dimension(&moved),
        "excess_daily": daily(&moved),
    })
}

/// Excess by dimension and value.
fn by_dimension(moved: &[&Moved]) -> Value {
    let mut all = serde_json::Map::new();
    for dim in DIMS {
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for moved in moved {
            *sums.entry(moved.call.get(dim)).or_default() += i128::from(moved.excess);
        }
        let values: BTreeMap<&str, String> = sums.into_iter().map(|(value, excess)| (value, usd(excess))).collect();
        all.insert(dim.name().to_owned(), json!(values));
    }
    Value::Object(all)
}

/// Excess by dimension, value and day.
fn daily(moved: &[&Moved]) -> Value {
    let mut all = serde_json::Map::new();
    for dim in DIMS {
        let mut sums: BTreeMap<&str, BTreeMap<String, i128>> = BTreeMap::new();
        for moved in moved {
            let day = iso(moved.call.at.div_euclid(DAY) * DAY)[..10].to_owned();
            *sums.entry(moved.call.get(dim)).or_default().entry(day).or_default() += i128::from(moved.excess);
        }
        let days = |days: BTreeMap<String, i128>| days.into_iter().map(|(day, excess)| (day, usd(excess))).collect();
        let values: BTreeMap<&str, BTreeMap<String, String>> =
            sums.into_iter().map(|(value, sums)| (value, days(sums))).collect();
        all.insert(dim.name().to_owned(), json!(values));
    }
    Value::Object(all)
}

fn object(filter: &Filter) -> Value {
    Value::Object(filter.iter().map(|(dim, value)| (dim.name().to_owned(), json!(value.as_ref()))).collect())
}

/// Picodollars as an exact decimal.
pub(crate) fn usd(picodollars: i128) -> String {
    let sign = if picodollars < 0 { "-" } else { "" };
    let whole = picodollars.unsigned_abs();
    let text = format!("{sign}{}.{:012}", whole / 1_000_000_000_000, whole % 1_000_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
