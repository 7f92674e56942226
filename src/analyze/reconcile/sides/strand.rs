//! Tokens that are alike in all that selects their price, and what they cost.

use std::sync::Arc;

use crate::analyze::reconcile::rates::LONGEST;
use crate::analyze::reconcile::rates::Point;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::rates::value;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Bundle;
use crate::analyze::reconcile::sides::Cell;
use crate::analyze::reconcile::sides::is_write;
use crate::domain::Class;

/// Cache writes, the shortest lifetime first.
const WRITES: [Class; 4] = [Class::CacheWrite5m, Class::CacheWrite30m, Class::CacheWrite1h, Class::CacheWrite12h];

/// What a line or a call says beyond its cell. `None` is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::analyze::reconcile) struct Stated {
    /// The service mode; empty for the standard one.
    pub(in crate::analyze::reconcile) tier: Option<Arc<str>>,
    /// The region; empty for none in particular.
    pub(in crate::analyze::reconcile) region: Option<Arc<str>>,
    /// The size of the prompts.
    pub(in crate::analyze::reconcile) prompt: Option<u64>,
}

/// Tokens of one class that state the same.
#[derive(Clone, Debug)]
pub(in crate::analyze::reconcile) struct Strand {
    /// The class, with the lifetime of cache writes.
    pub(in crate::analyze::reconcile) class: Class,
    pub(in crate::analyze::reconcile) stated: Stated,
    /// Tokens or uses, in millionths.
    pub(in crate::analyze::reconcile) quantity: Option<i128>,
    /// What they cost, in picodollars.
    pub(in crate::analyze::reconcile) amount: i128,
    /// The same before discounts, where the bill says so.
    pub(in crate::analyze::reconcile) list: Option<i128>,
    /// Lines, or calls.
    pub(in crate::analyze::reconcile) count: u64,
    /// Calls that failed.
    pub(in crate::analyze::reconcile) failed: bool,
    /// Cache writes of a lifetime that is not told.
    pub(in crate::analyze::reconcile) untimed: bool,
    /// A line without a service mode beside lines with one: it is not about theirs.
    pub(in crate::analyze::reconcile) apart: bool,
}

/// Picodollars for a number of millionths of a token, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::analyze::reconcile) enum Price {
    /// Attodollars a token.
    Rate(i128),
    /// So many picodollars for so many millionths of a token.
    Ratio(i128, i128),
}

impl Price {
    pub(in crate::analyze::reconcile) fn times(self, micro: i128) -> i128 {
        match self {
            Price::Rate(atto) => value(micro, atto),
            Price::Ratio(pico, of) => ratio(micro, pico, of),
        }
    }
}

/// Returns the table's price for a strand's tokens; a lifetime that nobody tells is the one that the seller has.
fn listed(rates: &RateBook<'_>, point: &Point, strand: &Strand) -> Option<i128> {
    match rates.rate(point, strand.class) {
        None if strand.untimed => WRITES.iter().find_map(|class| rates.rate(point, *class)),
        rate => rate,
    }
}

/// Returns `micro * pico / of`, rounded half to even, without leaving 128 bits.
fn ratio(micro: i128, pico: i128, of: i128) -> i128 {
    match micro.checked_mul(pico) {
        Some(product) => crate::domain::money::div_half_even(product, of),
        // Past any real bill: nine digits of the divisor are enough then.
        None => (micro / of).saturating_mul(pico),
    }
}

impl Stated {
    /// Tells whether calls that state all are among those that this is about.
    fn holds(&self, call: &Stated, edges: Option<u64>) -> bool {
        let same = |own: &Option<Arc<str>>, of: &Option<Arc<str>>| {
            own.is_none() || own.as_deref().unwrap_or_default() == of.as_deref().unwrap_or_default()
        };
        let size = match self.prompt {
            None => true,
            Some(LONGEST) => edges.is_some_and(|edge| call.prompt.unwrap_or(0) >= edge),
            Some(_) => edges.is_none_or(|edge| call.prompt.unwrap_or(0) < edge),
        };
        same(&self.tier, &call.tier) && same(&self.region, &call.region) && size
    }
}

impl Book {
    /// Returns where a strand's price is found, what it does not say taken from the logs where they agree.
    pub(in crate::analyze::reconcile) fn point(&self, bundle: &Bundle, cell: &Cell, stated: &Stated) -> Point {
        // A class that was never logged is priced as the model's other tokens are.
        let empty = Vec::new();
        let other = bundle.cells.iter().map(|cell| &cell.log).find(|log| !log.is_empty());
        let log = if cell.log.is_empty() { other.unwrap_or(&empty) } else { &cell.log };
        let common = |pick: fn(&Stated) -> Option<Arc<str>>| {
            let mut all = log.iter().map(|strand| pick(&strand.stated).unwrap_or_default());
            let first = all.next().unwrap_or_default();
            if all.all(|other| other == first) { first } else { Arc::default() }
        };
        Point {
            provider: Arc::clone(&self.provider),
            model: Arc::clone(&bundle.model),
            tier: stated.tier.clone().unwrap_or_else(|| common(|stated| stated.tier.clone())),
            region: stated.region.clone().unwrap_or_else(|| common(|stated| stated.region.clone())),
            ts: self.start(bundle),
            prompt: stated.prompt.unwrap_or_else(|| {
                let sizes = log.iter().map(|strand| strand.stated.prompt.unwrap_or(0));
                sizes.max().unwrap_or(0)
            }),
        }
    }

    /// Tells whether calls are of what a strand of the bill is about.
    fn is_alike(&self, cell: &Cell, strand: &Strand, call: &Strand, edge: Option<u64>) -> bool {
        let same = call.class == strand.class || strand.untimed && is_write(call.class);
        let tier = call.stated.tier.as_deref().unwrap_or_default();
        let is_others = || {
            let told = cell.told(self.shape).iter().filter_map(|other| other.stated.tier.as_deref());
            strand.apart && !tier.is_empty() && told.into_iter().any(|other| other == tier)
        };
        same && strand.stated.holds(&call.stated, edge) && !is_others()
    }

    /// Returns by how much the bill's strands exceed the logs' tokens that are served so, each with its price, and the
    /// logged tokens that no strand of the bill accounts for; `None` where prices are not known.
    pub(in crate::analyze::reconcile) fn strand_gaps(
        &self,
        bundle: &Bundle,
        cell: &Cell,
        rates: &RateBook<'_>,
    ) -> Option<(Vec<(i128, Price)>, i128)> {
        let mut left: Vec<i128> = cell.log.iter().map(|strand| strand.quantity.unwrap_or(0)).collect();
        let mut gaps = Vec::new();
        for strand in cell.told(self.shape) {
            let edge = strand.stated.prompt.and_then(|_| self.cliff(bundle, cell, strand, rates));
            let mut gap = strand.quantity?;
            for (call, left) in cell.log.iter().zip(&mut left) {
                if self.is_alike(cell, strand, call, edge) {
                    let taken = gap.min(*left).max(0);
                    gap -= taken;
                    *left -= taken;
                }
            }
            gaps.push((gap, self.unit_price(bundle, cell, strand, rates)?));
        }
        Some((gaps, left.iter().sum()))
    }

    /// Tells whether both sides have the same kinds of tokens, as far as the bill tells.
    pub(in crate::analyze::reconcile) fn is_served_alike(
        &self,
        bundle: &Bundle,
        cell: &Cell,
        rates: &RateBook<'_>,
    ) -> bool {
        let told: Vec<(&Strand, Option<u64>)> = cell
            .told(self.shape)
            .iter()
            .map(|strand| (strand, strand.stated.prompt.and_then(|_| self.cliff(bundle, cell, strand, rates))))
            .collect();
        let alike = |(strand, edge): &(&Strand, Option<u64>), call: &Strand| self.is_alike(cell, strand, call, *edge);
        told.iter().all(|told| cell.log.iter().any(|call| alike(told, call)))
            && cell.log.iter().all(|call| told.iter().any(|told| alike(told, call)))
    }

    /// Tells whether the logs have calls at the price of long prompts.
    pub(in crate::analyze::reconcile) fn has_long_calls(
        &self,
        bundle: &Bundle,
        cell: &Cell,
        rates: &RateBook<'_>,
    ) -> bool {
        cell.log.iter().any(|call| {
            let edge = self.cliff(bundle, cell, call, rates);
            edge.is_some_and(|edge| call.stated.prompt.unwrap_or(0) >= edge)
        })
    }

    /// Returns from which prompt size on a class costs more, if it does.
    fn cliff(&self, bundle: &Bundle, cell: &Cell, strand: &Strand, rates: &RateBook<'_>) -> Option<u64> {
        // All prompts are of the smallest size: nothing costs more.
        if cell.log.iter().all(|strand| strand.stated.prompt.unwrap_or(0) == 0) {
            return None;
        }
        let at = |prompt| listed(rates, &Point { prompt, ..self.point(bundle, cell, &strand.stated) }, strand);
        let short = at(0);
        let mut edges: Vec<u64> = cell.log.iter().filter_map(|strand| strand.stated.prompt).collect();
        edges.sort_unstable();
        edges.into_iter().find(|edge| at(*edge) != short)
    }

    /// Returns what the logs pay for tokens such as a strand's, else what the table asks.
    pub(in crate::analyze::reconcile) fn unit_price(
        &self,
        bundle: &Bundle,
        cell: &Cell,
        strand: &Strand,
        rates: &RateBook<'_>,
    ) -> Option<Price> {
        let edge = strand.stated.prompt.and_then(|_| self.cliff(bundle, cell, strand, rates));
        let alike = |call: &&Strand| self.is_alike(cell, strand, call, edge) && call.quantity > Some(0);
        let (mut tokens, mut cost) = (0, 0);
        let mut first: Option<&Stated> = None;
        let mut mixed = false;
        for call in cell.log.iter().filter(alike) {
            mixed |= first.is_some_and(|first| *first != call.stated);
            first = first.or(Some(&call.stated));
            tokens += call.quantity.unwrap_or(0);
            cost += call.amount;
        }
        if let (true, true) = (mixed, cost > 0) {
            return Some(Price::Ratio(cost, tokens));
        }
        let point = self.point(bundle, cell, first.unwrap_or(&strand.stated));
        listed(rates, &point, strand).map(Price::Rate)
    }
}
