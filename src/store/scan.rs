//! Questions over the packed columns: sums by group, without touching a row.
//!
//! Segments outside the window are never opened, and of the others only the columns asked for. Axes whose
//! number of values is known (ids of the dictionary, buckets of time) make one dense index; the rest are
//! interned as they come.

mod axis;
mod index;
mod priceable;
mod rows;
mod steps;
mod sums;

pub(super) use axis::OpenSegment;
pub use priceable::Repricing;
pub(super) use priceable::priceable;
pub(super) use rows::rows_of;

use std::sync::Arc;

use hashbrown::HashMap;

use rusqlite::Connection;

use crate::domain::Axis;
use crate::domain::Class;
use crate::domain::Timestamp;
use crate::domain::Unpriced;
use crate::domain::Usd;
use crate::domain::filter::Condition;
use crate::domain::rollup::PriceMoves;
use crate::domain::rollup::Rollup;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::domain::rollup::Rows;
use crate::domain::rollup::UnitCosts;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::scan::axis::AxisState;
use crate::store::scan::axis::Codes;
use crate::store::scan::index::Index;
use crate::store::scan::sums::Chosen;
use crate::store::scan::sums::Costs;
use crate::store::scan::sums::FIXED_COUNTERS;
use crate::store::scan::sums::Sums;
use crate::store::segment::class_column;
use crate::store::segment::name;
use crate::store::segments;
use crate::store::segments::Segment;

/// Up to so many groups are held in one dense table; beyond, groups are found by hash.
const DENSE_GROUPS: usize = 1 << 21;

impl Rollups for Store {
    type Error = StoreError;

    fn rollup(&self, query: &RollupQuery) -> Result<Rollup, StoreError> {
        Ok(Scan::run(&self.conn, query, &query.by, None)?.into_rollup())
    }

    fn unit_costs(&self, query: &RollupQuery, unit: &Axis) -> Result<Vec<UnitCosts>, StoreError> {
        Scan::unit_costs(&self.conn, query, unit, None)
    }

    fn rows(&self, query: &RollupQuery, on: &mut dyn FnMut(&Rows<'_>)) -> Result<(), StoreError> {
        rows_of(&self.conn, query, on, None)
    }
}

/// What sets prices in place of the stored ones, if anything does.
type Instead<'r> = Option<&'r mut dyn Repricing>;

/// A question under way.
pub(super) struct Scan {
    axes: Vec<AxisState>,
    sums: Sums,
    index: Index,
}

impl Scan {
    /// Sums the calls of a query along axes, by the stored prices or by others.
    pub(super) fn run(
        conn: &Connection,
        query: &RollupQuery,
        by: &[Axis],
        mut instead: Instead<'_>,
    ) -> Result<Scan, StoreError> {
        let (segments, axes, mut filters) = opened(conn, query, by)?;
        let mut scan = Scan::empty(axes, &segments);
        for segment in &segments {
            scan.add(OpenSegment { conn, segment }, query, &mut filters, &mut instead)?;
        }
        Ok(scan)
    }

    /// Returns what each unit costs within each group.
    pub(super) fn unit_costs(
        conn: &Connection,
        query: &RollupQuery,
        unit: &Axis,
        instead: Instead<'_>,
    ) -> Result<Vec<UnitCosts>, StoreError> {
        let mut axes = query.by.clone();
        axes.push(unit.clone());
        let scan = Scan::run(conn, query, &axes, instead)?;
        let mut groups: HashMap<Vec<u32>, Vec<Usd>> = HashMap::new();
        for group in scan.occupied() {
            let mut codes = scan.codes(group);
            let unit = codes.pop().unwrap_or(0);
            let costs = groups.entry(codes).or_default();
            // A unit of which no call has a price costs an unknown amount, not nothing.
            let unpriced: u64 =
                Unpriced::ALL.iter().filter_map(|reason| scan.sums.unpriced.get(&(group as u32, reason.code()))).sum();
            if unit != 0 && unpriced < scan.sums.counters[group * scan.sums.stride] {
                costs.push(Usd::from_pico(scan.sums.cost[group]));
            }
        }
        Ok(groups
            .into_iter()
            .map(|(codes, costs)| {
                let key = codes.iter().zip(&scan.axes).map(|(code, axis)| axis.value(*code).map(Arc::from)).collect();
                UnitCosts { key, costs }
            })
            .collect())
    }

    fn empty(axes: Vec<AxisState>, segments: &[Segment]) -> Scan {
        let occurs = |class: &Class| segments.iter().any(|segment| segment.column(&class_column(*class)).is_some());
        let classes: Vec<Class> = Class::ALL.into_iter().filter(occurs).collect();
        let stride = FIXED_COUNTERS + classes.len();
        let dense = axes.iter().try_fold(1usize, |product, axis| product.checked_mul(axis.known?));
        let index = match dense.filter(|groups| *groups <= DENSE_GROUPS) {
            Some(_) => Index::dense(axes.iter().filter_map(|axis| axis.known)),
            None => Index::hashed(axes.iter().map(|axis| axis.known)),
        };
        let mut sums = Sums {
            counters: Vec::new(),
            stride,
            classes,
            cost: Vec::new(),
            discount: Vec::new(),
            logged: Vec::new(),
            unpriced: HashMap::new(),
            moves: PriceMoves::default(),
        };
        if let Index::Dense(_) = index {
            sums.grow(dense.unwrap_or(1));
        }
        Scan { axes, sums, index }
    }

    fn add(
        &mut self,
        mut open: OpenSegment<'_>,
        query: &RollupQuery,
        filters: &mut [(Condition, AxisState)],
        instead: &mut Instead<'_>,
    ) -> Result<(), StoreError> {
        let Some(chosen) = chosen_rows(&mut open, query, filters)? else { return Ok(()) };
        let mut codes = Vec::with_capacity(self.axes.len());
        for axis in &mut self.axes {
            codes.push(axis.codes(&mut open)?);
        }
        let groups = self.index.groups(&codes, open.segment.calls as usize, &chosen);
        if let Some(groups) = self.index.learnt() {
            self.sums.grow(groups.max(1));
        }
        let costs = match instead {
            None => Costs::stored(&open)?,
            Some(repricing) => Costs::anew(&open, &mut **repricing)?,
        };
        self.sums.add(&open, &groups, &chosen, &costs, query.logged)
    }

    /// Returns the groups with a call.
    fn occupied(&self) -> impl Iterator<Item = usize> {
        (0..self.sums.cost.len()).filter(|group| self.sums.counters[group * self.sums.stride] > 0)
    }

    /// Returns a group's code along each axis.
    fn codes(&self, group: usize) -> Vec<u32> {
        let mut codes = vec![0; self.axes.len()];
        self.index.codes(group, &mut codes);
        codes
    }

    /// Gathers the occupied groups as columns.
    pub(super) fn into_rollup(self) -> Rollup {
        let groups: Vec<usize> = self.occupied().collect();
        let mut codes: Vec<Vec<u32>> = vec![Vec::with_capacity(groups.len()); self.axes.len()];
        let mut own = vec![0; self.axes.len()];
        for group in &groups {
            self.index.codes(*group, &mut own);
            codes.iter_mut().zip(&own).for_each(|(column, code)| column.push(*code));
        }
        let sums = &self.sums;
        let counter =
            |place: usize| groups.iter().map(|group| sums.counters[group * sums.stride + place]).collect::<Vec<u64>>();
        let mut unpriced = HashMap::new();
        if !sums.unpriced.is_empty() {
            for (at, group) in groups.iter().enumerate() {
                for (place, reason) in Unpriced::ALL.iter().enumerate() {
                    if let Some(count) = sums.unpriced.get(&(*group as u32, reason.code())) {
                        unpriced.insert((at as u32, place as u8), *count);
                    }
                }
            }
        }
        Rollup {
            codes,
            calls: counter(0),
            errors: counter(1),
            reasoning: counter(2),
            cost: groups.iter().map(|group| Usd::from_pico(sums.cost[*group])).collect(),
            discount: match sums.discount.is_empty() {
                true => Vec::new(),
                // Groups that came after the last discount have no place among them.
                false => {
                    groups.iter().map(|group| Usd::from_pico(sums.discount.get(*group).copied().unwrap_or(0))).collect()
                }
            },
            logged: match sums.logged.is_empty() {
                true => Vec::new(),
                false => groups.iter().map(|group| sums.logged.get(*group).copied().unwrap_or_default()).collect(),
            },
            tokens: sums.classes.iter().enumerate().map(|(at, class)| (*class, counter(FIXED_COUNTERS + at))).collect(),
            unpriced,
            moves: sums.moves,
            values: self.axes.into_iter().map(AxisState::into_values).collect(),
        }
    }
}

/// The conditions of a filter, each with its axis.
type Filters = Vec<(Condition, AxisState)>;

/// Returns the segments that may hold a call of the query's window, its axes and the axes of its filter.
fn opened(
    conn: &Connection,
    query: &RollupQuery,
    by: &[Axis],
) -> Result<(Vec<Segment>, Vec<AxisState>, Filters), StoreError> {
    let window = query.window;
    let segments: Vec<Segment> = segments::all(conn)?
        .into_iter()
        .filter(|segment| {
            window.since.is_none_or(|since| segment.ts_max >= since.0)
                && window.until.is_none_or(|until| segment.ts_min < until.0)
        })
        .collect();
    let first = segments.iter().map(|segment| segment.ts_min).min().unwrap_or(0);
    let last = segments.iter().map(|segment| segment.ts_max).max().unwrap_or(-1);
    let span = (
        window.since.map_or(first, |since| since.0.max(first)),
        window.until.map_or(last, |until| (until.0 - 1).min(last)),
    );
    let open = |axis: &Axis| AxisState::open(conn, axis, query, span, &segments);
    let axes = by.iter().map(open).collect::<Result<_, _>>()?;
    let filters = query.filter.0.iter().map(|c| Ok((c.clone(), open(&c.axis)?))).collect::<Result<_, StoreError>>()?;
    Ok((segments, axes, filters))
}

/// Returns the rows in the window that pass every condition; `None` where there is none at all.
fn chosen_rows(
    open: &mut OpenSegment<'_>,
    query: &RollupQuery,
    filters: &mut [(Condition, AxisState)],
) -> Result<Option<Chosen>, StoreError> {
    let (segment, window) = (open.segment, query.window);
    let rows = segment.calls as usize;
    let mut chosen = Chosen::All;
    let inside = |ts: i64| window.contains(Timestamp(ts));
    if !(inside(segment.ts_min) && inside(segment.ts_max)) {
        let times = open.numbers(name::TS)?.unwrap_or_else(|| vec![0; rows]);
        chosen.keep(rows, |row| inside(times[row]));
    }
    for (condition, axis) in filters {
        let codes = axis.codes(open)?;
        let mut verdicts: HashMap<u32, bool> = HashMap::new();
        let mut passes = |code: u32| *verdicts.entry(code).or_insert_with(|| condition.accepts(axis.value(code)));
        match codes {
            Codes::All(code) if passes(code) => {}
            Codes::All(_) => return Ok(None),
            Codes::Each(codes) => {
                let highest = codes.iter().copied().max().unwrap_or(0) as usize;
                let mut table = vec![None; highest + 1];
                let mask: Vec<bool> =
                    codes.iter().map(|code| *table[*code as usize].get_or_insert_with(|| passes(*code))).collect();
                if !mask.contains(&true) {
                    return Ok(None);
                }
                chosen.keep(rows, |row| mask[row]);
            }
        }
    }
    Ok(Some(chosen))
}
