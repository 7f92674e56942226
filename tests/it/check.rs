//! Gates: what passes, what fails, what cannot be judged, and what a settings file may say of them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;

use attr::analyze::check::budget::Calendar;
use attr::analyze::check::budget::DayLeft;
use attr::analyze::check::rise::Judgement;
use attr::analyze::check::rise::Measured;
use attr::analyze::check::rise::judged;
use attr::domain::Usd;
use proptest::prelude::*;
use serde_json::Value;

use crate::world::World;
use crate::world::cases;

const DAY: i64 = 86_400_000_000_000;

/// A call of output alone, at $5 a million tokens.
fn call(n: usize, day: &str, feature: &str, tokens: u64) -> String {
    let feature = serde_json::to_string(feature).unwrap();
    format!(
        "{{\"ts\":\"{day}T10:00:00Z\",\"request_id\":\"r{n}\",\"provider\":\"anthropic\",\"model\":\"claude-haiku-4-5\",\"run\":\"run-{n}\",\"feature\":{feature},\"uncached_input_tokens\":0,\"output_tokens\":{tokens}}}\n"
    )
}

/// A dollar a day in October and November, as ten calls of ten cents each.
fn steady(world: &World) {
    let mut log = String::new();
    let mut n = 0;
    for month in [10, 11] {
        for day in 1..=(if month == 10 { 31 } else { 10 }) {
            for _ in 0..10 {
                n += 1;
                log += &call(n, &format!("2026-{month}-{day:02}"), "chat", 20_000);
            }
        }
    }
    world.attr(&["import", "-q", &world.write("calls.jsonl", log)]).ended(0);
}

fn check(world: &World, settings: &str, args: &[&str]) -> crate::world::Ran {
    world.write("attr.toml", settings);
    let all: Vec<&str> = ["check", "--as-of", "2026-11-11T00:00:00Z"].iter().chain(args).copied().collect();
    world.attr(&all)
}

fn gates(answer: &Value) -> Vec<(String, String)> {
    let gate =
        |gate: &Value| (gate["name"].as_str().unwrap().to_string(), gate["status"].as_str().unwrap().to_string());
    answer["gates"].as_array().unwrap().iter().map(gate).collect()
}

#[test]
fn a_steady_spend_is_forecast_to_the_last_digit() {
    let world = World::new();
    steady(&world);
    let settings = |usd: &str, forecast: &str| {
        format!("[[check.budget]]\nusd = \"{usd}\"\nperiod = \"month\"\nforecast = \"{forecast}\"\n")
    };
    let answer = check(&world, &settings("30", "fail"), &["--json"]).ended(0).json();
    assert_eq!(answer["gates"][0]["spent_usd"], "10");
    assert_eq!(answer["gates"][0]["forecast_usd"], "30");
    for (usd, forecast, code, status) in [
        ("29.99", "fail", 1, "failed"),
        ("29.99", "warn", 0, "warned"),
        ("29.99", "off", 0, "passed"),
        ("9.99", "off", 1, "failed"),
    ] {
        let answer = check(&world, &settings(usd, forecast), &["--json"]).ended(code).json();
        assert_eq!(answer["gates"][0]["status"], status, "{usd} {forecast}");
    }
    check(&world, &settings("1", "fail"), &["--no-fail"]).ended(0);
}

#[test]
fn a_window_judges_every_period_that_it_touches() {
    let world = World::new();
    steady(&world);
    let settings = "[[check.budget]]\nusd = 30\nperiod = \"month\"\n";
    let answer = check(&world, settings, &["--period", "2026-10", "--json"]).ended(1).json();
    assert_eq!(answer["gates"][0]["spent_usd"], "31");
    let once = "[[check.budget]]\nusd = \"4.99\"\nperiod = \"2026-10-01..2026-10-05\"\n";
    assert_eq!(check(&world, once, &["--json"]).ended(1).json()["gates"][0]["spent_usd"], "5");
}

#[test]
fn each_value_has_the_budget_to_itself() {
    let world = World::new();
    let log = call(1, "2026-11-10", "chat", 400_000) + &call(2, "2026-11-10", "digest", 200_000);
    world.attr(&["import", "-q", &world.write("calls.jsonl", log)]).ended(0);
    let settings = "[[check.budget]]\nusd = \"1.5\"\nperiod = \"day\"\nby = \"feature\"\n";
    let answer = check(&world, settings, &["--period", "2026-11-10", "--json"]).ended(1).json();
    let gate = &answer["gates"][0];
    assert_eq!(
        (&gate["key"]["feature"], &gate["spent_usd"], &gate["over_count"]),
        (&"chat".into(), &"2".into(), &1.into())
    );
}

#[test]
fn shares_of_what_nobody_can_account_for() {
    let world = World::new();
    let bare = "{\"ts\":\"2026-11-10T10:00:00Z\",\"request_id\":\"b\",\"provider\":\"anthropic\",\"model\":\"claude-haiku-4-5\",\"uncached_input_tokens\":0,\"output_tokens\":200000}\n";
    let unknown = bare.replace("claude-haiku-4-5", "nobody-knows-1").replace("\"b\"", "\"u\"");
    let log = call(1, "2026-11-10", "chat", 600_000) + bare + &unknown;
    world.attr(&["import", "-q", &world.write("calls.jsonl", log)]).ended(0);
    let settings =
        |untagged, unpriced| format!("[check]\nuntagged = {{ feature = {untagged} }}\nunpriced = {unpriced}\n");
    let answer = check(&world, &settings("0.25", "0.34"), &["--json"]).ended(0).json();
    assert_eq!(answer["gates"][0]["share"], 0.25);
    assert_eq!(answer["gates"][1]["unpriced_calls"], 1);
    check(&world, &settings("0.24", "0.34"), &[]).ended(1);
    check(&world, &settings("0.25", "0.33"), &[]).ended(1);
}

const RISE: &str = "[[check.rise]]\nname = \"a call\"\nby = [\"feature\"]\nmost = 0.1\n";

#[test]
fn a_baseline_written_and_read_shows_no_rise() {
    let world = World::new();
    steady(&world);
    let file = world.path("base.json").display().to_string();
    check(&world, RISE, &["--write-baseline", &file, "--reason", "agreed"]).ended(0);
    assert!(fs_err::read_to_string(&file).unwrap().contains("\"reason\": \"agreed\""));
    let answer = check(&world, RISE, &["--baseline", &file, "--json"]).ended(0).json();
    assert_eq!((&answer["gates"][0]["rise"], &answer["gates"][0]["status"]), (&0.0.into(), &"passed".into()));
}

#[test]
fn a_rise_fails_beyond_what_is_allowed_and_beyond_noise() {
    let world = World::new();
    steady(&world);
    let file = world.path("base.json").display().to_string();
    check(&world, RISE, &["--period", "2026-10", "--write-baseline", &file, "--reason", "agreed"]).ended(0);
    let mut log = String::new();
    (0..20).for_each(|n| log += &call(1000 + n, "2026-11-10", "chat", 23_000));
    (0..20).for_each(|n| log += &call(2000 + n, "2026-11-10", "digest", 23_000));
    let later = world.write("later.jsonl", log);
    let answer = check(&world, RISE, &["--from", &later, "--baseline", &file, "--json"]).ended(1).json();
    let gate = &answer["gates"][0];
    assert_eq!((&gate["key"]["feature"], &gate["mean_usd"]), (&"chat".into(), &"0.115".into()));
    assert_eq!((&gate["over_count"], &gate["new_groups"]), (&1.into(), &1.into()));
    // Fifteen percent that chance brings as often.
    let mut log = String::new();
    (0..20).for_each(|n| log += &call(3000 + n, "2026-11-10", "chat", if n % 2 == 0 { 1_000 } else { 45_000 }));
    let noisy = world.write("noisy.jsonl", log);
    check(&world, RISE, &["--from", &noisy, "--baseline", &file]).ended(0);
    // Two calls prove nothing.
    let few = world.write("few.jsonl", call(1, "2026-11-10", "chat", 90_000) + &call(2, "2026-11-10", "chat", 90_000));
    let answer = check(&world, RISE, &["--from", &few, "--baseline", &file, "--json"]).ended(0).json();
    assert_eq!(answer["gates"][0]["status"], "warned");
}

#[test]
fn baseline_files_of_others_are_refused_or_said() {
    let world = World::new();
    steady(&world);
    let file = |name: &str, text: &str| world.write(name, text);
    check(&world, RISE, &["--baseline", &file("a.json", "{}")]).ended(2).says("a.json:1: this is no baseline file");
    check(&world, RISE, &["--baseline", &file("b.json", "{\"baseline_version\": 9, \"new\": 1}")])
        .ended(2)
        .says("of version 9");
    check(&world, RISE, &["--baseline", &file("c.json", "\u{feff}\0\u{1b}")]).ended(2).says("no baseline file");
    check(&world, RISE, &["--baseline", "missing.json"]).ended(2).says("missing.json");
    let other = world.path("other.json").display().to_string();
    let digest = RISE.replace("a call", "another");
    check(&world, &digest, &["--write-baseline", &other, "--reason", "agreed"]).ended(0);
    let answer = check(&world, RISE, &["--baseline", &other, "--json"]).ended(0);
    assert_eq!(gates(&answer.json())[0].1, "skipped");
    answer.says("gates that the settings no longer have: another");
    let elsewhere = fs_err::read_to_string(&other).unwrap().replace("another", "a call").replace("chat", "search");
    let elsewhere = elsewhere.replacen("\"price_table\": \"", "\"price_table\": \"old-", 1);
    let answer = check(&world, RISE, &["--baseline", &file("d.json", &elsewhere), "--json"]).ended(0);
    let json = answer.json();
    assert_eq!(json["gates"][0]["message"], "nothing that the baseline file knows occurs here");
    assert_eq!(json["warnings"][0]["code"], "baseline_prices");
}

#[test]
fn settings_that_mean_nothing_are_refused_with_their_line() {
    let world = World::new();
    steady(&world);
    for (settings, words) in [
        ("[[check.budget]]\nusd = \"5\"\n", "attr.toml:1: a budget without a period"),
        ("\n[[check.budget]]\nusd = 5.5\nperiod = \"day\"\n", "attr.toml:2: 5.5 has to stand in quotes"),
        ("[[check.budget]]\nusd = \"-5\"\nperiod = \"day\"\n", "below nothing"),
        ("[[check.budget]]\nusd = \"five\"\nperiod = \"day\"\n", "no amount of dollars"),
        ("[[check.budget]]\nusd = \"5\"\nperiod = \"hour\"\n", "for a day, a week, a month"),
        ("[[check.budget]]\nusd = \"5\"\nperiod = \"fortnight\"\n", "is not a span"),
        ("[[check.budget]]\nusd = \"5\"\nperiod = \"2026-11-01..\"\n", "no start or no end"),
        ("[[check.budget]]\nusd = \"5\"\nperiod = \"day\"\nby = \"hour\"\n", "`hour` is a time"),
        ("[[check.budget]]\nusd = \"5\"\nperiod = \"day\"\nby = \"flavour\"\n", "no dimension `flavour`"),
        ("[[check.budget]]\nusd = \"5\"\nperiod = \"day\"\nwhere = [\"chat\"]\n", "`chat` is not a filter"),
        ("[[check.budget]]\nusd = \"5\"\nperiod = \"day\"\nforecast = \"maybe\"\n", "nothing a forecast can do"),
        ("[[check.budget]]\nusd = \"5\"\nperiod = \"day\"\ncolour = 1\n", "unknown field `colour`"),
        ("[check]\nuntagged = { fetaure = 0.1 }\n", "did you mean `feature`"),
        ("[check]\nunpriced = 12.0\n", "attr.toml:2: `unpriced` is a share from 0 to 1"),
        ("[[check.rise]]\nmost = -0.5\n", "`most` is the largest rise"),
        (
            "[[check.rise]]\nmost = 0.5\n[[check.rise]]\nmost = 0.7\n",
            "attr.toml:3: two gates are called `cost per call`",
        ),
        ("", "no gate to check"),
    ] {
        check(&world, settings, &[]).ended(2).says(words);
    }
    check(&world, RISE, &["--write-baseline", "x.json"]).ended(2).says("--reason");
    check(&world, "[check]\nunpriced = 0.0\n", &["--write-baseline", "x.json", "--reason", "y"])
        .ended(2)
        .says("no [[check.rise]]");
}

#[test]
fn nothing_to_judge_by_is_said_and_fails_nothing() {
    let world = World::new();
    steady(&world);
    let settings = format!(
        "[check]\nunpriced = 0.0\nuntagged = {{ feature = 0.0 }}\n[[check.budget]]\nusd = 1\nperiod = \"day\"\nby = \"feature\"\n{RISE}"
    );
    let answer = check(&world, &settings, &["--period", "2025-01", "--json"]).ended(0).json();
    assert!(gates(&answer).iter().all(|(_, status)| status == "skipped"), "{answer}");
}

#[test]
fn annotations_hold_no_line_that_a_log_has_written() {
    let world = World::new();
    let hostile = "chat\n::error::pwned\r%0A\u{1b}[2J";
    world.attr(&["import", "-q", &world.write("calls.jsonl", call(1, "2026-11-10", hostile, 400_000))]).ended(0);
    let settings = "[[check.budget]]\nusd = 1\nperiod = \"month\"\nby = \"feature\"\n";
    let ran = check(&world, settings, &["--format", "github"]).ended(1);
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
    assert!(ran.out.contains("chat%0A::error::pwned%0D%250A") && !ran.out.contains('\u{1b}'), "{}", ran.out);
    world.attr(&["slice", "--format", "github"]).ended(2).says("only `attr check`");
}

proptest! {
    #![proptest_config(cases(64))]

    /// The parts of a period that is split at any moment add up: what is forecast for two halves is that of the whole.
    #[test]
    fn a_forecast_of_parts_is_that_of_the_whole(
        history in prop::array::uniform7(0i128..5_000_000_000_000),
        days in prop::array::uniform7(1u32..4),
        left in prop::collection::vec((0usize..7, 0i64..=24), 0..40),
        at in 0usize..40,
    ) {
        let usd = history.map(|pico| Usd::from_pico(pico * 24 * 6));
        let left: Vec<DayLeft> = left
            .into_iter()
            .map(|(weekday, hours)| DayLeft { weekday, left: hours * DAY / 24, length: DAY })
            .collect();
        let rest = |left: &[DayLeft]| Calendar { days, left: left.to_vec(), elapsed: 0 }.rest(Usd::ZERO, &usd).unwrap();
        let at = at.min(left.len());
        prop_assert_eq!(rest(&left), rest(&left[..at]) + rest(&left[at..]));
    }

    /// A rise is judged the same whatever the unit of money, and no fall is too much.
    #[test]
    fn a_judgement_knows_no_currency(
        now in prop::collection::vec(1i128..1_000_000, 1..30),
        before in prop::collection::vec(1i128..1_000_000, 1..30),
        factor in 1i128..1_000,
    ) {
        let measured = |costs: &[i128], factor: i128| {
            Measured::of(&costs.iter().map(|cost| Usd::from_pico(cost * 1_000_000 * factor)).collect::<Vec<_>>()).unwrap()
        };
        let judge = |factor| judged(&measured(&now, factor), &measured(&before, factor), 0.1);
        prop_assert_eq!(judge(1), judge(factor));
        let (now, before) = (measured(&now, 1), measured(&before, 1));
        if now.mean() <= before.mean() {
            prop_assert_eq!(judged(&now, &before, 0.1), Judgement::Allowed);
        }
    }
}

#[test]
fn what_was_free_and_costs_now_is_too_much() {
    let measured = |pico: i128| Measured::of(&[Usd::from_pico(pico); 9]).unwrap();
    assert_eq!(judged(&measured(5), &measured(0), 0.5), Judgement::TooMuch);
    assert_eq!(judged(&measured(0), &measured(0), 0.5), Judgement::Allowed);
}

/// The sample has a jump in its last week, which an announcement makes a planned one.
#[test]
fn a_jump_fails_unless_it_was_planned() {
    let world = World::new();
    let log = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/spike/calls.csv");
    let gate = "[check]\nspikes = { min_usd = \"5\" }\n";
    world.write("attr.toml", gate);
    let ask = |world: &World| {
        world.attr(&["check", "--from", log, "--since", "2026-11-10", "--as-of", "2026-11-23", "--json"])
    };
    let answer = ask(&world).ended(1).json();
    assert_eq!((&answer["gates"][0]["gate"], &answer["gates"][0]["spikes"]), (&"spikes".into(), &1.into()));
    world.write(
        "attr.toml",
        format!("{gate}[[event]]\nname = \"new prompt\"\nsince = \"2026-11-18\"\nuntil = \"2026-11-23\"\n"),
    );
    ask(&world).ended(0);
    world.write("attr.toml", "[check]\nspikes = { min_times = 0.5 }\n");
    ask(&world).ended(2).says("`min_times` is a number above 1");
    world.write("attr.toml", gate);
    let day = ["check", "--from", log, "--until", "2026-10-19", "--as-of", "2026-10-20", "--json"];
    assert_eq!(world.attr(&day).ended(0).json()["gates"][0]["status"], "skipped");
}

/// Days of a clock change are shorter or longer; a dollar a day stays one.
#[test]
fn clock_changes_move_no_forecast() {
    let world = World::new();
    let mut log = String::new();
    for day in 1..=24 {
        writeln!(log, "{}", call(day, &format!("2026-10-{day:02}"), "chat", 200_000).trim_end()).unwrap();
    }
    world.attr(&["import", "-q", &world.write("calls.jsonl", log)]).ended(0);
    world.write("attr.toml", "[[check.budget]]\nusd = 40\nperiod = \"month\"\n");
    // Midnight in Berlin, before the day of 25 hours.
    let args = ["check", "--timezone", "Europe/Berlin", "--as-of", "2026-10-24T22:00:00Z", "--json"];
    assert_eq!(world.attr(&args).ended(0).json()["gates"][0]["forecast_usd"], "31");
}
