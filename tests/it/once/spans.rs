//! Spans that were exported before they were complete, and again after.

use super::*;
use crate::world::import_text;

fn row(id: &str, parent: &str, end: &str, usage: &str, updated: u64) -> String {
    format!(
        r#"{{"id":"{id}","trace_id":"c0ffee","parent_observation_id":{parent},"type":"GENERATION","start_time":"2026-04-10 09:00:01.250","end_time":{end},"name":"answer","provided_model_name":"gpt-5-mini-2025-08-07","usage_details":{usage},"cost_details":{{}},"environment":"production","level":"DEFAULT","updated_at":"2026-04-10 09:00:0{updated}.000"}}"#
    ) + "\n"
}

const USAGE: &str =
    r#"{"input":400,"input_cached_tokens":1600,"output":120,"output_reasoning_tokens":300,"total":2420}"#;

/// The same observation: begun, half way, and done.
fn states() -> [String; 3] {
    let done = "\"2026-04-10 09:00:03.000\"";
    [
        row("5ba0", "null", "null", "{}", 2),
        row("5ba0", "null", done, r#"{"input":400,"output":10,"total":410}"#, 3),
        row("5ba0", "null", done, USAGE, 5),
    ]
}

#[test]
fn a_span_that_grows_is_its_last_state() {
    let states = states();
    let whole = {
        let mut book = book();
        import_text(&mut book, "log.jsonl", &states[2]);
        total(&book.store)
    };
    assert_eq!((whole.calls, whole.unpriced.iter().sum::<u64>()), (1, 0));
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut apart = book();
        for at in order {
            import_text(&mut apart, "log.jsonl", &states[at]);
            assert_sound(&apart.store);
        }
        assert_eq!(total(&apart.store), whole, "{order:?}");
        let stored = kept(&apart.store);
        for state in &states {
            assert_eq!(import_text(&mut apart, "log.jsonl", state).imported.new, 0, "{order:?}");
        }
        assert_eq!((total(&apart.store), kept(&apart.store)), (whole.clone(), stored), "{order:?} again");
        let mut together = book();
        import_text(&mut together, "log.jsonl", order.map(|at| states[at].as_str()).concat());
        assert_eq!(total(&together.store), whole, "{order:?} in one file");
        assert_sound(&together.store);
    }
}

/// What sums others does so in every state, and what is undone leaves the other states as they were.
#[test]
fn a_span_that_grows_under_a_wrapper_is_counted_once() {
    let wrapper = row("3b23", "null", "\"2026-04-10 09:00:09.000\"", USAGE, 2);
    let leaf = |end: &str, usage: &str, updated| row("5ba0", "\"3b23\"", end, usage, updated);
    let files = [
        wrapper.clone() + &leaf("null", "{}", 2),
        leaf("\"2026-04-10 09:00:03.000\"", r#"{"input":400,"output":120,"total":520}"#, 5),
        row("3b23", "null", "\"2026-04-10 09:00:09.000\"", r#"{"input":900,"output":120,"total":1020}"#, 7),
    ];
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..files.len()).map(|at| folder.path().join(format!("{at}.jsonl"))).collect();
    for (path, text) in paths.iter().zip(&files) {
        fs_err::write(path, text).unwrap();
    }
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut book = book();
        let ids: Vec<i64> = order.iter().map(|at| put(&mut book, &paths[*at]).imported.id).collect();
        let found = total(&book.store);
        assert_eq!((found.calls, found.tokens[0]), (1, 400), "{order:?}: the leaf alone");
        for gone in 0..3 {
            book.store.undo_import(ids[gone]).unwrap();
            assert_sound(&book.store);
            let left: Vec<PathBuf> = (0..3).filter(|at| *at > gone).map(|at| paths[order[at]].clone()).collect();
            if !left.is_empty() {
                let should = only(&left);
                assert_eq!(by(&book.store, &[]), should[0].1, "{order:?} without {:?}", &order[..=gone]);
            }
        }
        assert_eq!(kept(&book.store), 0);
    }
}
