//! LiteLLM: shapes of its logging payload, rows written twice, ids.

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::CachedInput;
use attr::read::Options;
use attr::read::litellm::LiteLlm;
use attr::read::otlp::Otlp;

use super::calls;
use super::expect;
use super::gateways::unique_ids;
use super::read;
use super::read_as;
use super::sample;

const BRIDGED: &str = "litellm/bridged.jsonl";

/// Both orders, one pair a session; what differs in anything is a call of its own.
#[test]
fn a_bridged_call_written_twice_is_one() {
    let kept = read(&LiteLlm, &sample(BRIDGED));
    assert_eq!(kept.skips, [(2, "repeat"), (3, "repeat")]);
    let mut ids: Vec<&str> = kept.calls.iter().filter_map(|call| call.id.as_deref()).collect();
    ids.sort_unstable();
    assert_eq!(
        ids,
        [
            "chatcmpl-Ba",
            "chatcmpl-Bb",
            "chatcmpl-Bc",
            "chatcmpl-Bd",
            "chatcmpl-Be",
            "chatcmpl-Bf",
            "resp_Bc",
            "resp_Bd",
            "resp_Be",
            "resp_Bf",
            "resp_Bg"
        ],
        "other second, other tokens, no session, a provider with that API, no twin"
    );
    assert!(kept.calls.iter().all(|call| call.id.as_deref() != Some("resp_Ba")));
}

#[test]
fn a_twin_is_found_whatever_the_order_of_the_log() {
    let lines: Vec<String> = sample(BRIDGED).lines().map(str::to_string).collect();
    let told = |lines: &[String]| {
        let kept = read(&LiteLlm, &(lines.join("\n") + "\n"));
        let mut ids: Vec<String> = kept.calls.iter().filter_map(|call| call.id.clone()).collect();
        ids.sort_unstable();
        ids
    };
    let backwards: Vec<String> = lines.iter().rev().cloned().collect();
    assert_eq!(told(&lines), told(&backwards));
}

#[test]
fn a_payload_may_be_a_file_of_its_own() {
    let kept = read(&LiteLlm, &sample("litellm/payload.json"));
    assert_eq!((kept.calls.len(), kept.rejections.len()), (1, 0));
    let call = &kept.calls[0];
    expect(call, &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!((call.ts.as_str(), call.latency), ("2026-05-02T08:14:09.120Z", Some(1900)), "a naive stamp is UTC");
    assert!(call.flags.is_empty(), "{:?}", call.flags);
    assert_eq!((call.dims["tier"].as_str(), call.dims["api_key"].as_str()), ("flex", "nightly"));
    assert_eq!((call.extra["app"].as_str(), call.extra["api_key_hash"].as_str()), ("nightly", "88dc"));
    assert_eq!(call.cost, Usd::parse("0.0123").ok(), "the sum of its parts where the whole is not logged");
    assert_eq!(call.extra["tool_usage_cost"], "0.01");
}

#[test]
fn an_id_that_may_be_a_counter_names_nothing() {
    let ids = unique_ids(&LiteLlm, &sample("litellm/spend_logs.jsonl"));
    assert!(ids.contains(&"chatcmpl-7c1".to_string()) && ids.contains(&"msg_01La".to_string()), "{ids:?}");
    for id in ["chatcmpl-213", "b-1", "chatcmpl-Le", "None", ""] {
        assert!(!ids.contains(&id.to_string()), "{id}: a counter, a name of somebody's, a hit, none at all");
    }
    let row = |id: &str| {
        format!(
            r#"{{"request_id":"{id}","call_type":"acompletion","spend":0,"startTime":"2026-05-02 08:14:09","model":"m","prompt_tokens":1,"completion_tokens":1}}"#
        )
    };
    for id in ["0b0e6f0c-57c2-4c5b-9a60-6d1e4f6f0a11", "VYGYaozsML2K9LsPlNSB2Qs"] {
        assert_eq!(unique_ids(&LiteLlm, &(row(id) + "\n")), [id]);
    }
    assert!(unique_ids(&LiteLlm, &(row("7") + "\n")).is_empty());
    assert!(calls(&LiteLlm, "litellm/spend_logs.jsonl").contains_key("b-1"), "it is an id of the log all the same");
}

/// The row of formats the maintainers would recognise: JSON in a text, tags, aliases, and an open question.
#[test]
fn row_keeps_every_reading_of_its_prompt_tokens() {
    let kept = read(&LiteLlm, &sample("litellm/spend_logs.jsonl"));
    let call = &kept.calls[0];
    expect(call, &[("input", 400), ("cache_read", 1500), ("output", 250)]);
    assert_eq!((call.others.as_slice(), call.flags.as_slice()), ([1900].as_slice(), ["inclusive_guessed"].as_slice()));
    assert_eq!(call.cost, Usd::parse("0.0054").ok());
    for (dim, value) in [
        ("feature", "summarize"),
        ("tenant", "acme"),
        ("team", "support"),
        ("environment", "prod"),
        ("user", "svc"),
        ("session", "s-1"),
        ("api_key", "helpdesk-key"),
        ("provider", "anthropic"),
        ("model", "claude-sonnet-4-6"),
        ("status", "ok"),
    ] {
        assert_eq!(call.dims[dim], value, "{dim}");
    }
    assert_eq!(call.extra["model_requested"], "support-large");
    assert_eq!((call.ts.as_str(), call.latency, call.ttft), ("2026-05-02T08:14:09.120Z", Some(1900), Some(500)));
    let calls = calls(&LiteLlm, "litellm/spend_logs.jsonl");
    // Writes larger than the prompt: they stand outside, whatever the version.
    expect(&calls["msg_01La"], &[("input", 31), ("cache_write_5m", 1253), ("output", 20)]);
    assert!(!calls["msg_01La"].flags.contains(&"inclusive_guessed"));
    // Proposed for this endpoint: nothing inside. The reading with the reads inside stays possible.
    expect(
        &calls["msg_01Lb"],
        &[("input", 500), ("cache_read", 300), ("cache_write_5m", 100), ("cache_write_1h", 300), ("output", 20)],
    );
    assert_eq!(calls["msg_01Lb"].others, [200]);
    // Read > prompt: exclusive beyond doubt.
    expect(&calls["msg_01Lc"], &[("input", 12), ("cache_read", 9000), ("output", 20)]);
    assert!(calls["msg_01Lc"].flags.is_empty());
    assert_eq!(calls["b-1"].others, [1200, 5200]);
}

#[test]
fn names_models_without_their_prefix() {
    let calls = calls(&LiteLlm, "litellm/spend_logs.jsonl");
    let bedrock = &calls["b-1"];
    assert_eq!(bedrock.dims["model"], "us.anthropic.claude-sonnet-4-5-20250929-v1:0");
    assert_eq!(bedrock.extra["model_raw"], "bedrock/converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0");
    assert_eq!(bedrock.dims["provider"], "bedrock");
    let openai = &calls["chatcmpl-Ld"];
    expect(openai, &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!((openai.reasoning, openai.dims["model"].as_str()), (320, "gpt-5-mini"));
    assert!(openai.flags.is_empty(), "OpenAI rows were always inclusive");
    assert_eq!(calls["az-1"].dims["model"], "eu-gpt-5");
    assert_eq!(calls["az-1"].dims["feature"], "digest", "JSON in JSON in a text");
}

#[test]
fn hits_failures_rereads_and_strange_ids() {
    let kept = read(&LiteLlm, &sample("litellm/spend_logs.jsonl"));
    let calls = calls(&LiteLlm, "litellm/spend_logs.jsonl");
    let hit = &calls["chatcmpl-Le"];
    assert_eq!(
        (hit.dims["status"].as_str(), hit.flags.as_slice()),
        ("gateway_cache_hit", ["gateway_cache_hit"].as_slice())
    );
    expect(hit, &[("input", 1900), ("output", 250)]);
    let failed = &calls["chatcmpl-Lf"];
    assert_eq!((failed.dims["status"].as_str(), failed.unpriced), ("error", None));
    assert_eq!(failed.extra["error_type"], "RateLimitError");
    assert_eq!(kept.calls.iter().filter(|call| call.id.is_none()).count(), 3);
    assert_eq!(calls["img-1"].unpriced, Some(Unpriced::UsageMissing));
    assert_eq!(calls["img-1"].cost, Usd::parse("0.04").ok());
    let reasons: Vec<&str> = kept.skips.iter().map(|(_, reason)| *reason).collect();
    assert_eq!(reasons, ["reread", "no_call", "no_call", "batch_rollup"]);
    assert_eq!(kept.rejections.len(), 2, "{:?}", kept.rejections);
}

#[test]
fn csv_and_payloads_read_like_rows() {
    let json = read(&LiteLlm, &sample("litellm/spend_logs.jsonl")).calls;
    let csv = read(&LiteLlm, &sample("litellm/spend_logs.csv"));
    assert_eq!((csv.calls.len(), csv.skips.len()), (4, 1));
    assert_eq!((&csv.calls[0].tokens, &csv.calls[0].dims), (&json[0].tokens, &json[0].dims));
    assert_eq!((csv.calls[0].cost, &csv.calls[0].others), (json[0].cost, &json[0].others));
    let payloads = read(&LiteLlm, &sample("litellm/logging_payload.json"));
    assert_eq!(payloads.calls.len(), 4);
    let first = &payloads.calls[0];
    expect(first, &[("input", 400), ("cache_read", 1500), ("output", 250)]);
    assert_eq!((first.dims["user"].as_str(), first.dims["tenant"].as_str()), ("u-3", "acme"));
    assert_eq!((first.dims["feature"].as_str(), first.dims["session"].as_str()), ("summarize", "tr-1"));
    assert_eq!((first.ts.as_str(), first.latency, first.ttft), ("2026-05-02T08:14:09.120Z", Some(1900), None));
    assert_eq!(payloads.calls[1].dims["tier"], "flex");
    assert_eq!(payloads.calls[2].dims["status"], "timeout");
    assert_eq!(payloads.calls[3].dims["status"], "gateway_cache_hit");
}

#[test]
fn the_user_may_say_what_the_input_contains() {
    let options = Options { cached_input: Some(CachedInput::Outside), ..Options::default() };
    let kept = read_as(&LiteLlm, sample("litellm/spend_logs.jsonl").as_bytes(), &options);
    expect(&kept.calls[0], &[("input", 1900), ("cache_read", 1500), ("output", 250)]);
    assert!(kept.calls[0].flags.is_empty());
    let kept = read_as(&Otlp, sample("otlp/traces.jsonl").as_bytes(), &options);
    expect(&kept.calls[0], &[("input", 5200), ("cache_read", 4000), ("cache_write_5m", 1000), ("output", 350)]);
}
