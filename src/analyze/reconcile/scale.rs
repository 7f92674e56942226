//! The bill's unit and currency: one factor over every row.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::FxRate;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::domain::money::PICO_PER_USD;
use crate::domain::money::div_half_even;

/// Factors that are a mistake of units: cents, thousands, millions.
const UNITS: [(i128, Cause, &str); 3] = [
    (100, Cause::CentsVsDollars, "every amount is a hundredfold: the file counts cents"),
    (1_000, Cause::UnitScale, "every amount is a thousandfold"),
    (1_000_000, Cause::UnitScale, "every amount is a millionfold"),
];

/// So near a stated rate of exchange a factor is that currency's: two in a hundred.
const NEAR: i128 = 50;

/// Explains a factor that all amounts share.
pub(super) fn explain(book: &mut Book, ledger: &mut Ledger, fx: &[FxRate]) {
    units(book, ledger);
    quantities(book, ledger);
    exchange(book, ledger, fx);
}

fn units(book: &mut Book, ledger: &mut Ledger) {
    for (factor, cause, evidence) in UNITS {
        if let Some(effects) = scaled(book, factor) {
            let confidence = if effects.len() >= 3 { Confidence::Fits } else { Confidence::Suggested };
            set_off(book, &effects);
            book.explain(ledger, Finding { cause, confidence, evidence: evidence.into() }, &effects);
            return;
        }
    }
}

/// Returns what a factor explains if it brings most cells with both sides to tie and lets none tie that did before.
fn scaled(book: &Book, factor: i128) -> Option<Vec<Effect>> {
    let (mut fits, mut compared) = (0, 0);
    let mut effects = Vec::new();
    for (at, bundle) in book.bundles.iter().enumerate() {
        for (place, cell) in bundle.cells.iter().enumerate().filter(|(_, cell)| cell.amount != 0) {
            let right = div_half_even(cell.amount, factor);
            effects.push((at, place, cell.amount - right));
            if cell.cost > 0 && cell.amount > 0 {
                // The rows were rounded in the wrong unit.
                let bound = cell.bound.max(cell.bound / factor) + factor;
                compared += 1;
                // Causes beside it may move single cells; a factor of a hundred is told by the size of all.
                let near = (right - cell.cost).abs() <= bound || (right < cell.cost * 3 && cell.cost < right * 3);
                fits += usize::from(near && !cell.ties());
            }
        }
    }
    (compared > 0 && fits * 10 >= compared * 9).then_some(effects)
}

/// A quantity that is off by a thousand or a million in every row changes no amount; it is said, and put right.
fn quantities(book: &mut Book, ledger: &mut Ledger) {
    if !book.shape.counted && !book.shape.reported {
        return;
    }
    let shape = book.shape;
    for (up, down) in [(1, 1_000), (1, 1_000_000), (1_000, 1), (1_000_000, 1)] {
        let pairs = || {
            let cells = book.bundles.iter().flat_map(|bundle| &bundle.cells);
            cells.filter_map(|cell| Some((cell.quantity(shape)?, cell.logged()))).filter(|(q, l)| *q > 0 && *l > 0)
        };
        let all = pairs().count();
        let near = |q: i128, l: i128| {
            let q = q * up / down;
            q * 3 > l && l * 3 > q
        };
        if all < 3 || pairs().filter(|(q, l)| near(*q, *l)).count() * 10 < all * 9 {
            continue;
        }
        for cell in book.bundles.iter_mut().flat_map(|bundle| &mut bundle.cells) {
            for strand in cell.bill.iter_mut().chain(&mut cell.usage) {
                strand.quantity = strand.quantity.map(|quantity| quantity * up / down);
            }
        }
        let cells: Vec<Effect> = book
            .bundles
            .iter()
            .enumerate()
            .flat_map(|(at, bundle)| bundle.cells.iter().enumerate().map(move |(place, cell)| (at, place, cell)))
            .filter(|(_, _, cell)| cell.quantity(shape).is_some_and(|quantity| quantity != 0))
            .map(|(at, place, _)| (at, place, 0))
            .collect();
        let evidence = match up {
            1 => format!("every quantity of the bill is {down} times that of the logs, and the amounts are not"),
            _ => format!("every quantity of the bill is a {up}th of that of the logs, and the amounts are not"),
        };
        book.explain(ledger, Finding { cause: Cause::UnitScale, confidence: Confidence::Fits, evidence }, &cells);
        return;
    }
}

/// A bill in another currency whose every amount is off by the same little: a card's or a bank's own rate.
fn exchange(book: &mut Book, ledger: &mut Ledger, fx: &[FxRate]) {
    let untied = book.untied();
    if fx.is_empty() || untied.len() < 3 {
        return;
    }
    let cells: Vec<(i128, i128, i128)> = untied
        .iter()
        .map(|(bundle, cell)| &book.bundles[*bundle].cells[*cell])
        .filter(|cell| cell.cost > 0 && cell.amount > 0)
        .map(|cell| (cell.cost + cell.open, cell.cost, cell.bound))
        .collect();
    let Some(factor) = constant(&cells).or_else(|| by_most(book, &untied)) else { return };
    let near = |rate: i128| (factor - rate).abs() * NEAR <= rate;
    // Either the amounts were taken for dollars, or the rate of the day was another.
    let Some(rate) = fx.iter().find(|rate| near(rate.pico_usd) || near(PICO_PER_USD)) else { return };
    // By the bill: the logs may have other tokens.
    let off = |(at, place): &(usize, usize)| {
        let amount = book.bundles[*at].cells[*place].amount;
        (*at, *place, div_half_even(amount.saturating_mul(factor - PICO_PER_USD), factor))
    };
    let effects: Vec<Effect> = untied.iter().map(off).filter(|(.., pico)| *pico != 0).collect();
    let shown = crate::domain::Usd::from_pico(div_half_even(factor, 1_000_000) * 1_000_000);
    let evidence = format!("every amount is {shown} of the logged cost; {} is given as {}", rate.currency, rate.text);
    set_off(book, &effects);
    for cell in book.bundles.iter_mut().flat_map(|bundle| &mut bundle.cells) {
        // The rows were rounded in the bill's own money.
        cell.bound = cell.bound.max(div_half_even(cell.bound.saturating_mul(PICO_PER_USD), factor));
    }
    book.explain(ledger, Finding { cause: Cause::Currency, confidence: Confidence::Fits, evidence }, &effects);
}

/// Amounts, costs and bounds of cells.
pub(super) type Pairs = Vec<(i128, i128, i128)>;

/// Returns the factor that most items of models share, each in all of some cells: two models at least, and half of all
/// items that tell any.
pub(super) fn by_most(book: &Book, places: &[(usize, usize)]) -> Option<i128> {
    let mut items: BTreeMap<(&Arc<str>, &Item), Pairs> = BTreeMap::new();
    for (at, place) in places {
        let (bundle, cell) = (&book.bundles[*at], &book.bundles[*at].cells[*place]);
        let (amount, cost) = (cell.priced() + cell.open, cell.priced());
        if cost > 0 && amount > 0 {
            items.entry((&bundle.model, &cell.item)).or_default().push((amount, cost, cell.bound));
        }
    }
    items.retain(|_, pairs| pairs.len() >= 3);
    let factors: BTreeMap<&(&Arc<str>, &Item), i128> =
        items.iter().filter_map(|(key, pairs)| Some((key, constant(pairs)?))).collect();
    let holders = |factor: i128| items.iter().filter(move |(_, pairs)| has_factor(pairs, factor));
    let most = factors.values().copied().max_by_key(|factor| holders(*factor).count())?;
    let models: BTreeSet<&Arc<str>> =
        holders(most).filter(|(key, _)| factors.contains_key(key)).map(|((model, _), _)| *model).collect();
    (models.len() >= 2 && holders(most).count() * 2 >= items.len()).then_some(most)
}

/// Notes that effects are neither tokens nor their prices.
fn set_off(book: &mut Book, effects: &[Effect]) {
    effects.iter().for_each(|(at, place, pico)| book.bundles[*at].cells[*place].off += pico);
}

/// Returns the factor between two sides, in 1e-12, if one and the same brings every pair inside its bound and it is not
/// one: (amount, cost, bound).
pub(super) fn constant(cells: &[(i128, i128, i128)]) -> Option<i128> {
    if cells.len() < 3 {
        return None;
    }
    let (low, high) = range(cells);
    (low <= high && !(low <= PICO_PER_USD && PICO_PER_USD <= high)).then(|| simplest(low, high))
}

/// Returns between which factors every pair is inside its bound; the first is the larger where none is.
fn range(cells: &[(i128, i128, i128)]) -> (i128, i128) {
    let (mut low, mut high) = (i128::MIN, i128::MAX);
    for (amount, cost, bound) in cells {
        let at = |pico: i128| pico.saturating_mul(PICO_PER_USD);
        low = low.max(at(amount - bound).div_euclid(*cost));
        high = high.min(at(amount + bound).div_euclid(*cost) + 1);
    }
    (low, high)
}

/// Tells whether a factor brings every pair inside its bound.
pub(super) fn has_factor(cells: &[(i128, i128, i128)], factor: i128) -> bool {
    let (low, high) = range(cells);
    low <= factor && factor <= high
}

/// Returns the number with the fewest digits between two.
pub(super) fn simplest(low: i128, high: i128) -> i128 {
    let mut step = PICO_PER_USD;
    while step > 1 {
        let candidate = low.div_euclid(step) * step + if low.rem_euclid(step) == 0 { 0 } else { step };
        if candidate <= high {
            return candidate;
        }
        step /= 10;
    }
    low
}
