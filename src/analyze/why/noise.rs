//! How far chance moves a slice: its runs are drawn anew every time, a few of them dear. Calls of one run are alike, so
//! the run is what is drawn.

use std::collections::BTreeMap;

use crate::analyze::why::PricedCalls;
use crate::analyze::why::Question;
use crate::analyze::why::cube::USD;
use crate::domain::Axis;
use crate::domain::Class;
use crate::domain::Condition;
use crate::domain::Dim;
use crate::domain::Window;
use crate::domain::rollup::Logged;
use crate::domain::rollup::RollupQuery;

/// The runs of a slice in the period, and in the baseline.
pub(super) struct Runs {
    period: Vec<Run>,
    baseline: Vec<Run>,
}

/// A run within one feature, or all the calls of a feature without one.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    feature: u32,
    has_id: bool,
    cost: f64,
    calls: f64,
    prompt: f64,
    cached: f64,
    output: f64,
}

const CACHED: [Class; 3] = [Class::CacheRead, Class::AudioCacheRead, Class::ImageCacheRead];

/// What calls carry, as one sum over another: prompts, answers, and the part of prompts that no cache held.
const CARRIED: [fn(&Run) -> [f64; 2]; 3] =
    [|run| [run.prompt, run.calls], |run| [run.output, run.calls], |run| [run.prompt - run.cached, run.prompt]];

impl Run {
    /// Returns how many runs it stands for: calls without a run are runs of one call, some twice as spread as their mean.
    fn count(&self) -> f64 {
        if self.has_id { 1.0 } else { (self.calls / 2.0).max(1.0) }
    }
}

impl Runs {
    /// Reads the runs of the calls that meet these conditions.
    pub(super) fn read<S: PricedCalls>(source: &S, question: &Question, own: &[Condition]) -> Result<Runs, S::Error> {
        let [period, baseline] =
            [question.period, question.baseline].map(|span| side(source, question, own, span.window()));
        Ok(Runs { period: period?, baseline: baseline? })
    }

    /// Returns by how many dollars the spend of the slice may differ because its runs come and go: in the period, and in
    /// the baseline.
    pub(super) fn of_volume(&self) -> [f64; 2] {
        let square = |run: &Run| run.cost * run.cost / run.count();
        [&self.period, &self.baseline].map(|runs| root(runs.iter().map(square)))
    }

    /// Returns by how many dollars the period's calls may be dearer than the baseline's, their number given: by what runs
    /// cost beyond the average call of their feature.
    pub(super) fn of_rate(&self) -> f64 {
        let [(period, calls), (baseline, calls_before)] =
            [&self.period, &self.baseline].map(|runs| beyond_average(runs));
        period.hypot(if calls_before > 0.0 { baseline * calls / calls_before } else { 0.0 })
    }

    /// Returns how unusual changes of what calls carry are, each as a multiple of what chance does: a jump of prompts or
    /// answers, or of what no cache holds, shows long before it shows in what calls cost.
    pub(super) fn carried(&self) -> [f64; 3] {
        let is_few = |runs: &[Run]| runs.iter().map(Run::count).sum::<f64>() < FEW_RUNS;
        if is_few(&self.period) || is_few(&self.baseline) {
            return [0.0; 3];
        }
        CARRIED.map(|part| {
            let [(now, spread), (then, spread_then)] = [&self.period, &self.baseline].map(|runs| ratio(runs, part));
            let is_known = now > 0.0 && then > 0.0;
            if is_known { (now / then).ln() / (spread / now).hypot(spread_then / then).max(LEAST_SPREAD) } else { 0.0 }
        })
    }
}

/// Of fewer runs on one side it is not known how they differ.
const FEW_RUNS: f64 = 6.0;
/// No ratio is known better than this.
const LEAST_SPREAD: f64 = 1e-6;

/// Reads the runs of one window.
fn side<S: PricedCalls>(
    source: &S,
    question: &Question,
    own: &[Condition],
    window: Window,
) -> Result<Vec<Run>, S::Error> {
    let mut filter = question.filter.clone();
    filter.0.extend(own.iter().cloned());
    let by = vec![Axis::Dim(Dim::Run), Axis::Dim(Dim::Feature)];
    let rollup = source.rollup(&RollupQuery { by, window, filter, zone: question.zone, logged: Logged::Ignored })?;
    let mut runs: Vec<Run> = (0..rollup.len())
        .map(|group| Run {
            feature: rollup.codes[1][group],
            has_id: rollup.codes[0][group] != 0,
            cost: rollup.cost[group].pico() as f64 * USD,
            calls: rollup.calls[group] as f64,
            ..Run::default()
        })
        .collect();
    for (class, counts) in &rollup.tokens {
        for (run, count) in runs.iter_mut().zip(counts) {
            let of = if class.is_prompt() { &mut run.prompt } else { &mut run.output };
            *of += *count as f64;
            run.cached += if CACHED.contains(class) { *count as f64 } else { 0.0 };
        }
    }
    Ok(runs)
}

/// Returns what runs cost beyond the average call of their feature, and how many calls they make.
fn beyond_average(runs: &[Run]) -> (f64, f64) {
    let mut sums: BTreeMap<u32, [f64; 3]> = BTreeMap::new();
    for run in runs {
        let [cost, calls, count] = sums.entry(run.feature).or_default();
        (*cost, *calls, *count) = (*cost + run.cost, *calls + run.calls, *count + run.count());
    }
    let beyond = |run: &Run| {
        let [cost, calls, count] = sums[&run.feature];
        if !run.has_id {
            // Of calls without a run nothing is known but their mean, which their spread is about.
            run.cost * run.cost / run.calls.max(1.0)
        } else if count > 1.0 {
            // Few runs lie near an average that they make themselves.
            (run.cost - cost / calls.max(1.0) * run.calls).powi(2) * count / (count - 1.0)
        } else {
            run.cost * run.cost
        }
    };
    (root(runs.iter().map(beyond)), sums.values().map(|[_, calls, _]| calls).sum())
}

/// Returns the ratio of two sums over runs, and how far it may move by chance.
fn ratio(runs: &[Run], part: fn(&Run) -> [f64; 2]) -> (f64, f64) {
    let [of, to] = runs.iter().map(part).fold([0.0, 0.0], |sums, [of, to]| [sums[0] + of, sums[1] + to]);
    if to <= 0.0 {
        return (0.0, 0.0);
    }
    let beyond = |run: &Run| {
        let [own_of, own_to] = part(run);
        if run.has_id { (own_of - of / to * own_to).powi(2) } else { own_of * own_of / run.count() }
    };
    (of / to, root(runs.iter().map(beyond)) / to)
}

/// Adds squares in an order of their own, so that no order of a log decides, and returns the root.
fn root(squares: impl Iterator<Item = f64>) -> f64 {
    let mut squares: Vec<f64> = squares.collect();
    squares.sort_by(f64::total_cmp);
    squares.iter().sum::<f64>().sqrt()
}
