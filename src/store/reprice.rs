//! Costs computed anew by another price table, from the columns alone. The prices themselves come from the caller.
//!
//! A question under other prices ([`Repriced`]) stores nothing; [`Store::reprice`] makes them lasting: the segments' columns are
//! written anew, and `repriced` keeps the rows that changed, so that `calls` stays as it was imported.

use std::cell::RefCell;

use rusqlite::Connection;
use rusqlite::params;

use crate::domain::Axis;
use crate::domain::rollup::PriceMoves;
use crate::domain::rollup::Rollup;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::domain::rollup::Rows;
use crate::domain::rollup::UnitCosts;
use crate::store::Batch;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::batch::columns::Ints;
use crate::store::facts;
use crate::store::packed::pack;
use crate::store::rows;
use crate::store::scan::OpenSegment;
use crate::store::scan::Repricing;
use crate::store::scan::Scan;
use crate::store::scan::priceable;
use crate::store::scan::rows_of;
use crate::store::segment::name;
use crate::store::segments;
use crate::store::segments::Segment;

/// What a repricing changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Calls with another cost, or another reason for having none.
    pub calls: u64,
    /// Calls that lost or gained a price.
    pub prices: PriceMoves,
}

/// A store as it looks under other prices.
pub struct Repriced<'s, R> {
    store: &'s Store,
    repricing: RefCell<R>,
}

impl Store {
    /// Returns the store as it looks under other prices; nothing is stored.
    pub fn repriced<R: Repricing>(&self, repricing: R) -> Repriced<'_, R> {
        Repriced { store: self, repricing: RefCell::new(repricing) }
    }

    /// Prices every stored call anew by a table, rows and segments in one transaction.
    pub fn reprice(&mut self, repricing: &mut impl Repricing, id: &str, text: &str) -> Result<Moved, StoreError> {
        let tx = self.conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let mut moved = Moved::default();
        for segment in segments::all(&tx)? {
            reprice_segment(&tx, &segment, repricing, &mut moved)?;
        }
        reprice_held(&tx, repricing)?;
        facts::keep_price_table(&tx, id, text)?;
        tx.commit()?;
        Ok(moved)
    }
}

impl<R: Repricing> Rollups for Repriced<'_, R> {
    type Error = StoreError;

    fn rollup(&self, query: &RollupQuery) -> Result<Rollup, StoreError> {
        let repricing = &mut *self.repricing.borrow_mut();
        Ok(Scan::run(&self.store.conn, query, &query.by, Some(repricing))?.into_rollup())
    }

    fn unit_costs(&self, query: &RollupQuery, unit: &Axis) -> Result<Vec<UnitCosts>, StoreError> {
        Scan::unit_costs(&self.store.conn, query, unit, Some(&mut *self.repricing.borrow_mut()))
    }

    fn rows(&self, query: &RollupQuery, on: &mut dyn FnMut(&Rows<'_>)) -> Result<(), StoreError> {
        rows_of(&self.store.conn, query, on, Some(&mut *self.repricing.borrow_mut()))
    }
}

/// The columns of a segment that prices change.
const PRICED: [&str; 4] = [name::COST, name::DISCOUNT, name::FLAGS, name::UNPRICED];

fn priced(batch: &Batch) -> [&Ints; 4] {
    [&batch.cost, &batch.discount, &batch.flags, &batch.unpriced]
}

fn reprice_segment(
    conn: &Connection,
    segment: &Segment,
    repricing: &mut impl Repricing,
    moved: &mut Moved,
) -> Result<(), StoreError> {
    let mut batch = priceable(&OpenSegment { conn, segment })?;
    let before = priced(&batch).map(Clone::clone);
    repricing.price(&mut batch);
    let after = priced(&batch);
    let rows = batch.len();
    let is_changed = |row: usize| before.iter().zip(after).any(|(before, after)| before.get(row) != after.get(row));
    let changed: Vec<usize> = (0..rows).filter(|row| is_changed(*row)).collect();
    if changed.is_empty() {
        return Ok(());
    }
    moved.calls += changed.len() as u64;
    let cost = |[cost, _, _, unpriced]: [&Ints; 4], row| (unpriced.get(row) == 0).then(|| cost.get(row) as i64);
    let before_and_after = |row: &usize| (cost(before.each_ref(), *row), cost(after, *row));
    moved.prices.add(changed.iter().map(before_and_after));
    let ids = segments::call_ids(conn, segment.id)?;
    let mut keep = Keep::open(conn)?;
    for row in &changed {
        keep.row(ids.get(*row), &batch, *row)?;
    }
    for ((column, before), after) in PRICED.iter().zip(&before).zip(after) {
        if (0..rows).any(|row| before.get(row) != after.get(row)) {
            let values: Vec<i64> = (0..rows).map(|row| after.get(row) as i64).collect();
            segments::put_column(conn, segment, column, &pack(&values))?;
        }
    }
    let cost: i128 = (0..rows).map(|row| batch.cost(row).pico()).sum();
    segments::put_cost(conn, segment.id, cost)
}

/// Prices the calls that are held back: they may return.
fn reprice_held(conn: &Connection, repricing: &mut impl Repricing) -> Result<(), StoreError> {
    let (mut batch, ids) = rows::read_held(conn)?;
    repricing.price(&mut batch);
    let mut keep = Keep::open(conn)?;
    ids.iter().enumerate().try_for_each(|(row, id)| keep.row(*id, &batch, row))
}

/// Writes rows of `repriced`.
struct Keep<'c>(rusqlite::CachedStatement<'c>);

impl Keep<'_> {
    fn open(conn: &Connection) -> Result<Keep<'_>, StoreError> {
        let sql = "INSERT OR REPLACE INTO repriced (id, cost, discount, flags, unpriced) VALUES (?1, ?2, ?3, ?4, ?5)";
        Ok(Keep(conn.prepare_cached(sql)?))
    }

    fn row(&mut self, id: i64, batch: &Batch, row: usize) -> Result<(), StoreError> {
        let reason = batch.unpriced(row);
        let cost = reason.is_none().then(|| batch.cost.get(row) as i64);
        let discount = Some(batch.discount.get(row) as i64).filter(|discount| *discount != 0);
        let flags = batch.flags.get(row) as i64;
        self.0.execute(params![id, cost, discount, flags, reason.map(|reason| reason.code())])?;
        Ok(())
    }
}
