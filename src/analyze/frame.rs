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

use crate::domain::rollup::Rollup;

/// What decides the order of groups; ties go by key, untagged last.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// Most of this number first.
    Descending(fn(&Rollup, usize) -> i128),
    /// By the value of one axis, then of the others.
    Key(usize),
}

/// Returns the chosen groups in order.
pub fn ordered(rollup: &Rollup, groups: &[usize], order: Order) -> Vec<usize> {
    // polars fails only where columns differ in length or kind, which these cannot; the given order is the fallback.
    try_ordered(rollup, groups, order).unwrap_or_else(|_| groups.to_vec())
}

fn try_ordered(rollup: &Rollup, groups: &[usize], order: Order) -> PolarsResult<Vec<usize>> {
    let axes = rollup.codes.len();
    let key = |axis: usize| {
        let values: Vec<Option<&str>> =
            groups.iter().map(|group| rollup.value(*group, axis).map(|value| value.as_ref())).collect();
        Series::new(format!("key{axis}").as_str().into(), values).into_column()
    };
    let mut columns: Vec<Column> = match order {
        Order::Key(first) => std::iter::once(first).chain((0..axes).filter(|axis| *axis != first)).map(key).collect(),
        Order::Descending(measure) => {
            let values: Vec<i128> = groups.iter().map(|group| measure(rollup, *group)).collect();
            let measure = Series::new("measure".into(), values).into_column();
            std::iter::once(measure).chain((0..axes).map(key)).collect()
        }
    };
    let names: Vec<_> = columns.iter().map(|column| column.name().clone()).collect();
    let descending: Vec<bool> = names.iter().map(|name| name.as_str() == "measure").collect();
    let places: Vec<u32> = (0..groups.len() as u32).collect();
    columns.push(Series::new("place".into(), places).into_column());
    let frame = DataFrame::new_infer_height(columns)?;
    let options = SortMultipleOptions::new().with_order_descending_multi(descending).with_nulls_last(true);
    let sorted = frame.sort(names, options)?;
    let places: &IdxCa = sorted.column("place")?.as_materialized_series().idx()?;
    Ok(places.into_no_null_iter().map(|place| groups[place as usize]).collect())
}
