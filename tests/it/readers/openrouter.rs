//! OpenRouter: the activity export and generations.

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::CachedInput;
use attr::read::Options;
use attr::read::openrouter::OpenRouter;

use super::calls;
use super::expect;
use super::gateways::unique_ids;
use super::read;
use super::read_as;
use super::sample;

#[test]
fn a_row_of_the_activity_is_inclusive_and_charged() {
    let calls = calls(&OpenRouter, "openrouter/activity.csv");
    let call = &calls["gen-1780300801-aaa"];
    expect(call, &[("input", 500), ("cache_read", 1500), ("output", 100)]);
    assert_eq!((call.reasoning, call.flags.as_slice()), (40, ["cost_charged"].as_slice()));
    assert_eq!((call.latency, call.ttft, call.cost), (Some(2400), Some(610), Usd::parse("0.00465").ok()));
    for (dim, value) in
        [("provider", "openrouter"), ("user", "u-17"), ("api_key", "helpdesk"), ("team", "helpdesk"), ("status", "ok")]
    {
        assert_eq!(call.dims[dim], value, "{dim}");
    }
    assert_eq!((call.extra["app"].as_str(), call.extra["cost_cache"].as_str()), ("Help Desk", "-0.00405"));
    assert_eq!(call.extra["upstream_provider"], "Anthropic");
    assert_eq!(calls["gen-1780300802-aab"].dims["model"], "qwen/qwen3-coder:free");
    // A cached count larger than the input cannot be a part of it.
    expect(&calls["gen-1780300809-aai"], &[("input", 100), ("cache_read", 250), ("output", 10)]);
}

#[test]
fn with_a_key_of_ones_own_the_provider_behind_sends_the_bill() {
    let activity = &calls(&OpenRouter, "openrouter/activity.csv")["gen-1780300803-aac"];
    let generation = &calls(&OpenRouter, "openrouter/generations.jsonl")["gen-1780301002-bab"];
    for (call, fee, upstream) in [(activity, "0.0002", "0.004"), (generation, "0.0003", "0.0006")] {
        assert_eq!(call.dims["provider"], "openai");
        assert_eq!(call.cost, Usd::parse(fee).ok());
        assert_eq!((call.extra["byok"].as_str(), call.extra["upstream_cost"].as_str()), ("true", upstream));
        assert!(!call.flags.contains(&"cost_charged"), "the fee is not what the tokens cost");
    }
    assert_eq!(generation.dims["tier"], "flex");
}

#[test]
fn the_provider_behind_has_many_names() {
    let seller = |name: &str| {
        let text = format!(
            r#"{{"id":"gen-1","total_cost":0,"created_at":"2026-06-01T00:00:00Z","model":"m","is_byok":true,"provider_name":"{name}","native_tokens_prompt":1,"native_tokens_completion":1}}"#
        );
        read(&OpenRouter, &format!("{text}\n")).calls[0].dims["provider"].clone()
    };
    for (name, expected) in [
        ("Google", "vertex"),
        ("Google AI Studio", "google"),
        ("Amazon Bedrock", "bedrock"),
        ("Azure", "azure"),
        ("xAI", "xai"),
        ("Moonshot AI", "moonshot"),
        ("Z.AI", "zai"),
    ] {
        assert_eq!(seller(name), expected, "{name}");
    }
}

/// Acceptance check 13: the provider's own counts are billed, not those of another tokenizer.
#[test]
fn a_generation_is_billed_on_its_native_counts() {
    let calls = calls(&OpenRouter, "openrouter/generations.jsonl");
    let call = &calls["gen-1780301001-baa"];
    expect(call, &[("input", 500), ("cache_read", 1500), ("output", 100)]);
    assert_eq!((call.others.as_slice(), call.dims["session"].as_str()), ([2000].as_slice(), "s-9"));
    assert!(call.flags.contains(&"inclusive_guessed"), "nobody says what a Claude call's native input contains");
    assert_eq!(call.extra["upstream_id"], "msg_01Orx");
    // The names of the SDK, image tokens out of the output, results of a search.
    let call = &calls["gen-1780301003-bac"];
    expect(call, &[("input", 1200), ("output", 180), ("image_out", 120)]);
    assert_eq!(call.tools, [("web_search_results".to_string(), 3)]);
    let options = Options { cached_input: Some(CachedInput::Outside), ..Options::default() };
    let kept = read_as(&OpenRouter, sample("openrouter/generations.jsonl").as_bytes(), &options);
    expect(&kept.calls[0], &[("input", 2000), ("cache_read", 1500), ("output", 100)]);
}

#[test]
fn what_ended_early_is_billed_and_what_has_no_counts_is_not_free() {
    let generations = calls(&OpenRouter, "openrouter/generations.jsonl");
    let activity = calls(&OpenRouter, "openrouter/activity.csv");
    for (call, input) in [(&generations["gen-1780301005-bae"], 800), (&activity["gen-1780300804-aad"], 700)] {
        assert_eq!((call.dims["status"].as_str(), call.unpriced), ("cancelled", None));
        assert_eq!(call.tokens[0], ("input", input));
    }
    assert_eq!(generations["gen-1780301004-bad"].flags[0], "gateway_cache_hit");
    assert_eq!(activity["gen-1780300807-aag"].unpriced, Some(Unpriced::UsageMissing), "an image has no counts");
    assert_eq!(generations["gen-1780301006-baf"].unpriced, Some(Unpriced::UsageMissing), "a renamed count is no zero");
    assert_eq!(
        (activity["gen-1780300808-aah"].dims["status"].as_str(), activity["gen-1780300808-aah"].unpriced),
        ("error", None)
    );
    let rejected = |path: &str| read(&OpenRouter, &sample(path)).rejections;
    let lines: Vec<u64> = rejected("openrouter/activity.csv").iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [11, 12]);
    let reasons = rejected("openrouter/generations.jsonl");
    assert!(reasons[0].1.contains("`created_at` is missing") && reasons[1].1.contains("negative"), "{reasons:?}");
}

#[test]
fn a_generations_id_names_one_call() {
    assert_eq!(unique_ids(&OpenRouter, &sample("openrouter/generations.jsonl")).len(), 6);
}
