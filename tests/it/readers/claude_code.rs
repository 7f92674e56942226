//! Claude Code sessions: repeats, growth, replays, subagents, and what `claude -p` prints.

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::Reader;
use attr::read::claude_code::ClaudeCode;
use attr::read::formats;
use attr::read::json::Tape;

use super::Kept;
use super::Seen;
use super::calls;
use super::expect;
use super::read;
use super::sample;

/// A line of a session: what the message holds, and keys besides.
fn line(id: &str, request: &str, at: &str, usage: &str, more: &str) -> String {
    format!(
        r#"{{"parentUuid":null,"sessionId":"s-1","type":"assistant","requestId":"{request}","timestamp":"2026-02-01T{at}Z","uuid":"u-{at}","message":{{"id":"{id}","model":"claude-opus-4-6","role":"assistant","content":[],"usage":{{{usage}}}}}{more}}}"#
    ) + "\n"
}

fn usage(input: u64, output: u64) -> String {
    format!(r#""input_tokens":{input},"output_tokens":{output}"#)
}

fn skips(kept: &Kept) -> Vec<&'static str> {
    kept.skips.iter().map(|(_, reason)| *reason).collect()
}

fn session() -> std::collections::BTreeMap<String, Seen> {
    calls(&ClaudeCode, "claude_code/session.jsonl")
}

/// Acceptance check 14: an answer's lines repeat its usage, which grows.
#[test]
fn lines_of_one_answer_are_one_call_with_the_greatest_counts_and_the_first_time() {
    let call = &session()["msg_01Aa"];
    expect(call, &[("input", 9), ("cache_read", 18_277), ("cache_write_5m", 645), ("output", 240)]);
    assert_eq!((call.reasoning, call.line, call.ts.as_str()), (90, 4, "2026-02-01T10:00:05Z"));
    for (dim, value) in [
        ("provider", "anthropic"),
        ("model", "claude-opus-4-5-20251101"),
        ("tier", "standard"),
        ("status", "ok"),
        ("workspace", "harbour"),
    ] {
        assert_eq!(call.dims[dim], value, "{dim}");
    }
    assert!(!call.dims.contains_key("agent"));
    assert!(call.flags.is_empty(), "{:?}", call.flags);
    for (key, value) in
        [("request_id", "req_01a"), ("git_branch", "tide"), ("version", "2.1.16"), ("entrypoint", "cli")]
    {
        assert_eq!(call.extra[key], value, "{key}");
    }
}

#[test]
fn counts_are_raised_field_by_field() {
    // The lifetime of the writes is told late: they are not counted twice.
    let text = line(
        "msg_1",
        "r",
        "10:00:01",
        r#""input_tokens":5,"output_tokens":9,"cache_creation_input_tokens":100"#,
        "",
    ) + &line(
        "msg_1",
        "r",
        "10:00:00",
        r#""input_tokens":4,"output_tokens":20,"cache_creation_input_tokens":100,"cache_creation":{"ephemeral_1h_input_tokens":100}"#,
        "",
    );
    let kept = read(&ClaudeCode, &text);
    expect(&kept.calls[0], &[("input", 5), ("cache_write_1h", 100), ("output", 20)]);
    assert_eq!(kept.calls[0].ts, "2026-02-01T10:00:00Z");
    assert_eq!((kept.calls.len(), skips(&kept)), (1, vec!["repeat"]));
}

#[test]
fn repeats_need_not_follow_each_other() {
    let text = line("msg_1", "r1", "10:00:00", &usage(1, 1), "")
        + &line("msg_2", "r2", "10:00:01", &usage(2, 2), "")
        + &line("msg_1", "r1", "10:00:02", &usage(1, 8), "");
    let kept = read(&ClaudeCode, &text);
    assert_eq!(kept.calls.len(), 2);
    expect(&kept.calls[0], &[("input", 1), ("output", 8)]);
}

#[test]
fn a_request_id_tells_apart_and_its_absence_does_not() {
    let gateway = &session()["msg_gw_20260201100030"];
    expect(gateway, &[("input", 50), ("output", 20)]);
    assert!(!gateway.dims.contains_key("provider"), "who bills for another maker's model is not told");
    // One id of a message, two requests, and neither is an aside: both were made.
    let text = line("msg_1", "r1", "10:00:00", &usage(1, 1), "") + &line("msg_1", "r2", "10:00:01", &usage(1, 1), "");
    let kept = read(&ClaudeCode, &text);
    let ids: Vec<_> = kept.calls.iter().map(|call| call.id.as_deref()).collect();
    assert_eq!(ids, [Some("r1"), Some("r2")], "nothing later may take them for one");
    assert_eq!(kept.calls[1].extra["message_id"], "msg_1");
    // An id that is the count of some gateway's is no id: lines of another time are another call.
    let line_of = |at: &str| line("chat-7", "", at, &usage(3, 1), "").replace(r#""requestId":"","#, "");
    let kept = read(&ClaudeCode, &(line_of("10:00:00") + &line_of("10:00:00") + &line_of("10:07:00")));
    assert_eq!((kept.calls.len(), skips(&kept)), (2, vec!["repeat"]));
}

/// Acceptance check 14: asides replay answers of their parent under requests of their own.
#[test]
fn a_replay_gives_way_to_its_original_wherever_it_stands() {
    let kept = read(&ClaudeCode, &sample("claude_code/session.jsonl"));
    let replays: Vec<u64> =
        kept.skips.iter().filter(|(_, reason)| *reason == "replay").map(|(line, _)| *line).collect();
    assert_eq!(replays, [12, 13], "one after its original, one before it");
    let calls = session();
    assert_eq!((calls["msg_01Ac"].line, calls["msg_01Ac"].extra["request_id"].as_str()), (14, "req_01c"));
    assert_eq!(calls["msg_01Ac"].flags, Vec::<&str>::new());
    // An aside whose original is not in the file is kept, and marked: the original may be in another.
    assert_eq!(calls["msg_01Ag"].flags, ["secondary"]);
    assert_eq!(
        (calls["msg_01Ad"].flags.as_slice(), calls["msg_01Ad"].dims["agent"].as_str()),
        (["secondary"].as_slice(), "aside_question")
    );
    assert_eq!(calls["msg_01Ad"].extra["agent_id"], "aside_question-0a1b2c3d");
}

/// Acceptance check 14: subagents have ids of their own and add up.
#[test]
fn subagents_are_calls_and_go_by_their_kind() {
    let calls = session();
    // Told by the result of the tool call that started it, and repeated in the parent's session.
    expect(&calls["msg_01Ab"], &[("input", 4), ("cache_write_5m", 1200), ("output", 55)]);
    assert_eq!(calls["msg_01Ab"].dims["agent"], "Explore");
    assert_eq!(
        (calls["msg_01Ab"].ts.as_str(), calls["msg_01Ab"].extra["agent_id"].as_str()),
        ("2026-02-01T10:00:12Z", "a1b2c3d")
    );
    assert_eq!(calls["msg_01Ae"].dims["agent"], "reviewer");
    assert_eq!(
        (calls["msg_01Ae"].dims["skill"].as_str(), calls["msg_01Ae"].extra["plugin"].as_str()),
        ("tidy", "harbour-tools")
    );
    assert_eq!(calls["msg_01Af"].dims["agent"], "adead01");
    // Before 2.1 a subagent wrote into its parent's file, without an id.
    assert_eq!(calls["msg_01Ah"].cost, Usd::parse("0.0123").ok());
    for id in ["msg_01Ab", "msg_01Ae", "msg_01Af", "msg_01Ah"] {
        let aside: &[&str] = if id == "msg_01Ab" { &[] } else { &["secondary"] };
        assert_eq!(calls[id].flags, aside, "{id}");
        assert_eq!(calls[id].dims["session"], calls["msg_01Aa"].dims["session"]);
    }
}

#[test]
fn the_kind_of_an_agent_may_be_told_by_the_call_that_started_it() {
    let text = r#"{"type":"assistant","session_id":"s","uuid":"a","timestamp":"2026-03-01T10:00:00Z","parent_tool_use_id":null,"message":{"id":"msg_1","model":"claude-opus-4-6","content":[{"type":"tool_use","id":"t1","name":"Agent","input":{"subagent_type":"Plan"}}],"usage":{"input_tokens":1,"output_tokens":1}}}
{"type":"assistant","session_id":"s","uuid":"b","timestamp":"2026-03-01T10:00:01Z","parent_tool_use_id":"t1","message":{"id":"msg_2","model":"claude-opus-4-6","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}
"#;
    let kept = read(&ClaudeCode, text);
    assert_eq!((kept.calls[0].dims.get("agent"), kept.calls[1].dims["agent"].as_str()), (None, "Plan"));
}

#[test]
fn what_no_model_answered_is_no_call_and_a_failure_is_one_without_usage() {
    let kept = read(&ClaudeCode, &sample("claude_code/session.jsonl"));
    assert_eq!(kept.skips.iter().filter(|(_, reason)| *reason == "synthetic").count(), 1);
    let failed = &session()["5b1c7a90-2222-4d2d-8b2b-000000000019"];
    assert_eq!((failed.dims["status"].as_str(), failed.unpriced, failed.cost), ("error", None, None));
    assert!(failed.tokens.is_empty() && !failed.dims.contains_key("model"));
    assert_eq!((failed.extra["error_type"].as_str(), failed.extra["http_status"].as_str()), ("rate_limit", "429"));
}

#[test]
fn an_output_count_of_a_streams_start_is_marked() {
    let calls = session();
    assert_eq!(calls["msg_01Ai"].flags, ["placeholder_output"]);
    assert!(calls["msg_01Aj"].flags.is_empty(), "a short answer may have two tokens");
    // Once the answer has stopped its count is the last one, however odd.
    let long = "x".repeat(900);
    let text = |stop: &str| {
        format!(
            r#"{{"type":"assistant","sessionId":"s","uuid":"u","timestamp":"2026-03-01T10:00:00Z","message":{{"id":"msg_1","model":"claude-opus-4-6","stop_reason":{stop},"content":[{{"type":"text","text":"{long}"}}],"usage":{{"input_tokens":1,"output_tokens":3}}}}}}"#
        ) + "\n"
    };
    assert_eq!(read(&ClaudeCode, &text("null")).calls[0].flags, ["placeholder_output"]);
    assert!(read(&ClaudeCode, &text("\"end_turn\"")).calls[0].flags.is_empty());
}

/// Acceptance check 6, over repeats that grow.
#[test]
fn requests_inside_an_answer_come_out_once() {
    let calls = session();
    let outer = &calls["msg_01Ak"];
    expect(outer, &[("input", 180), ("output", 60)]);
    assert_eq!((outer.dims["tier"].as_str(), outer.dims["region"].as_str()), ("fast", "us"));
    assert_eq!(outer.tools, [("web_search".to_string(), 2)]);
    expect(&calls["msg_01Ak#1"], &[("input", 55_196), ("output", 1800)]);
    assert_eq!(calls["msg_01Ak#1"].extra["iteration"], "compaction");
    assert_eq!(calls["msg_01Ak#1"].extra["git_branch"], "tide");
    assert!(!calls.contains_key("msg_01Ak#2"));
}

#[test]
fn sellers_are_known_by_their_marks() {
    let calls = session();
    assert_eq!(calls["msg_bdrk_01Al"].dims["provider"], "bedrock");
    assert_eq!(calls["msg_bdrk_01Al"].dims["workspace"], "quay", "the last folder of a Windows path");
    assert_eq!(calls["msg_vrtx_01Am"].dims["provider"], "vertex");
}

#[test]
fn what_lacks_a_field_is_reported_and_never_free() {
    let kept = read(&ClaudeCode, &sample("claude_code/session.jsonl"));
    let renamed = &session()["msg_01An"];
    assert_eq!(
        (renamed.unpriced, renamed.flags.as_slice()),
        (Some(Unpriced::UsageMissing), ["usage_missing"].as_slice())
    );
    let reasons: Vec<(u64, &str)> = kept.rejections.iter().map(|(line, reason)| (*line, reason.as_str())).collect();
    assert_eq!(
        reasons,
        [
            (30, "`input_tokens` is negative: `-4`"),
            (31, "no time: `timestamp` is missing"),
            (32, "a line of type `assistant` without `message`"),
        ]
    );
    assert_eq!(kept.foreign, Vec::<String>::new());
    // A count under another name is unknown, not zero.
    let text = line("msg_1", "r", "10:00:00", r#""inputTokens":4,"output_tokens":1"#, "");
    assert_eq!(read(&ClaudeCode, &text).calls[0].unpriced, Some(Unpriced::UsageMissing));
    // Another line of the answer that has the usage settles it.
    let text = line("msg_1", "r", "10:00:00", r#""x":4"#, "") + &line("msg_1", "r", "10:00:01", &usage(4, 1), "");
    let call = &read(&ClaudeCode, &text).calls[0];
    assert_eq!((call.unpriced, call.flags.len()), (None, 0));
    expect(call, &[("input", 4), ("output", 1)]);
}

#[test]
fn unknown_fields_are_read_past_and_records_of_others_are_left() {
    let more = r#","quux":{"deep":[1,{"usage":{"input_tokens":7}}]},"slug":"calm-sea""#;
    let kept = read(&ClaudeCode, &line("msg_1", "r", "10:00:00", &usage(4, 1), more));
    expect(&kept.calls[0], &[("input", 4), ("output", 1)]);
    for other in [
        r#"{"object":"chat.completion","id":"chatcmpl-1","created":1,"choices":[],"usage":{"prompt_tokens":1}}"#,
        r#"{"type":"message","model":"m","content":[],"usage":{"input_tokens":1,"output_tokens":1}}"#,
        r#"{"type":"event_msg","timestamp":"2026-05-13T09:01:00.000Z","payload":{"type":"token_count"}}"#,
        r#"{"type":"llm_call","session_id":"s","model":"m","input_tokens":5}"#,
        r#"{"sessionId":"s","projectHash":"h","messages":[]}"#,
        r#"{}"#,
    ] {
        let kept = read(&ClaudeCode, &format!("{other}\n"));
        assert_eq!((kept.calls.len(), kept.skips.len(), kept.foreign.len()), (0, 0, 1), "{other}");
        let mut tape = Tape::default();
        assert!(tape.parse(other).is_ok());
        assert!(!ClaudeCode.claims(tape.root(other)), "{other}");
    }
}

#[test]
fn lines_that_are_passed_over_unread_hold_no_call() {
    for sample in ["session", "printed_stream", "printed_results"] {
        for text in super::sample(&format!("claude_code/{sample}.jsonl")).lines() {
            let kept = read(&ClaudeCode, &format!("{text}\n"));
            let passed = ClaudeCode.is_no_call(text.as_bytes());
            assert!(!passed || skips(&kept) == ["no_call"], "{text}");
        }
    }
    let user = r#"{"parentUuid":"a","sessionId":"s","type":"user","uuid":"b","message":{"role":"user","content":"the \"usage\" of an \"assistant\""}}"#;
    assert!(ClaudeCode.is_no_call(user.as_bytes()));
    assert!(!ClaudeCode.is_no_call(&user.as_bytes()[..100]), "a line cut off in the middle is to be reported");
    let teller = user.replace(r#""type":"user""#, r#""toolUseResult":{"agentId":"a1","agentType":"Plan"}"#);
    assert!(!ClaudeCode.is_no_call(teller.as_bytes()));
}

#[test]
fn a_printed_stream_takes_the_time_of_its_neighbours_and_its_sum_is_passed_over() {
    let kept = read(&ClaudeCode, &sample("claude_code/printed_stream.jsonl"));
    assert_eq!(kept.calls.len(), 3);
    for call in &kept.calls {
        assert_eq!((call.ts.as_str(), call.flags.as_slice()), ("2026-03-05T08:00:30Z", ["time_assumed"].as_slice()));
    }
    expect(&kept.calls[0], &[("input", 3), ("cache_write_5m", 5000), ("output", 120)]);
    assert_eq!(kept.calls[1].dims["agent"], "Plan");
    assert_eq!(skips(&kept), ["no_call", "repeat", "no_call", "stream_event", "no_call", "rollup"]);
    // Without any time in the file nothing is invented.
    let untimed = sample("claude_code/printed_stream.jsonl").replace(r#","timestamp":"2026-03-05T08:00:30.000Z""#, "");
    let kept = read(&ClaudeCode, &untimed);
    assert_eq!((kept.calls.len(), kept.rejections.len()), (0, 3));
    assert!(kept.rejections[0].1.contains("no time"), "{:?}", kept.rejections[0]);
}

#[test]
fn a_result_alone_is_a_call_a_model_that_says_it_is_a_sum() {
    let kept = read(&ClaudeCode, &sample("claude_code/printed_results.jsonl"));
    assert_eq!(kept.calls.len(), 3);
    let (small, large, alone) = (&kept.calls[0], &kept.calls[1], &kept.calls[2]);
    expect(small, &[("input", 2823), ("output", 270)]);
    assert_eq!(
        (small.flags.as_slice(), small.tools.as_slice()),
        (["rollup"].as_slice(), [("web_search".to_string(), 1)].as_slice())
    );
    assert_eq!((small.cost, small.latency, large.latency), (Usd::parse("0.0142").ok(), Some(42_000), None));
    // Whose writes lasted how long is not told where two models wrote.
    expect(large, &[("input", 5), ("cache_read", 59_073), ("cache_write_5m", 30_316), ("output", 1587)]);
    assert_eq!(large.flags, ["ttl_unknown", "rollup"]);
    assert_eq!(
        (large.dims["model"].as_str(), large.extra["model_raw"].as_str()),
        ("claude-opus-4-6", "claude-opus-4-6[1m]")
    );
    expect(alone, &[("input", 5), ("cache_read", 59_073), ("cache_write_1h", 30_316), ("output", 1587)]);
    assert_eq!((alone.reasoning, alone.flags.as_slice()), (400, ["rollup"].as_slice()));
    assert_eq!(kept.rejections.len(), 1, "a second sum of one session may contain the first");
}

#[test]
fn more_calls_than_are_held_all_come_out() {
    let mut text = String::new();
    for n in 0..40_000 {
        text += &line(&format!("msg_{n}"), &format!("req_{n}"), "10:00:00", &usage(1, 1), "");
        if n % 4 == 0 {
            text += &line(&format!("msg_{n}"), &format!("req_{n}"), "10:00:01", &usage(1, 2), "");
        }
    }
    let kept = read(&ClaudeCode, &text);
    assert_eq!((kept.calls.len(), kept.skips.len(), kept.records), (40_000, 10_000, 50_000));
    let output: u64 =
        kept.calls.iter().flat_map(|call| &call.tokens).filter(|(name, _)| *name == "output").map(|(_, n)| n).sum();
    assert_eq!(output, 50_000);
}

#[test]
fn other_readers_leave_a_sessions_lines_to_this_one() {
    for sample in ["session", "printed_stream"] {
        for text in super::sample(&format!("claude_code/{sample}.jsonl")).lines() {
            let mut tape = Tape::default();
            assert!(tape.parse(text).is_ok());
            if let Some(formats::Format::Read(reader)) = formats::claiming(tape.root(text)) {
                assert_eq!(reader.name(), "claude_code", "{text}");
            }
        }
    }
}
