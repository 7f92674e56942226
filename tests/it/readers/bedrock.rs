//! Bedrock: Converse answers by family of models, and the invocation log in all its envelopes.

use attr::domain::Unpriced;
use attr::read::CachedInput;
use attr::read::Options;
use attr::read::bedrock_converse::BedrockConverse;
use attr::read::bedrock_log::BedrockLog;

use super::Seen;
use super::calls;
use super::expect;
use super::read;
use super::read_as;
use super::sample;

const SAME: &[(&str, u64)] =
    &[("input", 200), ("cache_read", 4000), ("cache_write_5m", 600), ("cache_write_1h", 400), ("output", 350)];

fn converse(line: u64) -> Seen {
    let kept = read(&BedrockConverse, &sample("bedrock_converse/mixed.jsonl"));
    kept.calls.into_iter().find(|call| call.line == line).expect("the line is a call")
}

#[test]
fn families_count_their_input_differently() {
    let claude = converse(1);
    expect(&claude, SAME);
    assert_eq!(
        (claude.id.as_deref(), claude.latency, claude.dims["tenant"].as_str()),
        (Some("br-1"), Some(800), "acme")
    );
    assert!(claude.flags.is_empty());
    let nova = converse(2);
    expect(&nova, &[("input", 200), ("cache_read", 4000), ("cache_write_5m", 1000), ("output", 350)]);
    assert_eq!(nova.dims["model"], "us.amazon.nova-lite-v1:0");
    expect(&converse(3), &[("input", 200), ("cache_read", 4000), ("cache_write_30m", 1000), ("output", 350)]);
    expect(&converse(4), &[("input", 100), ("cache_read", 800), ("output", 10)]);
    expect(&converse(5), &[("input", 100), ("cache_read", 800), ("output", 10)]);
    assert!(converse(5).flags.is_empty(), "the total told");
}

#[test]
fn what_the_total_leaves_open_is_flagged_or_said() {
    let open = converse(6);
    assert_eq!((open.flags.as_slice(), open.others.as_slice()), (["inclusive_guessed"].as_slice(), [100].as_slice()));
    let options = Options { cached_input: Some(CachedInput::Inside), ..Options::default() };
    let kept = read_as(&BedrockConverse, sample("bedrock_converse/mixed.jsonl").as_bytes(), &options);
    let said = kept.calls.iter().find(|call| call.line == 6).expect("a call");
    expect(said, &[("input", 100), ("cache_read", 800), ("output", 10)]);
    assert!(said.flags.is_empty());
}

#[test]
fn contradictions_are_kept_raw() {
    for line in [7, 8, 9] {
        assert_eq!(converse(line).unpriced, Some(Unpriced::UsageInconsistent), "{line}");
    }
    expect(&converse(8), &[("input", 900), ("cache_read", 800), ("output", 10)]);
}

#[test]
fn streams_end_with_their_counts() {
    let kept = read(&BedrockConverse, &sample("bedrock_converse/mixed.jsonl"));
    expect(&converse(10), &[("input", 30), ("output", 4)]);
    assert_eq!((converse(10).dims["tier"].as_str(), converse(10).latency), ("priority", Some(640)));
    assert_eq!(kept.skips, [(11, "stream_event")]);
    expect(&converse(12), &[("input", 31), ("output", 5)]);
    assert_eq!(converse(12).dims["model"], "us.amazon.nova-pro-v1:0");
}

#[test]
fn converse_times_profiles_and_gaps() {
    let dated = converse(13);
    assert_eq!((dated.ts.as_str(), dated.dims["tier"].as_str()), ("2026-06-01T13:11:59.200Z", "fast"));
    let profile = "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/abc123";
    let hidden = converse(14);
    assert_eq!((hidden.dims["model"].as_str(), hidden.extra["inference_profile"].as_str()), (profile, profile));
    assert_eq!(hidden.dims["region"], "eu-west-1");
    assert_eq!(converse(15).unpriced, Some(Unpriced::UsageMissing));
    let kept = read(&BedrockConverse, &sample("bedrock_converse/mixed.jsonl"));
    assert_eq!(kept.rejections.len(), 1);
    assert!(kept.rejections[0].0 == 16 && kept.rejections[0].1.contains("no time"));
    let flat = r#"{"ts":"2026-06-01T12:00:00Z","model":"m","usage":{"inputTokens":1,"outputTokens":1}}"#;
    assert_eq!(read(&BedrockConverse, &format!("{flat}\n")).foreign.len(), 1);
}

#[test]
fn the_log_counts_and_the_answer_splits() {
    let calls = calls(&BedrockLog, "bedrock_log/objects.jsonl");
    let call = &calls["req-0"];
    expect(call, SAME);
    for (dim, value) in [
        ("account", "111122223333"),
        ("region", "us-east-1"),
        ("team", "search"),
        ("tenant", "acme"),
        ("user", "worker-7"),
        ("model", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("provider", "bedrock"),
    ] {
        assert_eq!(call.dims[dim], value, "{dim}");
    }
    assert_eq!((call.extra["inference_region"].as_str(), call.extra["role"].as_str()), ("us-west-2", "helpdesk"));
    assert_eq!(call.extra["response_id"], "msg_bdrk_01");
    let streamed = &calls["req-1"];
    expect(streamed, SAME);
    assert_eq!((streamed.latency, streamed.ttft, streamed.dims["user"].as_str()), (Some(2500), Some(400), "dana"));
    assert_eq!(
        (calls["req-2"].flags.as_slice(), calls["req-2"].dims["user"].as_str()),
        (["ttl_unknown"].as_slice(), "u-9")
    );
    // Another split than the log's sum: the sum is billed.
    expect(&calls["req-3"], &[("input", 200), ("cache_read", 4000), ("cache_write_5m", 1500), ("output", 350)]);
}

#[test]
fn arns_failures_embeddings_and_gaps() {
    let calls = calls(&BedrockLog, "bedrock_log/objects.jsonl");
    assert!(
        calls["req-4"].dims["model"].starts_with("arn:aws:bedrock")
            && calls["req-4"].extra.contains_key("inference_profile")
    );
    assert_eq!(calls["req-5"].dims["model"], "amazon.nova-lite-v1:0");
    assert_eq!(calls["req-5"].dims["account"], "111122223333");
    let failed = &calls["req-6"];
    assert_eq!((failed.dims["status"].as_str(), failed.unpriced), ("error", None));
    assert_eq!(failed.extra["error_type"], "ThrottlingException");
    expect(&calls["req-7"], &[("input", 8)]);
    expect(&calls["req-8"], SAME);
    assert_eq!(calls["req-9"].unpriced, Some(Unpriced::UsageMissing));
    assert_eq!(calls["req-10"].unpriced, Some(Unpriced::UsageMissing), "a count whose name changed");
    assert_eq!(calls["req-14"].dims["tier"], "flex");
    let kept = read(&BedrockLog, &sample("bedrock_log/objects.jsonl"));
    let lines: Vec<u64> = kept.rejections.iter().map(|rejection| rejection.0).collect();
    assert_eq!((lines.as_slice(), kept.skips.as_slice()), ([12, 13].as_slice(), [(14, "no_call")].as_slice()));
}

#[test]
fn envelopes_are_opened() {
    let kept = read(&BedrockLog, &sample("bedrock_log/cloudwatch.json"));
    let ids: Vec<&str> = kept.calls.iter().filter_map(|call| call.id.as_deref()).collect();
    assert_eq!(ids, ["req-20", "req-21", "req-22", "req-23"]);
    expect(&kept.calls[0], &[("input", 200), ("cache_read", 4000), ("cache_write_5m", 1000), ("output", 350)]);
    assert_eq!(kept.rejections.len(), 1, "the text that was cut off");
    let csv = "@timestamp,@message\n2026-05-05 12:00:00.000,\"{\"\"schemaType\"\":\"\"ModelInvocationLog\"\",\"\"timestamp\"\":\"\"2026-05-05T12:00:00Z\"\",\"\"requestId\"\":\"\"r\"\",\"\"modelId\"\":\"\"m\"\",\"\"input\"\":{\"\"inputTokenCount\"\":3},\"\"output\"\":{\"\"outputTokenCount\"\":6}}\"\n";
    expect(&read(&BedrockLog, csv).calls[0], &[("input", 3), ("output", 6)]);
    let insights = r#"{"results":[[{"field":"@message","value":"{\"schemaType\":\"ModelInvocationLog\",\"timestamp\":\"2026-05-05T12:00:00Z\",\"modelId\":\"m\",\"input\":{\"inputTokenCount\":3},\"output\":{\"outputTokenCount\":6}}"}]]}"#;
    assert_eq!(read(&BedrockLog, &format!("{insights}\n")).calls.len(), 1);
    let other = r#"{"timestamp":1777982400000,"message":"START RequestId: 1"}"#;
    assert_eq!(read(&BedrockLog, &format!("{other}\n")).foreign.len(), 1);
}
