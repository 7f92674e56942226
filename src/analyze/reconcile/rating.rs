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
use crate::analyze::reconcile::quantity::scaled;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::rates::value;
use crate::analyze::reconcile::rating::terms::Hypothesis;
use crate::analyze::reconcile::rating::terms::hypotheses;
use crate::analyze::reconcile::scale::constant;
use crate::analyze::reconcile::scale::most_common;
use crate::analyze::reconcile::scope::day;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Bundle;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::analyze::reconcile::sides::Strand;
use crate::domain::Class;
use crate::domain::Usd;
use crate::domain::invoice::MICRO;
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

/// Returns the strands that a hypothesis prices anew: the bill's own where they count tokens, else those of the logs.
fn strands(book: &Book, (at, place): Place) -> &[Strand] {
    let cell = &book.bundles[at].cells[place];
    if book.is_counted() && cell.log.is_empty() { cell.told(book.shape) } else { &cell.log }
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
    // What was found missing or too many is priced as the rest.
    let gap = div_half_even(gap.saturating_mul(cell.factor), PICO_PER_USD);
    let (logged, counted) = (cell.logged(), cell.counted());
    Some(if logged > 0 && counted != logged { scaled(gap, counted, logged) } else { gap })
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

/// Explains what holds for all models of a provider, a key or a workspace at once: a mode, a region, a discount.
fn everywhere(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>, inside: &[usize], is_part: bool) {
    let places = |of: &dyn Fn(Place) -> bool| -> Vec<Place> {
        let cells = |at: &usize| (0..book.bundles[*at].cells.len()).map(move |place| (*at, place)).collect::<Vec<_>>();
        inside.iter().flat_map(cells).filter(|place| of(*place)).collect()
    };
    let open = |(at, place): Place| !book.bundles[at].cells[place].ties();
    let untied = places(&|place| takes_part(book, place) && open(place));
    let models = |places: &[Place]| {
        let mut models: Vec<&Arc<str>> = places.iter().map(|(at, _)| &book.bundles[*at].model).collect();
        models.sort();
        models.dedup();
        models.len()
    };
    let period = |(at, _): &Place| book.bundles[*at].period;
    let (Some(first), Some(last)) = (untied.iter().map(period).min(), untied.iter().map(period).max()) else { return };
    let cells = places(&|place| takes_part(book, place) && (first..=last).contains(&period(&place)));
    // Single models are told better by themselves.
    if untied.len() < 3 || models(&untied) < models(&cells) || models(&cells) < 2 {
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
        .filter(|cell| cell.priced() > 0)
        .map(|cell| (cell.priced() + cell.open, cell.priced(), cell.bound))
        .collect();
    let Some(factor) = constant(&pairs).or_else(|| shared_by_most(book, &cells)) else { return };
    let shown = Usd::from_pico(div_half_even(factor, 100_000_000) * 100_000_000);
    let since = book.periods.0[first as usize].0;
    let (cause, confidence, evidence) = match factor {
        UPLIFT => (
            Cause::RegionalUplift,
            Confidence::Fits,
            format!("every price is {shown} of the table's, as where inference is kept in a region"),
        ),
        HALF => (
            Cause::BatchDiscountMissed,
            Confidence::Fits,
            "every price is half of the table's, as in a batch".to_string(),
        ),
        factor if factor < PICO_PER_USD => (
            Cause::ContractDiscount,
            Confidence::Fits,
            format!("every price is {shown} of the table's for all models from {} on", day(since)),
        ),
        // A price of their own for single keys is no currency.
        _ if is_part => return,
        _ => {
            let evidence = format!("every amount is {shown} of the logged cost: another currency, or a mark-up");
            (Cause::Currency, Confidence::Suggested, evidence)
        }
    };
    let off = |(at, place): &Place| {
        let cell = &book.bundles[*at].cells[*place];
        let off = div_half_even(cell.priced().saturating_mul(factor - PICO_PER_USD), PICO_PER_USD);
        (off != 0).then_some((*at, *place, off))
    };
    let mut effects: Vec<Effect> = cells.iter().filter_map(off).collect();
    // A discount may be on tools as well; where it is, they tie with it.
    let tools = places(&|(at, place)| matches!(book.bundles[at].cells[place].item, Item::Tool(_)) && open((at, place)));
    effects.extend(tools.iter().filter_map(off).filter(|(at, place, pico)| {
        let cell = &book.bundles[*at].cells[*place];
        (cell.open - pico).abs() <= cell.bound
    }));
    for (at, place) in &cells {
        book.bundles[*at].cells[*place].factor = factor;
    }
    book.explain(ledger, Finding { cause, confidence, evidence }, &effects);
}

/// Returns the factor that most models share, each in all its cells; the others have something else besides.
fn shared_by_most(book: &Book, cells: &[Place]) -> Option<i128> {
    let mut models: BTreeMap<&Arc<str>, Vec<(i128, i128, i128)>> = BTreeMap::new();
    for (at, place) in cells {
        let cell = &book.bundles[*at].cells[*place];
        if cell.priced() > 0 {
            let pair = (cell.priced() + cell.open, cell.priced(), cell.bound);
            models.entry(&book.bundles[*at].model).or_default().push(pair);
        }
    }
    most_common(models.values().map(|pairs| constant(pairs)).collect())
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
fn by_call(book: &mut Book, ledger: &mut Ledger) {
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
