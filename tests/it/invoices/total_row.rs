//! What a spreadsheet leaves below an export.

use attr::domain::money::parse_scaled;

use super::*;

const HEADER: &str = "usage_date_utc,model,workspace,token_type,cost_usd,cost_type";
const ROW: &str = "2026-06-24,Claude Opus 4.8,Total,output,1.50,token";

fn bill(rows: &[&str]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

#[test]
fn a_row_of_totals_is_known_by_its_word_and_checked() {
    for total in ["Total,,,,3.00,", "TOTAL:,,,,3,", ",Grand total,,,$3.00,", "Summe,,,,3.00,", ",,sum,,3.00,"] {
        let read = read(&bill(&[ROW, ROW, total])).unwrap();
        assert_eq!((read.lines.len(), read.control.skipped["total_row"]), (2, 1), "{total}");
        assert_eq!(read.statement.stated_total, Some(3_000_000_000_000), "{total}");
    }
}

#[test]
fn a_total_that_is_not_the_sum_of_the_rows_refuses_the_bill() {
    let reason = refused(&bill(&[ROW, ROW, "Total,,,,4.50,"]));
    assert_eq!(reason, "its rows sum to 3 and it states a total of 4.5");
    let reason = refused(&bill(&[ROW, "Total,,,,1.50,", "Grand total,,,,3.00,"]));
    assert!(reason.contains("a second row of totals"), "{reason}");
    let reason = refused(&bill(&[ROW, "Total,,,,=SUM(E2:E2),"]));
    assert!(reason.contains("`cost_usd` is not a number"), "{reason}");
}

#[test]
fn a_total_without_an_amount_states_nothing() {
    let read = read(&bill(&[ROW, "Total,,,,,"])).unwrap();
    assert_eq!((read.statement.stated_total, read.total("USD").as_str()), (None, "1.5"));
}

#[test]
fn empty_rows_charge_nothing_and_are_counted() {
    let read = read(&bill(&[ROW, ",,,,,", "Total,,,,1.50,", ",,,,,"])).unwrap();
    assert_eq!((read.control.rows, read.lines.len(), read.control.skipped["empty_row"]), (4, 1, 2));
}

#[test]
fn a_row_that_merely_lacks_its_date_is_an_error() {
    let reason = refused(&bill(&[ROW, ",Claude Opus 4.8,Total,output,1.50,token"]));
    assert!(reason.contains("line 3: `usage_date_utc` is empty"), "{reason}");
}

/// Samples with the column that tells the date and the one that is summed, if money is.
const SUMMED: [(&str, &str, Option<&str>); 12] = [
    ("aws_cur/cur2_bedrock.csv", "line_item_usage_start_date", Some("line_item_unblended_cost")),
    ("aws_cur/legacy_bedrock.csv", "lineItem/UsageStartDate", Some("lineItem/UnblendedCost")),
    ("azure_cost/ea-actual-2026-09.csv", "Date", Some("Cost")),
    ("azure_cost/mca-2026-10.csv", "date", Some("costInBillingCurrency")),
    ("deepseek_cost/cost-2026-09-01_2026-10-01.csv", "start_time_iso", Some("cost")),
    ("deepseek_cost/cost-2026-7.csv", "utc_date", Some("cost")),
    ("deepseek_usage/amount-2026-7.csv", "utc_date", None),
    ("focus/focus_1_2.csv", "ChargePeriodStart", Some("BilledCost")),
    ("gcp_billing/flattened-2026-08.csv", "usage_start_time", None),
    ("openai_cost/cost_2026-08-01_2026-08-04.csv", "start_time", Some("amount_value")),
    ("openrouter_activity/openrouter_activity_2026-09-21.csv", "created_at", Some("cost_total")),
    ("openrouter_daily/activity.csv", "Date", Some("Usage")),
];

/// A sample with a row of totals below it, more or less by some picodollars, and what it is.
fn with_total(path: &str, date: &str, amount: Option<&str>, more: i128) -> String {
    let text = sample_text(path);
    let mut rows = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = rows.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|known| known == name).unwrap();
    let pico = |text: &str| if text.is_empty() { 0 } else { parse_scaled(text, 12).unwrap().0 };
    let sum: i128 = match amount {
        Some(amount) => rows.records().map(|row| pico(&row.unwrap()[place(amount)])).sum(),
        None => 0,
    };
    let mut cells = vec![String::new(); header.len()];
    if let Some(amount) = amount {
        cells[place(amount)] = Usd::from_pico(sum + more).to_string();
    }
    cells[place(date)] = "Total".into();
    format!("{}\n{}\n", text.trim_end(), cells.join(","))
}

#[test]
fn every_export_may_have_a_row_of_totals_and_is_held_to_it() {
    for (path, date, amount) in SUMMED {
        let plain = sample(path);
        let summed = read(&with_total(path, date, amount, 0)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(summed.control.totals, plain.control.totals, "{path}");
        assert_eq!((summed.lines.len(), summed.control.skipped["total_row"]), (plain.lines.len(), 1), "{path}");
        if amount.is_some() {
            let reason = refused(&with_total(path, date, amount, 10_000_000_000));
            assert!(reason.contains("states a total of"), "{path}: {reason}");
        }
    }
}
