//! Single runs and users: they come and go, so they are never searched, only looked up where something was found.

use crate::analyze::why::PricedCalls;
use crate::analyze::why::Question;
use crate::analyze::why::Span;
use crate::domain::Axis;
use crate::domain::Condition;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::rollup::Logged;
use crate::domain::rollup::Rollup;
use crate::domain::rollup::RollupQuery;

/// A run is a cause of its own at so many times any earlier run of its feature …
const TIMES_EARLIER: f64 = 3.0;
/// … and so many times the second of the period.
const TIMES_SECOND: f64 = 2.4;
/// … or at less of both, where it also makes so many times their calls: it repeats itself.
const TIMES_EARLIER_REPEATING: f64 = 1.5;
const TIMES_SECOND_REPEATING: f64 = 2.0;
const TIMES_CALLS: f64 = 1.75;
/// With fewer calls than this, a run most of which failed is a call sent again.
const LEAST_CALLS: u64 = 10;
/// With fewer runs than this, nothing is known of what runs cost.
const LEAST_RUNS: usize = 5;
/// The part of a slice's excess that one run, or one user, must hold to be named.
const RUN_SHARE: f64 = 0.5;
const USER_SHARE: f64 = 0.9;
/// How much more than any earlier run it must have cost then.
const TIMES_INSIDE: f64 = 1.5;

/// A run that stands out.
#[derive(Clone, Debug)]
pub(super) struct LoneRun {
    /// Its id.
    pub(super) run: String,
    /// What it cost beyond an average one.
    pub(super) excess: f64,
}

fn query(question: &Question, by: &[Dim], more: &[Condition], window: Window) -> RollupQuery {
    let mut filter: Filter = question.filter.clone();
    filter.0.extend(more.iter().cloned());
    let by = by.iter().map(|dim| Axis::Dim(*dim)).collect();
    RollupQuery { by, window, filter, zone: question.zone, logged: Logged::Ignored }
}

fn dollars(rollup: &Rollup, group: usize) -> f64 {
    rollup.cost[group].pico() as f64 * crate::analyze::why::cube::USD
}

/// The time before a span.
fn earlier(span: Span) -> Window {
    Window { since: None, until: Some(span.since) }
}

/// Finds the run that alone made a difference, if one did: dearer than all before it and all beside it.
pub(super) fn lone<S: PricedCalls>(source: &S, question: &Question, floor: f64) -> Result<Option<LoneRun>, S::Error> {
    let rollup = source.rollup(&query(question, &[Dim::Run, Dim::Feature], &[], question.period.window()))?;
    let runs: Vec<usize> = (0..rollup.len()).filter(|group| rollup.codes[0][*group] != 0).collect();
    // By cost, then by name, so that no order of a log decides.
    let by_cost = |a: &&usize, b: &&usize| {
        rollup.cost[**a].cmp(&rollup.cost[**b]).then_with(|| rollup.key(**b).cmp(&rollup.key(**a)))
    };
    let Some(first) = runs.iter().max_by(by_cost).copied() else { return Ok(None) };
    let second = runs.iter().filter(|run| **run != first).max_by(by_cost).copied();
    let cost = dollars(&rollup, first);
    let beside = second.map_or(0.0, |second| dollars(&rollup, second));
    if cost < floor || cost <= TIMES_SECOND_REPEATING * beside {
        return Ok(None);
    }
    let feature = Condition::is(Axis::Dim(Dim::Feature), rollup.value(first, 1).map(AsRef::as_ref));
    let before = source.rollup(&query(question, &[Dim::Run], &[feature], earlier(question.period)))?;
    let known: Vec<usize> = (0..before.len()).filter(|group| before.codes[0][*group] != 0).collect();
    let dearest = known.iter().map(|group| dollars(&before, *group)).fold(0.0, f64::max);
    let of_feature: Vec<usize> =
        runs.iter().copied().filter(|run| *run != first && rollup.codes[1][*run] == rollup.codes[1][first]).collect();
    let calls = |rollup: &Rollup, runs: &[usize]| runs.iter().map(|run| rollup.calls[*run]).max().unwrap_or(0) as f64;
    let most_calls = calls(&before, &known).max(calls(&rollup, &of_feature));
    let is_dear = cost > TIMES_EARLIER * dearest && cost > TIMES_SECOND * beside;
    let repeats = rollup.calls[first] as f64 > TIMES_CALLS * most_calls
        && cost > TIMES_EARLIER_REPEATING * dearest
        && cost > TIMES_SECOND_REPEATING * beside;
    // One call that failed and was sent again is no run of its own making.
    let is_retried = rollup.calls[first] < LEAST_CALLS && 2 * rollup.errors[first] > rollup.calls[first];
    if !(is_dear || repeats) || is_retried || known.len() + of_feature.len() < LEAST_RUNS {
        return Ok(None);
    }
    let others: Usd = of_feature.iter().map(|run| rollup.cost[*run]).sum();
    let usual = others.pico() as f64 * crate::analyze::why::cube::USD / of_feature.len().max(1) as f64;
    let run = rollup.value(first, 0).map(|run| run.to_string()).unwrap_or_default();
    Ok(Some(LoneRun { run, excess: cost - usual }))
}

/// Returns the one run, or else the one user, that holds most of the excess of a slice that grew.
pub(super) fn inside<S: PricedCalls>(
    source: &S,
    question: &Question,
    slice: &[Condition],
    excess: f64,
) -> Result<Option<(Dim, String)>, S::Error> {
    let in_period = |dim| source.rollup(&query(question, &[dim], slice, question.period.window()));
    if let Some((run, cost)) = dearest(&in_period(Dim::Run)?)
        && cost >= RUN_SHARE * excess
    {
        let before = source.rollup(&query(question, &[Dim::Run], slice, earlier(question.period)))?;
        if cost > TIMES_INSIDE * dearest(&before).map_or(0.0, |(_, cost)| cost) {
            return Ok(Some((Dim::Run, run)));
        }
    }
    let users = in_period(Dim::User)?;
    let Some((user, cost)) = dearest(&users) else { return Ok(None) };
    let mut own = slice.to_vec();
    own.push(Condition::is(Axis::Dim(Dim::User), Some(&user)));
    let before = source.rollup(&query(question, &[], &own, question.baseline.window()))?;
    let before = before.total().cost.pico() as f64 * crate::analyze::why::cube::USD * question.scale.factor();
    Ok((users.len() > 1 && cost - before >= USER_SHARE * excess).then_some((Dim::User, user)))
}

/// Returns the tagged value that cost most; of several, the first by name.
fn dearest(rollup: &Rollup) -> Option<(String, f64)> {
    let tagged = (0..rollup.len()).filter(|group| rollup.codes[0][*group] != 0);
    let best = tagged.max_by(|a, b| {
        rollup.cost[*a].cmp(&rollup.cost[*b]).then_with(|| rollup.value(*b, 0).cmp(&rollup.value(*a, 0)))
    })?;
    Some((rollup.value(best, 0)?.to_string(), dollars(rollup, best)))
}
