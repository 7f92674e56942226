//! Zipkin: everything is text, times are microseconds.

use attr::read::zipkin::Zipkin;

use super::expect;
use super::read;
use super::sample;

#[test]
fn texts_are_counts_lists_and_statuses() {
    let kept = read(&Zipkin, &sample("zipkin/spans.json"));
    let call = &kept.calls[0];
    expect(call, &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!((call.id.as_deref(), call.latency), (Some("chatcmpl-Za"), Some(2500)));
    assert_eq!((call.dims["feature"].as_str(), call.extra["service"].as_str()), ("faq", "helpdesk"));
    assert_eq!(call.parent.as_deref(), Some("10f067aa0ba90001"));
    let failed = &kept.calls[1];
    assert_eq!(failed.dims["status"], "error");
    assert_eq!(failed.dims["trace"], "0000000000000000d3f5a5b1b2c3d4e5", "the short form of the same id");
    assert_eq!(kept.rejections.len(), 1);
}

#[test]
fn what_is_no_span_is_left_to_others() {
    let kept =
        read(&Zipkin, "{\"traceId\":\"a\",\"id\":\"b\",\"type\":\"GENERATION\",\"timestamp\":1}\n{\"id\":\"x\"}\n");
    assert_eq!((kept.foreign.len(), kept.spans.len()), (2, 0));
    let kept = read(&Zipkin, "{\"traceId\":\"a\",\"id\":\"b\",\"timestamp\":\"?\",\"localEndpoint\":{}}\n");
    assert!(kept.rejections[0].1.contains("`timestamp`"), "{:?}", kept.rejections);
}
