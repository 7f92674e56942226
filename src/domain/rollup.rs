//! The seam between the analyses and whatever holds the calls: a question in, summed columns out.
//!
//! No analysis sees SQLite. A store answers [`Rollups`]; another back end would answer the same.

use std::collections::BTreeMap;

use crate::domain::call::Unpriced;
use crate::domain::dimension::Axis;
use crate::domain::filter::Filter;
use crate::domain::money::Usd;
use crate::domain::time::Zone;
use crate::domain::tokens::{CLASSES, Class};
use crate::domain::window::Window;

/// A question: sums of the calls in a window that pass a filter, grouped along axes.
#[derive(Clone, Debug)]
pub struct RollupQuery {
    /// The axes to group by, in order; none gives one total.
    pub by: Vec<Axis>,
    /// Which span of time.
    pub window: Window,
    /// Which calls.
    pub filter: Filter,
    /// The zone that cuts time axes.
    pub zone: Zone,
}

/// What is summed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// Billable calls.
    pub calls: u64,
    /// Calls whose status is a failure.
    pub errors: u64,
    /// Tokens by class.
    pub tokens: [u64; CLASSES],
    /// Reasoning tokens, contained in the output.
    pub reasoning: u64,
    /// Cost of the priced calls.
    pub cost: Usd,
    /// Calls without a price, by reason code.
    pub unpriced: [u64; Unpriced::ALL.len()],
}

impl Measures {
    /// Adds another group's sums.
    pub fn add(&mut self, other: &Measures) {
        self.calls += other.calls;
        self.errors += other.errors;
        for class in 0..CLASSES {
            self.tokens[class] += other.tokens[class];
        }
        self.reasoning += other.reasoning;
        self.cost += other.cost;
        for reason in 0..other.unpriced.len() {
            self.unpriced[reason] += other.unpriced[reason];
        }
    }

    /// Returns all calls without a price.
    pub fn unpriced_calls(&self) -> u64 {
        self.unpriced.iter().sum()
    }

    /// Returns the classes that occur, by name.
    pub fn tokens_by_class(&self) -> BTreeMap<Class, u64> {
        Class::ALL.into_iter().map(|c| (c, self.tokens[c as usize])).filter(|(_, n)| *n > 0).collect()
    }
}

/// One group: a name or `None` (untagged) per axis, and its sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// A value per axis asked for.
    pub key: Vec<Option<String>>,
    /// The sums.
    pub measures: Measures,
}

/// The answer: groups in no particular order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollup {
    /// The groups; never two with the same key.
    pub groups: Vec<Group>,
}

/// Whatever can answer a [`RollupQuery`].
pub trait Rollups {
    /// Why it could not answer.
    type Error;

    /// Sums the calls of the query's window and filter along its axes.
    fn rollup(&self, query: &RollupQuery) -> Result<Rollup, Self::Error>;

    /// Returns what each unit along an axis cost within each group of the query.
    fn unit_costs(&self, query: &RollupQuery, unit: &Axis) -> Result<Vec<UnitCosts>, Self::Error>;
}

/// What the units (runs, users, calls) of one group cost, for percentiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitCosts {
    /// The group's key.
    pub key: Vec<Option<String>>,
    /// Cost of each unit, in no particular order. Calls without a unit are not among them.
    pub costs: Vec<Usd>,
}
