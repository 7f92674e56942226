//! Pages of the Admin API for costs.

use attr::domain::Charge;
use attr::domain::Class;
use attr::domain::Window;

use super::*;

fn result(amount: &str, more: &str) -> String {
    format!(r#"{{"currency":"USD","amount":"{amount}","workspace_id":null,"description":"d"{more}}}"#)
}

fn day(day: u32, results: &[String]) -> String {
    let next = day + 1;
    let (start, end) = (format!("2026-08-{day:02}T00:00:00Z"), format!("2026-08-{next:02}T00:00:00Z"));
    format!(r#"{{"starting_at":"{start}","ending_at":"{end}","results":[{}]}}"#, results.join(","))
}

fn page(days: &[String], more: bool) -> String {
    format!(r#"{{"data":[{}],"has_more":{more},"next_page":null}}"#, days.join(","))
}

#[test]
fn amounts_are_cents_with_fractions_and_nothing_is_rounded() {
    let bill = sample("anthropic_cost_report/cost_report.json");
    assert_eq!((bill.format, bill.total("USD").as_str()), ("anthropic_cost_report", "11.605125"));
    let line = &bill.lines[0];
    assert_eq!((line.amount.as_ref().unwrap().pico, line.quantum), (11_450_125_000_000, 0));
    assert_eq!((line.charge, line.tier.as_deref()), (Charge::Tokens(Class::Input), Some("standard")));
    assert_eq!((line.workspace.as_deref(), line.region.as_deref()), (Some("wrkspc_01HARBOR"), Some("global")));
    assert_eq!((line.model.as_deref(), line.long_context), (Some("claude-opus-4-8"), Some(false)));
    assert_eq!(line.description.as_deref(), Some("Claude Opus 4.8 Usage - Input Tokens"));
    let tools: Vec<_> = bill.lines[1..].iter().map(|line| (line.charge, line.tool.as_deref().unwrap())).collect();
    assert_eq!(tools, [(Charge::Tool, "web_search"), (Charge::Tool, "code_execution")]);
}

#[test]
fn days_that_are_printed_empty_make_a_window() {
    let bill = sample("anthropic_cost_report/cost_report.json");
    assert_eq!(bill.control.skipped["empty_bucket"], 1);
    let covers = bill.statement.covers;
    assert_eq!(covers.since.unwrap().to_string(), "2026-08-04T00:00:00Z");
    assert_eq!(covers.until.unwrap().to_string(), "2026-08-06T00:00:00Z");
    assert_eq!(bill.statement.notes, Vec::<String>::new());
}

#[test]
fn pages_come_one_a_line_behind_one_another_in_an_array_or_as_days_alone() {
    let first = page(&[day(4, &[result("100", "")])], true);
    let second = page(&[day(5, &[]), day(6, &[result("23.45", "")])], false);
    let pretty = |page: &str| page.replace(r#""results""#, "\n\"results\"");
    for text in [
        format!("{first}\n{second}\n"),
        format!("{}\n{}", pretty(&first), pretty(&second)),
        format!("[\n{first},\n{second}\n]"),
        format!("[{},{}]", day(4, &[result("100", "")]), day(5, &[result("23.45", "")])),
    ] {
        let bill = read(&text).unwrap();
        assert_eq!((bill.format, bill.total("USD").as_str()), ("anthropic_cost_report", "1.2345"), "{text}");
        assert_eq!(bill.statement.notes, Vec::<String>::new(), "only the last page may say that there are more");
    }
}

#[test]
fn a_missing_last_page_a_gap_and_a_day_told_twice_are_noted() {
    let some = [result("100", "")];
    let more = read(&page(&[day(4, &some)], true)).unwrap();
    assert_eq!(more.statement.notes, ["the last page says has_more: pages behind it are missing"]);
    let gap = read(&page(&[day(4, &some), day(7, &some)], false)).unwrap();
    assert_eq!(gap.statement.covers, Window::default());
    let twice = read(&format!("{0}\n{0}\n", page(&[day(4, &some)], false))).unwrap();
    assert_eq!(twice.total("USD"), "2");
    assert!(twice.statement.notes[0].starts_with("the bucket of 2026-08-04T00:00:00Z is in the file more than once"));
}

#[test]
fn an_amount_that_was_not_broken_down_is_that_of_whole_calls() {
    let bill = read(&page(&[day(4, &[result("100", r#","cost_type":null,"token_type":null"#)])], false)).unwrap();
    assert_eq!(bill.lines[0].charge, Charge::Call);
}

#[test]
fn cache_writes_have_their_lifetime_and_new_token_types_are_kept() {
    let charge = |token_type: &str| {
        let more = format!(r#","cost_type":"tokens","token_type":"{token_type}","context_window":"200k-1M""#);
        let line = read(&page(&[day(4, &[result("1", &more)])], false)).unwrap().lines.remove(0);
        assert_eq!(line.long_context, Some(true));
        line.charge
    };
    assert_eq!(charge("cache_creation.ephemeral_5m_input_tokens"), Charge::Tokens(Class::CacheWrite5m));
    assert_eq!(charge("cache_creation.ephemeral_1h_input_tokens"), Charge::Tokens(Class::CacheWrite1h));
    assert_eq!(charge("cache_read_input_tokens"), Charge::Tokens(Class::CacheRead));
    assert_eq!(charge("output_tokens"), Charge::Tokens(Class::Output));
    assert_eq!(charge("dreamt_tokens"), Charge::Other);
}

#[test]
fn a_fraction_below_a_picodollar_is_counted_and_its_text_kept() {
    let bill = read(&page(&[day(4, &[result("0.00000000015", "")])], false)).unwrap();
    assert_eq!((bill.control.rounded, bill.control.totals["USD"]), (1, 2));
    assert_eq!(bill.lines[0].amount.as_ref().unwrap().text.as_deref(), Some("0.00000000015"));
}

#[test]
fn what_cannot_be_read_refuses_the_bill() {
    let cases = [
        (result("much", ""), "`amount` is not a number"),
        (result("", ""), "`amount` is empty"),
        (result("1", "").replace(r#""amount""#, r#""cost""#), "column `amount` is missing"),
        (result("1", "").replace("USD", "dollars"), "not a currency"),
    ];
    for (broken, expected) in cases {
        let reason = refused(&page(&[day(4, &[broken])], false));
        assert!(reason.contains(expected), "{reason}");
    }
    let reason = refused(&format!("{}\n{{\"error\":1}}\n", page(&[day(4, &[result("1", "")])], false)));
    assert!(reason.contains("line 2: column `starting_at` is missing"), "{reason}");
}
