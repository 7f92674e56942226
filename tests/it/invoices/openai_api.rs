//! OpenAI's interfaces of costs and usage: pages of buckets.

use attr::domain::Charge;
use attr::domain::Quantity;
use attr::domain::tokens::Class;
use attr::domain::window::Window;

use super::quantities;
use super::read;
use super::sample_text;

const COST: &str =
    r#"{"object":"organization.costs.result","amount":{"value":VALUE,"currency":"usd"},"line_item":"gpt-4o, input"}"#;

fn page(results: &str, rest: &str) -> String {
    format!(
        r#"{{"object":"page","data":[{{"object":"bucket","start_time":1785542400,"end_time":1785628800,"results":[{results}]}}]{rest}}}"#
    )
}

fn cost(value: &str) -> String {
    COST.replace("VALUE", value)
}

#[test]
fn a_page_of_costs_is_read_whether_its_amounts_are_texts_or_numbers() {
    let bill = read(&sample_text("openai_costs_api/costs.json")).unwrap();
    assert_eq!((bill.format, bill.total("USD").as_str()), ("openai_costs_api", "0.0645519"));
    assert_eq!((bill.control.rows, bill.control.lines, bill.control.rounded), (4, 3, 0));
    let [text, image, whole] = bill.lines.as_slice() else { panic!("there are three lines") };
    assert_eq!((text.charge, text.quantity), (Charge::Tokens(Class::Input), Some(Quantity::whole(30_346))));
    assert_eq!((text.account.as_deref(), text.api_key.as_deref()), (Some("org-lamp"), None));
    assert_eq!((image.charge, image.model.as_deref()), (Charge::Tokens(Class::ImageOut), Some("gpt-image-1")));
    assert_eq!((whole.charge, whole.amount.as_ref().map(|it| it.pico)), (Charge::Call, Some(0)));
    assert_eq!(bill.control.skipped["empty_day"], 1);
    let days = (bill.statement.covers.since.unwrap().to_string(), bill.statement.covers.until.unwrap().to_string());
    assert_eq!(days, ("2026-08-01T00:00:00Z".into(), "2026-08-03T00:00:00Z".into()));
    let rows: Vec<u64> = bill.lines.iter().map(|line| line.row).collect();
    assert_eq!(rows, [2, 3, 4], "rows are counted, whatever lines they stand on");
}

#[test]
fn digits_below_the_last_that_is_kept_are_rounded_and_told() {
    let bill = read(&page(&cost(r#""0.000000000000500000000000000000000000001""#), "")).unwrap();
    let amount = bill.lines[0].amount.clone().unwrap();
    assert_eq!((amount.pico, bill.control.rounded), (1, 1));
    assert_eq!(amount.text.as_deref(), Some("0.000000000000500000000000000000000000001"));
}

#[test]
fn a_file_that_ends_before_its_last_page_says_so() {
    let more = r#","has_more":true,"next_page":"page_2""#;
    let last = r#","has_more":false,"next_page":null"#;
    let cut = read(&page(&cost("1"), more)).unwrap();
    assert!(cut.statement.notes[0].contains("more follow"));
    let whole = read(&format!("{}\n{}\n", page(&cost("1"), more), page(&cost("2"), last))).unwrap();
    assert_eq!((whole.total("USD").as_str(), whole.statement.notes.len()), ("3", 0));
    let empty = read(&page("", last)).unwrap();
    assert_eq!((empty.lines.len(), empty.control.skipped["empty_day"]), (0, 1));
    assert_ne!(empty.statement.covers, Window::default());
}

#[test]
fn a_result_without_its_amount_refuses_the_file() {
    for (result, expected) in [
        (r#"{"object":"organization.costs.result","line_item":"x"}"#.to_string(), "`amount` is missing"),
        (cost(r#""a lot""#), "`value` is not a number"),
        (cost("1").replace("currency", "money"), "`currency` is missing"),
        (cost("1").replace("\"usd\"", "null"), "`currency` is empty"),
        (format!("{},{}", cost("1"), r#"{"object":"organization.usage.completions.result"}"#), "result 2 of the file"),
    ] {
        let refused = read(&page(&result, "")).err().unwrap_or_default();
        assert!(refused.contains(expected), "{result}: {refused}");
    }
}

#[test]
fn a_record_behind_the_first_page_that_is_no_page_refuses_the_file() {
    for (record, expected) in [
        (r#"{"error":{"message":"slow down"}}"#, "neither a page nor a bucket"),
        (r#"{"object":"page","data":[{"object":"bucket","start_time":1785542400}]}"#, "neither a page nor a bucket"),
        (r#"{"object":"page","data":"none"}"#, "no list of buckets"),
    ] {
        let refused = read(&format!("{}\n{record}\n", page(&cost("1"), ""))).err().unwrap_or_default();
        assert!(refused.contains(expected), "{record}: {refused}");
    }
}

#[test]
fn a_log_with_a_start_an_end_and_a_result_is_no_page() {
    for result in [r#""done""#, "[]", "{}"] {
        let log = format!(r#"{{"start_time":1785542400,"end_time":1785542401,"result":{result},"model":"gpt-4o"}}"#);
        assert_eq!(read(&log).err().as_deref(), Some("no bill format claims it"), "{result}");
    }
}

#[test]
fn a_page_of_usage_is_counted_like_the_export() {
    let bill = read(&sample_text("openai_usage_api/completions.json")).unwrap();
    assert_eq!((bill.format, bill.control.rows), ("openai_usage_api", 3));
    assert_eq!(
        quantities(&bill, 2),
        [("input", 30_346), ("cache_read", 4_000), ("output", 29), ("requests", 4)].map(|(name, n)| (name.into(), n))
    );
    assert_eq!(
        quantities(&bill, 3),
        [("input", 6_000), ("cache_read", 2_500), ("cache_write", 1_500), ("output", 900), ("requests", 2)]
            .map(|(name, n)| (name.into(), n))
    );
    assert!(bill.lines.iter().filter(|line| line.row == 2).all(|line| line.tier.is_none()));
    assert!(bill.lines.iter().filter(|line| line.row == 3).all(|line| line.tier.as_deref() == Some("batch")));
    assert!(bill.lines.iter().all(|line| line.amount.is_none() && line.currency.is_empty()));
}

#[test]
fn every_kind_of_usage_has_its_charge() {
    for (result, charge, tool, unit, count) in [
        (r#""object":"organization.usage.embeddings.result","input_tokens":16"#, "input", None, None, 16),
        (r#""object":"organization.usage.moderations.result","input_tokens":9"#, "input", None, None, 9),
        (r#""object":"organization.usage.images.result","images":2"#, "other", None, Some("images"), 2),
        (
            r#""object":"organization.usage.audio_speeches.result","characters":45"#,
            "other",
            None,
            Some("characters"),
            45,
        ),
        (
            r#""object":"organization.usage.audio_transcriptions.result","seconds":20"#,
            "other",
            None,
            Some("seconds"),
            20,
        ),
        (r#""object":"organization.usage.vector_stores.result","usage_bytes":99"#, "storage", None, Some("bytes"), 99),
        (
            r#""object":"organization.usage.code_interpreter_sessions.result","num_sessions":1"#,
            "tool",
            Some("code_interpreter"),
            None,
            1,
        ),
        (
            r#""object":"organization.usage.file_searches.result","num_requests":4"#,
            "tool",
            Some("file_search"),
            None,
            4,
        ),
        (r#""object":"organization.usage.web_searches.result","num_requests":5"#, "tool", Some("web_search"), None, 5),
    ] {
        let bill = read(&page(&format!(r#"{{{result},"num_model_requests":7}}"#), "")).unwrap();
        let line = &bill.lines[0];
        assert_eq!((line.charge.name(), line.tool.as_deref(), line.unit.as_deref()), (charge, tool, unit), "{result}");
        assert_eq!(line.quantity, Some(Quantity::whole(count)), "{result}");
        // The requests that searched stand in the completions' own usage.
        let requests = bill.lines.iter().filter(|line| line.charge == Charge::Requests).count();
        assert_eq!(requests, usize::from(tool != Some("web_search")), "{result}");
    }
}
