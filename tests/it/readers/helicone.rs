//! Helicone: exclusive columns, answers that settle older rows, both units of cost, and what is no call.

use std::collections::BTreeMap;

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::helicone::Helicone;

use super::Seen;
use super::expect;
use super::read;
use super::sample;

fn requests() -> BTreeMap<u64, Seen> {
    read(&Helicone, &sample("helicone/requests.jsonl")).calls.into_iter().map(|call| (call.line, call)).collect()
}

#[test]
fn columns_are_exclusive_and_reasoning_stands_apart() {
    let calls = requests();
    let claude = &calls[&1];
    expect(claude, &[("input", 210), ("cache_read", 9000), ("output", 80)]);
    assert!(claude.flags.is_empty(), "{:?}", claude.flags);
    assert_eq!((claude.latency, claude.ttft), (Some(900), Some(210)));
    assert_eq!(claude.cost, Usd::parse("0.00151").ok());
    assert_eq!(claude.extra["model_requested"], "claude-haiku-4-5");
    let openai = &calls[&2];
    expect(openai, &[("input", 500), ("cache_read", 1500), ("output", 300)]);
    assert_eq!(openai.reasoning, 220);
    assert!(openai.flags.is_empty(), "cached tokens larger than the prompt cannot be inside it");
    expect(&calls[&13], &[("input", 40), ("output", 5), ("audio_in", 60), ("audio_out", 25)]);
    expect(&calls[&17], &[("input", 9), ("cache_read", 3), ("cache_write_5m", 2), ("output", 20)]);
}

#[test]
fn properties_are_dimensions_whatever_their_case() {
    let call = &requests()[&1];
    for (dim, value) in [
        ("session", "s-3"),
        ("agent", "plan/search"),
        ("prompt", "find"),
        ("tenant", "acme"),
        ("feature", "search"),
        ("user", "u1"),
        ("provider", "anthropic"),
    ] {
        assert_eq!(call.dims[dim], value, "{dim}");
    }
    assert_eq!(call.extra["session_name"], "weekly");
}

/// Older rows keep the provider's sum: the answer settles it, else the cost may.
#[test]
fn the_answer_settles_what_an_older_row_contains() {
    let calls = requests();
    expect(&calls[&3], &[("input", 500), ("cache_read", 1500), ("output", 300)]);
    assert_eq!((calls[&3].reasoning, calls[&3].id.as_deref()), (220, Some("chatcmpl-Invented03")));
    assert_eq!(calls[&3].extra["request_id"], "9b1e0000-0000-4000-8000-000000000003");
    assert_eq!(calls[&3].dims["tier"], "flex");
    expect(
        &calls[&4],
        &[("input", 200), ("cache_read", 4000), ("cache_write_5m", 600), ("cache_write_1h", 400), ("output", 350)],
    );
    let older = r#"{"request_id":"a","request_created_at":"2025-03-03T10:00:00Z","response_status":200,"provider":"OPENAI","model":"gpt-5-mini","prompt_tokens":2000,"prompt_cache_read_tokens":1500,"completion_tokens":30}"#;
    let call = read(&Helicone, &format!("{older}\n")).calls[0].clone();
    expect(&call, &[("input", 2000), ("cache_read", 1500), ("output", 30)]);
    assert_eq!((call.flags.as_slice(), call.others.as_slice()), (&["inclusive_guessed"][..], &[500][..]));
    let written = older.replace(
        r#""prompt_cache_read_tokens":1500"#,
        r#""prompt_cache_read_tokens":1500,"prompt_cache_write_tokens":100"#,
    );
    let call = read(&Helicone, &format!("{written}\n")).calls[0].clone();
    assert_eq!(call.others, [400, 1900], "all of it inside, or the writes alone");
}

/// Acceptance check 11.
#[test]
fn the_table_counts_nano_dollars_and_the_api_dollars() {
    let kept = read(&Helicone, &sample("helicone/hql.json"));
    let costs: Vec<Option<Usd>> = kept.calls.iter().map(|call| call.cost).collect();
    let usd = |text: &str| Usd::parse(text).ok();
    assert_eq!(costs, [usd("0.000065"), usd("0.000000007"), usd("0.000065"), usd("0"), usd("0.000065")]);
    let call = &kept.calls[0];
    assert_eq!((call.ts.as_str(), call.latency), ("2026-03-05T09:01:00Z", Some(800)));
    assert_eq!((call.dims["user"].as_str(), call.dims["tenant"].as_str()), ("u-8", "globex"));
    assert!(call.flags.is_empty(), "times without a zone are UTC here");
    assert_eq!(kept.calls[3].dims["status"], "error");
    let page = r#"{"data":[{"request_id":"a","request_created_at":"2026-03-05T09:00:00Z","delay_ms":1},{"other":1}]}"#;
    let kept = read(&Helicone, &format!("{page}\n"));
    assert_eq!((kept.calls.len(), kept.rejections.len()), (1, 1), "what is no request in a page is told");
}

#[test]
fn hits_failures_and_what_is_still_open() {
    let calls = requests();
    assert_eq!(calls[&5].flags, ["gateway_cache_hit"]);
    assert_eq!(calls[&5].dims["status"], "gateway_cache_hit");
    for (line, status) in [(6, "error"), (7, "cancelled"), (9, "timeout")] {
        assert_eq!((calls[&line].dims["status"].as_str(), calls[&line].unpriced), (status, None), "{line}");
    }
    assert_eq!(calls[&11].unpriced, Some(Unpriced::UsageMissing), "zeros stand for what was not read");
    assert_eq!(calls[&12].unpriced, Some(Unpriced::UsageMissing), "a renamed column is no free call");
    let kept = read(&Helicone, &sample("helicone/requests.jsonl"));
    assert_eq!(kept.skips, [(8, "unfinished"), (10, "no_call")]);
    let reasons: Vec<(u64, &str)> = kept.rejections.iter().map(|(line, reason)| (*line, reason.as_str())).collect();
    assert_eq!(reasons.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [14, 15, 16], "{reasons:?}");
    assert!(reasons[0].1.contains("`request_created_at` is empty"));
    assert!(reasons[1].1.contains("yesterday") && reasons[2].1.contains("negative"));
}

/// Acceptance check 11: the CSV says nothing of cached tokens.
#[test]
fn a_csv_without_cached_tokens_is_flagged() {
    let kept = read(&Helicone, &sample("helicone/export.csv"));
    let call = &kept.calls[0];
    expect(call, &[("input", 120), ("output", 30)]);
    assert_eq!(call.flags, ["inclusive_guessed"]);
    assert_eq!((call.id.as_deref(), call.latency), (Some("re-41"), Some(1500)));
    assert_eq!((call.dims["tenant"].as_str(), call.dims["agent"].as_str()), ("acme", "a/b"));
    assert_eq!((kept.calls[1].dims["status"].as_str(), kept.calls[1].unpriced), ("error", None));
}

#[test]
fn neighbours_are_left_to_others() {
    let text = r#"{"request_id":"a","call_type":"completion","spend":0.1,"startTime":"2026-03-03T10:00:00Z"}"#;
    assert_eq!(read(&Helicone, &format!("{text}\n")).foreign.len(), 1);
}
