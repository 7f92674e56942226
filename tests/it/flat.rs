//! Flat logs as people write them: what each spelling must come to, one line a case.

use attr::domain::Class;
use attr::domain::Dim;
use attr::domain::Unpriced;
use attr::ops::book::Book;

use crate::world::book;
use crate::world::import_text;

const START: &str = r#"{"ts":"2026-06-01T12:00:00Z","#;

/// Imports one record (what follows the time) and returns the book with it.
fn with(rest: &str) -> Book {
    let mut book = book();
    let imported = import_text(&mut book, "one.jsonl", format!("{START}{rest}\n")).imported;
    assert_eq!(imported.new, 1, "{rest}");
    book
}

fn call(rest: &str) -> attr::store::FoundCall {
    with(rest).store.find_calls("1", 1).expect("the store answers").remove(0)
}

fn tokens(rest: &str) -> (u64, u64, u64) {
    let tokens = call(rest).call.tokens;
    (tokens.get(Class::Input), tokens.get(Class::CacheRead), tokens.get(Class::Output))
}

#[test]
fn prompts_and_answers_are_not_kept() {
    let keys = [
        "user_input",
        "llm_output",
        "reply",
        "generated_text",
        "raw_response",
        "tool_input",
        "thinking",
        "history",
        "search_query",
        "chunk",
        "conversation",
        "system",
        "prompt",
        "completion",
        "input",
        "output",
        "rag.chunk",
    ];
    let texts: Vec<String> = keys.iter().map(|key| format!("\"{key}\":\"a SECRET {key}\"")).collect();
    let rest = format!(
        "\"model\":\"gpt-5-mini\",\"input_tokens\":1,\"output_tokens\":1,{},\"metadata\":{{\"last_message\":\"SECRET\"}},\
         \"request\":{{\"note\":\"SECRET\"}},\"response_format\":7}}",
        texts.join(",")
    );
    let found = call(&rest);
    assert!(!format!("{found:?}").contains("SECRET"), "{found:?}");
    assert!(found.call.extra.iter().any(|(key, value)| key == "response_format" && value == "7"), "numbers stay");
}

#[test]
fn a_count_that_is_not_logged_is_not_zero() {
    let half = call(r#""model":"claude-haiku-4-5","input_tokens":1000}"#);
    assert_eq!((half.cost, half.call.unpriced), (None, Some(Unpriced::UsageMissing)));
    let vectors = call(r#""model":"text-embedding-3-small","input_tokens":1000}"#);
    assert_eq!(vectors.call.unpriced, None);
    let failed = call(r#""model":"claude-haiku-4-5","success":false,"input_tokens":null,"output_tokens":null}"#);
    assert_eq!((failed.call.unpriced, failed.call.dim(Dim::Status)), (None, Some("error")));
}

#[test]
fn counts_go_by_many_names() {
    for name in ["cached", "cached_input", "cachedContentTokenCount", "prompt_cache_hit_tokens", "cacheHits"] {
        let rest = format!(r#""model":"gpt-5-mini","input_tokens":1000,"{name}":400,"output_tokens":80}}"#);
        assert_eq!(tokens(&rest), (600, 400, 80), "{name}");
    }
    let nested = r#""model":"gpt-5-mini","tokens":{"input":100,"output":5,"cache":{"read":40,"write":0}}}"#;
    assert_eq!(tokens(nested), (60, 40, 5));
    let cut = r#""model":"claude-haiku-4-5","response":{"usage":{"input_tokens":10,"output_tokens":5,"cache_read_input_tokens":40}}}"#;
    assert_eq!(tokens(cut), (10, 40, 5));
    let within = r#""llm":{"model":"gpt-5-mini","input_tokens":10,"output_tokens":5},"tenant":"a"}"#;
    assert_eq!(tokens(within), (10, 0, 5));
}

#[test]
fn gemini_counts_its_thoughts_beside_the_output() {
    let by_total = r#""model":"gemini-2.5-flash","prompt_tokens":1000,"completion_tokens":80,"thoughts_tokens":240,"total_tokens":1320}"#;
    assert_eq!(tokens(by_total), (1000, 0, 320));
    let by_name = r#""model":"gemini-2.5-flash","prompt_token_count":1000,"candidates_token_count":80,"thoughts_token_count":40}"#;
    assert_eq!(tokens(by_name), (1000, 0, 120));
    let inside = r#""model":"gemini-2.5-flash","prompt_tokens":1000,"completion_tokens":80,"reasoning_tokens":40,"total_tokens":1080}"#;
    assert_eq!(tokens(inside), (1000, 0, 80));
}

#[test]
fn only_a_stated_geography_has_a_price() {
    let cost = |key: &str| {
        call(&format!(r#""model":"claude-sonnet-4-6","{key}":"us","input_tokens":1000,"output_tokens":0}}"#))
            .cost
            .map(|cost| cost.to_string())
    };
    assert_eq!(cost("region").as_deref(), Some("0.003"));
    assert_eq!(cost("inference_geo").as_deref(), Some("0.0033"));
}

#[test]
fn a_failure_is_known_by_what_says_so() {
    let status = |error: &str| {
        let rest = format!(r#""model":"gpt-5-mini","input_tokens":1,"output_tokens":0,{error}}}"#);
        call(&rest).call.dim(Dim::Status).map(str::to_string)
    };
    for error in [r#""error":{"type":"overloaded"}"#, r#""error_message":"boom""#, r#""error_type":"rate_limit""#] {
        assert_eq!(status(error).as_deref(), Some("error"), "{error}");
    }
    for error in [r#""error":"""#, r#""error":"null""#, r#""error":"-""#, r#""error":{}"#] {
        assert_eq!(status(error), None, "{error}");
    }
    assert_eq!(status(r#""error":false"#).as_deref(), Some("ok"));
}

#[test]
fn what_stands_in_an_object_is_found() {
    let found = call(
        r#""model":"gpt-5-mini","input_tokens":1,"output_tokens":0,"user":{"id":"u1","email":"a@b.c"},"tags":"feature:chat,tenant:acme","cost":{"total":"0.5"}}"#,
    );
    let dims = [Dim::User, Dim::Feature, Dim::Tenant].map(|dim| found.call.dim(dim).map(str::to_string));
    assert_eq!(dims.map(Option::unwrap), ["u1", "chat", "acme"]);
    assert_eq!(found.call.logged_cost.map(|cost| cost.to_string()).as_deref(), Some("0.5"));
}

#[test]
fn a_batch_flag_stands_above_the_default_mode() {
    let found = call(
        r#""model":"claude-haiku-4-5","service_tier":"standard","batch":true,"input_tokens":10,"output_tokens":0}"#,
    );
    assert_eq!(found.cost.map(|cost| cost.to_string()).as_deref(), Some("0.000005"));
}

#[test]
fn records_in_an_envelope_or_a_container_log_are_read() {
    let mut book = book();
    let envelope = "{\"exported\":1,\n\"logs\":[\n{\"ts\":\"2026-06-01T12:00:00Z\",\"model\":\"gpt-5-mini\",\"input_tokens\":1,\"output_tokens\":1},\n{\"model\":\"gpt-5-mini\",\"input_tokens\":1}]}\n";
    let read = import_text(&mut book, "envelope.json", envelope);
    assert_eq!((read.imported.new, read.tail.rejects.first().map(|(line, _)| *line)), (1, Some(4)));
    let docker = r#"{"log":"{\"model\":\"gpt-5-mini\",\"input_tokens\":7,\"output_tokens\":1,\"request_id\":\"d-1\"}\n","stream":"stdout","time":"2026-06-01T13:00:00Z"}"#;
    assert_eq!(import_text(&mut book, "docker.log", format!("{docker}\n")).imported.new, 1);
    let split = "date,time,model,input_tokens,output_tokens\n2026-06-01,14:30:00,gpt-5-mini,1,1\n";
    assert_eq!(import_text(&mut book, "split.csv", split).imported.new, 1);
}
