//! What is usual of a feature and agent: how many calls its runs make and what they cost. And which runs are far beyond.
//!
//! The calls of runs are skewed to the right: a few runs of any agent are several times as long as most. So the bound
//! is drawn on a scale of logarithms, from the middle and the upper quantiles of the other runs, as far out as one run
//! in fifty times as many as there are would be. The fewer runs, the further out.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::domain::Usd;
use crate::domain::money::div_half_even;
use crate::domain::rollup::Rollup;

/// Fewer calls than this are no loop worth telling.
pub const FEWEST_CALLS: u64 = 10;
/// Fewer other runs than this do not tell what is usual.
pub const FEWEST_OTHERS: usize = 8;
/// What has more calls than this is no run but a name that everything goes by; nobody looks at its calls one by one.
pub const MOST_CALLS: u64 = 100_000;
/// Whatever the quantiles say: a loop has so many times the calls of the run in the middle.
const LEAST_TIMES: f64 = 3.0;
/// Runs that are all alike still vary; as much as this, in logarithms.
const LEAST_SPREAD: f64 = 0.35;
/// More than so many runs far from the others, and more than one in a hundred, are no loops but another kind of work.
const MOST_LOOPS: usize = 2;
/// Few runs tell quantiles badly: with six of them the bound lies twice as far out.
const FEW: f64 = 6.0;
/// One false alarm in so many questions, if logarithms were normal.
const FALSE_ALARMS: f64 = 0.02;

/// A run, or an agent's part of one, that may be a loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// Its group in the rollup.
    pub group: usize,
    /// What a usual one costs.
    pub usual: Usd,
}

/// What sums tell of runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Those that may be loops.
    pub suspects: Vec<Suspect>,
    /// Those that are long, where there are too few others to know whether that is usual, or too many calls to look at:
    /// groups of the rollup.
    pub unknown: Vec<usize>,
}

/// A feature and an agent.
type Class<'r> = (Option<&'r Arc<str>>, Option<&'r Arc<str>>);

/// A run among the others of its feature and agent.
struct Run<'r> {
    calls: u64,
    cost: Usd,
    is_priced: bool,
    id: Option<&'r Arc<str>>,
    /// Its group, if it is to be judged; earlier ones only tell what is usual.
    group: Option<usize>,
}

/// Judges runs by the others of their feature and agent, earlier ones among them. The rollups are by run, feature and
/// agent; `floor` is what a loop has to cost beyond the usual.
pub fn judge(runs: &Rollup, before: &Rollup, floor: Usd) -> Judged {
    let mut classes: BTreeMap<Class<'_>, Vec<Run<'_>>> = BTreeMap::new();
    for (rollup, is_judged) in [(runs, true), (before, false)] {
        // By code first, which costs less than by text.
        let mut coded: HashMap<(u32, u32), Vec<Run<'_>>> = HashMap::new();
        let unpriced = rollup.unpriced_calls();
        for group in (0..rollup.len()).filter(|group| rollup.codes[0][*group] != 0) {
            let calls = rollup.calls[group];
            coded.entry((rollup.codes[1][group], rollup.codes[2][group])).or_default().push(Run {
                calls,
                cost: rollup.cost[group],
                is_priced: unpriced[group] < calls,
                id: rollup.value(group, 0),
                group: is_judged.then_some(group),
            });
        }
        let text = |axis: usize, code: u32| rollup.values[axis].get((code as usize).checked_sub(1)?);
        for ((feature, agent), runs) in coded {
            classes.entry((text(1, feature), text(2, agent))).or_default().extend(runs);
        }
    }
    let mut judged = Judged::default();
    for mut class in classes.into_values() {
        class.sort_by_key(|run| (run.calls, run.cost, run.id, run.group));
        judge_class(&class, floor, &mut judged);
    }
    judged
}

/// Judges the runs of one feature and agent, which come with the longest last.
fn judge_class(runs: &[Run<'_>], floor: Usd, judged: &mut Judged) {
    let calls: Vec<u64> = runs.iter().map(|run| run.calls).collect();
    // From the longest down, each by those below it, until one is usual: then so are all below.
    let far = |at: usize| calls[at] >= FEWEST_CALLS && is_beyond(calls[at], &calls[..at]) != Some(false);
    let mut usual = (0..runs.len()).rev().find(|at| !far(*at)).map_or(0, |at| at + 1);
    if usual >= FEWEST_OTHERS && runs.len() - usual > MOST_LOOPS.max(runs.len() / 100) {
        usual = runs.len();
    }
    let cost = median_cost(&runs[..usual]);
    for (at, run) in runs.iter().enumerate().skip(usual) {
        let Some(group) = run.group.filter(|_| run.cost - cost >= floor) else { continue };
        match is_beyond(calls[at], &calls[..at]) {
            Some(_) if calls[at] <= MOST_CALLS => judged.suspects.push(Suspect { group, usual: cost }),
            Some(_) | None => judged.unknown.push(group),
        }
    }
}

/// Tells whether a run has far more calls than the others, which come sorted; `None` where they are too few to know.
fn is_beyond(calls: u64, others: &[u64]) -> Option<bool> {
    let middle = quantile(others, 0.5);
    if calls as f64 <= LEAST_TIMES * middle {
        return Some(false);
    }
    (others.len() >= FEWEST_OTHERS).then(|| calls as f64 > bound(others, middle))
}

/// Returns how many calls are beyond what is usual.
fn bound(others: &[u64], middle: f64) -> f64 {
    // (quantile, its distance from the middle in standard deviations): the further out, the more runs it takes.
    let quantiles: &[(f64, f64)] = match others.len() {
        0..30 => &[(0.75, 0.6745)],
        30..300 => &[(0.75, 0.6745), (0.9, 1.2816)],
        _ => &[(0.9, 1.2816), (0.975, 1.96)],
    };
    let spread = |(share, distance): &(f64, f64)| (quantile(others, *share) / middle).ln() / distance;
    let spread = quantiles.iter().map(spread).fold(LEAST_SPREAD, f64::max);
    let count = others.len() as f64;
    middle * (spread * distance(FALSE_ALARMS / count) * (1.0 + FEW / count)).exp()
}

/// Returns how many standard deviations out a tail of this share begins: the upper bound's expansion for small tails.
fn distance(tail: f64) -> f64 {
    let squared = -2.0 * tail.ln();
    (squared - squared.ln() - std::f64::consts::TAU.ln()).sqrt()
}

/// Returns a quantile of sorted counts, between two of them by their distance; at least one call.
fn quantile(sorted: &[u64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 1.0 };
    let at = share * last as f64;
    let (low, high) = (sorted[at.floor() as usize] as f64, sorted[at.ceil() as usize] as f64);
    (low + (high - low) * at.fract()).max(1.0)
}

/// Returns the cost in the middle, of runs with a priced call.
fn median_cost(runs: &[Run<'_>]) -> Usd {
    let mut costs: Vec<i128> = runs.iter().filter(|run| run.is_priced).map(|run| run.cost.pico()).collect();
    costs.sort_unstable();
    let Some(last) = costs.len().checked_sub(1) else { return Usd::ZERO };
    Usd::from_pico(div_half_even(costs[last / 2] + costs[last.div_ceil(2)], 2))
}
