//! Tokens that both sides have and that the bill says were served otherwise: lifetime of cache writes, service mode,
//! region, long prompts.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::quantity::standard;
use crate::analyze::reconcile::rates::LONGEST;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::rates::bought;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Cell;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::analyze::reconcile::sides::Stated;
use crate::analyze::reconcile::sides::Strand;
use crate::domain::Class;

/// What a bill says about how tokens were served, one thing after the other.
const ASPECTS: [fn(&Stated, &mut Stated); 4] = [
    |_, _| {},
    |from, to| to.prompt = from.prompt,
    |from, to| to.tier = from.tier.clone(),
    |from, to| to.region = from.region.clone(),
];

/// Explains the modes of tokens that both sides have.
pub(super) fn explain(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>) {
    let mut found: BTreeMap<(Cause, String), Vec<Effect>> = BTreeMap::new();
    for at in 0..book.bundles.len() {
        if book.bundles[at].taken || !book.bundles[at].is_logged() {
            continue;
        }
        for place in 0..book.bundles[at].cells.len() {
            let cell = &book.bundles[at].cells[place];
            let says = |strand: &Strand| strand.stated != Stated::default() || cell.item == Item::CacheWrite;
            if cell.counted() == 0 || cell.ties() && !book.is_counted() || !cell.told(book.shape).iter().any(says) {
                continue;
            }
            for (cause, evidence, pico) in steps(book, at, place, rates) {
                found.entry((cause, evidence)).or_default().push((at, place, pico));
            }
        }
    }
    for ((cause, evidence), effects) in found {
        let confidence = if effects.len() >= 3 { Confidence::Proved } else { Confidence::Fits };
        book.explain(ledger, Finding { cause, confidence, evidence }, &effects);
    }
}

/// Returns what each aspect of a cell's told strands changes in price, the logs' own mix first.
fn steps(book: &Book, at: usize, place: usize, rates: &RateBook<'_>) -> Vec<(Cause, String, i128)> {
    let bundle = &book.bundles[at];
    let cell = &bundle.cells[place];
    let told = counted(book, at, place, rates);
    let quantity: i128 = told.iter().filter_map(|strand| strand.quantity).sum();
    // By what the amounts buy the counts are only near.
    let even = match book.is_counted() {
        true => cell.is_even(book.shape),
        false => near(book, at, place, quantity, rates),
    };
    if told.is_empty() || quantity == 0 || !even {
        return Vec::new();
    }
    let mut before = cell.priced();
    let mut out = Vec::new();
    let mut step = |aspect: usize, cause: &dyn Fn(i128) -> Option<(Cause, String)>| {
        let sum: Option<i128> = told
            .iter()
            .map(|strand| {
                let mut stated = Stated::default();
                ASPECTS.iter().take(aspect + 1).for_each(|aspect| aspect(&strand.stated, &mut stated));
                // Without its service mode a line is about all calls alike.
                let apart = strand.apart && aspect > 1;
                book.value_of(bundle, cell, &Strand { stated, apart, ..strand.clone() }, rates)
            })
            .sum();
        let Some(sum) = sum else { return };
        let change = sum - before;
        // What no aspect accounts for stays open; it is not the next one's.
        before = sum;
        let calls = i128::from(cell.log.iter().map(|strand| strand.count).sum::<u64>()) + 2 + told.len() as i128;
        let open = (cell.open - out.iter().map(|(_, _, pico)| pico).sum::<i128>()).abs() > cell.bound;
        if change.abs() > calls
            && (cell.moved.is_empty() && book.is_counted() || open)
            && let Some((cause, evidence)) = cause(change)
        {
            out.push((cause, evidence, change));
        }
    };
    // Calls put in or taken out have changed the logs' mix: what the causes have made of it stands.
    if cell.moved.is_empty() || matches!(cell.item, Item::CacheWrite | Item::Whole) {
        step(0, &|change| lifetime(book, cell, &told, change));
    }
    step(1, &|_| {
        let is_long = told.iter().any(|strand| strand.stated.prompt == Some(LONGEST));
        // What rounded amounts buy tells no shares: then one side must have long prompts and the other none.
        let differs = book.is_counted() || is_long != book.has_long_calls(bundle, cell, rates);
        (differs && told.iter().any(|strand| strand.stated.prompt.is_some())).then(|| long(&told))
    });
    step(2, &|_| service(cell, &told));
    step(3, &|_| place_of(cell, &told));
    if book.shape.reported && book.shape.counted && cell.bill.iter().any(|strand| strand.stated.prompt.is_some()) {
        out.extend(long_by_bill(book, at, place, rates));
    }
    out
}

fn long(told: &[Strand]) -> (Cause, String) {
    let long = told.iter().any(|strand| strand.stated.prompt == Some(LONGEST));
    let how = if long { "the bill has tokens of long prompts" } else { "the bill has no tokens of long prompts" };
    (Cause::LongContext, format!("{how} where the logs differ"))
}

/// Returns what long prompts change where the lines with amounts tell them and the usage report does not.
fn long_by_bill(book: &Book, at: usize, place: usize, rates: &RateBook<'_>) -> Option<(Cause, String, i128)> {
    let bundle = &book.bundles[at];
    let cell = &bundle.cells[place];
    let sum = |stated: fn(&Strand) -> Stated| -> Option<i128> {
        let value = |strand: &Strand| {
            let strand = Strand { stated: stated(strand), apart: false, ..strand.clone() };
            book.value_of(bundle, cell, &strand, rates)
        };
        cell.bill.iter().map(value).sum()
    };
    let told = sum(|strand| Stated { prompt: strand.stated.prompt, ..Stated::default() })?;
    let change = told - sum(|_| Stated::default())?;
    let (cause, evidence) = long(&cell.bill);
    (change.abs() > cell.bound).then_some((cause, evidence, change))
}

/// Returns the strands with counts: told, or what their amounts buy.
fn counted(book: &Book, at: usize, place: usize, rates: &RateBook<'_>) -> Vec<Strand> {
    let bundle = &book.bundles[at];
    let cell = &bundle.cells[place];
    let told = cell.told(book.shape);
    if book.is_counted() {
        return told.iter().filter(|strand| strand.quantity.is_some_and(|quantity| quantity != 0)).cloned().collect();
    }
    let bought = |strand: &Strand| {
        let point = book.point(bundle, cell, &strand.stated);
        let quantity = bought(strand.amount, rates.rate(&point, strand.class)?)?;
        Some(Strand { quantity: Some(quantity), ..strand.clone() })
    };
    cell.bill.iter().map(bought).collect::<Option<Vec<Strand>>>().unwrap_or_default()
}

/// Tells whether what the amounts buy is what the logs count, as far as rounding lets one see.
fn near(book: &Book, at: usize, place: usize, quantity: i128, rates: &RateBook<'_>) -> bool {
    let cell = &book.bundles[at].cells[place];
    let class = cell.bill.first().map_or(Class::Input, |strand| strand.class);
    let cheapest = cell
        .bill
        .iter()
        .filter_map(|strand| rates.rate(&book.point(&book.bundles[at], cell, &strand.stated), strand.class))
        .min()
        .or_else(|| rates.rate(&standard(book, at, place), class));
    let slack = cheapest.and_then(|rate| bought(cell.bound, rate)).unwrap_or(0);
    (quantity - cell.counted()).abs() <= slack
}

/// Returns the cause of another lifetime of cache writes. What rounded amounts buy tells no shares: then the lifetimes
/// themselves must be others.
fn lifetime(book: &Book, cell: &Cell, told: &[Strand], change: i128) -> Option<(Cause, String)> {
    let names = |strands: &[Strand]| {
        let mut names: Vec<&str> = strands.iter().map(|strand| strand.class.name()).collect();
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    };
    let (bill, logs) = (names(told), names(&cell.log));
    let apart = !told.iter().any(|strand| cell.log.iter().any(|call| call.class == strand.class));
    let seen = book.is_counted() || apart || bill != logs && change.abs() > cell.bound;
    let other = cell.item == Item::CacheWrite && seen;
    other.then(|| (Cause::CacheWriteTtl, format!("the bill has {bill}, the logs have {logs}")))
}

/// Returns the cause of another service mode: the mode whose tokens differ most.
fn service(cell: &Cell, told: &[Strand]) -> Option<(Cause, String)> {
    let tier = differing(cell, told, |stated| stated.tier.clone())?;
    let cause = match tier.as_ref() {
        "batch" | "flex" => Cause::BatchDiscountMissed,
        "free" | "incentivized-tier" | "incentivized" => Cause::FreeTier,
        "byok" => Cause::Byok,
        "scale" | "provisioned" => Cause::Commitment,
        _ => Cause::ServiceModeMissed,
    };
    Some((cause, format!("the bill has tokens at `{tier}` that the logs do not have so")))
}

fn place_of(cell: &Cell, told: &[Strand]) -> Option<(Cause, String)> {
    let region = differing(cell, told, |stated| stated.region.clone())?;
    Some((Cause::RegionalUplift, format!("the bill has tokens in region `{region}` that the logs do not have so")))
}

/// Returns the value of an aspect whose tokens differ most between the sides; the standard one does not count.
fn differing(cell: &Cell, told: &[Strand], of: fn(&Stated) -> Option<Arc<str>>) -> Option<Arc<str>> {
    let mut sums: BTreeMap<Arc<str>, i128> = BTreeMap::new();
    for (strands, sign) in [(told, 1), (cell.log.as_slice(), -1)] {
        for strand in strands {
            *sums.entry(of(&strand.stated).unwrap_or_default()).or_default() += sign * strand.quantity.unwrap_or(0);
        }
    }
    sums.into_iter().filter(|(value, _)| !value.is_empty()).max_by_key(|(_, sum)| sum.abs()).map(|(value, _)| value)
}
