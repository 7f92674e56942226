//! `attr reconcile` at the command line: what it answers, and how it ends.

use serde_json::Value;

use crate::world::World;

const LOG: &str = r#"{"ts":"2026-09-01T10:00:00Z","provider":"anthropic","model":"claude-sonnet-4-6","request_id":"msg_01AAAAAAAAAAAAAAAAAAAA01","input_tokens":1000000,"output_tokens":20000}
{"ts":"2026-09-02T10:00:00Z","provider":"anthropic","model":"claude-sonnet-4-6","request_id":"msg_01AAAAAAAAAAAAAAAAAAAA02","input_tokens":2000000,"output_tokens":40000}
{"ts":"2026-09-03T10:00:00Z","provider":"anthropic","model":"claude-opus-4-8","request_id":"msg_01AAAAAAAAAAAAAAAAAAAA03","input_tokens":100000,"output_tokens":10000}
"#;

const HEAD: &str = "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type,inference_geo,speed\n";

fn row(day: u32, model: &str, key: &str, class: &str, usd: &str) -> String {
    format!("2026-09-0{day},{model},Default,{key},message,≤ 200k,{class},{usd},{usd},token,global,\n")
}

/// The bill of the logged calls under one key.
fn own_rows(key: &str) -> String {
    [
        row(1, "Claude Sonnet 4.6", key, "input_no_cache", "3.00"),
        row(1, "Claude Sonnet 4.6", key, "output", "0.30"),
        row(2, "Claude Sonnet 4.6", key, "input_no_cache", "6.00"),
        row(2, "Claude Sonnet 4.6", key, "output", "0.60"),
        row(3, "Claude Opus 4.8", key, "input_no_cache", "0.50"),
        row(3, "Claude Opus 4.8", key, "output", "0.25"),
    ]
    .concat()
}

fn world(bill: &str) -> World {
    let world = World::new();
    world.write("calls.jsonl", LOG);
    world.write("bill.csv", format!("{HEAD}{bill}"));
    assert_eq!(world.attr(&["import", "calls.jsonl"]).code, Some(0));
    world
}

fn answer(world: &World, more: &[&str]) -> (Option<i32>, Value) {
    let args: Vec<&str> = ["reconcile", "bill.csv", "--json"].iter().chain(more).copied().collect();
    let ran = world.attr(&args);
    (ran.code, serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err)))
}

#[test]
fn a_bill_that_ties_is_reconciled() {
    let (code, answer) = answer(&world(&own_rows("prod")), &["--strict"]);
    assert_eq!((code, answer["status"].as_str()), (Some(0), Some("reconciled")), "{answer}");
    assert_eq!(answer["invoiced_usd"], "10.65");
    assert_eq!(answer["logged_usd"], "10.65");
    assert_eq!(answer["unexplained_usd"], "0");
    assert_eq!(answer["invoices"][0]["control_total_usd"], "10.65");
    assert_eq!(answer["bridge"], serde_json::json!([]));
}

#[test]
fn logs_without_keys_are_those_of_the_key_that_ties() {
    let other: String = (1..=3).map(|day| row(day, "Claude Sonnet 4.6", "other", "output", "7.77")).collect();
    let (code, answer) = answer(&world(&(own_rows("prod") + &other)), &[]);
    assert_eq!((code, answer["status"].as_str()), (Some(0), Some("explained")), "{answer}");
    assert_eq!(answer["bridge"][0]["cause"], "unlogged_key");
    assert_eq!(answer["bridge"][0]["amount_usd"], "23.31");
    assert_eq!(answer["bridge"][0]["where"]["api_key"], "other");
}

#[test]
fn what_is_left_open_ends_with_one_and_a_tolerance_allows_it() {
    let odd = row(2, "Claude Sonnet 4.6", "prod", "output", "1.23");
    let world = world(&(own_rows("prod") + &odd));
    let (code, open) = answer(&world, &[]);
    assert_eq!((code, open["status"].as_str()), (Some(1), Some("unexplained")), "{open}");
    assert_eq!(open["unexplained_usd"], "1.23");
    assert_eq!(answer(&world, &["--no-fail"]).0, Some(0));
    assert_eq!(answer(&world, &["--tolerance-usd", "2"]).0, Some(0));
    assert_eq!(answer(&world, &["--tolerance-pct", "20"]).0, Some(0));
    assert_eq!(answer(&world, &["--tolerance-pct", "1"]).0, Some(1));
}

#[test]
fn a_cause_that_was_needed_is_a_failure_only_when_strict() {
    let mut bill = own_rows("prod");
    bill = bill.replace(",6.00,6.00,", ",5.40,6.00,").replace(",0.60,0.60,", ",0.54,0.60,");
    let world = world(&bill);
    let (code, answer_) = answer(&world, &[]);
    assert_eq!((code, answer_["status"].as_str()), (Some(0), Some("explained")), "{answer_}");
    assert_eq!(answer_["bridge"][0]["cause"], "contract_discount");
    assert_eq!(answer_["bridge"][0]["amount_usd"], "-0.66");
    assert_eq!(answer_["bridge"][0]["confidence"], "proved");
    assert_eq!(answer(&world, &["--strict"]).0, Some(1));
}

#[test]
fn a_window_cuts_both_sides_alike() {
    let (code, answer) = answer(&world(&own_rows("prod")), &["--period", "2026-09-02"]);
    assert_eq!(code, Some(0), "{answer}");
    assert_eq!(answer["invoiced_usd"], "6.6");
    assert_eq!(answer["logged_usd"], "6.6");
    assert_eq!(answer["lines_outside_window"], 4);
}

#[test]
fn a_stored_bill_is_reconciled_by_its_number_or_without_a_word() {
    let world = world(&own_rows("prod"));
    assert_eq!(world.attr(&["import", "bill.csv"]).code, Some(0));
    for args in [&["reconcile", "2"][..], &["reconcile"]] {
        let ran = world.attr(args);
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        assert!(ran.out.contains("invoiced 10.65 = logged 10.65 + causes 0 + unexplained 0"), "{}", ran.out);
    }
}

#[test]
fn what_cannot_be_answered_ends_with_two_and_says_what_to_do() {
    let world = world(&own_rows("prod"));
    for (args, said) in [
        (&["reconcile", "calls.jsonl"][..], "attr import"),
        (&["reconcile", "nowhere.csv"], "attr imports"),
        (&["reconcile", "bill.csv", "--fx", "EUR"], "EUR=1.08"),
        (&["reconcile", "bill.csv", "--period", "2026-01"], "2026-09-01 to 2026-09-03"),
        (&["reconcile", "bill.csv", "--mapping", "nobody"], "[invoice.nobody]"),
    ] {
        let ran = world.attr(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.out);
        assert!(ran.err.contains(said), "{args:?}: {}", ran.err);
    }
}

#[test]
fn a_line_without_a_mode_beside_a_batch_line_is_not_about_the_batch() {
    let call = |id: u32, tier: &str| {
        format!(
            "{{\"ts\":\"2026-09-01T10:00:0{id}Z\",\"provider\":\"openai\",\"model\":\"gpt-4.1\",\"id\":\"chatcmpl-AAAAAAAAAAAAAAAAAAAA0{id}\",\
             \"service_tier\":\"{tier}\",\"input_tokens\":1000000,\"output_tokens\":100000}}\n"
        )
    };
    let line = |item: &str, usd: &str, tokens: u32| {
        format!(
            "1788220800,1788307200,2026-09-01T00:00:00,2026-09-02T00:00:00,{usd},usd,{tokens},tokens,\"{item}\",,,,,,,\n"
        )
    };
    let head = "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,line_item,\
                user_id,api_key_id,project_id,organization_id,project_name,organization_name,user_email\n";
    for plain in ["", "default | "] {
        let world = World::new();
        world.write("calls.jsonl", call(1, "default") + &call(2, "batch"));
        let lines = [
            line(&format!("{plain}gpt-4.1, input"), "2", 1_000_000),
            line(&format!("{plain}gpt-4.1, output"), "0.8", 100_000),
            line("batch | gpt-4.1, input", "1", 1_000_000),
            line("batch | gpt-4.1, output", "0.4", 100_000),
        ];
        world.write("bill.csv", head.to_string() + &lines.concat());
        assert_eq!(world.attr(&["import", "calls.jsonl"]).code, Some(0));
        let (code, answer) = answer(&world, &["--strict"]);
        assert_eq!((code, answer["status"].as_str()), (Some(0), Some("reconciled")), "`{plain}`: {answer}");
        assert_eq!((&answer["invoiced_usd"], &answer["logged_usd"]), (&Value::from("4.2"), &Value::from("4.2")));
    }
}
