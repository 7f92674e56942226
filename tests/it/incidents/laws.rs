//! What the logs promise: the same seed makes the same bytes, an excess is a difference of two sums, the store prices a
//! log as the generator did, and the scorers know right from wrong.

use std::collections::BTreeMap;

use attr::domain::Usd;
use serde_json::Value;
use serde_json::json;

use super::SUBSET;
use super::call::Call;
use super::call::Dim;
use super::call::iso;
use super::company::DAY;
use super::library::book;
use super::library::library;
use super::log::CONTROLS;
use super::log::Log;
use super::log::log;
use super::plant::BROAD;
use super::plant::DROP;
use super::plant::FAMILIES;
use super::save::usd;
use super::score;
use super::truth::cost;
use crate::world::total;

#[test]
fn the_same_seed_makes_the_same_log() {
    let seed = SUBSET[0];
    let (first, again) = (log(seed), log(seed));
    assert_eq!(first.text(), again.text());
    assert_eq!(first.truth(), again.truth());
    assert_ne!(first.text(), log(SUBSET[1]).text());
}

#[test]
fn every_family_and_every_quiet_kind_occurs() {
    let kinds: Vec<&str> = library().iter().flat_map(|log| log.kind.split('+')).collect();
    for family in FAMILIES {
        assert!(kinds.contains(&family.name), "no log with {}", family.name);
    }
    for control in CONTROLS {
        assert!(kinds.contains(&control), "no log with {control}");
    }
}

/// By day, tenant and feature: an incident may change a model or a version, never these.
#[test]
fn an_excess_is_the_cost_with_the_incident_less_the_cost_without() {
    type Place = (i64, String, String);
    for log in library() {
        let mut left: BTreeMap<Place, i128> = BTreeMap::new();
        let place = |call: &Call| {
            (call.at.div_euclid(DAY), call.get(Dim::Tenant).to_string(), call.get(Dim::Feature).to_string())
        };
        let moved = log.incidents.iter().flat_map(|incident| &incident.moved);
        let parts = log.calls.iter().map(|call| (call, i128::from(call.cost)));
        let parts = parts.chain(log.clean.iter().map(|call| (call, -i128::from(call.cost))));
        for (call, part) in parts.chain(moved.map(|moved| (&moved.call, -i128::from(moved.excess)))) {
            *left.entry(place(call)).or_default() += part;
        }
        left.retain(|_, part| *part != 0);
        assert!(left.is_empty(), "seed {}: {left:?}", log.seed);
    }
}

#[test]
fn a_quiet_log_is_untouched() {
    for log in library().iter().filter(|log| log.incidents.is_empty()) {
        assert_eq!(log.calls.len(), log.clean.len());
        assert!(!log.verdicts().contains(&"localized"));
    }
}

#[test]
fn an_incident_is_worth_a_look_and_its_own_filter_names_it() {
    for log in library() {
        for right in log.rights() {
            assert!(right.share > 0.05, "seed {}: {} of the period", log.seed, right.share);
            assert!(right.accept.contains(&right.incident.filter));
            assert_eq!(right.excess < 0, right.incident.family.name == DROP);
            assert!(right.incident.span.0 >= log.ask.period.0 && right.incident.span.0 < log.ask.period.1);
        }
    }
}

#[test]
fn the_store_prices_a_log_as_it_was_made() {
    let mut own_prices = 0;
    for log in library().iter().step_by(16).chain(library().iter().filter(|log| log.prices.is_some())) {
        let measures = total(&book(log).store);
        let made = Usd::from_pico(cost(&log.calls, (i64::MIN, i64::MAX)));
        assert_eq!((measures.calls, measures.cost), (log.calls.len() as u64, made), "seed {}", log.seed);
        assert_eq!(measures.unpriced.iter().sum::<u64>(), 0);
        own_prices += usize::from(log.prices.is_some());
    }
    assert!(own_prices > 0);
}

#[test]
fn perfect_answers_score_in_full() {
    let scores: Vec<_> = library().iter().map(|log| score::why::score(log, &perfect_why(log))).collect();
    let why = score::tally::Why::of(scores.iter());
    let whole = [why.first, why.leading, why.broad, why.exact].iter().all(|share| share.rate() == 1.0 && share.1 > 0);
    assert!(whole && why.f1 == 1.0 && why.off == 0.0 && why.blames.0 == 0 && why.blames.1 > 0, "{why}");
    let scores: Vec<_> = library().iter().map(|log| score::spikes::score(log, &perfect_spikes(log))).collect();
    let spikes = score::tally::Spikes::of(scores.iter());
    let whole = spikes.precision.rate() == 1.0 && spikes.recall.rate() == 1.0 && spikes.recall.1 > 0;
    assert!(whole && spikes.alarms.0 == 0 && spikes.alarms.1 > 0 && spikes.delay == 0.0, "{spikes}");
    assert!((0.5..1.5).contains(&spikes.reports), "{spikes}");
}

#[test]
fn a_wrong_answer_scores_nothing() {
    for log in library() {
        let mut why = perfect_why(log);
        let nobody = json!({"tenant": "nobody"});
        let blame = json!({"where": nobody, "change_usd": "1", "excess_usd": "1", "effects": [{"effect": "tools", "usd": "2"}]});
        why["verdict"] = json!("localized");
        why["causes"] = json!([blame]);
        let score = score::why::score(log, &why);
        assert!(score.first != Some(true) && score.hits == 0 && score.broad != Some(true));
        assert_eq!(score.blames, log.incidents.is_empty().then_some(true));
        assert!(score.faults.len() >= 2, "{:?}", score.faults);
        let span = json!({"key": {"tenant": "nobody"}, "excess_usd": "1", "start": iso(log.ask.spikes.0),
            "end": iso(log.ask.spikes.1), "detected_at": iso(log.ask.spikes.1)});
        let score = score::spikes::score(log, &json!({"spikes": [span]}));
        assert_eq!((score.right, score.wrong, score.found), (0, 1, 0));
    }
}

#[test]
fn an_incident_told_again_and_again_is_a_false_alarm() {
    let log = library().iter().find(|log| log.kind == "routing_upgrade").expect("one is in the subset");
    let told = perfect_spikes(log)["spikes"][0].clone();
    let score = score::spikes::score(log, &json!({"spikes": vec![told; 5]}));
    assert_eq!((score.right, score.wrong, score.found), (3, 2, 1));
}

fn perfect_why(log: &Log) -> Value {
    let (period, baseline) = (cost(&log.calls, log.ask.period), cost(&log.calls, log.ask.baseline));
    let change = period - baseline;
    let mut rights = log.rights();
    rights.retain(|right| right.incident.family.name != BROAD);
    rights.sort_by_key(|right| -right.excess.abs());
    let causes: Vec<Value> = rights
        .iter()
        .map(|right| {
            let excess = usd(right.excess);
            let named: BTreeMap<&str, &str> =
                right.incident.filter.iter().map(|(dim, value)| (dim.name(), value.as_ref())).collect();
            let effects = json!([{"effect": right.incident.family.mechanism[0], "usd": excess}]);
            json!({"where": named, "change_usd": excess, "excess_usd": excess, "effects": effects})
        })
        .collect();
    let rest = change - rights.iter().map(|right| right.excess).sum::<i128>();
    json!({"cost_usd": usd(period), "baseline_usd": usd(baseline), "change_usd": usd(change), "causes": causes,
        "verdict": log.verdicts()[0], "rest_usd": usd(rest), "effects": [{"effect": "volume", "usd": usd(change)}]})
}

fn perfect_spikes(log: &Log) -> Value {
    let told = log.incidents.iter().filter(|incident| incident.family.name != DROP).map(|incident| {
        let key: BTreeMap<&str, &str> =
            incident.filter.iter().map(|(dim, value)| (dim.name(), value.as_ref())).collect();
        let (start, end) = (iso(incident.span.0), iso(incident.span.1));
        let excess = usd(incident.moved.iter().map(|moved| i128::from(moved.excess)).sum());
        json!({"key": key, "start": start, "end": end, "detected_at": start, "excess_usd": excess})
    });
    json!({"spikes": told.collect::<Vec<_>>()})
}
