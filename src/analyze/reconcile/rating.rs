//! Prices that are other prices: what the same tokens would cost on other terms.
//!
//! Terms that the price table has are tried before any factor is fitted: another service mode, a region, a lifetime, a
//! prompt size, another date, another model, and two of them together, because they multiply. A hypothesis is taken for
//! a run of days if it brings every cell of the run inside its bound, and what it changes is large enough to see.
//! A factor that no table has needs three cells.

mod terms;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::rates::value;
use crate::analyze::reconcile::rating::terms::Hypothesis;
use crate::analyze::reconcile::rating::terms::hypotheses;
use crate::analyze::reconcile::scale::constant;
use crate::analyze::reconcile::scope::day;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::analyze::reconcile::sides::Strand;
use crate::domain::Usd;
use crate::domain::money::PICO_PER_USD;
use crate::domain::money::div_half_even;

/// A place of a cell.
type Place = (usize, usize);

/// Explains prices that differ.
pub(super) fn explain(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>) {
    if book.untied().is_empty() {
        return;
    }
    everywhere(book, ledger, rates);
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

/// Returns the strands that a hypothesis prices anew: the bill's own where they count tokens, else those of the logs.
fn strands(book: &Book, (at, place): Place) -> &[Strand] {
    let cell = &book.bundles[at].cells[place];
    if book.is_counted() { cell.told(book.shape) } else { &cell.log }
}

/// Returns what a hypothesis changes in a cell; `None` where it has no price for it.
fn gap(book: &Book, place: Place, hypothesis: &Hypothesis, rates: &RateBook<'_>) -> Option<i128> {
    let bundle = &book.bundles[place.0];
    let cell = &bundle.cells[place.1];
    let mut gap = 0;
    for strand in strands(book, place) {
        let Some(quantity) = strand.quantity.filter(|quantity| *quantity != 0) else { continue };
        let point = book.point(bundle, cell, &strand.stated);
        let (other, class) = hypothesis.apply(&point, strand.class);
        if other == point && class == strand.class {
            continue;
        }
        let now = rates.rate(&point, strand.class)?;
        let then = rates.rate(&other, class)?;
        gap += value(quantity, then - now);
    }
    Some(gap)
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
            }
        }
        fit = Fit { seen: fit.seen + own.seen, open: fit.open + own.open, periods: fit.periods + 1 };
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
        for hypothesis in &all {
            let fit = run_of(book, &run, hypothesis, rates);
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
        note(book, ledger, hypothesis, &effects, fit, rates);
    }
}

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

/// Explains what holds for all models of a provider at once: a mode, a region, a discount.
fn everywhere(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>) {
    let untied: Vec<Place> = book.untied().into_iter().filter(|place| takes_part(book, *place)).collect();
    let models = |book: &Book, places: &[Place]| {
        let mut models: Vec<Arc<str>> = places.iter().map(|(at, _)| Arc::clone(&book.bundles[*at].model)).collect();
        models.sort();
        models.dedup();
        models.len()
    };
    let billed = book.by_model().len();
    if untied.len() < 3 || models(book, &untied) < 2.min(billed) {
        return;
    }
    let first = untied.iter().map(|(at, _)| book.bundles[*at].period).min().unwrap_or(0);
    let last = untied.iter().map(|(at, _)| book.bundles[*at].period).max().unwrap_or(0);
    let mut cells = Vec::new();
    for (at, bundle) in book.bundles.iter().enumerate() {
        if bundle.period >= first && bundle.period <= last {
            cells.extend((0..bundle.cells.len()).map(|place| (at, place)).filter(|place| takes_part(book, *place)));
        }
    }
    // Single models are told better by themselves.
    if models(book, &untied) < billed.min(models(book, &cells)) || billed < 2 {
        return;
    }
    for hypothesis in terms::everywhere(book, untied[0], rates) {
        let gaps: Option<Vec<Effect>> =
            cells.iter().map(|place| Some((place.0, place.1, gap(book, *place, &hypothesis, rates)?))).collect();
        let Some(gaps) = gaps else { continue };
        let fits = |(at, place, gap): &Effect| {
            let cell = &book.bundles[*at].cells[*place];
            (cell.open - gap).abs() <= cell.bound
        };
        if gaps.iter().all(fits) {
            let effects: Vec<Effect> = gaps.into_iter().filter(|(.., gap)| *gap != 0).collect();
            let fit = Fit { seen: effects.len(), ..Fit::default() };
            return note(book, ledger, &hypothesis, &effects, fit, rates);
        }
    }
    let pairs: Vec<(i128, i128, i128)> = cells
        .iter()
        .map(|(at, place)| &book.bundles[*at].cells[*place])
        .map(|cell| (cell.amount - cell.open, cell))
        .filter(|(explained, _)| *explained > 0)
        .map(|(explained, cell)| (explained + cell.open, explained, cell.bound))
        .collect();
    let Some(factor) = constant(&pairs) else { return };
    let effects: Vec<Effect> = cells
        .iter()
        .filter_map(|(at, place)| {
            let cell = &book.bundles[*at].cells[*place];
            let off = div_half_even((cell.amount - cell.open).saturating_mul(factor - PICO_PER_USD), PICO_PER_USD);
            (off != 0).then_some((*at, *place, off))
        })
        .collect();
    let shown = Usd::from_pico(div_half_even(factor, 100_000_000) * 100_000_000);
    let since = book.periods.0[first as usize].0;
    let (cause, evidence) = match factor < PICO_PER_USD {
        true => (
            Cause::ContractDiscount,
            format!("every price is {shown} of the table's for all models from {} on", day(since)),
        ),
        false => {
            (Cause::Currency, format!("every amount is {shown} of the logged cost: another currency, or a mark-up"))
        }
    };
    let confidence = if factor < PICO_PER_USD { Confidence::Fits } else { Confidence::Suggested };
    book.explain(ledger, Finding { cause, confidence, evidence }, &effects);
}

/// Explains prices of one model that no table has: the same factor in every cell of a class, from a day on.
fn fitted(book: &mut Book, ledger: &mut Ledger, bundles: &[usize]) {
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
            .filter(|(at, place)| book.bundles[*at].cells[*place].amount != book.bundles[*at].cells[*place].open)
            .collect();
        let cells = || run.iter().map(|(at, place)| &book.bundles[*at].cells[*place]);
        if cells().all(|cell| cell.ties()) {
            continue;
        }
        let pairs: Vec<(i128, i128, i128)> = cells()
            .filter(|cell| cell.amount > cell.open)
            .map(|cell| (cell.amount, cell.amount - cell.open, cell.bound))
            .collect();
        if pairs.len() < run.len() {
            return;
        }
        let Some(factor) = constant(&pairs) else { return };
        factors.push(factor);
        for (at, place) in run {
            let cell = &book.bundles[at].cells[place];
            let off = div_half_even((cell.amount - cell.open).saturating_mul(factor - PICO_PER_USD), PICO_PER_USD);
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
    let cause = match (free, same && alone) {
        (true, _) => Cause::FreeTier,
        (false, true) => Cause::ContractDiscount,
        (false, false) => Cause::StalePrice,
    };
    let evidence = format!("from {} on the bill's prices are those of the table times {}", day(from), words.join(", "));
    book.explain(ledger, Finding { cause, confidence: Confidence::Fits, evidence }, &effects);
}

/// Explains an amount that is the same for every call.
fn by_call(book: &mut Book, ledger: &mut Ledger) {
    let cells: Vec<Place> = book.untied().into_iter().filter(|place| takes_part(book, *place)).collect();
    if cells.len() < 3 {
        return;
    }
    let calls = |(at, place): &Place| -> i128 {
        // Calls that used the item at all.
        book.bundles[*at].cells[*place].log.iter().map(|strand| i128::from(strand.count)).sum()
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
    let effects: Vec<Effect> = cells
        .iter()
        .map(|place| (place.0, place.1, book.bundles[place.0].cells[place.1].open.min(i128::MAX)))
        .collect();
    let evidence = format!("{} more for every call, whatever its tokens", Usd::from_pico(each));
    book.explain(ledger, Finding { cause: Cause::MinimumCharge, confidence: Confidence::Fits, evidence }, &effects);
}
