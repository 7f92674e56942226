//! `attr loops`: runs that go round in circles, and failed calls that are sent again and again. No text is looked at:
//! sizes, times, outcomes and costs are enough.
//!
//! In two steps each, so that millions of calls need not be looked at one by one: sums choose a few suspects
//! ([`usual`] by run, [`failing`] by hour), then the calls of those are read in order ([`repeats`], [`retries`]).
//! Everything is judged by the other runs of the same feature and agent; where there are too few of them to know what
//! is usual, nothing is said but that. A false alarm is worse than a miss.

pub mod failing;
pub mod repeats;
pub mod retries;
pub mod usual;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::Dim;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::step::Step;
use crate::domain::time::NANOS;

/// What is told of a loop where all its calls share it. Steps have these as the last of their keys.
pub const TOLD: [Dim; 7] = [Dim::Feature, Dim::Agent, Dim::Tenant, Dim::User, Dim::Run, Dim::Trace, Dim::Session];

/// What holds the calls of one piece of work together, the surest first.
pub const UNITS: [Dim; 3] = [Dim::Run, Dim::Trace, Dim::Session];

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Calls of about the same size, over and over.
    Repeat,
    /// The same with a context that grows from call to call.
    Growth,
    /// Failed calls that are sent again.
    Retry,
}

impl Kind {
    /// Returns the name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Repeat => "repeat",
            Kind::Growth => "growth",
            Kind::Retry => "retry",
        }
    }
}

/// A value that calls share: none where they differ, `Some(None)` where none of them has one.
pub type Shared = Option<Option<Arc<str>>>;

/// A loop that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub kind: Kind,
    /// The piece of work that loops; none for a storm of retries over several.
    pub unit: Option<(Dim, Arc<str>)>,
    /// What its calls share of [`TOLD`].
    pub shared: [Shared; TOLD.len()],
    /// From the first of its calls.
    pub since: Timestamp,
    /// To behind the last of them, in whole seconds.
    pub until: Timestamp,
    /// Its calls.
    pub calls: u64,
    /// How many of them repeat another.
    pub repeats: u64,
    /// What they cost.
    pub cost: Usd,
    /// What a usual run of the same feature and agent costs; for retries, what one try that works costs.
    pub usual: Usd,
}

impl Finding {
    /// Makes a finding of some calls; `None` without a call.
    pub fn of(kind: Kind, unit: Option<(Dim, Arc<str>)>, steps: &[&Step]) -> Option<Finding> {
        let times = || steps.iter().map(|step| step.ts);
        let second = |ts: Timestamp| ts.0.div_euclid(NANOS);
        Some(Finding {
            kind,
            unit,
            shared: shared(steps),
            since: Timestamp(second(times().min()?) * NANOS),
            until: Timestamp((second(times().max()?) + 1) * NANOS),
            calls: steps.len() as u64,
            repeats: 0,
            cost: steps.iter().map(|step| step.cost).sum(),
            usual: Usd::ZERO,
        })
    }

    /// Returns what the loop cost beyond what is usual.
    pub fn excess(&self) -> Usd {
        self.cost - self.usual
    }

    /// Takes in another part of the same piece of work: the dearer one says what is wrong.
    fn join(&mut self, other: Finding) {
        if (other.excess(), other.kind) > (self.excess(), self.kind) {
            self.kind = other.kind;
        }
        for (own, theirs) in self.shared.iter_mut().zip(other.shared) {
            if *own != theirs {
                *own = None;
            }
        }
        self.since = self.since.min(other.since);
        self.until = self.until.max(other.until);
        self.calls += other.calls;
        self.repeats += other.repeats;
        self.cost += other.cost;
        self.usual += other.usual;
    }
}

fn shared(steps: &[&Step]) -> [Shared; TOLD.len()] {
    std::array::from_fn(|place| {
        let value = |step: &&Step| step.key.len().checked_sub(TOLD.len()).and_then(|own| step.key[own + place].clone());
        let mut values = steps.iter().map(value);
        let first = values.next()?;
        values.all(|value| value == first).then_some(first)
    })
}

/// Returns the value that a step has of what is told.
fn told(step: &Step, dim: Dim) -> Option<&Arc<str>> {
    let place = TOLD.iter().position(|known| *known == dim)?;
    step.key.len().checked_sub(TOLD.len()).and_then(|own| step.key[own + place].as_ref())
}

/// Returns what holds a step together with others.
pub fn units_of(step: &Step) -> impl Iterator<Item = (Dim, &Arc<str>)> {
    UNITS.into_iter().filter_map(|dim| Some((dim, told(step, dim)?)))
}

/// Several findings of one piece of work become one; then the dearest stands first.
pub fn ranked(findings: Vec<Finding>) -> Vec<Finding> {
    let mut by_unit: BTreeMap<(Dim, Arc<str>), Finding> = BTreeMap::new();
    let mut ranked = Vec::new();
    for finding in findings {
        match finding.unit.clone() {
            None => ranked.push(finding),
            Some(unit) => match by_unit.get_mut(&unit) {
                Some(known) => known.join(finding),
                None => {
                    by_unit.insert(unit, finding);
                }
            },
        }
    }
    ranked.extend(by_unit.into_values());
    ranked.sort_by(|a, b| {
        let rank = |finding: &Finding| (finding.since, finding.kind);
        b.excess().cmp(&a.excess()).then_with(|| rank(a).cmp(&rank(b))).then_with(|| a.shared.cmp(&b.shared))
    });
    ranked
}
