//! The answer of `attr outcomes` for machines.

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;

use crate::analyze::outcomes::Answer;
use crate::analyze::outcomes::Figures;
use crate::domain::outcome::Outcomes;
use crate::ops::outcomes::OutcomesPlan;
use crate::ops::slice::KeyDocument;
use crate::report::Report;

pub(super) fn put(report: &mut Report, plan: &OutcomesPlan, answer: &Answer, outcomes: &Outcomes) {
    let by: Vec<String> = plan.by.iter().map(ToString::to_string).collect();
    let has_revenue = answer.total.revenue_units > 0;
    report.put("by", &by);
    report.put("units_of", outcomes.units().iter().map(|unit| unit.name()).collect::<Vec<_>>());
    report.put_rows(
        "rows",
        answer.rows.iter().map(|row| FiguresDocument {
            key: Some(KeyDocument { by: &by, values: &row.key }),
            is_other: row.is_other,
            figures: &row.figures,
            has_revenue,
        }),
    );
    report.put("total", FiguresDocument { key: None, is_other: false, figures: &answer.total, has_revenue });
}

/// A row as the contract writes it.
struct FiguresDocument<'f> {
    key: Option<KeyDocument<'f>>,
    is_other: bool,
    figures: &'f Figures,
    /// Whether some outcome of the answer states a revenue: then every row has one, so that they sum.
    has_revenue: bool,
}

impl Serialize for FiguresDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let figures = self.figures;
        let mut map = serializer.serialize_map(None)?;
        if let Some(key) = &self.key {
            map.serialize_entry("key", key)?;
        }
        if self.is_other {
            map.serialize_entry("other", &true)?;
        }
        for (key, count) in [("units", figures.units), ("passed", figures.passed), ("failed", figures.failed)] {
            map.serialize_entry(key, &count)?;
        }
        if figures.open() > 0 {
            map.serialize_entry("without_verdict", &figures.open())?;
        }
        if let Some(rate) = figures.pass_rate() {
            map.serialize_entry("pass_rate", &six_decimals(rate))?;
        }
        map.serialize_entry("calls", &figures.calls)?;
        map.serialize_entry("unpriced_calls", &figures.unpriced_calls)?;
        map.serialize_entry("cost_usd", &figures.cost)?;
        if let Some(cost) = figures.cost_per_pass() {
            map.serialize_entry("cost_per_pass_usd", &cost)?;
        }
        map.serialize_entry("wasted_usd", &figures.wasted)?;
        if self.has_revenue {
            map.serialize_entry("revenue_usd", &figures.revenue)?;
            map.serialize_entry("revenue_units", &figures.revenue_units)?;
            map.serialize_entry("margin_usd", &figures.margin())?;
        }
        map.serialize_entry("without_outcome_usd", &figures.without)?;
        if let Some(coverage) = figures.coverage() {
            map.serialize_entry("coverage", &six_decimals(coverage))?;
        }
        map.end()
    }
}

/// Six decimals are enough to read and keep the text short.
fn six_decimals(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}
