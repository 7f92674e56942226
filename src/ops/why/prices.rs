//! The calls of a book with the prices of its table, as `why` asks for them.

use std::cell::RefCell;

use hashbrown::HashMap;

use crate::analyze::why::ModelName;
use crate::analyze::why::PricedCalls;
use crate::domain::Axis;
use crate::domain::Dim;
use crate::domain::Timestamp;
use crate::domain::rollup::Rollup;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::domain::rollup::Rows;
use crate::domain::rollup::UnitCosts;
use crate::domain::tokens::CLASSES;
use crate::ops::book::Book;
use crate::ops::book::BookError;
use crate::ops::price::Pricer;
use crate::ops::price::WhatIf;
use crate::price::Mode;
use crate::price::Plan;
use crate::price::Request;
use crate::price::Table;
use crate::store::Batch;
use crate::store::Repricing;
use crate::store::RowPrice;
use crate::store::StoreError;
use crate::store::read_tools;

/// A book and the table behind it.
pub(super) struct BookCalls<'b> {
    book: &'b Book,
    table: &'b Table,
}

impl<'b> BookCalls<'b> {
    pub(super) fn new(book: &'b Book) -> Result<BookCalls<'b>, BookError> {
        Ok(BookCalls { book, table: book.table()? })
    }

    fn plan(&self, model: ModelName<'_>, mode: Mode) -> Option<Plan<'b>> {
        let said = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let request =
            Request { provider: said(model.provider), model: said(model.model), tier: Some(mode.name()), region: None };
        self.table.resolve(&request).ok()
    }
}

impl Rollups for BookCalls<'_> {
    type Error = StoreError;

    fn rollup(&self, query: &RollupQuery) -> Result<Rollup, StoreError> {
        self.book.rollup(query)
    }

    fn unit_costs(&self, query: &RollupQuery, unit: &Axis) -> Result<Vec<UnitCosts>, StoreError> {
        self.book.unit_costs(query, unit)
    }

    fn rows(&self, query: &RollupQuery, on: &mut dyn FnMut(&Rows<'_>)) -> Result<(), StoreError> {
        self.book.rows(query, on)
    }
}

impl PricedCalls for BookCalls<'_> {
    /// A price that depends on the hour of the day differs between any two instants: it is not compared.
    fn has_changed(&self, model: ModelName<'_>, after: Timestamp, before: Timestamp) -> bool {
        Mode::ALL.into_iter().filter_map(|mode| self.plan(model, mode)).any(|plan| {
            let changed = plan.changes().into_iter().any(|change| after < change && change < before);
            let last = Timestamp(before.0 - 1);
            !plan.is_hourly() && (changed || plan.rates(after, 0).ok() != plan.rates(last, 0).ok())
        })
    }

    fn rollup_at(&self, query: &RollupQuery, prices_at: Timestamp) -> Result<Rollup, StoreError> {
        let what_if = WhatIf { prices_at: Some(prices_at), ..WhatIf::default() };
        let constant = Constant {
            calls: self,
            own: self.book.pricer(),
            then: Pricer::what_if(self.table, what_if),
            span: (prices_at, query.window.until.unwrap_or(Timestamp(i64::MAX))),
            changed: RefCell::default(),
        };
        self.book.store.repriced(constant).rollup(query)
    }

    fn rates(&self, model: ModelName<'_>, at: Timestamp) -> Option<[Option<i128>; CLASSES]> {
        self.plan(model, Mode::Standard)?.rates(at, 0).ok()
    }

    fn tool_fee(&self, model: ModelName<'_>, tools: &str, at: Timestamp) -> i128 {
        let Some(plan) = self.plan(model, Mode::Standard) else { return 0 };
        read_tools(tools).map(|(tool, uses)| plan.tool_fee(at, tool).unwrap_or(0) * i128::from(uses)).sum()
    }
}

/// Prices the calls of models whose price changed as on another day, and leaves all others alone.
struct Constant<'c, 'b> {
    calls: &'c BookCalls<'b>,
    /// Sets the costs in force, where they are not the stored ones.
    own: Option<Pricer<'b>>,
    then: Pricer<'b>,
    span: (Timestamp, Timestamp),
    changed: RefCell<HashMap<(String, String), bool>>,
}

impl Constant<'_, '_> {
    fn has_changed(&self, batch: &Batch, row: usize) -> bool {
        let text = |dim| batch.dim(row, dim).unwrap_or_default();
        let (provider, model) = (text(Dim::Provider), text(Dim::Model));
        let mut changed = self.changed.borrow_mut();
        let key = (provider.to_string(), model.to_string());
        *changed
            .entry(key)
            .or_insert_with(|| self.calls.has_changed(ModelName { provider, model }, self.span.0, self.span.1))
    }
}

impl Repricing for Constant<'_, '_> {
    fn price(&mut self, batch: &mut Batch) {
        if let Some(own) = &mut self.own {
            own.price(batch);
        }
        let own: Vec<_> = (0..batch.len()).map(|row| (batch.unpriced(row), batch.cost(row))).collect();
        self.then.price(batch);
        let mut last: Option<([u32; 2], bool)> = None;
        for (row, (unpriced, cost)) in own.into_iter().enumerate() {
            let codes = batch.codes(row, [Dim::Provider, Dim::Model]);
            let changed = match last {
                Some((known, changed)) if known == codes => changed,
                _ => self.has_changed(batch, row),
            };
            last = Some((codes, changed));
            let keeps = !changed || batch.unpriced(row).is_some() || unpriced.is_some();
            if keeps {
                let cost = cost.call_pico().unwrap_or(i64::MAX);
                batch.set_price(
                    row,
                    match unpriced {
                        Some(reason) => Err(reason),
                        None => Ok(RowPrice { cost, list: cost, fallback: false }),
                    },
                );
            }
        }
    }
}
