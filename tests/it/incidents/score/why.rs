//! One answer of `attr why` beside the truth.

use serde_json::Value;

use super::Where;
use super::amount;
use super::conditions;
use super::list;
use crate::incidents::log::Log;
use crate::incidents::truth::Right;
use crate::incidents::truth::cost;

/// Incidents of nearly the same size may be told in either order: the first is one of at least this share of the
/// largest.
const AS_LARGE: f64 = 0.8;

/// What one answer got right. Fields that do not apply to a log are absent.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Score {
    /// The first cause names the (or a) largest incident.
    pub(crate) first: Option<bool>,
    /// Causes that name an incident, causes that name none, incidents that no cause names.
    pub(crate) hits: usize,
    pub(crate) wrong: usize,
    pub(crate) missed: usize,
    /// The largest effect of that first cause is what was done.
    pub(crate) leading: Option<bool>,
    /// How far its excess is off, as a share.
    pub(crate) off: Option<f64>,
    /// Growth everywhere is called broad.
    pub(crate) broad: Option<bool>,
    /// Somebody is blamed though nothing happened.
    pub(crate) blames: Option<bool>,
    /// What does not add up.
    pub(crate) faults: Vec<String>,
}

/// Scores an answer.
pub(crate) fn score(log: &Log, answer: &Value) -> Score {
    let verdict = answer["verdict"].as_str().unwrap_or_default();
    let verdicts = log.verdicts();
    let mut score = Score { faults: faults(log, answer), ..Score::default() };
    if verdicts == ["broad"] {
        score.broad = Some(verdict == "broad");
    }
    if log.incidents.is_empty() {
        score.blames = Some(verdict == "localized");
    }
    if verdicts == ["localized"] {
        causes(&mut score, log, if verdict == "localized" { list(answer, "causes") } else { &[] });
    }
    score
}

fn causes(score: &mut Score, log: &Log, causes: &[Value]) {
    let mut left: Vec<Right> = log.rights().into_iter().filter(|right| right.excess != 0).collect();
    let largest = left.iter().map(|right| right.excess.abs()).max().unwrap_or(0) as f64;
    let first = causes.first().map(|cause| (cause, conditions(&cause["where"])));
    let large = left.iter().filter(|right| right.excess.abs() as f64 >= AS_LARGE * largest);
    let hit = first
        .and_then(|(cause, named)| large.into_iter().find(|right| names(right, &named)).map(|right| (cause, right)));
    score.first = Some(hit.is_some());
    if let Some((cause, right)) = hit {
        score.leading = Some(right.incident.family.mechanism.contains(&leading(cause)));
        score.off = Some((amount(cause, "excess_usd") - right.excess).abs() as f64 / right.excess.abs() as f64);
    }
    for cause in causes {
        let named = conditions(&cause["where"]);
        match left.iter().position(|right| names(right, &named)) {
            Some(place) => {
                left.remove(place);
                score.hits += 1;
            }
            None => score.wrong += 1,
        }
    }
    score.missed = left.len();
}

/// Tells whether a filter names an incident: one of the accepted ones, narrowed by nothing but what holds anyway.
fn names(right: &Right, named: &Where) -> bool {
    let holds = |(dim, value): (&str, &str)| named.get(dim).is_some_and(|known| known == value);
    let retried = |key: &str| key == "status" && right.incident.family.mechanism.contains(&"errors");
    let tolerated = |key: &str, value: &str| {
        let known = right.tolerated.iter().any(|(dim, known)| dim.name() == key && known.as_ref() == value);
        known || retried(key) && value != "ok"
    };
    right.accept.iter().any(|filter| {
        let own = |key: &str| filter.iter().any(|(dim, _)| dim.name() == key);
        filter.iter().all(|(dim, value)| holds((dim.name(), value.as_ref())))
            && named.iter().all(|(key, value)| own(key) || tolerated(key, value))
    })
}

fn leading(cause: &Value) -> &str {
    let most = list(cause, "effects").iter().max_by_key(|effect| amount(effect, "usd").abs());
    most.and_then(|effect| effect["effect"].as_str()).unwrap_or("none")
}

/// What does not add up to the last digit.
fn faults(log: &Log, answer: &Value) -> Vec<String> {
    let sum = |of: &Value, key: &str, part: &str| list(of, key).iter().map(|item| amount(item, part)).sum::<i128>();
    let change = amount(answer, "change_usd");
    let checks = [
        ("cost_usd is not the log's", amount(answer, "cost_usd"), cost(&log.calls, log.ask.period)),
        ("baseline_usd is not the log's", amount(answer, "baseline_usd"), cost(&log.calls, log.ask.baseline)),
        ("cost - baseline", amount(answer, "cost_usd") - amount(answer, "baseline_usd"), change),
        ("causes + rest", sum(answer, "causes", "change_usd") + amount(answer, "rest_usd"), change),
        ("effects", sum(answer, "effects", "usd"), change),
    ];
    let within = list(answer, "causes")
        .iter()
        .map(|cause| ("effects of a cause", sum(cause, "effects", "usd"), amount(cause, "change_usd")));
    let unlike = checks.into_iter().chain(within).filter(|(_, left, right)| left != right);
    unlike.map(|(what, left, right)| format!("{what}: {left} is not {right}")).collect()
}
