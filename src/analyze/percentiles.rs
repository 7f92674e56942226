//! What units cost: mean and percentiles, in exact money.

use serde::Serialize;

use crate::domain::Usd;
use crate::domain::money::div_half_even;

/// Cost of the units of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UnitCost {
    /// The mean, rounded half to even to a picodollar.
    pub mean: Usd,
    /// Half of the units cost less.
    pub p50: Usd,
    /// Nineteen in twenty cost less.
    pub p95: Usd,
    /// Ninety-nine in a hundred cost less.
    pub p99: Usd,
}

/// Returns mean and percentiles; `None` without a unit. Between two units the percentile is interpolated.
pub fn unit_cost(mut costs: Vec<Usd>) -> Option<UnitCost> {
    costs.sort_unstable();
    let count = i128::try_from(costs.len()).ok().filter(|count| *count > 0)?;
    let total: Usd = costs.iter().copied().sum();
    let at = |percent: i128| {
        let scaled = percent * (count - 1);
        let (below, rest) = (scaled / 100, scaled % 100);
        let low = costs[below as usize];
        let high = costs.get(below as usize + 1).copied().unwrap_or(low);
        low + Usd::from_pico(div_half_even((high - low).pico() * rest, 100))
    };
    Some(UnitCost { mean: Usd::from_pico(div_half_even(total.pico(), count)), p50: at(50), p95: at(95), p99: at(99) })
}
