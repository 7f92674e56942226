//! Gemini: what its counts contain, media, streams, batches, and times where an answer has none.

use std::collections::BTreeMap;

use attr::domain::Unpriced;
use attr::read::gemini::Gemini;

use super::Seen;
use super::calls;
use super::expect;
use super::read;
use super::sample;

fn mixed() -> BTreeMap<String, Seen> {
    calls(&Gemini, "gemini/mixed.jsonl")
}

#[test]
fn tool_prompts_are_input_and_thoughts_are_output() {
    let call = &mixed()["g-a"];
    expect(call, &[("input", 430), ("cache_read", 600), ("output", 320)]);
    assert_eq!((call.reasoning, call.dims["tier"].as_str(), call.dims["provider"].as_str()), (240, "flex", "google"));
    assert_eq!(
        (call.dims["model"].as_str(), call.extra["model_requested"].as_str()),
        ("gemini-2.5-flash", "gemini-flash-latest")
    );
    assert_eq!((call.dims["tenant"].as_str(), call.dims["feature"].as_str()), ("acme", "chat"));
    let dump = &mixed()["g-j"];
    expect(dump, &[("input", 40), ("output", 15), ("audio_in", 60)]);
}

#[test]
fn media_have_classes_of_their_own() {
    expect(
        &mixed()["g-b"],
        &[
            ("input", 250),
            ("cache_read", 92),
            ("output", 20),
            ("audio_in", 300),
            ("audio_cache_read", 100),
            ("image_cache_read", 258),
            ("video_in", 500),
        ],
    );
    expect(&mixed()["g-c"], &[("input", 10), ("output", 46), ("image_out", 1290)]);
}

#[test]
fn the_total_tells_where_thoughts_are() {
    let inside = &mixed()["g-d"];
    expect(inside, &[("input", 801), ("output", 1519)]);
    assert_eq!((inside.reasoning, inside.unpriced), (794, None));
    let hidden = &mixed()["g-e"];
    expect(hidden, &[("input", 35), ("output", 74)]);
    assert_eq!((hidden.reasoning, hidden.extra["reasoning_hidden"].as_str()), (62, "62"));
    for id in ["g-f", "g-g"] {
        assert_eq!(mixed()[id].unpriced, Some(Unpriced::UsageInconsistent), "{id}");
    }
    expect(&mixed()["g-f"], &[("input", 10), ("cache_read", 20), ("output", 5)]);
}

#[test]
fn vertex_is_told_by_what_only_it_writes() {
    let bare = &mixed()["g-h"];
    assert_eq!((bare.dims["provider"].as_str(), bare.dims["tier"].as_str()), ("vertex", "provisioned"));
    assert_eq!(bare.ts, "2026-06-01T12:07:00.123456Z");
    let named = &mixed()["g-i"];
    assert_eq!((named.dims["model"].as_str(), named.dims["tier"].as_str()), ("gemini-2.5-pro", "flex"));
    assert_eq!((named.dims["region"].as_str(), named.extra.contains_key("model_requested")), ("europe-west4", false));
}

#[test]
fn searches_are_counted_by_the_query() {
    let tools = |id: &str| mixed()[id].tools.clone();
    assert_eq!(tools("g-k"), [("google_search".to_string(), 3)]);
    assert_eq!(tools("g-l"), [("google_maps".to_string(), 1)]);
    assert!(tools("g-m").is_empty());
    expect(&mixed()["g-k"], &[("input", 520), ("output", 30)]);
}

#[test]
fn a_stream_is_one_call_with_the_last_counts() {
    let kept = read(&Gemini, &sample("gemini/mixed.jsonl"));
    let one = mixed()["g-s1"].clone();
    expect(&one, &[("input", 40), ("output", 25)]);
    assert_eq!((one.ts.as_str(), one.line, one.latency), ("2026-06-01T12:13:00Z", 14, Some(180_000)));
    let repeats = kept.skips.iter().filter(|skip| skip.1 == "repeat").count();
    assert_eq!((repeats, kept.calls.iter().filter(|call| call.id.as_deref() == Some("g-s1")).count()), (2, 1));
    // One that broke off is what it got to.
    expect(&mixed()["g-s2"], &[("input", 60), ("output", 3)]);
    expect(&mixed()["g-t"], &[("input", 70), ("output", 22)]);
}

#[test]
fn what_was_not_counted_is_not_zero() {
    let kept = read(&Gemini, &sample("gemini/mixed.jsonl"));
    for id in ["g-u", "g-w"] {
        assert_eq!(mixed()[id].unpriced, Some(Unpriced::UsageMissing), "{id}");
    }
    expect(&mixed()["g-v"], &[("input", 15)]);
    let by_line = |line: u64| kept.calls.iter().find(|call| call.line == line).expect("a call");
    assert_eq!(by_line(21).unpriced, Some(Unpriced::UsageMissing));
    assert!(kept.skips.contains(&(22, "no_call")), "counting tokens generates none");
    assert_eq!((by_line(23).dims["status"].as_str(), by_line(23).unpriced), ("error", None));
    let lines: Vec<u64> = kept.rejections.iter().map(|rejection| rejection.0).collect();
    assert_eq!(lines, [25, 26], "{:?}", kept.rejections);
    assert!(kept.rejections[0].1.contains("no time"));
}

#[test]
fn an_answer_without_a_time_has_that_of_its_id() {
    let kept = read(&Gemini, &sample("gemini/mixed.jsonl"));
    let call = kept.calls.iter().find(|call| call.line == 27).expect("a call");
    assert_eq!((call.ts.as_str(), call.flags.as_slice()), ("2026-06-01T12:26:00Z", ["time_assumed"].as_slice()));
    assert_eq!(call.dims["model"], "gemini-2.5-pro");
}

#[test]
fn lines_of_batches_are_batch_calls_and_failures_cost_nothing() {
    let kept = read(&Gemini, &sample("gemini/batch.jsonl"));
    let tiers: Vec<&str> = kept.calls.iter().map(|call| call.dims["tier"].as_str()).collect();
    assert_eq!(tiers, ["batch"; 4]);
    let statuses: Vec<&str> = kept.calls.iter().map(|call| call.dims["status"].as_str()).collect();
    assert_eq!(statuses, ["ok", "error", "ok", "error"]);
    assert_eq!(kept.calls[0].extra["key"], "acme/summary/1");
    assert_eq!((kept.calls[2].dims["team"].as_str(), kept.calls[2].dims["feature"].as_str()), ("search", "tagging"));
    assert_eq!((kept.calls[3].ts.as_str(), kept.calls[3].unpriced), ("2026-06-01T12:04:10Z", None));
    assert_eq!(kept.rejections.len(), 1, "a failure without a time");
}

#[test]
fn usages_of_the_same_name_are_not_taken() {
    let langchain =
        r#"{"ts":"2026-06-01T12:00:00Z","usage_metadata":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}"#;
    let flat = r#"{"key":"x","response":"hello","ts":"2026-06-01T12:00:00Z","input_tokens":1}"#;
    let row = r#"{"ts":"2026-06-01T12:00:00Z","model":"m","input_tokens":1,"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}"#;
    let list =
        r#"{"ts":"2026-06-01T12:00:00Z","model":"m","response_id":"r","candidates":[{"name":"a"}],"input_tokens":1}"#;
    assert_eq!(read(&Gemini, &format!("{langchain}\n{flat}\n{row}\n{list}\n")).foreign.len(), 4);
}
