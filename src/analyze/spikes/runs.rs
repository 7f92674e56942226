//! Runs that cost far more than any of their feature did before.

use crate::analyze::spikes::gather::Run;
use crate::analyze::spikes::usd;

/// A run of fewer calls is no loop.
const LEAST_CALLS: u32 = 10;
/// A run must cost so many times what the dearest of its feature did so far …
const LEAST_TIMES: f64 = 3.0;
/// … and this part of the floor.
const FLOOR_PART: f64 = 0.5;

/// A run that is far too dear.
#[derive(Clone, Debug)]
pub(super) struct DearRun {
    /// Its code.
    pub(super) code: u32,
    /// What a run of its feature may cost: the dearest so far.
    pub(super) usual: f64,
    /// The cost at which it is too dear.
    pub(super) bound: f64,
}

/// Returns the runs that are dear enough to look at.
pub(super) fn candidates(runs: &[Run], floor: f64) -> Vec<u32> {
    let is_one = |run: &Run| run.calls >= LEAST_CALLS && usd(run.cost) > FLOOR_PART * floor;
    (1..runs.len() as u32).filter(|code| is_one(&runs[*code as usize])).collect()
}

/// Returns those that are far dearer than the runs of their feature that began earlier. `floor` is that of the day an
/// instant lies on; a day without history has none.
pub(super) fn dear(runs: &[Run], candidates: &[u32], floor: impl Fn(i64) -> Option<f64>) -> Vec<DearRun> {
    let mut found = Vec::new();
    if candidates.is_empty() {
        return found;
    }
    let features: hashbrown::HashSet<u32> = candidates.iter().map(|code| runs[*code as usize].lead.1).collect();
    let mut order: Vec<u32> =
        (1..runs.len() as u32).filter(|code| features.contains(&runs[*code as usize].lead.1)).collect();
    // Of runs that begin at one instant the cheaper comes first, so that their order in the logs does not matter.
    order.sort_unstable_by_key(|code| {
        let run = &runs[*code as usize];
        (run.first, run.cost, run.calls)
    });
    let mut dearest: hashbrown::HashMap<u32, f64> = hashbrown::HashMap::new();
    let wanted: hashbrown::HashSet<u32> = candidates.iter().copied().collect();
    for code in order {
        let run = &runs[code as usize];
        let so_far = dearest.entry(run.lead.1).or_default();
        if wanted.contains(&code)
            && let Some(floor) = floor(run.last)
        {
            let bound = (LEAST_TIMES * *so_far).max(FLOOR_PART * floor);
            if usd(run.cost) > bound {
                found.push(DearRun { code, usual: *so_far, bound });
            }
        }
        *so_far = so_far.max(usd(run.cost));
    }
    found
}

/// Returns the instant of the call with which a run became too dear. `calls` are its instants and picodollars.
pub(super) fn crossed(calls: &mut [(i64, i64)], bound: f64) -> Option<i64> {
    calls.sort_unstable();
    let mut sum = 0i64;
    calls.iter().find_map(|(at, cost)| {
        sum = sum.saturating_add(*cost);
        (usd(sum) > bound).then_some(*at)
    })
}
