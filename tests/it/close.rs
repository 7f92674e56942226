//! The month of the README, `samples/close`: five planted differences, each found with its dollars, and the bill split
//! to the cent.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::process::Command;

use attr::domain::Usd;
use serde_json::Value;

use crate::world::World;

/// What `samples/close/generate.py` prints: cause and dollars of invoiced less logged, where it is, and how sure.
const PLANTED: [(&str, &str, &str, &str, &str); 5] = [
    ("unlogged_key", "12.46", "api_key", "notebook", "proved"),
    ("tax", "1.99", "provider", "google", "proved"),
    ("cache_priced_as_input", "-10.7695872", "api_key", "key_search", "fits"),
    ("batch_discount_missed", "-12.071754", "api_key", "digest-jobs", "proved"),
    ("stale_price", "-2.1588992", "model", "claude-sonnet-5-5", "fits"),
];

fn sample(path: &str) -> String {
    format!("{}/samples/close/{path}", env!("CARGO_MANIFEST_DIR"))
}

/// Asks about the month from the top of the repository, as the README does.
fn ask(args: &[&str]) -> Value {
    let world = World::new();
    let mut command = world.command(args);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("ATTR_AS_OF", "2026-11-21T08:00:00Z");
    let config = world.write("attr.toml", "");
    command.env("ATTR_CONFIG", config);
    let ran: crate::world::Ran = command.output().unwrap().into();
    ran.ended(0).json()
}

fn reconciled(more: &[&str]) -> Value {
    let args = ["reconcile", "samples/close/bills", "--from", "samples/close/logs", "--json"];
    ask(&[&args[..], more].concat())
}

const AGREED: [&str; 2] = ["--overrides", "samples/close/agreed.toml"];

fn usd(value: &Value) -> Usd {
    Usd::parse(value.as_str().unwrap()).unwrap()
}

/// Returns the causes of a bridge with their dollars.
fn causes(answer: &Value) -> BTreeMap<String, String> {
    let bridge = answer["bridge"].as_array().unwrap();
    let text = |found: &Value, key: &str| found[key].as_str().unwrap().to_string();
    let causes: BTreeMap<String, String> =
        bridge.iter().map(|found| (text(found, "cause"), text(found, "amount_usd"))).collect();
    assert_eq!(causes.len(), bridge.len(), "a cause stands in the bridge once: {answer:#}");
    causes
}

#[test]
fn each_planted_difference_is_found_with_its_dollars() {
    let answer = reconciled(&AGREED);
    let mut found = causes(&answer);
    for (cause, amount, key, value, confidence) in PLANTED {
        assert_eq!(found.remove(cause).as_deref(), Some(amount), "{cause}: {:#}", answer["bridge"]);
        let bridge = answer["bridge"].as_array().unwrap();
        let told = bridge.iter().find(|told| told["cause"] == cause).unwrap();
        assert_eq!(told["where"][key], value, "{told:#}");
        assert_eq!(told["confidence"], confidence, "{told:#}");
    }
    let rounding = Usd::parse(&found.remove("rounding").unwrap()).unwrap();
    assert!(found.is_empty(), "named besides: {found:?}");
    assert!(rounding.pico().abs() <= usd(&answer["bound_usd"]).pico(), "{rounding}");
    assert_eq!(answer["unexplained_usd"], "0");
    assert_eq!(answer["status"], "explained");
    let bridged: Usd = answer["bridge"].as_array().unwrap().iter().map(|told| usd(&told["amount_usd"])).sum();
    assert_eq!(usd(&answer["logged_usd"]) + bridged, usd(&answer["invoiced_usd"]), "logged + causes = invoiced");
}

/// What is put right is not named any more, and nothing else changes.
#[test]
fn a_difference_that_is_put_right_is_gone() {
    let mut before = causes(&reconciled(&AGREED));
    let after = causes(&reconciled(&[]));
    before.remove("stale_price");
    assert_eq!(after, before, "the built-in table has the price of the day");
}

#[test]
fn the_answer_has_its_golden() {
    let mut answer = reconciled(&AGREED);
    answer.as_object_mut().unwrap().remove("cells");
    answer["price_table"] = "(the table)".into();
    let text = serde_json::to_string_pretty(&answer).unwrap();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("close_reconcile", text);
    });
}

#[test]
fn the_bill_is_split_over_tenants_to_the_cent() {
    let args = ["chargeback", "samples/close/bills", "--by", "tenant", "--from", "samples/close/logs", "--json"];
    let (answer, reconciled) = (ask(&args), reconciled(&[]));
    let rows = answer["rows"].as_array().unwrap();
    let cents: Usd = rows.iter().map(|row| usd(&row["amount_usd"])).sum();
    let exact: Usd = rows
        .iter()
        .filter(|row| row["kind"] == "tax" || row["kind"] == "unattributed")
        .map(|row| usd(&row["exact_usd"]))
        .sum();
    assert_eq!(cents, usd(&answer["total_usd"]));
    assert_eq!(answer["total_usd"], "74.67");
    assert_eq!(answer["billed_usd"], reconciled["invoiced_usd"]);
    assert_eq!(rows.iter().filter(|row| row["key"]["tenant"] == "oxbow").count(), 1, "{rows:#?}");
    // The key that nobody logs, the cached tokens that nobody logged, and the tax are no tenant's.
    let cached = Usd::parse("1.19662080").unwrap();
    assert_eq!(exact, Usd::parse("12.46").unwrap() + Usd::parse("1.99").unwrap() + cached, "{rows:#?}");
}

/// The files are those that the script writes; where there is no Python, that is not looked at.
#[test]
fn the_script_writes_these_files() {
    let world = World::new();
    let script = world.write("generate.py", fs_err::read(sample("generate.py")).unwrap());
    let Ok(ran) = Command::new("python3").arg("-B").arg(&script).output() else { return };
    assert!(ran.status.success(), "{ran:?}");
    let planted = String::from_utf8(ran.stdout).unwrap();
    for (cause, amount, ..) in PLANTED {
        let line = planted.lines().find(|line| line.starts_with(cause)).unwrap_or_else(|| panic!("{cause}: {planted}"));
        let told = line.trim_start_matches(cause).trim();
        assert_eq!(Usd::parse(told).unwrap(), Usd::parse(amount).unwrap(), "{planted}");
    }
    let names = |folder: std::path::PathBuf| -> Vec<String> {
        let entries = fs_err::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    for folder in ["logs", "bills"] {
        assert_eq!(names(world.path(folder)), names(sample(folder).into()), "{folder}");
        for name in names(world.path(folder)) {
            let (new, kept) = (world.path(folder).join(&name), sample(&format!("{folder}/{name}")));
            assert!(fs_err::read(new).unwrap() == fs_err::read(kept).unwrap(), "{folder}/{name} differs");
        }
    }
    assert_eq!(fs_err::read(world.path("agreed.toml")).unwrap(), fs_err::read(sample("agreed.toml")).unwrap());
}

/// The page has a line for each of the 36 causes.
#[test]
fn the_page_names_every_cause() {
    let page = fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cmd/reconcile.md")).unwrap();
    let causes = page.split("\n## ").find(|part| part.starts_with("Causes")).unwrap();
    let codes: std::collections::BTreeSet<&str> =
        causes.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(code, _)| code).collect();
    assert_eq!(codes.len(), 36, "{codes:?}");
    let answer = causes_of(&reconciled(&AGREED));
    assert!(answer.iter().all(|code| codes.contains(code.as_str())), "{answer:?}");
}

fn causes_of(answer: &Value) -> Vec<String> {
    causes(answer).into_keys().collect()
}
