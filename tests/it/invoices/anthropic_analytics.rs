//! Pages of the analytics APIs for costs.

use attr::domain::Charge;
use attr::domain::Class;
use attr::domain::Quantity;
use attr::domain::Window;

use super::*;

fn bucket(results: &[String]) -> String {
    format!(
        r#"{{"data":[{{"starting_at":"2026-11-04T00:00:00Z","ending_at":"2026-11-05T00:00:00Z","results":[{}]}}],"data_refreshed_at":null,"has_more":false,"next_page":null,"organization_id":"org_01LIGHTHOUSE"}}"#,
        results.join(",")
    )
}

fn result(amount: &str, more: &str) -> String {
    format!(r#"{{"amount":"{amount}","list_amount":"{amount}","currency":"USD","requests":null{more}}}"#)
}

#[test]
fn rows_have_cents_after_and_before_discounts() {
    let bill = sample("anthropic_analytics/cost.json");
    assert_eq!((bill.format, bill.total("USD").as_str()), ("anthropic_analytics", "8.426875"));
    let line = &bill.lines[0];
    assert_eq!(line.amount.as_ref().unwrap().pico, 8_304_375_000_000);
    assert_eq!(line.list.as_ref().unwrap().pico, 9_227_083_300_000);
    assert_eq!((line.account.as_deref(), line.charge), (Some("org_01LIGHTHOUSE"), Charge::Tokens(Class::Output)));
    assert_eq!(
        (line.workspace.as_deref(), line.api_key.as_deref()),
        (Some("wrkspc_01HARBOR"), Some("apikey_01HARBOR"))
    );
    assert_eq!((line.region.as_deref(), line.tier.as_deref()), (Some("us"), Some("standard")));
    assert_eq!((line.quantum, line.long_context), (0, Some(false)));
    assert_eq!(bill.statement.covers, Window::default(), "rows print no empty days");
}

#[test]
fn requests_are_a_line_of_their_own_without_an_amount() {
    let bill = sample("anthropic_analytics/cost.json");
    let [_, call, requests] = &bill.lines[..] else { panic!("three lines") };
    assert_eq!((call.charge, call.description.as_deref()), (Charge::Call, Some("claude_code")));
    assert_eq!((requests.charge, requests.quantity), (Charge::Requests, Some(Quantity::whole(41))));
    assert_eq!((requests.amount.as_ref(), requests.list.as_ref(), requests.currency.as_ref()), (None, None, ""));
}

#[test]
fn a_day_behind_the_watermark_is_not_final() {
    let bill = sample("anthropic_analytics/cost.json");
    let settled: Vec<_> = bill.lines.iter().map(|line| line.settled).collect();
    assert_eq!(settled, [None, Some(false), Some(false)]);
}

#[test]
fn time_buckets_with_flat_results_are_read_too() {
    let more = r#","cost_type":"web_search","token_type":null,"model":null,"speed":"fast""#;
    let bill = read(&bucket(&[result("250", more)])).unwrap();
    assert_eq!((bill.format, bill.total("USD").as_str()), ("anthropic_analytics", "2.5"));
    let line = &bill.lines[0];
    assert_eq!(
        (line.charge, line.tool.as_deref(), line.tier.as_deref()),
        (Charge::Tool, Some("web_search"), Some("fast"))
    );
    assert_eq!(line.account.as_deref(), Some("org_01LIGHTHOUSE"));
    assert_eq!(bill.statement.covers.since.unwrap().to_string(), "2026-11-04T00:00:00Z");
}

#[test]
fn a_bucket_of_a_hundred_groups_may_lack_the_others() {
    let groups = |count: usize| -> Vec<String> {
        (0..count).map(|at| result("1", &format!(r#","model":"model-{at}""#))).collect()
    };
    assert_eq!(read(&bucket(&groups(99))).unwrap().statement.notes, Vec::<String>::new());
    let capped = read(&bucket(&groups(100))).unwrap();
    assert_eq!((capped.lines.len(), capped.statement.notes.len()), (100, 1));
    assert!(capped.statement.notes[0].starts_with("the bucket of 2026-11-04T00:00:00Z has 100 groups or more"));
}

#[test]
fn teams_overlap_and_that_is_noted() {
    let bill = read(&bucket(&[result("1", r#","rbac_group_id":"rbac_group_01CREW""#)])).unwrap();
    assert!(bill.statement.notes[0].starts_with("rows by team overlap"));
}

#[test]
fn rows_of_users_are_read_if_they_have_a_time_and_are_no_whole_bill() {
    let row = r#"{"data":[{"actor":{"type":"user_actor","user_id":"user_01MARGE"},"starting_at":"2026-11-04T00:00:00Z","ending_at":"2026-11-05T00:00:00Z","amount":"150","list_amount":"150","currency":"USD","model":"claude-opus-5-5","product":"chat"}],"has_more":false,"organization_id":"org_01LIGHTHOUSE"}"#;
    let bill = read(row).unwrap();
    assert_eq!((bill.format, bill.total("USD").as_str()), ("anthropic_analytics", "1.5"));
    assert_eq!(
        (bill.lines[0].model.as_deref(), bill.lines[0].description.as_deref()),
        (Some("claude-opus-5-5"), Some("chat"))
    );
    assert!(bill.statement.notes[0].starts_with("costs of users alone"));
    assert!(!format!("{:?}", bill.lines).contains("MARGE"));
    let timeless = row.replace(r#""2026-11-04T00:00:00Z""#, "null").replace(r#""2026-11-05T00:00:00Z""#, "null");
    assert!(refused(&timeless).contains("the rows have no time"));
}

#[test]
fn persons_are_not_kept() {
    let row = r#"{"starting_at":"2026-11-04T00:00:00Z","ending_at":"2026-11-05T00:00:00Z","group":{"actor":{"type":"user_actor","email_address":"marge@lighthouse.example","name":"Marge Pier"},"session_id":"sesn_01","model":"claude-opus-5-5"},"cost":{"amount":"1.5","list_amount":"1.5","currency":"USD","requests":0}}"#;
    let bill = read(&format!("{row}\n")).unwrap();
    assert_eq!((bill.lines.len(), bill.total("USD").as_str()), (1, "0.015"));
    let kept = format!("{:?}", bill.lines);
    assert!(!kept.contains("marge") && !kept.contains("Marge") && !kept.contains("sesn_01"), "{kept}");
}

#[test]
fn what_cannot_be_read_refuses_the_bill() {
    let row = r#"{"data":[{"starting_at":"2026-11-04T00:00:00Z","ending_at":"2026-11-05T00:00:00Z","group":{},"cost":{"amount":"1","list_amount":"1","currency":"USD"}}],"has_more":false}"#;
    assert!(read(row).is_ok());
    let cases = [
        (row.replace(r#""amount":"1""#, r#""amount":"one""#), "`amount` is not a number"),
        (row.replace(r#""amount":"1""#, r#""total":"1""#), "column `amount` is missing"),
        (row.replace(r#""currency""#, r#""money""#), "column `currency` is missing"),
        (row.replace("2026-11-05T00:00:00Z", "soon"), "`ending_at`"),
    ];
    for (broken, expected) in cases {
        // The first still has its `list_amount`, so that it is known for what it is.
        let reason = refused(&broken);
        assert!(reason.contains(expected), "{reason}");
    }
}
