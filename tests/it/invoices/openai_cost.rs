//! OpenAI's cost export: header generations, blank days, exact amounts.

use attr::domain::Charge;
use attr::domain::Quantity;
use attr::domain::Timestamp;
use attr::domain::time::NANOS;
use attr::domain::tokens::Class;
use attr::domain::window::Window;
use proptest::prelude::*;

use super::read;
use super::sample_text;

const OF_2025: &str = "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id,organization_id,organization_name";

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * NANOS)
}

#[test]
fn a_cost_export_is_read_to_the_last_digit() {
    let bill = read(&sample_text("openai_cost/cost_2026-08-01_2026-08-04.csv")).unwrap();
    assert_eq!((bill.format, bill.total("USD").as_str()), ("openai_cost", "1.2717038"));
    assert_eq!((bill.control.rows, bill.control.lines, bill.control.rounded), (8, 7, 0));
    assert_eq!(bill.control.skipped["empty_day"], 1);
    // Two rows that differ in nothing that is kept are two charges.
    assert_eq!(bill.lines[0].amount, bill.lines[1].amount);
    let line = &bill.lines[0];
    assert_eq!((line.row, line.provider.as_ref(), line.charge), (3, "openai", Charge::Tokens(Class::Input)));
    assert_eq!((line.start, line.end), (at(1_785_628_800), at(1_785_715_200)));
    assert_eq!((line.quantity, line.unit.as_deref()), (Some(Quantity::whole(30_346)), None));
    assert_eq!(line.amount.as_ref().map(|amount| amount.pico), Some(4_551_900_000));
    assert_eq!((line.account.as_deref(), line.workspace.as_deref()), (Some("org-lamp"), Some("proj_search")));
    assert_eq!((line.api_key.as_deref(), line.description.as_deref()), (Some("key_search"), None));
    assert_eq!((line.quantum, line.currency.as_ref()), (0, "USD"));
}

#[test]
fn words_that_say_more_are_kept_and_people_are_not() {
    let bill = read(&sample_text("openai_cost/cost_2026-08-01_2026-08-04.csv")).unwrap();
    let [.., search, priority, free, minutes] = bill.lines.as_slice() else { panic!("there are seven lines") };
    assert_eq!((search.charge, search.tool.as_deref()), (Charge::Tool, Some("web_search")));
    assert_eq!(search.description.as_deref(), Some("web search tool calls"));
    assert_eq!((search.quantity, search.unit.as_deref()), (Some(Quantity::whole(5)), None));
    assert_eq!((priority.tier.as_deref(), priority.long_context), (Some("priority"), Some(true)));
    assert_eq!((free.tier.as_deref(), free.amount.as_ref().map(|it| it.pico)), (Some("incentivized-tier"), Some(0)));
    assert_eq!((minutes.charge, minutes.unit.as_deref()), (Charge::Other, Some("duration_minutes")));
    assert_eq!(minutes.quantity, Some(Quantity(2_050_000)));
    let told = format!("{:?}", bill.lines);
    for personal in ["user-1", "lamplight.example", "Lamplight"] {
        assert!(!told.contains(personal), "{personal}");
    }
}

#[test]
fn a_file_whose_days_tile_a_span_speaks_for_it() {
    let bill = read(&sample_text("openai_cost/cost_2026-08-01_2026-08-04.csv")).unwrap();
    let whole = Window { since: Some(at(1_785_542_400)), until: Some(at(1_785_801_600)) };
    assert_eq!((bill.statement.covers, bill.statement.zone.as_str()), (whole, "UTC"));
    assert!(bill.statement.notes.is_empty());
    let without_a_day: String = sample_text("openai_cost/cost_2026-08-01_2026-08-04.csv")
        .lines()
        .filter(|line| !line.starts_with("1785628800"))
        .map(|line| format!("{line}\n"))
        .collect();
    let bill = read(&without_a_day).unwrap();
    assert_eq!(bill.statement.covers, Window::default());
    assert!(bill.statement.notes[0].contains("no bucket from 2026-08-02T00:00:00Z to 2026-08-03"));
}

#[test]
fn an_ungrouped_export_of_the_oldest_header_is_a_day_of_whole_calls() {
    let text = format!(
        "{OF_2025}\n\
         1759622400,1759708800,2025-10-05T00:00:00+00:00,2025-10-06T00:00:00+00:00,0.8958740000000000,usd,,,org-lamp,Lamplight\n\
         1759708800,1759795200,2025-10-06T00:00:00+00:00,2025-10-07T00:00:00+00:00,,,,,,\n"
    );
    let bill = read(&text).unwrap();
    let line = &bill.lines[0];
    assert_eq!((line.charge, line.model.as_deref(), line.description.as_deref()), (Charge::Call, None, None));
    assert_eq!((bill.total("USD").as_str(), line.quantity, line.long_context), ("0.895874", None, None));
    assert_eq!(bill.control.skipped["empty_day"], 1);
    let with_tabs = text.replace(',', "\t");
    assert_eq!(read(&with_tabs).unwrap().total("USD"), "0.895874");
}

#[test]
fn a_window_without_charges_has_four_columns_and_speaks_for_its_days() {
    let bill = read(
        "start_time,end_time,start_time_iso,end_time_iso\n\
         1785542400,1785628800,2026-08-01T00:00:00+00:00,2026-08-02T00:00:00+00:00\n\
         1785628800,1785715200,2026-08-02T00:00:00+00:00,2026-08-03T00:00:00+00:00\n",
    )
    .unwrap();
    assert_eq!((bill.format, bill.lines.len(), bill.control.skipped["empty_day"]), ("openai_cost", 0, 2));
    assert_eq!(bill.statement.covers, Window { since: Some(at(1_785_542_400)), until: Some(at(1_785_715_200)) });
}

#[test]
fn columns_may_stand_in_any_order_and_unknown_ones_are_passed_over() {
    let bill = read(
        "api_source,line_item,amount_currency,amount_value,end_time_iso,start_time_iso,end_time,start_time\n\
         responses,\"gpt-5.6-terra, cache writes\",eur,1e-3,x,y,1785628800,1785542400.0\n",
    )
    .unwrap();
    assert_eq!((bill.lines[0].charge, bill.total("EUR").as_str()), (Charge::CacheWrite, "0.001"));
}

#[test]
fn a_renamed_column_and_a_broken_cell_refuse_the_file() {
    let row = "1785542400,1785628800,2026-08-01T00:00:00,2026-08-02T00:00:00";
    let header = "start_time,end_time,start_time_iso,end_time_iso";
    for (columns, cells, expected) in [
        ("amount,amount_currency,line_item", "1,usd,x", "`amount_value` is missing"),
        ("amount_value,currency,line_item", "1,usd,x", "`amount_currency` is missing"),
        ("amount_value,amount_currency,item", "1,usd,x", "`line_item` is missing"),
        ("amount_value,amount_currency,line_item", "1.2.3,usd,x", "`amount_value` is not a number"),
        ("amount_value,amount_currency,line_item", "\"1,20\",usd,x", "spreadsheet"),
        ("amount_value,amount_currency,line_item", "1,,x", "`amount_currency` is empty"),
        ("amount_value,amount_currency,line_item", "1,dollars,x", "not a currency"),
        ("amount_value,amount_currency,line_item,quantity", "1,usd,x,many", "`quantity` is not a number"),
    ] {
        let refused = read(&format!("{header},{columns}\n{row},{cells}\n")).err().unwrap_or_default();
        assert!(refused.contains(expected), "{columns} {cells}: {refused}");
    }
}

#[test]
fn times_are_unix_seconds_and_nothing_else() {
    for (start, end, expected) in [
        ("2026-08-01T00:00:00", "1785628800", "`start_time` is not in Unix seconds"),
        ("1.78554E+09", "1785628800", "a spreadsheet has rounded it"),
        ("1785542400", "", "`end_time` is empty"),
        ("1785628800", "1785542400", "not after"),
    ] {
        let text = format!(
            "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item\n\
             {start},{end},2026-08-01T00:00:00,2026-08-02T00:00:00,1,usd,\n"
        );
        let refused = read(&text).err().unwrap_or_default();
        assert!(refused.contains(expected), "{start} {end}: {refused}");
    }
}

proptest! {
    #[test]
    fn the_lines_sum_to_the_rows(amounts in proptest::collection::vec((-1_000_000i64..1_000_000, 0usize..28), 1..20)) {
        let mut text = String::from("start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item\n");
        for (amount, zeros) in &amounts {
            let sign = if *amount < 0 { "-" } else { "" };
            let zeros = "0".repeat(*zeros);
            let (whole, rest) = (amount.abs() / 1_000, amount.abs() % 1_000);
            text += &format!("1785542400,1785628800,,,{sign}{whole}.{rest:03}{zeros},usd,\"gpt-4o, input\"\n");
        }
        let bill = read(&text).unwrap();
        let sum: i64 = amounts.iter().map(|(amount, _)| amount).sum();
        prop_assert_eq!(bill.control.totals["USD"], i128::from(sum) * 1_000_000_000);
        prop_assert_eq!((bill.lines.len(), bill.control.rounded), (amounts.len(), 0));
    }
}
