//! Which lines count: the newer document has the last word on whole days of a payer, and no word on others.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use attr::domain::Amount;
use attr::domain::Charge;
use attr::domain::Class;
use attr::domain::InvoiceLine;
use attr::domain::Timestamp;
use attr::domain::Window;
use attr::domain::invoice::Document;
use attr::domain::invoice::Lines;
use attr::domain::invoice::current::Superseded;
use attr::domain::invoice::current::current;
use proptest::prelude::*;

use crate::world::cases;

const DAY: i64 = 86_400_000_000_000;

/// A line in short: provider, account, day, hour, amount (none in a usage file), whether in euros.
type Short = (u8, Option<u8>, i64, i64, Option<i32>, bool);
/// A document: the days it declares, and its lines.
type Doc = (Option<(i64, i64)>, Vec<Short>);

fn lines(docs: &[Doc]) -> Lines {
    let mut lines = Lines::default();
    for (covers, shorts) in docs {
        let mut document = Document::default();
        if let Some((first, days)) = covers {
            let (since, until) = (Timestamp(first * DAY), Timestamp((first + days) * DAY));
            document.statement.covers = Window { since: Some(since), until: Some(until) };
        }
        lines.begin(document);
        for (provider, account, day, hour, amount, euros) in shorts {
            lines.push(&InvoiceLine {
                provider: format!("p{provider}").into(),
                account: account.map(|account| format!("a{account}").into()),
                start: Timestamp(day * DAY + hour * 3_600_000_000_000),
                amount: amount.map(|pico| Amount::exact(i128::from(pico))),
                currency: if *euros { "EUR".into() } else { "USD".into() },
                ..InvoiceLine::default()
            });
        }
    }
    lines
}

fn docs() -> impl Strategy<Value = Vec<Doc>> {
    let line = (0u8..2, prop::option::of(0u8..2), -2i64..3, 0i64..24, prop::option::of(-9i32..99), any::<bool>());
    let covers = prop::option::of((-3i64..3, 1i64..4));
    prop::collection::vec((covers, prop::collection::vec(line, 0..10)), 1..5)
}

type Slice = (u8, Option<u8>, i64, bool);

fn slice(short: &Short) -> Slice {
    (short.0, short.1, short.2, short.4.is_some())
}

/// Every line in short, with its document.
fn flat(docs: &[Doc]) -> Vec<(u32, Short)> {
    let of = |(at, doc): (usize, &Doc)| doc.1.iter().map(move |short| (at as u32, *short)).collect::<Vec<_>>();
    docs.iter().enumerate().flat_map(of).collect()
}

type Sums = BTreeMap<String, i128>;

fn add(sums: &mut Sums, short: &Short) {
    if let Some(amount) = short.4 {
        *sums.entry(if short.5 { "EUR" } else { "USD" }.into()).or_default() += i128::from(amount);
    }
}

/// Says it by the rule's own words, line by line.
fn by_the_rule(docs: &[Doc]) -> Vec<bool> {
    let all = flat(docs);
    let has_line = |doc: usize, slice_: Slice| docs[doc].1.iter().any(|short| slice(short) == slice_);
    let covers = |doc: usize, (provider, account, day, paid): Slice| {
        let knows = docs[doc].1.iter().any(|short| (short.0, short.1, short.4.is_some()) == (provider, account, paid));
        knows && docs[doc].0.is_some_and(|(first, days)| first <= day && day < first + days)
    };
    let stands = |(doc, short): &(u32, Short)| {
        let mut newer = *doc as usize + 1..docs.len();
        !newer.any(|doc| has_line(doc, slice(short)) || covers(doc, slice(short)))
    };
    all.iter().map(stands).collect()
}

fn replaced_by(found: &Superseded, document: u32) -> BTreeMap<u32, (u64, Sums, Sums)> {
    let own = found.replaced.iter().filter(|replaced| replaced.by == document);
    own.map(|it| (it.document, (it.lines, it.amounts.clone(), it.instead.clone()))).collect()
}

#[test]
fn cost_and_usage_of_one_day_stand_side_by_side() {
    let docs = [(None, vec![(0, None, 0, 0, Some(5), false)]), (None, vec![(0, None, 0, 0, None, false)])];
    assert_eq!(current(&lines(&docs)).keep, [true, true]);
}

#[test]
fn a_declared_day_without_a_line_says_that_nothing_was_charged() {
    let old =
        (None, vec![(0, None, 0, 5, Some(5), false), (0, None, 1, 0, Some(7), false), (1, None, 0, 0, Some(1), false)]);
    let new = (Some((0, 2)), vec![(0, None, 1, 0, Some(7), false)]);
    assert_eq!(current(&lines(&[old.clone(), new])).keep, [false, false, true, true]);
    // Not without a line to say whose days they are.
    assert_eq!(current(&lines(&[old, (Some((0, 2)), vec![])])).keep, [true, true, true]);
}

#[test]
fn a_day_that_is_declared_in_part_is_not_spoken_for() {
    let mut both =
        lines(&[(None, vec![(0, None, 0, 0, Some(5), false)]), (None, vec![(0, None, 3, 0, Some(5), false)])]);
    both.documents[1].statement.covers = Window { since: Some(Timestamp(1)), until: None };
    assert_eq!(current(&both).keep, [true, true]);
    both.documents[1].statement.covers = Window { since: None, until: None };
    assert_eq!(current(&both).keep, [true, true]);
    both.documents[1].statement.covers = Window { since: Some(Timestamp(0)), until: None };
    assert_eq!(current(&both).keep, [false, true]);
}

/// A document of one day: (what it charges for, model, amount) a line.
fn day(rows: &[(Charge, Option<&'static str>, Option<i128>)]) -> Vec<InvoiceLine<'static>> {
    let line = |(charge, model, amount): &(Charge, Option<&'static str>, Option<i128>)| InvoiceLine {
        provider: "openai".into(),
        charge: *charge,
        model: model.map(Into::into),
        amount: amount.map(Amount::exact),
        currency: "USD".into(),
        ..InvoiceLine::default()
    };
    rows.iter().map(line).collect()
}

fn kept(documents: &[Vec<InvoiceLine<'static>>]) -> Vec<bool> {
    let mut lines = Lines::default();
    for document in documents {
        lines.begin(Document::default());
        document.iter().for_each(|line| lines.push(line));
    }
    current(&lines).keep
}

#[test]
fn an_export_without_groups_stands_beside_a_grouped_one_in_either_order() {
    let output = Charge::Tokens(Class::Output);
    let whole = || day(&[(Charge::Call, None, Some(9)), (Charge::Requests, Some("gpt-4o"), None)]);
    let grouped = || day(&[(output, Some("gpt-4o"), Some(5)), (Charge::Call, None, Some(1))]);
    let by_model = || day(&[(Charge::Call, Some("gpt-4o"), Some(5))]);
    assert_eq!(kept(&[whole(), grouped()]), [true; 4]);
    assert_eq!(kept(&[grouped(), whole()]), [true; 4]);
    assert_eq!(kept(&[by_model(), whole()]), [true; 3]);
    // Among their own kind the newer counts, and what is told of use is of one kind.
    assert_eq!(kept(&[whole(), grouped(), whole()]), [false, false, true, true, true, true]);
    assert_eq!(kept(&[grouped(), whole(), by_model()]), [false, false, true, true, true]);
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn lines_count_by_the_rule(docs in docs()) {
        prop_assert_eq!(current(&lines(&docs)).keep, by_the_rule(&docs));
    }

    #[test]
    fn the_order_of_rows_is_nothing(docs in docs(), turn in 0usize..10) {
        let mut turned = docs.clone();
        for (_, shorts) in turned.iter_mut().filter(|doc| !doc.1.is_empty()) {
            let by = turn % shorts.len();
            shorts.rotate_left(by);
        }
        let (a, b) = (current(&lines(&docs)), current(&lines(&turned)));
        prop_assert_eq!(a.replaced, b.replaced);
        let sorted = |docs: &[Doc], keep: Vec<bool>| {
            let mut all: Vec<_> = flat(docs).into_iter().zip(keep).collect();
            all.sort_unstable();
            all
        };
        prop_assert_eq!(sorted(&docs, a.keep), sorted(&turned, b.keep));
    }

    #[test]
    fn a_slice_is_of_one_document_and_all_is_accounted_for(docs in docs()) {
        let found = current(&lines(&docs));
        let all = flat(&docs);
        let (mut owners, mut sums, mut kept) = (BTreeMap::<Slice, BTreeSet<u32>>::new(), Sums::new(), Sums::new());
        for ((doc, short), keep) in all.iter().zip(&found.keep) {
            add(&mut sums, short);
            if *keep {
                add(&mut kept, short);
                owners.entry(slice(short)).or_default().insert(*doc);
            }
        }
        prop_assert!(owners.values().all(|owners| owners.len() == 1), "{:?}", owners);
        for (currency, amount) in found.replaced.iter().flat_map(|replaced| &replaced.amounts) {
            *kept.entry(currency.clone()).or_default() += amount;
        }
        prop_assert_eq!(kept, sums);
        let gone: u64 = found.replaced.iter().map(|replaced| replaced.lines).sum();
        prop_assert_eq!(gone, found.keep.iter().filter(|keep| !**keep).count() as u64);
    }

    /// What the newest document took is what returns without it, and what it has instead is told.
    #[test]
    fn undo_gives_back_what_was_taken(docs in docs()) {
        let (newest, older) = docs.split_last().unwrap();
        let (with, without) = (current(&lines(&docs)), current(&lines(older)));
        let mut expected: BTreeMap<u32, (u64, Sums, Sums)> = BTreeMap::new();
        let mut owner: BTreeMap<Slice, u32> = BTreeMap::new();
        for (at, (doc, short)) in flat(older).iter().enumerate() {
            prop_assert!(without.keep[at] || !with.keep[at]);
            if without.keep[at] {
                owner.insert(slice(short), *doc);
                if !with.keep[at] {
                    let entry = expected.entry(*doc).or_default();
                    entry.0 += 1;
                    add(&mut entry.1, short);
                }
            }
        }
        for short in &newest.1 {
            if let Some(doc) = owner.get(&slice(short)) {
                add(&mut expected.entry(*doc).or_default().2, short);
            }
        }
        prop_assert_eq!(replaced_by(&with, older.len() as u32), expected);
        let before: Vec<_> = with.replaced.iter().filter(|it| (it.by as usize) < older.len()).cloned().collect();
        prop_assert_eq!(before, without.replaced);
    }
}
