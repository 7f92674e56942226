//! Prices that no table has: a factor by class, an amount by call.

use std::collections::BTreeMap;

use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::rating::Place;
use crate::analyze::reconcile::rating::UPLIFT;
use crate::analyze::reconcile::rating::takes_part;
use crate::analyze::reconcile::scale::constant;
use crate::analyze::reconcile::scope::day;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::domain::Usd;
use crate::domain::invoice::MICRO;
use crate::domain::money::PICO_PER_USD;
use crate::domain::money::div_half_even;

/// Explains prices of one model that no table has: the same factor in every cell of a class, from a day on.
pub(super) fn fitted(book: &mut Book, ledger: &mut Ledger, bundles: &[usize]) {
    let mut items: BTreeMap<Item, Vec<Place>> = BTreeMap::new();
    let mut firsts = Vec::new();
    for at in bundles {
        for (place, cell) in book.bundles[*at].cells.iter().enumerate() {
            if !takes_part(book, (*at, place)) {
                continue;
            }
            if !cell.ties() {
                firsts.push(book.bundles[*at].period);
            }
            items.entry(cell.item.clone()).or_default().push((*at, place));
        }
    }
    let (Some(first), Some(last)) = (firsts.iter().min(), firsts.iter().max()) else { return };
    let (mut effects, mut words, mut factors) = (Vec::new(), Vec::new(), Vec::new());
    for (item, places) in items {
        let run: Vec<Place> = places
            .into_iter()
            .filter(|(at, _)| (*first..=*last).contains(&book.bundles[*at].period))
            .filter(|(at, place)| book.bundles[*at].cells[*place].priced() != 0)
            .collect();
        let cells = || run.iter().map(|(at, place)| &book.bundles[*at].cells[*place]);
        if cells().all(|cell| cell.ties()) {
            continue;
        }
        let pairs: Vec<(i128, i128, i128)> = cells()
            .filter(|cell| cell.priced() > 0)
            .map(|cell| (cell.priced() + cell.open, cell.priced(), cell.bound))
            .collect();
        if pairs.len() < run.len() {
            return;
        }
        let Some(factor) = constant(&pairs) else { return };
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
    let from = book.periods.0[*first as usize].0;
    // One price for everything, from the start, and nothing beside it to tell: a discount.
    let same = factors.iter().all(|factor| *factor == factors[0]) && factors[0] < PICO_PER_USD;
    let alone = *first == 0 && book.by_model().len() == 1 && factors.len() > 1;
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

/// Explains an amount that is the same for every call.
pub(super) fn by_call(book: &mut Book, ledger: &mut Ledger) {
    let cells: Vec<Place> = book.untied().into_iter().filter(|place| takes_part(book, *place)).collect();
    if cells.len() < 3 {
        return;
    }
    let calls = |(at, _): &Place| -> i128 {
        let bundle = &book.bundles[*at];
        bundle.requests.map_or(i128::from(bundle.calls - bundle.blank - bundle.blank_failures), |micro| micro / MICRO)
    };
    let (mut low, mut high) = (i128::MIN, i128::MAX);
    for place in &cells {
        let cell = &book.bundles[place.0].cells[place.1];
        let calls = calls(place);
        if calls == 0 {
            return;
        }
        low = low.max((cell.open - cell.bound).div_euclid(calls));
        high = high.min((cell.open + cell.bound).div_euclid(calls) + 1);
    }
    if low > high || (low <= 0 && high >= 0) {
        return;
    }
    let each = low + (high - low) / 2;
    let effects: Vec<Effect> =
        cells.iter().map(|place| (place.0, place.1, book.bundles[place.0].cells[place.1].open)).collect();
    let evidence = format!("{} more for every call, whatever its tokens", Usd::from_pico(each));
    book.explain(ledger, Finding { cause: Cause::MinimumCharge, confidence: Confidence::Fits, evidence }, &effects);
}
