//! Keys, workspaces and models that only one side has. Equal names are matched; anything else is a proposal.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Bundle;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::analyze::reconcile::sides::Owner;
use crate::analyze::reconcile::sides::Strand;
use crate::domain::Class;

/// A dimension, where a bundle has it, and of how many keys a value must be.
type Naming = (&'static str, fn(&Bundle) -> &Arc<str>, usize);

/// Explains keys and workspaces that only one side has.
pub(super) fn one_sided(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>) {
    // A workspace with several keys is one cause; a single key is named by itself.
    values(book, ledger, rates, ("workspace", |bundle| &bundle.workspace, 2));
    values(book, ledger, rates, ("api_key", |bundle| &bundle.api_key, 0));
    values(book, ledger, rates, ("workspace", |bundle| &bundle.workspace, 0));
}

/// Explains models that only one side has, and calls without a price.
pub(super) fn explain(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>) {
    shared(book, ledger);
    aliases(book, ledger, rates);
    unpriced(book, ledger);
}

/// Tokens that the bill gives away without naming their model, where the logs have as many of all models together.
fn shared(book: &mut Book, ledger: &mut Ledger) {
    let shape = book.shape;
    // A usage report names the models.
    if shape.reported {
        return;
    }
    let mut given: BTreeMap<(Owner, Item), i128> = BTreeMap::new();
    let mut spare: BTreeMap<(Owner, Item), (i128, Vec<Effect>)> = BTreeMap::new();
    for (at, bundle) in book.bundles.iter().enumerate().filter(|(_, bundle)| !bundle.taken) {
        let owner = bundle.owner();
        for (place, cell) in bundle.cells.iter().enumerate().filter(|(_, cell)| !matches!(cell.item, Item::Tool(_))) {
            let key = (owner.clone(), cell.item.clone());
            let told: i128 = cell.bill.iter().filter_map(|strand| strand.quantity).sum();
            if bundle.model.is_empty() && cell.amount == 0 && told > 0 {
                *given.entry(key).or_default() += told;
            } else if !bundle.model.is_empty() && cell.logged() > told && cell.open < 0 {
                let entry = spare.entry(key).or_default();
                entry.0 += cell.logged() - told;
                entry.1.push((at, place, cell.open));
            }
        }
    }
    let mut effects: Vec<Effect> = Vec::new();
    for ((owner, item), tokens) in &given {
        // Providers that give tokens away do not part what was cached.
        let of = |item: Item| {
            spare.get(&(owner.clone(), item)).map_or((0, &[][..]), |(sum, cells)| (*sum, cells.as_slice()))
        };
        let (own, cells) = of(item.clone());
        let (reads, cached) = of(Item::Tokens(Class::CacheRead));
        let (writes, written) = of(Item::CacheWrite);
        if own == *tokens {
            effects.extend(cells);
            // Cached tokens of a count that contains them are not charged either.
            if *item == Item::Tokens(Class::Input) {
                effects.extend(cached.iter().chain(written));
            }
        } else if *item == Item::Tokens(Class::Input) && own + reads == *tokens {
            effects.extend(cells.iter().chain(cached));
        } else if *item == Item::Tokens(Class::Input) && own + reads + writes == *tokens {
            effects.extend(cells.iter().chain(cached).chain(written));
        }
    }
    for (at, place, _) in &effects {
        book.bundles[*at].cells[*place].level(shape);
    }
    if !effects.is_empty() {
        for bundle in book.bundles.iter_mut().filter(|bundle| bundle.model.is_empty()) {
            let free = bundle.cells.iter_mut().filter(|cell| cell.amount == 0 && cell.logged() == 0);
            free.for_each(|cell| cell.level(shape));
        }
    }
    let evidence = "the bill gives as many tokens away as the logs have too many".into();
    let confidence = if effects.len() >= 3 { Confidence::Fits } else { Confidence::Suggested };
    book.explain(ledger, Finding { cause: Cause::FreeTier, confidence, evidence }, &effects);
}

/// Values of a dimension that only the bill has, or only the logs.
fn values(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>, (name, of, keys): Naming) {
    let mut sides: BTreeMap<Arc<str>, (bool, bool)> = BTreeMap::new();
    for bundle in book.bundles.iter().filter(|bundle| !of(bundle).is_empty() && !bundle.taken && !bundle.named) {
        let side = sides.entry(Arc::clone(of(bundle))).or_default();
        side.0 |= bundle.billed;
        side.1 |= bundle.is_logged() || bundle.cells.iter().any(|cell| !cell.log.is_empty());
    }
    for (value, (billed, logged)) in sides {
        if billed == logged {
            continue;
        }
        let places: Vec<usize> = (0..book.bundles.len())
            .filter(|at| !book.bundles[*at].taken && !book.bundles[*at].named && *of(&book.bundles[*at]) == value)
            .collect();
        let own: BTreeSet<&Arc<str>> = places.iter().map(|at| &book.bundles[*at].api_key).collect();
        if own.len() < keys {
            continue;
        }
        let mut effects = Vec::new();
        for at in &places {
            let bundle = &book.bundles[*at];
            for (place, cell) in bundle.cells.iter().enumerate().filter(|(_, cell)| cell.open != 0) {
                // Where the price differs elsewhere too, it is a cause by itself.
                let value = quantity_value(book, *at, place, rates).filter(|_| book.differs_elsewhere(*at, &cell.item));
                effects.push((*at, place, value.unwrap_or(cell.open)));
            }
        }
        for at in places {
            let shape = book.shape;
            book.bundles[at].cells.iter_mut().for_each(|cell| cell.level(shape));
            // What the bill counts may still have another price.
            book.bundles[at].named = true;
            book.bundles[at].taken = !shape.is_counted();
        }
        let (cause, confidence, evidence) = match billed {
            true => (Cause::UnloggedKey, Confidence::Proved, format!("no call is logged under {name} `{value}`")),
            false => {
                let evidence = format!("{name} `{value}` is not on the bill: was the export filtered?");
                (Cause::GroupCap, Confidence::Suggested, evidence)
            }
        };
        book.explain(ledger, Finding { cause, confidence, evidence }, &effects);
    }
}

/// Returns what a cell's billed tokens cost by the table, where the bill or its report counts them; what is then still
/// open is a matter of price.
pub(super) fn quantity_value(book: &Book, at: usize, place: usize, rates: &RateBook<'_>) -> Option<i128> {
    let bundle = &book.bundles[at];
    let cell = &bundle.cells[place];
    cell.quantity(book.shape)?;
    let mut sum = 0;
    for strand in cell.told(book.shape) {
        sum += book.value_of(bundle, cell, strand, rates)?;
    }
    (sum != 0).then_some(sum - cell.cost).filter(|value| (cell.open - value).abs() > cell.bound)
}

/// What a model's tokens are by day, workspace, key and item.
type Counts = BTreeMap<(u32, Arc<str>, Arc<str>, Item), i128>;

/// What an item of a day costs, with how far rounding can take it: (day, item, picodollars, bound).
type Paid = (u32, Item, i128, i128);

/// A model only on the bill and one only in the logs with the same counts are one model under two names.
fn aliases(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>) {
    let models = book.by_model();
    let any = |places: &Vec<usize>, is: &dyn Fn(&Bundle) -> bool| places.iter().any(|at| is(&book.bundles[*at]));
    let shape = book.shape;
    let counts = |places: &Vec<usize>, logged: bool| -> Counts {
        let mut counts = Counts::new();
        for bundle in places.iter().map(|at| &book.bundles[*at]) {
            for cell in &bundle.cells {
                let count = if logged { Some(cell.logged()) } else { cell.quantity(shape) };
                if let Some(count) = count.filter(|count| *count != 0) {
                    let key =
                        (bundle.period, Arc::clone(&bundle.workspace), Arc::clone(&bundle.api_key), cell.item.clone());
                    counts.insert(key, count);
                }
            }
        }
        counts
    };
    let amounts = |places: &Vec<usize>, logged: bool| -> Vec<Paid> {
        let cells = places.iter().map(|at| &book.bundles[*at]).flat_map(|bundle| {
            bundle.cells.iter().map(move |cell| {
                let pico = if logged { cell.cost } else { cell.amount };
                (bundle.period, cell.item.clone(), pico, cell.bound)
            })
        });
        let mut all: Vec<_> = cells.filter(|(.., pico, _)| *pico != 0).collect();
        all.sort();
        all
    };
    let mut found = Vec::new();
    let mut used: BTreeSet<Arc<str>> = BTreeSet::new();
    let is_stranger = |places: &Vec<usize>| any(places, &Bundle::is_logged) && !any(places, &|bundle| bundle.billed);
    let strangers: Vec<(&Arc<str>, &Vec<usize>)> =
        models.iter().filter(|(name, places)| !name.is_empty() && is_stranger(places)).collect();
    for (billed, own) in models.iter().filter(|(name, _)| !name.is_empty() && !strangers.is_empty()) {
        let wanted = counts(own, false);
        // Counts can tell that some of a model's calls are logged under its own name as well.
        if !any(own, &|bundle| bundle.billed) || wanted.is_empty() && any(own, &Bundle::is_logged) {
            continue;
        }
        let by_itself = in_common(&wanted, &counts(own, true));
        for (logged, others) in &strangers {
            if used.contains(*logged) {
                continue;
            }
            let same = match wanted.is_empty() {
                false => {
                    let counts = counts(others, true);
                    mostly_same(&wanted, &counts) && in_common(&wanted, &counts) > by_itself
                }
                true => {
                    let (bill, log) = (amounts(own, false), amounts(others, true));
                    let same = |(a, b): (&Paid, &Paid)| (a.0, &a.1) == (b.0, &b.1) && (a.2 - b.2).abs() <= a.3;
                    !log.is_empty() && bill.len() == log.len() && bill.iter().zip(&log).all(same)
                }
            };
            if same {
                used.insert(Arc::clone(logged));
                found.push((Arc::clone(billed), Arc::clone(logged), own.clone(), others.to_vec(), wanted.len()));
                break;
            }
        }
    }
    for (billed, logged, own, others, cells) in found {
        book.aliased = true;
        let effects = match book.is_counted() {
            true => joined(book, &own, &others, rates),
            false => {
                let mut effects = Vec::new();
                for at in own.iter().chain(&others) {
                    let cells = book.bundles[*at].cells.iter().enumerate().filter(|(_, cell)| cell.open != 0);
                    effects.extend(cells.map(|(place, cell)| (*at, place, cell.open)));
                    book.bundles[*at].taken = true;
                }
                effects
            }
        };
        let confidence = if cells >= 3 { Confidence::Fits } else { Confidence::Suggested };
        let evidence = format!(
            "`{billed}` on the bill and `{logged}` in the logs have the same counts of tokens: one model under two names?"
        );
        book.explain(ledger, Finding { cause: Cause::Alias, confidence, evidence }, &effects);
    }
}

/// Returns how many counts are the same.
fn in_common(bill: &Counts, logs: &Counts) -> usize {
    bill.iter().filter(|(key, count)| logs.get(key) == Some(count)).count()
}

/// Tells whether most counts are the same, or some are and one side merely lacks calls: whole numbers of thousands do
/// not meet by accident.
fn mostly_same(bill: &Counts, logs: &Counts) -> bool {
    let same = in_common(bill, logs);
    let within = |few: &Counts, all: &Counts| few.iter().all(|(key, count)| all.get(key).is_some_and(|of| count <= of));
    let lacks = || within(logs, bill) || within(bill, logs);
    bill == logs || same >= 2 && (same * 5 >= bill.len().max(logs.len()) * 2 || lacks())
}

/// Hands the calls of one name to the bundles of the other; returns what that changes.
fn joined(book: &mut Book, own: &[usize], others: &[usize], rates: &RateBook<'_>) -> Vec<Effect> {
    let mut effects: Vec<Effect> = Vec::new();
    for from in others {
        let wanted = book.bundles[*from].owner();
        let Some(to) = own.iter().copied().find(|to| book.bundles[*to].owner() == wanted) else { continue };
        for place in 0..book.bundles[*from].cells.len() {
            let cell = &book.bundles[*from].cells[place];
            let (item, cost, strands) = (cell.item.clone(), cell.cost, cell.log.clone());
            let tokens: Vec<(Class, i128)> =
                strands.iter().map(|strand| (strand.class, strand.quantity.unwrap_or(0))).collect();
            let at = book.bundles[to].place(&item);
            // Without a price by its other name the amount is all there is.
            let bundle = &book.bundles[to];
            let priced = |strand: &Strand| book.value_of(bundle, &bundle.cells[at], strand, rates);
            let value: Option<i128> = strands.iter().map(priced).sum();
            let target = &mut book.bundles[to].cells[at];
            let even = target.quantity(book.shape) == Some(tokens.iter().map(|(_, micro)| micro).sum());
            target.moved.extend(&tokens);
            let value = value.filter(|value| !even || (target.open - value).abs() > target.bound);
            effects.push((to, at, value.unwrap_or(target.open)));
            effects.push((*from, place, -cost));
            let gone = tokens.into_iter().map(|(class, micro)| (class, -micro));
            book.bundles[*from].cells[place].moved.extend(gone);
        }
        let bundle = &book.bundles[*from];
        let counts = (bundle.calls, bundle.failed, bundle.blank_failures, bundle.blank, bundle.reasoning);
        let target = &mut book.bundles[to];
        target.calls += counts.0;
        target.failed += counts.1;
        target.blank_failures += counts.2;
        target.blank += counts.3;
        target.reasoning += counts.4;
        let bundle = &mut book.bundles[*from];
        (bundle.calls, bundle.failed, bundle.blank_failures, bundle.blank, bundle.reasoning) = (0, 0, 0, 0, 0);
        bundle.unpriced = 0;
    }
    effects.retain(|(.., pico)| *pico != 0);
    effects
}

/// Logged calls without a price where the bill has one.
fn unpriced(book: &mut Book, ledger: &mut Ledger) {
    let shape = book.shape;
    let mut by_model: BTreeMap<Arc<str>, (Vec<Effect>, bool)> = BTreeMap::new();
    for (at, bundle) in book.bundles.iter().enumerate().filter(|(_, bundle)| !bundle.taken) {
        if bundle.unpriced == 0 || bundle.unpriced == bundle.blank_failures {
            continue;
        }
        for (place, cell) in bundle.cells.iter().enumerate() {
            let logged = cell.logged();
            if cell.cost != 0 || logged == 0 || cell.amount == 0 || cell.ties() {
                continue;
            }
            let (share, exact) = match cell.quantity(shape) {
                Some(quantity) if quantity > logged => {
                    (crate::domain::money::div_half_even(cell.open * (logged / 1_000), quantity / 1_000), false)
                }
                Some(quantity) => (cell.open, quantity == logged),
                None => (cell.open, false),
            };
            let entry = by_model.entry(Arc::clone(&bundle.model)).or_insert((Vec::new(), true));
            entry.0.push((at, place, share));
            entry.1 &= exact;
        }
    }
    for (model, (effects, exact)) in by_model {
        let confidence = if exact { Confidence::Fits } else { Confidence::Suggested };
        let evidence = format!("calls of `{model}` are logged and have no price");
        book.explain(ledger, Finding { cause: Cause::UnpricedCalls, confidence, evidence }, &effects);
    }
}
