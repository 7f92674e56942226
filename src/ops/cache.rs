//! `attr cache`: what prompt caching saved or lost, and what could have gone through batches.

mod document;
mod table;
mod terms;

use crate::analyze::cache;
use crate::analyze::cache::Terms;
use crate::domain::Axis;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::rollup::Logged;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::ops::book::Book;
use crate::ops::book::BookError;
use crate::ops::duplicates;
use crate::ops::measures;
use crate::ops::prices;
use crate::ops::slice::SliceError;
use crate::ops::slice::check_axes;
use crate::ops::slice::warn_empty;
use crate::report::Report;
use crate::store::StoreError;

/// How the answer is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The JSON document.
    Document,
    /// Two tables that a terminal has room for.
    Tables,
    /// One table of every column.
    Wide,
}

/// The question.
#[derive(Clone, Debug)]
pub struct CachePlan {
    /// The axes.
    pub by: Vec<Axis>,
    /// The span of time.
    pub window: Window,
    /// The zone that cuts days.
    pub zone: Zone,
    /// Which calls.
    pub filter: Filter,
    /// How many groups to show before the rest is summed.
    pub top: Option<usize>,
    /// How to lay it out.
    pub shape: Shape,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The store failed, or its prices.
    #[error(transparent)]
    Book(#[from] BookError),
    /// The question is wrong.
    #[error(transparent)]
    Slice(#[from] SliceError),
}

impl From<StoreError> for CacheError {
    fn from(error: StoreError) -> CacheError {
        CacheError::Book(error.into())
    }
}

/// Calls that differ in these share no cache.
const APART: [Dim; 2] = [Dim::Provider, Dim::Model];

/// Answers the question.
pub fn run(book: &Book, plan: &CachePlan) -> Result<Report, CacheError> {
    check_axes(book, plan.by.iter(), &plan.filter)?;
    let mut by = plan.by.clone();
    by.extend(APART.map(Axis::Dim));
    let query =
        RollupQuery { by, window: plan.window, filter: plan.filter.clone(), zone: plan.zone, logged: Logged::Ignored };
    let table = book.table()?;
    let cached = book.store.repriced(terms::Cached::new(table, |_| true)).rollup(&query)?;
    let unpriced = cached.moves.lost_calls;
    let terms = Terms {
        own: book.rollup(&query)?,
        cached,
        written: book.store.repriced(terms::Cached::new(table, Class::is_cache_write)).rollup(&query)?,
        batched: book.store.repriced(terms::Batched::new(table)).rollup(&query)?,
    };
    let caching = cache::caching(&terms, plan.by.len(), plan.top);
    let mut report = Report::new("cache");
    report.price_table = Some(book.priced_by.clone());
    report.window = Some((plan.window, plan.zone));
    match plan.shape {
        Shape::Document => document::fill(&mut report, plan, &caching),
        Shape::Tables => report.blocks = table::blocks(plan, &caching),
        Shape::Wide => report.blocks = vec![table::wide(plan, &caching)],
    }
    if caching.total.measures.calls == 0 {
        warn_empty(&mut report, book, &plan.filter)?;
        return Ok(report);
    }
    if let Some(note) = measures::unpriced_note(&caching.total.measures) {
        report.warn("unpriced_calls", note, measures::unpriced_hint(&caching.total.measures));
    }
    if unpriced > 0 {
        let message = format!(
            "{unpriced} calls have cached tokens that the table cannot price as uncached input: they are left out"
        );
        report.warn("uncached_unpriced", message, None);
    }
    prices::warn_stale(&mut report, book)?;
    duplicates::warn(&mut report, book, plan.window)?;
    Ok(report)
}
