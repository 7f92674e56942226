//! Bills of the user's own on their way into the store: by the pattern of their name, or by the name of their mapping.

use std::path::Path;

use serde_json::json;

use super::bill;
use crate::world::World;

/// A bill in euros with a total below, and one with a column of currencies that is read by name alone.
const SETTINGS: &str = r#"
[invoice.lamp]
match = "rechnung-*.csv"
source = { provider = "mistral", currency = "EUR" }
amounts = { quantum = "0.01", quantity_unit = "tokens" }
parsing = { delimiter = ";", decimal = ",", thousands = ".", date_format = "%d.%m.%Y" }
columns = { date = "Datum", amount = "Betrag, netto", description = "Text", quantity = "Menge" }
rules = [ { match = "Input", class = "input" } ]

[invoice.desk]
source = { provider = "desk" }
columns = { date = "day", amount = "price", currency = "ccy", model = "model" }
"#;

const LAMP: &str = "Datum;Text;Menge;Betrag, netto\n03.08.2026;Input tokens;1.250.000;1.002,50\nSumme;;;1.002,50\n";
const DESK: &str = "day,model,price,ccy\n2026-08-03,m-large,1.25,USD\n2026-08-03,m-large,2.50,EUR\n";

fn world() -> World {
    let world = World::new();
    world.write("attr.toml", SETTINGS);
    world
}

#[test]
fn a_file_whose_name_matches_is_read_by_its_mapping() {
    let world = world();
    let told = world.take(&world.write("in/rechnung-08.csv", LAMP));
    assert_eq!((&told["kind"], &told["input_format"]), (&json!("invoice"), &json!("mapped")));
    assert_eq!((&told["control_totals"], &told["new"]), (&json!({"EUR": "1002.5"}), &json!(1)));
    assert_eq!(told["skipped"], json!({"total_row": 1}));
    assert!(told["notes"][0].as_str().unwrap().contains("[invoice.lamp]"), "{told}");
    assert_eq!(world.take(&world.write("again/rechnung-09.csv", LAMP))["duplicate"], 1, "it is the same bill");
    // Among logs and bills of known formats.
    world.write("in/calls.jsonl", super::call(1));
    world.write("in/known.csv", bill(&[(4, 1000)]));
    let answer = world.attr(&["import", "--json", &world.path("in").display().to_string()]).ended(0).json();
    let formats: Vec<&str> =
        answer["imports"].as_array().unwrap().iter().map(|it| it["input_format"].as_str().unwrap()).collect();
    assert_eq!(formats, ["flat", "anthropic_cost", "mapped"]);
    world.sound();
}

#[test]
fn a_mapping_named_is_for_every_file_of_the_command() {
    let world = world();
    let desk = world.write("desk.csv", DESK);
    assert_eq!(world.take(&desk)["kind"], "usage", "no mapping is for its name, and it has models");
    let ran = world.attr(&["import", "--json", "--mapping", "desk", &desk]).ended(0);
    assert_eq!(ran.json()["imports"][0]["control_totals"], json!({"EUR": "2.5", "USD": "1.25"}));
    // A name that matches another mapping does not matter, nor does a known format.
    let desk = world.write("rechnung-desk.csv", DESK.replace("1.25", "1.35"));
    let ran = world.attr(&["import", "--json", "--mapping", "desk", &desk]).ended(0);
    assert_eq!(ran.json()["imports"][0]["control_totals"], json!({"EUR": "2.5", "USD": "1.35"}));
    let known = world.write("known.csv", bill(&[(4, 1000)]));
    world.attr(&["import", "--mapping", "desk", &known]).ended(2).says("column `price` is missing");
    world.attr(&["import", "--mapping", "dusk", &desk]).ended(2).says("there are desk, lamp");
    world.attr(&["import", "--mapping", "desk", "--input-format", "flat", &desk]).ended(2).says("cannot be used with");
    world.sound();
}

#[test]
fn a_format_named_comes_before_a_pattern() {
    let world = world();
    let known = world.write("rechnung-known.csv", bill(&[(4, 1000)]));
    world.attr(&["import", &known]).ended(2).says("column `Betrag, netto` is missing").says("give the delimiter");
    let ran = world.attr(&["import", "--json", "--input-format", "anthropic_cost", &known]).ended(0);
    assert_eq!(ran.json()["imports"][0]["input_format"], "anthropic_cost");
}

#[test]
fn a_mapped_bill_is_no_log_and_what_is_said_of_calls_is_not_said_of_it() {
    let world = world();
    let lamp = world.write("logs/rechnung-08.csv", LAMP);
    world.attr(&["slice", "--from", &lamp]).ended(2).says("this is a bill (mapped), not a usage log");
    world.attr(&["import", "--set", "team=a", &lamp]).ended(2).says("`--set` is for usage logs");
    world.write("logs/calls.jsonl", super::call(1));
    let folder = world.path("logs").display().to_string();
    world.attr(&["slice", "--from", &folder]).ended(0).says("rechnung-08.csv is passed over");
    let told = world.take(&world.write("empty/rechnung-10.csv", ""));
    assert_eq!(told["records"], 0);
}

#[test]
fn a_reconciliation_and_an_import_read_a_mapped_bill_alike() {
    let world = world();
    let lamp = world.write("rechnung-08.csv", LAMP);
    let total = |told: &serde_json::Value| told["invoices"][0]["control_total_usd"].clone();
    let log = world.write("calls.jsonl", super::call(3));
    world.attr(&["import", &log]).ended(0);
    let from_file = world.attr(&["reconcile", "--json", "--no-fail", "--fx", "EUR=1.10", &lamp]).ended(0).json();
    world.take(&lamp);
    let from_store = world.attr(&["reconcile", "--json", "--no-fail", "--fx", "EUR=1.10", "2"]).ended(0).json();
    assert_eq!((total(&from_file), total(&from_file)), (json!("1102.75"), total(&from_store)));
    assert!(Path::new(from_store["invoices"][0]["path"].as_str().unwrap()).ends_with("rechnung-08.csv"));
}
