//! Prices that no table has: a factor by class, an amount by call.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::rating::Place;
use crate::analyze::reconcile::rating::UPLIFT;
use crate::analyze::reconcile::rating::takes_part;
use crate::analyze::reconcile::scale::Pairs;
use crate::analyze::reconcile::scale::constant;
use crate::analyze::reconcile::scale::has_factor;
use crate::analyze::reconcile::scale::simplest;
use crate::analyze::reconcile::scope::day;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::domain::Usd;
use crate::domain::invoice::MICRO;
use crate::domain::money::PICO_PER_USD;
use crate::domain::money::div_half_even;

/// An item with its cells, and what they are to be and are.
type Run = (Item, Vec<Place>, Pairs);

/// Returns the items of some bundles that have something open, in the span that has, with its first period; `None` where
/// some cell of them has no price to compare with.
fn runs(book: &Book, bundles: &[usize]) -> Option<(u32, Vec<Run>)> {
    let mut items: BTreeMap<Item, Vec<Place>> = BTreeMap::new();
    let mut open = Vec::new();
    for at in bundles {
        for (place, cell) in book.bundles[*at].cells.iter().enumerate() {
            if !takes_part(book, (*at, place)) {
                continue;
            }
            if !cell.ties() {
                open.push(book.bundles[*at].period);
            }
            items.entry(cell.item.clone()).or_default().push((*at, place));
        }
    }
    let (first, last) = (*open.iter().min()?, *open.iter().max()?);
    let mut runs = Vec::new();
    for (item, places) in items {
        let run: Vec<Place> = places
            .into_iter()
            .filter(|(at, _)| (first..=last).contains(&book.bundles[*at].period))
            .filter(|(at, place)| book.bundles[*at].cells[*place].priced() != 0)
            .collect();
        let cells = || run.iter().map(|(at, place)| &book.bundles[*at].cells[*place]);
        if cells().all(|cell| cell.ties()) {
            continue;
        }
        if cells().any(|cell| cell.priced() < 0) {
            return None;
        }
        let pairs = cells().map(|cell| (cell.priced() + cell.open, cell.priced(), cell.bound)).collect();
        runs.push((item, run, pairs));
    }
    Some((first, runs))
}

/// Explains prices of one model that no table has: the same factor in every cell of a class, from a day on.
pub(super) fn fitted(book: &mut Book, ledger: &mut Ledger, bundles: &[usize]) {
    let Some((first, runs)) = runs(book, bundles) else { return };
    // Fewer cells than three tell no factor, but may have another item's.
    let told: Vec<i128> = runs.iter().filter_map(|(.., pairs)| constant(pairs)).collect();
    let (mut effects, mut words, mut factors) = (Vec::new(), Vec::new(), Vec::new());
    for (item, run, pairs) in runs {
        let other = || told.iter().copied().find(|factor| pairs.len() < 3 && has_factor(&pairs, *factor));
        let Some(factor) = constant(&pairs).or_else(other) else { return };
        factors.push(factor);
        for (at, place) in run {
            let cell = &book.bundles[at].cells[place];
            let off = div_half_even(cell.priced().saturating_mul(factor - PICO_PER_USD), PICO_PER_USD);
            effects.push((at, place, off));
        }
        let shown = Usd::from_pico(div_half_even(factor, 100_000_000) * 100_000_000);
        words.push(format!("{} {shown}", item.name()));
    }
    if effects.is_empty() {
        return;
    }
    let from = book.periods.0[first as usize].0;
    // One price for everything, from the start, and nothing beside it to tell: a discount.
    let same = factors.iter().all(|factor| *factor == factors[0]) && factors[0] < PICO_PER_USD;
    let alone = first == 0 && book.by_model().len() == 1 && factors.len() > 1;
    let free = factors.iter().all(|factor| *factor == 0);
    let uplift = factors.iter().all(|factor| *factor == UPLIFT) && factors.len() > 1;
    let cause = match (free, uplift, same && alone) {
        (true, ..) => Cause::FreeTier,
        (false, true, _) => Cause::RegionalUplift,
        (false, false, true) => Cause::ContractDiscount,
        (false, false, false) => Cause::StalePrice,
    };
    let evidence = format!("from {} on the bill's prices are those of the table times {}", day(from), words.join(", "));
    book.explain(ledger, Finding { cause, confidence: Confidence::Fits, evidence }, &effects);
}

/// Explains an amount that is the same for every call, where nothing else is open.
pub(super) fn by_call(book: &mut Book, ledger: &mut Ledger) {
    let cells: Vec<Place> = book.untied().into_iter().filter(|place| takes_part(book, *place)).collect();
    let Some((low, high)) = each(book, &cells) else { return };
    let effects: Vec<Effect> =
        cells.iter().map(|place| (place.0, place.1, book.bundles[place.0].cells[place.1].open)).collect();
    note_fee(book, ledger, low + (high - low) / 2, &effects);
}

/// Explains the same where some models have something else besides: half of the models, each in all its cells, tell
/// one amount, and tell it sharply.
pub(super) fn by_call_of_most(book: &mut Book, ledger: &mut Ledger) {
    let mut models: BTreeMap<Arc<str>, Vec<Place>> = BTreeMap::new();
    for place in book.untied().into_iter().filter(|place| takes_part(book, *place)) {
        models.entry(Arc::clone(&book.bundles[place.0].model)).or_default().push(place);
    }
    let sharp = |places: &Vec<Place>| {
        let (low, high) = each(book, places)?;
        let item = &book.bundles[places[0].0].cells[places[0].1].item;
        let one_item = places.iter().all(|(at, place)| book.bundles[*at].cells[*place].item == *item);
        let many: BTreeSet<i128> = places.iter().map(|place| calls(book, *place)).collect();
        let fee = (one_item && many.len() > 1 && (high - low) * 50 < low).then(|| simplest(low, high))?;
        Some((fee, item.clone()))
    };
    let fees: Vec<(i128, Item)> = models.values().filter_map(sharp).collect();
    let Some((fee, item)) = fees.first().cloned() else { return };
    if fees.len() * 2 < models.len() || fees.iter().any(|other| *other != (fee, item.clone())) {
        return;
    }
    let of_item = models.into_values().flatten().filter(|(at, place)| book.bundles[*at].cells[*place].item == item);
    let effects: Vec<Effect> = of_item.map(|place| (place.0, place.1, fee * calls(book, place))).collect();
    note_fee(book, ledger, fee, &effects);
}

fn note_fee(book: &mut Book, ledger: &mut Ledger, fee: i128, effects: &[Effect]) {
    let evidence = format!("{} more for every call, whatever its tokens", Usd::from_pico(fee));
    // It is neither tokens nor their prices.
    effects.iter().for_each(|(at, place, pico)| book.bundles[*at].cells[*place].off += pico);
    book.explain(ledger, Finding { cause: Cause::MinimumCharge, confidence: Confidence::Fits, evidence }, effects);
}

fn calls(book: &Book, (at, _): Place) -> i128 {
    let bundle = &book.bundles[at];
    let whole = bundle.calls.saturating_sub(bundle.blank + bundle.blank_failures);
    bundle.requests.map_or(i128::from(whole), |micro| micro / MICRO)
}

/// Returns between which amounts what cells have open is the same for every call, if it is and is a charge: three at
/// least must say so.
fn each(book: &Book, cells: &[Place]) -> Option<(i128, i128)> {
    if cells.len() < 3 {
        return None;
    }
    let (mut low, mut high) = (i128::MIN, i128::MAX);
    for place in cells {
        let cell = &book.bundles[place.0].cells[place.1];
        let calls = Some(calls(book, *place)).filter(|calls| *calls > 0)?;
        low = low.max((cell.open - cell.bound).div_euclid(calls));
        high = high.min((cell.open + cell.bound).div_euclid(calls) + 1);
    }
    (0 < low && low <= high).then_some((low, high))
}
