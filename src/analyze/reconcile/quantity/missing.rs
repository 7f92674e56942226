//! Tokens that the bill has and the logs have not.

use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::quantity::scaled;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Bundle;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::domain::Class;
use crate::domain::invoice::MICRO;

/// Explains tokens that only the bill has, in bundles that have nothing too much.
pub(super) fn explain(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>) {
    let short: Vec<usize> = (0..book.bundles.len()).filter(|at| is_short(book, *at)).collect();
    let (cause, evidence) = why(book, &short);
    let mut effects: Vec<Effect> = Vec::new();
    for at in short {
        for place in 0..book.bundles[at].cells.len() {
            if book.bundles[at].cells[place].is_even(book.shape) {
                continue;
            }
            if let Some(value) = value_of_missing(book, at, place, rates) {
                effects.push((at, place, value));
            }
        }
    }
    for (at, place, _) in &effects {
        let shape = book.shape;
        book.bundles[*at].cells[*place].level(shape);
    }
    let confidence = if effects.len() >= 3 { Confidence::Fits } else { Confidence::Suggested };
    book.explain(ledger, Finding { cause, confidence, evidence: evidence.into() }, &effects);
}

/// Tells whether the bill counts more of some item, and less of none.
fn is_short(book: &Book, at: usize) -> bool {
    let bundle = &book.bundles[at];
    if bundle.taken || bundle.cells.iter().all(|cell| cell.is_even(book.shape)) {
        return false;
    }
    bundle.cells.iter().all(|cell| {
        let mut items: std::collections::BTreeMap<Item, i128> = std::collections::BTreeMap::new();
        for (class, (bill, log)) in cell.by_class(book.shape) {
            *items.entry(Item::of(class)).or_default() += bill - log;
        }
        items.values().all(|gap| *gap >= 0)
    })
}

/// Tells what calls the missing tokens are of: calls that are logged without usage, if those and no others are short.
fn why(book: &Book, short: &[usize]) -> (Cause, &'static str) {
    let missing = (Cause::MissingLogs, "the bill counts more tokens, at the prices of the logs");
    let blank_of = |of: fn(&Bundle) -> u64| {
        let with: Vec<usize> =
            (0..book.bundles.len()).filter(|at| of(&book.bundles[*at]) > 0 && !book.bundles[*at].taken).collect();
        let all = |places: &[usize], within: &[usize]| {
            let found = places.iter().filter(|at| within.contains(at)).count();
            found * 10 >= places.len() * 9
        };
        !with.is_empty() && all(short, &with) && all(&with, short)
    };
    // Where requests are counted, they must be those of the calls without usage.
    let by_requests = |of: fn(&Bundle) -> u64| {
        let told: Vec<bool> = short
            .iter()
            .map(|at| &book.bundles[*at])
            .filter_map(|bundle| {
                let requests = bundle.requests? / MICRO;
                let whole = i128::from(bundle.calls - bundle.blank - bundle.blank_failures);
                Some(requests - whole == i128::from(of(bundle)))
            })
            .collect();
        told.iter().filter(|fits| **fits).count() * 10 >= told.len() * 9
    };
    let failed: fn(&Bundle) -> u64 = |bundle| bundle.blank_failures;
    let blank: fn(&Bundle) -> u64 = |bundle| bundle.blank;
    let retried: fn(&Bundle) -> u64 = |bundle| bundle.failed - bundle.blank_failures;
    if blank_of(failed) && by_requests(failed) {
        return (Cause::FailedButBilled, "the bill has tokens for calls that failed and are logged without usage");
    }
    if blank_of(blank) && by_requests(blank) {
        return (Cause::UnpricedCalls, "the bill has tokens for calls that are logged without usage");
    }
    let output = Item::Tokens(Class::Output);
    let no_output = short.iter().all(|at| {
        let cells = book.bundles[*at].cells.iter();
        cells.filter(|cell| cell.item == output || cell.item == Item::Whole).all(|cell| cell.is_even(book.shape))
    });
    if blank_of(retried) && no_output {
        return (Cause::Retries, "the bill has input without output beside calls that failed");
    }
    missing
}

/// Returns the price of the tokens that only the bill has: as the bill says they were served where every logged token
/// has its place on the bill, else as the logs pay.
fn value_of_missing(book: &Book, at: usize, place: usize, rates: &RateBook<'_>) -> Option<i128> {
    let bundle = &book.bundles[at];
    let cell = &bundle.cells[place];
    if let Item::Tool(_) = cell.item {
        return None;
    }
    if cell.logged() == 0 {
        let told = cell.told(book.shape);
        let sum: Option<i128> = told.iter().map(|strand| book.value_of(bundle, cell, strand, rates)).sum();
        // Without a price the amount itself is all there is.
        return Some(sum.unwrap_or(cell.open));
    }
    if cell.moved.is_empty()
        && let Some((gaps, left)) = book.strand_gaps(bundle, cell, rates)
        && left == 0
    {
        return Some(gaps.into_iter().map(|(gap, price)| price.times(gap)).sum());
    }
    let mut sum = 0;
    let explained = cell.amount - cell.open;
    for (class, (bill, log)) in cell.by_class(book.shape) {
        let gap = bill - log;
        sum += match cell.item {
            Item::CacheWrite if cell.counted() > 0 => scaled(explained, gap, cell.counted()),
            _ if gap == 0 => 0,
            _ => book.price_of(at, place, class, gap, rates)?,
        };
    }
    Some(sum)
}
