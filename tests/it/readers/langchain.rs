//! LangChain's messages.

use attr::domain::Unpriced;
use attr::read::CachedInput;
use attr::read::Options;
use attr::read::langchain::LangChain;

use super::Seen;
use super::expect;
use super::read;
use super::read_as;
use super::sample;

fn on(line: u64) -> Seen {
    let kept = read(&LangChain, &sample("langchain/messages.jsonl"));
    kept.calls.into_iter().find(|call| call.line == line).expect("a call on the line")
}

#[test]
fn one_usage_is_read_and_the_providers_own_first() {
    expect(&on(1), &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!((on(1).reasoning, on(1).id.as_deref()), (320, Some("chatcmpl-La0001")));
    expect(
        &on(2),
        &[("input", 120), ("cache_read", 3000), ("cache_write_5m", 400), ("cache_write_1h", 500), ("output", 410)],
    );
    expect(&on(3), &[("input", 320), ("cache_read", 500), ("cache_write_1h", 200), ("output", 41)]);
    assert!(on(3).flags.is_empty());
    expect(&on(4), &[("input", 260), ("cache_read", 640), ("output", 40)]);
    assert_eq!((on(4).reasoning, on(4).dims["tier"].as_str()), (8, "flex"));
    expect(&on(13), &[("input", 30), ("output", 5)]);
}

#[test]
fn an_old_package_leaves_the_input_open() {
    expect(&on(5), &[("input", 260), ("cache_read", 640), ("output", 40)]);
    assert_eq!((on(5).others, on(5).flags), (vec![900], vec!["inclusive_guessed"]));
    expect(&on(6), &[("input", 20), ("cache_read", 640), ("output", 40)]);
    assert!(on(6).flags.is_empty(), "a part cannot exceed the whole");
    expect(&on(7), &[("input", 100), ("output", 320)]);
    let said = Options { cached_input: Some(CachedInput::Outside), ..Options::default() };
    let kept = read_as(&LangChain, sample("langchain/messages.jsonl").as_bytes(), &said);
    let call = kept.calls.iter().find(|call| call.line == 5).expect("a call");
    expect(call, &[("input", 900), ("cache_read", 640), ("output", 40)]);
}

#[test]
fn every_form_and_every_message_once() {
    let kept = read(&LangChain, &sample("langchain/messages.jsonl"));
    expect(&on(8), &[("input", 10), ("output", 4)]);
    expect(&on(9), &[("input", 11), ("output", 4)]);
    let listed: Vec<&Seen> = kept.calls.iter().filter(|call| call.line == 10).collect();
    assert_eq!((listed.len(), listed[0].id.as_deref()), (1, Some("run--b1")));
    assert_eq!(listed[0].dims["session"], "t-1");
    expect(&on(14), &[("input", 40), ("cache_read", 60), ("output", 25)]);
    assert_eq!(on(17).unpriced, Some(Unpriced::UsageMissing));
    assert_eq!(kept.skips, [(11, "repeat"), (12, "no_call"), (15, "stream_event"), (16, "stream_event")]);
    let lines: Vec<u64> = kept.rejections.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [18, 19], "{:?}", kept.rejections);
}
