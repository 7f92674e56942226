//! Google's billing export: credits beside their cost, whole-bill rows, names of SKUs, and joins that repeat a cost.

use attr::domain::Charge;
use attr::domain::Class;
use attr::domain::Quantity;
use proptest::prelude::*;

use super::read;

const JSON: &str = include_str!("../../../samples/invoices/gcp_billing/export-2026-08.jsonl");
const CSV: &str = include_str!("../../../samples/invoices/gcp_billing/flattened-2026-08.csv");

#[test]
fn credits_stand_beside_the_cost_that_they_reduce() {
    let bill = read(JSON).unwrap();
    assert_eq!(bill.format, "gcp_billing");
    // 0.32 - 0.3 - 0.02 + 0.5977 + 0.0189 + 0.000015 + 1.18 - 0.0034
    assert_eq!(bill.total("PLN"), "1.793215");
    let row: Vec<_> = bill.lines.iter().filter(|line| line.row == 1).collect();
    let amounts: Vec<i128> = row.iter().map(|line| line.amount.as_ref().unwrap().pico).collect();
    assert_eq!(amounts, [320_000_000_000, -300_000_000_000, -20_000_000_000]);
    assert_eq!((row[1].charge, row[1].description.as_deref()), (Charge::Credit, Some("FreeTrial")));
    assert_eq!((row[1].quantity, row[1].start), (None, row[0].start));
}

#[test]
fn a_row_of_usage_keeps_its_place_time_and_untrusted_unit() {
    let bill = read(JSON).unwrap();
    let line = &bill.lines[0];
    assert_eq!((line.provider.as_ref(), line.model.as_deref()), ("vertex", Some("gemini-2.5-flash")));
    assert_eq!(line.charge, Charge::Tokens(Class::Input));
    assert_eq!((line.workspace.as_deref(), line.region.as_deref()), (Some("p1"), Some("europe-west4")));
    assert_eq!(line.account.as_deref(), Some("000000-AAAAAA-111111"));
    assert_eq!((line.quantity, line.unit.as_deref()), (Some(Quantity::whole(1_065_040)), Some("requests")));
    assert_eq!((line.invoice.as_deref(), line.start.to_string()), (Some("202608"), "2026-08-05T07:00:00Z".into()));
    assert_eq!(bill.statement.zone, "America/Los_Angeles");
    assert!(bill.statement.notes.contains(&"Google converted at 1 USD = 3.65 PLN".to_string()));
}

#[test]
fn thought_caches_and_the_gemini_api_are_told_from_their_names() {
    let bill = read(JSON).unwrap();
    let of_row = |row| bill.lines.iter().find(|line| line.row == row).unwrap();
    assert_eq!(of_row(2).charge, Charge::Reasoning);
    let cached = of_row(3);
    assert_eq!(
        (cached.charge, cached.model.as_deref()),
        (Charge::Tokens(Class::CacheRead), Some("gemini-2.5-flash-lite"))
    );
    assert_eq!(cached.description.as_deref(), Some("Gemini 2.5 Flash Lite Input Text Caching"));
    let late = of_row(4);
    assert_eq!((late.provider.as_ref(), late.tier.as_deref()), ("google", Some("batch")));
    assert_eq!((late.invoice.as_deref(), late.amount.as_ref().unwrap().pico), (Some("202609"), 15_000_000));
}

#[test]
fn other_services_are_skipped_with_their_sum_and_the_whole_bills_rows_kept() {
    let bill = read(JSON).unwrap();
    assert_eq!(bill.control.skipped.get("other_service"), Some(&1));
    assert!(bill.statement.notes.contains(&"1 row of other services left out: 4.2 PLN".to_string()));
    let kinds: Vec<Charge> = bill.lines.iter().rev().take(2).map(|line| line.charge).collect();
    assert_eq!(kinds, [Charge::Rounding, Charge::Tax]);
}

#[test]
fn a_flattened_file_says_the_same() {
    let bill = read(CSV).unwrap();
    assert_eq!(bill.total("USD"), "0.005");
    assert_eq!(bill.lines.len(), 3);
    assert_eq!(bill.lines[2].model.as_deref(), Some("gemini-2.5-flash-lite"));
    assert_eq!(bill.lines[0].start.to_string(), "2026-08-05T07:00:00Z");
    let mut lines = CSV.splitn(2, '\n');
    let header = lines.next().unwrap().replace("_description", ".description").replace("usage_amount", "usage.amount");
    let dotted = format!("{header}\n{}", lines.next().unwrap());
    assert_eq!(read(&dotted).unwrap().lines, bill.lines);
}

const JOINED: &str = "service.description,sku.description,usage_start_time,usage_end_time,cost,currency,credits.name,credits.amount\n\
    Vertex AI,Gemini 2.5 Flash GA Text Input - Predictions,2026-08-05T07:00:00Z,2026-08-05T08:00:00Z,0.32,USD,A,-0.1\n";

#[test]
fn a_credit_beside_its_row_is_taken_once() {
    assert_eq!(read(JOINED).unwrap().total("USD"), "0.22");
}

#[test]
fn a_join_that_repeats_a_cost_for_each_credit_is_refused() {
    let row = JOINED.lines().nth(1).unwrap().replace(",A,-0.1", ",B,-0.2");
    let error = read(&format!("{JOINED}{row}\n")).map(|_| ()).unwrap_err();
    assert!(error.starts_with("line 3:") && error.contains("stands twice"), "{error}");
}

#[test]
fn rows_that_look_alike_are_both_charged() {
    let text = format!("{JSON}{}\n", JSON.lines().nth(1).unwrap());
    assert_eq!(read(&text).unwrap().total("PLN"), "2.390915");
}

#[test]
fn an_unknown_sku_stays_as_other_and_is_named() {
    let text = JSON.replace("Gemini 2.5 Flash GA Text Input", "Gemini 2.5 Flash Live Text Input");
    let bill = read(&text).unwrap();
    assert_eq!((bill.lines[0].charge, bill.lines[0].model.as_deref()), (Charge::Other, None));
    assert_eq!(bill.total("PLN"), "1.793215");
    assert!(bill.statement.notes.iter().any(|note| note.contains("Flash Live")), "{:?}", bill.statement.notes);
}

#[test]
fn a_renamed_column_and_broken_cells_are_refused() {
    for (from, to, reason) in [
        ("\"currency\"", "\"money\"", "column `currency` is missing"),
        ("\"usage_end_time\"", "\"until\"", "column `usage_end_time` is missing"),
        ("\"cost\":0.32", "\"cost\":\"a lot\"", "`cost` is not a number"),
        ("\"amount\":-0.3}", "\"value\":-0.3}", "a credit has no `amount`"),
        ("2026-08-05T07:00:00Z", "yesterday", "`usage_start_time`"),
    ] {
        let error = read(&JSON.replacen(from, to, 1)).map(|_| ()).unwrap_err();
        assert!(error.contains(reason), "{from}: {error}");
    }
    let error = read(&CSV.replacen("[]", "oops", 1)).map(|_| ()).unwrap_err();
    assert!(error.contains("`credits` is no JSON"), "{error}");
}

proptest! {
    #[test]
    fn net_is_the_cost_and_all_of_its_credits(cost in 0i64..1_000_000_000, credits in prop::collection::vec(-1_000_000i64..0, 0..6)) {
        let decimal = |micro: i64| format!("{}{}.{:06}", if micro < 0 { "-" } else { "" }, micro.abs() / 1_000_000, micro.abs() % 1_000_000);
        let list: Vec<String> = credits.iter().map(|micro| format!("{{\"name\":\"c\",\"amount\":{}}}", decimal(*micro))).collect();
        let row = JSON.lines().nth(1).unwrap()
            .replace("0.5977", &decimal(cost))
            .replace("\"credits\":[]", &format!("\"credits\":[{}]", list.join(",")));
        let bill = read(&format!("{row}\n")).unwrap();
        let sum = i128::from(cost + credits.iter().sum::<i64>()) * 1_000_000;
        prop_assert_eq!(bill.control.totals["PLN"], sum);
        prop_assert_eq!(bill.lines.len(), 1 + credits.len());
    }
}
