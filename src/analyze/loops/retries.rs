//! Storms of retries: calls that failed and were sent again, told once for all that happened together.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use crate::analyze::loops::Finding;
use crate::analyze::loops::Kind;
use crate::analyze::loops::told;
use crate::domain::Dim;
use crate::domain::Usd;
use crate::domain::step::Step;
use crate::domain::time::NANOS;

/// Within a run, trace or session a retry comes within ten minutes; elsewhere the same size that late is chance.
const LONGEST_GAP: i64 = 10 * 60 * NANOS;
/// Among calls that only a user, or nothing but tenant and agent, holds together.
const LONGEST_LOOSE_GAP: i64 = 2 * 60 * NANOS;
/// Tries that are further apart than this belong to different storms.
const LULL: i64 = 6 * 3_600 * NANOS;
/// Of several requests that are open at once, so many are remembered in each place.
const REMEMBERED: usize = 4;

/// What may hold a request and its retries together, the surest first.
const PLACES: [Dim; 4] = [Dim::Run, Dim::Trace, Dim::Session, Dim::User];

/// One request with its retries: places of steps, in order of time.
struct Tries {
    steps: Vec<usize>,
}

/// Where requests are remembered: a dimension's value, or tenant and agent of calls without any.
type Place = (Option<Dim>, Option<Arc<str>>, Option<Arc<str>>);

/// Finds the storms among calls of hours that failed too much; each must cost `floor` beyond tries that work.
pub fn storms(steps: Vec<Step>, floor: Usd) -> Vec<Finding> {
    let mut features: BTreeMap<Option<Arc<str>>, Vec<Step>> = BTreeMap::new();
    for step in steps {
        features.entry(told(&step, Dim::Feature).cloned()).or_default().push(step);
    }
    let mut found = Vec::new();
    for mut steps in features.into_values() {
        steps.sort_by(Step::in_time);
        let tries: Vec<Tries> = tries(&steps).into_iter().filter(|tries| is_retried(tries, &steps)).collect();
        found.extend(gathered(&tries, &steps).into_iter().filter(|storm| storm.excess() >= floor));
    }
    found
}

/// Puts each call behind the request that it repeats, if there is one.
fn tries(steps: &[Step]) -> Vec<Tries> {
    let mut all: Vec<Tries> = Vec::new();
    let mut open: HashMap<Place, Vec<usize>> = HashMap::new();
    for (at, step) in steps.iter().enumerate().filter(|(_, step)| step.prompt > 0) {
        let places = places(step);
        let repeated = places.iter().find_map(|place| {
            let known = open.get(place)?;
            known
                .iter()
                .rev()
                .copied()
                .find(|tries| all[*tries].steps.last().is_some_and(|last| repeats(place, &steps[*last], step)))
        });
        let tries = repeated.unwrap_or_else(|| {
            all.push(Tries { steps: Vec::new() });
            all.len() - 1
        });
        all[tries].steps.push(at);
        for place in places {
            let known = open.entry(place).or_default();
            known.retain(|other| *other != tries);
            known.push(tries);
            if known.len() > REMEMBERED {
                known.remove(0);
            }
        }
    }
    all
}

fn places(step: &Step) -> Vec<Place> {
    let held = PLACES.into_iter().filter_map(|dim| Some((Some(dim), Some(Arc::clone(told(step, dim)?)), None)));
    let held: Vec<Place> = held.collect();
    match held.is_empty() {
        true => vec![(None, told(step, Dim::Tenant).cloned(), told(step, Dim::Agent).cloned())],
        false => held,
    }
}

/// Tells whether a call repeats the one before it in a place. A caller may take for failed what the log calls a success:
/// an answer that came too late. Only where the place is sure does that count.
fn repeats(place: &Place, before: &Step, step: &Step) -> bool {
    let is_sure = matches!(place.0, Some(Dim::Run | Dim::Trace | Dim::Session));
    let gap = step.ts.0.saturating_sub(before.ts.0);
    let longest = if is_sure { LONGEST_GAP } else { LONGEST_LOOSE_GAP };
    let apart = before.prompt.abs_diff(step.prompt);
    // Tokenizers and timestamps inside prompts move the size a little; without an id only the same size will do.
    let is_near = if is_sure { u128::from(apart) * 100 <= u128::from(before.prompt) } else { apart == 0 };
    gap <= longest && is_near && (before.failed || (is_sure && step.failed))
}

fn is_retried(tries: &Tries, steps: &[Step]) -> bool {
    tries.steps.len() > 1 && tries.steps.iter().any(|at| steps[*at].failed)
}

/// Returns what tries cost beyond one that works: the failed ones, but for the first where none worked.
fn wasted(tries: &Tries, steps: &[Step]) -> Usd {
    let of = |at: &usize| &steps[*at];
    let failed: Usd = tries.steps.iter().map(of).filter(|step| step.failed).map(|step| step.cost).sum();
    let first = tries.steps.first().filter(|_| tries.steps.iter().all(|at| steps[*at].failed));
    failed - first.map_or(Usd::ZERO, |at| steps[*at].cost)
}

/// Gathers tries that happened together.
fn gathered(tries: &[Tries], steps: &[Step]) -> Vec<Finding> {
    let mut storms: Vec<(i64, Vec<&Tries>)> = Vec::new();
    for one in tries {
        let (Some(first), Some(last)) = (one.steps.first(), one.steps.last()) else { continue };
        let (start, end) = (steps[*first].ts.0, steps[*last].ts.0);
        match storms.last_mut() {
            Some((until, storm)) if start.saturating_sub(*until) <= LULL => {
                *until = end.max(*until);
                storm.push(one);
            }
            _ => storms.push((end, vec![one])),
        }
    }
    let told = |(_, storm): (i64, Vec<&Tries>)| {
        let own: Vec<&Step> = storm.iter().flat_map(|tries| &tries.steps).map(|at| &steps[*at]).collect();
        let wasted: Usd = storm.iter().map(|tries| wasted(tries, steps)).sum();
        let repeats = storm.iter().map(|tries| tries.steps.len() as u64 - 1).sum();
        let finding = Finding::of(Kind::Retry, None, &own)?;
        Some(Finding { repeats, usual: finding.cost - wasted, ..finding })
    };
    storms.into_iter().filter_map(told).collect()
}
