//! The Console's tokens export.

use attr::domain::Charge;
use attr::domain::Class;
use attr::domain::InvoiceLine;
use attr::domain::Quantity;
use proptest::prelude::*;

use super::*;
use crate::world::cases;

const FIRST: &str = "usage_date_utc,model_version,api_key,workspace,usage_type,usage_input_tokens_no_cache,\
                     usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,\
                     usage_output_tokens,web_search_count";
const NEWER: &str = "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,\
                     usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,\
                     usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo,speed";

fn counts(lines: &[InvoiceLine<'_>]) -> Vec<(Charge, i128)> {
    lines.iter().map(|line| (line.charge, line.quantity.unwrap().rounded())).collect()
}

#[test]
fn a_row_becomes_a_line_a_class_without_an_amount() {
    let bill = read(&format!("{FIRST}\n2025-12-04,claude-3-5-haiku-20241022,jobs,D,batch,5,4,3,2,1,0\n")).unwrap();
    assert_eq!(bill.format, "anthropic_tokens");
    assert_eq!((bill.control.rows, bill.control.lines), (1, 5));
    let expected = [
        (Class::Input, 5),
        (Class::CacheRead, 2),
        (Class::CacheWrite5m, 4),
        (Class::CacheWrite1h, 3),
        (Class::Output, 1),
    ];
    assert_eq!(counts(&bill.lines), expected.map(|(class, count)| (Charge::Tokens(class), count)));
    assert!(bill.control.totals.is_empty());
    for line in &bill.lines {
        assert_eq!((line.row, line.amount.as_ref(), line.currency.as_ref()), (2, None, ""));
        assert_eq!((line.tier.as_deref(), line.long_context), (Some("batch"), None));
        assert_eq!((line.api_key.as_deref(), line.workspace.as_deref()), (Some("jobs"), Some("D")));
        assert_eq!(line.model.as_deref(), Some("claude-3-5-haiku-20241022"));
    }
}

#[test]
fn the_sample_tells_tiers_searches_and_places() {
    let bill = sample("anthropic_tokens/claude_api_tokens_2026_08_04_to_2026_08_06.csv");
    let tiers: Vec<_> = bill.lines.iter().map(|line| (line.row, line.tier.as_deref().unwrap())).collect();
    assert_eq!(tiers[0], (2, "fast"));
    assert!(tiers.contains(&(3, "batch")) && tiers.contains(&(4, "standard")));
    let searches: Vec<_> = bill.lines.iter().filter(|line| line.charge == Charge::Tool).collect();
    assert_eq!(searches.len(), 1, "a row without a search has no line for it");
    assert_eq!((searches[0].row, searches[0].quantity), (4, Some(Quantity::whole(3))));
    assert_eq!(searches[0].tool.as_deref(), Some("web_search"));
    assert_eq!(bill.lines[0].region.as_deref(), Some("global"));
    assert_eq!(bill.lines[5].region, None);
    assert_eq!(bill.lines[0].long_context, Some(false));
}

#[test]
fn writes_of_an_untold_lifetime_stay_untold() {
    let header = FIRST.replace(
        "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h",
        "usage_input_tokens_cache_write",
    );
    let bill = read(&format!("{header}\n2025-04-04,claude-3-7-sonnet-20250219,k,D,standard,5,7,2,1,0\n")).unwrap();
    assert!(counts(&bill.lines).contains(&(Charge::CacheWrite, 7)));
    assert_eq!(bill.lines.len(), 4);
}

#[test]
fn an_export_of_a_single_day_has_hours_and_midnight_is_one_of_them() {
    let row = |time: &str| format!("{FIRST}\n{time},claude-opus-4-8,k,D,standard,1,0,0,0,0,0\n");
    let span = |time: &str| {
        let line = read(&row(time)).unwrap().lines.remove(0);
        (line.start.to_string(), line.end.to_string())
    };
    assert_eq!(span("2025-12-04 10:00"), ("2025-12-04T10:00:00Z".into(), "2025-12-04T11:00:00Z".into()));
    assert_eq!(span("2025-12-04 00:00"), ("2025-12-04T00:00:00Z".into(), "2025-12-04T01:00:00Z".into()));
    assert_eq!(span("2025-12-04"), ("2025-12-04T00:00:00Z".into(), "2025-12-05T00:00:00Z".into()));
}

#[test]
fn a_zero_is_told_and_an_empty_cell_is_not() {
    let bill = read(&format!("{FIRST}\n2025-12-04,claude-opus-4-8,k,D,standard,0,,,3,,\n")).unwrap();
    assert_eq!(counts(&bill.lines), [(Charge::Tokens(Class::Input), 0), (Charge::Tokens(Class::CacheRead), 3)]);
    let reason = refused(&format!("{FIRST}\n2025-12-04,claude-opus-4-8,k,D,standard,,,,,,\n"));
    assert!(reason.contains("no column of the row has a count"), "{reason}");
}

#[test]
fn renamed_columns_and_broken_counts_refuse_the_file() {
    let row = "2025-12-04,claude-opus-4-8,k,D,standard,1,2,3,4,5,0";
    for name in ["usage_output_tokens", "usage_input_tokens_cache_write_1h", "model_version"] {
        let reason = refused(&format!("{}\n{row}\n", FIRST.replace(name, "renamed")));
        assert!(reason.contains(&format!("column `{name}` is missing")), "{reason}");
    }
    let reason = refused(&format!("{FIRST}\n{}\n", row.replace(",5,0", ",-5,0")));
    assert!(reason.contains("`usage_output_tokens` is negative"), "{reason}");
    let reason = refused(&format!("{FIRST}\n{}\n", row.replace(",5,0", ",many,0")));
    assert!(reason.contains("`usage_output_tokens` is not a number"), "{reason}");
}

#[test]
fn a_row_of_totals_is_no_usage() {
    let text = format!("{FIRST}\n2025-12-04,claude-opus-4-8,k,D,standard,1,2,3,4,5,0\nTotal,,,,,1,2,3,4,5,0\n");
    let bill = read(&text).unwrap();
    assert_eq!((bill.lines.len(), bill.control.skipped["total_row"], bill.statement.stated_total), (5, 1, None));
}

proptest! {
    #![proptest_config(cases(64))]

    /// No column is lost and none counted twice: all lines together are all cells together.
    #[test]
    fn the_lines_hold_every_count(rows in proptest::collection::vec(proptest::array::uniform6(0u32..5_000_000), 1..20)) {
        let mut text = format!("{NEWER}\n");
        for [input, write_5m, write_1h, read, output, searches] in &rows {
            text += &format!(
                "2026-08-04,claude-opus-4-8,k,D,standard,≤ 200k,{input},{write_5m},{write_1h},{read},{output},{searches},us,\n"
            );
        }
        let sum: i128 = rows.iter().flatten().map(|count| i128::from(*count)).sum();
        let bill = read(&text).unwrap();
        prop_assert_eq!(counts(&bill.lines).iter().map(|(_, count)| count).sum::<i128>(), sum);
        prop_assert_eq!(bill.control.rows, rows.len() as u64);
    }
}
