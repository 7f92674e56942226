//! A chargeback for machines.

use serde::Serialize;
use serde::Serializer;

use crate::analyze::chargeback::Exact;
use crate::analyze::chargeback::tree::Node;
use crate::analyze::chargeback::tree::Slot;
use crate::analyze::reconcile::pots::Taken;
use crate::analyze::reconcile::pots::Unowned;
use crate::domain::Usd;
use crate::domain::invoice::Document;
use crate::ops::chargeback::Answer;
use crate::ops::chargeback::table::bills;
use crate::report::Report;

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
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Whole cents as a decimal text.
struct Cents(i128);

impl Serialize for Cents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (sign, size) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        serializer.collect_str(&format_args!("{sign}{}.{:02}", size / 100, size % 100))
    }
}

#[derive(Serialize)]
struct Row<'r> {
    key: Key<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    amount_usd: Cents,
    exact_usd: Exact,
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
    /// Money without an owner has no calls behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    logged_usd: Option<Usd>,
}

struct Key<'k> {
    by: &'k [String],
    slots: Vec<Slot>,
}

impl Serialize for Key<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = |slot: &Slot| match slot {
            Slot::Value(value) => Some(value.to_string()),
            Slot::Apart(kind) | Slot::Part(_, kind) => Some(kind.label()),
            Slot::Untagged => None,
        };
        serializer.collect_map(self.by.iter().zip(self.slots.iter().map(text)))
    }
}

/// Writes a chargeback into a document.
pub(super) fn document(report: &mut Report, answer: &Answer<'_>) {
    let by: Vec<String> = answer.plan.by.iter().map(ToString::to_string).collect();
    let spread = answer.plan.spread;
    report.put("by", &by);
    report.put("spread", spread.name());
    if let Some(rule) = spread.rule() {
        report.put("spread_rule", rule);
    }
    let invoice = |(document, taken): (&Document, Taken)| {
        serde_json::to_value(Invoice {
            path: &document.path,
            input_format: &document.format,
            import: document.import,
            hash: &document.hash,
            rows: document.rows,
            lines: taken.lines,
            superseded_lines: taken.superseded,
            control_total_usd: taken.control_total,
        })
        .unwrap_or_default()
    };
    report.put("invoices", bills(answer).map(invoice).collect::<Vec<_>>());
    if !answer.plan.bills.fx.is_empty() {
        report.put("fx", answer.plan.bills.fx.iter().map(|rate| &rate.text).collect::<Vec<_>>());
    }
    let row = |(slots, node): (Vec<Slot>, &Node)| {
        let kind = slots.iter().find_map(|slot| match slot {
            Slot::Apart(kind) => Some(kind.name()),
            Slot::Value(_) | Slot::Untagged | Slot::Part(..) => None,
        });
        Row {
            kind,
            amount_usd: Cents(node.cents),
            exact_usd: node.exact,
            share: answer.share(node.exact).map(|share| (share * 1e6).round() / 1e6),
            logged_usd: kind.is_none().then_some(node.logged),
            key: Key { by: &by, slots },
        }
    };
    report.put_rows("rows", answer.tree.leaves().into_iter().map(row));
    if by.len() > 1 {
        let subtotals = answer.tree.subtotals().into_iter().map(row);
        report.put("subtotals", subtotals.map(|row| serde_json::to_value(row).unwrap_or_default()).collect::<Vec<_>>());
    }
    report.put("total_usd", Cents(answer.tree.cents));
    report.put("billed_usd", answer.tree.billed);
    report.put("rounding_usd", answer.rounding());
    let unowned = |unowned: &Unowned| {
        serde_json::json!({
            "kind": unowned.kind.name(),
            "provider": unowned.provider.as_ref(),
            "what": unowned.what,
            "cells": unowned.cells,
            "amount_usd": unowned.amount,
        })
    };
    report.put("without_owner", answer.pots.unowned.iter().map(unowned).collect::<Vec<_>>());
    report.put("logged_on_other_days_usd", answer.pots.outside_days);
    if answer.pots.outside_lines > 0 {
        report.put("lines_outside_window", answer.pots.outside_lines);
    }
    if !answer.pots.unmatched.is_empty() {
        report.put("not_comparable", &answer.pots.unmatched);
    }
}
