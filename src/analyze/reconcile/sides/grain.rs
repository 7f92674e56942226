//! At which grain a bill and its calls can be compared: what its lines tell, and which dimensions all sides name.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::analyze::reconcile::CallGroup;
use crate::analyze::reconcile::Question;
use crate::analyze::reconcile::scope::ProviderScope;
use crate::analyze::reconcile::sides::Carries;
use crate::analyze::reconcile::sides::Shape;
use crate::domain::Charge;
use crate::domain::invoice::Line;
use crate::domain::invoice::TextId;

pub(super) fn shape(question: &Question<'_>, scope: &ProviderScope) -> Shape {
    let lines = || scope.usage.iter().map(|at| &question.lines.rows[*at as usize]);
    let mut shape = Shape { counted: true, ..Shape::default() };
    let has_amounts = lines().any(|line| line.amount.is_some());
    for line in lines() {
        let is_amount = if has_amounts { line.amount.is_some() } else { line.list.is_some() };
        let is_tokens = matches!(line.charge, Charge::Tokens(_) | Charge::CacheWrite | Charge::Reasoning);
        if is_amount {
            shape.whole |= line.charge == Charge::Call;
            shape.modelless |= line.charge == Charge::Call && line.model == TextId(0);
            shape.counted &= !is_tokens || line.quantity.is_some();
        } else {
            shape.reported |= is_tokens && line.quantity.is_some();
        }
        shape.untimed_writes |= line.charge == Charge::CacheWrite;
    }
    shape.counted &= !shape.whole;
    shape
}

/// Finds the dimensions by which bill, usage report and calls all name what they are about, in the same words.
pub(super) fn carries(question: &Question<'_>, scope: &ProviderScope, groups: &[CallGroup]) -> (Carries, Vec<String>) {
    let mut unmatched = Vec::new();
    let mut carried = |name: &str, of_line: fn(&Line) -> TextId, of_call: fn(&CallGroup) -> &Arc<str>| {
        let values = |amounts: bool| {
            let side = scope.usage.iter().map(|at| &question.lines.rows[*at as usize]);
            let side = side.filter(move |line| line.amount.is_some() == amounts && !line.memo);
            side.map(of_line).collect::<BTreeSet<TextId>>()
        };
        let (bill, report) = (values(true), values(false));
        let calls: BTreeSet<&Arc<str>> = groups.iter().map(of_call).collect();
        let whole = |side: &BTreeSet<TextId>| !side.contains(&TextId(0));
        let texts: BTreeSet<&Arc<str>> = bill.iter().chain(&report).filter_map(|id| question.lines.text(*id)).collect();
        if texts.is_empty() || bill.is_empty() || calls.iter().all(|value| value.is_empty()) {
            return false;
        }
        let shared = texts.iter().any(|text| calls.contains(*text));
        let complete = whole(&bill) && whole(&report) && !calls.iter().any(|value| value.is_empty());
        if !shared {
            unmatched.push(format!(
                "{name}: the bill has {}, the logs have {}",
                some_of(texts.iter().map(AsRef::as_ref)),
                some_of(calls.iter().map(AsRef::as_ref).filter(|value| !value.is_empty()))
            ));
        } else if !complete {
            unmatched.push(format!("{name}: not every line and call has one, so it is not compared"));
        }
        shared && complete
    };
    let workspace = carried("workspace", |line| line.workspace, |group| &group.workspace);
    let api_key = carried("api_key", |line| line.api_key, |group| &group.api_key);
    (Carries { workspace, api_key }, unmatched)
}

fn some_of<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let all: Vec<&str> = texts.collect();
    let more = if all.len() > 5 { ", …" } else { "" };
    all[..all.len().min(5)].join(", ") + more
}
