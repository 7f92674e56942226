//! The one door to polars: groups as a frame, put in order.
//!
//! Money goes through as 128-bit integers, so that no order is decided by a rounded float.

use polars::prelude::Column;
use polars::prelude::DataFrame;
use polars::prelude::IdxCa;
use polars::prelude::IntoColumn;
use polars::prelude::NamedFrom;
use polars::prelude::PolarsResult;
use polars::prelude::Series;
use polars::prelude::SortMultipleOptions;

use crate::domain::rollup::Group;

/// What decides the order of groups; ties go by key, untagged last.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// Most of this number first.
    Descending(fn(&Group) -> i128),
    /// By the value of one axis, then of the others.
    Key(usize),
}

/// Returns the places of groups in order.
pub fn ordered(groups: &[Group], axes: usize, order: Order) -> Vec<usize> {
    // polars fails only where columns differ in length or kind, which these cannot; the given order is the fallback.
    try_ordered(groups, axes, order).unwrap_or_else(|_| (0..groups.len()).collect())
}

fn try_ordered(groups: &[Group], axes: usize, order: Order) -> PolarsResult<Vec<usize>> {
    let mut columns: Vec<Column> = Vec::with_capacity(axes + 2);
    let mut descending = Vec::with_capacity(axes + 1);
    let mut names: Vec<String> = Vec::with_capacity(axes + 1);
    let mut key = |axis: usize, columns: &mut Vec<Column>, descending: &mut Vec<bool>| {
        let values: Vec<Option<&str>> = groups.iter().map(|group| group.key[axis].as_deref()).collect();
        let name = format!("key{axis}");
        columns.push(Series::new(name.as_str().into(), values).into_column());
        names.push(name);
        descending.push(false);
    };
    match order {
        Order::Key(first) => {
            key(first, &mut columns, &mut descending);
            (0..axes).filter(|axis| *axis != first).for_each(|axis| key(axis, &mut columns, &mut descending));
        }
        Order::Descending(measure) => {
            (0..axes).for_each(|axis| key(axis, &mut columns, &mut descending));
            let values: Vec<i128> = groups.iter().map(measure).collect();
            columns.push(Series::new("measure".into(), values).into_column());
            names.insert(0, "measure".into());
            descending.insert(0, true);
        }
    }
    let places: Vec<u32> = (0..groups.len() as u32).collect();
    columns.push(Series::new("place".into(), places).into_column());
    let frame = DataFrame::new_infer_height(columns)?;
    let options = SortMultipleOptions::new().with_order_descending_multi(descending).with_nulls_last(true);
    let sorted = frame.sort(names, options)?;
    let places: &IdxCa = sorted.column("place")?.as_materialized_series().idx()?;
    Ok(places.into_no_null_iter().map(|place| place as usize).collect())
}
