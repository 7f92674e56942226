//! What people have in place of the bill they mean: each is recognised or refused with what to do, and none changes a
//! total without a word.

use std::io::Write;

use serde_json::json;

use super::HEAD;
use super::bill;
use super::call;
use super::codes;
use crate::world::Ran;
use crate::world::World;

/// A world with a log of some calls of August.
fn world() -> World {
    let world = World::new();
    let log: String = [4, 5].map(opus).concat();
    world.attr(&["import", &world.write("calls.jsonl", log)]).ended(0);
    world
}

/// A call of a day of August that costs 2.50.
fn opus(day: u32) -> String {
    format!(
        "{{\"ts\":\"2026-08-{day:02}T10:00:00Z\",\"provider\":\"anthropic\",\"model\":\"claude-opus-4-8\",\"input_tokens\":0,\"output_tokens\":100000,\"workspace\":\"Default\"}}\n"
    )
}

/// Reconciles bills and expects no answer.
#[track_caller]
fn refused(world: &World, bills: &[&str]) -> Ran {
    let args: Vec<&str> = ["reconcile"].into_iter().chain(bills.iter().copied()).collect();
    let ran = world.attr(&args).ended(2);
    assert_eq!(ran.out, "", "no answer beside the error");
    ran
}

/// Reconciles and returns the answer.
#[track_caller]
fn answer(world: &World, bills: &[&str]) -> serde_json::Value {
    let args: Vec<&str> = ["reconcile", "--json", "--no-fail"].into_iter().chain(bills.iter().copied()).collect();
    world.attr(&args).ended(0).json()
}

/// Imports a file that cannot be read, and expects the store to stay as it was.
#[track_caller]
fn not_in(world: &World, path: &str) -> Ran {
    let before = world.attr(&["imports", "--json"]).ended(0).out;
    let ran = world.attr(&["import", path]).ended(2);
    assert_eq!(world.attr(&["imports", "--json"]).ended(0).out, before);
    ran
}

#[test]
fn a_log_in_place_of_a_bill_and_the_other_way_round() {
    let world = world();
    let log = world.write("log.jsonl", call(1));
    refused(&world, &[&log]).says("this is a usage log (flat), not a bill").says("`attr import` takes it");
    let bill = world.write("bill.csv", bill(&[(4, 250)]));
    let ran = world.attr(&["slice", "--from", &bill]).ended(2);
    ran.says("this is a bill (anthropic_cost), not a usage log").says("`attr import` keeps it beside the calls");
    refused(&world, &[&bill, &log]).says("not a bill");
}

#[test]
fn currencies_are_not_added_without_their_rates() {
    let world = world();
    world.write(
        "attr.toml",
        "[invoice.two]\nsource = { provider = \"anthropic\" }\ncolumns = { date = \"day\", amount = \"price\", currency = \"ccy\", model = \"model\" }\n",
    );
    let text = "day,model,price,ccy\n2026-08-04,claude-opus-4-8,2.50,USD\n2026-08-05,claude-opus-4-8,2.00,EUR\n";
    let path = world.write("two.csv", text);
    let ran = refused(&world, &["--mapping", "two", &path]);
    ran.says("the bill is in EUR and no rate is given").says("--fx EUR=1.08");
    refused(&world, &["--mapping", "two", "--fx", "GBP=1.3", &path]).says("EUR");
    let told = answer(&world, &["--mapping", "two", "--fx", "EUR=1.25", &path]);
    assert_eq!((&told["invoiced_usd"], &told["fx"]), (&json!("5"), &json!(["EUR=1.25"])));
    let told = world.attr(&["import", "--json", "--mapping", "two", &path]).ended(0).json();
    assert_eq!(told["imports"][0]["control_totals"], json!({"EUR": "2", "USD": "2.5"}), "they are kept apart");
}

#[test]
fn a_bill_of_another_period_is_told_with_both_periods() {
    let world = world();
    let july = world.write("july.csv", bill(&[(4, 250)]).replace("2026-08", "2026-07"));
    refused(&world, &[&july]).says("2026-07-04").says("2026-08-04").says("`attr import` the logs of the bill's period");
}

#[test]
fn the_same_bill_by_two_names_is_one_bill() {
    let world = world();
    let (text, other) = (bill(&[(4, 250), (5, 250)]), bill(&[(4, 250), (5, 250)]));
    let (a, b) = (world.write("a.csv", text), world.write("b.csv", other));
    let one = answer(&world, &[&a]);
    let two = answer(&world, &[&a, &b]);
    assert_eq!((&two["invoiced_usd"], &two["status"]), (&json!("5"), &json!("reconciled")));
    assert_eq!(two["invoices"], one["invoices"]);
    assert_eq!(two["unexplained_usd"], one["unexplained_usd"]);
}

#[test]
fn overlapping_exports_count_each_day_once() {
    let world = world();
    let a = world.write("a.csv", bill(&[(4, 250), (5, 200)]));
    let b = world.write("b.csv", bill(&[(5, 250)]));
    let told = answer(&world, &[&a, &b]);
    assert_eq!((&told["invoiced_usd"], &told["status"]), (&json!("5"), &json!("reconciled")));
    let lines: Vec<_> = told["invoices"].as_array().unwrap().iter().map(|it| it["superseded_lines"].clone()).collect();
    assert_eq!(lines, [json!(1), json!(null)]);
}

#[test]
fn a_row_of_totals_is_no_charge_and_a_wrong_one_refuses_the_bill() {
    let world = world();
    let text = bill(&[(4, 250), (5, 250)]);
    let total = |amount: &str| format!("{text}Total,,,,,,,{amount},,,,\n");
    let right = world.write("right.csv", total("5.00"));
    assert_eq!(answer(&world, &[&right])["invoiced_usd"], json!("5"));
    let told = world.take(&right);
    assert_eq!((&told["skipped"], &told["control_totals"]), (&json!({"total_row": 1}), &json!({"USD": "5"})));
    let wrong = world.write("wrong.csv", total("7.50"));
    refused(&world, &[&wrong]).says("its rows sum to 5 and it states a total of 7.5").says("export the file again");
    not_in(&world, &wrong).says("states a total of 7.5");
}

#[test]
fn numbers_that_a_spreadsheet_has_rewritten_refuse_the_bill() {
    let world = world();
    let text = bill(&[(4, 250), (5, 250)]);
    for (cell, reason) in [
        ("\"1,002.50\"", "`cost_usd` is not a number: `1,002.50` (a spreadsheet has rewritten it?"),
        ("\"2,50\"", "`cost_usd` is not a number: `2,50`"),
        ("2,50", "14 cells under 12 headings (a stray delimiter or quote, or a decimal comma?)"),
        ("2 500.00", "`cost_usd` is not a number"),
    ] {
        let path = world.write("changed.csv", text.replacen("2.50,2.50", &format!("{cell},{cell}"), 1));
        refused(&world, &[&path]).says(&format!("line 2: {reason}")).says("export the file again");
        not_in(&world, &path).says(reason);
    }
}

/// The last column is empty, so that the surplus of a decimal comma is an empty cell: each cell behind it would be read
/// under the name of its neighbour, and the amount would lose its cents.
#[test]
fn a_decimal_comma_that_shifts_a_row_refuses_the_bill() {
    let world = world();
    let shifted = bill(&[(4, 250), (5, 250)]).replace(",2.50,2.50,token,global,", ",2,50,token,global,,");
    assert!(shifted.contains(",2,50,token,global,,\n"));
    let path = world.write("shifted.csv", &shifted);
    refused(&world, &[&path]).says("line 2: 13 cells under 12 headings").says("export the file again");
    let short = "usage_date_utc,model,workspace,token_type,cost_usd,cost_type\n2026-08-04,Claude Opus 4.8,Default,output,2,50,\n";
    let path = world.write("short.csv", short);
    refused(&world, &[&path]).says("line 2: 7 cells under 6 headings").says("decimal comma");
    not_in(&world, &path).says("7 cells under 6 headings");
}

#[test]
fn dates_that_a_spreadsheet_has_rewritten_refuse_the_bill() {
    let world = world();
    for date in ["8/4/2026", "04.08.2026", "46238", "Aug 4, 2026"] {
        let cell = if date.contains(',') { format!("\"{date}\"") } else { date.to_string() };
        let path = world.write("changed.csv", bill(&[(5, 250), (4, 250)]).replacen("2026-08-04", &cell, 1));
        let ran = refused(&world, &[&path]).says(&format!("line 3: `usage_date_utc` is not a day: `{date}`"));
        assert!(date.contains("Aug") || ran.err.contains("a spreadsheet has rewritten it?"), "{ran:?}");
        not_in(&world, &path).says("is not a day");
    }
}

/// A row in CRLF has the line that an editor shows.
#[test]
fn the_line_of_a_bad_row_is_that_of_the_file_whatever_ends_its_lines() {
    let world = world();
    let text = bill(&[(4, 250), (5, 250), (6, 250)]).replacen(
        "2.50,2.50,token,global,\n2026-08-06",
        "x,2.50,token,global,\n2026-08-06",
        1,
    );
    for end in ["\n", "\r\n"] {
        let path = world.write("bad.csv", text.replace('\n', end));
        refused(&world, &[&path]).says("line 3: `cost_usd` is not a number: `x`");
    }
}

/// The dashboard writes 500 groups at most: the sum of groups is less than the same days without groups.
#[test]
fn a_capped_export_and_one_without_groups_stand_side_by_side() {
    const COLUMNS: &str = "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id,organization_id\n";
    let row = |amount: &str, item: &str, project: &str| {
        format!(
            "1785628800,1785715200,2026-08-02T00:00:00,2026-08-03T00:00:00,{amount},usd,{item},{project},org-lamp\n"
        )
    };
    let world = world();
    let whole = world.write("whole.csv", COLUMNS.to_string() + &row("9.00", "", ""));
    let capped = COLUMNS.to_string()
        + &row("5.00", "\"gpt-4o-2024-08-06, input\"", "proj_a")
        + &row("1.50", "\"gpt-4o-2024-08-06, output\"", "proj_b");
    let capped = world.write("capped.csv", capped);
    world.take(&whole);
    let told = world.take(&capped);
    assert_eq!(told["superseded"], json!([]), "groups say nothing of what a cap left out");
    let bills = world.attr(&["status", "--json"]).ended(0).json()["bills"].clone();
    assert_eq!((&bills["totals"], &bills["told_twice"]), (&json!({"USD": "9"}), &json!({"USD": "6.5"})), "not 15.5");
    let listed = world.attr(&["imports"]).ended(0);
    assert!(listed.out.contains("6.5 USD of the bills are by group"), "{listed:?}");
    let again = world.write("again.csv", COLUMNS.to_string() + &row("9.25", "", ""));
    let ran = world.attr(&["import", "--json", &again]).ended(0);
    let superseded = &ran.json()["imports"][0]["superseded"][0];
    assert_eq!((&superseded["amounts"], &superseded["instead"]), (&json!({"USD": "9"}), &json!({"USD": "9.25"})));
    // A capped export in the place of a grouped one charges less, and that is said.
    let less = world.write("less.csv", COLUMNS.to_string() + &row("5.00", "\"gpt-4o-2024-08-06, input\"", "proj_a"));
    let ran = world.attr(&["import", "--json", &less]).ended(0);
    assert!(!codes(&ran).is_empty(), "{ran:?}");
    ran.says("charges LESS for them").says("filtered or capped export");
}

#[test]
fn files_without_rows_are_told() {
    let world = world();
    for (name, content) in [("nothing.csv", ""), ("blank.csv", " \r\n\n"), ("mark.csv", "\u{feff}")] {
        refused(&world, &[&world.write(name, content)]).says("the file is empty").says("export the file again");
    }
    let ran = world.attr(&["import", &world.path("nothing.csv").display().to_string()]).ended(0);
    ran.says("nothing.csv is empty");
    // A header and no row is no bill of 0 either: no format can be seen.
    refused(&world, &[&world.write("header.csv", HEAD)]).says("not recognised as a bill");
    refused(&world, &[&world.path("missing.csv").display().to_string()]).says("neither a file nor the number");
}

#[test]
fn what_is_no_text_is_named() {
    let world = world();
    let text = bill(&[(4, 250)]);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    for (name, bytes, reason) in [
        ("bill.zip", b"PK\x03\x04\x14\0\0\0\x08\0cost-2026-7.csv".as_slice(), "a zip archive: unpack it first"),
        ("bill.xlsx", b"PK\x03\x04\x14\0\x06\0\x08\0[Content_Types].xml", "an Excel workbook: save its sheet as CSV"),
        ("bill.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "an Excel workbook: save its sheet as CSV"),
        ("bill.pdf", b"%PDF-1.7\n1 0 obj", "a PDF"),
        ("bill.parquet", b"PAR1\x15\x04", "a Parquet file"),
    ] {
        let path = world.write(name, bytes);
        refused(&world, &[&path]).says(&format!("not recognised as a bill: {reason}")).says("CSV or JSON");
        let ran = not_in(&world, &path).says(reason);
        assert!(!ran.err.contains("--map"), "columns of what has none: {ran:?}");
    }
    let packed = world.write("bill.csv.gz", packed.finish().unwrap());
    assert_eq!(answer(&world, &[&packed])["invoiced_usd"], json!("2.5"));
    // In a folder they are passed over.
    let all = world.path("all");
    world.write("all/bill.csv", text);
    world.write("all/logo.png", b"\x89PNG\r\n\x1a\n");
    assert_eq!(answer(&world, &[&all.display().to_string()])["invoiced_usd"], json!("2.5"));
}

/// Calls that look like others are asked for once there is something to explain.
#[test]
fn a_log_that_has_a_call_twice_is_compared() {
    let world = World::new();
    world
        .attr(&["import", &world.write("twice.jsonl", opus(4) + &opus(4).replace("}", ",\"request_id\":\"r2\"}"))])
        .ended(0);
    let told = answer(&world, &[&world.write("bill.csv", bill(&[(4, 250)]))]);
    assert_eq!(told["invoiced_usd"], json!("2.5"));
}
