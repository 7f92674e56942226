//! The gate on what a unit costs, against a baseline file.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::analyze::check::rise::Judgement;
use crate::analyze::check::rise::LEAST_UNITS;
use crate::analyze::check::rise::Measured;
use crate::analyze::check::rise::judged;
use crate::analyze::check::rise::rise;
use crate::domain::Axis;
use crate::domain::rollup::Key;
use crate::domain::rollup::Logged;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::domain::window::Grain;
use crate::ops::book::Book;
use crate::ops::check::CheckFailure;
use crate::ops::check::CheckPlan;
use crate::ops::check::RiseGate;
use crate::ops::check::Unit;
use crate::ops::check::baseline::Baseline;
use crate::ops::check::told::Status;
use crate::ops::check::told::Told;
use crate::ops::check::told::group_name;
use crate::ops::check::told::group_object;
use crate::report::Cell;
use crate::store::StoreError;

/// Groups beyond the limit that are listed for machines.
const MOST_LISTED: usize = 20;

/// One group now and before.
struct Pair<'k> {
    key: &'k Key,
    now: Measured,
    before: Measured,
    judgement: Judgement,
}

impl Pair<'_> {
    fn share(&self) -> Option<f64> {
        rise(&self.now, &self.before).map(|rise| rise.share)
    }
}

pub(super) fn tell(
    book: &Book,
    gate: &RiseGate,
    plan: &CheckPlan,
    measured: &mut Baseline,
) -> Result<Told, CheckFailure> {
    let groups = groups(book, gate, plan)?;
    measured.put(gate, &groups);
    let told = Told::skipped("rise", &gate.name, "");
    let Some((_, baseline)) = &plan.baseline else {
        return Ok(Told { message: "no baseline to compare with: `--baseline FILE` names one".into(), ..told });
    };
    let Some(before) = baseline.groups(gate) else {
        let message =
            "the baseline file knows no gate of this name, unit and dimensions: write it anew with --write-baseline";
        return Ok(Told { message: message.into(), ..told });
    };
    let mut pairs: Vec<Pair<'_>> = groups
        .iter()
        .filter(|(_, now)| now.cost >= gate.least_usd)
        .filter_map(|(key, now)| {
            let before = *before.get(key)?;
            Some(Pair { key, now: *now, before, judgement: judged(now, &before, gate.most) })
        })
        .collect();
    // Groups beyond what is allowed come first, of these the one that rose most.
    pairs.sort_by(|a, b| {
        let rank = |pair: &Pair<'_>| (pair.judgement == Judgement::TooMuch, pair.share().unwrap_or(f64::MAX));
        let ((a_over, a_share), (b_over, b_share)) = (rank(a), rank(b));
        b_over.cmp(&a_over).then(b_share.total_cmp(&a_share)).then(a.key.cmp(b.key))
    });
    let fresh = groups.iter().filter(|(key, now)| now.cost >= gate.least_usd && !before.contains_key(*key)).count();
    Ok(match pairs.first() {
        None if groups.is_empty() => Told { message: "no call to judge by".into(), ..told },
        None => Told { message: "nothing that the baseline file knows occurs here".into(), ..told },
        Some(worst) => judged_gate(gate, worst, &pairs, fresh, told),
    })
}

fn judged_gate(gate: &RiseGate, worst: &Pair<'_>, pairs: &[Pair<'_>], fresh: usize, told: Told) -> Told {
    let over: Vec<&Pair<'_>> = pairs.iter().filter(|pair| pair.judgement == Judgement::TooMuch).collect();
    let doubtful = pairs.iter().any(|pair| pair.judgement == Judgement::TooFew);
    let mut fields = object(gate, worst);
    fields.insert("limit_rise".into(), json!(gate.most));
    if !gate.by.is_empty() {
        fields
            .insert("over".into(), over.iter().take(MOST_LISTED).map(|pair| Value::from(object(gate, pair))).collect());
        fields.insert("over_count".into(), json!(over.len()));
        fields.insert("new_groups".into(), json!(fresh));
    }
    Told {
        status: match (over.is_empty(), doubtful) {
            (false, _) => Status::Failed,
            (true, true) => Status::Warned,
            (true, false) => Status::Passed,
        },
        measured: Cell::Text(worst.share().map_or_else(|| "was free".into(), percent)),
        limit: Cell::Text(percent(gate.most)),
        message: sentence(gate, worst, over.len(), pairs.len(), fresh),
        fields,
        ..told
    }
}

fn object(gate: &RiseGate, pair: &Pair<'_>) -> Map<String, Value> {
    let mut fields = Map::new();
    if !gate.by.is_empty() {
        fields.insert("key".into(), group_object(gate.by.iter(), pair.key));
    }
    fields.insert("mean_usd".into(), json!(pair.now.mean()));
    fields.insert("baseline_mean_usd".into(), json!(pair.before.mean()));
    fields.insert("units".into(), json!(pair.now.units));
    fields.insert("baseline_units".into(), json!(pair.before.units));
    if let Some(rise) = rise(&pair.now, &pair.before) {
        fields.insert("rise".into(), json!(rise.share));
        fields.insert("noise".into(), json!(rise.noise));
    }
    fields
}

fn sentence(gate: &RiseGate, worst: &Pair<'_>, over: usize, all: usize, fresh: usize) -> String {
    let who = if gate.by.is_empty() { String::new() } else { format!("{}: ", group_name(worst.key)) };
    let mut text =
        format!("{who}{} a {}, was {}", worst.now.mean().rounded(), gate.per.name(), worst.before.mean().rounded());
    match (worst.judgement, rise(&worst.now, &worst.before)) {
        (Judgement::Noise, Some(rise)) => text += &format!("; within noise, which reaches {}", percent(rise.noise)),
        (Judgement::TooFew, _) => text += &format!("; fewer than {LEAST_UNITS} to tell a rise from noise"),
        _ => {}
    }
    if !gate.by.is_empty() {
        text += &match over {
            0 => format!(" (the largest rise of {all} groups)"),
            over => format!(" ({over} of {all} groups rose too much)"),
        };
    }
    match fresh {
        0 => {}
        1 => text += "; 1 group is not in the baseline",
        fresh => text += &format!("; {fresh} groups are not in the baseline"),
    }
    text
}

fn percent(share: f64) -> String {
    format!("{:+.1} %", share * 100.0)
}

/// Measures what units cost, by group.
fn groups(book: &Book, gate: &RiseGate, plan: &CheckPlan) -> Result<BTreeMap<Key, Measured>, StoreError> {
    let window = plan.window.unwrap_or_default();
    let zone = plan.frame.zone;
    let query = RollupQuery { by: gate.by.clone(), window, filter: gate.filter.clone(), zone, logged: Logged::Ignored };
    let axis = match &gate.per {
        Unit::Of(axis) => axis.clone(),
        Unit::Day => Axis::Time(Grain::Day),
    };
    let mut units = book.unit_costs(&query, &axis)?;
    if gate.per == Unit::Day {
        let days = book.rollup(&RollupQuery { by: vec![axis], filter: Default::default(), ..query })?.len();
        units.iter_mut().for_each(|unit| unit.costs.resize(days.max(unit.costs.len()), Default::default()));
    }
    Ok(units.into_iter().filter_map(|unit| Some((unit.key, Measured::of(&unit.costs)?))).collect())
}
