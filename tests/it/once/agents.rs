//! What coding agents and gateways write twice by themselves: a session and its events, a chat and its telemetry, files
//! and a database, a row and what was sent on to a tracing tool.

use rusqlite::Connection;

use super::*;
use crate::world::import_text;

/// Writes the attributes of an OTLP record.
fn attributes(pairs: &[(&str, &str)]) -> String {
    let one = |(key, value): &(&str, &str)| format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#);
    pairs.iter().map(one).collect::<Vec<_>>().join(",")
}

/// Writes one OTLP log record of a scope.
fn event(scope: &str, end: &str, pairs: &[(&str, &str)]) -> String {
    format!(
        r#"{{"resourceLogs":[{{"resource":{{"attributes":[]}},"scopeLogs":[{{"scope":{{"name":"{scope}"}},"logRecords":[{{"timeUnixNano":"{end}","attributes":[{}],"body":{{"stringValue":"left out"}}}}]}}]}}]}}"#,
        attributes(pairs)
    ) + "\n"
}

/// Imports two files in both orders and hands on each store.
fn both_orders(files: [(&str, String); 2], check: impl Fn(&Book)) {
    for order in [[0, 1], [1, 0]] {
        let mut book = book();
        for at in order {
            let (name, text) = &files[at];
            let done = import_text(&mut book, name, text);
            assert_eq!(done.tail.rejected, 0, "{name}: {:?}", done.tail.rejects);
        }
        assert_sound(&book.store);
        check(&book);
        for (name, text) in &files {
            assert_eq!(import_text(&mut book, name, text).imported.new, 0, "{name} again");
        }
        assert_sound(&book.store);
    }
}

#[test]
fn a_session_of_claude_code_and_its_events_are_one() {
    let session = r#"{"type":"assistant","timestamp":"2026-06-01T08:00:06.123Z","sessionId":"cc-1","requestId":"req_011CQOnce7","uuid":"u2","parentUuid":"u1","isSidechain":false,"cwd":"/w","version":"2.1.16","message":{"id":"msg_01CcOnce7","type":"message","role":"assistant","model":"claude-opus-4-5-20251101","content":[],"stop_reason":"end_turn","usage":{"input_tokens":9,"cache_creation_input_tokens":645,"cache_read_input_tokens":18277,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":645},"output_tokens":420,"service_tier":"standard"}}}"#;
    let events = event(
        "com.anthropic.claude_code.events",
        "1780300810123000000",
        &[
            ("event.name", "api_request"),
            ("session.id", "cc-1"),
            ("user.email", "dev@example.com"),
            ("model", "claude-opus-4-5-20251101"),
            ("cost_usd", "0.0237"),
            ("duration_ms", "4000"),
            ("input_tokens", "9"),
            ("output_tokens", "420"),
            ("cache_read_tokens", "18277"),
            ("cache_creation_tokens", "645"),
            ("request_id", "req_011CQOnce7"),
        ],
    );
    both_orders([("session.jsonl", format!("{session}\n")), ("events.jsonl", events)], |book| {
        assert_eq!(total(&book.store).calls, 1);
        let call = &book.store.find_calls("msg_01CcOnce7", 2).unwrap()[0].call;
        let counts: Vec<_> = call.tokens.iter().map(|(class, count)| (class.name(), count)).collect();
        assert_eq!(counts, [("input", 9), ("cache_read", 18277), ("cache_write_1h", 645), ("output", 420)]);
        assert_eq!(call.dim(Dim::User), Some("dev@example.com"), "the session does not know who it was");
    });
}

#[test]
fn a_chat_of_gemini_cli_and_its_telemetry_are_told() {
    let chat = concat!(
        r#"{"sessionId":"g-1","projectHash":"9f2b","startTime":"2026-06-01T08:00:50.000Z","lastUpdated":"2026-06-01T08:01:00.000Z","kind":"main"}"#,
        "\n",
        r#"{"id":"m-1","timestamp":"2026-06-01T08:01:00.100Z","type":"gemini","content":"left out","thoughts":[],"tokens":{"input":1000,"output":80,"cached":600,"thoughts":240,"tool":30,"total":1350},"model":"gemini-2.5-pro"}"#,
        "\n"
    );
    let telemetry = event(
        "gemini-cli",
        "1780300860123000000",
        &[
            ("session.id", "g-1"),
            ("event.name", "gemini_cli.api_response"),
            ("event.timestamp", "2026-06-01T08:01:00.000Z"),
            ("model", "gemini-2.5-pro"),
            ("duration_ms", "3000"),
            ("input_token_count", "1000"),
            ("output_token_count", "80"),
            ("cached_content_token_count", "600"),
            ("thoughts_token_count", "240"),
            ("tool_token_count", "30"),
            ("total_token_count", "1350"),
            ("prompt_id", "g-1########0"),
        ],
    );
    both_orders([("session.jsonl", chat.into()), ("telemetry.jsonl", telemetry)], |book| {
        let pairs = book.store.probable_pairs().unwrap();
        assert_eq!(pairs.len(), 1, "{pairs:?}");
        assert_eq!((pairs[0].calls, pairs[0].source.as_str(), pairs[0].other.as_str()), (1, "otlp_logs", "gemini_cli"));
    });
}

const MESSAGE: &str = r#"{"id":"msg_once1","sessionID":"ses_9","role":"assistant","parentID":"msg_u9","agent":"build","mode":"build","providerID":"anthropic","modelID":"claude-sonnet-4-6","cost":0.0123,"tokens":{"total":9262,"input":12,"output":350,"reasoning":0,"cache":{"read":8000,"write":900}},"time":{"created":1779800001000,"completed":1779800005000},"finish":"stop"}"#;

#[test]
fn a_message_of_opencode_in_a_file_and_in_its_database_is_one() {
    for database_first in [false, true] {
        let world = World::new();
        let file = world.write("msg_once1.json", MESSAGE);
        let path = world.path("opencode.db");
        let database = Connection::open(&path).unwrap();
        database
            .execute_batch("CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, time_updated integer, data text);
                            CREATE TABLE session (id text PRIMARY KEY, parent_id text, title text, directory text, version text, time_created integer);")
            .unwrap();
        let mut data: serde_json::Value = serde_json::from_str(MESSAGE).unwrap();
        data.as_object_mut().unwrap().retain(|key, _| key != "id" && key != "sessionID");
        database
            .execute(
                "INSERT INTO message VALUES ('msg_once1', 'ses_9', 1779800001000, 1779800005000, ?1)",
                [data.to_string()],
            )
            .unwrap();
        drop(database);
        let path = path.display().to_string();
        let (first, second) = if database_first { (&path, &file) } else { (&file, &path) };
        world.attr(&["import", first]).ended(0);
        assert_eq!(world.total().0, 1);
        let again = world.attr(&["import", second, "--json"]).ended(0).json();
        assert_eq!((&again["imports"][0]["new"], &again["imports"][0]["duplicate"]), (&0.into(), &1.into()), "{again}");
        assert_eq!(world.total().0, 1);
        world.sound();
    }
}

const ROW: &str = r#"{"request_id":"chatcmpl-Once7Hq2","call_type":"acompletion","api_key":"88dc","spend":0.00098,"total_tokens":2420,"prompt_tokens":2000,"completion_tokens":420,"startTime":"2026-04-10 09:00:01.250000","endTime":"2026-04-10 09:00:03.000000","model":"gpt-5-mini-2025-08-07","model_group":"small","custom_llm_provider":"openai","user":"svc","metadata":"{\"usage_object\":{\"prompt_tokens\":2000,\"completion_tokens\":420,\"prompt_tokens_details\":{\"cached_tokens\":1600},\"completion_tokens_details\":{\"reasoning_tokens\":300}}}","cache_hit":"False","request_tags":"[]","end_user":"acme","status":"success"}"#;

/// The observation that the gateway's callback makes of its row, under a given id.
fn observation(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","traceId":"c0ffee","type":"GENERATION","startTime":"2026-04-10T09:00:01.250Z","endTime":"2026-04-10T09:00:03.000Z","name":"litellm-acompletion","model":"gpt-5-mini-2025-08-07","usageDetails":{{"input":400,"input_cached_tokens":1600,"output":120,"output_reasoning_tokens":300,"total":2420}},"providedUsageDetails":{{"input":400,"input_cached_tokens":1600,"output":120,"output_reasoning_tokens":300,"total":2420}},"totalCost":0.00098,"promptName":"qa","promptVersion":7,"environment":"production","level":"DEFAULT","userId":"u-5","latency":1.75}}"#
    ) + "\n"
}

#[test]
fn a_row_of_litellm_and_what_it_sent_to_langfuse_are_one_or_told() {
    let row = format!("{ROW}\n");
    let sent = observation("time-09-00-01-250000_chatcmpl-Once7Hq2");
    both_orders([("rows.jsonl", row.clone()), ("observations.jsonl", sent)], |book| {
        assert_eq!(total(&book.store).calls, 1);
        let call = &book.store.find_calls("chatcmpl-Once7Hq2", 2).unwrap()[0].call;
        assert_eq!((call.dim(Dim::Prompt), call.dim(Dim::Tenant)), (Some("qa"), Some("acme")));
    });
    // Under an id of its own nothing proves it.
    both_orders([("rows.jsonl", row), ("observations.jsonl", observation("5ba0"))], |book| {
        assert_eq!(total(&book.store).calls, 2);
        let pairs = book.store.probable_pairs().unwrap();
        assert_eq!((pairs.len(), pairs.first().map(|pair| pair.calls)), (1, Some(1)), "{pairs:?}");
    });
}
