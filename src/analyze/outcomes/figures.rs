//! What is summed of a group's calls and outcomes, and what follows from the sums.

use crate::analyze::outcomes::Calls;
use crate::domain::Usd;
use crate::domain::money::div_half_even;

/// Sums of a group. What divides is a method, and absent where there is nothing to divide by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Calls.
    pub calls: u64,
    /// Of these, calls without a price: what they cost is not known and not in any cost here.
    pub unpriced_calls: u64,
    /// Runs, traces or sessions with an outcome that is told in this group.
    pub units: u64,
    /// Of these, units that passed.
    pub passed: u64,
    /// Of these, units that failed. The others are without a verdict.
    pub failed: u64,
    /// Of these, units that state a revenue.
    pub revenue_units: u64,
    /// Cost of the calls whose unit has an outcome.
    pub cost: Usd,
    /// Of this, cost of calls whose unit has a verdict.
    pub judged: Usd,
    /// Of this, cost of calls whose unit failed.
    pub wasted: Usd,
    /// Cost of the calls whose unit has no outcome, or that have no unit.
    pub without: Usd,
    /// What the outcomes earned.
    pub revenue: Usd,
    /// Calls with a price whose unit has a verdict.
    judged_calls: u64,
}

impl Figures {
    /// Adds calls: `passed` is the verdict of the outcome they belong to, `None` where they belong to none.
    pub(super) fn add_calls(&mut self, calls: &Calls, passed: Option<Option<bool>>) {
        self.calls += calls.calls;
        self.unpriced_calls += calls.unpriced;
        match passed {
            None => self.without += calls.cost,
            Some(verdict) => {
                self.cost += calls.cost;
                if verdict.is_some() {
                    self.judged += calls.cost;
                    self.judged_calls += calls.calls - calls.unpriced;
                }
                if verdict == Some(false) {
                    self.wasted += calls.cost;
                }
            }
        }
    }

    /// Adds an outcome.
    pub(super) fn add_outcome(&mut self, passed: Option<bool>, revenue: Option<Usd>) {
        self.units += 1;
        self.passed += u64::from(passed == Some(true));
        self.failed += u64::from(passed == Some(false));
        self.revenue_units += u64::from(revenue.is_some());
        self.revenue += revenue.unwrap_or_default();
    }

    /// Adds another group's sums.
    pub(super) fn add(&mut self, other: &Figures) {
        self.calls += other.calls;
        self.unpriced_calls += other.unpriced_calls;
        self.units += other.units;
        self.passed += other.passed;
        self.failed += other.failed;
        self.revenue_units += other.revenue_units;
        self.cost += other.cost;
        self.judged += other.judged;
        self.wasted += other.wasted;
        self.without += other.without;
        self.revenue += other.revenue;
        self.judged_calls += other.judged_calls;
    }

    /// Returns the cost of all calls.
    pub fn all_cost(&self) -> Usd {
        self.cost + self.without
    }

    /// Returns units without a verdict.
    pub fn open(&self) -> u64 {
        self.units - self.passed - self.failed
    }

    /// Returns the share of the units with a verdict that passed.
    pub fn pass_rate(&self) -> Option<f64> {
        let judged = self.passed + self.failed;
        (judged > 0).then(|| self.passed as f64 / judged as f64)
    }

    /// Returns the cost of all units with a verdict for each that passed, rounded half to even to a picodollar; none
    /// where none passed, or where no call of theirs has a price.
    pub fn cost_per_pass(&self) -> Option<Usd> {
        let is_known = self.passed > 0 && self.judged_calls > 0;
        is_known.then(|| Usd::from_pico(div_half_even(self.judged.pico(), i128::from(self.passed))))
    }

    /// Returns the revenue less the cost of the units with an outcome.
    pub fn margin(&self) -> Usd {
        self.revenue - self.cost
    }

    /// Returns the share of the cost whose unit has an outcome.
    pub fn coverage(&self) -> Option<f64> {
        let all = self.all_cost();
        (all != Usd::ZERO).then(|| self.cost.pico() as f64 / all.pico() as f64)
    }
}
