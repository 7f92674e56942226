//! Bills over owners: every cent is somebody's, and nobody's order has a say in whose.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod laws;

use serde_json::Value;
use serde_json::json;

use crate::world::World;

const HEAD: &str = "BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ServiceCategory,ServiceName,ServiceProviderName,x_model,x_token_type\n";

/// A bill of FOCUS: (amount, day of August, category, model, class).
fn bill(rows: &[(&str, u32, &str, &str, &str)]) -> String {
    let row = |(amount, day, category, model, class): &(&str, u32, &str, &str, &str)| {
        let next = day + 1;
        format!(
            "{amount},{amount},USD,2026-08-{day:02}T00:00:00Z,2026-08-{next:02}T00:00:00Z,{category},AI and Machine Learning,API,Anthropic,{model},{class}\n"
        )
    };
    HEAD.to_string() + &rows.iter().map(row).collect::<String>()
}

const HAIKU: &str = "claude-haiku-4-5";

/// A call of output alone: (day of August, tenant, feature, tokens).
fn call(n: usize, (day, tenant, feature, tokens): (u32, &str, &str, u64)) -> String {
    let tenant = if tenant.is_empty() { String::new() } else { format!("\"tenant\":\"{tenant}\",") };
    format!(
        "{{\"ts\":\"2026-08-{day:02}T10:00:00Z\",\"request_id\":\"r{n}\",\"provider\":\"anthropic\",\"model\":\"{HAIKU}\",{tenant}\"feature\":\"{feature}\",\"uncached_input_tokens\":0,\"output_tokens\":{tokens}}}\n"
    )
}

fn log(calls: &[(u32, &str, &str, u64)]) -> String {
    calls.iter().enumerate().map(|(n, it)| call(n, *it)).collect()
}

/// Reads an amount in 1e-24.
fn units(value: &Value) -> i128 {
    let text = value.as_str().unwrap();
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let size: i128 = format!("{whole}{fraction:0<24}").parse().unwrap();
    if negative { -size } else { size }
}

/// Returns (key of the first dimension, amount) of each row.
fn amounts(answer: &Value) -> Vec<(Option<String>, String)> {
    let rows = answer["rows"].as_array().unwrap().iter();
    let first = |row: &Value| row["key"].as_object().unwrap().values().next().unwrap().as_str().map(str::to_string);
    rows.map(|row| (first(row), row["amount_usd"].as_str().unwrap().to_string())).collect()
}

fn named(expected: &[(&str, &str)]) -> Vec<(Option<String>, String)> {
    let name = |name: &str| (!name.is_empty()).then(|| name.to_string());
    expected.iter().map(|(key, amount)| (name(key), (*amount).to_string())).collect()
}

/// Fails unless the rows sum to the bill: in cents, and exactly.
#[track_caller]
fn sums(answer: &Value) {
    let rows = answer["rows"].as_array().unwrap();
    let sum = |key: &str| rows.iter().map(|row| units(&row[key])).sum::<i128>();
    assert_eq!(sum("amount_usd"), units(&answer["total_usd"]), "{answer}");
    assert_eq!(sum("exact_usd"), units(&answer["billed_usd"]), "{answer}");
    assert_eq!(units(&answer["billed_usd"]) + units(&answer["rounding_usd"]), units(&answer["total_usd"]), "{answer}");
}

impl World {
    #[track_caller]
    fn charged(&self, bill: &str, log: &str, args: &[&str]) -> Value {
        let all: Vec<&str> = ["chargeback", bill, "--json", "--from", log].iter().chain(args).copied().collect();
        let answer = self.attr(&all).ended(0).json();
        sums(&answer);
        answer
    }
}

#[test]
fn a_cent_that_three_share_goes_to_the_first_by_name() {
    let world = World::new();
    let bill = world.write("bill.csv", bill(&[("10.00", 4, "Usage", HAIKU, "output")]));
    let log = world.write("log.jsonl", log(&[(4, "c", "x", 100), (4, "b", "x", 100), (4, "a", "x", 100)]));
    let answer = world.charged(&bill, &log, &["--by", "tenant"]);
    assert_eq!(amounts(&answer), named(&[("a", "3.34"), ("b", "3.33"), ("c", "3.33")]));
    assert_eq!(answer["rows"][1]["exact_usd"], "3.333333333333333333333333");
    assert_eq!(answer["rows"][0]["exact_usd"], "3.333333333333333333333334", "the last digit is somebody's as well");
    let invoice = &answer["invoices"][0];
    assert_eq!((&invoice["rows"], &invoice["control_total_usd"]), (&json!(1), &json!("10")));
    assert_eq!((&answer["by"], &answer["spread"]), (&json!(["tenant"]), &json!("none")));
}

#[test]
fn a_cell_is_shared_by_those_who_logged_calls_in_it() {
    let world = World::new();
    // The bill asks twice the table's price on the first day, and half of it on the second.
    let bill =
        world.write("b.csv", bill(&[("8.00", 4, "Usage", HAIKU, "output"), ("1.00", 5, "Usage", HAIKU, "output")]));
    let log = world.write("l.jsonl", log(&[(4, "a", "x", 600_000), (4, "", "x", 200_000), (5, "b", "x", 400_000)]));
    let answer = world.charged(&bill, &log, &["--by", "tenant"]);
    assert_eq!(amounts(&answer), named(&[("a", "6.00"), ("", "2.00"), ("b", "1.00")]));
    assert_eq!(answer["rows"][0]["logged_usd"], "3");
    assert!(answer["rows"][1].get("kind").is_none(), "calls without a tenant are an owner: {answer}");
}

#[test]
fn what_no_call_has_a_part_in_stands_apart() {
    let world = World::new();
    let bill = world.write(
        "bill.csv",
        bill(&[
            ("8.00", 4, "Usage", HAIKU, "output"),
            ("0.75", 4, "Usage", HAIKU, "input"),
            ("2.00", 6, "Usage", HAIKU, "output"),
            ("1.50", 7, "Tax", "", ""),
            ("-3.00", 7, "Credit", "", ""),
            ("20.00", 7, "Purchase", "", ""),
            ("0.25", 7, "Adjustment", "", ""),
        ]),
    );
    let log = world.write("log.jsonl", log(&[(4, "a", "x", 300), (4, "b", "x", 100)]));
    let answer = world.charged(&bill, &log, &["--by", "tenant"]);
    let expected = [
        ("a", "6.00"),
        ("b", "2.00"),
        ("(unattributed)", "2.75"),
        ("(tax)", "1.50"),
        ("(credits)", "-3.00"),
        ("(commitment)", "20.00"),
        ("(other)", "0.25"),
    ];
    assert_eq!(amounts(&answer), named(&expected));
    let kinds: Vec<&Value> = answer["rows"].as_array().unwrap().iter().map(|row| &row["kind"]).collect();
    assert_eq!(kinds[2..], ["unattributed", "tax", "credits", "commitment", "other"]);
    assert_eq!(answer["without_owner"].as_array().unwrap().len(), 6, "{answer}");
    // The same money over the owners, three to one and in halves; the rule is told.
    let answer = world.charged(&bill, &log, &["--by", "tenant", "--spread", "proportional"]);
    assert_eq!(amounts(&answer), named(&[("a", "22.13"), ("b", "7.37")]));
    assert!(answer["spread_rule"].as_str().unwrap().contains("in proportion"), "{answer}");
    let answer = world.charged(&bill, &log, &["--by", "tenant", "--spread", "even"]);
    assert_eq!(amounts(&answer), named(&[("a", "16.75"), ("b", "12.75")]));
    let told = world.attr(&["chargeback", &bill, "--by", "tenant", "--spread", "even", "--from", &log]).ended(0).out;
    assert!(told.contains("in equal parts"), "{told}");
}

#[test]
fn a_bill_that_gives_back_is_the_mirror_of_one_that_asks() {
    let world = World::new();
    let logged = world.write("log.jsonl", log(&[(4, "a", "x", 301), (4, "b", "x", 207), (4, "c", "x", 9)]));
    let asks = world.write("asks.csv", bill(&[("7.77", 4, "Usage", HAIKU, "output")]));
    let gives = world.write("gives.csv", bill(&[("-7.77", 4, "Usage", HAIKU, "output")]));
    let of = |bill: &str| {
        let mut rows = amounts(&world.charged(bill, &logged, &["--by", "tenant"]));
        rows.sort();
        rows.into_iter().map(|(key, amount)| (key, amount.trim_start_matches('-').to_string())).collect::<Vec<_>>()
    };
    assert_eq!(of(&asks), of(&gives));
}

#[test]
fn children_sum_to_the_cents_of_their_parent() {
    let world = World::new();
    let bill = world.write("b.csv", bill(&[("10.00", 4, "Usage", HAIKU, "output"), ("0.10", 4, "Tax", "", "")]));
    let calls: Vec<(u32, &str, &str, u64)> =
        ["a", "b", "c"].iter().flat_map(|tenant| ["x", "y", "z"].map(|feature| (4, *tenant, feature, 100))).collect();
    let log = world.write("log.jsonl", log(&calls));
    let flat = world.charged(&bill, &log, &["--by", "tenant"]);
    let deep = world.charged(&bill, &log, &["--by", "tenant,feature"]);
    assert_eq!(deep["subtotals"].as_array().unwrap().len(), 4);
    for (parent, alone) in deep["subtotals"].as_array().unwrap().iter().zip(flat["rows"].as_array().unwrap()) {
        assert_eq!(parent["amount_usd"], alone["amount_usd"], "the inner level changes the outer one");
        let rows = deep["rows"].as_array().unwrap().iter();
        let own = rows.filter(|row| row["key"]["tenant"] == parent["key"]["tenant"]);
        assert_eq!(own.map(|row| units(&row["amount_usd"])).sum::<i128>(), units(&parent["amount_usd"]));
    }
    let last = deep["rows"].as_array().unwrap().last().unwrap();
    assert_eq!(last["key"], json!({"tenant": "(tax)", "feature": "(tax)"}));
}

#[test]
fn a_provider_is_known_also_of_what_has_no_owner() {
    let world = World::new();
    let bill = world.write("b.csv", bill(&[("1.00", 4, "Usage", HAIKU, "output"), ("0.10", 4, "Tax", "", "")]));
    let log = world.write("log.jsonl", log(&[(4, "a", "x", 100)]));
    let answer = world.charged(&bill, &log, &["--by", "provider,tenant"]);
    assert_eq!(answer["rows"][1]["key"], json!({"provider": "anthropic", "tenant": "(tax)"}));
    assert_eq!(answer["subtotals"][0]["amount_usd"], "1.10");
    let answer = world.charged(&bill, &log, &["--by", "provider"]);
    assert_eq!(amounts(&answer), named(&[("anthropic", "1.00"), ("(tax)", "0.10")]));
}

#[test]
fn less_than_a_cent_is_seen_and_more_than_a_cent_is_said() {
    let world = World::new();
    let bill = world.write("b.csv", bill(&[("4.123456789012", 4, "Usage", HAIKU, "output")]));
    let log = world.write("log.jsonl", log(&[(4, "a", "x", 1_000_000), (4, "b", "x", 1)]));
    let answer = world.charged(&bill, &log, &["--by", "tenant"]);
    assert_eq!((&answer["total_usd"], &answer["billed_usd"]), (&json!("4.12"), &json!("4.123456789012")));
    assert_eq!(answer["rounding_usd"], "-0.003456789012");
    let told = world.attr(&["chargeback", &bill, "--by", "tenant", "--from", &log]).ended(0).out;
    assert!(told.contains("<0.01") && told.contains("The bill is 4.123456789012 to the last digit"), "{told}");
}

#[test]
fn nobody_pays_by_calls_without_a_price() {
    let world = World::new();
    let bill = world.write("b.csv", bill(&[("4.00", 4, "Usage", "house-model", "output")]));
    let log = world.write("log.jsonl", log(&[(4, "a", "x", 100)]).replace(HAIKU, "house-model"));
    let answer = world.charged(&bill, &log, &["--by", "tenant", "--spread", "proportional"]);
    assert_eq!(amounts(&answer), named(&[("a", "0.00"), ("(unattributed)", "4.00")]));
    assert_eq!(answer["warnings"][0]["code"], "unpriced_calls");
}

#[test]
fn the_order_of_logs_and_lines_changes_nothing() {
    let world = World::new();
    let calls = [(4, "a", "x", 331), (4, "b", "y", 207), (5, "", "x", 9), (5, "c", "z", 77), (4, "c", "z", 13)];
    let rows = [
        ("7.77", 4, "Usage", HAIKU, "output"),
        ("0.01", 5, "Usage", HAIKU, "output"),
        ("3.33", 5, "Usage", HAIKU, "output"),
        ("-0.07", 5, "Credit", "", ""),
    ];
    let answer = |name: &str, turn: usize| {
        let (mut calls, mut rows) = (calls, rows);
        calls.rotate_left(turn);
        rows.rotate_left(turn);
        let log = world.write(&format!("{name}.jsonl"), log(&calls));
        let bill = world.write(&format!("{name}.csv"), bill(&rows));
        world.charged(&bill, &log, &["--by", "tenant,feature", "--spread", "even"])["rows"].clone()
    };
    let first = answer("first", 0);
    (1..4).for_each(|turn| assert_eq!(answer("again", turn), first));
}

#[test]
fn a_ledger_can_load_it() {
    let world = World::new();
    let bill = world.write("b.csv", bill(&[("9.00", 4, "Usage", HAIKU, "output"), ("1.71", 4, "Tax", "", "")]));
    let log = world.write("log.jsonl", log(&[(4, "=cmd()", "x", 200), (4, "", "x", 100)]));
    let ran = world.attr(&["chargeback", &bill, "--by", "tenant", "--format", "csv", "--from", &log]).ended(0);
    let expected = "tenant,kind,amount_usd,exact_usd,share,logged_usd,period_start,period_end,currency\n\
        '=cmd(),owner,6.00,6,0.560224,0.001,2026-08-04T00:00:00Z,2026-08-05T00:00:00Z,USD\n\
        ,owner,3.00,3,0.280112,0.0005,2026-08-04T00:00:00Z,2026-08-05T00:00:00Z,USD\n\
        (tax),tax,1.71,1.71,0.159664,,2026-08-04T00:00:00Z,2026-08-05T00:00:00Z,USD\n";
    assert_eq!(ran.out, expected);
}

#[test]
fn rows_of_focus_are_a_bill_that_sums_to_the_bill() {
    let world = World::new();
    let rows = [
        ("10.00", 4, "Usage", HAIKU, "output"),
        ("2.005", 5, "Usage", HAIKU, "input"),
        ("1.90", 6, "Tax", "", ""),
        ("-4.00", 6, "Credit", "", ""),
        ("6.00", 6, "Purchase", "", ""),
    ];
    let bill = world.write("bill.csv", bill(&rows));
    let log = world.write("log.jsonl", log(&[(4, "a", "x", 100), (4, "b", "x", 100), (4, "", "y", 100)]));
    for (spread, kinds) in [("none", "Credit Purchase Tax Usage"), ("proportional", "Credit Purchase Tax Usage")] {
        let args = ["--by", "tenant,feature", "--spread", spread];
        let whole = world.charged(&bill, &log, &args);
        let out = world.path("focus.csv").display().to_string();
        let base = ["chargeback", &bill, "--focus", "-o", &out, "--from", &log];
        world.attr(&base.iter().chain(&args).copied().collect::<Vec<_>>()).ended(0);
        let text = fs_err::read_to_string(&out).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().unwrap().clone();
        let at = |name: &str| head.iter().position(|known| known == name).unwrap();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let cents = |row: &csv::StringRecord| units(&json!(row[at("BilledCost")]));
        assert_eq!(rows.iter().map(cents).sum::<i128>(), units(&whole["total_usd"]));
        let mut categories: Vec<&str> = rows.iter().map(|row| &row[at("ChargeCategory")]).collect();
        categories.sort_unstable();
        categories.dedup();
        assert_eq!(categories.join(" "), kinds);
        assert!(rows.iter().all(|row| &row[at("BillingPeriodEnd")] == "2026-09-01T00:00:00Z"), "{text}");
        // An owner's rows are its amount.
        let of_a = rows.iter().filter(|row| &row[at("AllocatedTags")] == r#"{"tenant":"a","feature":"x"}"#);
        let row = whole["rows"].as_array().unwrap().iter().find(|row| row["key"]["tenant"] == "a").unwrap();
        assert_eq!(of_a.map(cents).sum::<i128>(), units(&row["amount_usd"]));
        // The program reads what it writes.
        let read = world.attr(&["import", "--dry-run", "--json", &out]).ended(0).json();
        assert_eq!(read["imports"][0]["input_format"], "focus");
        let total = &read["imports"][0]["control_totals"]["USD"];
        assert_eq!(units(total), units(&whole["total_usd"]));
    }
    let ran = world.attr(&["chargeback", &bill, "--by", "tenant", "--focus", "--json", "--from", &log]).ended(2);
    ran.says("writes CSV and nothing else");
}

#[test]
fn imported_bills_are_taken_by_number_or_all_together() {
    let world = World::new();
    world.attr(&["import", &world.write("log.jsonl", log(&[(4, "a", "x", 100), (5, "b", "x", 100)]))]).ended(0);
    let ran = world.attr(&["chargeback", "--by", "tenant"]).ended(2);
    ran.says("no bill is named and the store holds none").says("attr chargeback COST.csv");
    for (name, day, amount) in [("one.csv", 4, "1.00"), ("two.csv", 5, "2.00")] {
        world.attr(&["import", &world.write(name, bill(&[(amount, day, "Usage", HAIKU, "output")]))]).ended(0);
    }
    let total = |args: &[&str]| {
        let all: Vec<&str> = ["chargeback", "--by", "tenant", "--json"].iter().chain(args).copied().collect();
        world.attr(&all).ended(0).json()["total_usd"].clone()
    };
    assert_eq!((total(&[]), total(&["2"]), total(&["3"])), (json!("3.00"), json!("1.00"), json!("2.00")));
    assert_eq!(total(&["--period", "2026-08-05"]), "2.00");
}

#[test]
fn what_cannot_be_split_says_what_to_do() {
    let world = World::new();
    let logged = world.write("log.jsonl", log(&[(4, "a", "x", 100)]));
    let own = world.write("bill.csv", bill(&[("1.00", 4, "Usage", HAIKU, "output")]));
    let other = world.write("later.csv", bill(&[("1.00", 20, "Usage", HAIKU, "output")]));
    let euro = world.write("euro.csv", bill(&[("1.00", 4, "Usage", HAIKU, "output")]).replace(",USD,", ",EUR,"));
    let fails = |args: &[&str]| {
        let all: Vec<&str> = ["chargeback"].iter().chain(args).chain(&["--from", &logged]).copied().collect();
        world.attr(&all).ended(2)
    };
    fails(&[&own, "--by", "tennant"]).says("no dimension `tennant`").says("did you mean `tenant`?");
    fails(&[&own]).says("--by");
    fails(&[&own, "--by", "tenant,tenant"]).says("names `tenant` twice");
    fails(&[&own, "--by", ","]).says("names no dimension");
    fails(&["nowhere.csv", "--by", "tenant"]).says("neither a file nor the number of an imported bill");
    fails(&[&other, "--by", "tenant"]).says("share no day").says("2026-08-20").says("`attr import` the logs");
    fails(&[&own, "--by", "tenant", "--period", "2026-07"])
        .says("no line of the bill lies in the window")
        .says("leave");
    fails(&[&euro, "--by", "tenant"]).says("the bill is in EUR and no rate is given").says("--fx EUR=1.08");
    fails(&[&own, "--by", "tenant", "--spread", "fair"]).says("proportional");
    let answer = world.charged(&euro, &logged, &["--by", "tenant", "--fx", "EUR=1.08"]);
    assert_eq!((amounts(&answer), &answer["fx"]), (named(&[("a", "1.08")]), &json!(["EUR=1.08"])));
}

/// Every format of bill that has money: the rows are the bill, whatever it charges for and in whatever currency.
#[test]
fn every_sample_bill_is_split_to_its_control_total() {
    let world = World::new();
    let day = |n: u64| format!("2026-{:02}-{:02}", 1 + n / 28, 1 + n % 28);
    let call =
        |n: u64| call(n as usize, (1, ["a", "b", "c"][n as usize % 3], "x", 100 + n)).replace("2026-08-01", &day(n));
    let log = world.write("log.jsonl", (0..336).map(call).collect::<String>());
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/invoices");
    let mut split = Vec::new();
    for folder in fs_err::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        let name = folder.file_name().unwrap().to_str().unwrap().to_string();
        for file in fs_err::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path().display().to_string()) {
            let args =
                ["chargeback", &file, "--bill-format", &name, "--by", "tenant,feature", "--json", "--from", &log];
            let rates = ["--fx", "EUR=1", "--fx", "CNY=1", "--fx", "PLN=1"];
            let ran = world.attr(&args.iter().chain(&rates).copied().collect::<Vec<_>>());
            if ran.code == Some(2) && (name == "mapped" || ran.err.contains("tell usage and no amounts")) {
                continue;
            }
            let answer = ran.ended(0).json();
            sums(&answer);
            let control = &answer["invoices"][0]["control_total_usd"];
            assert_eq!(units(control), units(&answer["billed_usd"]), "{file}");
            split.push(name.clone());
        }
    }
    split.sort();
    split.dedup();
    for name in ["anthropic_cost", "aws_cur", "azure_cost", "deepseek_cost", "focus", "gcp_billing", "openai_cost"] {
        assert!(split.iter().any(|known| known == name), "{name} was not split: {split:?}");
    }
}
