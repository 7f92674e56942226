//! Streams: what their events amount to.

use std::collections::BTreeMap;

use attr::domain::Unpriced;
use attr::read::sse::Sse;

use super::Seen;
use super::calls;
use super::expect;
use super::read;
use super::sample;

fn dump() -> BTreeMap<String, Seen> {
    calls(&Sse, "sse/dump.sse")
}

#[test]
fn counts_of_a_stream_are_cumulative_and_the_last_ones_win() {
    let calls = dump();
    let call = &calls["msg_01Sa"];
    expect(call, &[("input", 120), ("cache_read", 3000), ("cache_write_5m", 900), ("output", 410)]);
    assert_eq!(call.tools, [("web_search".to_string(), 1)]);
    assert_eq!(call.ts, "2026-06-01T12:00:00Z", "of the HTTP head");
    expect(&calls["chatcmpl-Sd0001"], &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!(calls["chatcmpl-Sd0001"].reasoning, 320);
    expect(&calls["gen-Se000001"], &[("input", 100), ("output", 12)]);
    assert_eq!(calls["gen-Se000001"].dims["provider"], "openrouter");
    assert_eq!(calls["chatcmpl-Sg0001"].dims["provider"], "azure");
    expect(&calls["chatcmpl-Sh0001"], &[("input", 33), ("output", 9)]);
    let response = &calls["resp_Si01"];
    expect(response, &[("input", 288), ("cache_read", 512), ("output", 90)]);
    assert_eq!((response.dims["tier"].as_str(), response.dims["tenant"].as_str()), ("flex", "acme"));
    assert_eq!(response.tools, [("web_search".to_string(), 1)]);
}

/// Acceptance check 7: a stream that was cut off is not free, and its placeholder is not the truth.
#[test]
fn a_stream_without_its_end_has_no_usage() {
    let calls = dump();
    for id in ["msg_01Sb", "chatcmpl-Sf0001", "resp_Sj01"] {
        assert_eq!(calls[id].unpriced, Some(Unpriced::UsageMissing), "{id}");
        assert!(calls[id].tokens.iter().all(|(class, _)| *class != "output"), "{id}");
    }
    expect(&calls["msg_01Sb"], &[("input", 77)]);
    assert_eq!(calls["msg_01Sc"].dims["status"], "error");
    assert_eq!(calls["msg_01Sc"].extra["error_type"], "overloaded_error");
    let kept = read(&Sse, &sample("sse/dump.sse"));
    assert_eq!(kept.calls.len(), 10);
    assert!(kept.rejections.iter().any(|(_, reason)| reason.contains("truncated")), "{:?}", kept.rejections);
}

#[test]
fn mixed_streams_are_told_apart_by_id() {
    let calls = calls(&Sse, "sse/events.jsonl");
    expect(&calls["msg_01Ta"], &[("input", 100), ("output", 11)]);
    expect(&calls["msg_01Tb"], &[("input", 200), ("output", 22)]);
    assert_eq!(calls["msg_01Ta"].dims["tenant"], "acme");
    expect(&calls["chatcmpl-Tc0001"], &[("input", 31), ("output", 3)]);
    expect(&calls["chatcmpl-Td0001"], &[("input", 41), ("output", 4)]);
    let spoken = &calls["resp_Te01"];
    expect(spoken, &[("input", 20), ("output", 10), ("audio_in", 80), ("audio_out", 40)]);
    assert_eq!(spoken.dims["model"], "gpt-realtime");
}

/// Without an id nothing says whose counts are whose: none are taken.
#[test]
fn mixed_streams_without_an_id_have_no_usage() {
    let calls = calls(&Sse, "sse/events.jsonl");
    for id in ["msg_01Tf", "msg_01Tg"] {
        assert_eq!(calls[id].unpriced, Some(Unpriced::UsageMissing), "{id}");
    }
    let kept = read(&Sse, &sample("sse/events.jsonl"));
    let reasons: Vec<&str> = kept.rejections.iter().map(|(_, reason)| reason.as_str()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("mixed without an id")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("no time")), "{reasons:?}");
}

#[test]
fn neighbours_are_left_to_others() {
    let text = "{\"type\":\"ping\",\"model\":\"m\",\"input_tokens\":1}\n{\"ts\":1,\"model\":\"m\"}\n";
    assert_eq!(read(&Sse, text).foreign.len(), 2);
}
