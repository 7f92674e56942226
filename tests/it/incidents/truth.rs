//! The right answers of a log: which filters name an incident, what it cost in the period, which verdict is right.

use std::collections::BTreeMap;

use super::call::Call;
use super::call::DIMS;
use super::call::Dim;
use super::call::Name;
use super::edit::Moved;
use super::log::GROWTH;
use super::log::Incident;
use super::log::Log;
use super::plant::BROAD;

pub(crate) type Filter = Vec<(Dim, Name)>;

/// A filter must hold this share of an incident's excess to be a name for it, and be this concentrated beside the
/// incident's own filter.
const ENOUGH: f64 = 0.9;

/// A right answer for one incident.
pub(crate) struct Right<'a> {
    pub(crate) incident: &'a Incident,
    /// Filters that name it.
    pub(crate) accept: Vec<Filter>,
    /// Conditions that a filter may have besides: they hold for nearly all of the excess.
    pub(crate) tolerated: Filter,
    /// What it adds to the period, in picodollars.
    pub(crate) excess: i128,
    /// Its excess as a share of what the period would have cost without it.
    pub(crate) share: f64,
}

impl Log {
    /// A right answer for each incident.
    pub(crate) fn rights(&self) -> Vec<Right<'_>> {
        self.incidents.iter().map(|incident| self.right(incident)).collect()
    }

    /// The verdicts that are right. A log without incidents is never localized; one that grows every day is broad.
    pub(crate) fn verdicts(&self) -> Vec<&'static str> {
        match self.incidents.first() {
            Some(first) if first.family.name == BROAD => vec!["broad"],
            Some(_) => vec!["localized"],
            None => {
                let before = cost(&self.calls, self.ask.baseline) as f64;
                let grown = cost(&self.calls, self.ask.period) as f64 / before - 1.0;
                if self.kind == GROWTH && grown >= 0.13 { vec!["broad"] } else { vec!["broad", "no_change"] }
            }
        }
    }

    fn right<'a>(&self, incident: &'a Incident) -> Right<'a> {
        let inside: Vec<&Moved> =
            incident.moved.iter().filter(|moved| moved.excess != 0 && within(&moved.call, self.ask.period)).collect();
        let excess: i128 = inside.iter().map(|moved| i128::from(moved.excess)).sum();
        let tolerated = tolerated(&inside, excess);
        let accept = self.accept(incident, &inside, excess, &tolerated);
        let share = excess.unsigned_abs() as f64 / cost(&self.clean, self.ask.period) as f64;
        Right { incident, accept, tolerated, excess, share }
    }

    /// The filters that select practically the same excess, and little else: the incident's own, and every shorter
    /// or other conjunction of what holds for (nearly) all of it.
    fn accept(&self, incident: &Incident, inside: &[&Moved], excess: i128, held: &[(Dim, Name)]) -> Vec<Filter> {
        let own = &incident.filter;
        let mut accept = vec![own.clone()];
        if own.is_empty() {
            return accept;
        }
        let (own_held, own_size) = (self.held(inside, own), self.size(own));
        let fits = |filter: &Filter| {
            let share = self.held(inside, filter) as f64 / excess as f64;
            let concentration = self.held(inside, filter) as f64 / self.size(filter).max(1) as f64;
            share >= ENOUGH && concentration.abs() >= ENOUGH * (own_held as f64 / own_size.max(1) as f64).abs()
        };
        for condition in held {
            let filter = vec![condition.clone()];
            if !accept.contains(&filter) && fits(&filter) {
                accept.push(filter);
            }
        }
        for (place, first) in held.iter().enumerate() {
            for second in &held[place + 1..] {
                let filter = vec![first.clone(), second.clone()];
                let narrows = accept.iter().any(|known| known.iter().all(|condition| filter.contains(condition)));
                if first.0 != second.0 && !narrows && fits(&filter) {
                    accept.push(filter);
                }
            }
        }
        accept
    }

    /// How much of the excess lies inside a filter.
    fn held(&self, inside: &[&Moved], filter: &Filter) -> i128 {
        inside.iter().filter(|moved| moved.call.is(filter)).map(|moved| i128::from(moved.excess)).sum()
    }

    /// What a filter costs in the period, with the incidents or without, whichever is more.
    fn size(&self, filter: &Filter) -> i128 {
        let sum = |calls: &[Call]| {
            let calls = calls.iter().filter(|call| within(call, self.ask.period) && call.is(filter));
            calls.map(|call| i128::from(call.cost)).sum::<i128>()
        };
        sum(&self.calls).max(sum(&self.clean))
    }
}

pub(crate) fn within(call: &Call, (from, to): (i64, i64)) -> bool {
    from <= call.at && call.at < to
}

/// What the calls of a span cost, in picodollars.
pub(crate) fn cost(calls: &[Call], span: (i64, i64)) -> i128 {
    calls.iter().filter(|call| within(call, span)).map(|call| i128::from(call.cost)).sum()
}

/// The conditions that hold for nearly all of an excess.
fn tolerated(inside: &[&Moved], excess: i128) -> Vec<(Dim, Name)> {
    let mut found = Vec::new();
    for dim in DIMS {
        let mut sums: BTreeMap<&Name, i128> = BTreeMap::new();
        for moved in inside {
            *sums.entry(moved.call.get(dim)).or_default() += i128::from(moved.excess);
        }
        let most = sums.into_iter().filter(|(value, sum)| !value.is_empty() && *sum as f64 / excess as f64 >= ENOUGH);
        found.extend(most.map(|(value, _)| (dim, value.clone())));
    }
    found
}
