//! Tokens that both sides have, in another class or another service mode.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::quantity::scaled;
use crate::analyze::reconcile::quantity::standard;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::rates::bought;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Cell;
use crate::analyze::reconcile::sides::Effect;
use crate::analyze::reconcile::sides::Finding;
use crate::analyze::reconcile::sides::Item;
use crate::analyze::reconcile::sides::Strand;
use crate::domain::Class;
use crate::domain::invoice::MICRO;

const INPUT: Item = Item::Tokens(Class::Input);
const READS: Item = Item::Tokens(Class::CacheRead);
const WRITES: Item = Item::CacheWrite;
const OUTPUT: Item = Item::Tokens(Class::Output);
const MEDIA: [Class; 3] = [Class::AudioIn, Class::ImageIn, Class::VideoIn];

/// An identity between the counts of a bundle: what it moves, by item in millionths of tokens.
type Identity = fn(&Counts) -> Option<Vec<(Item, i128)>>;

/// The counts of a bundle: (bill, logs) by item.
struct Counts(BTreeMap<Item, (i128, i128)>);

impl Counts {
    fn of(book: &Book, at: usize) -> Counts {
        let mut counts: BTreeMap<Item, (i128, i128)> = BTreeMap::new();
        for cell in book.bundles[at].cells.iter().filter(|cell| !matches!(cell.item, Item::Tool(_))) {
            for (class, (bill, log)) in cell.by_class(book.shape) {
                let sums = counts.entry(Item::of(class)).or_default();
                *sums = (sums.0 + bill, sums.1 + log);
            }
        }
        Counts(counts)
    }

    fn get(&self, item: &Item) -> (i128, i128) {
        self.0.get(item).copied().unwrap_or((0, 0))
    }

    /// Returns by how much the bill has more.
    fn gap(&self, item: &Item) -> i128 {
        let (bill, log) = self.get(item);
        bill - log
    }
}

/// The identities with their causes, in the order they are tried.
const IDENTITIES: [(Cause, &str, Identity); 6] = [
    (
        Cause::InclusiveInput,
        "the logged input is the billed input and the cached tokens, which are logged besides",
        inclusive,
    ),
    (
        Cause::CachePricedAsInput,
        "the logged input is the billed input and the cached tokens, which are logged nowhere else",
        as_input,
    ),
    (Cause::CacheWritesUnlogged, "the bill has cache writes and the logs have none; all else agrees", unlogged_writes),
    (Cause::ModalityPricedAsText, "tokens of other media on the bill are text in the logs", as_text),
    (Cause::ReasoningUnlogged, "output on the bill exceeds that of the logs; all else agrees", only_output),
    (Cause::CacheWriteTtl, "the same cache writes, of another lifetime", |_| None),
];

fn inclusive(counts: &Counts) -> Option<Vec<(Item, i128)>> {
    let (reads, writes) = (counts.get(&READS), counts.get(&WRITES));
    let over = -counts.gap(&INPUT);
    let with_writes = reads.0 + writes.0;
    let logged = reads.0 == reads.1 && writes.0 == writes.1;
    (over > 0 && logged && (over == reads.0 || over == with_writes)).then(|| vec![(INPUT, -over)])
}

fn as_input(counts: &Counts) -> Option<Vec<(Item, i128)>> {
    let over = -counts.gap(&INPUT);
    let (reads, writes) = (counts.gap(&READS), counts.gap(&WRITES));
    let silent = counts.get(&READS).1 == 0;
    if over <= 0 || reads <= 0 || !silent {
        None
    } else if over == reads {
        Some(vec![(INPUT, -over), (READS, reads)])
    } else if over == reads + writes && counts.get(&WRITES).1 == 0 {
        Some(vec![(INPUT, -over), (READS, reads), (WRITES, writes)])
    } else {
        None
    }
}

/// The same where calls are missing or too many besides: the cached tokens of those that are logged, by their output.
fn as_far_as_logged(counts: &Counts) -> Vec<(Item, i128)> {
    let ((output, logged), (reads, silent)) = (counts.get(&OUTPUT), counts.get(&READS));
    if silent != 0 || reads == 0 || output == 0 || logged == 0 {
        return Vec::new();
    }
    // Whole tokens, as everything that is logged. As many at least as leave no input too much; and what calls too many
    // have read leaves with their input.
    let cached = (scaled(reads, logged, output) / MICRO * MICRO).max(-counts.gap(&INPUT)).min(reads);
    vec![(INPUT, -cached), (READS, cached)]
}

fn unlogged_writes(counts: &Counts) -> Option<Vec<(Item, i128)>> {
    let (bill, log) = counts.get(&WRITES);
    let rest = [INPUT, READS, OUTPUT].iter().all(|item| counts.gap(item) == 0);
    (bill > 0 && log == 0 && rest).then(|| vec![(WRITES, bill)])
}

/// The same where calls are missing besides: the cache writes of those that are logged, by their output.
fn writes_as_far_as_logged(counts: &Counts) -> Vec<(Item, i128)> {
    let ((output, logged), (written, silent)) = (counts.get(&OUTPUT), counts.get(&WRITES));
    if silent != 0 || written == 0 || logged == 0 || logged > output {
        return Vec::new();
    }
    vec![(WRITES, scaled(written, logged, output) / MICRO * MICRO)]
}

fn as_text(counts: &Counts) -> Option<Vec<(Item, i128)>> {
    for (text, media) in [(INPUT, MEDIA.as_slice()), (OUTPUT, &[Class::AudioOut, Class::ImageOut])] {
        let over = -counts.gap(&text);
        let items: Vec<(Item, i128)> = media
            .iter()
            .map(|class| Item::Tokens(*class))
            .filter(|item| counts.get(item).1 == 0 && counts.gap(item) > 0)
            .map(|item| (item.clone(), counts.gap(&item)))
            .collect();
        if over > 0 && over == items.iter().map(|(_, gap)| *gap).sum::<i128>() {
            return Some(items.into_iter().chain([(text, -over)]).collect());
        }
    }
    None
}

fn only_output(counts: &Counts) -> Option<Vec<(Item, i128)>> {
    let gap = counts.gap(&OUTPUT);
    let rest = counts.0.iter().all(|(item, (bill, log))| *item == OUTPUT || bill == log);
    let asked = counts.0.iter().any(|(item, (bill, _))| *item != OUTPUT && *bill > 0);
    (gap > 0 && rest && asked).then(|| vec![(OUTPUT, gap)])
}

/// Explains identities that hold in the bundles of a model.
pub(super) fn by_counts(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>) {
    // Most bundles tie: only the others are looked at again and again.
    let is_uneven = |at: &usize| {
        let cells = &book.bundles[*at].cells;
        cells.iter().any(|cell| !matches!(cell.item, Item::Tool(_)) && !cell.is_even(book.shape))
    };
    let named = book.by_model().into_iter().filter(|(model, _)| !model.is_empty());
    let models: Vec<Vec<usize>> =
        named.map(|(_, places)| places.into_iter().filter(is_uneven).collect::<Vec<usize>>()).collect();
    let only_outputs = models.iter().flatten().filter(|at| only_output(&Counts::of(book, **at)).is_some()).count();
    // What holds for one model is believed sooner of the others: they come round again.
    let mut accepted: BTreeSet<Cause> = BTreeSet::new();
    for places in models.iter().chain(&models) {
        for (cause, evidence, identity) in IDENTITIES {
            let mut held: Vec<(usize, Vec<(Item, i128)>)> = Vec::new();
            let mut broken: Vec<usize> = Vec::new();
            for at in places {
                let counts = Counts::of(book, *at);
                if counts.0.keys().all(|item| counts.gap(item) == 0) {
                    continue;
                }
                match identity(&counts) {
                    Some(moved) => held.push((*at, moved)),
                    None => broken.push(*at),
                }
            }
            // An identity of whole numbers is no accident; what breaks it may be something else besides.
            let believed = accepted.contains(&cause);
            let few = held.len() < broken.len() && held.len() < 2.max(broken.len() / 4);
            if held.is_empty() && !(believed && cause == Cause::InclusiveInput) || few && !believed {
                continue;
            }
            let own = |at: usize| i128::from(book.bundles[at].reasoning) * MICRO;
            let reasoned = held.iter().all(|(at, moved)| own(*at) == moved[0].1);
            // Output alone may also be calls that broke off: several days must say so, or the logs' own count.
            let vague = cause == Cause::ReasoningUnlogged && !reasoned;
            if vague && !believed && (only_outputs < 3 || broken.len() * 3 > held.len()) {
                continue;
            }
            accepted.insert(cause);
            // What the logs themselves tell of a bundle holds also where something else breaks the identity.
            let with_writes = held.iter().any(|(at, moved)| -moved[0].1 != Counts::of(book, *at).get(&READS).1);
            for at in broken.into_iter().filter(|at| book.bundles[*at].is_logged()) {
                let counts = Counts::of(book, at);
                let moved = match cause {
                    Cause::InclusiveInput => {
                        let writes = if with_writes { counts.get(&WRITES).1 } else { 0 };
                        let cached = counts.get(&READS).1 + writes;
                        let fits = book.bundles[at].inclusive.is_none() && -counts.gap(&INPUT) >= cached / 2;
                        if fits { vec![(INPUT, -cached)] } else { Vec::new() }
                    }
                    Cause::ReasoningUnlogged if reasoned => vec![(OUTPUT, own(at))],
                    Cause::CachePricedAsInput => as_far_as_logged(&counts),
                    Cause::CacheWritesUnlogged => writes_as_far_as_logged(&counts),
                    _ => Vec::new(),
                };
                if moved.iter().any(|(_, micro)| *micro != 0) {
                    held.push((at, moved));
                }
            }
            let mut effects: Vec<Effect> = Vec::new();
            for (at, moved) in &held {
                if cause == Cause::InclusiveInput {
                    let reads = Counts::of(book, *at).get(&READS).1;
                    book.bundles[*at].inclusive = Some(-moved[0].1 != reads);
                }
                for (item, micro) in moved {
                    let own = if book.shape.whole { Item::Whole } else { item.clone() };
                    let place = book.bundles[*at].place(&own);
                    if let Some((value, class)) = value_of_move(book, *at, place, item, *micro, rates) {
                        effects.push((*at, place, value));
                        book.bundles[*at].cells[place].moved.push((class, *micro));
                    }
                }
            }
            let confidence = if effects.len() >= 3 { Confidence::Fits } else { Confidence::Suggested };
            book.explain(ledger, Finding { cause, confidence, evidence: evidence.into() }, &effects);
        }
    }
}

/// Returns what moved tokens cost, with their class: those that leave as the logs pay for them, those that come as the
/// bill names them.
fn value_of_move(
    book: &Book,
    at: usize,
    place: usize,
    item: &Item,
    micro: i128,
    rates: &RateBook<'_>,
) -> Option<(i128, Class)> {
    let bundle = &book.bundles[at];
    let cell = &bundle.cells[place];
    let mine = |strand: &&Strand| Item::of(strand.class) == *item;
    let logged: i128 = cell.log.iter().filter(mine).filter_map(|strand| strand.quantity).sum();
    let told = || cell.told(book.shape).iter().filter(mine);
    let class = cell.log.iter().find(mine).or_else(|| told().next())?.class;
    if micro > 0 && logged == 0 {
        let sum: Option<i128> = told().map(|strand| book.value_of(bundle, cell, strand, rates)).sum();
        let all: i128 = told().filter_map(|strand| strand.quantity).sum();
        return Some((if micro == all { sum? } else { scaled(sum?, micro, all.max(1)) }, class));
    }
    Some((book.price_of(at, place, class, micro, rates)?, class))
}

/// Explains by what amounts would buy, where nothing is counted: the same identities within rounding.
pub(super) fn by_amounts(book: &mut Book, ledger: &mut Ledger, rates: &RateBook<'_>) {
    for (_, places) in book.by_model().into_iter().filter(|(model, _)| !model.is_empty()) {
        let mut found: BTreeMap<Cause, Vec<Effect>> = BTreeMap::new();
        let mut strange = 0;
        for at in places {
            let open: Vec<usize> =
                (0..book.bundles[at].cells.len()).filter(|place| !book.bundles[at].cells[*place].ties()).collect();
            if open.is_empty() || !book.bundles[at].is_logged() {
                continue;
            }
            match moved(book, at, &open, rates) {
                Some(cause) => {
                    let cells = open.iter().map(|place| (at, *place, book.bundles[at].cells[*place].open));
                    found.entry(cause).or_default().extend(cells);
                }
                None => strange += 1,
            }
        }
        for (cause, effects) in found {
            if effects.len() < strange || (cause == Cause::ReasoningUnlogged && effects.len() < 3) {
                continue;
            }
            let evidence = IDENTITIES.iter().find(|(known, ..)| *known == cause).map_or("", |(_, words, _)| words);
            let confidence = if effects.len() >= 3 { Confidence::Fits } else { Confidence::Suggested };
            let evidence = format!("{evidence}, by what the amounts buy");
            book.explain(ledger, Finding { cause, confidence, evidence }, &effects);
        }
    }
}

/// Returns the cause whose identity the open cells of a bundle fulfil, by what their amounts would buy.
fn moved(book: &Book, at: usize, open: &[usize], rates: &RateBook<'_>) -> Option<Cause> {
    let bundle = &book.bundles[at];
    let cell = |item: &Item| bundle.cells.iter().find(|cell| cell.item == *item);
    let is_open = |item: &Item| open.iter().any(|place| bundle.cells[*place].item == *item);
    let rate = |item: &Item, class: Class| {
        let place = bundle.cells.iter().position(|cell| cell.item == *item)?;
        rates.rate(&standard(book, at, place), class).filter(|rate| *rate > 0)
    };
    // How many tokens too many (+) or too few on the bill, and how far rounding lets that be off.
    let tokens = |item: &Item, class: Class| {
        let (cell, rate) = (cell(item)?, rate(item, class)?);
        Some((bought(cell.open, rate)?, bought(cell.bound, rate)? + MICRO))
    };
    let same = |a: (i128, i128), b: (i128, i128)| (a.0 + b.0).abs() <= a.1 + b.1;
    if open.len() == 1 && is_open(&WRITES) && cell(&WRITES)?.logged() == 0 {
        return Some(Cause::CacheWritesUnlogged);
    }
    if open.len() == 1 && is_open(&OUTPUT) && cell(&OUTPUT)?.open > 0 {
        return Some(Cause::ReasoningUnlogged);
    }
    let input = tokens(&INPUT, Class::Input)?;
    if open.len() == 1 && is_open(&INPUT) && input.0 < 0 {
        let cached = |item: &Item| cell(item).map_or(0, Cell::logged);
        let (reads, all) = (cached(&READS), cached(&READS) + cached(&WRITES));
        let fits = [reads, all].iter().any(|cached| *cached > 0 && same(input, (*cached, 0)));
        return fits.then_some(Cause::InclusiveInput);
    }
    if is_open(&INPUT) && is_open(&READS) && cell(&READS)?.logged() == 0 {
        let reads = tokens(&READS, Class::CacheRead)?;
        let writes = match (open.len(), is_open(&WRITES)) {
            (2, _) => (0, 0),
            (3, true) => tokens(&WRITES, Class::CacheWrite5m)?,
            _ => return None,
        };
        return same(input, (reads.0 + writes.0, reads.1 + writes.1)).then_some(Cause::CachePricedAsInput);
    }
    for class in MEDIA {
        let item = Item::Tokens(class);
        if open.len() == 2 && is_open(&INPUT) && is_open(&item) && cell(&item)?.logged() == 0 {
            return same(input, tokens(&item, class)?).then_some(Cause::ModalityPricedAsText);
        }
    }
    None
}
