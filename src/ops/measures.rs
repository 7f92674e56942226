//! Measures as the contract writes them.

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;

use crate::domain::Class;
use crate::domain::Unpriced;
use crate::domain::Usd;
use crate::domain::rollup::LoggedSums;
use crate::domain::rollup::Measures;
use crate::ops::price::lies_in_record;

/// Measures as a JSON object of their own.
pub(super) struct Document<'m>(pub(super) &'m Measures);

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        entries(self.0, self.0.discount != Usd::ZERO, &mut map)?;
        map.end()
    }
}

/// Writes measures into a JSON object: only classes and reasons that occur, and list prices where `with_list`.
pub(super) fn entries<M: SerializeMap>(measures: &Measures, with_list: bool, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("calls", &measures.calls)?;
    map.serialize_entry("errors", &measures.errors)?;
    let classes = Class::ALL.map(|class| (class.name(), measures.tokens[class as usize]));
    map.serialize_entry("tokens", &Counts(&classes))?;
    map.serialize_entry("reasoning_tokens", &measures.reasoning)?;
    map.serialize_entry("cost_usd", &measures.cost)?;
    if with_list {
        map.serialize_entry("list_usd", &(measures.cost + measures.discount))?;
    }
    if measures.logged.calls > 0 {
        map.serialize_entry("logged", &LoggedDocument(&measures.logged))?;
    }
    map.serialize_entry("unpriced_calls", &measures.unpriced_calls())?;
    if measures.unpriced_calls() > 0 {
        let mut places = measures.unpriced.iter();
        let reasons = Unpriced::ALL.map(|reason| (reason.name(), places.next().copied().unwrap_or(0)));
        map.serialize_entry("unpriced_reasons", &Counts(&reasons))?;
    }
    Ok(())
}

/// What logs say, as an object of its own; `difference_usd` is the table's figure less the logs', where both have one.
struct LoggedDocument<'m>(&'m LoggedSums);

impl Serialize for LoggedDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let logged = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("calls", &logged.calls)?;
        if logged.charged_calls > 0 {
            map.serialize_entry("charged_calls", &logged.charged_calls)?;
        }
        map.serialize_entry("cost_usd", &logged.cost)?;
        map.serialize_entry("compared_usd", &logged.compared)?;
        map.serialize_entry("difference_usd", &logged.difference())?;
        if logged.taken_calls > 0 {
            map.serialize_entry("taken_calls", &logged.taken_calls)?;
            map.serialize_entry("taken_usd", &logged.taken)?;
        }
        map.end()
    }
}

/// Names with counts, those that are not zero.
struct Counts<'c>(&'c [(&'static str, u64)]);

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name, count)))
    }
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

/// Says what to do about calls without a price; nothing where the record itself lacks what a price needs.
pub(super) fn unpriced_hint(measures: &Measures) -> Option<String> {
    let mut reasons = Unpriced::ALL.iter().zip(measures.unpriced).filter(|(_, n)| *n > 0);
    let by_table = reasons.any(|(reason, _)| !lies_in_record(*reason));
    by_table.then(|| "`attr status` lists their models".to_string())
}
