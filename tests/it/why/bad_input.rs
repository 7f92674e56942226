//! Windows and logs that leave little to say: the answer says what it means and is right for what is left.

use attr::ops::why;
use attr::ops::why::Versus;
use serde_json::json;

use crate::why::Call;
use crate::why::WhyPlan;
use crate::why::ask;
use crate::why::by;
use crate::why::causes;
use crate::why::codes;
use crate::why::effects;
use crate::why::plan;
use crate::why::range;
use crate::why::store;
use crate::why::text;
use crate::why::usd;
use crate::why::week;

#[test]
fn an_empty_store_has_nothing_to_compare() {
    let answer = ask(&store("", 100), &plan());
    assert_eq!((&answer["verdict"], &answer["change_usd"]), (&json!("no_change"), &json!("0")));
    assert_eq!(codes(&answer), ["empty_window", "empty_window"]);
}

#[test]
fn a_baseline_without_a_call_makes_everything_new() {
    let answer = ask(&store(&text(&week(7)), 100), &plan());
    assert_eq!(effects(&answer), [("volume".to_string(), usd(&answer["cost_usd"]))]);
    assert_eq!((&answer["verdict"], causes(&answer).len()), (&json!("broad"), 0));
    assert_eq!(codes(&answer), ["empty_window"]);
}

#[test]
fn a_window_without_a_call_lost_everything() {
    let answer = ask(&store(&text(&week(0)), 100), &plan());
    assert_eq!(effects(&answer), [("volume".to_string(), -usd(&answer["baseline_usd"]))]);
    assert_eq!((&answer["verdict"], causes(&answer).len()), (&json!("broad"), 0));
}

#[test]
fn one_call_is_answered() {
    let answer = ask(&store(&text(&week(7)[..1]), 100), &plan());
    assert_eq!(effects(&answer), [("volume".to_string(), usd(&answer["cost_usd"]))]);
}

#[test]
fn failures_alone_have_a_volume() {
    let mut log: Vec<Call> = week(0);
    log.extend(week(7));
    log.extend(week(7).iter().map(|call| Call { at: call.at + 5, ..call.clone() }));
    log.iter_mut().for_each(|call| call.status = "error");
    let answer = ask(&store(&text(&log), 100), &plan());
    assert_eq!(effects(&answer), [("volume".to_string(), usd(&answer["change_usd"]))]);
    assert_eq!(answer["verdict"], json!("broad"));
}

#[test]
fn calls_without_any_tag_have_no_place_to_name() {
    let mut log = week(0);
    log.extend(
        week(7).iter().flat_map(|call| vec![call.clone(); 3]).enumerate().map(|(n, call)| call.later(n as u32 % 2)),
    );
    for call in &mut log {
        (call.feature, call.version, call.environment, call.plan) = ("", "", "", "");
        call.tenant = String::new();
    }
    let answer = ask(&store(&text(&log), 100), &plan());
    assert_eq!((&answer["verdict"], causes(&answer).len()), (&json!("broad"), 0));
    assert_eq!(effects(&answer)[0].0, "volume");
}

#[test]
fn calls_without_a_price_are_left_out_and_told() {
    let mut log = week(0);
    log.extend(week(7));
    let priced = ask(&store(&text(&log), 100), &plan());
    log.extend(week(7).iter().map(|call| Call { at: call.at + 3, model: "unheard-of", ..call.clone() }));
    let answer = ask(&store(&text(&log), 100), &plan());
    assert_eq!(answer["causes"], priced["causes"]);
    assert_eq!(answer["cost_usd"], priced["cost_usd"]);
    assert!(codes(&answer).contains(&"unpriced_calls"));
    log.iter_mut().for_each(|call| call.model = "unheard-of");
    let answer = ask(&store(&text(&log), 100), &plan());
    assert_eq!((&answer["verdict"], &answer["cost_usd"]), (&json!("no_change"), &json!("0")));
}

#[test]
fn a_dimension_with_a_value_for_every_call_names_nothing() {
    let mut log = week(0);
    log.extend(week(7).into_iter().flat_map(|call| [call.clone(), call.later(0)]));
    log.iter_mut().enumerate().for_each(|(number, call)| call.tenant = format!("tenant-{number}"));
    let answer = ask(&store(&text(&log), 100), &WhyPlan { by: by(&["tenant", "plan"]), ..plan() });
    assert_eq!((&answer["verdict"], causes(&answer).len()), (&json!("broad"), 0));
}

#[test]
fn two_windows_and_no_history_still_answer() {
    let mut log = week(0);
    log.extend(
        week(7).into_iter().map(|call| if call.feature == "chat" { Call { output: 4_000, ..call } } else { call }),
    );
    let answer = ask(&store(&text(&log), 100), &plan());
    assert_eq!(causes(&answer), [json!({"feature": "chat"})]);
    assert!(codes(&answer).contains(&"short_history"));
}

#[test]
fn a_baseline_of_another_length_is_scaled_and_says_so() {
    let mut log = week(0);
    log.extend(week(7));
    let shorter = WhyPlan { versus: Versus::With(range("2026-03-01..2026-03-02")), ..plan() };
    let answer = ask(&store(&text(&log), 100), &shorter);
    assert_eq!((&answer["change_usd"], &answer["baseline_scale"]), (&json!("0"), &json!(3.5)));
    assert!(codes(&answer).contains(&"scaled_baseline"));
    assert!(codes(&answer).contains(&"weekday_mix"));
    let same_days = WhyPlan { window: range("2026-03-09..2026-03-10"), versus: Versus::Weekdays, ..plan() };
    let answer = ask(&store(&text(&log), 100), &same_days);
    assert_eq!(answer["baseline_window"]["since"], json!("2026-03-02T00:00:00Z"));
    assert!(!codes(&answer).contains(&"weekday_mix"));
}

#[test]
fn a_hostile_value_is_quoted_in_the_command_that_shows_it() {
    const HOSTILE: &str = "a'; rm -rf ~ #,\u{1b}[2J$(id)";
    let mut log = week(0);
    log.extend(week(7).into_iter().flat_map(|call| [Call { tenant: HOSTILE.into(), ..call.later(0) }, call]));
    let book = store(&text(&log), 100);
    let answer = ask(&book, &plan());
    assert_eq!(causes(&answer)[0]["tenant"], json!(HOSTILE));
    let command = answer["causes"][0]["evidence"].as_str().unwrap();
    assert!(command.ends_with("--where 'tenant~a'\\''; rm -rf ~ #??[2J$(id)'"), "{command}");
}

#[test]
fn what_cannot_be_asked_says_why() {
    let book = store(&text(&week(0)), 100);
    let refused = |plan: WhyPlan| why::run(&book, &plan).unwrap_err().to_string();
    assert!(refused(WhyPlan { by: by(&["run"]), ..plan() }).contains("new every time"));
    assert!(refused(WhyPlan { by: by(&["colour"]), ..plan() }).contains("no dimension `colour`"));
    assert!(refused(WhyPlan { min_share: Some(0.0), ..plan() }).contains("--min-share"));
    assert!(refused(WhyPlan { versus: Versus::With(range("2026-03-01..")), ..plan() }).contains("open end"));
    let nine = ["feature", "tenant", "team", "model", "provider", "agent", "route", "skill", "task"];
    assert!(refused(WhyPlan { by: by(&nine), ..plan() }).contains("9 dimensions"));
}
