//! Phoenix: data frames as CSV and JSON lines, and the spans of its API.

use attr::read::SpanRole;
use attr::read::phoenix::Phoenix;

use super::expect;
use super::read;
use super::sample;

#[test]
fn a_data_frame_has_a_column_an_attribute() {
    let kept = read(&Phoenix, &sample("phoenix/frame.csv"));
    let call = &kept.calls[0];
    expect(call, &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!((call.latency, call.dims["session"].as_str()), (Some(2500), "s-1"));
    assert_eq!(call.parent.as_deref(), Some("10f067aa0ba90001"));
    assert!(!call.dims.contains_key("user"), "`nan` is nobody");
    let agent = &kept.spans[0];
    assert_eq!((agent.dims["tenant"].as_str(), agent.dims["feature"].as_str()), ("acme", "faq"));
    assert_eq!(agent.role, SpanRole::Structure, "what its columns sum is not its own");
    let failed = &kept.calls[1];
    assert_eq!((failed.dims["status"].as_str(), failed.unpriced), ("error", None));
    assert_eq!(failed.flags, ["zone_assumed"]);
    let reasons: Vec<&str> = kept.rejections.iter().map(|(_, reason)| reason.as_str()).collect();
    assert!(reasons[0].contains("`llm.token_count.prompt`") && reasons[1].contains("`context.span_id`"), "{reasons:?}");
}

#[test]
fn attributes_may_be_flat_or_nested() {
    let kept = read(&Phoenix, &sample("phoenix/spans.jsonl"));
    expect(&kept.calls[0], &[("input", 200), ("cache_read", 4000), ("cache_write_5m", 1000), ("output", 350)]);
    assert_eq!((kept.calls[0].dims["team"].as_str(), kept.calls[0].others.as_slice()), ("search", [5200].as_slice()));
    expect(&kept.calls[1], &[("input", 2000), ("output", 500)]);
    assert_eq!((kept.calls[1].reasoning, kept.calls[1].dims["tenant"].as_str()), (320, "acme"));
    expect(&kept.calls[2], &[("input", 64)]);
}

#[test]
fn spans_of_the_console_are_left_to_others() {
    let console = r#"{"name":"a","context":{"trace_id":"0x1","span_id":"0x2"},"kind":"SpanKind.CLIENT","start_time":"2026-06-01T08:00:00Z","status":{"status_code":"UNSET"},"attributes":{}}"#;
    let kept = read(&Phoenix, &format!("{console}\n{{\"data\":[]}}\n"));
    assert_eq!((kept.foreign.len(), kept.spans.len()), (2, 0));
}
