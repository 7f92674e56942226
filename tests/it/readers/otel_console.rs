//! Console exports: Python's JSON, and JavaScript's where it was written as JSON.

use attr::read::SpanRole;
use attr::read::otel_console::OtelConsole;

use super::expect;
use super::read;
use super::sample;

#[test]
fn python_prints_prefixed_ids_and_times_of_its_own() {
    let kept = read(&OtelConsole, &sample("otel_console/python.txt"));
    let call = &kept.calls[0];
    expect(call, &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!((call.reasoning, call.latency, call.line), (320, Some(2500), 1));
    assert_eq!(call.dims["trace"], "5ad3f5a5b1b2c3d4e5f60718293a4b40");
    assert_eq!((call.span.as_deref(), call.parent.as_deref()), (Some("10f067aa0ba90002"), Some("10f067aa0ba90001")));
    assert_eq!((call.dims["environment"].as_str(), call.dims["feature"].as_str()), ("prod", "helpdesk"));
    let above = &kept.spans[1];
    assert_eq!((above.dims["tenant"].as_str(), above.dims["feature"].as_str()), ("acme", "faq"));
    assert_eq!(kept.calls[1].dims["status"], "error");
    assert_eq!(kept.calls[2].latency, None, "a span that has not ended");
    let reasons: Vec<_> = kept.rejections.iter().map(|(line, reason)| (*line, reason.as_str())).collect();
    assert_eq!(reasons.len(), 3);
    for ((line, reason), (at, key)) in
        reasons.iter().zip([(110, "input_tokens"), (173, "start_time"), (205, "context.span_id")])
    {
        assert!(*line == at && reason.contains(key), "{line}: {reason}");
    }
}

#[test]
fn javascript_counts_in_microseconds() {
    let kept = read(&OtelConsole, &sample("otel_console/javascript.json"));
    let call = &kept.calls[0];
    expect(call, &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!((call.ts.as_str(), call.latency), ("2026-06-01T08:00:00.123Z", Some(2500)));
    assert_eq!(call.parent.as_deref(), Some("10f067aa0ba90001"));
    let roles: Vec<SpanRole> = kept.spans.iter().map(|span| span.role).collect();
    assert_eq!(roles, [SpanRole::Call, SpanRole::Rollup]);
}

#[test]
fn spans_of_phoenix_and_metrics_are_left_to_others() {
    let phoenix = r#"{"context":{"trace_id":"t","span_id":"s"},"span_kind":"LLM","start_time":"2026-06-01T08:00:00Z","attributes":{}}"#;
    let kept = read(&OtelConsole, &format!("{phoenix}\n{{\"resource_metrics\":[]}}\n"));
    assert_eq!((kept.foreign.len(), kept.spans.len()), (2, 0));
}
