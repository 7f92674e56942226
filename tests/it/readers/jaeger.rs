//! Jaeger: tags, microseconds, references, processes.

use attr::read::jaeger::Jaeger;

use super::expect;
use super::read;
use super::sample;

#[test]
fn tags_are_attributes_and_the_process_is_the_service() {
    let kept = read(&Jaeger, &sample("jaeger/trace.json"));
    let bedrock = &kept.calls[0];
    expect(bedrock, &[("input", 200), ("cache_read", 4000), ("cache_write_5m", 1000), ("output", 350)]);
    assert_eq!(bedrock.flags, ["ttl_unknown"], "known by its scope, which is a tag here");
    assert_eq!((bedrock.dims["feature"].as_str(), bedrock.dims["environment"].as_str()), ("helpdesk", "prod"));
    assert_eq!((bedrock.ts.as_str(), bedrock.latency), ("2026-06-01T08:00:00.123Z", Some(2500)));
    assert_eq!(bedrock.parent.as_deref(), Some("10f067aa0ba90001"));
    assert_eq!(kept.spans[0].dims["tenant"], "acme");
    assert_eq!((kept.calls[1].dims["status"].as_str(), kept.calls[2].dims["status"].as_str()), ("error", "error"));
    let last = &kept.calls[3];
    assert_eq!(last.span.as_deref(), Some("00f067aa0ba90007"), "leading zeros are not written");
    assert_eq!(last.parent.as_deref(), Some("00f067aa0ba90001"), "and a span may follow from another");
    assert_eq!(kept.skips, [(1, "no_usage"), (1, "no_usage"), (1, "no_spans")]);
    assert!(kept.rejections[0].1.contains("`startTime`"));
}

#[test]
fn documents_of_elasticsearch_write_tags_as_fields_too() {
    let kept = read(&Jaeger, &sample("jaeger/documents.jsonl"));
    expect(&kept.calls[0], &[("input", 12), ("output", 3)]);
    expect(&kept.calls[1], &[("input", 14), ("output", 5)]);
    assert_eq!(kept.calls[1].dims["feature"], "helpdesk");
}

#[test]
fn other_lists_called_data_are_left_to_others() {
    let kept = read(&Jaeger, "{\"data\":[{\"id\":1}]}\n{\"traceId\":\"a\",\"id\":\"b\"}\n");
    assert_eq!((kept.foreign.len(), kept.spans.len()), (2, 0));
    let kept = read(&Jaeger, "{\"traceID\":\"a\",\"spans\":[{\"traceID\":\"a\",\"startTime\":1780300800123000}]}\n");
    assert!(kept.rejections[0].1.contains("`spanID`"), "{:?}", kept.rejections);
}
