//! The seam between the analyses and whatever holds the calls: a question in, summed columns out.
//!
//! No analysis sees SQLite. A store answers [`Rollups`]; another back end would answer the same.

use std::sync::Arc;

use hashbrown::HashMap;

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
    /// What to do with the costs that logs state.
    pub logged: Logged,
}

/// What to do with the costs that logs state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Logged {
    /// Nothing: the price table alone decides.
    #[default]
    Ignored,
    /// Sum them beside the costs by the price table.
    Beside,
    /// Sum them beside, and count them as the cost of calls that the table cannot price.
    ForUnpriced,
}

/// What logs say calls cost, beside what the price table says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoggedSums {
    /// Calls whose log states a cost.
    pub calls: u64,
    /// Of these, calls for which it is the provider's own charge, not a gateway's or a library's sum.
    pub charged_calls: u64,
    /// What the logs state.
    pub cost: Usd,
    /// What the logs state for the calls that the table prices too.
    pub compared: Usd,
    /// What those calls cost by the table.
    pub computed: Usd,
    /// Calls without a price for which the log's cost was taken.
    pub taken_calls: u64,
    /// What was taken, contained in the cost of the group.
    pub taken: Usd,
}

impl LoggedSums {
    /// Adds another group's sums.
    pub fn add(&mut self, other: &LoggedSums) {
        self.calls += other.calls;
        self.charged_calls += other.charged_calls;
        self.cost += other.cost;
        self.compared += other.compared;
        self.computed += other.computed;
        self.taken_calls += other.taken_calls;
        self.taken += other.taken;
    }

    /// Returns how much more the table says than the logs, over the calls that both price.
    pub fn difference(&self) -> Usd {
        self.computed - self.compared
    }
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
    /// How much more they would have cost by list price; zero where nothing else was agreed.
    pub discount: Usd,
    /// What logs say, where it was asked for.
    pub logged: LoggedSums,
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
        self.discount += other.discount;
        self.logged.add(&other.logged);
        for reason in 0..other.unpriced.len() {
            self.unpriced[reason] += other.unpriced[reason];
        }
    }

    /// Takes out what was added before; what logs say is not part of it.
    pub fn subtract(&mut self, part: &Measures) {
        self.calls -= part.calls;
        self.errors -= part.errors;
        for class in 0..CLASSES {
            self.tokens[class] -= part.tokens[class];
        }
        self.reasoning -= part.reasoning;
        self.cost = self.cost - part.cost;
        self.discount = self.discount - part.discount;
        for reason in 0..part.unpriced.len() {
            self.unpriced[reason] -= part.unpriced[reason];
        }
    }

    /// Returns all calls without a price.
    pub fn unpriced_calls(&self) -> u64 {
        self.unpriced.iter().sum()
    }
}

/// A group's value along each axis, `None` for untagged. Equal values share their text.
pub type Key = Vec<Option<Arc<str>>>;

/// One group with its sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// A value per axis asked for.
    pub key: Key,
    /// The sums.
    pub measures: Measures,
}

/// The answer, column by column: groups in no particular order, never two with the same key.
#[derive(Clone, Debug, Default)]
pub struct Rollup {
    /// Per axis the texts of its values.
    pub values: Vec<Vec<Arc<str>>>,
    /// Per axis a code a group: 0 is untagged, n is value n-1.
    pub codes: Vec<Vec<u32>>,
    /// Calls a group.
    pub calls: Vec<u64>,
    /// Failed calls a group.
    pub errors: Vec<u64>,
    /// Reasoning tokens a group.
    pub reasoning: Vec<u64>,
    /// Cost a group.
    pub cost: Vec<Usd>,
    /// List price less cost a group; empty where they are equal everywhere.
    pub discount: Vec<Usd>,
    /// What logs say, a group; empty unless it was asked for.
    pub logged: Vec<LoggedSums>,
    /// Tokens a group, of the classes that occur.
    pub tokens: Vec<(Class, Vec<u64>)>,
    /// Calls without a price, by group and place of the reason in [`Unpriced::ALL`]; most groups have none.
    pub unpriced: HashMap<(u32, u8), u64>,
    /// Calls that have a price by one table only, where costs are computed in place of the stored ones.
    pub moves: PriceMoves,
}

impl Rollup {
    /// Returns how many groups there are.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Tells whether there is no group.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Returns the value of a group along an axis.
    pub fn value(&self, group: usize, axis: usize) -> Option<&Arc<str>> {
        self.values[axis].get((self.codes[axis][group] as usize).checked_sub(1)?)
    }

    /// Returns a group's key.
    pub fn key(&self, group: usize) -> Key {
        (0..self.codes.len()).map(|axis| self.value(group, axis).cloned()).collect()
    }

    /// Tells whether a group has no value along any axis.
    pub fn is_untagged(&self, group: usize) -> bool {
        !self.codes.is_empty() && self.codes.iter().all(|codes| codes[group] == 0)
    }

    /// Returns a group's sums.
    pub fn measures(&self, group: usize) -> Measures {
        let mut measures = Measures::default();
        self.add_to(group, &mut measures);
        measures
    }

    /// Adds a group's sums to others.
    pub fn add_to(&self, group: usize, sums: &mut Measures) {
        sums.calls += self.calls[group];
        sums.errors += self.errors[group];
        sums.reasoning += self.reasoning[group];
        sums.cost += self.cost[group];
        sums.discount += self.discount.get(group).copied().unwrap_or_default();
        if let Some(logged) = self.logged.get(group) {
            sums.logged.add(logged);
        }
        for (class, counts) in &self.tokens {
            sums.tokens[*class as usize] += counts[group];
        }
        if !self.unpriced.is_empty() {
            for (place, sum) in sums.unpriced.iter_mut().enumerate() {
                *sum += self.unpriced.get(&(group as u32, place as u8)).copied().unwrap_or(0);
            }
        }
    }

    /// Returns the calls without a price of each group, for whatever reasons.
    pub fn unpriced_calls(&self) -> Vec<u64> {
        let mut unpriced = vec![0; self.len()];
        self.unpriced.iter().for_each(|((group, _), calls)| unpriced[*group as usize] += calls);
        unpriced
    }

    /// Returns the sums over all groups.
    pub fn total(&self) -> Measures {
        let mut total = Measures::default();
        (0..self.len()).for_each(|group| self.add_to(group, &mut total));
        total
    }

    /// Returns every group with its sums.
    pub fn groups(&self) -> impl Iterator<Item = Group> + '_ {
        (0..self.len()).map(|group| Group { key: self.key(group), measures: self.measures(group) })
    }
}

/// Calls that lost or gained a price when they were priced anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PriceMoves {
    /// Calls with a stored cost and no other.
    pub lost_calls: u64,
    /// What they cost as stored.
    pub lost: Usd,
    /// Calls with a cost that had none stored.
    pub gained_calls: u64,
    /// What they cost now.
    pub gained: Usd,
}

impl PriceMoves {
    /// Counts calls by their cost before and after in picodollars, `None` for unpriced.
    pub fn add(&mut self, calls: impl Iterator<Item = (Option<i64>, Option<i64>)>) {
        let usd = |pico: i64| Usd::from_pico(i128::from(pico));
        for (before, after) in calls {
            match (before, after) {
                (Some(before), None) => {
                    self.lost_calls += 1;
                    self.lost += usd(before);
                }
                (None, Some(after)) => {
                    self.gained_calls += 1;
                    self.gained += usd(after);
                }
                _ => {}
            }
        }
    }
}

/// Whatever can answer a [`RollupQuery`].
pub trait Rollups {
    /// Why it could not answer.
    type Error;

    /// Sums the calls of the query's window and filter along its axes.
    fn rollup(&self, query: &RollupQuery) -> Result<Rollup, Self::Error>;

    /// Returns what each unit along an axis cost within each group of the query.
    fn unit_costs(&self, query: &RollupQuery, unit: &Axis) -> Result<Vec<UnitCosts>, Self::Error>;

    /// Hands on every call of the query's window and filter, many at a time.
    ///
    /// For what no sum by group tells, such as which calls are of one run and how those lie in time. The order is any,
    /// but the same question of the same calls has the same order and codes again, so that a second pass can use what
    /// the first has learnt. `logged` has no say: a call without a price costs nothing here.
    fn rows(&self, query: &RollupQuery, on: &mut dyn FnMut(&Rows<'_>)) -> Result<(), Self::Error>;
}

/// Calls, column by column, each column with a place a call.
#[derive(Clone, Copy)]
pub struct Rows<'r> {
    /// When: nanoseconds since 1970-01-01T00:00:00Z.
    pub at: &'r [i64],
    /// Per axis of the query a code a call: 0 is untagged.
    pub codes: &'r [Vec<u32>],
    /// Per axis what its codes stand for.
    pub values: &'r [&'r dyn Values],
    /// Cost in picodollars; 0 for a call without a price.
    pub cost: &'r [i64],
    /// Tokens of all classes.
    pub tokens: &'r [u64],
    /// Whether the call failed.
    pub failed: &'r [bool],
}

/// What the codes of an axis stand for.
pub trait Values {
    /// Returns the value of a code, `None` for untagged.
    fn value(&self, code: u32) -> Option<&str>;
}

/// What the units (runs, users, calls) of one group cost, for percentiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitCosts {
    /// The group's key.
    pub key: Key,
    /// Cost of each unit, in no particular order. Calls without a unit are not among them.
    pub costs: Vec<Usd>,
}
