//! Gemini CLI chats: messages written again, changes, subagents, and what the counts contain.

use attr::domain::Unpriced;
use attr::read::CachedInput;
use attr::read::Options;
use attr::read::gemini_cli::GeminiCli;
use proptest::prelude::*;

use super::Seen;
use super::calls;
use super::check;
use super::expect;
use super::read;
use super::read_as;
use super::sample;

const SESSION: &str = "4d0c0000-0000-4000-8000-0000000000aa";
const HEAD: &str = r#"{"sessionId":"s-1","projectHash":"9f2b","kind":"main"}"#;

fn answer(id: &str, tokens: &str) -> String {
    format!(
        r#"{{"id":"{id}","timestamp":"2026-06-07T10:00:05.000Z","type":"gemini","model":"gemini-3-pro-preview","tokens":{tokens}}}"#
    )
}

fn of(id: &str) -> Seen {
    calls(&GeminiCli, "gemini_cli/session.jsonl")[&format!("{SESSION}/{id}")].clone()
}

#[test]
fn thoughts_are_output_and_tool_prompts_are_input() {
    let call = of("m-1");
    expect(&call, &[("input", 2000), ("cache_read", 3000), ("output", 200)]);
    assert_eq!((call.reasoning, call.ts.as_str(), call.line), (80, "2026-06-07T10:00:05Z", 3));
    for (dim, value) in [("provider", "google"), ("model", "gemini-3-pro-preview"), ("session", SESSION)] {
        assert_eq!(call.dims[dim], value, "{dim}");
    }
    assert_eq!(call.extra["project_hash"], "9f2b");
    assert!(!call.dims.contains_key("agent"));
    expect(&of("m-2"), &[("input", 4700), ("cache_read", 5000), ("output", 50)]);
}

/// The total is the provider's: it tells what other writers put into the counts.
#[test]
fn the_total_tells_what_the_counts_contain() {
    expect(&of("m-3"), &[("input", 1000), ("cache_read", 600), ("output", 60)]);
    expect(&of("m-4"), &[("input", 100), ("cache_read", 600), ("output", 40)]);
    let hidden = of("m-5");
    expect(&hidden, &[("input", 1000), ("output", 100)]);
    assert_eq!((hidden.reasoning, hidden.extra["reasoning_hidden"].as_str()), (60, "60"));
    let inside = of("m-6");
    expect(&inside, &[("input", 900), ("cache_read", 100), ("output", 40)]);
    assert_eq!(inside.reasoning, 30);
    let unclear = of("m-7");
    expect(&unclear, &[("input", 1000), ("cache_read", 100), ("output", 40)]);
    assert_eq!(unclear.unpriced, Some(Unpriced::UsageInconsistent));
    for id in ["m-1", "m-2", "m-3", "m-4", "m-5", "m-6"] {
        assert!(of(id).flags.is_empty(), "{id}: nothing is guessed");
    }
}

#[test]
fn the_user_may_say_what_the_input_contains() {
    let options = Options { cached_input: Some(CachedInput::Outside), ..Options::default() };
    let kept = read_as(&GeminiCli, sample("gemini_cli/session.jsonl").as_bytes(), &options);
    expect(&kept.calls[0], &[("input", 5000), ("cache_read", 3000), ("output", 200)]);
}

#[test]
fn a_message_written_again_is_one_call_with_its_latest_counts() {
    let kept = read(&GeminiCli, &sample("gemini_cli/session.jsonl"));
    let of = |line: u64| kept.skips.iter().filter(|skip| skip.0 == line).map(|skip| skip.1).collect::<Vec<_>>();
    assert_eq!((of(5), of(6)), (vec!["repeat"], vec!["repeat"]));
    let (first, second) = (r#"{"input":10,"output":1,"total":11}"#, r#"{"input":10,"output":5,"total":15}"#);
    let text = [HEAD.into(), answer("a", first), answer("a", second), answer("a", "null")].join("\n");
    let kept = read(&GeminiCli, &text);
    assert_eq!(kept.calls.len(), 1);
    expect(&kept.calls[0], &[("input", 10), ("output", 5)]);
}

#[test]
fn an_older_version_writes_the_tokens_apart() {
    let update = r#"{"type":"message_update","id":"a","tokens":{"input":10,"output":8,"thoughts":2,"total":20}}"#;
    let text = [HEAD.into(), answer("a", "null"), update.into(), update.replace("\"a\"", "\"b\"")].join("\n");
    let kept = read(&GeminiCli, &text);
    expect(&kept.calls[0], &[("input", 10), ("output", 10)]);
    assert_eq!((kept.skips.contains(&(3, "repeat")), kept.rejections.len()), (true, 1));
}

#[test]
fn rewinding_takes_nothing_off_the_bill_and_changes_may_bring_messages() {
    let kept = read(&GeminiCli, &sample("gemini_cli/session.jsonl"));
    assert!(kept.skips.contains(&(8, "rewind")));
    expect(&of("m-2"), &[("input", 4700), ("cache_read", 5000), ("output", 50)]);
    expect(&of("m-9"), &[("input", 10), ("output", 2)]);
    assert_eq!(of("m-9").line, 15);
    assert_eq!(kept.calls.iter().filter(|call| call.id.as_deref() == Some(&format!("{SESSION}/m-1"))).count(), 1);
}

#[test]
fn a_session_that_is_one_object_reads_alike() {
    let kept = read(&GeminiCli, &sample("gemini_cli/session.json"));
    assert_eq!((kept.calls.len(), kept.skips.len()), (2, 0));
    expect(&kept.calls[0], &[("input", 1000), ("cache_read", 7000), ("output", 550)]);
    assert_eq!(kept.calls[0].id.as_deref(), Some("4d0c0000-0000-4000-8000-0000000000bb/a-1"));
    expect(&kept.calls[1], &[("input", 9000), ("output", 20)]);
    let empty = read(&GeminiCli, r#"{"sessionId":"s","projectHash":"h","messages":[{"type":"user","id":"u"}]}"#);
    assert_eq!(empty.skips, [(1, "no_call")]);
}

/// Chats written one after another into a file keep their own ids.
#[test]
fn chats_may_follow_each_other_in_a_file() {
    let counts = r#"{"input":10,"output":1,"total":11}"#;
    let text = [HEAD.into(), answer("a", counts), HEAD.replace("s-1", "s-2"), answer("a", counts)].join("\n");
    let ids: Vec<Option<String>> = read(&GeminiCli, &text).calls.into_iter().map(|call| call.id).collect();
    assert_eq!(ids, [Some("s-1/a".to_string()), Some("s-2/a".to_string())]);
}

#[test]
fn subagents_belong_to_the_session_that_sent_them() {
    let head = r#"{"sessionId":"codebase_investigator-a1b2c3","projectHash":"h","kind":"subagent"}"#;
    let text = format!("{head}\n{}\n", answer("a", r#"{"input":10,"output":1,"total":11}"#));
    let at = |path: &str| {
        let options = Options { path: path.into(), ..Options::default() };
        read_as(&GeminiCli, text.as_bytes(), &options).calls[0].clone()
    };
    let call = at("/home/u/.gemini/tmp/shop/chats/s-1/codebase_investigator-a1b2c3.jsonl");
    assert_eq!(call.dims["agent"], "codebase_investigator");
    assert_eq!((call.dims["session"].as_str(), call.dims["workspace"].as_str()), ("s-1", "shop"));
    assert_eq!(call.id.as_deref(), Some("codebase_investigator-a1b2c3/a"));
    assert_eq!(call.extra["subagent_session"], "codebase_investigator-a1b2c3");
    let alone = at("chat.jsonl");
    assert_eq!(alone.dims["session"], "codebase_investigator-a1b2c3");
    assert_eq!((alone.dims["agent"].as_str(), alone.id), ("codebase_investigator", call.id));
    let named = at(&format!("tmp/{}/chats/session-1.jsonl", "0f".repeat(32)));
    assert!(!named.dims.contains_key("workspace"), "a hash is no name");
    let id = text.replace("codebase_investigator-a1b2c3", SESSION);
    assert_eq!(read(&GeminiCli, &id).calls[0].dims["agent"], "subagent");
}

#[test]
fn messages_that_lack_what_a_call_needs_are_rejected() {
    let kept = read(&GeminiCli, &sample("gemini_cli/session.jsonl"));
    let reasons: Vec<(u64, &str)> = kept.rejections.iter().map(|(line, why)| (*line, why.as_str())).collect();
    assert_eq!(reasons, [(16, "`tokens.input` is missing"), (17, "no time: `timestamp` is missing")]);
    // The second message of an answer has none, and that is well; where no message has them, the key has changed.
    assert!(kept.skips.contains(&(14, "no_usage")));
    let counts = r#"{"input":10,"output":1,"total":11}"#;
    let renamed = [HEAD.into(), answer("a", counts), answer("b", counts)].join("\n").replace("\"tokens\"", "\"usage\"");
    let kept = read(&GeminiCli, &renamed);
    assert_eq!((kept.calls.len(), kept.rejections.len()), (0, 2));
    assert!(kept.rejections[0].1.contains("`tokens` is missing"));
    let negative = [HEAD.into(), answer("a", r#"{"input":-1,"output":1}"#)].join("\n");
    assert!(read(&GeminiCli, &negative).rejections[0].1.contains("negative"));
}

/// Real chats have such messages, with a text and calls of tools in them: used, and not counted.
#[test]
fn counts_that_are_all_zero_are_no_free_call() {
    let text = [HEAD.into(), answer("a", r#"{"input":0,"output":0,"cached":0,"thoughts":0,"tool":0,"total":0}"#)];
    let call = &read(&GeminiCli, &text.join("\n")).calls[0];
    assert_eq!((call.unpriced, call.tokens.len()), (Some(Unpriced::UsageMissing), 0));
}

#[test]
fn unknown_fields_are_read_over_and_neighbours_are_left_to_others() {
    let counts = r#"{"input":10,"output":1,"cached":0,"thoughts":0,"tool":0,"total":11,"audio":7}"#;
    let text = [HEAD.into(), answer("a", counts).replace("\"id\"", "\"later\":[1],\"id\"")].join("\n");
    assert_eq!(read(&GeminiCli, &text).calls.len(), 1);
    let claude = r#"{"type":"assistant","sessionId":"s","uuid":"u","message":{"usage":{"input_tokens":1}}}"#;
    assert_eq!(read(&GeminiCli, &format!("{HEAD}\n{claude}\n")).foreign.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn mutated_chats_do_not_panic(
        which in prop::sample::select(vec!["gemini_cli/session.jsonl", "gemini_cli/session.json"]),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..6usize), 1..12),
        end in any::<prop::sample::Index>(),
        path in "[a-z/\\\\]{0,20}chats[a-z/\\\\]{0,20}",
    ) {
        let options = Options { path, ..Options::default() };
        let mut bytes = sample(which).into_bytes();
        for (at, byte, cut) in edits {
            let at = at.index(bytes.len());
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, [byte]);
        }
        check(&read_as(&GeminiCli, &bytes, &options));
        bytes.truncate(end.index(bytes.len().max(1)));
        check(&read_as(&GeminiCli, &bytes, &options));
    }
}
