//! Portkey's export.

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::portkey::Portkey;

use super::calls;
use super::expect;
use super::gateways::unique_ids;
use super::read;
use super::sample;

const LOG: &str = "portkey/export.jsonl";

/// Acceptance check 12.
#[test]
fn cost_is_in_cents_of_its_currency() {
    let kept = read(&Portkey, &sample(LOG)).calls;
    assert_eq!(kept[0].cost, Usd::parse("0.00117").ok());
    assert_eq!(kept[1].cost, Usd::parse("0.01035").ok(), "a decimal text");
    let euros = &kept[4];
    assert_eq!(euros.cost, None);
    assert_eq!((euros.extra["cost_currency"].as_str(), euros.extra["cost_cents"].as_str()), ("EUR", "0.042"));
}

#[test]
fn the_logged_answer_tells_the_classes() {
    let calls = calls(&Portkey, LOG);
    let openai = &calls["chatcmpl-Pa"];
    expect(openai, &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!((openai.reasoning, openai.dims["tier"].as_str()), (320, "standard"));
    // Portkey's translation: the total contains what the input leaves out. No reasoning is hidden in it.
    let claude = &calls["msg_01Pb"];
    expect(claude, &[("input", 500), ("cache_read", 4000), ("cache_write_5m", 1000), ("output", 350)]);
    assert_eq!((claude.reasoning, claude.flags.as_slice()), (0, ["ttl_unknown"].as_slice()));
    let raw = &calls["msg_01Pc"];
    expect(raw, &[("input", 12), ("cache_read", 200), ("cache_write_1h", 100), ("output", 30)]);
    // No answer in the export: the sums, without a split.
    let units = &calls["5b1c0000-0000-4000-8000-000000000005"];
    expect(units, &[("input", 900), ("output", 60)]);
    assert_eq!((units.dims["provider"].as_str(), units.extra["cache_split"].as_str()), ("vertex", "not logged"));
}

#[test]
fn metadata_prompt_and_key_are_dimensions() {
    let calls = calls(&Portkey, LOG);
    let call = &calls["chatcmpl-Pa"];
    for (dim, value) in [
        ("user", "u-7"),
        ("tenant", "acme"),
        ("prompt", "summary"),
        ("prompt_version", "pv-7"),
        ("api_key", "openai-prod"),
        ("trace", "tr-1"),
    ] {
        assert_eq!(call.dims[dim], value, "{dim}");
    }
    assert_eq!((call.extra["gateway_mode"].as_str(), call.extra["request_id"].as_str()), ("single", "r-77"));
    assert_eq!(call.extra["log_id"], "5b1c0000-0000-4000-8000-000000000001");
    let claude = &calls["msg_01Pb"];
    assert_eq!((claude.dims["tenant"].as_str(), claude.dims["environment"].as_str()), ("globex", "prod"));
    assert_eq!(claude.extra["retries"], "2");
}

#[test]
fn a_hit_has_an_id_of_its_own() {
    let calls = calls(&Portkey, LOG);
    let hit = &calls["5b1c0000-0000-4000-8000-000000000004"];
    assert_eq!((hit.flags[0], hit.extra["response_id"].as_str()), ("gateway_cache_hit", "chatcmpl-Pa"));
    assert_eq!(unique_ids(&Portkey, &sample(LOG)), ["chatcmpl-Pa", "msg_01Pb", "msg_01Pc"]);
}

#[test]
fn what_cannot_be_used_is_said() {
    let kept = read(&Portkey, &sample(LOG));
    assert_eq!((kept.calls[5].dims["status"].as_str(), kept.calls[5].unpriced), ("error", None));
    assert_eq!(kept.calls[6].unpriced, Some(Unpriced::UsageMissing), "a renamed count is no zero");
    assert_eq!(kept.rejections.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [8, 9]);
    assert_eq!(read(&Portkey, "{\"model\":\"m\",\"ai_org\":\"x\"}\n").foreign.len(), 1);
}
