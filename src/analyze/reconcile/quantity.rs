//! Tokens that are missing, twice, or in another class.
//!
//! Where the bill or its usage report counts tokens, counts are compared as whole numbers: an identity that holds in
//! every bundle of a model is no accident. Where the bill has amounts alone, the same identities are asked of what the
//! amounts would buy, once no price explains them.

mod missing;
mod modes;
mod moves;
mod surplus;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

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
use crate::analyze::reconcile::sides::is_write;
use crate::analyze::reconcile::timing;
use crate::domain::Class;
use crate::domain::Timestamp;
use crate::domain::invoice::MICRO;
use crate::domain::money::div_half_even;

/// Explains counts that differ, where they are told.
pub(super) fn explain<C: Calls>(
    book: &mut Book,
    ledger: &mut Ledger,
    rates: &RateBook<'_>,
    calls: &C,
    now: Timestamp,
) -> Result<(), C::Error> {
    // Each may uncover what another hid.
    if book.is_counted() {
        moves::by_counts(book, ledger, rates);
        timing::a_day_away(book, ledger);
    }
    timing::unsettled(book, ledger, now);
    surplus::explain(book, ledger, rates, calls)?;
    if book.is_counted() {
        moves::by_counts(book, ledger, rates);
        timing::a_day_away(book, ledger);
        missing::explain(book, ledger, rates);
    }
    modes::explain(book, ledger, rates);
    tools(book, ledger);
    Ok(())
}

/// Names what no price explains: by what amounts would buy, by the calendar, and by what only the bill has.
pub(super) fn name_the_rest(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>) {
    if !book.is_counted() {
        moves::by_amounts(book, ledger, rates);
    }
    timing::edges(book, ledger, 1);
    timing::late(book, ledger);
    if !book.is_counted() {
        unseen(book, ledger);
    }
}

impl Book {
    /// Tells whether the bill or its usage report counts tokens.
    pub(super) fn is_counted(&self) -> bool {
        self.shape.is_counted()
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
        let strand = Strand {
            class,
            stated: Stated::default(),
            quantity: Some(micro),
            amount: 0,
            list: None,
            count: 0,
            failed: false,
            untimed: self.shape.untimed_writes && is_write(class),
            apart: false,
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

/// Fees of tools: those that the logs do not count, those of calls that are missing, those of calls without a price.
fn tools(book: &mut Book, ledger: &mut Ledger) {
    let mut found: BTreeMap<(Cause, String), Vec<Effect>> = BTreeMap::new();
    let mut counted: BTreeSet<Item> = BTreeSet::new();
    for cell in book.bundles.iter().flat_map(|bundle| &bundle.cells).filter(|cell| cell.logged() > 0) {
        counted.insert(cell.item.clone());
    }
    for (at, place) in book.untied() {
        let bundle = &book.bundles[at];
        let cell = &bundle.cells[place];
        if !matches!(cell.item, Item::Tool(_)) || cell.open < 0 {
            continue;
        }
        let billed: i128 = cell.bill.iter().chain(&cell.usage).filter_map(|strand| strand.quantity).max().unwrap_or(0);
        let why = if !counted.contains(&cell.item) {
            (Cause::ServerTools, "the bill has lines for tools that the logs do not count".to_string())
        } else if billed > 0 && billed <= cell.logged() {
            match book.aliased {
                true => (Cause::Alias, "tools of calls whose model the price table knows by another name".into()),
                false => (Cause::UnpricedCalls, "tools of calls that have no price".into()),
            }
        } else if let Some((cause, evidence)) = book.short.get(&bundle.owner()) {
            (*cause, evidence.clone())
        } else {
            (Cause::ServerTools, "the bill has more uses of tools than the logs".into())
        };
        found.entry(why).or_default().push((at, place, cell.open));
    }
    for ((cause, evidence), effects) in found {
        book.explain(ledger, Finding { cause, confidence: Confidence::Proved, evidence }, &effects);
    }
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
