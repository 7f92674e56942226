//! Output files of OpenAI batches.

use attr::domain::Unpriced;
use attr::read::openai::OpenAi;
use attr::read::openai_batch::OpenAiBatch;

use super::calls;
use super::expect;
use super::read;
use super::sample;

#[test]
fn lines_of_a_batch_are_calls_of_its_tier() {
    let calls = calls(&OpenAiBatch, "openai_batch/output.jsonl");
    let call = &calls["chatcmpl-Ba0001"];
    expect(call, &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!(call.dims["tier"], "batch");
    assert_eq!((call.dims["tenant"].as_str(), call.dims["feature"].as_str()), ("acme", "digest"));
    assert_eq!(call.extra["custom_id"], "tenant:acme|feature=digest|17");
    assert_eq!(calls["resp_Bb01"].dims["tier"], "batch");
    // A link is no set of tags.
    assert_eq!(calls["chatcmpl-Bi0001"].dims["status"], "ok");
    assert_eq!(calls["chatcmpl-Bi0001"].dims["model"], "mistral-small-2506");
    assert_eq!(calls["chatcmpl-Bj0001"].unpriced, Some(Unpriced::UsageMissing));
}

/// Acceptance check 18.
#[test]
fn what_failed_in_a_batch_is_not_billed() {
    let kept = read(&OpenAiBatch, &sample("openai_batch/output.jsonl"));
    assert_eq!(kept.skips, [(3, "batch_expired"), (4, "batch_errored"), (7, "batch_canceled"), (8, "batch_request")]);
    let embedded = kept.calls.iter().find(|call| call.line == 5).expect("it has a time");
    expect(embedded, &[("input", 8)]);
    assert_eq!(kept.rejections.len(), 2, "{:?}", kept.rejections);
    assert!(kept.rejections[0].1.contains("created_at"), "{:?}", kept.rejections);
    let tagged = r#"{"ts":"2026-06-01T12:00:00Z","custom_id":"a","response":{"object":"chat.completion","model":"gpt-5","usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}}"#;
    assert_eq!(read(&OpenAiBatch, &format!("{tagged}\n")).foreign.len(), 1);
    assert_eq!(read(&OpenAi, &format!("{tagged}\n")).calls.len(), 1);
}
