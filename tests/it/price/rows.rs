//! Which row holds: by date, by the size of the prompt, by what was known on a day.

use super::*;

#[test]
fn an_announced_and_cancelled_rise_is_listed_and_never_applied() {
    let call = [(Input, 1_000_000), (Output, 1_000_000)];
    assert_eq!(ask("anthropic", "claude-sonnet-5").on("2026-10-01").usd(&call), "12");
    let model = builtin().find_model(Some("anthropic"), "claude-sonnet-5").unwrap();
    let withdrawn: Vec<&Price> = model.prices.iter().filter(|row| row.withdrawn.is_some()).collect();
    assert_eq!(withdrawn.len(), 2);
    assert_eq!((withdrawn[0].known, withdrawn[0].withdrawn), (Some(at("2026-06-30")), Some(at("2026-08-10"))));
}

#[test]
fn scheduled_changes_come_when_announced() {
    let call = [(Input, 1_000_000), (CacheRead, 1_000_000), (Output, 1_000_000)];
    for (model, eve, day, before, after) in [
        ("gemini-4-argon", "2026-11-30T23:59:59Z", "2026-12-01", "12.1", "24.2"),
        ("gemini-3.8-flash", "2026-12-31T23:59:59Z", "2027-01-01", "4.575", "9.15"),
    ] {
        assert_eq!(ask("google", model).on(eve).usd(&call), before);
        assert_eq!(ask("google", model).on(day).usd(&call), after);
    }
    let read = [(CacheRead, 1_000_000)];
    assert_eq!(ask("anthropic", "claude-sonnet-5-5").on("2026-10-06T23:59:59Z").usd(&read), "0.2");
    assert_eq!(ask("anthropic", "claude-sonnet-5-5").on("2026-10-07").usd(&read), "0.1");
    let read = [(Input, 1_000_000), (CacheRead, 1_000_000), (Output, 1_000_000)];
    assert_eq!(ask("openai", "o3").on("2025-06-09T23:59:59Z").usd(&read), "52.5");
    assert_eq!(ask("openai", "o3").on("2025-06-10").usd(&read), "10.5");
}

#[test]
fn what_is_not_sold_any_more_or_for_that_size_has_no_price() {
    // Priority of GPT-5.5 excludes long context.
    let fast = ask("openai", "gpt-5.5").tier("fast");
    assert_eq!(fast.usd(&[(Input, 272_000)]), "3.4");
    assert_eq!(fast.why(&[(Input, 272_001)]), Unpriced::ModeNotSold);
    // The 1M beta of Sonnet 4.5 ended.
    let sonnet = |day| ask("anthropic", "claude-sonnet-4-5").on(day);
    assert_eq!(sonnet("2026-04-30").usd(&[(Input, 200_001)]), "1.200006");
    assert_eq!(sonnet("2026-05-01").why(&[(Input, 200_001)]), Unpriced::ModeNotSold);
    assert_eq!(sonnet("2026-05-01").usd(&[(Input, 200_000)]), "0.6");
    // Fast mode of Opus 4.6 ended; usage.speed then says standard.
    let opus = |day| ask("anthropic", "claude-opus-4-6").tier("fast").on(day);
    assert_eq!(opus("2026-08-05").usd(&[(Output, 1_000)]), "0.15");
    assert_eq!(opus("2026-08-06").why(&[(Output, 1_000)]), Unpriced::ModeNotSold);
}

#[test]
fn a_dash_on_the_page_bills_as_input_and_is_flagged() {
    let ask = ask("openai", "gpt-4.1").tier("batch");
    // 1,000 x 1 + 1,000 x 1 (no cached price in Batch) + 1,000 x 4
    let bill = ask.bill(&[(Input, 1_000), (CacheRead, 1_000), (Output, 1_000)]).unwrap();
    assert_eq!((bill.cost.to_string().as_str(), bill.fallback), ("0.006", true));
    assert_eq!(bill.items[1].billed_as.as_deref(), Some("input"));
    assert!(!ask.bill(&[(Input, 1_000)]).unwrap().fallback);
}

#[test]
fn bands_may_start_at_a_size_as_well_as_after_it() {
    // xAI's cliff is "at least 200,000".
    let low = "mode = \"standard\"\nfrom = 2026-01-01\nprompt_below = 200000\nusd_per_mtok = { input = \"1\" }";
    let high = "mode = \"standard\"\nfrom = 2026-01-01\nprompt_from = 200000\nusd_per_mtok = { input = \"2\" }";
    let table = table(&format!("{}\n[[model.price]]\n{high}\n", one_model(low)));
    let usd = |n| ask("s", "m").of(&table).usd(&[(Input, n)]);
    assert_eq!([usd(199_999), usd(200_000), usd(200_001)], ["0.199999", "0.4", "0.400002"]);
}

#[test]
fn a_row_may_start_at_a_clock_time_or_hold_since_launch() {
    let timed = table(&one_model(&ROW.replace("2026-01-01", "2026-08-16T18:00:00+02:00")));
    let usd = |time| ask("s", "m").of(&timed).on(time).bill(ONE).map(|bill| bill.cost.pico());
    assert_eq!(usd("2026-08-16T15:59:59Z"), Err(Unpriced::NoPriceAtTime));
    assert_eq!(usd("2026-08-16T16:00:00Z"), Ok(1_000_000));
    let launch = table(&one_model(&ROW.replace("from", "since_launch = true\nfrom")));
    assert_eq!(ask("s", "m").of(&launch).on("2020-01-01").usd(&[(Input, 1_000)]), "0.001");
}

#[test]
fn a_table_as_it_stood_on_a_day_has_the_rise_that_was_announced_then() {
    // Sonnet 5 was to rise from 2 and 10 to 3 and 15 on 2026-09-01: announced 2026-06-30, cancelled 2026-08-10.
    let call = [(Input, 1_000_000), (Output, 1_000_000)];
    let before = builtin().known_on(at("2026-06-29"));
    // Before its launch nobody knew the model's price at all.
    assert_eq!(ask("anthropic", "claude-sonnet-5").of(&before).why(&call), Unpriced::ModeNotSold);
    for (day, cost) in [("2026-06-30", "18"), ("2026-08-09", "18"), ("2026-08-10", "12")] {
        let then = builtin().known_on(at(day));
        let sonnet = |time| ask("anthropic", "claude-sonnet-5").of(&then).on(time);
        assert_eq!(sonnet("2026-08-31T23:59:59Z").usd(&call), "12", "known on {day}");
        assert_eq!(sonnet("2026-09-01").usd(&call), cost, "known on {day}");
        assert_eq!(sonnet("2026-10-01").usd(&call), cost, "known on {day}");
        // In Batch it was to be half of both.
        let half = if cost == "18" { "9" } else { "6" };
        assert_eq!(sonnet("2026-10-01").tier("batch").usd(&call), half, "known on {day}");
        // Nobody takes that table for today's.
        assert_eq!(then.id(), format!("{}+known-on.{day}", builtin().id()));
    }
}

#[test]
fn what_became_known_later_was_not_known_then() {
    let works = table(WORKSHOP);
    let call = [(Output, 1_000_000)];
    let mill = |table: &Table, time| ask("works", "mill").of(table).on(time).usd(&call);
    // The rise of December became known on 2026-11-01; the one of September was withdrawn on 2026-08-10.
    assert_eq!([mill(&works, "2026-11-30T23:59:59Z"), mill(&works, "2026-12-01")], ["0.3", "0.6"]);
    let then = works.known_on(at("2026-10-31"));
    assert_eq!([mill(&then, "2026-09-01"), mill(&then, "2026-12-01")], ["0.3", "0.3"]);
    let then = works.known_on(at("2026-07-01"));
    assert_eq!([mill(&then, "2026-08-31T23:59:59Z"), mill(&then, "2026-12-01")], ["0.3", "15"]);
    let then = works.known_on(at("2026-11-01"));
    assert_eq!([mill(&then, "2026-09-01"), mill(&then, "2026-12-01")], ["0.3", "0.6"]);
}

#[test]
fn a_table_as_it_stood_on_a_day_keeps_what_was_agreed() {
    let table = agreed("[[override]]\nseller = \"anthropic\"\ndiscount = \"0.5\"\n");
    let then = table.known_on(at("2026-07-01"));
    let ask = ask("anthropic", "claude-sonnet-5").of(&then).on("2026-10-01");
    // (3 + 15) x 0.5
    assert_eq!(ask.usd(&[(Input, 1_000_000), (Output, 1_000_000)]), "9");
}
