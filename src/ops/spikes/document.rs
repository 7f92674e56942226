//! The jumps for machines.

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::Map;
use serde_json::Value;

use crate::analyze::spikes::Key;
use crate::analyze::spikes::Kind;
use crate::analyze::spikes::Metric;
use crate::analyze::spikes::Spike;
use crate::domain::Timestamp;
use crate::report::Report;

pub(super) fn document(
    report: &mut Report,
    from: Option<Timestamp>,
    told: &[Spike],
    acknowledged: &[Spike],
    reasons: &[Report],
) {
    if let Some(from) = from {
        report.put("judged_from", from);
    }
    let mut reasons = reasons.iter().map(|reason| &reason.body);
    report.put_rows("spikes", told.iter().map(|spike| Document { spike, why: reasons.next() }));
    let known = acknowledged.iter().map(|spike| Document { spike, why: None });
    report.put("acknowledged", known.collect::<Vec<_>>());
}

/// Returns the word of a kind.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Spike => "spike",
        Kind::Level => "level",
        Kind::New => "new",
    }
}

/// Returns the word of a metric.
pub(super) fn metric(metric: Metric) -> &'static str {
    match metric {
        Metric::Cost => "cost",
        Metric::CostPerCall => "cost_per_call",
        Metric::CostPerToken => "cost_per_token",
        Metric::FailedCost => "failed_cost",
        Metric::Run => "run",
    }
}

/// A jump as the contract writes it.
struct Document<'s> {
    spike: &'s Spike,
    /// Why it came about, where that was asked.
    why: Option<&'s Map<String, Value>>,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let spike = self.spike;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &KeyDocument(&spike.key))?;
        map.serialize_entry("metric", metric(spike.metric))?;
        map.serialize_entry("kind", kind(spike.kind))?;
        map.serialize_entry("start", &spike.start)?;
        map.serialize_entry("end", &spike.end)?;
        map.serialize_entry("ongoing", &spike.ongoing)?;
        map.serialize_entry("detected_at", &spike.detected_at)?;
        map.serialize_entry("cost_usd", &spike.cost)?;
        map.serialize_entry("expected_usd", &spike.expected)?;
        map.serialize_entry("excess_usd", &spike.excess())?;
        // One decimal is as much as a statistic is worth.
        map.serialize_entry("score", &((spike.score * 10.0).round() / 10.0))?;
        map.serialize_entry("also", &spike.also.iter().map(KeyDocument).collect::<Vec<_>>())?;
        if let Some(event) = &spike.event {
            map.serialize_entry("event", event)?;
        }
        if let Some(why) = self.why {
            map.serialize_entry("why", why)?;
        }
        map.end()
    }
}

/// A series: the name of its dimension and its value, nothing for the total.
struct KeyDocument<'k>(&'k Key);

impl Serialize for KeyDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(axis, value)| (axis.to_string(), value.as_ref())))
    }
}
