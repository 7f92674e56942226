//! Vercel's AI Gateway.

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::vercel_gateway::VercelGateway;

use super::calls;
use super::expect;
use super::gateways::detected;
use super::gateways::unique_ids;
use super::read;
use super::sample;

const LOG: &str = "vercel_gateway/generations.jsonl";

#[test]
fn the_input_is_taken_as_inclusive_and_flagged() {
    let calls = calls(&VercelGateway, LOG);
    let call = &calls["gen_01VaaaAAAAAAAAAAAAAAAAAAAA"];
    expect(call, &[("input", 500), ("cache_read", 1500), ("output", 100)]);
    assert_eq!(
        (call.others.as_slice(), call.flags.as_slice()),
        ([2000].as_slice(), ["inclusive_guessed", "cost_charged"].as_slice())
    );
    assert_eq!((call.latency, call.ttft), (Some(1800), Some(420)), "`latency` is the time to the first token");
    assert_eq!(call.dims["provider"], "vercel");
    assert_eq!(call.cost, Usd::parse("0.00465").ok(), "`usage` is the same money, not tokens");
    // More cached than the input has: they stand beside it.
    let own = &calls["gen_01VcccCCCCCCCCCCCCCCCCCCCC"];
    expect(own, &[("input", 200), ("cache_read", 900), ("cache_write_5m", 300), ("output", 50)]);
    assert_eq!((own.dims["provider"].as_str(), own.extra["upstream_cost"].as_str()), ("anthropic", "0.0042"));
    assert!(own.others.is_empty());
}

#[test]
fn tags_searches_and_wrappers_are_read() {
    let calls = calls(&VercelGateway, LOG);
    let call = &calls["gen_01VbbbBBBBBBBBBBBBBBBBBBBB"];
    expect(call, &[("input", 1100), ("output", 300)]);
    assert_eq!((call.reasoning, call.tools.as_slice()), (200, [("web_search".to_string(), 2)].as_slice()));
    assert_eq!((call.dims["feature"].as_str(), call.dims["user"].as_str()), ("summarize", "u-4"));
    let failed = &calls["gen_01VdddDDDDDDDDDDDDDDDDDDDD"];
    assert_eq!((failed.dims["status"].as_str(), failed.unpriced), ("error", None));
    assert_eq!((failed.dims["tenant"].as_str(), failed.ts.as_str()), ("acme", "2026-06-01T09:00:03Z"));
}

#[test]
fn a_renamed_count_is_missing_and_a_bad_time_rejected() {
    let kept = read(&VercelGateway, &sample(LOG));
    assert_eq!(kept.calls[4].unpriced, Some(Unpriced::UsageMissing));
    assert_eq!((kept.rejections.len(), kept.rejections[0].0), (1, 6));
    assert_eq!(unique_ids(&VercelGateway, &sample(LOG)).len(), 5);
}

#[test]
fn a_generation_of_openrouters_is_not_vercels() {
    let one = r#"{"id":"gen-1","total_cost":0.1,"created_at":"2026-06-01T00:00:00Z","model":"m","native_tokens_prompt":1,"native_tokens_completion":1}"#;
    assert_eq!(read(&VercelGateway, &format!("{one}\n")).foreign.len(), 1);
    assert_eq!(detected(&format!("{one}\n")), "openrouter");
    // A log of somebody's own that keeps the gateway's id is flat.
    let own = r#"{"id":"gen_1","created_at":"2026-06-01T00:00:00Z","model":"m","input_tokens":1,"output_tokens":1,"total_cost":0.1}"#;
    assert_eq!(detected(&format!("{own}\n")), "flat");
    assert_eq!(detected(&format!("{}\n", one.replace("gen-1", "gen_1"))), "vercel_gateway");
}
