//! The right answers of a log: what was done, what it cost to the last digit, and which filters say so.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use super::call::Call;
use super::call::DIMS;
use super::call::Dim;
use super::call::Name;
use super::call::iso;
use super::company::DAY;
use super::edit::Moved;
use super::log::GROWTH;
use super::log::Incident;
use super::log::Log;
use super::plant::BROAD;

type Filter = Vec<(Dim, Name)>;

/// A filter must hold this share of an incident's excess to be a name for it, and be this concentrated beside the
/// incident's own filter.
const ENOUGH: f64 = 0.9;

impl Log {
    /// The questions about the log.
    pub(crate) fn asked(&self) -> Value {
        let span = |(from, to): (i64, i64)| json!([iso(from), iso(to)]);
        json!({
            "spikes": {"from": iso(self.ask.spikes.0), "to": iso(self.ask.spikes.1)},
            "why": {"period": span(self.ask.period), "baseline": span(self.ask.baseline)},
        })
    }

    /// What the answers must say.
    pub(crate) fn truth(&self) -> Value {
        json!({
            "kind": self.kind,
            "seed": self.seed,
            "calls": self.calls.len(),
            "total_usd": usd(self.calls.iter().map(|call| i128::from(call.cost)).sum()),
            "log": [iso(self.company.start), iso(self.company.end())],
            "verdicts": self.verdicts(),
            "incidents": self.incidents.iter().map(|incident| self.incident(incident)).collect::<Vec<_>>(),
            "ask": {
                "period_usd": usd(cost(&self.calls, self.ask.period)),
                "baseline_usd": usd(cost(&self.calls, self.ask.baseline)),
            },
        })
    }

    /// The verdicts that are right. A log without incidents is never localized; one that grows every day is broad.
    fn verdicts(&self) -> Vec<&'static str> {
        match self.incidents.first() {
            Some(first) if first.family.name == BROAD => vec!["broad"],
            Some(_) => vec!["localized"],
            None => {
                let before = cost(&self.calls, self.ask.baseline) as f64;
                let grown = cost(&self.calls, self.ask.period) as f64 / before - 1.0;
                if self.kind == GROWTH && grown >= 0.13 { vec!["broad"] } else { vec!["broad", "no_change"] }
            }
        }
    }

    fn incident(&self, incident: &Incident) -> Value {
        let moved: Vec<&Moved> = incident.moved.iter().filter(|moved| moved.excess != 0).collect();
        let period = self.ask.period;
        let inside: Vec<&Moved> = moved.iter().copied().filter(|moved| within(&moved.call, period)).collect();
        let excess: i128 = inside.iter().map(|moved| i128::from(moved.excess)).sum();
        let tolerated = tolerated(&inside, excess);
        let share = excess.unsigned_abs() as f64 / cost(&self.clean, period) as f64;
        let severity = if share < 0.15 {
            "S"
        } else if share < 0.5 {
            "M"
        } else {
            "L"
        };
        json!({
            "type": incident.family.name,
            "filter": object(&incident.filter),
            "accept": self.accept(incident, &inside, excess, &tolerated).iter().map(object).collect::<Vec<_>>(),
            "tolerated": tolerated.iter().map(|(dim, value)| json!([dim.name(), value.as_ref()])).collect::<Vec<_>>(),
            "start": iso(incident.span.0),
            "end": iso(incident.span.1),
            "excess_usd": usd(moved.iter().map(|moved| i128::from(moved.excess)).sum()),
            "excess_in_period_usd": usd(excess),
            "mechanism": incident.family.mechanism,
            "severity": severity,
            "rows": moved.len(),
            "excess_by": by_dimension(&moved),
            "excess_daily": daily(&moved),
        })
    }

    /// The filters that select practically the same excess, and little else: the incident's own, and every shorter
    /// or other conjunction of what holds for (nearly) all of it.
    fn accept(&self, incident: &Incident, inside: &[&Moved], excess: i128, held: &[(Dim, Name)]) -> Vec<Filter> {
        let own = &incident.filter;
        let mut accept = vec![own.clone()];
        if own.is_empty() {
            return accept;
        }
        let (own_held, own_size) = (self.held(inside, own), self.size(own));
        let fits = |filter: &Filter| {
            let share = self.held(inside, filter) as f64 / excess as f64;
            let concentration = self.held(inside, filter) as f64 / self.size(filter).max(1) as f64;
            share >= ENOUGH && concentration.abs() >= ENOUGH * (own_held as f64 / own_size.max(1) as f64).abs()
        };
        for condition in held {
            let filter = vec![condition.clone()];
            if !accept.contains(&filter) && fits(&filter) {
                accept.push(filter);
            }
        }
        for (place, first) in held.iter().enumerate() {
            for second in &held[place + 1..] {
                let filter = vec![first.clone(), second.clone()];
                let narrows = accept.iter().any(|known| known.iter().all(|condition| filter.contains(condition)));
                if first.0 != second.0 && !narrows && fits(&filter) {
                    accept.push(filter);
                }
            }
        }
        accept
    }

    /// How much of the excess lies inside a filter.
    fn held(&self, inside: &[&Moved], filter: &Filter) -> i128 {
        inside.iter().filter(|moved| moved.call.is(filter)).map(|moved| i128::from(moved.excess)).sum()
    }

    /// What a filter costs in the period, with the incidents or without, whichever is more.
    fn size(&self, filter: &Filter) -> i128 {
        let sum = |calls: &[Call]| {
            let calls = calls.iter().filter(|call| within(call, self.ask.period) && call.is(filter));
            calls.map(|call| i128::from(call.cost)).sum::<i128>()
        };
        sum(&self.calls).max(sum(&self.clean))
    }
}

fn within(call: &Call, (from, to): (i64, i64)) -> bool {
    from <= call.at && call.at < to
}

fn cost(calls: &[Call], span: (i64, i64)) -> i128 {
    calls.iter().filter(|call| within(call, span)).map(|call| i128::from(call.cost)).sum()
}

/// The conditions that hold for nearly all of an excess.
fn tolerated(inside: &[&Moved], excess: i128) -> Vec<(Dim, Name)> {
    let mut found = Vec::new();
    for dim in DIMS {
        let mut sums: BTreeMap<&Name, i128> = BTreeMap::new();
        for moved in inside {
            *sums.entry(moved.call.get(dim)).or_default() += i128::from(moved.excess);
        }
        let most = sums.into_iter().filter(|(value, sum)| !value.is_empty() && *sum as f64 / excess as f64 >= ENOUGH);
        found.extend(most.map(|(value, _)| (dim, value.clone())));
    }
    found
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
