//! An incident is an edit of a log that was made without it, so what it costs is a difference of two sums.

use super::call::Call;
use super::models::PriceChange;

/// What an incident does to the calls of a log.
#[derive(Default)]
pub(crate) struct Edit {
    /// Calls that went another way, by their place in the log.
    pub(crate) changed: Vec<(usize, Call)>,
    pub(crate) dropped: Vec<usize>,
    pub(crate) added: Vec<Call>,
    pub(crate) prices: Option<PriceChange>,
}

/// A call that an incident touched, as it is afterwards (before, where it is gone), and what that adds to the cost.
#[derive(Clone)]
pub(crate) struct Moved {
    pub(crate) call: Call,
    /// Picodollars; negative where the incident saved money.
    pub(crate) excess: i64,
}

impl Edit {
    /// What the incident adds, call by call.
    pub(crate) fn moved(&self, calls: &[Call]) -> Vec<Moved> {
        let changed = self.changed.iter().map(|(place, call)| (call, call.cost - calls[*place].cost));
        let dropped = self.dropped.iter().map(|place| (&calls[*place], -calls[*place].cost));
        let added = self.added.iter().map(|call| (call, call.cost));
        changed.chain(dropped).chain(added).map(|(call, excess)| Moved { call: call.clone(), excess }).collect()
    }

    /// What the incident adds between two instants.
    pub(crate) fn excess(&self, calls: &[Call], (from, to): (i64, i64)) -> i64 {
        let moved = self.moved(calls);
        moved.iter().filter(|moved| from <= moved.call.at && moved.call.at < to).map(|moved| moved.excess).sum()
    }

    /// The log with the incident.
    pub(crate) fn applied(self, mut calls: Vec<Call>) -> Vec<Call> {
        for (place, call) in self.changed {
            calls[place] = call;
        }
        let mut dropped = self.dropped;
        dropped.sort_unstable();
        for place in dropped.into_iter().rev() {
            calls.remove(place);
        }
        calls.extend(self.added);
        calls.sort_by_key(|call| call.at);
        calls
    }
}
