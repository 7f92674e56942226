//! Calendars that disagree: days that are not final, days without logs, days cut elsewhere, rows a day away.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::analyze::reconcile::Ask;
use crate::analyze::reconcile::CallGroup;
use crate::analyze::reconcile::Calls;
use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::scope::day;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Bundle;
use crate::analyze::reconcile::sides::Cell;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::domain::Timestamp;
use crate::domain::Window;
use crate::domain::time::NANOS;
use crate::domain::window::Grain;

/// A day is settled when it ended so long ago.
const SETTLING: i64 = 48 * HOUR;
const HOUR: i64 = 3_600 * NANOS;
/// So many groups of calls are few.
const SMALL: usize = 20_000;
/// How far zones lie apart.
const SHIFTS: [i64; 26] =
    [1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7, 8, -8, 9, -9, 10, -10, 11, -11, 12, -12, 13, 14];

/// Days that are younger than two days.
pub(super) fn unsettled(book: &mut Book, ledger: &mut Ledger, now: Timestamp) {
    let young = |period: u32| book.periods.0[period as usize].1.0 > now.0.saturating_sub(SETTLING);
    let cells: Vec<Effect> = book
        .untied()
        .into_iter()
        .filter(|(bundle, _)| young(book.bundles[*bundle].period))
        .map(|(bundle, cell)| (bundle, cell, book.bundles[bundle].cells[cell].open))
        .collect();
    cells.iter().for_each(|(bundle, ..)| book.bundles[*bundle].taken = true);
    let evidence = "the days are younger than 48 hours; export them again".into();
    book.explain(ledger, Finding { cause: Cause::Unsettled, confidence: Confidence::Suggested, evidence }, &cells);
}

/// Days with a bill and without any call of the provider.
pub(super) fn unlogged_days(book: &mut Book, ledger: &mut Ledger, span: Option<(Timestamp, Timestamp)>) {
    let mut logged = vec![false; book.periods.0.len()];
    for bundle in book.bundles.iter().filter(|bundle| bundle.is_logged()) {
        logged[bundle.period as usize] = true;
    }
    // Where nothing is logged at all there are no days to tell apart.
    if !logged.contains(&true) {
        return;
    }
    let periods = book.periods.clone();
    let inside = |at: usize| span.is_some_and(|(first, last)| periods.0[at].1 > first && periods.0[at].0 <= last);
    for (wanted, evidence) in [
        (true, "no call is logged on these days, between days with calls"),
        (false, "the logs begin later or end earlier than the bill"),
    ] {
        let cells: Vec<Effect> = book
            .untied()
            .into_iter()
            .filter(|(bundle, _)| {
                let period = book.bundles[*bundle].period as usize;
                !logged[period] && inside(period) == wanted
            })
            .map(|(bundle, cell)| (bundle, cell, book.bundles[bundle].cells[cell].open))
            .collect();
        cells.iter().for_each(|(bundle, ..)| book.bundles[*bundle].taken = true);
        let evidence = evidence.to_string();
        book.explain(ledger, Finding { cause: Cause::MissingLogs, confidence: Confidence::Proved, evidence }, &cells);
    }
}

/// How far a book is from tying: cells that do not by amount, or items that do not by count.
fn distance(book: &Book) -> usize {
    let shape = book.shape;
    let differing = |cell: &Cell| match shape.is_counted() {
        true => cell.gaps(shape).len(),
        false => usize::from(!cell.ties()),
    };
    // A key that is not logged at all tells nothing of days.
    let logged: BTreeSet<(&Arc<str>, &Arc<str>)> = book
        .bundles
        .iter()
        .filter(|bundle| bundle.is_logged())
        .map(|bundle| (&bundle.workspace, &bundle.api_key))
        .collect();
    let known = |bundle: &&Bundle| logged.contains(&(&bundle.workspace, &bundle.api_key));
    let open = book.bundles.iter().filter(|bundle| !bundle.taken).filter(known);
    open.flat_map(|bundle| &bundle.cells).map(differing).sum()
}

/// Returns the items of bundles that tie, by amount or by count, and that would not by accident.
fn telling(book: &Book) -> BTreeSet<(usize, Item)> {
    let shape = book.shape;
    let mut ties = BTreeSet::new();
    for (at, bundle) in book.bundles.iter().enumerate().filter(|(_, bundle)| !bundle.taken) {
        for cell in &bundle.cells {
            let gaps = cell.gaps(shape);
            let items = cell.by_class(shape).into_iter().filter(|(_, (_, log))| *log > 0);
            match shape.is_counted() {
                true => ties.extend(
                    items
                        .map(|(class, _)| Item::of(class))
                        .filter(|item| !gaps.contains_key(item))
                        .map(|item| (at, item)),
                ),
                false if cell.ties() && cell.amount > 3 * cell.bound => drop(ties.insert((at, cell.item.clone()))),
                false => {}
            }
        }
    }
    ties
}

/// Days that the logs cut so many hours earlier or later.
pub(super) fn shifted<C: Calls>(
    book: &mut Book,
    ledger: &mut Ledger,
    rates: &RateBook<'_>,
    calls: &C,
) -> Result<(), C::Error> {
    if !alternates(book) {
        return Ok(());
    }
    let hourly = hourly(book, calls, false)?;
    let moved = |hours: i64| -> Vec<CallGroup> {
        let shift = |group: &CallGroup| CallGroup { start: Timestamp(group.start.0 + hours * HOUR), ..group.clone() };
        hourly.iter().map(shift).collect()
    };
    let before = distance(book);
    let mut best: Option<(usize, i64)> = None;
    for hours in SHIFTS {
        let mut tried = book.copy();
        tried.replace_calls(&moved(hours), rates);
        let left = distance(&tried);
        if best.is_none_or(|(least, _)| left < least) {
            best = Some((left, hours));
        }
    }
    let Some((left, hours)) = best else { return Ok(()) };
    let opens = |book: &Book| -> Vec<Vec<i128>> {
        book.bundles.iter().map(|bundle| bundle.cells.iter().map(|cell| cell.open).collect()).collect()
    };
    let old = opens(book);
    let mut tried = book.copy();
    tried.replace_calls(&moved(hours), rates);
    // Where most cells have something else besides, those that come to tie tell, if none goes that tied.
    let (ties, others) = (telling(&tried), telling(book));
    let (come, gone) = (ties.difference(&others).count(), others.difference(&ties).count());
    if left * 4 > before * 3 && (come < 4 || come < gone * 4) {
        return Ok(());
    }
    let mut effects = Vec::new();
    for (at, bundle) in tried.bundles.iter().enumerate() {
        for (place, cell) in bundle.cells.iter().enumerate() {
            let before = old.get(at).and_then(|cells| cells.get(place)).copied().unwrap_or(0);
            if before != cell.open {
                effects.push((at, place, before - cell.open));
            }
        }
    }
    // Explaining takes out of `open` what replacing has taken out already.
    effects.iter().for_each(|(at, place, pico)| tried.bundles[*at].cells[*place].open += pico);
    *book = tried;
    book.shift = hours;
    let confidence = if left == 0 { Confidence::Fits } else { Confidence::Suggested };
    let (unit, way) = (if hours.abs() == 1 { "hour" } else { "hours" }, if hours > 0 { "later" } else { "earlier" });
    let evidence = format!("calls stamped {} {unit} {way} fall on the days of the bill", hours.abs());
    book.explain(ledger, Finding { cause: Cause::TimezoneShift, confidence, evidence }, &effects);
    Ok(())
}

/// Returns the provider's calls by the hour, also of the hours around the compared spans.
fn hourly<C: Calls>(book: &Book, calls: &C, sources: bool) -> Result<Vec<CallGroup>, C::Error> {
    let span = book.span();
    let near = |ts: Option<Timestamp>, hours: i64| ts.map(|ts| Timestamp(ts.0 + hours * HOUR));
    let window = Window { since: near(span.since, -15), until: near(span.until, 15) };
    let groups = calls.groups(Ask { window, zone: book.zone, grain: Grain::Hour, sources })?;
    Ok(groups.into_iter().filter(|group| group.provider == book.provider).collect())
}

/// Returns the provider's calls by source, stamped as they were found to be.
pub(super) fn by_source<C: Calls>(book: &Book, calls: &C) -> Result<Vec<CallGroup>, C::Error> {
    if book.shift != 0 {
        let mut groups = hourly(book, calls, true)?;
        groups.iter_mut().for_each(|group| group.start = Timestamp(group.start.0 + book.shift * HOUR));
        return Ok(groups);
    }
    let groups = calls.groups(Ask { window: book.span(), zone: book.zone, grain: Grain::Day, sources: true })?;
    Ok(groups.into_iter().filter(|group| group.provider == book.provider).collect())
}

/// Returns calls that repeat others, stamped as they were found to be.
pub(super) fn repeated<C: Calls>(book: &Book, calls: &C) -> Result<Vec<CallGroup>, C::Error> {
    let span = book.span();
    let near = |ts: Option<Timestamp>, hours: i64| ts.map(|ts| Timestamp(ts.0 + hours * HOUR));
    let window = Window { since: near(span.since, -book.shift), until: near(span.until, -book.shift) };
    let stamped = |mut group: CallGroup| {
        group.start = Timestamp(group.start.0 + book.shift * HOUR);
        group
    };
    Ok(calls.repeats(window)?.into_iter().map(|repeat| stamped(repeat.extra)).collect())
}

/// Tells whether days are too much and too little in turn, as they are where they are cut elsewhere.
fn alternates(book: &Book) -> bool {
    let shape = book.shape;
    let mut days: BTreeMap<u32, ()> = BTreeMap::new();
    let (mut over, mut under) = (0i128, 0i128);
    for bundle in book.bundles.iter().filter(|bundle| !bundle.taken) {
        for cell in &bundle.cells {
            let gap = match cell.quantity(shape) {
                Some(quantity) => quantity - cell.counted(),
                None if cell.ties() => 0,
                None => cell.open,
            };
            if gap != 0 {
                days.insert(bundle.period, ());
            }
            if gap > 0 { over += gap } else { under -= gap }
        }
    }
    // Trying every zone costs; where one way outweighs the other it is worth it for small logs alone.
    let even = over.min(under) * 5 >= over.max(under) || book.groups < SMALL;
    days.len() >= 2 && over > 0 && under > 0 && even
}

/// Rows that stand one day away: two days that cancel.
pub(super) fn a_day_away(book: &mut Book, ledger: &mut Ledger) {
    if book.shape.is_counted() {
        return counts_a_day_away(book, ledger);
    }
    let mut series: BTreeMap<_, BTreeMap<u32, (usize, usize)>> = BTreeMap::new();
    for (at, place) in book.untied() {
        let bundle = &book.bundles[at];
        let key = (bundle.series(), bundle.cells[place].item.clone());
        series.entry(key).or_default().insert(bundle.period, (at, place));
    }
    let mut effects: Vec<Effect> = Vec::new();
    for days in series.values() {
        let mut last: Option<(u32, (usize, usize))> = None;
        for (period, place) in days {
            let cell = |(at, place): (usize, usize)| &book.bundles[at].cells[place];
            if let Some((_, other)) = last.filter(|(before, _)| before + 1 == *period) {
                let (a, b) = (cell(other), cell(*place));
                let cancels = (a.open + b.open).abs() <= a.bound + b.bound;
                // Much smaller than either: two days that are both a little off do not cancel.
                if cancels && a.open.abs() > 4 * (a.bound + b.bound) {
                    effects.push((other.0, other.1, a.open));
                    effects.push((place.0, place.1, b.open));
                    last = None;
                    continue;
                }
            }
            last = Some((*period, *place));
        }
    }
    let bundles: Vec<usize> = effects.iter().map(|(bundle, ..)| *bundle).collect();
    // A bundle moves whole: where half its items stay open, it is something else.
    effects.retain(|(at, ..)| {
        let bundle = &book.bundles[*at];
        bundle.cells.iter().filter(|cell| !cell.ties()).count() == bundles.iter().filter(|other| *other == at).count()
    });
    let first = effects.iter().map(|(at, ..)| book.start(&book.bundles[*at])).min();
    let confidence = if effects.len() >= 3 { Confidence::Fits } else { Confidence::Suggested };
    let evidence = format!("rows stand one day away, from {}", first.map(day).unwrap_or_default());
    for (at, place, _) in &effects {
        let shape = book.shape;
        book.bundles[*at].cells[*place].level(shape);
    }
    book.explain(ledger, Finding { cause: Cause::PeriodEdge, confidence, evidence }, &effects);
}

/// The same where tokens are counted: what one day lacks, the next has too much, class by class.
fn counts_a_day_away(book: &mut Book, ledger: &mut Ledger) {
    let shape = book.shape;
    let gaps = |bundle: &Bundle| -> BTreeMap<Item, i128> {
        let mut gaps: BTreeMap<Item, i128> = BTreeMap::new();
        for cell in bundle.cells.iter().filter(|cell| !matches!(cell.item, Item::Tool(_))) {
            gaps.extend(cell.gaps(shape));
        }
        gaps
    };
    let mut series: BTreeMap<_, BTreeMap<u32, usize>> = BTreeMap::new();
    for (at, bundle) in book.bundles.iter().enumerate().filter(|(_, bundle)| !bundle.taken) {
        series.entry(bundle.series()).or_default().insert(bundle.period, at);
    }
    let mut effects: Vec<Effect> = Vec::new();
    for days in series.values() {
        let mut last: Option<(u32, usize)> = None;
        for (period, at) in days {
            let own = gaps(&book.bundles[*at]);
            if let Some((_, other)) = last.filter(|(before, _)| before + 1 == *period) {
                let before = gaps(&book.bundles[other]);
                let cancels = !own.is_empty()
                    && own.len() == before.len()
                    && own.iter().all(|(item, gap)| before.get(item).is_some_and(|other| gap + other == 0));
                if cancels {
                    for at in [other, *at] {
                        let cells = book.bundles[at].cells.iter().enumerate();
                        let cells =
                            cells.filter(|(_, cell)| !cell.is_even(shape) && !matches!(cell.item, Item::Tool(_)));
                        effects.extend(cells.map(|(place, cell)| (at, place, cell.open)));
                    }
                    last = None;
                    continue;
                }
            }
            last = Some((*period, *at));
        }
    }
    for (at, place, _) in &effects {
        book.bundles[*at].cells[*place].level(shape);
    }
    let first = effects.iter().map(|(at, ..)| book.start(&book.bundles[*at])).min();
    let confidence = if effects.len() >= 3 { Confidence::Fits } else { Confidence::Suggested };
    let evidence = format!("rows stand one day away, from {}", first.map(day).unwrap_or_default());
    book.explain(ledger, Finding { cause: Cause::PeriodEdge, confidence, evidence }, &effects);
}

/// What only the first or only the last day has open: the bill or the logs begin or end inside it.
pub(super) fn edges(book: &mut Book, ledger: &mut Ledger, models: usize) {
    let untied = book.untied();
    let periods: BTreeSet<u32> = untied.iter().map(|(bundle, _)| book.bundles[*bundle].period).collect();
    let last = book.periods.0.len() as u32 - 1;
    let [only] = periods.iter().copied().collect::<Vec<u32>>()[..] else { return };
    if last < 2 || (only != 0 && only != last) {
        return;
    }
    let open = |(bundle, cell): &(usize, usize)| book.bundles[*bundle].cells[*cell].open;
    // Other causes may move single cells the other way.
    let total: i128 = untied.iter().map(open).sum();
    let size: i128 = untied.iter().map(|place| open(place).abs()).sum();
    let one_way = total.abs() * 3 >= size;
    let mut touched: Vec<&Arc<str>> = untied.iter().map(|(bundle, _)| &book.bundles[*bundle].model).collect();
    touched.dedup();
    if !one_way || untied.len() < 2 || touched.len() < models {
        return;
    }
    let effects: Vec<Effect> = untied.iter().map(|place| (place.0, place.1, open(place))).collect();
    let evidence = match only {
        0 => "only the first day differs: one side begins inside it",
        _ => "only the last day differs: one side ends inside it, and the rest is billed with the next",
    };
    let confidence = Confidence::Suggested;
    book.explain(ledger, Finding { cause: Cause::PeriodEdge, confidence, evidence: evidence.into() }, &effects);
}

/// The last days of a bill that are all lower than the logs, or that the provider calls open.
pub(super) fn late(book: &mut Book, ledger: &mut Ledger) {
    let untied = book.untied();
    let last = book.periods.0.len() as u32 - 1;
    let open = |(bundle, cell): &(usize, usize)| book.bundles[*bundle].cells[*cell].open;
    let low: Vec<Effect> = untied
        .iter()
        .filter(|(bundle, _)| book.bundles[*bundle].period + 3 > last)
        .map(|place| (place.0, place.1, open(place)))
        .collect();
    let days: BTreeSet<u32> = low.iter().map(|(at, ..)| book.bundles[*at].period).collect();
    let all = low.len() == untied.len() && days.len() >= 2 && last >= 5 && low.iter().all(|(.., pico)| *pico < 0);
    let provisional: Vec<Effect> = untied
        .iter()
        .filter(|(bundle, _)| book.bundles[*bundle].provisional)
        .map(|place| (place.0, place.1, open(place)))
        .collect();
    let (effects, evidence) = match all {
        true => (low, "only the last days are low on the bill: export them again"),
        false => (provisional, "the provider does not call these lines final"),
    };
    let confidence = Confidence::Suggested;
    book.explain(ledger, Finding { cause: Cause::Unsettled, confidence, evidence: evidence.into() }, &effects);
}
