//! What a spreadsheet leaves below an export.

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
