//! Answers of Anthropic's, bare and wrapped.

use attr::domain::Unpriced;
use attr::read::anthropic::Anthropic;
use attr::read::openai::OpenAi;

use super::calls;
use super::expect;
use super::read;
use super::sample;

#[test]
fn anthropic_takes_lifetimes_tools_region_and_dimensions() {
    let calls = calls(&Anthropic, "anthropic/wrapped.jsonl");
    let call = &calls["msg_01Ab"];
    expect(
        call,
        &[("input", 12), ("cache_read", 3000), ("cache_write_5m", 400), ("cache_write_1h", 500), ("output", 410)],
    );
    assert_eq!(call.reasoning, 150);
    assert_eq!(call.tools, [("web_search".to_string(), 2), ("web_fetch".to_string(), 1)]);
    assert_eq!(call.dims["tier"], "standard");
    assert_eq!(call.dims["region"], "us");
    assert_eq!(call.dims["tenant"], "acme");
    assert_eq!(call.dims["feature"], "summarize");
    assert_eq!(call.dims["environment"], "prod");
    assert_eq!(call.dims["user"], "u-17");
    assert_eq!(call.dims["status"], "ok");
    assert!(call.flags.is_empty());
    assert_eq!(calls["msg_01Aa"].latency, Some(2500));
    assert_eq!(calls["msg_01Aa"].flags, ["ttl_unknown"]);
    assert_eq!(calls["msg_01Ae"].dims["tier"], "fast");
    assert_eq!(calls["msg_01Ad"].dims["tier"], "priority");
}

/// Acceptance check 3: a split that covers less than was written leaves a remainder; one that covers more is right.
#[test]
fn cache_writes_beyond_the_split_are_billed() {
    let calls = calls(&Anthropic, "anthropic/wrapped.jsonl");
    expect(&calls["msg_01Ac"], &[("input", 100), ("cache_write_5m", 184_457), ("output", 900)]);
    assert_eq!(calls["msg_01Ac"].flags, ["ttl_unknown"]);
    expect(&calls["msg_01Ad"], &[("input", 50), ("cache_write_5m", 80), ("cache_write_1h", 70), ("output", 20)]);
    assert!(calls["msg_01Ad"].flags.is_empty());
}

/// Acceptance check 6.
#[test]
fn inner_requests_become_calls_of_their_own() {
    let calls = calls(&Anthropic, "anthropic/wrapped.jsonl");
    expect(&calls["msg_01Af"], &[("input", 180), ("output", 60)]);
    expect(&calls["msg_01Af#1"], &[("input", 55_196), ("output", 1800)]);
    assert_eq!(calls["msg_01Af#1"].dims["model"], "claude-opus-4-8");
    assert_eq!(calls["msg_01Af#1"].dims["tenant"], "acme");
    assert_eq!(calls["msg_01Ag#1"].dims["model"], "claude-opus-4-8");
    assert_eq!(calls["msg_01Ag"].dims["model"], "claude-sonnet-4-6");
    assert!(!calls.contains_key("msg_01Af#2"));
    assert!(!calls.contains_key("msg_01Ah#1"), "a list of one is the total itself");
    expect(&calls["msg_01Ai"], &[("input", 300), ("output", 30)]);
    assert_eq!(calls["msg_01Ai"].extra["model_requested"], "claude-opus-5");
    expect(&calls["msg_01Ai#1"], &[("input", 290), ("output", 1)]);
    assert_eq!(calls["msg_01Ai#1"].dims["model"], "claude-opus-5");
}

#[test]
fn anthropic_finds_the_body_and_its_seller() {
    let kept = read(&Anthropic, &sample("anthropic/wrapped.jsonl"));
    let calls = calls(&Anthropic, "anthropic/wrapped.jsonl");
    assert_eq!(calls["msg_bdrk_01Aj"].dims["provider"], "bedrock");
    assert_eq!(calls["msg_bdrk_01Aj"].dims["tenant"], "globex");
    assert_eq!(calls["msg_vrtx_01Ak"].dims["provider"], "vertex");
    assert_eq!(calls["msg_vrtx_01Ak"].dims["tier"], "batch");
    assert!(!calls["msg_vrtx_01Ak"].dims.contains_key("region"));
    assert_eq!(calls["msg_vrtx_01Ak"].ts, "2026-06-01T12:11:00Z");
    assert_eq!(calls["msg_01Al"].dims["tenant"], "acme");
    let error = &calls["req_011"];
    assert_eq!((error.dims["status"].as_str(), error.unpriced, error.tokens.len()), ("error", None, 0));
    assert_eq!(error.extra["error_type"], "overloaded_error");
    assert_eq!(calls["msg_01Am"].unpriced, Some(Unpriced::UsageMissing));
    assert_eq!(calls["msg_01An"].unpriced, Some(Unpriced::UsageInconsistent));
    assert_eq!(kept.skips.len(), 0);
    let reasons: Vec<&str> = kept.rejections.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert!(reasons[0].contains("no time: add one"));
    assert!(reasons[1].contains("negative"));
    assert!(reasons[2].contains("half past nine"));
}

#[test]
fn a_tag_that_shares_a_name_is_no_property_of_the_request() {
    let text = r#"{"ts":"2026-06-01T12:00:00Z","tags":{"tier":"gold","system":"crm"},"response":{"type":"message","id":"msg_1","model":"m","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}"#;
    let call = &read(&Anthropic, &format!("{text}\n")).calls[0];
    assert_eq!(call.dims["provider"], "anthropic");
    assert!(!call.dims.contains_key("tier"));
    assert_eq!((call.extra["tier"].as_str(), call.extra["system"].as_str()), ("gold", "crm"));
}

#[test]
fn batches_and_coding_sessions_are_left_to_others() {
    let batch = r#"{"custom_id":"a","result":{"type":"succeeded","message":{"type":"message","model":"m","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}}"#;
    let session = r#"{"type":"assistant","sessionId":"s","uuid":"u","timestamp":"2026-02-01T10:00:05Z","message":{"type":"message","model":"m","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}"#;
    let kept = read(&Anthropic, &format!("{batch}\n{session}\n"));
    assert_eq!((kept.calls.len(), kept.foreign.len()), (0, 2));
    let batch = r#"{"custom_id":"a","response":{"body":{"object":"chat.completion","created":1780315200,"usage":{"prompt_tokens":1,"completion_tokens":1}}}}"#;
    assert_eq!(read(&OpenAi, &format!("{batch}\n")).foreign.len(), 1);
}
