//! Planted differences: months of calls with their logs and bills, written from one seed, in which one or two known
//! things are wrong. The program has to name them, with their dollars, and nothing else.
//!
//! `month` makes the calls, `scene` the two sides, `logs` and `bills` the files, `plants` what is wrong, `run` asks the
//! program and `score` counts. Amounts are made here by multiplication and addition alone (`rates`), and `checks` holds
//! them against what the program makes of a clean log.
//!
//! The score of every cause, the slow way: `cargo test --test it -- --ignored --nocapture planted::score`. The file
//! `planted.txt` in the temporary folder narrows it: a line each `months N`, `cause CODE` (or `cause clean`), `form
//! NAME`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bills;
mod checks;
mod judging;
mod logs;
mod month;
mod plants;
mod random;
mod rates;
mod reading;
mod run;
mod scene;
mod score;

use plants::Plant;
use scene::Form;
use scene::Scene;
use score::Score;
use score::Wanted;

/// Reads what is wanted of a score.
fn wanted() -> Wanted {
    let mut wanted = Wanted { months: 5, ..Wanted::default() };
    let text = fs_err::read_to_string(std::env::temp_dir().join("planted.txt")).unwrap_or_default();
    for (word, value) in text.lines().filter_map(|line| line.split_once(' ')) {
        match word {
            "months" => wanted.months = value.trim().parse().unwrap(),
            "cause" => wanted.causes.push(value.trim().to_string()),
            "form" => wanted.forms.push(value.trim().to_string()),
            other => panic!("planted.txt: `{other}` is none of months, cause, form"),
        }
    }
    wanted
}

#[expect(clippy::print_stdout, reason = "a table for people")]
fn show(name: &str, form: Form, score: &Score) {
    let Score { tried, named, valued, placed, alone, explained, right, wrong } = score;
    println!(
        "{name:40} {form:14} {right:3}/{tried:<3} named {named:<3} dollars {valued:<3} place {placed:<3} alone {alone:<3} explained {explained}",
        form = format!("{form:?}"),
    );
    wrong.iter().for_each(|line| println!("    {line}"));
}

/// How well clean months go: nothing to be said but rounding.
fn clean(months: u64, forms: &[Form]) -> Vec<(Form, Score)> {
    let score = |form: Form| {
        let mut score = Score::default();
        for seed in 1..=months {
            score.take(&Scene::clean(form, seed), &[]);
            if matches!(form, Form::Focus | Form::Mapped) {
                let mut euros = Scene::clean(form, seed);
                plants::in_euros(&mut euros);
                score.take(&euros, &[]);
            }
        }
        (form, score)
    };
    forms.iter().copied().map(score).collect()
}

#[test]
#[ignore = "takes minutes; prints a table for whoever works on the causes"]
fn score() {
    let wanted = wanted();
    if wanted.causes.is_empty() || wanted.causes.iter().any(|cause| cause == "clean") {
        for (form, score) in clean(wanted.months, &Form::ALL) {
            show("clean", form, &score);
        }
    }
    let single = score::singles(&wanted, |plant, form, score| {
        show(&format!("{} {}", plant.cause, plant.variant), form, score);
    });
    println!("single: {} of {} ({} %)", single.right, single.tried, single.percent());
}

#[test]
#[ignore = "takes minutes; prints what is wrong for whoever works on the causes"]
fn score_of_pairs() {
    let two = |pair: [&Plant; 2], form: Form, score: &Score| {
        if score.right < score.tried {
            show(&format!("{} + {}", pair[0].cause, pair[1].cause), form, score);
        }
    };
    let pairs = score::pairs(&wanted(), two);
    println!("pairs: {} of {} ({} %)", pairs.right, pairs.tried, pairs.percent());
}

#[test]
fn clean_months_name_no_cause() {
    for (form, score) in clean(3, &Form::ALL) {
        assert_eq!(score.right, score.tried, "{form:?}: {:#?}", score.wrong);
    }
}

#[test]
fn each_cause_alone_is_named_with_its_dollars() {
    let score = score::singles(&Wanted { months: 1, ..Wanted::default() }, |_, _, _| {});
    assert!(score.percent() >= 99, "{} of {}\n{}", score.right, score.tried, score.wrong.join("\n"));
}

#[test]
fn pairs_of_causes_are_told_apart() {
    let score = score::pairs(&Wanted { months: 1, ..Wanted::default() }, |_, _, _| {});
    // A pair of each cause with one other, in each form. What is left are pairs whose amounts hide each other: a bill
    // that is low, and one thing more on the same days.
    assert!(score.percent() >= 90, "{} of {}\n{}", score.right, score.tried, score.wrong.join("\n"));
}

#[test]
fn the_bridge_always_sums() {
    for (at, plant) in plants::all().enumerate() {
        let form = plant.forms[at % plant.forms.len()];
        let (scene, _) = plants::scene_with(plant, form, 7);
        let answer = run::reconcile(&scene).unwrap();
        assert!(answer.sums(), "{} {} in {form:?}: {answer:?}", plant.cause, plant.variant);
    }
}
