//! Answers of OpenAI's shape as other vendors write them, and those of its other endpoints.

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::openai::OpenAi;

use super::Seen;
use super::expect;
use super::read;
use super::sample;

fn vendors() -> Vec<Seen> {
    read(&OpenAi, &sample("openai/vendors.jsonl")).calls
}

fn on(line: u64) -> Seen {
    vendors().into_iter().find(|call| call.line == line).expect("a call on the line")
}

#[test]
fn deep_research_has_reasoning_beside_the_output_and_units_beside_the_tokens() {
    let call = on(1);
    expect(&call, &[("input", 30), ("output", 40_900)]);
    assert_eq!((call.reasoning, call.dims["provider"].as_str()), (40_000, "perplexity"));
    assert_eq!(call.tools, [("search_queries".to_string(), 18), ("citation_tokens".to_string(), 12_000)]);
    assert_eq!(call.cost, Usd::parse("0.24126").ok());
    assert!(call.flags.contains(&"cost_charged"));
    assert_eq!(call.extra["search_context_size"], "low");
    let plain = on(2);
    expect(&plain, &[("input", 12), ("output", 200)]);
    assert_eq!(plain.cost, Usd::parse("0.0082").ok());
}

#[test]
fn cached_tokens_go_by_many_names() {
    expect(&on(3), &[("input", 260), ("cache_read", 640), ("output", 40)]);
    assert_eq!(on(3).dims["provider"], "mistral");
    expect(&on(5), &[("input", 116), ("cache_read", 384), ("output", 20)]);
    expect(&on(7), &[("input", 18), ("cache_read", 32), ("output", 50)]);
    assert_eq!((on(7).reasoning, on(7).cost), (40, Usd::parse("0.00075").ok()));
}

/// What is heard stands in the total alone: it is no output, and it is billed by the second.
#[test]
fn heard_seconds_are_no_hidden_reasoning() {
    let call = on(4);
    expect(&call, &[("input", 4), ("output", 635), ("audio_in", 2625)]);
    assert_eq!(call.tools, [("audio_seconds".to_string(), 203)]);
    assert_eq!(call.reasoning, 0);
}

#[test]
fn a_total_above_the_sum_is_hidden_reasoning() {
    expect(&on(8), &[("input", 20), ("output", 105)]);
    assert_eq!(on(8).extra["reasoning_hidden"], "100");
    assert_eq!((on(6).latency, on(6).dims["provider"].as_str()), (Some(260), "groq"));
}

#[test]
fn pictures_have_classes_of_their_own() {
    expect(&on(9), &[("input", 56), ("image_in", 194), ("image_out", 1056)]);
    assert_eq!(on(9).dims["model"], "gpt-image-1.5");
    expect(&on(10), &[("input", 100), ("output", 44), ("image_out", 1056)]);
    assert_eq!(on(11).unpriced, Some(Unpriced::UsageMissing));
}

#[test]
fn transcriptions_by_the_second_have_no_tokens() {
    expect(&on(12), &[("input", 20), ("output", 45), ("audio_in", 120)]);
    let seconds = on(13);
    assert_eq!((seconds.unpriced, seconds.latency), (Some(Unpriced::UsageMissing), None));
    assert_eq!(seconds.extra["audio_seconds"], "63");
    expect(
        &on(14),
        &[
            ("input", 72),
            ("cache_read", 128),
            ("output", 80),
            ("audio_in", 244),
            ("audio_cache_read", 256),
            ("audio_out", 220),
        ],
    );
}

#[test]
fn the_request_speaks_where_the_answer_is_silent() {
    assert_eq!(on(15).dims["tier"], "flex");
    assert_eq!((on(16).dims["status"].as_str(), on(16).unpriced), ("timeout", None));
    assert_eq!((on(17).unpriced, on(17).dims["model"].as_str()), (Some(Unpriced::UsageMissing), "gpt-5.6"));
}

#[test]
fn rollups_and_renamed_counts_are_no_free_calls() {
    let kept = read(&OpenAi, &sample("openai/vendors.jsonl"));
    assert_eq!(kept.skips, [(18, "batch_rollup"), (19, "no_call"), (20, "no_call")]);
    assert_eq!(on(21).unpriced, Some(Unpriced::UsageMissing));
}
