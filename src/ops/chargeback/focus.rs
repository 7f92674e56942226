//! A chargeback in the shape of FOCUS, the FinOps Open Cost and Usage Specification: a row an owner, provider, month
//! and category, in the words of the specification, so that cost tools load it like any bill.
//!
//! Every row is a part of what was billed, rounded as the chargeback itself: `BilledCost` sums to the bill, to the cent,
//! and an owner's rows to its amount. Whose a row is stands in `AllocatedTags` (1.3) and in `Tags` (all versions).

use serde_json::Map;
use serde_json::Value;

use crate::analyze::chargeback::Kind;
use crate::analyze::chargeback::tree::Node;
use crate::analyze::chargeback::tree::Slot;
use crate::ops::chargeback::Answer;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Table;

const COLUMNS: [&str; 20] = [
    "BilledCost",
    "EffectiveCost",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ServiceCategory",
    "ServiceName",
    "ServiceProviderName",
    "InvoiceIssuerName",
    "AllocatedTags",
    "Tags",
    "x_AllocationKind",
    "x_AllocationSpread",
    "x_ExactCost",
    "x_PriceTable",
];

/// Lays a chargeback out.
pub(super) fn blocks(answer: &Answer<'_>, price_table: &str) -> Vec<Block> {
    let rows = answer.tree.leaves().iter().filter_map(|(key, node)| row(answer, key, node, price_table)).collect();
    vec![Block::Table(Table { columns: COLUMNS.map(Column::new).into(), rows, total: None })]
}

fn row(answer: &Answer<'_>, key: &[Slot], node: &Node, price_table: &str) -> Option<Vec<Cell>> {
    let Slot::Part(place, kind) = node.slot else { return None };
    let place = answer.pots.places.get(place as usize)?;
    let text = |text: &str| Cell::Text(text.into());
    let provider = || Cell::Logged(place.provider.to_string());
    let owned = !key.iter().any(|slot| matches!(slot, Slot::Apart(_)));
    let tags = tags(answer, key).to_string();
    Some(vec![
        Cell::Cents(node.cents),
        Cell::Cents(node.cents),
        text("USD"),
        Cell::Text(place.month.0.to_string()),
        Cell::Text(place.month.1.to_string()),
        Cell::Text(place.span.0.to_string()),
        Cell::Text(place.span.1.to_string()),
        text(category(kind)),
        // A correction of an earlier bill is one in FOCUS only with that bill at hand.
        Cell::Empty,
        Cell::Logged(description(answer, key, kind, owned)),
        text("AI and Machine Learning"),
        provider(),
        provider(),
        provider(),
        Cell::Logged(tags.clone()),
        Cell::Logged(tags),
        text(kind.name()),
        text(answer.plan.spread.name()),
        Cell::Text(node.exact.to_string()),
        text(price_table),
    ])
}

/// Returns the category of a charge, of those that FOCUS has.
fn category(kind: Kind) -> &'static str {
    match kind {
        Kind::Usage | Kind::Unattributed => "Usage",
        Kind::Tax => "Tax",
        Kind::Credits => "Credit",
        Kind::Commitment => "Purchase",
        Kind::Other => "Adjustment",
    }
}

/// Returns the dimensions that have a value: what is untagged has no tag, and what has no owner none at all.
fn tags(answer: &Answer<'_>, key: &[Slot]) -> Value {
    let tag = |(axis, slot): (&crate::domain::Axis, &Slot)| match slot {
        Slot::Value(value) => Some((axis.to_string(), Value::from(value.as_ref()))),
        Slot::Untagged | Slot::Apart(_) | Slot::Part(..) => None,
    };
    Value::Object(answer.plan.by.iter().zip(key).filter_map(tag).collect::<Map<String, Value>>())
}

fn description(answer: &Answer<'_>, key: &[Slot], kind: Kind, owned: bool) -> String {
    let words = match kind {
        Kind::Usage => "Part of the use billed",
        Kind::Unattributed => "Use that no logged call has a part in",
        Kind::Tax => "Tax",
        Kind::Credits => "Credits",
        Kind::Commitment => "Seats and commitments",
        Kind::Other => "Other charges",
    };
    if !owned {
        return words.into();
    }
    let value = |slot: &Slot| match slot {
        Slot::Value(value) => value.to_string(),
        Slot::Untagged | Slot::Apart(_) | Slot::Part(..) => "(untagged)".into(),
    };
    let owner: Vec<String> =
        answer.plan.by.iter().zip(key).map(|(axis, slot)| format!("{axis} {}", value(slot))).collect();
    format!("{words}, {}", owner.join(", "))
}
