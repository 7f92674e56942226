//! Whether the calls of a run repeat: near-equal or slowly growing prompts, one soon after the other.

use std::sync::Arc;

use crate::analyze::loops::Finding;
use crate::analyze::loops::Kind;
use crate::analyze::loops::usual::FEWEST_CALLS;
use crate::domain::Dim;
use crate::domain::Usd;
use crate::domain::step::Step;
use crate::domain::time::NANOS;

/// A loop goes on by itself: people and queues take longer.
const LONGEST_GAP: i64 = 5 * 60 * NANOS;
/// In a session people have a say as well, and some answer fast.
const LONGEST_SESSION_GAP: i64 = 60 * NANOS;
/// A loop may go through several calls each round.
const ROUND: usize = 3;
/// So many in a hundred of a run's calls have to repeat an earlier one.
const REPEATING: usize = 80;

/// Looks at the calls of a suspect, in order; `None` where they are as different as those of ordinary work.
pub fn find(unit: (Dim, Arc<str>), mut steps: Vec<Step>, usual: Usd) -> Option<Finding> {
    steps.sort_by(Step::in_time);
    let gap = if unit.0 == Dim::Session { LONGEST_SESSION_GAP } else { LONGEST_GAP };
    let repeats: Vec<usize> = (1..steps.len()).filter(|at| is_repeat(&steps, *at, gap)).collect();
    if (repeats.len() as u64) < FEWEST_CALLS - 1 || repeats.len() * 100 < (steps.len() - 1) * REPEATING {
        return None;
    }
    let kind = match repeats.iter().filter(|at| steps[**at].failed).count() {
        failed if failed * 3 >= repeats.len() => Kind::Retry,
        _ if grows(&steps) => Kind::Growth,
        _ => Kind::Repeat,
    };
    let finding = Finding::of(kind, Some(unit), &steps.iter().collect::<Vec<_>>())?;
    Some(Finding { repeats: repeats.len() as u64, usual, ..finding })
}

fn is_repeat(steps: &[Step], at: usize, gap: i64) -> bool {
    let step = &steps[at];
    let is_soon = step.ts.0.saturating_sub(steps[at - 1].ts.0) <= gap;
    is_soon && steps[at.saturating_sub(ROUND)..at].iter().any(|before| follows(before.prompt, step.prompt))
}

/// Tells whether a prompt is another one again, or that one with an answer or a tool's result behind it: no more than a
/// fiftieth shorter, no more than a quarter longer.
fn follows(before: u64, prompt: u64) -> bool {
    let (before, prompt) = (u128::from(before), u128::from(prompt));
    before > 0 && prompt * 50 >= before * 49 && prompt * 4 <= before * 5
}

/// Tells whether the last quarter's prompts are half as long again as the first quarter's.
fn grows(steps: &[Step]) -> bool {
    let quarter = (steps.len() / 4).max(1);
    let middle = |part: &[Step]| {
        let mut sizes: Vec<u64> = part.iter().map(|step| step.prompt).collect();
        sizes.sort_unstable();
        u128::from(sizes[sizes.len() / 2])
    };
    middle(&steps[steps.len() - quarter..]) * 2 >= middle(&steps[..quarter]) * 3
}
