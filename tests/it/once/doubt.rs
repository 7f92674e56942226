//! Calls that two sources have probably both logged: which are, which are not, and what is left out comes back whole.

use attr::domain::Usd;
use attr::store::ProbablePairs;

use super::*;
use crate::world::import_text_how;

/// A call without an id: so many seconds past noon, so much in and out, for so many milliseconds.
#[derive(Clone, Debug)]
struct Made {
    at: f64,
    input: u64,
    output: u64,
    latency: u64,
    model: &'static str,
    id: Option<&'static str>,
}

fn made(at: f64) -> Made {
    Made { at, input: 1000, output: 100, latency: 1, model: "gpt-5-mini", id: None }
}

fn lines(calls: &[Made]) -> String {
    let line = |call: &Made| {
        let id = call.id.map(|id| format!(r#","response_id":"{id}""#)).unwrap_or_default();
        let start = 1_780_315_200_000 + (call.at * 1000.0) as u64;
        let Made { input, output, latency, model, .. } = call;
        format!(
            r#"{{"ts":{start},"provider":"openai","model":"{model}","input_tokens":{input},"output_tokens":{output},"latency_ms":{latency}{id}}}"#
        ) + "\n"
    };
    calls.iter().map(line).collect()
}

fn log(book: &mut Book, source: &str, calls: &[Made]) -> i64 {
    let how = How { source: Some(source.into()), ..How::default() };
    import_text_how(book, &format!("{source}.jsonl"), lines(calls), how).imported.id
}

fn in_doubt(book: &Book) -> u64 {
    book.store.probable_pairs().unwrap().iter().map(|pair| pair.calls).sum()
}

/// Counts the calls in doubt when one source says this and another that, whichever came first.
#[track_caller]
fn pairs(one: &[Made], other: &[Made]) -> u64 {
    let count = |first: &[Made], second: &[Made]| {
        let mut book = book();
        log(&mut book, "app", first);
        log(&mut book, "gateway", second);
        assert_sound(&book.store);
        assert_eq!(total(&book.store).calls as usize, first.len() + second.len(), "doubt takes nothing away");
        in_doubt(&book)
    };
    let (there, back) = (count(one, other), count(other, one));
    assert_eq!(there, back, "the order of imports decides");
    there
}

#[test]
fn two_seconds_are_near_and_three_are_not() {
    for (apart, found) in [(0.0, 1), (1.999, 1), (2.0, 1), (2.001, 0), (3.0, 0)] {
        assert_eq!(pairs(&[made(0.0)], &[made(apart)]), found, "{apart} s apart");
    }
}

#[test]
fn windows_that_overlap_are_one_time() {
    let long = Made { latency: 30_000, ..made(0.0) };
    assert_eq!(pairs(std::slice::from_ref(&long), &[made(20.0)]), 1);
    assert_eq!(pairs(std::slice::from_ref(&long), &[made(30.0)]), 1, "one stamped the start, the other the end");
    assert_eq!(pairs(&[long], &[made(30.1)]), 0);
}

#[test]
fn whoever_counts_otherwise_logged_another_call() {
    assert_eq!(pairs(&[made(0.0)], &[Made { input: 1001, ..made(0.0) }]), 0);
    assert_eq!(pairs(&[made(0.0)], &[Made { output: 101, ..made(0.0) }]), 0);
    assert_eq!(pairs(&[made(0.0)], &[Made { model: "gpt-5", ..made(0.0) }]), 0);
    assert_eq!(pairs(&[made(0.0)], &[Made { model: "openai/GPT-5-mini-2025-08-07", ..made(0.0) }]), 1);
}

#[test]
fn one_source_is_never_in_doubt_by_itself() {
    let mut book = book();
    log(&mut book, "app", &[made(0.0), made(0.5)]);
    log(&mut book, "app", &[made(1.0)]);
    log(&mut book, "other", &[made(500.0)]);
    assert_eq!(in_doubt(&book), 0);
}

#[test]
fn ids_of_one_kind_that_differ_are_two_calls() {
    let with = |id| vec![Made { id: Some(id), ..made(0.0) }];
    assert_eq!(pairs(&with("chatcmpl-Aa01xyz"), &with("chatcmpl-Ab01xyz")), 0);
    assert_eq!(pairs(&with("chatcmpl-Aa01xyz"), &with("resp_Ab01xyz")), 1, "kinds apart say nothing");
    assert_eq!(pairs(&with("chatcmpl-Aa01xyz"), &[made(0.0)]), 1);
}

/// The same prompt every five minutes: each has its own twin, and a neighbour is none.
#[test]
fn alike_calls_find_their_own_twin() {
    let every = |from: usize, to: usize, late: f64| -> Vec<Made> {
        (from..to).map(|n| made(n as f64 * 300.0 + late)).collect()
    };
    assert_eq!(pairs(&every(0, 5, 0.0), &every(0, 5, 1.0)), 5);
    assert_eq!(pairs(&every(0, 2, 0.0), &every(1, 2, 1.0)), 1, "the first is no twin of the second's");
    assert_eq!(pairs(&every(0, 9, 0.0), &every(3, 4, -1.0)), 1);
}

/// Two and one are three calls or two, never one.
#[test]
fn a_twin_is_one_calls_only() {
    assert_eq!(pairs(&[made(0.0), made(0.4), made(0.8)], &[made(0.5)]), 1);
    assert_eq!(pairs(&[made(0.0), made(0.4)], &[made(0.1), made(0.5)]), 2);
    // The same in two files of one source, one after the other.
    let mut book = book();
    log(&mut book, "app", &[made(0.0)]);
    log(&mut book, "gateway", &[made(0.5)]);
    log(&mut book, "gateway", &[made(1.0)]);
    assert_eq!(in_doubt(&book), 1);
}

/// Of three records of a call two are too many, whatever their order.
#[test]
fn a_call_in_three_sources_is_in_doubt_twice() {
    let orders = [["app", "gateway", "traces"], ["traces", "app", "gateway"], ["gateway", "traces", "app"]];
    for order in orders {
        let mut book = book();
        let ids = order.map(|source| log(&mut book, source, &[made(0.0)]));
        assert_eq!(in_doubt(&book), 2, "{order:?}");
        book.store.exclude_probable(true).unwrap();
        assert_eq!(total(&book.store).calls, 1, "{order:?}");
        assert_sound(&book.store);
        for id in ids {
            book.store.undo_import(id).unwrap();
            assert_sound(&book.store);
            let (calls, doubt) = (total(&book.store).calls, in_doubt(&book));
            let left = book.store.imports().unwrap().len() as u64;
            assert!(left == 0 || calls + excluded(&book) == left, "{order:?}: a record is lost");
            assert_eq!(doubt, left.saturating_sub(1), "{order:?}: of {left} records one is the call");
        }
        assert_eq!(total(&book.store).calls, 0);
    }
}

fn excluded(book: &Book) -> u64 {
    let pairs: Vec<ProbablePairs> = book.store.probable_pairs().unwrap();
    pairs.iter().filter(|pair| pair.excluded).map(|pair| pair.calls).sum()
}

/// Two sources that share most calls, and have some of their own.
fn shared() -> (Vec<Made>, Vec<Made>) {
    let call = |n: u64| Made { input: 1000 + n, ..made(n as f64 * 10.0) };
    let late = |n: u64| Made { at: n as f64 * 10.0 + 1.0, ..call(n) };
    ((0..8).map(call).collect(), (3..12).map(late).collect())
}

#[test]
fn what_is_left_out_comes_back_whole() {
    let (app, gateway) = shared();
    let mut book = book();
    log(&mut book, "app", &app);
    let second = log(&mut book, "gateway", &gateway);
    let before = picture(&book.store);
    let pairs = book.store.probable_pairs().unwrap();
    let doubt: Usd = pairs.iter().map(|pair| pair.cost).sum();
    assert_eq!((in_doubt(&book), excluded(&book)), (5, 0));
    let whole = total(&book.store);

    assert_eq!(book.store.exclude_probable(true).unwrap(), 5);
    assert_sound(&book.store);
    let less = total(&book.store);
    assert_eq!((less.calls, less.cost + doubt), (whole.calls - 5, whole.cost));
    let without = picture(&book.store);
    assert_eq!(book.store.exclude_probable(true).unwrap(), 0, "nothing more to leave out");

    // Both files again: nothing is new, and what was left out stays out.
    for (source, calls) in [("app", &app), ("gateway", &gateway)] {
        let how = How { source: Some(source.into()), ..How::default() };
        let done = import_text_how(&mut book, &format!("{source}.jsonl"), lines(calls), how).imported;
        assert_eq!((done.new, done.duplicate), (0, calls.len() as u64), "{source}");
    }
    assert_alike(&picture(&book.store), &without, "imported again");
    assert_sound(&book.store);

    assert_eq!(book.store.exclude_probable(false).unwrap(), 5);
    assert_alike(&picture(&book.store), &before, "included again");
    assert_sound(&book.store);

    // One source goes: the other's calls all count, left out or not.
    book.store.exclude_probable(true).unwrap();
    book.store.undo_import(second).unwrap();
    assert_eq!((total(&book.store).calls, in_doubt(&book)), (app.len() as u64, 0));
    assert_sound(&book.store);
}

proptest! {
    #![proptest_config(cases(40))]

    /// Whatever two sources hold: exclusion takes away the doubt and nothing else, and gives it back.
    #[test]
    fn exclusion_is_a_round_trip(
        one in proptest::collection::vec((0u32..60, 0u64..2), 0..12),
        other in proptest::collection::vec((0u32..60, 0u64..2), 0..12),
    ) {
        let of = |calls: &[(u32, u64)]| -> Vec<Made> {
            calls.iter().map(|(at, more)| Made { output: 100 + more, ..made(f64::from(*at) / 4.0) }).collect()
        };
        prop_assume!(!one.is_empty() && !other.is_empty());
        let mut book = book();
        log(&mut book, "app", &of(&one));
        log(&mut book, "gateway", &of(&other));
        let (before, whole, doubt) = (picture(&book.store), total(&book.store), in_doubt(&book));
        prop_assert!(doubt <= one.len().min(other.len()) as u64, "a twin is one call's only");
        book.store.exclude_probable(true).unwrap();
        assert_sound(&book.store);
        prop_assert_eq!(total(&book.store).calls, whole.calls - doubt);
        book.store.exclude_probable(false).unwrap();
        assert_sound(&book.store);
        assert_alike(&picture(&book.store), &before, "included again");
    }
}
