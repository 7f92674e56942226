//! One call in several sources: its ids say so, and it is counted once, whatever came in first and whatever went again.

use super::*;

/// A call of Claude as each of its sources tells it: 200 tokens read anew, 4,000 from the cache, 1,000 written to it for
/// an hour, 350 written as the answer. Only what the provider sent knows the hour.
const SOURCES: [(&str, &str); 7] = [
    (
        "app.jsonl",
        r#"{"ts":"2026-06-01T08:00:00.100Z","feature":"triage-mail","tenant":"acme","prompt_version":"v3","user":"u-1","provider":"anthropic","model":"claude-sonnet-4-6","input_tokens":5200,"cached_tokens":4000,"output_tokens":350,"response_id":"msg_01Once7Hq2"}"#,
    ),
    (
        "spans.jsonl",
        r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"helpdesk"}},{"key":"deployment.environment.name","value":{"stringValue":"prod"}}]},"scopeSpans":[{"scope":{"name":"opentelemetry.instrumentation.anthropic"},"spans":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","parentSpanId":"b7ad6b7169203331","name":"chat claude-sonnet-4-6","kind":3,"startTimeUnixNano":"1780300800123000000","endTimeUnixNano":"1780300802623000000","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"anthropic"}},{"key":"gen_ai.request.model","value":{"stringValue":"claude-sonnet-4-6"}},{"key":"gen_ai.response.id","value":{"stringValue":"msg_01Once7Hq2"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"5200"}},{"key":"gen_ai.usage.cache_read.input_tokens","value":{"intValue":"4000"}},{"key":"gen_ai.usage.cache_creation.input_tokens","value":{"intValue":"1000"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"350"}},{"key":"gen_ai.agent.name","value":{"stringValue":"triage"}},{"key":"session.id","value":{"stringValue":"s-9"}}],"status":{}}]}]}]}"#,
    ),
    (
        "gateway.jsonl",
        r#"{"request_id":"msg_01Once7Hq2","call_type":"acompletion","api_key":"88dc","spend":0.01365,"total_tokens":5550,"prompt_tokens":5200,"completion_tokens":350,"startTime":"2026-06-01 08:00:00.120000","endTime":"2026-06-01 08:00:02.600000","model":"claude-sonnet-4-6","model_group":"large","custom_llm_provider":"anthropic","user":"svc","metadata":"{\"user_api_key_team_alias\":\"support\",\"usage_object\":{\"prompt_tokens\":5200,\"completion_tokens\":350,\"cache_read_input_tokens\":4000,\"cache_creation_input_tokens\":1000}}","cache_hit":"False","request_tags":"[\"feature:from-a-tag\"]","end_user":"acme","session_id":"s-9","status":"success"}"#,
    ),
    (
        "answers.jsonl",
        r#"{"ts":"2026-06-01T08:00:00.130Z","route":"/v1/mail","response":{"id":"msg_01Once7Hq2","type":"message","role":"assistant","model":"claude-sonnet-4-6","content":[],"stop_reason":"end_turn","usage":{"input_tokens":200,"cache_read_input_tokens":4000,"cache_creation_input_tokens":1000,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":1000},"output_tokens":350,"service_tier":"standard"}}}"#,
    ),
    (
        "helicone.jsonl",
        r#"{"request_id":"9b1e0000-0000-4000-8000-000000000042","response_id":"re-42","request_created_at":"2026-06-01T08:00:00.110Z","response_created_at":"2026-06-01T08:00:02.610Z","response_status":200,"provider":"ANTHROPIC","request_model":"claude-sonnet-4-6","response_model":"claude-sonnet-4-6","request_user_id":"u-1","request_properties":{"Helicone-Property-Team":"support"},"prompt_tokens":200,"prompt_cache_read_tokens":4000,"prompt_cache_write_tokens":1000,"completion_tokens":350,"reasoning_tokens":0,"total_tokens":550,"delay_ms":2500,"response_body":{"id":"msg_01Once7Hq2","type":"message"}}"#,
    ),
    (
        "langfuse.jsonl",
        r#"{"id":"ob-42","traceId":"tr-42","type":"GENERATION","name":"answer","startTime":"2026-06-01T08:00:00.140Z","endTime":"2026-06-01T08:00:02.620Z","environment":"production","level":"DEFAULT","model":"claude-sonnet-4-6","usageDetails":{"input":200,"input_cached_tokens":4000,"input_cache_creation":1000,"output":350,"total":5550},"providedUsageDetails":{"input":200,"input_cached_tokens":4000,"input_cache_creation":1000,"output":350,"total":5550},"totalCost":0.01365,"promptName":"triage","promptVersion":3,"metadata":{"response_id":"msg_01Once7Hq2"},"latency":2.48}"#,
    ),
    (
        "stream.jsonl",
        concat!(
            r#"{"ts":"2026-06-01T08:00:00.150Z","process":"worker-4","data":{"type":"message_start","message":{"id":"msg_01Once7Hq2","type":"message","role":"assistant","model":"claude-sonnet-4-6","content":[],"usage":{"input_tokens":200,"cache_read_input_tokens":4000,"cache_creation_input_tokens":1000,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":1000},"output_tokens":1}}}}"#,
            "\n",
            r#"{"ts":"2026-06-01T08:00:02.640Z","data":{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":350}}}"#,
            "\n",
            r#"{"ts":"2026-06-01T08:00:02.640Z","data":{"type":"message_stop"}}"#
        ),
    ),
];

/// The span above, in a file of its own: it is no call, and says for whom the work was.
const ABOVE: &str = r#"{"resourceSpans":[{"resource":{"attributes":[]},"scopeSpans":[{"scope":{"name":"app"},"spans":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"b7ad6b7169203331","name":"POST /mail","kind":2,"startTimeUnixNano":"1780300800000000000","endTimeUnixNano":"1780300803000000000","attributes":[{"key":"tenant.id","value":{"stringValue":"from-above"}},{"key":"user.id","value":{"stringValue":"above-1"}},{"key":"release","value":{"stringValue":"r7"}}],"status":{}}]}]}]}"#;

/// Writes the sources as files, each also with a call of its own that no other has.
fn written() -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let paths = SOURCES.map(|(name, text)| {
        let path = folder.path().join(name);
        let other = text.replace("msg_01Once7Hq2", &format!("msg_01Own{}", name.replace('.', "")));
        // The ids of the log's own must differ as well.
        let other =
            other.replace("902b7\"", "902b8\"").replace("000042\"", "000043\"").replace("\"ob-42\"", "\"ob-43\"");
        fs_err::write(&path, format!("{text}\n{other}\n")).unwrap();
        path
    });
    (folder, paths.into())
}

/// $3 a million anew, $0.30 from the cache, $6 into it for an hour, $15 out.
const COST: &str = "0.01305";

#[test]
fn one_call_in_seven_sources_is_one_call() {
    let (_folder, paths) = written();
    let mut book = book();
    for path in &paths {
        let done = put(&mut book, path);
        assert_eq!(done.tail.rejected, 0, "{}: {:?}", shown(path), done.tail.rejects);
        assert_sound(&book.store);
    }
    assert_eq!(total(&book.store).calls, 1 + SOURCES.len() as u64, "one call, and one of each source's own");
    let mut found = book.store.find_calls("msg_01Once7Hq2", 9).unwrap();
    found.retain(|call| call.held.is_empty());
    assert_eq!(found.len(), 1, "{found:?}");
    let call = &found[0].call;
    let counts: Vec<_> = call.tokens.iter().map(|(class, count)| (class.name(), count)).collect();
    assert_eq!(counts, [("input", 200), ("cache_read", 4000), ("cache_write_1h", 1000), ("output", 350)]);
    assert_eq!(found[0].cost.map(|cost| cost.to_string()).as_deref(), Some(COST));
    // The application's words first, then those of whoever else says something.
    for (dim, value) in [
        (Dim::Feature, "triage-mail"),
        (Dim::Tenant, "acme"),
        (Dim::PromptVersion, "v3"),
        (Dim::User, "u-1"),
        (Dim::Team, "support"),
        (Dim::Environment, "prod"),
        (Dim::Agent, "triage"),
        (Dim::Session, "s-9"),
        (Dim::Route, "/v1/mail"),
        (Dim::Process, "worker-4"),
        (Dim::Trace, "4bf92f3577b34da6a3ce929d0e0e4736"),
    ] {
        assert_eq!(call.dim(dim), Some(value), "{}", dim.name());
    }
    assert_eq!(call.logged_cost.map(|cost| cost.to_string()).as_deref(), Some("0.01365"), "what the gateway charged");
    assert!(book.store.probable_pairs().unwrap().iter().all(|pair| !pair.excluded));
}

/// Dimensions come from an ancestor and from other records at once; each goes with what it came from.
#[test]
fn an_ancestor_and_other_records_do_not_get_in_each_others_way() {
    let (folder, paths) = written();
    let above = folder.path().join("above.jsonl");
    fs_err::write(&above, format!("{ABOVE}\n")).unwrap();
    let files = [above, paths[0].clone(), paths[1].clone(), paths[4].clone()];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 1, 0, 3], [1, 2, 3, 0], [2, 0, 3, 1]] {
        for gone in 0..files.len() {
            let mut book = book();
            let ids = order.map(|at| put(&mut book, &files[at]).imported.id);
            assert_alike(&picture(&book.store), &only(&files), &format!("{order:?}"));
            book.store.undo_import(ids[gone]).unwrap();
            assert_sound(&book.store);
            let left: Vec<PathBuf> =
                (0..files.len()).filter(|at| *at != order[gone]).map(|at| files[at].clone()).collect();
            assert_alike(&picture(&book.store), &only(&left), &format!("{order:?} without {}", order[gone]));
        }
    }
}

proptest! {
    #![proptest_config(cases(48))]

    /// The answers depend on which sources are in, not on the way they came in.
    #[test]
    fn neither_order_nor_history_matters(
        order in Just((0..SOURCES.len()).collect::<Vec<_>>()).prop_shuffle(),
        count in 2..=SOURCES.len(),
        gone in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
        again in any::<bool>(),
    ) {
        let (_folder, paths) = written();
        let mut book = book();
        let mut inside: Vec<(usize, i64)> = Vec::new();
        for at in &order[..count] {
            inside.push((*at, put(&mut book, &paths[*at]).imported.id));
        }
        for index in gone {
            if inside.len() < 2 {
                break;
            }
            let (at, id) = inside.remove(index.index(inside.len()));
            book.store.undo_import(id).unwrap();
            assert_sound(&book.store);
            if again {
                inside.push((at, put(&mut book, &paths[at]).imported.id));
                assert_sound(&book.store);
            }
        }
        let mut left: Vec<usize> = inside.iter().map(|(at, _)| *at).collect();
        left.sort_unstable();
        let left: Vec<PathBuf> = left.into_iter().map(|at| paths[at].clone()).collect();
        assert_alike(&picture(&book.store), &only(&left), &format!("{left:?}"));
        prop_assert_eq!(total(&book.store).calls, 1 + left.len() as u64);
        for (at, _) in &inside {
            let again = put(&mut book, &paths[*at]).imported;
            prop_assert_eq!((again.new, again.total.calls), (0, 0), "imported again: {}", SOURCES[*at].0);
        }
        assert_sound(&book.store);
    }
}

/// Together in one import, as from a folder.
#[test]
fn one_import_of_all_sources_is_as_good_as_seven() {
    let (_folder, paths) = written();
    let mut together = book();
    let outcomes = put_all(&mut together, &paths);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, FileOutcome::In { .. })), "{outcomes:?}");
    assert_alike(&picture(&together.store), &only(&paths), "together");
    assert_sound(&together.store);
}
