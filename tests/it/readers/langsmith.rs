//! LangSmith: runs of models as calls, everything above them as structure, and Claude's two meanings of input.

use std::collections::BTreeMap;

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::SpanRole;
use attr::read::langsmith::LangSmith;

use super::Seen;
use super::expect;
use super::read;
use super::sample;

fn run_id(n: u32) -> String {
    format!("{n:08x}-0000-4000-8000-000000000000")
}

fn runs() -> BTreeMap<u64, Seen> {
    read(&LangSmith, &sample("langsmith/runs.jsonl")).calls.into_iter().map(|call| (call.line, call)).collect()
}

#[test]
fn columns_are_inclusive() {
    let call = &runs()[&3];
    expect(call, &[("input", 500), ("cache_read", 1500), ("output", 300)]);
    assert_eq!((call.reasoning, call.latency, call.ttft), (220, Some(800), Some(250)));
    assert_eq!(call.cost, Usd::parse("0.0007625").ok());
    assert_eq!(call.ts, "2026-03-01T10:00:03Z");
    assert!(call.flags.is_empty(), "times without a zone are UTC here: {:?}", call.flags);
    assert_eq!((call.dims["provider"].as_str(), call.dims["model"].as_str()), ("openai", "gpt-5-mini"));
    assert_eq!(call.dims["workspace"], "proj-77", "what LangSmith calls a session is a project");
    assert_eq!((call.span.as_deref(), call.parent.as_deref()), (Some(run_id(3).as_str()), Some(run_id(2).as_str())));
}

/// Until March 2026 the SDK's wrapper left Claude's cached tokens out of the input.
#[test]
fn claude_is_inclusive_in_langchain_and_open_in_the_wrapper() {
    let calls = runs();
    expect(
        &calls[&4],
        &[("input", 200), ("cache_read", 4000), ("cache_write_5m", 600), ("cache_write_1h", 400), ("output", 350)],
    );
    assert!(calls[&4].flags.is_empty(), "writes listed whole and split are one count: {:?}", calls[&4].flags);
    assert_eq!(calls[&4].id.as_deref(), Some("msg_01Invented04ls"));
    expect(&calls[&5], &[("input", 19), ("cache_read", 4000), ("cache_write_5m", 600), ("output", 350)]);
    assert!(calls[&5].flags.is_empty(), "a part larger than the whole is no part of it");
    expect(&calls[&6], &[("input", 2000), ("cache_read", 4000), ("output", 350)]);
    assert_eq!((calls[&6].flags.as_slice(), calls[&6].others.as_slice()), (&["inclusive_guessed"][..], &[6000][..]));
}

#[test]
fn usage_stands_in_the_outputs_too() {
    let calls = runs();
    expect(&calls[&7], &[("input", 43), ("output", 190)]);
    assert_eq!((calls[&7].reasoning, calls[&7].id.as_deref()), (96, Some("chatcmpl-Invented07")));
    assert_eq!(calls[&7].dims["model"], "gpt-5-mini-2025-08-07");
    assert_eq!(
        (calls[&7].extra["model_requested"].as_str(), calls[&7].dims["tier"].as_str()),
        ("gpt-5-mini", "standard")
    );
    expect(&calls[&8], &[("input", 288), ("cache_read", 512), ("output", 50)]);
    expect(&calls[&9], &[("input", 20), ("cache_read", 80), ("output", 40)]);
    assert_eq!((calls[&9].reasoning, calls[&9].dims["tier"].as_str()), (10, "priority"));
    expect(&calls[&15], &[("input", 900)]);
    expect(&calls[&16], &[("input", 35), ("output", 74)]);
    assert_eq!(calls[&16].dims["provider"], "google");
    expect(&calls[&19], &[("input", 10), ("output", 2)]);
}

#[test]
fn what_lies_above_is_structure() {
    let kept = read(&LangSmith, &sample("langsmith/runs.jsonl"));
    let span = |n: u32| kept.spans.iter().find(|span| span.id == run_id(n)).expect("the run");
    assert_eq!((span(1).role, span(1).parent.as_deref()), (SpanRole::Rollup, None));
    for (dim, value) in [("user", "u-3"), ("session", "th-1"), ("tenant", "acme"), ("feature", "triage")] {
        assert_eq!(span(1).dims[dim], value, "{dim}");
    }
    assert_eq!(span(1).extra["trace_name"], "support-graph");
    assert!(!span(1).extra.contains_key("seq"), "LangChain's own tags are left");
    assert_eq!((span(2).role, span(2).dims["agent"].as_str()), (SpanRole::Structure, "triage"));
    let parent = run_id(2);
    assert_eq!(span(16).parent.as_deref(), Some(parent.as_str()), "the order names who is above");
    assert_eq!(kept.skips, [(1, "rollup"), (2, "no_usage"), (10, "no_usage"), (12, "unfinished")]);
}

#[test]
fn failures_and_unknown_usage() {
    let calls = runs();
    assert_eq!((calls[&11].dims["status"].as_str(), calls[&11].unpriced), ("error", None));
    assert_eq!(calls[&11].extra["error_type"], "RateLimitError");
    assert_eq!(calls[&13].unpriced, Some(Unpriced::UsageMissing));
    assert_eq!(calls[&14].unpriced, Some(Unpriced::UsageMissing), "a renamed column is no free call");
    let kept = read(&LangSmith, &sample("langsmith/runs.jsonl"));
    let lines: Vec<u64> = kept.rejections.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [17, 18]);
    assert!(kept.rejections[0].1.contains("`start_time` is missing"));
    assert!(kept.rejections[1].1.contains("`prompt_tokens` is not a count"));
}

#[test]
fn csv_and_pages_say_the_same() {
    let kept = read(&LangSmith, &sample("langsmith/runs.csv"));
    let plain = runs();
    assert_eq!(kept.calls.len(), 2);
    for (cell, line) in kept.calls.iter().zip([&plain[&3], &plain[&7]]) {
        assert_eq!((&cell.tokens, &cell.ts, &cell.id, &cell.cost), (&line.tokens, &line.ts, &line.id, &line.cost));
        assert_eq!(cell.dims["workspace"], "support");
    }
    let kept = read(&LangSmith, &sample("langsmith/page.json"));
    assert_eq!((kept.spans.len(), kept.calls.len(), kept.rejections.len()), (2, 1, 1));
    expect(&kept.calls[0], &[("input", 10), ("output", 2)]);
}

#[test]
fn neighbours_are_left_to_others() {
    let text =
        r#"{"id":"o","trace_id":"t","parent_observation_id":null,"type":"GENERATION","start_time":"2026-03-01"}"#;
    assert_eq!(read(&LangSmith, &format!("{text}\n")).foreign.len(), 1);
}
