//! Records that are stored and not counted: why, and which call is counted in their place.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::report::Cell;
use crate::store::FoundCall;
use crate::store::Hold;
use crate::store::NotCounted;

/// Calls named in a sentence before the rest is counted.
const MOST_NAMED: usize = 10;

/// Adds to a call's document why it is not counted, and the records that it is counted for.
pub(super) fn tell(found: &FoundCall, others: &[FoundCall], document: &mut Map<String, Value>) {
    if !found.held.is_empty() {
        let reasons = found.held.iter().map(|why| json!({"reason": why.reason.name(), "represented_by": why.by}));
        document.insert("not_counted".into(), reasons.collect());
    }
    if !others.is_empty() {
        let records = others.iter().map(|other| {
            let reasons: Vec<&str> = other.held.iter().map(|why| why.reason.name()).collect();
            json!({"call": other.id, "reasons": reasons, "file": other.path, "line": other.call.line})
        });
        document.insert("counted_for".into(), records.collect());
    }
}

/// The same for people.
pub(super) fn facts(found: &FoundCall, others: &[FoundCall]) -> Vec<(String, Cell)> {
    let mut facts: Vec<(String, Cell)> =
        found.held.iter().map(|why| ("not counted".to_string(), Cell::Text(sentence(why)))).collect();
    facts.extend(others.iter().map(|other| {
        let reasons: Vec<&str> = other.held.iter().map(|why| why.reason.name()).collect();
        let told = format!("call {} ({}), {}:{}", other.id, reasons.join(", "), other.path, other.call.line);
        ("counted for".to_string(), Cell::Logged(told))
    }));
    facts
}

fn sentence(why: &NotCounted) -> String {
    let by = named(&why.by);
    match (why.reason, why.by.is_empty()) {
        (Hold::Rollup, true) => "rollup: it sums calls that are counted themselves".into(),
        (Hold::Rollup, false) => format!("rollup: it sums {by}, counted themselves"),
        (Hold::Same, true) => "merged: another record of the same call is counted".into(),
        (Hold::Same, false) => format!("merged: {by} is another record of the same call and stands for it"),
        (Hold::Chosen, true) => "excluded: you said that another source logged it too".into(),
        (Hold::Chosen, false) => format!("excluded: you said that {by}, of another source, is the same call"),
    }
}

/// Names calls: `call 5`, `calls 5, 6 and 12 more`.
fn named(calls: &[i64]) -> String {
    let first: Vec<String> = calls.iter().take(MOST_NAMED).map(i64::to_string).collect();
    let word = if calls.len() == 1 { "call" } else { "calls" };
    match calls.len() - first.len() {
        0 => format!("{word} {}", first.join(", ")),
        more => format!("{word} {} and {more} more", first.join(", ")),
    }
}
