//! Measures as the contract writes them.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::Class;
use crate::domain::Unpriced;
use crate::domain::rollup::Measures;

/// Writes measures into a JSON object: only classes and reasons that occur.
pub(super) fn put(measures: &Measures, into: &mut Map<String, Value>) {
    into.insert("calls".into(), measures.calls.into());
    into.insert("errors".into(), measures.errors.into());
    let tokens: Map<String, Value> = Class::ALL
        .into_iter()
        .map(|class| (class.name().to_string(), measures.tokens[class as usize]))
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| (name, count.into()))
        .collect();
    into.insert("tokens".into(), tokens.into());
    into.insert("reasoning_tokens".into(), measures.reasoning.into());
    into.insert("cost_usd".into(), measures.cost.to_string().into());
    into.insert("unpriced_calls".into(), measures.unpriced_calls().into());
    if measures.unpriced_calls() > 0 {
        into.insert("unpriced_reasons".into(), reasons(measures));
    }
}

/// Returns measures as a JSON object.
pub(super) fn object(measures: &Measures) -> Value {
    let mut object = Map::new();
    put(measures, &mut object);
    object.into()
}

/// Returns the calls without a price by reason.
fn reasons(measures: &Measures) -> Value {
    let mut reasons = Map::new();
    for (reason, count) in Unpriced::ALL.iter().zip(measures.unpriced).filter(|(_, count)| *count > 0) {
        reasons.insert(reason.name().into(), json!(count));
    }
    reasons.into()
}

/// Says in words how many calls have no price, and why; `None` if all have one.
pub(super) fn unpriced_note(measures: &Measures) -> Option<String> {
    let unpriced = measures.unpriced_calls();
    let reasons: Vec<String> = Unpriced::ALL
        .iter()
        .zip(measures.unpriced)
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| format!("{} {count}", reason.name()))
        .collect();
    (unpriced > 0).then(|| {
        format!("{unpriced} of {} calls have no price and are not in the cost: {}", measures.calls, reasons.join(", "))
    })
}
