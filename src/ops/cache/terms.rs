//! Other terms than a call's own that tell what caching and batches are worth: each is asked in one pass over the
//! columns, and sets of every call what it costs on these terms and, in place of the list price, what that is
//! compared with.

use crate::domain::Class;
use crate::domain::Unpriced;
use crate::domain::Usd;
use crate::ops::price::Pricer;
use crate::ops::price::WhatIf;
use crate::ops::price::row_price;
use crate::price::Mode;
use crate::price::Table;
use crate::store::Batch;
use crate::store::Repricing;
use crate::store::RowPrice;

/// Prices the cached tokens of calls, and compares them with uncached input.
pub(super) struct Cached<'t> {
    pricer: Pricer<'t>,
    is_meant: fn(Class) -> bool,
}

impl<'t> Cached<'t> {
    /// Looks at the classes that are meant, of those that have to do with a cache.
    pub(super) fn new(table: &'t Table, is_meant: fn(Class) -> bool) -> Cached<'t> {
        Cached { pricer: Pricer::new(table), is_meant }
    }
}

impl Repricing for Cached<'_> {
    fn price(&mut self, batch: &mut Batch) {
        let is_meant = self.is_meant;
        self.pricer.each(batch, |plan, batch, row| {
            let cached = plan?.cached(batch.ts(row), &batch.tokens(row), is_meant)?;
            compared(cached.cost, cached.uncached)
        });
    }
}

/// Prices calls of the standard mode as a batch, and compares that with what they cost. All other calls, and those whose
/// model is not sold in batches, have no price on these terms.
pub(super) struct Batched<'t> {
    own: Pricer<'t>,
    batched: Pricer<'t>,
}

impl<'t> Batched<'t> {
    pub(super) fn new(table: &'t Table) -> Batched<'t> {
        let what_if = WhatIf { mode: Some(Mode::Batch.name().to_string()), ..WhatIf::default() };
        Batched { own: Pricer::new(table), batched: Pricer::what_if(table, what_if) }
    }
}

impl Repricing for Batched<'_> {
    fn price(&mut self, batch: &mut Batch) {
        self.own.each(batch, |plan, batch, row| match plan? {
            plan if plan.mode() != Mode::Standard => Err(Unpriced::ModeNotSold),
            plan => plan.price(batch.ts(row), &batch.tokens(row), batch.tools(row)).and_then(row_price),
        });
        self.batched.each(batch, |plan, batch, row| {
            if let Some(reason) = batch.unpriced(row) {
                return Err(reason);
            }
            let priced = plan?.price(batch.ts(row), &batch.tokens(row), batch.tools(row))?;
            compared(priced.cost, batch.cost(row))
        });
    }
}

fn compared(cost: Usd, with: Usd) -> Result<RowPrice, Unpriced> {
    match (cost.call_pico(), with.call_pico()) {
        (Some(cost), Some(list)) => Ok(RowPrice { cost, list, fallback: false }),
        _ => Err(Unpriced::UsageInconsistent),
    }
}
