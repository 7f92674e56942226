//! Results of the AI SDK.

use attr::domain::Unpriced;
use attr::read::ai_sdk::AiSdk;

use super::Kept;
use super::Seen;
use super::expect;
use super::read;
use super::sample;

fn results() -> Kept {
    read(&AiSdk, &sample("ai_sdk/on_finish.jsonl"))
}

#[test]
fn steps_are_the_calls_and_the_sum_is_not_added() {
    let kept = results();
    let steps: Vec<&Seen> = kept.calls.iter().filter(|call| call.line == 1).collect();
    assert_eq!(steps.len(), 2);
    expect(
        steps[0],
        &[("input", 120), ("cache_read", 3000), ("cache_write_5m", 400), ("cache_write_1h", 600), ("output", 410)],
    );
    expect(steps[1], &[("input", 500), ("cache_read", 4000), ("cache_write_5m", 100), ("output", 90)]);
    assert_eq!((steps[1].ts.as_str(), steps[1].dims["feature"].as_str()), ("2026-06-01T18:01:00Z", "triage"));
    assert_eq!((steps[0].dims["provider"].as_str(), steps[0].dims["tenant"].as_str()), ("anthropic", "acme"));
    assert_eq!(steps[0].id.as_deref(), Some("msg_01Va"));
    let on = |line: u64| kept.calls.iter().find(|call| call.line == line).expect("a call on the line");
    expect(on(6), &[("input", 130), ("output", 13)]);
    expect(on(7), &[("input", 8)]);
    assert_eq!(on(7).dims["feature"], "search");
}

#[test]
fn the_input_is_as_each_provider_counts_it_before_version_6() {
    let kept = results();
    let on = |line: u64| kept.calls.iter().find(|call| call.line == line).expect("a call on the line");
    expect(on(2), &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    expect(on(3), &[("input", 120), ("cache_read", 3000), ("cache_write_5m", 900), ("output", 10)]);
    expect(on(4), &[("input", 360), ("cache_read", 640), ("output", 50)]);
    assert_eq!(on(4).reasoning, 12);
    expect(on(5), &[("input", 100), ("output", 320)]);
    expect(on(8), &[("input", 500), ("cache_read", 200), ("output", 5)]);
    assert_eq!((on(8).flags.as_slice(), on(8).others.as_slice()), (["inclusive_guessed"].as_slice(), [700].as_slice()));
    assert_eq!(on(9).unpriced, Some(Unpriced::UsageMissing), "NaN is no count");
    let lines: Vec<u64> = kept.rejections.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [10, 11], "{:?}", kept.rejections);
    let converse = r#"{"ts":1,"output":{},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":1}}"#;
    assert_eq!(read(&AiSdk, &format!("{converse}\n")).foreign.len(), 1);
}
