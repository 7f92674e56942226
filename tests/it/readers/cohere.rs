//! Cohere's own answers.

use attr::domain::Unpriced;
use attr::read::cohere::Cohere;

use super::calls;
use super::expect;
use super::read;
use super::sample;

/// What is billed is not what was processed.
#[test]
fn billed_units_are_billed() {
    let calls = calls(&Cohere, "cohere/wrapped.jsonl");
    expect(&calls["c-0001"], &[("input", 5), ("output", 418)]);
    assert_eq!(
        (calls["c-0001"].dims["provider"].as_str(), calls["c-0001"].dims["model"].as_str()),
        ("cohere", "command-a-03-2025")
    );
    expect(&calls["r-1"], &[("input", 20), ("output", 30)]);
    expect(&calls["e-1"], &[("input", 12)]);
    expect(&calls["e-2"], &[("image_in", 700)]);
    assert_eq!(calls["e-2"].tools, [("images".to_string(), 1)]);
    assert_eq!(
        (calls["k-1"].tools.as_slice(), calls["k-1"].unpriced),
        ([("search_units".to_string(), 2)].as_slice(), None)
    );
    for id in ["c-0002", "c-0003"] {
        assert_eq!(calls[id].unpriced, Some(Unpriced::UsageMissing), "{id}");
    }
    let kept = read(&Cohere, &sample("cohere/wrapped.jsonl"));
    let lines: Vec<u64> = kept.rejections.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [8, 9], "{:?}", kept.rejections);
    assert_eq!(read(&Cohere, "{\"ts\":1,\"meta\":{\"a\":1},\"text\":\"x\"}\n").foreign.len(), 1);
}
