//! Calls that the logs have and the bill has not: failed ones, repeated ones, those that came from two sources.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::analyze::reconcile::CallGroup;
use crate::analyze::reconcile::Calls;
use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Bundle;
use crate::analyze::reconcile::sides::Cell;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::analyze::reconcile::sides::Strand;
use crate::analyze::reconcile::sides::is_write;
use crate::analyze::reconcile::timing;
use crate::domain::Class;
use crate::domain::invoice::MICRO;

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
    failed(book, ledger, rates);
    if surplus(book).is_empty() {
        return Ok(());
    }
    let extra = extra_of(book, rates, &timing::repeated(book, calls)?);
    let evidence = "calls of the same second, model, counts and session; without the repeats the days tie";
    without(book, ledger, &extra, (Cause::DoubleLogged, evidence.into()));
    if surplus(book).is_empty() {
        return Ok(());
    }
    let mut sources: BTreeMap<Arc<str>, Vec<CallGroup>> = BTreeMap::new();
    for group in timing::by_source(book, calls)? {
        sources.entry(Arc::clone(&group.source)).or_default().push(group);
    }
    if sources.len() < 2 {
        return Ok(());
    }
    for (source, groups) in sources {
        let evidence = format!("without the calls of source `{source}` the days tie");
        let extra = extra_of(book, rates, &groups);
        if without(book, ledger, &extra, (Cause::OverlappingImports, evidence)) {
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
                true => gaps.extend(cell.gaps(book.shape).into_values()),
                false if cell.ties() => {}
                false => gaps.push(cell.open),
            }
        }
        !bundle.taken && bundle.is_logged() && gaps.iter().any(|gap| *gap < 0) && gaps.iter().all(|gap| *gap <= 0)
    };
    (0..book.bundles.len()).filter(over).collect()
}

/// Calls that may be too many.
#[derive(Default)]
struct Extra {
    /// What they add to cells, by class in millionths of tokens, and their cost.
    cells: BTreeMap<(usize, usize), (BTreeMap<Class, i128>, i128)>,
    /// How many they are by bundle: all, failed ones, those without usage that failed and that did not; and the
    /// reasoning tokens that they tell.
    calls: BTreeMap<usize, [u64; 5]>,
}

fn by_class<'s>(strands: impl Iterator<Item = &'s Strand>) -> BTreeMap<Class, i128> {
    let mut classes: BTreeMap<Class, i128> = BTreeMap::new();
    for strand in strands {
        *classes.entry(strand.class).or_default() += strand.quantity.unwrap_or(0);
    }
    classes
}

/// Failed calls that are logged with tokens and are not on the bill.
fn failed(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>) {
    let mut extra = Extra::default();
    for (at, bundle) in book.bundles.iter().enumerate().filter(|(_, bundle)| !bundle.taken && !bundle.named) {
        let used = bundle.failed - bundle.blank_failures;
        extra.calls.insert(at, [used, used, 0, 0, 0]);
        for (place, cell) in bundle.cells.iter().enumerate() {
            let failed = || cell.log.iter().filter(|strand| strand.failed);
            let cost: i128 = failed().map(|strand| strand.amount).sum();
            let tokens = by_class(failed());
            if tokens.values().any(|micro| *micro != 0) {
                extra.cells.insert((at, place), (tokens, cost));
            }
        }
    }
    settle(book, &mut extra, rates);
    let evidence = "failed calls are logged with tokens and are not on the bill".into();
    without(book, ledger, &extra, (Cause::FailedButBilled, evidence));
}

/// Returns what calls add to the cells of a book.
fn extra_of(book: &Book, rates: &RateBook<'_>, calls: &[CallGroup]) -> Extra {
    // Put together as the logs themselves are.
    let mut alone = book.copy();
    alone.replace_calls(calls, rates);
    let mut extra = Extra::default();
    for (at, bundle) in alone.bundles.iter().enumerate().take(book.bundles.len()) {
        if book.bundles[at].taken || book.bundles[at].named {
            continue;
        }
        extra.calls.insert(at, [bundle.calls, bundle.failed, bundle.blank_failures, bundle.blank, bundle.reasoning]);
        for (place, cell) in bundle.cells.iter().enumerate().take(book.bundles[at].cells.len()) {
            let (mut tokens, mut cost) = (by_class(cell.log.iter()), cell.cost);
            // Reasoning that is counted beside the output belongs to the output of these calls too.
            let beside = |bundle: &Bundle| i128::from(bundle.reasoning) * MICRO;
            let own = book.bundles[at].cells[place].moved.contains(&(Class::Output, beside(&book.bundles[at])));
            if let Some(output) = tokens.get_mut(&Class::Output).filter(|_| own)
                && let Some(value) = book.price_of(at, place, Class::Output, beside(bundle), rates)
            {
                *output += beside(bundle);
                cost += value;
            }
            if cost != 0 || tokens.values().any(|micro| *micro != 0) {
                extra.cells.insert((at, place), (tokens, cost));
            }
        }
    }
    settle(book, &mut extra, rates);
    extra
}

/// Takes the cached tokens out of the input of calls where the logged input was found to contain them.
fn settle(book: &Book, extra: &mut Extra, rates: &RateBook<'_>) {
    let mut cached: BTreeMap<usize, i128> = BTreeMap::new();
    for ((at, _), (tokens, _)) in &extra.cells {
        if let Some(writes) = book.bundles[*at].inclusive {
            let counts = |class: &Class| *class == Class::CacheRead || writes && is_write(*class);
            let sum: i128 = tokens.iter().filter(|(class, _)| counts(class)).map(|(_, micro)| micro).sum();
            *cached.entry(*at).or_default() += sum;
        }
    }
    for ((at, place), (tokens, cost)) in &mut extra.cells {
        let Some(over) = cached.get(at).filter(|over| **over != 0) else { continue };
        if let Some(input) = tokens.get_mut(&Class::Input)
            && let Some(value) = book.price_of(*at, *place, Class::Input, *over, rates)
        {
            *input -= over;
            *cost -= value;
        }
    }
}

/// Takes calls out of the logs if that makes bundles tie and lets none go that tied with them; tells whether it did.
fn without(book: &mut Book, ledger: &mut Ledger, extra: &Extra, (cause, evidence): (Cause, String)) -> bool {
    let shape = book.shape;
    let touched: BTreeSet<usize> = extra.cells.keys().map(|(at, _)| *at).collect();
    let (mut fixed, mut broke) = (0usize, 0usize);
    let (mut before, mut after, mut all) = (0i128, 0i128, 0i128);
    for at in &touched {
        let ties = |without: bool| {
            book.bundles[*at].cells.iter().enumerate().filter(|(_, cell)| !matches!(cell.item, Item::Tool(_))).all(
                |(place, cell)| {
                    let own = extra.cells.get(&(*at, place)).filter(|_| without);
                    match shape.is_counted() {
                        true => is_even_without(book, cell, own.map(|(tokens, _)| tokens)),
                        false => (cell.open + own.map_or(0, |(_, cost)| *cost)).abs() <= cell.bound,
                    }
                },
            )
        };
        match (ties(false), ties(true)) {
            (false, true) => fixed += 1,
            (true, false) => broke += 1,
            _ => {}
        }
    }
    for ((at, place), (_, cost)) in &extra.cells {
        let open = book.bundles[*at].cells[*place].open;
        before += open.abs();
        after += (open + cost).abs();
        all += cost;
    }
    // Amounts that a price moves besides do not tie by counts alone, but they come nearer.
    let nearer = !shape.is_counted() && (before - after) * 2 > all;
    if broke > 0 || !(fixed > 0 && fixed * 5 >= touched.len() || nearer) {
        return false;
    }
    let effects: Vec<Effect> = extra.cells.iter().map(|((at, place), (_, cost))| (*at, *place, -cost)).collect();
    for (at, [calls, failed, blank_failures, blank, reasoning]) in &extra.calls {
        let bundle = &mut book.bundles[*at];
        bundle.calls = bundle.calls.saturating_sub(*calls);
        bundle.failed = bundle.failed.saturating_sub(*failed);
        bundle.blank_failures = bundle.blank_failures.saturating_sub(*blank_failures);
        bundle.blank = bundle.blank.saturating_sub(*blank);
        bundle.reasoning = bundle.reasoning.saturating_sub(*reasoning);
    }
    for ((at, place), (tokens, _)) in &extra.cells {
        let moved = tokens.iter().filter(|(_, micro)| **micro != 0).map(|(class, micro)| (*class, -micro));
        book.bundles[*at].cells[*place].moved.extend(moved);
    }
    let confidence = if effects.len() >= 3 { Confidence::Fits } else { Confidence::Suggested };
    book.explain(ledger, Finding { cause, confidence, evidence }, &effects);
    true
}

/// Tells whether a cell counts the same on both sides without some tokens of the logs.
fn is_even_without(book: &Book, cell: &Cell, tokens: Option<&BTreeMap<Class, i128>>) -> bool {
    let mut items = cell.gaps(book.shape);
    for (class, micro) in tokens.into_iter().flatten() {
        *items.entry(Item::of(*class)).or_default() += micro;
    }
    items.values().all(|gap| *gap == 0)
}
