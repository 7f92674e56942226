//! What holds for all models of a provider, a key or a workspace at once: a mode, a region, a discount.

use std::sync::Arc;

use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::rating::Fit;
use crate::analyze::reconcile::rating::HALF;
use crate::analyze::reconcile::rating::Place;
use crate::analyze::reconcile::rating::UPLIFT;
use crate::analyze::reconcile::rating::gap;
use crate::analyze::reconcile::rating::note;
use crate::analyze::reconcile::rating::takes_part;
use crate::analyze::reconcile::rating::terms;
use crate::analyze::reconcile::scale::by_most;
use crate::analyze::reconcile::scale::constant;
use crate::analyze::reconcile::scope::day;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::domain::Usd;
use crate::domain::money::PICO_PER_USD;
use crate::domain::money::div_half_even;

/// Explains what holds for all models of a provider, a key or a workspace at once: a mode, a region, a discount.
pub(super) fn everywhere(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>, inside: &[usize], is_part: bool) {
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
    // A key that is on one side alone was taken with its prices, where it ties.
    let silent = |place: Place| book.bundles[place.0].named && !open(place);
    let cells = places(&|place| takes_part(book, place) && !silent(place) && (first..=last).contains(&period(&place)));
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
    let Some(factor) = constant(&pairs).or_else(|| by_most(book, &cells)) else { return };
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
