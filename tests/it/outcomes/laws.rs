//! Laws of outcomes, on stores made at random.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::Call;
use super::asked;
use super::book;
use super::counts;
use super::outcomes_in;
use super::take;
use super::usd;
use crate::world::assert_sound;
use crate::world::by;
use crate::world::cases;
use attr::domain::Usd;
use attr::ops::book::Book;
use attr::ops::import::FileOutcome;
use attr::ops::import::How;

/// A call of random dimensions; numbers stand for values, `None` for none.
#[derive(Clone, Debug)]
struct Rec {
    run: Option<u8>,
    tenant: Option<u8>,
    feature: Option<u8>,
    priced: bool,
    input: u64,
}

/// An outcome of a run.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    run: u8,
    task: Option<u8>,
    passed: Option<bool>,
    /// In picodollars.
    revenue: Option<i128>,
}

fn recs() -> impl Strategy<Value = Vec<Rec>> {
    let some = |most: u8| proptest::option::weighted(0.85, 0..most);
    let rec = (some(8), some(3), some(3), proptest::bool::weighted(0.9), 0u64..3_000_000)
        .prop_map(|(run, tenant, feature, priced, input)| Rec { run, tenant, feature, priced, input });
    proptest::collection::vec(rec, 0..40)
}

/// Outcomes of distinct runs, some of which no call has; revenues up to what no 64 bits hold.
fn told() -> impl Strategy<Value = Vec<Told>> {
    let revenue = proptest::option::of(prop_oneof![
        -5_000_000_000_000i128..50_000_000_000_000,
        -(10i128.pow(27))..10i128.pow(27)
    ]);
    let one = (0u8..12, proptest::option::of(0u8..3), proptest::option::weighted(0.9, any::<bool>()), revenue);
    proptest::collection::vec(one, 0..12).prop_map(|all| {
        let mut seen = BTreeSet::new();
        let made =
            |(run, task, passed, revenue): (u8, _, Option<bool>, Option<i128>)| Told { run, task, passed, revenue };
        let has_outcome = |told: &Told| told.passed.is_some() || told.revenue.is_some();
        all.into_iter().map(made).filter(has_outcome).filter(|told| seen.insert(told.run)).collect()
    })
}

fn log(recs: &[Rec]) -> String {
    let line = |(n, rec): (usize, &Rec)| {
        let value = |name: &'static str, number: Option<u8>| number.map(|number| (name, format!("{name}{number}")));
        let dims = [value("run", rec.run), value("tenant", rec.tenant), value("feature", rec.feature)];
        let dims: Vec<(&str, &str)> = dims.iter().flatten().map(|(name, value)| (*name, value.as_str())).collect();
        Call { n, model: if rec.priced { "m" } else { "x" }, dims: &dims, input: rec.input }.line()
    };
    recs.iter().enumerate().map(line).collect()
}

fn row_of(told: &Told) -> String {
    let passed = told.passed.map_or("", |passed| if passed { "pass" } else { "fail" });
    let revenue = told.revenue.map(|pico| Usd::from_pico(pico).to_string()).unwrap_or_default();
    let task = told.task.map(|task| format!("task{task}")).unwrap_or_default();
    format!("run{},{task},{passed},{revenue}\n", told.run)
}

fn csv(told: &[Told]) -> String {
    std::iter::once("run,task,passed,revenue\n".to_string()).chain(told.iter().map(row_of)).collect()
}

fn store(recs: &[Rec], told: &[Told]) -> Book {
    let mut book = book();
    if !recs.is_empty() {
        take(&mut book, "log.jsonl", log(recs), How::default());
    }
    if !told.is_empty() {
        outcomes_in(&mut book, "o.csv", csv(told));
    }
    book
}

/// What can be summed of a row.
fn sums(row: &Value) -> Vec<i128> {
    let counts = ["units", "passed", "failed", "without_verdict", "calls", "unpriced_calls", "revenue_units"];
    let money = ["cost_usd", "wasted_usd", "without_outcome_usd", "revenue_usd", "margin_usd"];
    let count = |key: &&str| i128::from(row.get(*key).map_or(0, |count| count.as_u64().unwrap()));
    let pico = |key: &&str| row.get(*key).map_or(0, |amount| usd(amount).pico());
    counts.iter().map(count).chain(money.iter().map(pico)).collect()
}

fn summed<'r>(rows: impl Iterator<Item = &'r Value>) -> Vec<i128> {
    rows.map(sums).fold(vec![0; 12], |all, row| all.iter().zip(row).map(|(a, b)| a + b).collect())
}

/// What a row must say.
#[derive(Clone, Copy, Default)]
struct Expected {
    units: u64,
    passed: u64,
    cost: Usd,
    wasted: Usd,
    without: Usd,
    /// In picodollars.
    revenue: i128,
}

/// What the rows by tenant must be, worked out the slow way from the sums by tenant and run.
fn expected(book: &Book, told: &[Told]) -> BTreeMap<Option<String>, Expected> {
    let parts = by(&book.store, &["tenant", "run"]);
    let mut rows: BTreeMap<Option<String>, Expected> = BTreeMap::new();
    for (key, measures) in &parts {
        let of_run = told.iter().find(|told| key[1].as_deref() == Some(&format!("run{}", told.run)));
        let row = rows.entry(key[0].clone()).or_default();
        match of_run {
            Some(told) => {
                row.cost += measures.cost;
                row.wasted += if told.passed == Some(false) { measures.cost } else { Usd::ZERO };
            }
            None => row.without += measures.cost,
        }
    }
    for told in told {
        let run = Some(format!("run{}", told.run));
        let of_run = parts.iter().filter(|(key, _)| key[1] == run);
        // The most cost, then the first key; a key without a value comes last.
        let home = of_run.min_by_key(|(key, sums)| (-sums.cost.pico(), key[0].is_none(), key[0].clone()));
        if let Some((key, _)) = home {
            let row = rows.get_mut(&key[0]).unwrap();
            row.units += 1;
            row.passed += u64::from(told.passed == Some(true));
            row.revenue += told.revenue.unwrap_or(0);
        }
    }
    rows
}

proptest! {
    #![proptest_config(cases(32))]

    /// Any grouping sums to one total, which is that of `attr slice`; and the rows are what they should be.
    #[test]
    fn rows_sum_to_the_total(recs in recs(), told in told(), top in proptest::option::of(0usize..4)) {
        let book = store(&recs, &told);
        let total = asked(&book, &[], &[], None)["total"].clone();
        for axes in [&[][..], &["tenant"], &["feature"], &["task"], &["run"], &["day", "task", "feature"]] {
            let document = asked(&book, axes, &[], top);
            prop_assert_eq!(&document["total"], &total);
            prop_assert_eq!(summed(document["rows"].as_array().unwrap().iter()), sums(&total), "by {:?}", axes);
        }
        let all: Usd = by(&book.store, &[]).into_values().map(|sums| sums.cost).sum();
        prop_assert_eq!(usd(&total["cost_usd"]) + usd(&total["without_outcome_usd"]), all);
        let has_revenue = total["revenue_units"].as_u64().unwrap_or(0) > 0;
        let document = asked(&book, &["tenant"], &[], None);
        let rows = document["rows"].as_array().unwrap();
        let expected = expected(&book, &told);
        prop_assert_eq!(rows.len(), expected.len());
        for row in rows {
            let wanted = expected[&row["key"]["tenant"].as_str().map(str::to_string)];
            prop_assert_eq!((row["units"].as_u64(), row["passed"].as_u64()), (Some(wanted.units), Some(wanted.passed)));
            prop_assert_eq!((usd(&row["cost_usd"]), usd(&row["wasted_usd"])), (wanted.cost, wanted.wasted));
            prop_assert_eq!(usd(&row["without_outcome_usd"]), wanted.without);
            prop_assert_eq!(row.get("revenue_usd").map(|it| usd(it).pico()), has_revenue.then_some(wanted.revenue));
        }
    }

    /// In whatever order rows and files come, the answer is the same.
    #[test]
    fn order_does_not_matter(
        (recs, told, shuffled) in (recs(), told()).prop_flat_map(|(recs, told)| (Just(recs), Just(told.clone()), Just(told).prop_shuffle())),
        cut in any::<usize>(),
    ) {
        let one = store(&recs, &told);
        let mut other = book();
        let (first, second) = shuffled.split_at(cut % (shuffled.len() + 1));
        for (name, part) in [("b.csv", second), ("a.csv", first)] {
            if !part.is_empty() {
                outcomes_in(&mut other, name, csv(part));
            }
        }
        if !recs.is_empty() {
            take(&mut other, "log.jsonl", log(&recs), How::default());
        }
        for axes in [&["tenant"][..], &["task", "feature"]] {
            prop_assert_eq!(asked(&one, axes, &[], None), asked(&other, axes, &[], None));
        }
    }

    /// Again is all duplicates and changes nothing; undone, everything is as it was.
    #[test]
    fn again_adds_nothing_and_undo_takes_all(recs in recs(), told in told(), more in told()) {
        let mut book = store(&recs, &told);
        let (before, known) = (asked(&book, &["task"], &[], None), book.store.outcomes().unwrap());
        if !told.is_empty() {
            let again = outcomes_in(&mut book, "o.csv", csv(&told));
            prop_assert_eq!(counts(&again), [0, told.len() as u64, 0, 0]);
            prop_assert_eq!(&asked(&book, &["task"], &[], None), &before);
        }
        if !more.is_empty() {
            let file = outcomes_in(&mut book, "more.csv", csv(&more));
            let same = |more: &&Told| told.iter().any(|told| *more == told);
            let other = |more: &&Told| told.iter().any(|told| more.run == told.run && *more != told);
            let (same, other) = (more.iter().filter(same).count() as u64, more.iter().filter(other).count() as u64);
            prop_assert_eq!(counts(&file), [more.len() as u64 - same - other, same, 0, other]);
            assert_sound(&book.store);
            let undone = book.store.undo_import(file.imported.id).unwrap().unwrap();
            prop_assert_eq!(undone.outcomes, file.imported.new);
        }
        prop_assert_eq!(&asked(&book, &["task"], &[], None), &before);
        prop_assert_eq!(book.store.outcomes().unwrap(), known);
        assert_sound(&book.store);
    }

    /// Whatever is done to a file of outcomes, each of its rows ends as one of four, and the answer still adds up.
    #[test]
    fn spoilt_bytes_harm_nothing(told in told(), at in any::<usize>(), splice in "[\\PC\",;\n0-9eE.-]{0,12}", raw in any::<[u8; 4]>()) {
        let mut bytes = csv(&told).into_bytes();
        let at = at % (bytes.len() + 1);
        bytes.splice(at..at, splice.bytes().chain(raw));
        let mut book = store(&[Rec { run: Some(1), tenant: None, feature: None, priced: true, input: 1_000 }], &[]);
        let how = How { input_format: Some("outcomes".into()), ..How::default() };
        match take(&mut book, "o.csv", &bytes, how).0 {
            FileOutcome::Outcomes(file) => drop(counts(&file)),
            FileOutcome::Failed { reason, .. } => prop_assert!(!reason.contains("please report"), "{}", reason),
            other => prop_assert!(false, "{:?}", other),
        }
        assert_sound(&book.store);
        let document = asked(&book, &["task"], &[], None);
        prop_assert_eq!(summed(document["rows"].as_array().unwrap().iter()), sums(&document["total"]));
    }
}
