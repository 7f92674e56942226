//! The answer of a slice for machines.

use std::sync::Arc;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::Map;
use serde_json::Value;

use crate::analyze::levels;
use crate::analyze::percentiles::UnitCost;
use crate::analyze::slice::Row;
use crate::analyze::slice::Slice;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::rollup::Measures;
use crate::ops::measures;
use crate::ops::slice::SlicePlan;
use crate::report::Report;

pub(super) fn document(report: &mut Report, plan: &SlicePlan, slice: &Slice, baseline: Option<Window>) {
    report.put("by", plan.by.iter().map(ToString::to_string).collect::<Vec<_>>());
    if let Some(window) = baseline {
        report.put("baseline_window", sides(window));
    }
    let by: Vec<String> = plan.by.iter().map(ToString::to_string).collect();
    let with_list = slice.total.discount != Usd::ZERO;
    report.put_rows("rows", slice.rows.iter().map(|row| RowDocument::of_row(&by, row, with_list)));
    if plan.has_levels() {
        let lines = levels::levels(slice, &plan.paths());
        let documents: Vec<Value> = levels::subtotals(&lines, by.len())
            .into_iter()
            .map(|line| {
                let row = RowDocument {
                    key: Some(KeyDocument { by: &by[..line.key.len()], values: &line.key }),
                    is_other: line.is_other,
                    measures: &line.measures,
                    share: line.share,
                    units: None,
                    baseline: line.baseline.as_ref(),
                    with_list,
                };
                serde_json::to_value(row).unwrap_or(Value::Null)
            })
            .collect();
        report.put("subtotals", documents);
    }
    report.put(
        "total",
        RowDocument {
            key: None,
            is_other: false,
            measures: &slice.total,
            share: None,
            units: slice.units.as_ref(),
            baseline: slice.baseline.as_ref(),
            with_list,
        },
    );
}

pub(super) fn sides(window: Window) -> Value {
    let mut sides = Map::new();
    for (key, side) in [("since", window.since), ("until", window.until)] {
        if let Some(ts) = side {
            sides.insert(key.into(), ts.to_string().into());
        }
    }
    sides.into()
}

/// A row as the contract writes it.
pub(super) struct RowDocument<'r> {
    pub(super) key: Option<KeyDocument<'r>>,
    pub(super) is_other: bool,
    pub(super) measures: &'r Measures,
    pub(super) share: Option<f64>,
    pub(super) units: Option<&'r (u64, Option<UnitCost>)>,
    pub(super) baseline: Option<&'r Measures>,
    /// Whether list prices differ somewhere in the answer: then every row has one, so that they sum.
    pub(super) with_list: bool,
}

impl<'r> RowDocument<'r> {
    pub(super) fn of_row(by: &'r [String], row: &'r Row, with_list: bool) -> RowDocument<'r> {
        RowDocument {
            key: Some(KeyDocument { by, values: &row.key }),
            is_other: row.is_other,
            measures: &row.measures,
            share: row.share,
            units: row.units.as_ref(),
            baseline: row.baseline.as_ref(),
            with_list,
        }
    }
}

impl Serialize for RowDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(key) = &self.key {
            map.serialize_entry("key", key)?;
        }
        if self.is_other {
            map.serialize_entry("other", &true)?;
        }
        measures::entries(self.measures, self.with_list, &mut map)?;
        if let Some(share) = self.share {
            // Six decimals are enough to read and keep the text short.
            map.serialize_entry("share", &((share * 1e6).round() / 1e6))?;
        }
        if let Some((count, cost)) = self.units {
            map.serialize_entry("units", count)?;
            if let Some(cost) = cost {
                map.serialize_entry("unit_cost_usd", cost)?;
            }
        }
        if let Some(before) = self.baseline {
            map.serialize_entry("baseline", &measures::Document(before))?;
            map.serialize_entry("change_usd", &(self.measures.cost - before.cost))?;
        }
        map.end()
    }
}

/// A group's key: the name of each axis and the value, `null` for untagged.
pub(in crate::ops) struct KeyDocument<'k> {
    pub(in crate::ops) by: &'k [String],
    pub(in crate::ops) values: &'k [Option<Arc<str>>],
}

impl Serialize for KeyDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.by.iter().zip(self.values.iter().map(Option::as_deref)))
    }
}
