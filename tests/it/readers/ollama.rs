//! Ollama's own answers.

use attr::domain::Unpriced;
use attr::read::ollama::Ollama;

use super::expect;
use super::read;
use super::sample;

#[test]
fn the_last_line_of_a_stream_counts_and_stamps_the_end() {
    let kept = read(&Ollama, &sample("ollama/chat.jsonl"));
    let on = |line: u64| kept.calls.iter().find(|call| call.line == line).expect("a call on the line");
    let first = on(1);
    expect(first, &[("input", 26), ("output", 298)]);
    assert_eq!((first.ts.as_str(), first.latency), ("2026-06-01T16:00:00.058Z", Some(5192)));
    assert_eq!((first.dims["provider"].as_str(), first.dims["feature"].as_str()), ("ollama", "draft"));
    expect(on(4), &[("input", 10), ("output", 20)]);
    assert_eq!(on(5).unpriced, Some(Unpriced::UsageMissing), "a prompt without a count is not empty");
    expect(on(6), &[("input", 8)]);
    assert_eq!(on(7).unpriced, Some(Unpriced::UsageMissing), "cut off");
    assert_eq!(kept.skips, [(3, "stream_event"), (2, "stream_event")]);
    assert_eq!(kept.rejections.len(), 1, "{:?}", kept.rejections);
    assert_eq!(read(&Ollama, "{\"model\":\"m\",\"done\":true}\n").foreign.len(), 1);
}
