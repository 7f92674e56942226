//! Codex sessions: running totals, copies of other threads, records a response.

use attr::domain::Unpriced;
use attr::read::Options;
use attr::read::ReadError;
use attr::read::codex::Codex;
use attr::read::formats;
use attr::read::framing::Framing;
use proptest::prelude::*;

use super::Kept;
use super::check;
use super::expect;
use super::read;
use super::read_as;
use super::sample;

const START: &str = r#"{"timestamp":"2026-05-14T08:00:00.000Z","type":"session_meta","payload":{"id":"th-1","timestamp":"2026-05-14T08:00:00.000Z","cwd":"/srv/shop"}}
{"timestamp":"2026-05-14T08:00:00.100Z","type":"turn_context","payload":{"model":"gpt-5.4","turn_id":"t-1"}}
"#;

fn usage(counts: [u64; 3]) -> String {
    let [input, cached, output] = counts;
    format!(r#"{{"input_tokens":{input},"cached_input_tokens":{cached},"output_tokens":{output}}}"#)
}

/// An event at a second after eight, with running totals and the last counts.
fn event(second: f64, total: [u64; 3], last: [u64; 3]) -> String {
    let (total, last) = (usage(total), usage(last));
    format!(
        "{{\"timestamp\":\"2026-05-14T08:00:{second:06.3}Z\",\"type\":\"event_msg\",\"payload\":{{\"type\":\"token_count\",\"info\":{{\"total_token_usage\":{total},\"last_token_usage\":{last}}}}}}}\n"
    )
}

fn ids(kept: &Kept) -> Vec<String> {
    kept.calls.iter().filter_map(|call| call.id.clone()).collect()
}

#[test]
fn a_call_is_what_the_totals_grew_by() {
    let kept = read(&Codex, &sample("codex/rollout.jsonl"));
    let lines: Vec<u64> = kept.calls.iter().map(|call| call.line).collect();
    assert_eq!(lines, [6, 8, 9, 11, 14, 16, 17, 20]);
    expect(&kept.calls[0], &[("input", 1500), ("cache_read", 2500), ("output", 250)]);
    assert_eq!(kept.calls[0].reasoning, 100);
    // The same counts as the call before, and a total that went on: another call.
    expect(&kept.calls[2], &[("input", 500), ("cache_read", 4500), ("output", 150)]);
    assert_eq!(kept.calls[1].tokens, kept.calls[2].tokens);
    assert_ne!(kept.calls[1].id, kept.calls[2].id);
    let first = &kept.calls[0];
    for (dim, value) in [
        ("provider", "openai"),
        ("model", "gpt-5.4"),
        ("session", "01a00000-0000-7000-8000-00000000000a"),
        ("workspace", "shop"),
        ("run", "t-1"),
    ] {
        assert_eq!(first.dims[dim], value, "{dim}");
    }
    for (key, value) in
        [("git_branch", "main"), ("cli_version", "0.128.0"), ("originator", "codex_cli_rs"), ("effort", "high")]
    {
        assert_eq!(first.extra[key], value, "{key}");
    }
}

#[test]
fn events_sent_again_and_events_without_counts_are_no_calls() {
    let kept = read(&Codex, &sample("codex/rollout.jsonl"));
    let of = |line: u64| kept.skips.iter().find(|skip| skip.0 == line).expect("skipped").1;
    assert_eq!((of(4), of(7), of(13), of(15)), ("no_usage", "repeat", "repeat", "no_usage"));
}

#[test]
fn sessions_cross_midnight_and_change_the_model() {
    let kept = read(&Codex, &sample("codex/rollout.jsonl"));
    assert_eq!(kept.calls[0].ts, "2026-05-13T23:58:09.100Z");
    assert_eq!(kept.calls[1].ts, "2026-05-14T00:01:00Z");
    let switched = &kept.calls[3];
    expect(switched, &[("input", 2100), ("cache_read", 3000), ("cache_write_30m", 900), ("output", 300)]);
    assert_eq!((switched.dims["model"].as_str(), switched.flags.as_slice()), ("gpt-5.6", ["ttl_unknown"].as_slice()));
}

/// A compaction lowers the totals, a full context overwrites them: the event's own counts are the call's.
#[test]
fn totals_that_fall_start_over() {
    let kept = read(&Codex, &sample("codex/rollout.jsonl"));
    expect(&kept.calls[4], &[("input", 1000), ("cache_read", 2000), ("output", 80)]);
    expect(&kept.calls[5], &[("input", 6000), ("cache_read", 1000), ("output", 60)]);
    // Two calls, of which one has no event.
    expect(&kept.calls[6], &[("input", 3000), ("cache_read", 8000), ("output", 100)]);
    assert_eq!(kept.calls[6].flags, ["rollup"]);
    let without_last =
        format!("{START}{}{}", event(5.0, [900, 0, 90], [900, 0, 90]), event(9.0, [500, 0, 50], [1, 1, 1]))
            .replace(r#","last_token_usage":{"input_tokens":1,"cached_input_tokens":1,"output_tokens":1}"#, "");
    let kept = read(&Codex, &without_last);
    assert_eq!((kept.calls.len(), kept.rejections.len()), (1, 1), "{kept:?}");
    assert!(kept.rejections[0].1.contains("the totals fell"));
}

#[test]
fn an_event_that_cannot_be_read_is_rejected_and_its_tokens_are_in_the_next() {
    let kept = read(&Codex, &sample("codex/rollout.jsonl"));
    let lines: Vec<u64> = kept.rejections.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [18, 19]);
    assert!(kept.rejections[0].1.contains("`input_tokens` is missing"), "{:?}", kept.rejections);
    assert!(kept.rejections[1].1.contains("`info` is missing"));
    expect(&kept.calls[7], &[("input", 1000), ("cache_read", 11000), ("output", 30)]);
    let untimed = format!("{START}{}", event(5.0, [900, 0, 90], [900, 0, 90]).replace("\"timestamp\":", "\"time\":"));
    assert!(read(&Codex, &untimed).rejections[0].1.contains("no time"));
}

/// The sum of the calls is the last total, as long as the totals only grow.
#[test]
fn calls_add_up_to_the_total() {
    let mut text = START.to_string();
    let mut total = [0u64; 3];
    for n in 1..40u64 {
        let last = [n * 100, n * 40, n];
        for (sum, add) in total.iter_mut().zip(last) {
            *sum += add;
        }
        text += &event(n as f64, total, last);
        text += &event(n as f64 + 0.5, total, last);
    }
    let kept = read(&Codex, &text);
    assert_eq!(kept.calls.len(), 39);
    let sum = |class: &str| -> u64 {
        kept.calls.iter().flat_map(|call| &call.tokens).filter(|(name, _)| *name == class).map(|(_, n)| n).sum()
    };
    assert_eq!([sum("input") + sum("cache_read"), sum("cache_read"), sum("output")], total);
}

#[test]
fn a_subagent_is_billed_from_its_own_first_call_on() {
    let kept = read(&Codex, &sample("codex/subagent.jsonl"));
    let replays: Vec<u64> = kept.skips.iter().filter(|skip| skip.1 == "replay").map(|skip| skip.0).collect();
    assert_eq!(replays, [5, 6, 7]);
    assert_eq!(kept.calls.len(), 2);
    let first = &kept.calls[0];
    expect(first, &[("input", 1000), ("cache_read", 1000), ("output", 50)]);
    for (dim, value) in [
        ("agent", "explorer"),
        ("session", "01a00000-0000-7000-8000-00000000000a"),
        ("workspace", "shop"),
        ("provider", "azure"),
        ("model", "gpt-5.4-mini"),
    ] {
        assert_eq!(first.dims[dim], value, "{dim}");
    }
    assert_eq!(first.extra["agent_nickname"], "Euler");
    assert_eq!(first.extra["parent_thread"], "01a00000-0000-7000-8000-00000000000a");
    assert_eq!(first.extra["thread"], "01a00000-0000-7000-8000-00000000000b");
    expect(&kept.calls[1], &[("input", 500), ("cache_read", 2000), ("output", 40)]);
}

fn child(fields: &str) -> String {
    format!(
        "{{\"timestamp\":\"2026-05-14T08:00:00.000Z\",\"type\":\"session_meta\",\"payload\":{{\"id\":\"th-2\",\"timestamp\":\"2026-05-14T08:00:00.000Z\",{fields}}}}}\n"
    )
}

/// Copies are stamped anew, or keep their times from before the thread was; then the child's own calls follow.
#[test]
fn copies_are_told_by_their_times() {
    let own = event(30.0, [1000, 0, 100], [100, 0, 10]);
    let anew = event(0.01, [400, 0, 40], [400, 0, 40]) + &event(0.02, [900, 0, 90], [500, 0, 50]);
    let kept_times = anew.replace("T08:00:00.01", "T07:10:00.0").replace("T08:00:00.02", "T07:30:00.0");
    for copies in [anew, kept_times] {
        for fields in
            [r#""forked_from_id":"th-1""#, r#""source":{"subagent":"review"}"#, r#""parent_thread_id":"th-1""#]
        {
            let kept = read(&Codex, &format!("{}{copies}{own}", child(fields)));
            assert_eq!(kept.skips.iter().filter(|skip| skip.1 == "replay").count(), 2, "{fields}");
            assert_eq!(kept.calls.len(), 1, "{fields}");
            expect(&kept.calls[0], &[("input", 100), ("output", 10)]);
        }
    }
}

/// A child that starts afresh, or goes on from totals that were not copied, has all its calls.
#[test]
fn a_child_without_copies_loses_nothing() {
    let fresh = child(r#""parent_thread_id":"th-1""#) + &event(4.0, [700, 0, 7], [700, 0, 7]);
    expect(&read(&Codex, &fresh).calls[0], &[("input", 700), ("output", 7)]);
    let goes_on = child(r#""forked_from_id":"th-1""#) + &event(4.0, [90_700, 0, 907], [700, 0, 7]);
    expect(&read(&Codex, &goes_on).calls[0], &[("input", 700), ("output", 7)]);
}

/// No model answers at once, but only a child's history is copied: other files are taken at their word.
#[test]
fn a_quick_answer_in_a_plain_session_counts() {
    let text = format!("{START}{}", event(0.3, [700, 0, 7], [700, 0, 7]));
    assert_eq!(read(&Codex, &text).calls.len(), 1);
}

/// The other thread's header alone marks a copy too, in files that do not say where they come from.
#[test]
fn a_foreign_header_announces_a_copy() {
    let foreign = START.replace("08:00:00.000Z\",\"cwd", "07:00:00.000Z\",\"cwd").replace("th-1", "th-0");
    let text =
        format!("{START}{foreign}{}{}", event(0.2, [700, 0, 7], [700, 0, 7]), event(5.0, [900, 0, 9], [200, 0, 2]));
    let kept = read(&Codex, &text);
    assert_eq!(kept.calls.len(), 1);
    expect(&kept.calls[0], &[("input", 200), ("output", 2)]);
    assert_eq!(kept.calls[0].dims["session"], "th-1");
}

#[test]
fn ids_are_the_same_in_copies_and_differ_between_sessions() {
    let events = event(5.0, [700, 0, 7], [700, 0, 7]) + &event(8.0, [1500, 0, 17], [800, 0, 10]);
    let once = ids(&read(&Codex, &format!("{START}{events}")));
    let grown = ids(&read(&Codex, &format!("{START}{events}{}", event(9.0, [1600, 0, 18], [100, 0, 1]))));
    assert_eq!(grown[..2], once[..]);
    let other = ids(&read(&Codex, &format!("{}{events}", START.replace("th-1", "th-9"))));
    assert_ne!(once[0], other[0], "two sessions may begin alike");
    // A copy that nothing gave away has the other thread's id for all but its first event.
    assert_eq!(once[1], other[1]);
    let kept = read(&Codex, &format!("{START}{events}"));
    assert!(kept.calls.iter().all(|call| call.id.as_ref().is_some_and(|id| id.starts_with("codex:"))));
}

#[test]
fn records_of_responses_take_the_place_of_events() {
    let kept = read(&Codex, &sample("codex/records.jsonl"));
    let by_id: Vec<&str> = kept.calls.iter().filter_map(|call| call.id.as_deref()).collect();
    assert!(by_id[0].starts_with("codex:01a00000-0000-7000-8000-00000000000c:gpt-5.6:"), "an older version's event");
    assert_eq!(by_id[1..], ["resp_0c1", "resp_0c2", "resp_0c3", "resp_0c5"]);
    expect(&kept.calls[1], &[("input", 100), ("cache_read", 1000), ("cache_write_30m", 900), ("output", 60)]);
    assert_eq!(
        (kept.calls[1].dims["model"].as_str(), kept.calls[1].dims["tier"].as_str()),
        ("gpt-6-astra", "priority")
    );
    assert_eq!((kept.calls[0].dims["model"].as_str(), kept.calls[0].dims.get("tier")), ("gpt-5.6", None));
    // A compaction is a call of its own, which no event counts in.
    expect(&kept.calls[3], &[("input", 6500), ("cache_read", 2500), ("output", 800)]);
    let repeats: Vec<u64> = kept.skips.iter().filter(|skip| skip.1 == "repeat").map(|skip| skip.0).collect();
    assert_eq!(repeats, [5, 8, 10, 13, 14]);
    assert_eq!(kept.rejections.len(), 1);
    assert!(kept.rejections[0].1.contains("`usage` is missing"));
    assert_eq!(kept.calls[4].unpriced, Some(Unpriced::UsageInconsistent), "more reasoning than output");
}

#[test]
fn a_copied_record_belongs_to_its_thread() {
    let record = r#"{"timestamp":"2026-05-14T08:00:09.000Z","type":"token_usage_record","payload":{"thread_id":"th-1","response_id":"resp_1","usage":{"input_tokens":9,"output_tokens":1}}}"#;
    let own = record.replace("th-1", "th-2").replace("resp_1", "resp_2");
    let kept = read(&Codex, &format!("{}{record}\n{own}\n", child(r#""forked_from_id":"th-1""#)));
    assert_eq!(ids(&kept), ["resp_2"]);
    assert!(kept.skips.contains(&(2, "replay")));
}

#[test]
fn a_running_total_may_pass_what_a_call_can_carry() {
    let most = 12_000_000_000;
    let text = format!("{START}{}{}", event(3.0, [100, 0, 1], [100, 0, 1]), event(5.0, [most, 0, 9], [7, 0, 8]));
    let kept = read(&Codex, &text);
    assert_eq!((kept.calls.len(), kept.rejections.len()), (1, 1));
    let text = format!("{START}{}{}", event(3.0, [most, 0, 1], [100, 0, 1]), event(5.0, [most + 5, 0, 9], [5, 0, 8]));
    let kept = read(&Codex, &text);
    assert_eq!((kept.calls.len(), kept.rejections.len()), (0, 2), "no call before it is known");
    let text = format!(
        "{}{}{}",
        child(r#""forked_from_id":"x""#),
        event(0.1, [most, 0, 1], [1, 0, 1]),
        event(5.0, [most + 5, 0, 9], [5, 0, 8])
    );
    expect(&read(&Codex, &text).calls[0], &[("input", 5), ("output", 8)]);
}

/// Sessions written one after another into a file read as they do alone, in any order.
#[test]
fn sessions_may_follow_each_other_in_a_file() {
    let later = format!("{START}{}", event(5.0, [700, 0, 7], [700, 0, 7]));
    let earlier = later.replace("th-1", "th-0").replace("T08", "T06").replace("/srv/shop", "/srv/blog");
    let kept = read(&Codex, &format!("{later}{earlier}"));
    let both = [ids(&read(&Codex, &later)), ids(&read(&Codex, &earlier))].concat();
    assert_eq!(ids(&kept), both);
    assert_eq!((kept.calls[1].dims["session"].as_str(), kept.calls[1].dims["workspace"].as_str()), ("th-0", "blog"));
}

#[test]
fn neighbouring_formats_are_left_to_others() {
    let claude = r#"{"type":"assistant","sessionId":"s","uuid":"u","message":{"usage":{"input_tokens":1}}}"#;
    let kept = read(&Codex, &format!("{START}{claude}\n"));
    assert_eq!((kept.foreign.len(), kept.calls.len()), (1, 0));
    let exec = "{\"type\":\"thread.started\",\"thread_id\":\"t\"}\n{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}\n";
    let framing = Framing::open(Box::new(std::io::Cursor::new(exec.as_bytes().to_vec()))).expect("memory");
    let refused = formats::detect(&framing, framing.shape().expect("text"));
    assert!(matches!(refused, Err(ReadError::Refused { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn mutated_sessions_do_not_panic(
        which in prop::sample::select(vec!["codex/rollout.jsonl", "codex/subagent.jsonl", "codex/records.jsonl"]),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..6usize), 1..12),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = sample(which).into_bytes();
        for (at, byte, cut) in edits {
            let at = at.index(bytes.len());
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, [byte]);
        }
        check(&read_as(&Codex, &bytes, &Options::default()));
        bytes.truncate(end.index(bytes.len().max(1)));
        check(&read_as(&Codex, &bytes, &Options::default()));
    }

    /// What a file holds later changes nothing about the calls before.
    #[test]
    fn a_grown_file_has_the_same_calls_and_more(
        which in prop::sample::select(vec!["codex/rollout.jsonl", "codex/subagent.jsonl", "codex/records.jsonl"]),
        lines in 1..20usize,
    ) {
        let text = sample(which);
        let start: String = text.split_inclusive('\n').take(lines).collect();
        let (short, long) = (read(&Codex, &start), read(&Codex, &text));
        prop_assert_eq!(format!("{:?}", &short.calls), format!("{:?}", &long.calls[..short.calls.len()]));
    }
}
