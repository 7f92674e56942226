//! Results of Anthropic batches.

use attr::domain::Unpriced;
use attr::read::anthropic_batch::AnthropicBatch;

use super::expect;
use super::read;
use super::sample;

#[test]
fn results_need_a_time_and_failures_are_not_billed() {
    let kept = read(&AnthropicBatch, &sample("anthropic_batch/results.jsonl"));
    let first = &kept.calls[0];
    expect(first, &[("input", 100), ("cache_read", 50), ("output", 20)]);
    assert_eq!((first.dims["tier"].as_str(), first.dims["team"].as_str()), ("batch", "support"));
    assert_eq!((first.ts.as_str(), first.extra["custom_id"].as_str()), ("2026-06-01T13:00:00Z", "team=support;doc_9"));
    assert_eq!(kept.calls[1].unpriced, Some(Unpriced::UsageMissing));
    assert_eq!(kept.skips, [(3, "batch_errored"), (4, "batch_canceled"), (5, "batch_expired"), (7, "batch_request")]);
    assert_eq!(kept.rejections.len(), 2, "{:?}", kept.rejections);
    assert!(kept.rejections[0].1.contains("created_at"));
    assert_eq!(read(&AnthropicBatch, "{\"custom_id\":\"a\",\"model\":\"m\"}\n").foreign.len(), 1);
}
