//! A reconciliation for machines: the fields that the contract fixes.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analyze::reconcile::CellReport;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::Explained;
use crate::analyze::reconcile::Reconciliation;
use crate::analyze::reconcile::outcome::InvoiceSummary;
use crate::domain::Usd;
use crate::ops::bills;
use crate::ops::reconcile::ReconcilePlan;
use crate::ops::reconcile::table::command;
use crate::report::Report;

/// Cells of a document, unless all are asked for.
pub(super) const SHOWN_CELLS: usize = 200;

#[derive(Serialize)]
struct Invoice<'i> {
    path: &'i str,
    input_format: &'i str,
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<i64>,
    hash: &'i str,
    rows: u64,
    lines: u64,
    #[serde(skip_serializing_if = "is_zero")]
    superseded_lines: u64,
    control_total_usd: Usd,
    #[serde(skip_serializing_if = "Option::is_none")]
    control_totals: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<crate::domain::Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<crate::domain::Timestamp>,
    timezone: &'i str,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[derive(Serialize)]
struct Cause<'c> {
    cause: &'static str,
    amount_usd: Usd,
    confidence: Confidence,
    cells: u64,
    #[serde(rename = "where")]
    scope: BTreeMap<&'static str, &'c str>,
    evidence: &'c str,
    /// Other causes that explain as much.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<Twin<'c>>,
    command: String,
}

#[derive(Serialize)]
struct Twin<'c> {
    cause: &'static str,
    evidence: &'c str,
}

/// Writes a reconciliation into a document.
pub(super) fn document(report: &mut Report, result: &Reconciliation, plan: &ReconcilePlan) {
    report.put("invoices", result.invoices.iter().map(invoice).collect::<Vec<_>>());
    report.put("invoiced_usd", result.invoiced);
    report.put("logged_usd", result.logged);
    let cause = |found: &Explained| -> serde_json::Value {
        let scope = found.scope.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let cause = Cause {
            cause: found.cause.code(),
            amount_usd: found.amount,
            confidence: found.confidence,
            cells: found.cells,
            scope,
            evidence: &found.evidence,
            also: found.also.iter().map(|(cause, evidence)| Twin { cause: cause.code(), evidence }).collect(),
            command: command(found, result),
        };
        serde_json::to_value(cause).unwrap_or_default()
    };
    report.put("bridge", result.bridge.iter().map(cause).collect::<Vec<_>>());
    report.put("unexplained_usd", result.unexplained);
    report.put("bound_usd", result.bound);
    report.put("status", result.status);
    report.put("compared_cells", result.compared);
    report.put("differing_cells", result.cells.len());
    if let Some(captured) = result.captured {
        report.put("capture_rate", captured);
    }
    if !plan.fx.is_empty() {
        report.put("fx", plan.fx.iter().map(|rate| &rate.text).collect::<Vec<_>>());
    }
    if !result.foreign.is_empty() {
        report.put("not_in_any_log", &result.foreign);
    }
    if !result.unmatched.is_empty() {
        report.put("not_comparable", &result.unmatched);
    }
    if !result.unknown_models.is_empty() {
        report.put("unknown_models", &result.unknown_models);
    }
    report.put("logged_on_other_days_usd", result.outside_days);
    if result.outside_lines > 0 {
        report.put("lines_outside_window", result.outside_lines);
    }
    let most = if plan.all_cells { usize::MAX } else { SHOWN_CELLS };
    let cells: Vec<&CellReport> = result.cells.iter().take(most).collect();
    report.put_rows("cells", cells);
}

fn invoice(summary: &InvoiceSummary) -> serde_json::Value {
    let invoice = Invoice {
        path: &summary.path,
        input_format: &summary.format,
        import: summary.import,
        hash: &summary.hash,
        rows: summary.rows,
        lines: summary.lines,
        superseded_lines: summary.superseded,
        control_total_usd: summary.control_total,
        control_totals: (!summary.currencies.is_empty()).then(|| bills::document(&summary.currencies)),
        since: summary.span.map(|(first, _)| first),
        until: summary.span.map(|(_, last)| last),
        timezone: &summary.zone,
    };
    serde_json::to_value(invoice).unwrap_or_default()
}
