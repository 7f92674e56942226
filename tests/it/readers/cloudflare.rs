//! Cloudflare's AI Gateway.

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::cloudflare::Cloudflare;

use super::calls;
use super::expect;
use super::gateways::detected;
use super::read;
use super::sample;

const LOG: &str = "cloudflare/logs.jsonl";

#[test]
fn metadata_comes_as_an_object_or_as_text() {
    let calls = calls(&Cloudflare, LOG);
    let call = &calls["01KA0000000000000000000001"];
    expect(call, &[("input", 1200), ("output", 80)]);
    assert_eq!((call.dims["tenant"].as_str(), call.dims["feature"].as_str()), ("acme", "summarize"));
    assert_eq!((call.latency, call.cost), (Some(1840), Usd::parse("0.00046").ok()));
    assert_eq!(call.extra["cache_split"], "not logged");
    assert!(!call.extra.contains_key("step") && !call.flags.contains(&"cost_charged"));
    let text = &calls["01KA0000000000000000000002"];
    assert_eq!((text.dims["environment"].as_str(), text.dims["team"].as_str()), ("prod", "support"));
    assert_eq!((text.extra["step"].as_str(), text.extra["custom_cost"].as_str()), ("1", "true"));
    assert_eq!((text.extra["tier"].as_str(), text.flags.as_slice()), ("gold", ["zone_assumed"].as_slice()));
}

#[test]
fn hits_failures_and_zeros_are_told_apart() {
    let calls = calls(&Cloudflare, LOG);
    let hit = &calls["01KA0000000000000000000003"];
    assert_eq!(
        (hit.dims["status"].as_str(), hit.flags.as_slice()),
        ("gateway_cache_hit", ["gateway_cache_hit"].as_slice())
    );
    let failed = &calls["01KA0000000000000000000004"];
    assert_eq!((failed.dims["status"].as_str(), failed.unpriced), ("error", None));
    assert_eq!((failed.dims["provider"].as_str(), failed.extra["http_status"].as_str()), ("vertex", "429"));
    let image = &calls["01KA0000000000000000000005"];
    assert_eq!((image.dims["provider"].as_str(), image.unpriced), ("cloudflare", Some(Unpriced::UsageMissing)));
    let renamed = &calls["01KA0000000000000000000006"];
    assert_eq!((renamed.dims["provider"].as_str(), renamed.unpriced), ("bedrock", Some(Unpriced::UsageMissing)));
    let kept = read(&Cloudflare, &sample(LOG));
    assert_eq!(kept.rejections.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [7, 8]);
}

#[test]
fn a_homemade_log_with_a_count_of_cached_tokens_is_flat() {
    let flat = r#"{"ts":"2026-06-01T00:00:00Z","provider":"openai","model":"gpt-5-mini","tokens_in":10,"tokens_out":2,"cached":4,"step":"plan"}"#;
    assert_eq!(detected(&format!("{flat}\n")), "flat");
    assert_eq!(read(&Cloudflare, &format!("{flat}\n")).foreign.len(), 1);
}
