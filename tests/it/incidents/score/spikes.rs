//! One answer of `attr spikes` beside the truth.

use attr::domain::time::Timestamp;
use serde_json::Value;

use super::Where;
use super::amount;
use super::conditions;
use super::list;
use crate::incidents::call::DIMS;
use crate::incidents::company::DAY;
use crate::incidents::log::Incident;
use crate::incidents::log::Log;
use crate::incidents::plant::DROP;

/// A report is right if at least this part of its excess is an incident's.
const REAL: f64 = 0.5;
/// The fourth report of one incident is as good as a false alarm.
const TOLD_AT_MOST: usize = 3;

/// What one answer got right.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Score {
    pub(crate) right: usize,
    pub(crate) wrong: usize,
    /// Incidents that raise costs in the days asked about, and those of them that were told.
    pub(crate) expected: usize,
    pub(crate) found: usize,
    /// Hours from the start of an incident to its first report.
    pub(crate) delays: Vec<f64>,
    /// Nothing was planted.
    pub(crate) quiet: bool,
}

/// Scores an answer.
pub(crate) fn score(log: &Log, answer: &Value) -> Score {
    let (since, until) = log.ask.spikes;
    let seen =
        |incident: &&Incident| incident.family.name != DROP && incident.span.0 < until && incident.span.1 > since;
    let expected: Vec<&Incident> = log.incidents.iter().filter(seen).collect();
    let mut told = vec![(0, i64::MAX); expected.len()];
    let mut score = Score { expected: expected.len(), quiet: log.incidents.is_empty(), ..Score::default() };
    for spike in list(answer, "spikes") {
        match tells(&expected, spike, &told) {
            Some(which) => {
                let known = &mut told[which];
                *known = (known.0 + 1, known.1.min(instant(spike, "detected_at")));
                if known.0 > TOLD_AT_MOST { score.wrong += 1 } else { score.right += 1 }
            }
            None => score.wrong += 1,
        }
    }
    for (incident, (times, at)) in expected.iter().zip(told) {
        if times > 0 {
            score.found += 1;
            score.delays.push((at - incident.span.0) as f64 / 3_600.0);
        }
    }
    score
}

/// The incident that a report tells: of those that it overlaps and that make up its excess one of the largest, one
/// that was not told yet first.
fn tells(expected: &[&Incident], spike: &Value, told: &[(usize, i64)]) -> Option<usize> {
    let span = (instant(spike, "start"), instant(spike, "end"));
    let key = conditions(&spike["key"]);
    let overlaps = |incident: &Incident| span.0 < incident.span.1 && span.1 > incident.span.0;
    let parts: Vec<(usize, i128)> = (0..expected.len())
        .filter(|which| overlaps(expected[*which]))
        .map(|which| (which, part(expected[which], &key, span)))
        .collect();
    let all: i128 = parts.iter().map(|(_, part)| part).sum();
    let largest = parts.iter().map(|(_, part)| *part).max()?;
    if (all as f64) < REAL * amount(spike, "excess_usd") as f64 {
        return None;
    }
    let large = parts.into_iter().filter(|(_, part)| *part as f64 >= 0.3 * largest as f64);
    large.min_by_key(|(which, part)| (told[*which].0 > 0, -part)).map(|(which, _)| which)
}

/// The excess of an incident in a series on the days of a report.
fn part(incident: &Incident, key: &Where, (from, to): (i64, i64)) -> i128 {
    let days = from.div_euclid(DAY)..=to.div_euclid(DAY);
    let moved = incident.moved.iter().filter(|moved| days.contains(&moved.call.at.div_euclid(DAY)));
    let inside = moved.filter(|moved| {
        let value = |name: &str| DIMS.iter().find(|dim| dim.name() == name).map(|dim| moved.call.get(*dim));
        key.iter().all(|(name, wanted)| value(name).is_some_and(|known| known.as_ref() == wanted))
    });
    inside.map(|moved| i128::from(moved.excess)).sum()
}

/// Reads an instant, in seconds since 1970.
fn instant(of: &Value, key: &str) -> i64 {
    let text = of[key].as_str().unwrap_or_else(|| panic!("{key} is no instant: {of}"));
    Timestamp::parse(text).unwrap_or_else(|error| panic!("{key}: {error}")).ts.0 / 1_000_000_000
}
