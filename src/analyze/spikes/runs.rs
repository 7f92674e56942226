//! Runs that cost far more than any of their feature did before.

use crate::analyze::spikes::gather::Run;
use crate::analyze::spikes::usd;

/// A run of fewer calls is no loop.
const LEAST_CALLS: u32 = 10;
/// A run must cost so many times what the dearest of its feature did so far …
const LEAST_TIMES: f64 = 3.0;
/// … or as much, and make so many times the calls of the longest …
const LEAST_TIMES_CALLS: f64 = 2.5;
/// … and this part of the floor.
const FLOOR_PART: f64 = 0.5;

/// A run that is far too dear.
#[derive(Clone, Debug)]
pub(super) struct DearRun {
    /// Its code.
    pub(super) code: u32,
    /// What the runs of its feature cost so far: the mean over dollars.
    pub(super) usual: f64,
    /// The cost and the calls at which it is too dear.
    pub(super) bound: (f64, u32),
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
    let mut past: hashbrown::HashMap<u32, Past> = hashbrown::HashMap::new();
    let wanted: hashbrown::HashSet<u32> = candidates.iter().copied().collect();
    for code in order {
        let run = &runs[code as usize];
        let so_far = past.entry(run.lead.1).or_default();
        if wanted.contains(&code)
            && let Some(floor) = floor(run.last)
        {
            let by_cost = ((LEAST_TIMES * so_far.dearest).max(FLOOR_PART * floor), LEAST_CALLS);
            let calls = (LEAST_TIMES_CALLS * f64::from(so_far.longest)) as u32;
            let by_calls = (so_far.dearest.max(FLOOR_PART * floor), calls.max(LEAST_CALLS));
            let is_over = |bound: &(f64, u32)| usd(run.cost) > bound.0 && run.calls >= bound.1;
            if let Some(bound) = [by_calls, by_cost].into_iter().find(is_over) {
                let usual = if so_far.cost > 0.0 { so_far.squares / so_far.cost } else { 0.0 };
                found.push(DearRun { code, usual, bound });
            }
        }
        so_far.add(run);
    }
    found
}

/// Runs of a feature so far.
#[derive(Default)]
struct Past {
    dearest: f64,
    longest: u32,
    cost: f64,
    squares: f64,
}

impl Past {
    fn add(&mut self, run: &Run) {
        let cost = usd(run.cost);
        self.dearest = self.dearest.max(cost);
        self.longest = self.longest.max(run.calls);
        self.cost += cost;
        self.squares += cost * cost;
    }
}

/// Returns the instant of the call with which a run became too dear. `calls` are its instants and picodollars.
pub(super) fn crossed(calls: &mut [(i64, i64)], (bound, number): (f64, u32)) -> Option<i64> {
    calls.sort_unstable();
    let mut sum = 0i64;
    calls.iter().zip(1..).find_map(|((at, cost), count)| {
        sum = sum.saturating_add(*cost);
        (usd(sum) > bound && count >= number).then_some(*at)
    })
}
