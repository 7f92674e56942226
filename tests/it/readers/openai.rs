//! Answers of OpenAI's, and of those that copy their shape.

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::openai::OpenAi;

use super::calls;
use super::expect;
use super::read;
use super::sample;

#[test]
fn openai_classes_are_cut_out_of_the_sums() {
    let calls = calls(&OpenAi, "openai/mixed.jsonl");
    expect(&calls["chatcmpl-Aa"], &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!(calls["chatcmpl-Aa"].reasoning, 320);
    assert_eq!(calls["chatcmpl-Aa"].dims["tier"], "standard");
    assert_eq!(calls["chatcmpl-Aa"].dims["provider"], "openai");
    assert_eq!(calls["chatcmpl-Aa"].ts, "2026-06-01T12:00:00Z");
    // Acceptance check 4.
    assert_eq!(calls["chatcmpl-Ab"].flags, ["ttl_unknown"]);
    expect(
        &calls["chatcmpl-Ac"],
        &[
            ("input", 350),
            ("cache_read", 50),
            ("output", 50),
            ("audio_in", 450),
            ("audio_cache_read", 150),
            ("audio_out", 250),
        ],
    );
    expect(&calls["chatcmpl-Ar"], &[("input", 9), ("output", 3)]);
    assert_eq!(calls["chatcmpl-As"].dims["tier"], "batch");
}

#[test]
fn responses_carry_tools_tier_and_dimensions() {
    let calls = calls(&OpenAi, "openai/mixed.jsonl");
    let call = &calls["resp_Ad"];
    expect(call, &[("input", 288), ("cache_read", 512), ("output", 90)]);
    assert_eq!(call.tools, [("web_search".to_string(), 2), ("file_search".to_string(), 1)]);
    for (dim, value) in [
        ("tier", "flex"),
        ("user", "u-9"),
        ("environment", "prod"),
        ("team", "support"),
        ("prompt", "pmpt_7"),
        ("prompt_version", "3"),
        ("tenant", "acme"),
        ("model", "gpt-5.6-2026-03-05"),
    ] {
        assert_eq!(call.dims[dim], value);
    }
    assert_eq!(call.extra["model_requested"], "gpt-5.6");
    assert_eq!((call.ts.as_str(), call.latency), ("2026-06-01T12:03:00.500Z", Some(900)));
    assert_eq!(calls["resp_Ae"].dims["status"], "ok");
    assert_eq!((calls["resp_Af"].dims["status"].as_str(), calls["resp_Af"].unpriced), ("error", None));
    assert!(!calls.contains_key("resp_Ag"), "an unfinished response is no call yet");
}

#[test]
fn the_preview_of_web_search_has_its_own_fee() {
    let text = r#"{"object":"response","created_at":1780315200,"status":"completed","model":"gpt-4.1","tools":[{"type":"web_search_preview"}],"output":[{"type":"web_search_call"}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}"#;
    assert_eq!(read(&OpenAi, &format!("{text}\n")).calls[0].tools, [("web_search_preview".to_string(), 1)]);
}

/// Acceptance check 5, as far as these vendors copy the shape.
#[test]
fn copies_of_the_shape_keep_reasoning_apart() {
    let calls = calls(&OpenAi, "openai/mixed.jsonl");
    expect(&calls["Ak"], &[("input", 12), ("output", 229)]);
    assert_eq!((calls["Ak"].reasoning, calls["Ak"].dims["provider"].as_str()), (228, "xai"));
    expect(&calls["Al"], &[("input", 35), ("output", 74)]);
    assert_eq!((calls["Al"].reasoning, calls["Al"].extra["reasoning_hidden"].as_str()), (62, "62"));
    expect(&calls["Am"], &[("input", 36), ("cache_read", 64), ("output", 12)]);
    assert_eq!(calls["gen-An"].dims["provider"], "openrouter");
    assert_eq!(calls["gen-An"].cost, Usd::parse("0.00045").ok());
    assert_eq!(calls["chatcmpl-Aj"].dims["provider"], "azure");
}

/// Acceptance check 2: in a provider's own body a contradiction is kept and not priced.
#[test]
fn a_contradiction_in_a_body_is_kept_raw() {
    let calls = calls(&OpenAi, "openai/mixed.jsonl");
    expect(&calls["chatcmpl-Ao"], &[("input", 100), ("cache_read", 160), ("output", 10)]);
    for id in ["chatcmpl-Ao", "chatcmpl-Ap"] {
        assert_eq!(calls[id].unpriced, Some(Unpriced::UsageInconsistent));
        assert_eq!(calls[id].flags, ["usage_inconsistent"]);
    }
    assert_eq!(calls["chatcmpl-Aq"].unpriced, Some(Unpriced::UsageMissing));
}

#[test]
fn openai_errors_embeddings_and_rejections() {
    let kept = read(&OpenAi, &sample("openai/mixed.jsonl"));
    let failed = kept.calls.iter().find(|call| call.line == 9).expect("the error is a call");
    assert_eq!((failed.dims["status"].as_str(), failed.dims["model"].as_str()), ("error", "gpt-5.6"));
    assert_eq!(failed.extra["error_type"], "rate_limit_exceeded");
    let embedded = kept.calls.iter().find(|call| call.line == 8).expect("the embedding is a call");
    expect(embedded, &[("input", 8)]);
    assert_eq!(kept.skips, [(7, "unfinished")]);
    assert_eq!(kept.rejections.len(), 2, "{:?}", kept.rejections);
}
