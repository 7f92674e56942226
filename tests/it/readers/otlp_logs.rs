//! OTLP logs: the events of coding agents, and events that double a span.

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::otlp_logs::OtlpLogs;

use super::Kept;
use super::expect;
use super::on_line;
use super::read;
use super::sample;

fn events() -> Kept {
    read(&OtlpLogs, &sample("otlp_logs/events.jsonl"))
}

#[test]
fn claude_code_counts_are_disjoint_and_its_stamp_is_the_end() {
    let kept = events();
    let call = on_line(&kept, 1)[0];
    expect(call, &[("input", 9), ("cache_read", 18_000), ("cache_write_5m", 640), ("output", 420)]);
    assert_eq!((call.ts.as_str(), call.latency), ("2026-06-01T08:00:06.123Z", Some(4000)));
    assert_eq!((call.id.as_deref(), call.cost), (Some("req_011La"), Usd::parse("0.0921").ok()));
    assert_eq!(call.flags, ["ttl_unknown"], "an estimate, not a charge");
    for (dim, value) in [
        ("session", "cc-1"),
        ("user", "dev@example.com"),
        ("run", "p-1"),
        ("account", "org-1"),
        ("team", "platform"),
        ("provider", "anthropic"),
    ] {
        assert_eq!(call.dims[dim], value, "{dim}");
    }
    assert_eq!((call.span.as_deref(), call.parent.as_deref()), (None, Some("10f067aa0ba90001")));
    assert_eq!(call.extra["caller"], "main");
    let aside = on_line(&kept, 1)[1];
    assert_eq!((aside.dims["tier"].as_str(), aside.dims["agent"].as_str()), ("fast", "Explore"));
    let failed = on_line(&kept, 1)[2];
    assert_eq!((failed.dims["status"].as_str(), failed.extra["error_type"].as_str()), ("error", "529"));
    assert_eq!((failed.unpriced, failed.tokens.len()), (None, 0));
}

#[test]
fn claude_code_through_bedrock_and_with_names_that_changed() {
    let kept = events();
    let calls = on_line(&kept, 2);
    assert_eq!((calls[0].dims["provider"].as_str(), calls[0].id.as_deref()), ("bedrock", None));
    assert_eq!((calls[0].cost, calls[0].extra["shop.project"].as_str()), (Usd::parse("0.0921").ok(), "checkout"));
    assert_eq!(calls[1].unpriced, Some(Unpriced::UsageMissing));
    let reasons: Vec<&str> = kept.rejections.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    for (reason, key) in reasons.iter().zip(["`input_tokens`", "`model`", "`input_token_count`", "`timeUnixNano`"]) {
        assert!(reason.contains(key), "{reason}");
    }
    assert_eq!(kept.rejections[0].0, 2);
}

#[test]
fn gemini_cli_is_counted_once_and_its_thoughts_are_output() {
    let kept = events();
    let calls = on_line(&kept, 3);
    expect(calls[0], &[("input", 430), ("cache_read", 600), ("output", 320)]);
    assert_eq!((calls[0].reasoning, calls[0].ts.as_str()), (240, "2026-06-01T08:00:57.123Z"));
    assert_eq!(calls[0].dims["run"], "g-1########0");
    assert!(!calls[0].dims.contains_key("prompt"));
    assert_eq!((calls[1].unpriced, calls[1].dims["provider"].as_str()), (Some(Unpriced::UsageMissing), "vertex"));
    assert_eq!(calls[2].dims["status"], "error");
    assert_eq!(kept.skips.iter().filter(|skip| skip.1 == "duplicate_event").count(), 1);
}

#[test]
fn codex_tells_its_counts_at_the_end_of_an_answer() {
    let kept = events();
    let calls = on_line(&kept, 4);
    expect(calls[0], &[("input", 1000), ("cache_read", 7000), ("cache_write_30m", 1000), ("output", 400)]);
    assert_eq!((calls[0].reasoning, calls[0].dims["session"].as_str()), (150, "cx-1"));
    assert_eq!((calls[0].dims["provider"].as_str(), calls[0].latency), ("openai", None));
    assert_eq!((calls[1].dims["status"].as_str(), calls[1].unpriced), ("error", None));
    assert_eq!(calls[2].unpriced, Some(Unpriced::UsageMissing), "an answer whose counts changed their names");
    assert_eq!(kept.skips.iter().filter(|skip| skip.0 == 4).count(), 3);
}

#[test]
fn an_event_that_doubles_a_span_goes_by_the_spans_ids() {
    let kept = events();
    let calls = on_line(&kept, 5);
    expect(calls[0], &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!((calls[0].id.as_deref(), calls[0].flags.as_slice()), (Some("chatcmpl-La"), ["secondary"].as_slice()));
    assert_eq!((calls[0].span.as_deref(), kept.spans.len()), (Some("10f067aa0ba90031"), 2));
    assert_eq!((calls[1].span.as_deref(), calls[1].flags.len()), (None, 0), "outside any span");
    let printed = on_line(&kept, 7)[0];
    assert_eq!(printed.dims["trace"], "5ad3f5a5b1b2c3d4e5f60718293a4b33");
    assert!(kept.skips.contains(&(5, "no_usage")), "the span has what there is to know");
}

#[test]
fn neighbours_are_left_to_others() {
    let kept = read(&OtlpLogs, "{\"resourceSpans\":[]}\n{\"resourceMetrics\":[]}\n{\"ts\":1}\n");
    assert_eq!((kept.foreign.len(), kept.calls.len()), (3, 0));
}
