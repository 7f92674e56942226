//! What a bill says by itself: lines that no log can hold, an export that holds less than another, discounts.

use std::collections::BTreeMap;

use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::Explained;
use crate::analyze::reconcile::Question;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::scope::ProviderScope;
use crate::analyze::reconcile::scope::in_usd;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Cell;
use crate::analyze::reconcile::sides::Strand;
use crate::domain::Charge;
use crate::domain::Usd;

/// Notes the lines that no log can hold.
pub(super) fn apart(question: &Question<'_>, scope: &ProviderScope, ledger: &mut Ledger) {
    let mut sums: BTreeMap<Cause, (i128, u64)> = BTreeMap::new();
    for at in &scope.apart {
        let line = &question.lines.rows[*at as usize];
        let (Some(cause), Some(pico)) = (cause_of(line.charge), line.amount.filter(|_| !line.memo)) else { continue };
        let sum = sums.entry(cause).or_default();
        sum.0 += in_usd(question, line, pico);
        sum.1 += 1;
    }
    for (cause, (pico, lines)) in sums {
        let what = if lines == 1 { "a line of the bill says so" } else { "lines of the bill say so" };
        ledger.note(Explained {
            cause,
            amount: Usd::from_pico(pico),
            confidence: Confidence::Proved,
            cells: lines,
            scope: vec![("provider", scope.name.to_string())],
            evidence: what.into(),
            also: Vec::new(),
        });
    }
}

/// Returns what a line that no log can hold is by itself; `None` for what stays unexplained.
pub(in crate::analyze::reconcile) fn cause_of(charge: Charge) -> Option<Cause> {
    match charge {
        Charge::Tax => Some(Cause::Tax),
        Charge::Credit => Some(Cause::Credits),
        Charge::Commitment | Charge::Seat => Some(Cause::Commitment),
        Charge::Rounding => Some(Cause::Rounding),
        Charge::Storage => Some(Cause::ServerTools),
        Charge::Adjustment => Some(Cause::PeriodEdge),
        _ => None,
    }
}

/// Sums over everything that are more than their parts: the export was capped or filtered.
pub(super) fn capped(question: &Question<'_>, scope: &ProviderScope, book: &Book, ledger: &mut Ledger) {
    if scope.control.is_empty() {
        return;
    }
    let row = |at: &u32| &question.lines.rows[*at as usize];
    let total: i128 = scope.control.iter().map(|at| in_usd(question, row(at), row(at).amount.unwrap_or(0))).sum();
    let parts: i128 = book.bundles.iter().flat_map(|bundle| &bundle.cells).map(|cell| cell.amount).sum();
    if total != parts {
        ledger.note(Explained {
            cause: Cause::GroupCap,
            amount: Usd::from_pico(total - parts),
            confidence: Confidence::Proved,
            cells: scope.control.len() as u64,
            scope: vec![("provider", scope.name.to_string())],
            evidence: "the export without groups holds more than the one with groups".into(),
            also: Vec::new(),
        });
    }
}

impl Book {
    /// Takes out the discounts that the bill itself states, where it does not tie without.
    pub(super) fn discounts(&mut self, ledger: &mut Ledger) {
        let shape = self.shape;
        for bundle in &mut self.bundles {
            // Where the counts differ the amounts tie by accident.
            let open = |cell: &&mut Cell| !cell.ties() || shape.is_counted() && !cell.is_even(shape);
            for cell in bundle.cells.iter_mut().filter(open) {
                let off = |strand: &Strand| strand.list.map_or(0, |list| strand.amount - list);
                let taken: i128 = cell.bill.iter().map(off).sum();
                // A price above the list is no discount.
                if taken >= 0 {
                    continue;
                }
                cell.open -= taken;
                cell.off += taken;
                let rows: u64 = cell.bill.iter().map(|strand| strand.count).sum();
                let is_free =
                    cell.bill.iter().all(|strand| strand.amount == 0) && -taken > self.quantum * i128::from(rows);
                ledger.note(Explained {
                    cause: if is_free { Cause::FreeTier } else { Cause::ContractDiscount },
                    amount: Usd::from_pico(taken),
                    confidence: Confidence::Proved,
                    cells: 1,
                    scope: vec![("provider", self.provider.to_string()), ("model", bundle.model.to_string())],
                    evidence: "the bill states list prices beside what is to be paid".into(),
                    also: Vec::new(),
                });
            }
        }
    }
}
