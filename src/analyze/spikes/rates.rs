//! What a call and a token of one kind of work usually cost, and which share of its cost is of failed calls.

use crate::analyze::spikes::gather::Day;
use crate::analyze::spikes::gather::Kinds;
use crate::analyze::spikes::usd;

/// Days that a rate is learnt from.
const LEARNT_DAYS: usize = 14;
/// A day so far above the rate, and by that part of the floor in dollars, is not learnt from …
const DEAR_TIMES: f64 = 1.2;
const DEAR_FLOOR: f64 = 0.3;
/// … for so many days at most: then it is how things are.
const MOST_DEAR_DAYS: usize = 7;
/// Calls of the day itself that a rate is mixed with: few calls are no rule to go by.
const OWN_CALLS: f64 = 10.0;

/// The rates of one kind of work on one day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate {
    /// Dollars a call.
    pub(super) call: f64,
    /// Dollars a token.
    pub(super) token: f64,
    /// Cost of failed calls by all cost.
    pub(super) failed: f64,
}

/// Returns the rates of each kind on each day.
pub(super) fn rates(kinds: &Kinds, floors: &[f64]) -> Vec<Vec<Rate>> {
    let of = |days: &Vec<Day>| {
        let call = learnt(days, floors, |day| (usd(day.cost), f64::from(day.calls)), 0.0);
        let token = learnt(days, floors, |day| (usd(day.cost), day.tokens as f64), 0.0);
        let failed = learnt(days, floors, |day| (usd(day.failed), usd(day.cost)), 0.0);
        let rate = |((call, token), failed)| Rate { call, token, failed };
        call.into_iter().zip(token).zip(failed).map(rate).collect()
    };
    kinds.days.iter().map(of).collect()
}

/// Days that are not learnt from: so dear that they may be an incident.
pub(super) struct Dear {
    pub(super) is_out: Vec<bool>,
    in_a_row: usize,
}

impl Dear {
    pub(super) fn new(days: usize) -> Dear {
        Dear { is_out: vec![false; days], in_a_row: 0 }
    }

    /// Looks at a day with calls, by what it cost and what it should have.
    pub(super) fn see(&mut self, day: usize, amount: f64, usual: f64, floor: f64) {
        if amount == 0.0 && usual == 0.0 {
            return;
        }
        let is_dear = amount > DEAR_TIMES * usual && amount - usual > DEAR_FLOOR * floor;
        self.is_out[day] = is_dear;
        self.in_a_row = if is_dear { self.in_a_row + 1 } else { 0 };
        if self.in_a_row >= MOST_DEAR_DAYS {
            self.is_out[..=day].fill(false);
            self.in_a_row = 0;
        }
    }
}

/// Returns the usual amount by unit on each day, where `parts` are a day's amount and units.
fn learnt(days: &[Day], floors: &[f64], parts: impl Fn(&Day) -> (f64, f64), none: f64) -> Vec<f64> {
    let mut dear = Dear::new(days.len());
    let mut rates = Vec::with_capacity(days.len());
    for (day, own) in days.iter().enumerate() {
        let (mut amount, mut units, mut calls) = (0.0, 0.0, 0.0);
        for past in (day.saturating_sub(LEARNT_DAYS)..day).filter(|past| !dear.is_out[*past]) {
            let (more, by) = parts(&days[past]);
            amount += more;
            units += by;
            calls += f64::from(days[past].calls);
        }
        let (today, by) = parts(own);
        // The day's own units count as so many calls of its own beside those that were learnt from.
        let weight =
            if own.calls > 0 && by > 0.0 { OWN_CALLS.min(f64::from(own.calls)) / f64::from(own.calls) } else { 0.0 };
        let base =
            if calls == 0.0 && weight == 0.0 { (0.0, 0.0) } else { (amount + today * weight, units + by * weight) };
        let rate = if base.1 > 0.0 { base.0 / base.1 } else { none };
        rates.push(rate);
        if units > 0.0 {
            dear.see(day, today, rate * by, floors[day]);
        }
    }
    rates
}
