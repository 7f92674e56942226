//! What real answers of vendors taught: a fee by the use that is billed, a lifetime by the model's maker, a seller by its
//! marks, and answers that were cut down to their counts.

use crate::world::World;

#[track_caller]
fn costs(line: &str, provider: Option<&str>, model: &str, cost: &str) {
    let world = World::new();
    let log = world.write("log.jsonl", format!("{line}\n"));
    let answer = world.attr(&["slice", "--from", &log, "--by", "provider,model", "--json"]).ended(0).json();
    let row = &answer["rows"][0];
    assert_eq!((row["key"]["provider"].as_str(), row["key"]["model"].as_str()), (provider, Some(model)), "{answer}");
    assert_eq!(row["cost_usd"], cost, "{answer}");
}

#[test]
fn xai_counts_the_tools_it_bills() {
    // Grok 4.3: 10,869 x 1.25 + 10,496 x 0.2 + 3,646 x 2.5 = 24,800.45, and 8 searches at 5,000: its own 648,004,500 ticks.
    costs(
        r#"{"ts":"2026-10-01T10:00:00Z","provider":"xai","response":{"model":"grok-4.3","output":[{"type":"web_search_call"}],"usage":{"input_tokens":21365,"input_tokens_details":{"cached_tokens":10496},"output_tokens":3646,"total_tokens":25011,"server_side_tool_usage_details":{"x_search_calls":8,"web_search_calls":0},"cost_in_usd_ticks":648004500}}}"#,
        Some("xai"),
        "grok-4.3",
        "0.06480045",
    );
}

#[test]
fn only_a_search_has_the_fee_of_a_search() {
    // 1,000 x 1.25 + 100 x 10 = 2,250, and one search at 10,000.
    costs(
        r#"{"ts":"2026-10-01T10:00:00Z","response":{"object":"response","model":"gpt-5","output":[{"type":"web_search_call","action":{"type":"search"}},{"type":"web_search_call","action":{"type":"open_page"}},{"type":"web_search_call","action":{"type":"find_in_page"}}],"usage":{"input_tokens":1000,"output_tokens":100,"total_tokens":1100}}}"#,
        Some("openai"),
        "gpt-5",
        "0.01225",
    );
}

#[test]
fn a_cache_write_is_kept_as_the_maker_of_the_model_keeps_it() {
    // 1,000 x 3 + 8,000 x 0.3 + 1,000 x 3.75 + 100 x 15 = 10,650.
    costs(
        r#"{"ts":"2026-10-01T10:00:00Z","provider":"openrouter","response":{"object":"chat.completion","model":"anthropic/claude-sonnet-4.5","usage":{"prompt_tokens":10000,"completion_tokens":100,"total_tokens":10100,"prompt_tokens_details":{"cached_tokens":8000,"cache_write_tokens":1000}}}}"#,
        Some("openrouter"),
        "anthropic/claude-sonnet-4.5",
        "0.01065",
    );
}

#[test]
fn a_provider_of_two_words_is_a_provider() {
    // 1,000 x 2.5 + 100 x 10.
    costs(
        r#"{"ts":"2026-10-01T10:00:00Z","provider":"Azure OpenAI","response":{"model":"gpt-4o-2024-08-06","usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}}"#,
        Some("azure"),
        "gpt-4o-2024-08-06",
        "0.0035",
    );
}

#[test]
fn an_unmarked_answer_of_a_vendor_is_not_taken_for_openai() {
    // 1,000 x 0.5 + 100 x 1.5: one maker alone has a model of the name.
    costs(
        r#"{"ts":"2026-10-01T10:00:00Z","response":{"model":"mistral-large-2512","usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}}"#,
        None,
        "mistral-large-2512",
        "0.00065",
    );
}

#[test]
fn on_bedrock_the_id_that_was_asked_for_is_what_is_sold() {
    // (1,000 x 3 + 100 x 15) x 1.1.
    costs(
        r#"{"ts":"2026-10-01T10:00:00Z","provider":"bedrock","request":{"modelId":"us.anthropic.claude-sonnet-4-5-20250929-v1:0"},"response":{"type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","usage":{"input_tokens":1000,"output_tokens":100}}}"#,
        Some("bedrock"),
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "0.00495",
    );
}

#[test]
fn inner_requests_run_where_the_outer_one_does() {
    // Cut down to model and usage. (1,000 x 5 + 100 x 25) x 1.1, and the compaction before it, 2,000 x 5 + 10 x 25, x 1.1.
    costs(
        r#"{"ts":"2026-10-01T10:00:00Z","response":{"model":"claude-opus-4-6","usage":{"input_tokens":1000,"output_tokens":100,"inference_geo":"us","iterations":[{"type":"compaction","input_tokens":2000,"output_tokens":10},{"type":"message","input_tokens":1000,"output_tokens":100}]}}}"#,
        Some("anthropic"),
        "claude-opus-4-6",
        "0.019525",
    );
}

#[test]
fn a_logged_cost_tells_where_few_cache_writes_stand() {
    // 40 writes outside of 4,000: 4,000 x 3 + 40 x 3.75 + 2,000 x 15. Inside it would be 0.3 % less, which fits as well.
    costs(
        r#"{"request_id":"chatcmpl-7c1","call_type":"acompletion","spend":0.04215,"total_tokens":6000,"prompt_tokens":4000,"completion_tokens":2000,"startTime":"2026-10-01 08:14:09","endTime":"2026-10-01 08:14:11","model":"claude-sonnet-4-6","custom_llm_provider":"anthropic","cache_hit":"False","status":"success","metadata":{"usage_object":{"prompt_tokens":4000,"completion_tokens":2000,"cache_read_input_tokens":0,"cache_creation_input_tokens":40}}}"#,
        Some("anthropic"),
        "claude-sonnet-4-6",
        "0.04215",
    );
}

#[test]
fn rows_written_anew_with_other_space_are_the_same_rows() {
    let world = World::new();
    let row = |second: u64| {
        format!(
            r#"{{"ts":"2026-10-01T12:00:0{second}Z","model":"gpt-5-mini","input_tokens":1000,"output_tokens":5,"note":"a \"b\" , c\\"}}"#
        )
    };
    let lines = world.write("rows.jsonl", format!("{}\n{}\n{}\n", row(1), row(1), row(2)));
    world.attr(&["import", &lines]).ended(0);
    // One of two equal rows, and a row of which only a text differs, by a space.
    let anew = row(1).replace(",\"", " ,\n\t\"").replace("\":", "\" : ");
    let pretty = world.write("pretty.json", format!("[{anew},\n{}]", row(2).replace(" , c", " ,  c")));
    let ran = world.attr(&["import", &pretty, "--json"]).ended(0).json();
    let import = &ran["imports"][0];
    assert_eq!((import["new"].as_u64(), import["duplicate"].as_u64()), (Some(1), Some(1)), "{ran}");
}
