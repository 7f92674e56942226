//! Prices that are other prices: what the same tokens would cost on other terms.
//!
//! Terms that the price table has are tried before any factor is fitted: another service mode, a region, a lifetime, a
//! prompt size, another date, another model, and two of them together, because they multiply. A hypothesis is taken for
//! a run of days if it brings every cell of the run inside its bound, and what it changes is large enough to see.
//! A factor that no table has needs three cells.

mod everywhere;
mod fitted;
mod terms;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::quantity::scaled;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::rates::value;
use crate::analyze::reconcile::rating::everywhere::everywhere;
use crate::analyze::reconcile::rating::fitted::by_call;
use crate::analyze::reconcile::rating::fitted::by_call_of_most;
use crate::analyze::reconcile::rating::fitted::fitted;
use crate::analyze::reconcile::rating::terms::Hypothesis;
use crate::analyze::reconcile::rating::terms::hypotheses;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Bundle;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::analyze::reconcile::sides::Stated;
use crate::analyze::reconcile::sides::Strand;
use crate::domain::Class;
use crate::domain::money::PICO_PER_USD;
use crate::domain::money::div_half_even;

/// What data residency costs with every seller that has a price for it.
const UPLIFT: i128 = PICO_PER_USD / 10 * 11;
/// What a batch costs with every seller that has a price for it.
const HALF: i128 = PICO_PER_USD / 2;

/// A place of a cell.
type Place = (usize, usize);

/// Explains prices that differ.
pub(super) fn explain(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>) {
    if book.untied().is_empty() {
        return;
    }
    by_call_of_most(book, ledger);
    let all: Vec<usize> = (0..book.bundles.len()).collect();
    everywhere(book, ledger, rates, &all, false);
    for of in [|bundle: &Bundle| Arc::clone(&bundle.api_key), |bundle: &Bundle| Arc::clone(&bundle.workspace)] {
        let mut parts: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
        for (at, bundle) in book.bundles.iter().enumerate() {
            parts.entry(of(bundle)).or_default().push(at);
        }
        if parts.len() > 1 {
            parts.values().for_each(|part| everywhere(book, ledger, rates, part, true));
        }
    }
    for (model, places) in book.by_model() {
        if model.is_empty() {
            continue;
        }
        series(book, ledger, rates, &places);
        for of in [
            |book: &Book, at: usize| Arc::clone(&book.bundles[at].api_key),
            |book: &Book, at: usize| Arc::clone(&book.bundles[at].workspace),
        ] {
            let mut parts: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
            for at in &places {
                parts.entry(of(book, *at)).or_default().push(*at);
            }
            if parts.len() > 1 {
                parts.values().for_each(|part| series(book, ledger, rates, part));
            }
        }
        fitted(book, ledger, &places);
    }
    by_call(book, ledger);
}

/// Tells whether a cell takes part: logged or counted tokens with a price.
fn takes_part(book: &Book, (at, place): Place) -> bool {
    let bundle = &book.bundles[at];
    let cell = &bundle.cells[place];
    let counted = !book.is_counted() || cell.is_even(book.shape);
    !bundle.taken && counted && !matches!(cell.item, Item::Tool(_)) && (cell.counted() != 0 || cell.amount != 0)
}

/// Tokens that a hypothesis prices anew.
struct Priced<'c> {
    class: Class,
    stated: &'c Stated,
    /// In millionths.
    quantity: i128,
    /// Of how many tokens of the item these are and stand for, as the causes found so far would have it.
    share: Option<(i128, i128)>,
}

/// Returns the tokens of a cell: the bill's own where they are counted and no call is logged, else those of the logs.
/// What was found missing or too many is priced as the rest of its item.
fn tokens(book: &Book, (at, place): Place) -> Vec<Priced<'_>> {
    static PLAIN: Stated = Stated { tier: None, region: None, prompt: None };
    let cell = &book.bundles[at].cells[place];
    let is_told = book.is_counted() && cell.log.is_empty();
    let moved = if is_told { &[][..] } else { cell.moved.as_slice() };
    let mut items: BTreeMap<Item, (Class, i128, i128)> = BTreeMap::new();
    for (class, micro) in moved {
        items.entry(Item::of(*class)).or_insert((*class, 0, 0)).2 += micro;
    }
    for (item, (_, logged, counted)) in &mut items {
        let own = cell.log.iter().filter(|strand| Item::of(strand.class) == *item);
        *logged = own.filter_map(|strand| strand.quantity).sum();
        *counted += *logged;
    }
    let of = |strand: &'_ Strand| {
        let (_, logged, counted) = items.get(&Item::of(strand.class))?;
        (logged != counted).then_some((*logged, *counted))
    };
    let strands = if is_told { cell.told(book.shape) } else { cell.log.as_slice() };
    let mut tokens: Vec<Priced<'_>> = Vec::with_capacity(strands.len());
    for strand in strands {
        if let Some(quantity) = strand.quantity.filter(|quantity| *quantity != 0) {
            tokens.push(Priced { class: strand.class, stated: &strand.stated, quantity, share: of(strand) });
        }
    }
    for (class, _, quantity) in items.into_values().filter(|(_, logged, _)| *logged == 0) {
        tokens.push(Priced { class, stated: &PLAIN, quantity, share: None });
    }
    tokens
}

/// Returns what a hypothesis changes in a cell; `None` where it has no price for it.
fn gap(book: &Book, place: Place, hypothesis: &Hypothesis, rates: &RateBook<'_>) -> Option<i128> {
    let bundle = &book.bundles[place.0];
    let cell = &bundle.cells[place.1];
    let mut gap = 0;
    for Priced { class, stated, quantity, share } in tokens(book, place) {
        let point = book.point(bundle, cell, stated);
        let (other, as_class) = hypothesis.apply(&point, class);
        if other == point && as_class == class {
            continue;
        }
        let now = rates.rate(&point, class)?;
        let then = rates.rate(&other, as_class)?;
        let change = value(quantity, then - now);
        gap += share.map_or(change, |(logged, counted)| scaled(change, counted, logged));
    }
    Some(div_half_even(gap.saturating_mul(cell.factor), PICO_PER_USD))
}

/// How a hypothesis does on a run of cells.
#[derive(Clone, Copy, Default)]
struct Fit {
    /// Cells that it changes by more than rounding and brings to tie.
    seen: usize,
    /// What these had open, in picodollars.
    open: i128,
    /// How many periods the run has.
    periods: usize,
    /// The classes among the cells that it changes, as bits; whole calls have several.
    classes: u32,
}

/// Returns how far a hypothesis holds from the first of some periods on, without a break.
fn run_of(book: &Book, periods: &BTreeMap<u32, Vec<Place>>, hypothesis: &Hypothesis, rates: &RateBook<'_>) -> Fit {
    let mut fit = Fit::default();
    for cells in periods.values() {
        let mut own = Fit::default();
        for place in cells {
            let cell = &book.bundles[place.0].cells[place.1];
            let Some(gap) = gap(book, *place, hypothesis, rates) else { return fit };
            if (cell.open - gap).abs() > cell.bound {
                return fit;
            }
            if !cell.ties() && gap.abs() > cell.bound {
                own.seen += 1;
                own.open += cell.open.abs();
                own.classes |= match &cell.item {
                    Item::Tokens(class) => 1 << (*class as u32),
                    Item::CacheWrite => 1 << Class::CacheWrite5m as u32,
                    Item::Whole | Item::Tool(_) => u32::MAX,
                };
            }
        }
        fit.seen += own.seen;
        fit.open += own.open;
        fit.periods += 1;
        fit.classes |= own.classes;
    }
    fit
}

/// Explains a series of bundles run by run.
fn series(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>, bundles: &[usize]) {
    // A run ends at latest with the last period that has something open.
    for _ in 0..8 {
        let mut periods: BTreeMap<u32, Vec<Place>> = BTreeMap::new();
        for at in bundles {
            for place in (0..book.bundles[*at].cells.len()).filter(|place| takes_part(book, (*at, *place))) {
                periods.entry(book.bundles[*at].period).or_default().push((*at, place));
            }
        }
        let is_open = |cells: &Vec<Place>| cells.iter().any(|(at, place)| !book.bundles[*at].cells[*place].ties());
        let open: Vec<u32> = periods.iter().filter(|(_, cells)| is_open(cells)).map(|(period, _)| *period).collect();
        let (Some(first), Some(last)) = (open.first(), open.last()) else { return };
        let run: BTreeMap<u32, Vec<Place>> =
            periods.range(*first..=*last).map(|(period, cells)| (*period, cells.clone())).collect();
        let Some(sample) = run.values().flatten().find(|(at, place)| !book.bundles[*at].cells[*place].ties()) else {
            return;
        };
        let all = hypotheses(book, *sample, rates);
        let untied: usize =
            run.values().flatten().filter(|(at, place)| !book.bundles[*at].cells[*place].ties()).count();
        let mut best: Option<(Fit, &Hypothesis)> = None;
        let mut fits: Vec<(Fit, &Hypothesis)> = Vec::new();
        for hypothesis in &all {
            let fit = run_of(book, &run, hypothesis, rates);
            // A price that changes on the way is one model's two prices, not two models'.
            if hypothesis.is_other_model() && (fit.classes.count_ones() < 2 || periods.keys().next() != Some(first)) {
                continue;
            }
            if fit.seen > 0 && hypothesis.first().is_none() {
                fits.push((fit, hypothesis));
            }
            // The first of equals is the simplest.
            let better = best.as_ref().is_none_or(|(known, _)| fit.open > known.open);
            if fit.seen >= hypothesis.needs(untied) && better {
                best = Some((fit, hypothesis));
            }
        }
        let Some((fit, hypothesis)) = best else { return };
        let mut effects: Vec<Effect> = Vec::new();
        for place in run.values().take(fit.periods).flatten() {
            if let Some(gap) = gap(book, *place, hypothesis, rates).filter(|gap| *gap != 0) {
                effects.push((place.0, place.1, gap));
            }
        }
        let mut also: Vec<(Cause, String)> = Vec::new();
        for (other, twin) in fits {
            let is_twin = (other.periods, other.seen) == (fit.periods, fit.seen) && twin.cause() != hypothesis.cause();
            if is_twin && also.len() < MOST_TWINS && !also.iter().any(|(cause, _)| *cause == twin.cause()) {
                also.push((twin.cause(), format!("{}; {}", twin.evidence(), twin.cause().told_by())));
            }
        }
        let name = (hypothesis.cause(), hypothesis.evidence());
        note(book, ledger, hypothesis, &effects, fit, rates);
        ledger.doubt(name.0, &name.1, also);
    }
}

/// Other causes that are told beside the one that was taken.
const MOST_TWINS: usize = 3;

/// Notes a hypothesis; one that stands for two causes is parted between them, one after the other.
fn note(
    book: &mut Book,
    ledger: &mut Ledger,
    hypothesis: &Hypothesis,
    effects: &[Effect],
    fit: Fit,
    rates: &RateBook<'_>,
) {
    let confidence = if fit.seen >= 3 { Confidence::Fits } else { Confidence::Suggested };
    let Some(first) = hypothesis.first() else {
        let (cause, evidence) = (hypothesis.cause(), hypothesis.evidence());
        return book.explain(ledger, Finding { cause, confidence, evidence }, effects);
    };
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for (at, place, pico) in effects {
        let part = gap(book, (*at, *place), &first, rates).unwrap_or(0);
        if part != 0 {
            one.push((*at, *place, part));
        }
        if *pico != part {
            two.push((*at, *place, pico - part));
        }
    }
    book.explain(ledger, Finding { cause: first.cause(), confidence, evidence: first.evidence() }, &one);
    book.explain(ledger, Finding { cause: hypothesis.cause(), confidence, evidence: hypothesis.evidence() }, &two);
}
