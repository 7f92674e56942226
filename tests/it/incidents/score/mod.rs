//! How good an answer is, beside what was planted: the JSON documents of `attr why` and `attr spikes`, scored.

pub(crate) mod spikes;
pub(crate) mod tally;
pub(crate) mod why;

use std::collections::BTreeMap;

use attr::domain::Usd;
use serde_json::Value;

/// Conditions of an answer: dimension and value.
pub(crate) type Where = BTreeMap<String, String>;

/// Reads an object of conditions.
fn conditions(object: &Value) -> Where {
    let object = object.as_object().expect("conditions are an object");
    object.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// Reads an exact amount, in picodollars.
fn amount(of: &Value, key: &str) -> i128 {
    let text = of[key].as_str().unwrap_or_else(|| panic!("{key} is no amount: {of}"));
    Usd::parse(text).unwrap_or_else(|error| panic!("{key}: {error}")).pico()
}

fn list<'a>(of: &'a Value, key: &str) -> &'a [Value] {
    of[key].as_array().unwrap_or_else(|| panic!("{key} is no list: {of}"))
}
