//! What a token costs, and would cost on other terms. Looked up once for each combination.

use std::cell::RefCell;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::analyze::reconcile::Prices;
use crate::analyze::reconcile::Rates;
use crate::analyze::reconcile::Terms;
use crate::domain::Class;
use crate::domain::Timestamp;
use crate::domain::invoice::MICRO;
use crate::domain::money::div_half_even;
use crate::domain::tokens::CLASSES;

/// Attodollars in a picodollar.
const ATTO_PER_PICO: i128 = 1_000_000;

/// Service modes whose tokens cost nothing.
const FREE: [&str; 4] = ["free", "incentivized-tier", "incentivized", "byok"];

/// A prompt past every limit: the price of the longest.
pub(super) const LONGEST: u64 = u64::MAX;

/// Prices with a memory.
pub(super) struct RateBook<'p> {
    prices: &'p dyn Prices,
    known: RefCell<HashMap<Key, Option<Rates>>>,
}

type Key = (Arc<str>, Arc<str>, Arc<str>, Arc<str>, Timestamp, u64);

/// What selects the price of some tokens, texts shared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Point {
    pub(super) provider: Arc<str>,
    pub(super) model: Arc<str>,
    pub(super) tier: Arc<str>,
    pub(super) region: Arc<str>,
    pub(super) ts: Timestamp,
    pub(super) prompt: u64,
}

impl<'p> RateBook<'p> {
    pub(super) fn new(prices: &'p dyn Prices) -> RateBook<'p> {
        RateBook { prices, known: RefCell::default() }
    }

    pub(super) fn prices(&self) -> &'p dyn Prices {
        self.prices
    }

    /// Returns attodollars a token, by class.
    pub(super) fn rates(&self, point: &Point) -> Option<Rates> {
        if FREE.contains(&point.tier.as_ref()) {
            return Some([Some(0); CLASSES]);
        }
        let Point { provider, model, tier, region, ts, prompt } = point;
        let key = (Arc::clone(provider), Arc::clone(model), Arc::clone(tier), Arc::clone(region), *ts, *prompt);
        *self
            .known
            .borrow_mut()
            .entry(key)
            .or_insert_with(|| self.prices.rates(Terms { provider, model, tier, region, ts: *ts, prompt: *prompt }))
    }

    /// Returns attodollars a token of a class.
    pub(super) fn rate(&self, point: &Point, class: Class) -> Option<i128> {
        self.rates(point)?[class as usize]
    }
}

/// Returns the price of millionths of tokens at attodollars a token, in picodollars.
pub(super) fn value(micro: i128, atto: i128) -> i128 {
    div_half_even(micro.saturating_mul(atto), MICRO * ATTO_PER_PICO)
}

/// Returns how many millionths of a token an amount in picodollars buys at attodollars a token.
pub(super) fn bought(pico: i128, atto: i128) -> Option<i128> {
    (atto > 0).then(|| div_half_even(pico.saturating_mul(ATTO_PER_PICO).saturating_mul(MICRO), atto))
}
