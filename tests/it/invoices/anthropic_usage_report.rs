//! Pages of the Admin API for usage.

use attr::domain::Charge;
use attr::domain::Class;

use super::*;

fn page(start: &str, end: &str, result: &str, more: bool) -> String {
    format!(r#"{{"data":[{{"starting_at":"{start}","ending_at":"{end}","results":[{result}]}}],"has_more":{more}}}"#)
}

const RESULT: &str = r#"{"uncached_input_tokens":5,"cache_creation":{"ephemeral_1h_input_tokens":3,"ephemeral_5m_input_tokens":4},"cache_read_input_tokens":2,"output_tokens":1,"server_tool_use":{"web_search_requests":0},"api_key_id":null,"workspace_id":null,"model":null,"service_tier":null,"context_window":null}"#;

#[test]
fn a_result_becomes_a_line_a_class() {
    let bill = read(&page("2026-08-04T10:01:00Z", "2026-08-04T10:02:00Z", RESULT, false)).unwrap();
    assert_eq!(bill.format, "anthropic_usage_report");
    let counts: Vec<_> = bill.lines.iter().map(|line| (line.charge, line.quantity.unwrap().rounded())).collect();
    let expected = [
        (Class::Input, 5),
        (Class::CacheRead, 2),
        (Class::CacheWrite5m, 4),
        (Class::CacheWrite1h, 3),
        (Class::Output, 1),
    ];
    assert_eq!(counts, expected.map(|(class, count)| (Charge::Tokens(class), count)));
    let line = &bill.lines[0];
    assert_eq!(
        (line.start.to_string(), line.end.to_string()),
        ("2026-08-04T10:01:00Z".into(), "2026-08-04T10:02:00Z".into())
    );
    assert_eq!((&line.amount, &line.model, &line.tier, &line.api_key), (&None, &None, &None, &None));
    assert!(bill.control.totals.is_empty());
}

#[test]
fn the_sample_tells_tiers_and_that_priority_is_charged_elsewhere() {
    let bill = sample("anthropic_usage_report/usage_report.json");
    assert_eq!(bill.lines.len(), 11);
    let tier = |at: usize| bill.lines[at].tier.as_deref();
    assert_eq!((tier(0), tier(10)), (Some("priority"), Some("batch")));
    assert_eq!((bill.lines[5].charge, bill.lines[5].tool.as_deref()), (Charge::Tool, Some("web_search")));
    assert_eq!((bill.lines[0].region.as_deref(), bill.lines[10].region.as_deref()), (Some("us"), None));
    assert_eq!(bill.statement.notes.len(), 1, "once, however many lines");
    assert!(bill.statement.notes[0].starts_with("Priority Tier tokens are counted here"));
    assert_eq!(bill.statement.covers.until.unwrap().to_string(), "2026-08-04T12:00:00Z");
    assert_eq!(bill.control.skipped["empty_bucket"], 1);
}

#[test]
fn a_fast_speed_is_a_tier_and_a_missing_last_page_is_noted() {
    let fast = RESULT.replace(r#""service_tier":null"#, r#""service_tier":"standard","speed":"fast""#);
    let bill = read(&page("2026-08-04T00:00:00Z", "2026-08-05T00:00:00Z", &fast, true)).unwrap();
    assert_eq!(bill.lines[0].tier.as_deref(), Some("fast"));
    assert_eq!(bill.statement.notes, ["the last page says has_more: pages behind it are missing"]);
}

#[test]
fn who_the_person_was_is_not_kept() {
    let person = RESULT.replace(r#""model":null"#, r#""model":null,"account_id":"user_01MARGE""#);
    assert!(person.contains("01MARGE"));
    let bill = read(&page("2026-08-04T00:00:00Z", "2026-08-05T00:00:00Z", &person, false)).unwrap();
    assert_eq!(bill.lines.len(), 5);
    assert!(!format!("{:?}", bill.lines).contains("01MARGE"));
}

#[test]
fn renamed_fields_broken_counts_and_broken_times_refuse_the_file() {
    let read = |start: &str, result: &str| refused(&page(start, "2026-08-05T00:00:00Z", result, false));
    for name in ["cache_creation", "output_tokens", "ephemeral_5m_input_tokens"] {
        let reason = read("2026-08-04T00:00:00Z", &RESULT.replace(&format!("\"{name}\""), "\"renamed\""));
        assert!(reason.contains(&format!("column `{name}` is missing")), "{reason}");
    }
    let reason = read("2026-08-04T00:00:00Z", &RESULT.replace(r#""output_tokens":1"#, r#""output_tokens":-1"#));
    assert!(reason.contains("`output_tokens` is negative"), "{reason}");
    assert!(read("yesterday", RESULT).contains("`starting_at`"));
    assert!(read("2026-08-05T00:00:00Z", RESULT).contains("`ending_at` is not after `starting_at`"));
}
