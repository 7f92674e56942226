//! A call as one step of what it belongs to: when, how large, how it ended, what it cost. No texts but its keys.

use std::cmp::Ordering;

use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::rollup::Key;

/// A call among others, for questions about their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When it started.
    pub ts: Timestamp,
    /// Tokens of its prompt, cached ones included.
    pub prompt: u64,
    /// Tokens of its output.
    pub output: u64,
    /// Whether its status is a failure.
    pub failed: bool,
    /// What it cost; nothing where it has no price.
    pub cost: Usd,
    /// A value per axis asked for, `None` for untagged.
    pub key: Key,
}

impl Step {
    /// Orders by time; calls of one instant by what they are, so that no order of a log has a say.
    pub fn in_time(&self, other: &Step) -> Ordering {
        let rank = |step: &Step| (step.ts, step.prompt, step.output, step.failed, step.cost);
        rank(self).cmp(&rank(other)).then_with(|| self.key.cmp(&other.key))
    }
}
