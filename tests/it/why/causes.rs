//! One incident planted in a quiet fortnight, found and named with its leading effect.

use serde_json::Value;
use serde_json::json;

use crate::why::Call;
use crate::why::DAY;
use crate::why::ask;
use crate::why::causes;
use crate::why::effects;
use crate::why::plan;
use crate::why::store;
use crate::why::text;
use crate::why::week;

/// Two quiet weeks, the second of which is made otherwise.
fn changed(change: impl Fn(Call) -> Vec<Call>) -> Value {
    let mut log = week(0);
    log.extend(week(7).into_iter().flat_map(change));
    ask(&store(&text(&log), 100), &plan())
}

fn leading(document: &Value) -> String {
    effects(&document["causes"][0])[0].0.clone()
}

#[test]
fn nothing_is_blamed_for_nothing() {
    let answer = changed(|call| vec![call]);
    assert_eq!((&answer["verdict"], &answer["change_usd"]), (&json!("no_change"), &json!("0")));
    assert!(causes(&answer).is_empty());
}

#[test]
fn longer_prompts_of_a_release_are_found_at_the_release() {
    let answer = changed(|call| match call.feature {
        "chat" => vec![Call { version: "chat-v2", input: call.input * 3, ..call }],
        _ => vec![call],
    });
    assert_eq!(answer["verdict"], json!("localized"));
    let first = &causes(&answer)[0];
    assert!(*first == json!({"feature": "chat"}) || *first == json!({"prompt_version": "chat-v2"}), "{first}");
    assert_eq!(leading(&answer), "input_tokens");
    let summary = answer["causes"][0]["summary"].as_str().unwrap();
    assert!(summary.contains("chat-v1 -> chat-v2: 0 % -> 100 % of calls"), "{summary}");
}

#[test]
fn calls_that_move_to_a_dearer_model_are_found_where_they_moved() {
    let answer = changed(|call| match (call.feature, call.tenant.as_str()) {
        ("digest", "tenant-2") => vec![Call { model: "smart", ..call }],
        _ => vec![call],
    });
    let first = &causes(&answer)[0];
    assert_eq!((&first["feature"], &first["tenant"]), (&json!("digest"), &json!("tenant-2")), "{first}");
    assert_eq!(leading(&answer), "model_mix");
}

#[test]
fn a_cache_that_is_missed_is_the_cache() {
    let answer = changed(|call| match call.feature {
        "search" => vec![Call { input: call.input + call.cached, cached: 0, ..call }],
        _ => vec![call],
    });
    assert_eq!(causes(&answer)[0]["feature"], json!("search"));
    assert_eq!(leading(&answer), "cache");
}

#[test]
fn calls_that_fail_and_are_sent_again_are_errors() {
    let answer = changed(|call| match call.feature {
        "chat" => vec![Call { status: "timeout", ..call.clone() }, Call { at: call.at + 60, ..call }],
        _ => vec![call],
    });
    assert_eq!(causes(&answer)[0]["feature"], json!("chat"));
    assert_eq!(leading(&answer), "errors");
}

#[test]
fn a_new_customer_is_volume() {
    let answer = changed(|call| match call.feature {
        "search" => vec![Call { tenant: "newcomer".into(), at: call.at + 7, ..call.clone() }, call],
        _ => vec![call],
    });
    assert_eq!(causes(&answer)[0]["tenant"], json!("newcomer"));
    assert_eq!(leading(&answer), "volume");
}

#[test]
fn a_run_that_does_not_end_is_the_run() {
    let mut log = week(0);
    log.extend(week(7));
    let looping = week(7)[0].clone();
    log.extend((0..150).map(|turn| Call {
        at: 10 * DAY + 20 * turn,
        run: 77,
        input: 8_000 + 400 * turn,
        ..looping.clone()
    }));
    let answer = ask(&store(&text(&log), 100), &plan());
    assert_eq!(causes(&answer), [json!({"run": "run-77"})]);
    assert_eq!(leading(&answer), "volume");
}

#[test]
fn what_shrank_is_told_for_a_fall() {
    let answer = changed(|call| if call.tenant == "tenant-3" { vec![] } else { vec![call] });
    assert_eq!(causes(&answer), [json!({"tenant": "tenant-3"})]);
    assert!(answer["causes"][0]["change_usd"].as_str().unwrap().starts_with('-'), "{answer}");
    assert_eq!(leading(&answer), "volume");
}

#[test]
fn longer_answers_are_found_under_prompts_of_all_sizes() {
    // What calls cost swings with their prompts; what they answer does not.
    let wild = |call: Call| match call.feature {
        "chat" => Call { input: 1_000 + call.at / 1_200 % 37 * call.at / 1_200 % 41 * 600, ..call },
        _ => call,
    };
    let mut log: Vec<Call> = week(0).into_iter().map(wild).collect();
    log.extend(week(7).into_iter().map(wild).map(|call| match call.feature {
        "chat" => Call { output: 900, ..call },
        _ => call,
    }));
    let answer = ask(&store(&text(&log), 100), &plan());
    assert_eq!(causes(&answer), [json!({"feature": "chat"})]);
}

#[test]
fn what_rose_is_told_where_what_fell_outweighs_it_a_little() {
    let answer = changed(|call| match (call.feature, call.tenant.as_str()) {
        ("chat", _) => vec![Call { output: call.output * 5 / 2, ..call }],
        (_, "tenant-3") => vec![],
        _ => vec![call],
    });
    assert!(answer["change_usd"].as_str().unwrap().starts_with('-'), "{answer}");
    assert_eq!(causes(&answer)[0], json!({"feature": "chat"}), "{answer}");
}

#[test]
fn what_did_the_same_beside_a_cause_belongs_to_it() {
    // Chat grew most, search nearly as much; both work at the edge, and what does not stayed as it was.
    let at = |call: Call| Call { environment: if call.feature == "digest" { "core" } else { "edge" }, ..call };
    let mut log: Vec<Call> = week(0).into_iter().map(at).collect();
    log.extend(week(7).into_iter().map(at).flat_map(|call| {
        let times = match (call.feature, call.tenant.as_str()) {
            ("chat", _) => 4,
            ("search", "tenant-0") => 3,
            ("search", _) => 2,
            _ => 1,
        };
        (0..times).map(move |turn| Call { at: call.at + 60 * turn, ..call.clone() })
    }));
    let answer = ask(&store(&text(&log), 100), &plan());
    assert_eq!(causes(&answer), [json!({"environment": "edge"})], "{answer}");
}
