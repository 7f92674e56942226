//! The Console's cost export.

use attr::domain::Charge;
use attr::domain::Class;
use attr::domain::InvoiceLine;
use proptest::prelude::*;

use super::*;
use crate::world::cases;

const FIRST: &str = "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,cost_type";
const GEO: &str = "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,cost_type,\
                   inference_geo,speed";
const LIST: &str = "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,\
                    list_price_usd,cost_type,inference_geo,speed";

fn csv(header: &str, rows: &[&str]) -> String {
    format!("{header}\n{}\n", rows.join("\n"))
}

fn only(header: &str, row: &str) -> InvoiceLine<'static> {
    let mut lines = read(&csv(header, &[row])).unwrap().lines;
    assert_eq!(lines.len(), 1);
    lines.remove(0)
}

#[test]
fn the_sample_sums_to_its_rows_and_rows_that_look_alike_stay_two() {
    let bill = sample("anthropic_cost/claude_api_cost_2026_08_04_to_2026_08_06.csv");
    assert_eq!(bill.format, "anthropic_cost");
    assert_eq!((bill.control.rows, bill.control.lines, bill.total("USD").as_str()), (8, 8, "30.81"));
    assert_eq!(bill.statement.zone, "UTC");
    let alike: Vec<i128> = bill.lines[..2].iter().map(|line| line.amount.as_ref().unwrap().pico).collect();
    assert_eq!(alike, [4_100_000_000_000, 7_350_000_000_000]);
    let charges: Vec<Charge> = bill.lines.iter().map(|line| line.charge).collect();
    let token = Charge::Tokens;
    let classes = [Class::Input, Class::Input, Class::CacheWrite5m, Class::CacheRead, Class::Output, Class::Output];
    assert_eq!(charges[..6], classes.map(token));
    assert_eq!(charges[6..], [token(Class::CacheWrite1h), Charge::Tool]);
    let discounted = &bill.lines[5];
    assert_eq!(discounted.list.as_ref().unwrap().pico - discounted.amount.as_ref().unwrap().pico, 410_000_000_000);
    assert_eq!(bill.lines[7].tool.as_deref(), Some("web_search"));
    assert_eq!(bill.lines[7].model, None);
}

#[test]
fn a_row_of_the_first_header_has_no_list_price_and_no_place() {
    let line = only(FIRST, "2025-12-04,Claude Haiku 3.5,Default,jobs,message,≤ 200k,input_no_cache,6.02,token");
    assert_eq!(line.model.as_deref(), Some("claude-3-5-haiku"));
    assert_eq!((line.list, line.region, line.tier, line.quantity), (None, None, None, None));
    assert_eq!((line.long_context, line.quantum, line.currency.as_ref()), (Some(false), 10_000_000_000, "USD"));
    assert_eq!(
        (line.start.to_string(), line.end.to_string()),
        ("2025-12-04T00:00:00Z".into(), "2025-12-05T00:00:00Z".into())
    );
    assert_eq!((line.workspace.as_deref(), line.api_key.as_deref()), (Some("Default"), Some("jobs")));
}

#[test]
fn places_and_speeds_came_with_the_second_header() {
    let row = |geo: &str, speed: &str| {
        only(GEO, &format!("2026-02-04,Claude Opus 4.6,Default,k,message,≤ 200k,output,1.00,token,{geo},{speed}"))
    };
    assert_eq!(row("us", "").region.as_deref(), Some("us"));
    assert_eq!(row("global", "").region.as_deref(), Some("global"));
    assert_eq!(row("not_available", "").region, None);
    assert_eq!(row("us", "fast").tier.as_deref(), Some("fast"));
    assert_eq!(row("us", "standard").tier, None, "not fast, but a batch for all it tells");
}

#[test]
fn columns_stand_in_any_order_and_unknown_ones_are_passed_over() {
    let header = "cost_type,mood,cost_usd,token_type,model,usage_date_utc";
    let line = only(header, "token,good,0.25,output,Claude Opus 4,2026-08-04");
    assert_eq!(line.model.as_deref(), Some("claude-opus-4"));
    assert_eq!(line.amount.unwrap().pico, 250_000_000_000);
}

#[test]
fn display_names_become_the_ids_that_the_naming_leads_to() {
    let cases = [
        ("Claude Opus 4.8", "claude-opus-4-8"),
        ("Claude Opus 4", "claude-opus-4"),
        ("Claude Sonnet 3.7", "claude-3-7-sonnet"),
        ("Claude Haiku 3.5", "claude-3-5-haiku"),
        ("Claude Haiku 3", "claude-3-haiku"),
        ("Claude 3.5 Sonnet", "claude-3-5-sonnet"),
        ("Claude Fable 5.1", "claude-fable-5-1"),
        ("Claude Mythos Preview", "claude-mythos-preview"),
        ("Claude 2.1", "claude-2.1"),
        ("Claude Instant 1.2", "claude-instant-1.2"),
        ("Claude Sonnet 4 (beta)", "Claude Sonnet 4 (beta)"),
        ("Claude 9", "Claude 9"),
        ("claude-opus-4-8", "claude-opus-4-8"),
    ];
    let table = fs_err::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pricing/anthropic.toml"));
    let table = table.unwrap();
    for (printed, id) in cases {
        let line = only(FIRST, &format!("2025-12-04,{printed},D,k,message,≤ 200k,output,1.00,token"));
        assert_eq!(line.model.as_deref(), Some(id), "{printed}");
        assert_eq!(id.contains(' '), !table.contains(&format!("\"{id}\"")), "{id} in the price table");
    }
}

#[test]
fn long_prompts_are_told_by_the_context_window_however_it_is_written() {
    let told = |text: &str| {
        only(FIRST, &format!("2025-12-04,Claude Sonnet 4,D,k,message,{text},output,1.00,token")).long_context
    };
    for text in ["≤ 200k", "<= 200k", "0-200k", "â‰¤ 200k"] {
        assert_eq!(told(text), Some(false), "{text}");
    }
    for text in ["> 200k", "200k-1M"] {
        assert_eq!(told(text), Some(true), "{text}");
    }
    for text in ["", "a lot"] {
        assert_eq!(told(text), None, "{text}");
    }
}

#[test]
fn what_has_no_name_here_is_kept_with_the_files_words() {
    let other = only(FIRST, "2025-12-04,Claude Opus 4,D,k,message,≤ 200k,input_thoughts,1.25,token");
    assert_eq!((other.charge, other.description.as_deref()), (Charge::Other, Some("token: input_thoughts")));
    let session = only(FIRST, "2025-12-04,,D,k,message,,,0.08,session_usage");
    assert_eq!((session.charge, session.description.as_deref()), (Charge::Other, Some("session_usage")));
    let code = only(FIRST, "2025-12-04,,D,k,message,,,0.05,code_execution");
    assert_eq!((code.charge, code.tool.as_deref()), (Charge::Tool, Some("code_execution")));
    let batch = only(FIRST, "2025-12-04,Claude Opus 4,D,k,batch,≤ 200k,output,1.25,token");
    assert_eq!(batch.tier.as_deref(), Some("batch"));
}

#[test]
fn an_export_of_a_single_day_has_hours() {
    let line = only(FIRST, "2025-12-04 10:00,Claude Opus 4,D,k,message,≤ 200k,output,1.00,token");
    assert_eq!(
        (line.start.to_string(), line.end.to_string()),
        ("2025-12-04T10:00:00Z".into(), "2025-12-04T11:00:00Z".into())
    );
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_no_part_of_it() {
    let text = csv(FIRST, &["2025-12-04,Claude Opus 4,D,k,message,≤ 200k,output,1.00,token"]);
    let bill = read(&format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap();
    assert_eq!((bill.lines[0].charge, bill.total("USD").as_str()), (Charge::Tokens(Class::Output), "1"));
}

#[test]
fn a_day_that_is_none_is_refused_however_odd() {
    for day in
        ["2026-02-30", "2026-06-24 aé:00", "2026-06-24 25:00", "2026-06-24 10:30", "9999-12-31 10:00", "20é6-06-24"]
    {
        let reason = refused(&csv(FIRST, &[&format!("{day},Claude Opus 4,D,k,message,≤ 200k,output,1.00,token")]));
        assert!(reason.contains("`usage_date_utc` is not a day"), "{day}: {reason}");
    }
}

#[test]
fn a_renamed_column_is_told() {
    let header = FIRST.replace("cost_usd", "cost");
    let reason = refused(&csv(&header, &["2025-12-04,Claude Opus 4,D,k,message,≤ 200k,output,1.00,token"]));
    assert!(reason.contains("line 2: column `cost_usd` is missing; there are `usage_date_utc`, `model`"), "{reason}");
}

#[test]
fn an_amount_that_is_no_number_refuses_the_bill() {
    for broken in ["1.2.3", "n/a", "1;00"] {
        let row = format!("2025-12-04,Claude Opus 4,D,k,message,≤ 200k,output,{broken},token");
        let good = "2025-12-04,Claude Opus 4,D,k,message,≤ 200k,output,1.00,token";
        let reason = refused(&csv(FIRST, &[good, &row]));
        assert!(reason.contains("line 3: `cost_usd` is not a number"), "{reason}");
    }
    let reason = refused(&csv(FIRST, &["04/12/2025,Claude Opus 4,D,k,message,≤ 200k,output,1.00,token"]));
    assert!(reason.contains("a spreadsheet has rewritten it?"), "{reason}");
}

#[test]
fn a_bill_without_a_single_cost_is_refused_and_one_empty_cell_is_no_zero() {
    let (empty, full) = (
        "2025-12-04,Claude Opus 4,D,k,message,≤ 200k,output,,token",
        "2025-12-04,Claude Opus 4,D,k,message,≤ 200k,output,1.00,token",
    );
    let bill = read(&csv(FIRST, &[empty, full])).unwrap();
    assert_eq!((bill.lines[0].amount.as_ref(), bill.lines[0].currency.as_ref()), (None, ""));
    assert_eq!(bill.total("USD"), "1");
    assert_eq!(refused(&csv(FIRST, &[empty])), "`cost_usd` is empty in every row");
}

proptest! {
    #![proptest_config(cases(64))]

    /// Whatever the rows have in common, their sum is the bill, and so is the row of totals below them.
    #[test]
    fn the_lines_sum_to_the_rows(cents in proptest::collection::vec((0i64..100_000, 0usize..3), 1..40)) {
        let types = ["input_no_cache", "output", "something_new"];
        let mut text = format!("{LIST}\n");
        for (cents, kind) in &cents {
            let amount = format!("{}.{:02}", cents / 100, cents % 100);
            let kind = types[*kind];
            text += &format!("2026-06-24,Claude Opus 4.8,D,k,message,≤ 200k,{kind},{amount},{amount},token,global,\n");
        }
        let sum: i64 = cents.iter().map(|(cents, _)| cents).sum();
        let bill = read(&text).unwrap();
        prop_assert_eq!(bill.lines.len(), cents.len());
        prop_assert_eq!(bill.control.totals["USD"], i128::from(sum) * 10_000_000_000);
        let total = |sum: i64| format!("{text}Total,,,,,,,{}.{:02},,,,\n", sum / 100, sum % 100);
        prop_assert_eq!(read(&total(sum)).unwrap().control.skipped["total_row"], 1);
        prop_assert!(read(&total(sum + 1)).is_err());
    }
}
