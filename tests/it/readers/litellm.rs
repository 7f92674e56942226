//! LiteLLM: shapes of its logging payload, rows written twice, ids.

use attr::domain::Usd;
use attr::read::litellm::LiteLlm;

use super::calls;
use super::expect;
use super::gateways::unique_ids;
use super::read;
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
