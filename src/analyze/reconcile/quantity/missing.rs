//! Tokens that the bill has and the logs have not.

use std::collections::BTreeMap;

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
    let why = why(book, &short);
    let mut found: BTreeMap<Cause, Vec<Effect>> = BTreeMap::new();
    for at in short {
        let bundle = &book.bundles[at];
        let shares: Vec<(Cause, u64)> = match why {
            Cause::UnpricedCalls => {
                vec![(Cause::FailedButBilled, bundle.blank_failures), (Cause::UnpricedCalls, bundle.blank)]
            }
            cause => vec![(cause, 1)],
        };
        let main = shares.iter().max_by_key(|(_, calls)| *calls).map_or(why, |(cause, _)| *cause);
        let owner = bundle.owner();
        book.short.insert(owner, (main, evidence(main).to_string()));
        let all: i128 = shares.iter().map(|(_, calls)| i128::from(*calls)).sum();
        for place in 0..book.bundles[at].cells.len() {
            if book.bundles[at].cells[place].is_even(book.shape) {
                continue;
            }
            let Some(value) = value_of_missing(book, at, place, rates) else { continue };
            let mut rest = value;
            for (cause, calls) in &shares {
                let part = scaled(value, i128::from(*calls), all.max(1));
                let part = if *cause == main { 0 } else { part };
                rest -= part;
                if part != 0 {
                    found.entry(*cause).or_default().push((at, place, part));
                }
            }
            if rest != 0 {
                found.entry(main).or_default().push((at, place, rest));
            }
            let shape = book.shape;
            book.bundles[at].cells[place].level(shape);
        }
    }
    for (cause, effects) in found {
        let confidence = if effects.len() >= 3 { Confidence::Fits } else { Confidence::Suggested };
        book.explain(ledger, Finding { cause, confidence, evidence: evidence(cause).into() }, &effects);
    }
}

/// Says what missing tokens are of.
fn evidence(cause: Cause) -> &'static str {
    match cause {
        Cause::FailedButBilled => "the bill has tokens for calls that failed and are logged without usage",
        Cause::UnpricedCalls => "the bill has tokens for calls that are logged without usage",
        Cause::Retries => "the bill has input without output beside calls that failed",
        _ => "the bill counts more tokens, at the prices of the logs",
    }
}

/// Tells whether the bill counts more of some item, and less of none.
fn is_short(book: &Book, at: usize) -> bool {
    let bundle = &book.bundles[at];
    if bundle.taken || bundle.cells.iter().all(|cell| cell.is_even(book.shape)) {
        return false;
    }
    bundle.cells.iter().all(|cell| cell.gaps(book.shape).values().all(|gap| *gap > 0))
}

/// Tells what calls the missing tokens are of: calls that are logged without usage, if those and no others are short;
/// [`Cause::UnpricedCalls`] then stands for failed ones as well.
fn why(book: &Book, short: &[usize]) -> Cause {
    let open = || (0..book.bundles.len()).filter(|at| !book.bundles[*at].taken && book.bundles[*at].is_logged());
    // All that is short has such calls, and that is no accident: few bundles have any, or many are short.
    let blank_of = |of: fn(&Bundle) -> u64| {
        let with = open().filter(|at| of(&book.bundles[*at]) > 0).count() as f64;
        let share = with / open().count().max(1) as f64;
        let within = short.iter().filter(|at| of(&book.bundles[**at]) > 0).count();
        !short.is_empty() && within == short.len() && share.powi(within as i32) < 0.05
    };
    // Where requests are counted, they must be some of those calls.
    let by_requests = |of: fn(&Bundle) -> u64| {
        short.iter().map(|at| &book.bundles[*at]).all(|bundle| {
            let Some(requests) = bundle.requests else { return true };
            let whole = i128::from(bundle.calls - bundle.blank - bundle.blank_failures);
            (1..=i128::from(of(bundle))).contains(&(requests / MICRO - whole))
        })
    };
    let blank: fn(&Bundle) -> u64 = |bundle| bundle.blank_failures + bundle.blank;
    let retried: fn(&Bundle) -> u64 = |bundle| bundle.failed - bundle.blank_failures;
    if blank_of(blank) && by_requests(blank) {
        return Cause::UnpricedCalls;
    }
    let output = Item::Tokens(Class::Output);
    let no_output = short.iter().all(|at| {
        let cells = book.bundles[*at].cells.iter();
        cells.filter(|cell| cell.item == output || cell.item == Item::Whole).all(|cell| cell.is_even(book.shape))
    });
    if blank_of(retried) && no_output {
        return Cause::Retries;
    }
    Cause::MissingLogs
}

/// Returns the price of the tokens that only the bill has: as the bill says they were served where every logged token
/// has its place on the bill, else as the logs pay.
fn value_of_missing(book: &Book, at: usize, place: usize, rates: &RateBook<'_>) -> Option<i128> {
    let bundle = &book.bundles[at];
    let cell = &bundle.cells[place];
    if let Item::Tool(_) = cell.item {
        return None;
    }
    if cell.counted() == 0 {
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
    // What the bill says was served otherwise is a cause by itself.
    if book.is_served_alike(bundle, cell, rates)
        && !book.differs_elsewhere(at, &cell.item)
        && let Some(all) = within_mix(book, at, place)
    {
        return Some(all);
    }
    let mut sum = 0;
    let explained = cell.priced();
    let classes = cell.by_class(book.shape);
    // Lifetimes that the sides do not agree on are no missing calls.
    let disputed = classes.values().any(|(bill, log)| bill < log) || book.shape.untimed_writes;
    for (class, (bill, log)) in classes {
        let gap = bill - log;
        sum += match cell.item {
            Item::CacheWrite if cell.counted() > 0 && disputed => scaled(explained, gap, cell.counted()),
            _ if gap == 0 => 0,
            _ => book.price_of(at, place, class, gap, rates)?,
        };
    }
    Some(sum)
}

/// Returns all that a cell has open where the logs pay several prices for its tokens, the bill does not tell which the
/// missing ones have, and what is open lies between the cheapest and the dearest.
fn within_mix(book: &Book, at: usize, place: usize) -> Option<i128> {
    let cell = &book.bundles[at].cells[place];
    let (mut low, mut high) = (0i128, 0i128);
    for (class, (bill, log)) in cell.by_class(book.shape) {
        let gap = bill - log;
        if gap < 0 {
            return None;
        }
        let own = cell.log.iter().filter(|strand| Item::of(strand.class) == Item::of(class));
        let prices = own.filter_map(|strand| Some((strand.amount, strand.quantity.filter(|micro| *micro > 0)?)));
        let values: Vec<i128> = prices.map(|(pico, micro)| scaled(pico, gap, micro)).collect();
        low += values.iter().min().copied().unwrap_or(0);
        high += values.iter().max().copied().unwrap_or(0);
    }
    (low < high && low - cell.bound <= cell.open && cell.open <= high + cell.bound).then_some(cell.open)
}

impl Book {
    /// Tells whether cells of the same model and item that count the same have another price.
    pub(in crate::analyze::reconcile) fn differs_elsewhere(&self, at: usize, item: &Item) -> bool {
        let model = &self.bundles[at].model;
        let others = self.bundles.iter().filter(|bundle| bundle.model == *model && !bundle.taken && bundle.is_logged());
        let cells = others.flat_map(|bundle| &bundle.cells).filter(|cell| cell.item == *item && cell.moved.is_empty());
        cells.filter(|cell| cell.is_even(self.shape)).any(|cell| !cell.ties())
    }
}
