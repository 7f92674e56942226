//! Calls that the logs have and the bill has not: failed ones, repeated ones, those that came from two sources.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analyze::reconcile::Ask;
use crate::analyze::reconcile::CallGroup;
use crate::analyze::reconcile::Calls;
use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Cell;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::analyze::reconcile::sides::Strand;
use crate::domain::Window;
use crate::domain::window::Grain;

/// Explains calls too many, where taking them out makes the bundles tie.
pub(super) fn explain<C: Calls>(
    book: &mut Book,
    ledger: &mut Ledger,
    rates: &RateBook<'_>,
    calls: &C,
) -> Result<(), C::Error> {
    if surplus(book).is_empty() {
        return Ok(());
    }
    failed(book, ledger);
    let window = Window {
        since: book.periods.0.first().map(|(start, _)| *start),
        until: book.periods.0.last().map(|(_, end)| *end),
    };
    if surplus(book).is_empty() {
        return Ok(());
    }
    let extra: Vec<CallGroup> = calls.repeats(window)?.into_iter().map(|repeat| repeat.extra).collect();
    let evidence = "calls of the same second, model, counts and session; without the repeats the days tie";
    without(book, ledger, rates, &extra, (Cause::DoubleLogged, evidence.into()));
    if surplus(book).is_empty() {
        return Ok(());
    }
    let groups = calls.groups(Ask { window, zone: book.zone, grain: Grain::Day, sources: true })?;
    let mut sources: BTreeMap<Arc<str>, Vec<CallGroup>> = BTreeMap::new();
    for group in groups.into_iter().filter(|group| group.provider == book.provider) {
        sources.entry(Arc::clone(&group.source)).or_default().push(group);
    }
    if sources.len() < 2 {
        return Ok(());
    }
    for (source, groups) in sources {
        let evidence = format!("without the calls of source `{source}` the days tie");
        if without(book, ledger, rates, &groups, (Cause::OverlappingImports, evidence)) {
            break;
        }
    }
    Ok(())
}

/// Returns the bundles of which the logs have more than the bill, in every item that differs.
fn surplus(book: &Book) -> Vec<usize> {
    let over = |at: &usize| {
        let bundle = &book.bundles[*at];
        let mut gaps: Vec<i128> = Vec::new();
        for cell in bundle.cells.iter().filter(|cell| !matches!(cell.item, Item::Tool(_))) {
            match book.is_counted() {
                true => {
                    let mut items: BTreeMap<Item, i128> = BTreeMap::new();
                    for (class, (bill, log)) in cell.by_class(book.shape) {
                        *items.entry(Item::of(class)).or_default() += bill - log;
                    }
                    gaps.extend(items.into_values());
                }
                false if cell.ties() => {}
                false => gaps.push(cell.open),
            }
        }
        !bundle.taken && bundle.is_logged() && gaps.iter().any(|gap| *gap < 0) && gaps.iter().all(|gap| *gap <= 0)
    };
    (0..book.bundles.len()).filter(over).collect()
}

/// Tells whether a cell is even without some of its calls: by class in millionths of tokens, and picodollars.
fn fits_without(book: &Book, cell: &Cell, tokens: &BTreeMap<Item, i128>, cost: i128) -> bool {
    if !book.is_counted() {
        return (cell.open + cost).abs() <= cell.bound;
    }
    let mut items: BTreeMap<Item, i128> = BTreeMap::new();
    for (class, (bill, log)) in cell.by_class(book.shape) {
        *items.entry(Item::of(class)).or_default() += bill - log;
    }
    let own = items.iter().all(|(item, gap)| gap + tokens.get(item).copied().unwrap_or(0) == 0);
    own && tokens.iter().all(|(item, micro)| *micro == 0 || items.contains_key(item))
}

/// Sums the tokens of strands by item.
fn by_item<'s>(strands: impl Iterator<Item = &'s Strand>) -> BTreeMap<Item, i128> {
    let mut items: BTreeMap<Item, i128> = BTreeMap::new();
    for strand in strands {
        *items.entry(Item::of(strand.class)).or_default() += strand.quantity.unwrap_or(0);
    }
    items
}

/// Failed calls that are logged with tokens and are not on the bill.
fn failed(book: &mut Book, ledger: &mut Ledger) {
    let mut effects: Vec<Effect> = Vec::new();
    for at in surplus(book) {
        let bundle = &book.bundles[at];
        let mut own = Vec::new();
        let fits = bundle.cells.iter().enumerate().all(|(place, cell)| {
            if let Item::Tool(_) = cell.item {
                return true;
            }
            let failed = || cell.log.iter().filter(|strand| strand.failed);
            let tokens = by_item(failed());
            let cost: i128 = failed().map(|strand| strand.amount).sum();
            if tokens.values().any(|micro| *micro != 0) {
                own.push((at, place, -cost));
            }
            fits_without(book, cell, &tokens, cost)
        });
        if fits && !own.is_empty() {
            effects.extend(own);
        }
    }
    take(book, &effects);
    let confidence = if effects.len() >= 3 { Confidence::Fits } else { Confidence::Suggested };
    let evidence = "failed calls are logged with tokens and are not on the bill".into();
    book.explain(ledger, Finding { cause: Cause::FailedButBilled, confidence, evidence }, &effects);
}

/// Takes calls out of the logs if most bundles with a surplus tie without them; tells whether it did.
fn without(
    book: &mut Book,
    ledger: &mut Ledger,
    rates: &RateBook<'_>,
    extra: &[CallGroup],
    (cause, evidence): (Cause, String),
) -> bool {
    if extra.is_empty() {
        return false;
    }
    let wanted = surplus(book);
    // The calls by bundle and item, put together as the logs themselves are.
    let mut alone = book.copy();
    alone.replace_calls(extra, rates);
    let mut effects: Vec<Effect> = Vec::new();
    let mut tied = 0;
    for at in &wanted {
        let mut own = Vec::new();
        let fits = book.bundles[*at].cells.iter().enumerate().all(|(place, cell)| {
            let other = alone.bundles[*at].cells.get(place);
            let tokens = other.map(|other| by_item(other.log.iter())).unwrap_or_default();
            let cost = other.map_or(0, |other| other.cost);
            if tokens.values().any(|micro| *micro != 0) || cost != 0 {
                own.push((*at, place, -cost));
            }
            matches!(cell.item, Item::Tool(_)) || fits_without(book, cell, &tokens, cost)
        });
        if fits {
            tied += 1;
            effects.extend(own);
        }
    }
    if tied == 0 || tied * 2 < wanted.len() {
        return false;
    }
    take(book, &effects);
    let confidence = if effects.len() >= 3 { Confidence::Fits } else { Confidence::Suggested };
    book.explain(ledger, Finding { cause, confidence, evidence }, &effects);
    true
}

/// Counts cells as the bill counts them.
fn take(book: &mut Book, effects: &[Effect]) {
    let shape = book.shape;
    for (at, place, _) in effects {
        book.bundles[*at].cells[*place].level(shape);
    }
}
