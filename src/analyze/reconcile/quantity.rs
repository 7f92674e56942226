//! Tokens that are missing, twice, or in another class.
//!
//! Where the bill or its usage report counts tokens, counts are compared as whole numbers: an identity that holds in
//! every bundle of a model is no accident. Where the bill has amounts alone, the same identities are asked of what the
//! amounts would buy, once no price explains them.

mod moves;
mod surplus;

use std::sync::Arc;

use crate::analyze::reconcile::Calls;
use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::rates::Point;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::analyze::reconcile::sides::Stated;
use crate::analyze::reconcile::sides::Strand;
use crate::analyze::reconcile::timing;
use crate::domain::Class;
use crate::domain::invoice::MICRO;
use crate::domain::money::div_half_even;

/// Explains counts that differ, where they are told.
pub(super) fn explain<C: Calls>(
    book: &mut Book,
    ledger: &mut Ledger,
    rates: &RateBook<'_>,
    calls: &C,
) -> Result<(), C::Error> {
    if book.is_counted() {
        moves::by_counts(book, ledger, rates);
    }
    moves::modes(book, ledger, rates);
    surplus::explain(book, ledger, rates, calls)?;
    if book.is_counted() {
        missing(book, ledger, rates);
    }
    tools(book, ledger);
    Ok(())
}

/// Names what no price explains: by what amounts would buy, by the calendar, and by what only the bill has.
pub(super) fn name_the_rest(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>) {
    if !book.is_counted() {
        moves::by_amounts(book, ledger, rates);
    }
    timing::late(book, ledger);
    timing::edges(book, ledger);
    if !book.is_counted() {
        unseen(book, ledger);
    }
}

impl Book {
    /// Tells whether the bill or its usage report counts tokens.
    pub(super) fn is_counted(&self) -> bool {
        self.shape.counted || self.shape.reported
    }

    /// Returns how many millionths of tokens the bill counts beyond the logs.
    pub(super) fn gap(&self, at: usize, place: usize) -> i128 {
        let cell = &self.bundles[at].cells[place];
        cell.quantity(self.shape).map_or(0, |quantity| quantity - cell.counted)
    }

    /// Returns what tokens of a class cost as the logs pay for them, else by the table.
    pub(super) fn price_of(
        &self,
        at: usize,
        place: usize,
        class: Class,
        micro: i128,
        rates: &RateBook<'_>,
    ) -> Option<i128> {
        let bundle = &self.bundles[at];
        let cell = &bundle.cells[place];
        // What is missing is as mixed as what is there.
        if let Item::Whole | Item::CacheWrite = cell.item
            && cell.counted > 0
        {
            let explained = cell.amount - cell.open;
            return (explained > 0).then(|| scaled(explained, micro, cell.counted));
        }
        let strand = Strand {
            class,
            stated: Stated::default(),
            quantity: Some(micro),
            amount: 0,
            list: None,
            count: 0,
            failed: false,
        };
        self.value_of(bundle, cell, &strand, rates)
    }
}

/// Returns `pico * part / whole`, rounded half to even.
pub(super) fn scaled(pico: i128, part: i128, whole: i128) -> i128 {
    match pico.checked_mul(part) {
        Some(product) => div_half_even(product, whole),
        None => (pico / (whole / MICRO).max(1)).saturating_mul(part / MICRO),
    }
}

/// Tokens that the bill has and the logs have not, in bundles that lack nothing else.
fn missing(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>) {
    let (mut lost, mut failed, mut retried) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..book.bundles.len() {
        let bundle = &book.bundles[at];
        if bundle.taken {
            continue;
        }
        let gaps: Vec<(usize, i128)> = (0..bundle.cells.len()).map(|place| (place, book.gap(at, place))).collect();
        let gaps: Vec<(usize, i128)> = gaps.into_iter().filter(|(_, gap)| *gap != 0).collect();
        if gaps.is_empty() || gaps.iter().any(|(_, gap)| *gap < 0) {
            continue;
        }
        let effects: Vec<Effect> = gaps
            .iter()
            .filter_map(|(place, gap)| Some((at, *place, missing_value(book, at, *place, *gap, rates)?)))
            .collect();
        let no_output = gaps.iter().all(|(place, _)| bundle.cells[*place].item != Item::Tokens(Class::Output));
        let short = bundle.requests.map(|requests| requests / MICRO - i128::from(bundle.calls - bundle.blank_failures));
        let by_count = short.is_some_and(|short| short == i128::from(bundle.blank_failures));
        let into = if bundle.blank_failures > 0 && (by_count || no_output && short.is_none()) {
            &mut failed
        } else if bundle.failed > bundle.blank_failures && no_output {
            &mut retried
        } else {
            &mut lost
        };
        into.extend(effects);
    }
    for (effects, cause, evidence) in [
        (failed, Cause::FailedButBilled, "as many requests more on the bill as calls failed in the logs without usage"),
        (retried, Cause::Retries, "input without output is billed beside failed calls"),
        (lost, Cause::MissingLogs, "the bill counts more tokens, at the prices of the logs"),
    ] {
        for (at, place, _) in &effects {
            let shape = book.shape;
            let cell = &mut book.bundles[*at].cells[*place];
            cell.counted = cell.quantity(shape).unwrap_or(cell.counted);
        }
        let confidence = if effects.len() >= 3 { Confidence::Fits } else { Confidence::Suggested };
        book.explain(ledger, Finding { cause, confidence, evidence: evidence.into() }, &effects);
    }
}

/// Returns the price of tokens that only the bill has: as the bill says they were served, else as the logs pay.
fn missing_value(book: &Book, at: usize, place: usize, gap: i128, rates: &RateBook<'_>) -> Option<i128> {
    let bundle = &book.bundles[at];
    let cell = &bundle.cells[place];
    if cell.counted == 0 {
        let told = cell.told(book.shape);
        let sum: Option<i128> = told.iter().map(|strand| book.value_of(bundle, cell, strand, rates)).sum();
        return sum.or(Some(cell.open)).filter(|_| !bundle.model.is_empty() || matches!(cell.item, Item::Tool(_)));
    }
    let class = cell.log.first().map_or(Class::Input, |strand| strand.class);
    let value = book.price_of(at, place, class, gap, rates);
    // Rounding of the rows stays rounding.
    value.filter(|value| *value != 0)
}

/// Fees of tools that the logs do not count.
fn tools(book: &mut Book, ledger: &mut Ledger) {
    let effects: Vec<Effect> = book
        .untied()
        .into_iter()
        .filter(|(at, place)| matches!(book.bundles[*at].cells[*place].item, Item::Tool(_)))
        .map(|(at, place)| (at, place, book.bundles[at].cells[place].open))
        .collect();
    let evidence = "the bill has lines for tools that the logs do not count".into();
    book.explain(ledger, Finding { cause: Cause::ServerTools, confidence: Confidence::Proved, evidence }, &effects);
}

/// Models that only the bill has, where it has amounts alone.
fn unseen(book: &mut Book, ledger: &mut Ledger) {
    let mut effects: Vec<Effect> = Vec::new();
    for (model, places) in book.by_model() {
        if model.is_empty() || places.iter().any(|at| book.bundles[*at].is_logged()) {
            continue;
        }
        for at in places {
            let cells = book.bundles[at].cells.iter().enumerate().filter(|(_, cell)| !cell.ties());
            effects.extend(cells.map(|(place, cell)| (at, place, cell.open)));
        }
    }
    let evidence = "no call of the model is logged".into();
    book.explain(ledger, Finding { cause: Cause::MissingLogs, confidence: Confidence::Suggested, evidence }, &effects);
}

/// Returns where the price of a class stands for a bundle, the standard terms of its logs.
pub(super) fn standard(book: &Book, at: usize, place: usize) -> Point {
    let bundle = &book.bundles[at];
    book.point(bundle, &bundle.cells[place], &Stated::default())
}

/// Returns a text shared.
pub(super) fn shared(text: &str) -> Arc<str> {
    Arc::from(text)
}
