//! Langfuse: every form it exports, what its usage keys contain, and what is no call.

use std::collections::BTreeMap;

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::CachedInput;
use attr::read::Options;
use attr::read::Reader;
use attr::read::SpanRole;
use attr::read::formats;
use attr::read::framing::Framing;
use attr::read::helicone::Helicone;
use attr::read::langfuse::Langfuse;
use attr::read::langsmith::LangSmith;
use proptest::prelude::*;

use super::Kept;
use super::Seen;
use super::check;
use super::expect;
use super::read;
use super::read_as;
use super::sample;

fn observations() -> BTreeMap<String, Seen> {
    by_span(&read(&Langfuse, &sample("langfuse/observations.jsonl")))
}

fn by_span(kept: &Kept) -> BTreeMap<String, Seen> {
    kept.calls.iter().filter_map(|call| Some((call.span.clone()?, call.clone()))).collect()
}

fn line(fields: &str) -> String {
    format!(
        r#"{{"id":"o","traceId":"t","type":"GENERATION","startTime":"2026-04-10T09:00:00Z","model":"gpt-5-mini",{fields}}}"#
    ) + "\n"
}

fn usage(keys: &str) -> Seen {
    read(&Langfuse, &line(&format!(r#""usageDetails":{{{keys}}}"#))).calls[0].clone()
}

#[test]
fn disjoint_keys_are_taken_as_they_stand() {
    let call = &observations()["ob-01"];
    expect(call, &[("input", 500), ("cache_read", 1500), ("output", 300)]);
    assert_eq!((call.reasoning, call.latency, call.ttft), (220, Some(1750), Some(400)));
    for (dim, value) in [
        ("feature", "faq"),
        ("tenant", "acme"),
        ("team", "support"),
        ("user", "u-5"),
        ("prompt", "qa"),
        ("prompt_version", "7"),
        ("tier", "flex"),
        ("environment", "production"),
        ("trace", "tr-1"),
    ] {
        assert_eq!(call.dims[dim], value, "{dim}");
    }
    assert_eq!(call.cost, Usd::parse("0.000725").ok());
    assert_eq!(call.extra["trace_name"], "faq");
    assert_eq!(call.extra["updated_at"], "2026-04-10T09:01:05.100000Z");
    assert!(call.flags.is_empty(), "a sum of Langfuse's own is no charge: {:?}", call.flags);
}

#[test]
fn the_total_tells_what_the_older_keys_contain() {
    let calls = observations();
    let same = [("input", 200), ("cache_read", 4000), ("cache_write_5m", 1000), ("output", 350)];
    let split =
        [("input", 200), ("cache_read", 4000), ("cache_write_5m", 600), ("cache_write_1h", 400), ("output", 350)];
    expect(&calls["ob-03"], &same);
    assert_eq!(calls["ob-03"].reasoning, 120);
    assert_eq!(calls["ob-03"].cost, None, "a zero without parts is no cost");
    expect(&calls["ob-04"], &split);
    expect(&calls["ob-05"], &split);
    assert!(calls["ob-05"].flags.is_empty());
    expect(&calls["ob-06"], &same);
    assert_eq!(calls["ob-06"].flags, ["ttl_unknown"], "a part larger than the whole cannot be inside it");
}

/// The provider's flat names beside `input`: the total may leave them out or contain them.
#[test]
fn flat_names_are_a_guess_that_is_told() {
    let call = &observations()["ob-07"];
    expect(call, &[("input", 6000), ("cache_read", 4000), ("output", 350)]);
    assert_eq!((call.flags.as_slice(), call.others.as_slice()), (&["inclusive_guessed"][..], &[2000][..]));
    let openai = usage(r#""input":6000,"cache_read_input_tokens":4000,"output":350,"total":6350"#);
    expect(&openai, &[("input", 2000), ("cache_read", 4000), ("output", 350)]);
    assert!(openai.flags.is_empty());
    let text = line(r#""usageDetails":{"input":6000,"cache_read_input_tokens":4000,"output":350,"total":6350}"#)
        .replace("gpt-5-mini", "claude-sonnet-4-6");
    let said = Options { cached_input: Some(CachedInput::Inside), ..Options::default() };
    let call = read_as(&Langfuse, text.as_bytes(), &said).calls[0].clone();
    expect(&call, &[("input", 2000), ("cache_read", 4000), ("output", 350)]);
    assert!(call.flags.is_empty());
}

/// Acceptance check 10: an estimate yields to what lies below it.
#[test]
fn what_langfuse_counted_itself_is_an_estimate() {
    let kept = read(&Langfuse, &sample("langfuse/observations.jsonl"));
    let wrapper = &by_span(&kept)["ob-20"];
    assert_eq!(wrapper.flags, ["usage_estimated"]);
    let role = |id: &str| kept.spans.iter().find(|span| span.id == id).map(|span| span.role);
    assert_eq!(role("ob-20"), Some(SpanRole::Rollup));
    assert_eq!(role("ob-01"), Some(SpanRole::Call));
    assert_eq!(role("ob-13"), Some(SpanRole::Rollup), "a chain with usage sums others");
    assert_eq!(role("ob-11"), Some(SpanRole::Structure));
    assert_eq!(role("ob-09"), Some(SpanRole::Rollup), "without usage it yields to what has some");
}

#[test]
fn structure_and_scores_are_no_calls() {
    let kept = read(&Langfuse, &sample("langfuse/observations.jsonl"));
    let reasons: Vec<&str> = kept.skips.iter().map(|(_, reason)| *reason).collect();
    assert_eq!(reasons, ["no_usage", "no_usage", "score"]);
    let agent = kept.spans.iter().find(|span| span.id == "ob-11").expect("the agent");
    assert_eq!(agent.dims["agent"], "planner");
    let reasons: Vec<&str> = kept.rejections.iter().map(|(_, reason)| reason.as_str()).collect();
    assert!(reasons[0].contains("`startTime` is missing") && reasons[1].contains("`input` is not a count"));
    assert_eq!(kept.rejections.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [21, 22]);
}

#[test]
fn a_request_without_usage_is_unknown_not_free() {
    let calls = observations();
    assert_eq!((calls["ob-08"].dims["status"].as_str(), calls["ob-08"].unpriced), ("error", None));
    assert_eq!(calls["ob-09"].unpriced, Some(Unpriced::UsageMissing));
    assert_eq!(calls["ob-10"].unpriced, Some(Unpriced::UsageMissing));
    assert_eq!(calls["ob-18"].unpriced, Some(Unpriced::UsageInconsistent));
    let renamed = read(&Langfuse, &line(r#""parentObservationId":null,"usageDetail":{"input":5,"output":1}"#));
    assert_eq!(renamed.calls[0].unpriced, Some(Unpriced::UsageMissing));
    assert_eq!(usage(r#""tokens":5"#).unpriced, Some(Unpriced::UsageMissing));
}

#[test]
fn media_embeddings_and_hidden_reasoning() {
    let calls = observations();
    expect(
        &calls["ob-16"],
        &[("input", 350), ("cache_read", 200), ("output", 50), ("audio_in", 450), ("audio_out", 250)],
    );
    expect(&calls["ob-15"], &[("input", 900)]);
    expect(&calls["ob-17"], &[("input", 35), ("output", 74)]);
    assert_eq!(calls["ob-17"].extra["reasoning_hidden"], "62");
    // Keys that count no tokens are in Langfuse's own sum.
    let searched = usage(r#""input":10,"output":5,"total":18,"searches_done":3"#);
    expect(&searched, &[("input", 10), ("output", 5)]);
    assert!(searched.flags.is_empty());
}

#[test]
fn ids_of_the_provider_tie_records_together() {
    let calls = observations();
    assert_eq!(calls["ob-04"].id.as_deref(), Some("msg_01Invented7"));
    assert_eq!(calls["ob-04"].dims["provider"], "anthropic");
    assert_eq!(calls["ob-04"].extra["app"], "faq-bot");
    let litellm = &calls["time-09-19-00-250000_chatcmpl-Invented19"];
    assert_eq!(litellm.id.as_deref(), Some("chatcmpl-Invented19"));
    assert_eq!(calls["ob-05"].id.as_deref(), Some("ob-05"));
}

/// Acceptance check 10: quoted dates, JSON in cells, JSON in JSON.
#[test]
fn cells_of_csv_hold_json() {
    let calls = by_span(&read(&Langfuse, &sample("langfuse/observations.csv")));
    let plain = observations();
    for id in ["ob-01", "ob-03"] {
        let (cell, line) = (&calls[id], &plain[id]);
        assert_eq!((&cell.tokens, &cell.ts, cell.reasoning), (&line.tokens, &line.ts, line.reasoning));
        assert_eq!((&cell.cost, cell.latency, cell.ttft), (&line.cost, line.latency, line.ttft));
    }
    assert_eq!(calls["ob-01"].parent.as_deref(), Some("ob-20"));
    for (dim, value) in [("team", "support"), ("feature", "faq"), ("user", "u-5"), ("tier", "flex")] {
        assert_eq!(calls["ob-01"].dims[dim], value, "{dim}");
    }
    assert_eq!(calls["ob-08"].dims["status"], "error");
}

/// Acceptance check 10: each observation once, the trace around them, an id that is also the trace's.
#[test]
fn a_download_lists_everything_twice() {
    let kept = read(&Langfuse, &sample("langfuse/trace.json"));
    let calls = by_span(&kept);
    assert_eq!(kept.calls.len(), 2);
    expect(&calls["gen-a"], &[("input", 100), ("output", 20)]);
    expect(&calls["tr-9"], &[("input", 7), ("output", 3)]);
    let trace = &kept.spans[0];
    assert_eq!((trace.id.as_str(), trace.trace.as_str(), trace.role), ("trace:tr-9", "tr-9", SpanRole::Structure));
    for (dim, value) in
        [("tenant", "globex"), ("feature", "pay"), ("user", "u-9"), ("session", "se-9"), ("team", "shop")]
    {
        assert_eq!(trace.dims[dim], value, "{dim}");
    }
    assert_eq!((trace.extra["release"].as_str(), trace.extra["trace_name"].as_str()), ("r42", "checkout"));
    assert_eq!(
        kept.spans.iter().find(|span| span.id == "root").and_then(|span| span.parent.clone()),
        Some(trace.id.clone())
    );
    let repeats = kept.skips.iter().filter(|(_, reason)| *reason == "repeat").count();
    assert_eq!((repeats, kept.rejections.len()), (3, 1), "{:?} {:?}", kept.skips, kept.rejections);
}

/// Acceptance check 10: snake case, naive UTC times, traces beside observations.
#[test]
fn blob_storage_rows_join_their_trace() {
    let kept = read(&Langfuse, &sample("langfuse/blob.jsonl"));
    let first = &kept.calls[0];
    expect(first, &[("input", 20), ("output", 4)]);
    assert_eq!((first.ts.as_str(), first.latency, first.ttft), ("2026-05-01T10:00:01.250Z", Some(500), Some(150)));
    assert!(first.flags.is_empty(), "times without a zone are UTC here");
    assert_eq!(first.dims["tier"], "priority");
    assert_eq!(first.dims["workspace"], "pj-1");
    let trace = &kept.spans[0];
    assert_eq!((trace.dims["tenant"].as_str(), trace.dims["team"].as_str()), ("initech", "data"));
    assert_eq!(kept.spans[1].parent.as_deref(), Some("trace:bt-1"));
    assert_eq!(first.dims["environment"], "default");
    assert!(!kept.spans[1].dims.contains_key("environment"), "the trace's own, `production`, is to be inherited");
    assert_eq!(kept.skips, [(1, "trace"), (5, "score")]);
    let updates: Vec<&str> = kept.calls[1..].iter().map(|call| call.extra["updated_at"].as_str()).collect();
    assert_eq!(updates, ["2026-05-01T10:01:02.000000Z", "2026-05-01T11:00:00.000000Z"]);
}

#[test]
fn pages_of_the_api_old_and_new() {
    let kept = read(&Langfuse, &sample("langfuse/page.json"));
    expect(&kept.calls[0], &[("input", 30), ("output", 3)]);
    assert_eq!(kept.calls[0].cost, Usd::parse("0.0001").ok());
    assert_eq!(kept.calls[1].unpriced, Some(Unpriced::UsageMissing), "characters are no tokens");
    expect(&kept.calls[2], &[("input", 40), ("output", 4)]);
    assert_eq!((kept.calls[2].dims["session"].as_str(), kept.calls[2].dims["feature"].as_str()), ("se-2", "chat"));
    assert_eq!(kept.rejections.len(), 1);
    let sums = read(&Langfuse, &line(r#""parentObservationId":"","inputUsage":70,"outputUsage":7,"totalUsage":77"#));
    expect(&sums.calls[0], &[("input", 70), ("output", 7)]);
    assert_eq!(sums.calls[0].flags, ["inclusive_guessed"]);
}

#[test]
fn neighbours_are_left_to_others() {
    let run = r#"{"id":"r","run_type":"llm","trace_id":"t","parent_run_id":null,"start_time":"2026-03-01T10:00:00"}"#;
    let span = r#"{"resourceSpans":[]}"#;
    let kept = read(&Langfuse, &format!("{run}\n{span}\n"));
    assert_eq!((kept.foreign.len(), kept.calls.len()), (2, 0));
    let event = b"{\"event\":\"langfuse generation\",\"properties\":{\"langfuse_input_units\":5}}\n";
    let framing = Framing::open(Box::new(std::io::Cursor::new(event.to_vec()))).expect("memory");
    let shape = framing.shape().expect("text");
    assert!(formats::detect(&framing, shape).is_err(), "events of analytics tools are refused by name");
}

// --- Laws of the three vendors ----------------------------------------------------------------------------

const VENDORS: [&dyn Reader; 3] = [&Langfuse, &Helicone, &LangSmith];
const FILES: [(usize, &str); 11] = [
    (0, "langfuse/observations.jsonl"),
    (0, "langfuse/observations.csv"),
    (0, "langfuse/trace.json"),
    (0, "langfuse/blob.jsonl"),
    (0, "langfuse/page.json"),
    (1, "helicone/requests.jsonl"),
    (1, "helicone/export.csv"),
    (1, "helicone/hql.json"),
    (2, "langsmith/runs.jsonl"),
    (2, "langsmith/runs.csv"),
    (2, "langsmith/page.json"),
];

#[test]
fn vendors_keep_no_text_and_lose_no_line() {
    for (reader, path) in FILES {
        let kept = read(VENDORS[reader], &sample(path));
        assert!(!format!("{kept:?}").contains("left out"), "{path}");
        assert!(kept.foreign.is_empty(), "{path}");
        check(&kept);
        for call in kept.calls.iter().filter(|_| VENDORS[reader].has_spans()) {
            assert!(kept.spans.iter().any(|span| Some(&span.id) == call.span.as_ref()), "{path}: {call:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn mutated_vendor_samples_do_not_panic(
        which in 0..FILES.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..6usize), 1..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = sample(FILES[which].1).into_bytes();
        for (at, byte, cut) in edits {
            let at = at.index(bytes.len().max(1));
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, [byte]);
        }
        for reader in VENDORS {
            check(&read_as(reader, &bytes, &Options::default()));
        }
        bytes.truncate(cut.index(bytes.len().max(1)));
        check(&read_as(VENDORS[FILES[which].0], &bytes, &Options::default()));
    }

    #[test]
    fn mutated_vendor_numbers_do_not_panic(
        which in 0..FILES.len(),
        number in prop::sample::select(vec!["-1", "0", "1e99", "9999999999", "1.5", "null", "\"\"", "{}", "[]", "true", "-0", "1e-400", "\"\\\"\"", "\"\\\\\""]),
        at in any::<prop::sample::Index>(),
    ) {
        let text = sample(FILES[which].1);
        let digits: Vec<usize> = text.char_indices().filter(|(i, c)| c.is_ascii_digit() && text[..*i].trim_end().ends_with(':')).map(|(i, _)| i).collect();
        if !digits.is_empty() {
            let start = digits[at.index(digits.len())];
            let end = text[start..].find([',', '}', ']', '\n']).map_or(text.len(), |n| start + n);
            let mutated = format!("{}{number}{}", &text[..start], &text[end..]);
            for reader in VENDORS {
                check(&read_as(reader, mutated.as_bytes(), &Options::default()));
            }
        }
    }
}
