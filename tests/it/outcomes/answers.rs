//! What `attr outcomes` says, on stores small enough to be worked out by hand.

use serde_json::json;

use super::Call;
use super::asked;
use super::book;
use super::call;
use super::outcomes_in;
use super::row;
use super::take;
use super::warns;
use attr::ops::book::Book;
use attr::ops::import::How;

/// Three runs of two tenants and a call of no run. Costs: a $2 + $1, b $4, c $6, and $0.5 of no run.
fn store(outcomes: &str) -> Book {
    let mut book = book();
    let log = [
        call(1, &[("run", "a"), ("tenant", "x"), ("feature", "plan")], 1_000_000),
        call(2, &[("run", "a"), ("tenant", "x"), ("feature", "act")], 500_000),
        call(3, &[("run", "b"), ("tenant", "y"), ("feature", "act")], 2_000_000),
        call(4, &[("run", "c"), ("tenant", "y"), ("feature", "act")], 3_000_000),
        call(5, &[("feature", "chat")], 250_000),
    ];
    take(&mut book, "log.jsonl", log.concat(), How::default());
    if !outcomes.is_empty() {
        outcomes_in(&mut book, "o.csv", outcomes);
    }
    book
}

#[test]
fn one_total_by_hand() {
    let book = store("run,passed,revenue\na,pass,10\nb,fail,\n");
    let document = asked(&book, &[], &[], None);
    assert_eq!(document["units_of"], json!(["run"]));
    assert_eq!(
        document["total"],
        json!({
            "units": 2, "passed": 1, "failed": 1, "pass_rate": 0.5, "calls": 5, "unpriced_calls": 0,
            "cost_usd": "7", "cost_per_pass_usd": "7", "wasted_usd": "4", "revenue_usd": "10", "revenue_units": 1,
            "margin_usd": "3", "without_outcome_usd": "6.5", "coverage": 0.518519
        })
    );
    assert_eq!(document["warnings"], json!([]));
}

#[test]
fn a_run_over_two_groups_is_split_and_its_outcome_told_once() {
    let book = store("run,passed,revenue\na,pass,10\nb,fail,\nc,pass,1\n");
    let document = asked(&book, &["feature"], &[], None);
    let (plan, act, chat) = (row(&document, Some("plan")), row(&document, Some("act")), row(&document, Some("chat")));
    assert_eq!((&plan["cost_usd"], &plan["units"], &plan["revenue_usd"]), (&json!("2"), &json!(1), &json!("10")));
    assert_eq!((&act["cost_usd"], &act["units"], &act["revenue_usd"]), (&json!("11"), &json!(2), &json!("1")));
    assert_eq!((&act["cost_per_pass_usd"], &act["margin_usd"]), (&json!("11"), &json!("-10")));
    assert_eq!(
        (&chat["without_outcome_usd"], &chat["coverage"], chat.get("pass_rate")),
        (&json!("0.5"), &json!(0.0), None)
    );
}

/// As much cost in two groups: the outcome is told in that with the first key, untagged last.
#[test]
fn ties_go_by_key() {
    let mut book = book();
    let log = [
        call(1, &[("run", "a"), ("feature", "zeta")], 100),
        call(2, &[("run", "a"), ("feature", "beta")], 100),
        call(3, &[("run", "a")], 100),
    ];
    take(&mut book, "log.jsonl", log.concat(), How::default());
    outcomes_in(&mut book, "o.csv", "run,passed\na,pass\n");
    let document = asked(&book, &["feature"], &[], None);
    let units = [Some("beta"), Some("zeta"), None].map(|key| row(&document, key)["units"].clone());
    assert_eq!(units, [json!(1), json!(0), json!(0)]);
}

#[test]
fn the_task_is_the_outcome_s_own() {
    let mut book = store("run,task,passed\na,fix,pass\nb,fix,fail\nc,,pass\n");
    take(&mut book, "more.jsonl", call(9, &[("run", "c"), ("task", "draft")], 500_000), How::default());
    let document = asked(&book, &["task"], &[], None);
    let fix = row(&document, Some("fix"));
    assert_eq!((&fix["units"], &fix["cost_usd"], &fix["cost_per_pass_usd"]), (&json!(2), &json!("7"), &json!("7")));
    // An outcome that names none leaves the calls theirs.
    assert_eq!(
        (&row(&document, Some("draft"))["cost_usd"], &row(&document, None)["cost_usd"]),
        (&json!("1"), &json!("6"))
    );
    // And a condition means the same task.
    let only = asked(&book, &["tenant"], &["task=fix"], None);
    assert_eq!((&only["total"]["cost_usd"], &only["total"]["units"]), (&json!("7"), &json!(2)));
    assert_eq!(asked(&book, &[], &["task="], None)["total"]["without_outcome_usd"], "0.5");
    assert_eq!(asked(&book, &[], &["task!=fix"], None)["total"]["cost_usd"], "7");
}

#[test]
fn a_tenant_is_the_calls_own_or_else_the_outcome_s() {
    let mut book = store("run,tenant,passed\na,other,pass\nd,z,pass\n");
    take(&mut book, "more.jsonl", call(9, &[("run", "d")], 1_000_000), How::default());
    let document = asked(&book, &["tenant"], &[], None);
    assert_eq!(
        (&row(&document, Some("x"))["cost_usd"], &row(&document, Some("z"))["cost_usd"]),
        (&json!("3"), &json!("2"))
    );
    assert_eq!(document["rows"].as_array().unwrap().len(), 4, "{document}");
    assert_eq!(asked(&book, &[], &["tenant=z"], None)["total"]["passed"], 1);
}

#[test]
fn nothing_is_divided_by_nothing() {
    // None passed; none was judged; nothing has a price; nothing is there.
    let failed = asked(&store("run,passed\na,fail\n"), &[], &[], None)["total"].clone();
    assert_eq!(
        (failed.get("cost_per_pass_usd"), &failed["pass_rate"], failed.get("revenue_usd")),
        (None, &json!(0.0), None)
    );
    let earned = asked(&store("run,revenue\na,5\n"), &[], &[], None)["total"].clone();
    assert_eq!((earned.get("pass_rate"), earned.get("cost_per_pass_usd")), (None, None));
    assert_eq!((&earned["without_verdict"], &earned["margin_usd"]), (&json!(1), &json!("2")));
    let mut book = book();
    let unpriced = Call { n: 1, model: "unknown", dims: &[("run", "a")], input: 10 }.line();
    take(&mut book, "log.jsonl", unpriced, How::default());
    outcomes_in(&mut book, "o.csv", "run,passed\na,pass\n");
    let document = asked(&book, &[], &[], None);
    let total = &document["total"];
    assert_eq!((&total["passed"], total.get("cost_per_pass_usd"), total.get("coverage")), (&json!(1), None, None));
    assert!(warns(&document, "unpriced_calls"), "{document}");
    let none = asked(&super::book(), &["tenant"], &[], None);
    assert_eq!((&none["total"]["units"], none["rows"].as_array().unwrap().len()), (&json!(0), 0));
    assert!(warns(&none, "no_outcomes") && warns(&none, "empty_window"), "{none}");
}

/// Revenue without a verdict is no attempt: it is not in the cost for each that passed.
#[test]
fn an_unjudged_run_costs_no_pass() {
    let total = asked(&store("run,passed,revenue\na,pass,\nb,,3\nc,fail,\n"), &[], &[], None)["total"].clone();
    assert_eq!((&total["cost_usd"], &total["cost_per_pass_usd"]), (&json!("13"), &json!("9")));
    assert_eq!((&total["units"], &total["without_verdict"], &total["pass_rate"]), (&json!(3), &json!(1), &json!(0.5)));
}

#[test]
fn of_two_outcomes_of_a_call_the_run_s_has_it() {
    let mut book = book();
    let log = [
        call(1, &[("run", "a"), ("session", "s")], 1_000_000),
        call(2, &[("session", "s")], 500_000),
        call(3, &[("run", "b"), ("session", "t")], 500_000),
    ];
    take(&mut book, "log.jsonl", log.concat(), How::default());
    outcomes_in(&mut book, "runs.csv", "run,passed\na,pass\nb,pass\n");
    outcomes_in(&mut book, "sessions.csv", "session,passed\ns,fail\nt,fail\nu,fail\n");
    let document = asked(&book, &[], &[], None);
    let total = &document["total"];
    // The session keeps the call that is of no run; a session without one is told nowhere.
    assert_eq!((&total["units"], &total["cost_usd"], &total["wasted_usd"]), (&json!(3), &json!("4"), &json!("1")));
    assert_eq!(document["units_of"], json!(["run", "session"]));
    assert!(warns(&document, "overlapping_outcomes"), "{document}");
    let codes: Vec<&str> =
        document["warnings"].as_array().unwrap().iter().map(|it| it["message"].as_str().unwrap()).collect();
    assert!(codes.contains(&"1 of 5 outcomes have no call and are in no row"), "{codes:?}");
}

#[test]
fn beyond_the_top_is_summed_and_untagged_stays() {
    let book = store("run,passed,revenue\na,pass,10\nb,fail,\nc,pass,1\n");
    let document = asked(&book, &["run"], &[], Some(1));
    let keys: Vec<_> = document["rows"].as_array().unwrap().iter().map(|row| row["key"]["run"].clone()).collect();
    assert_eq!(keys, [json!("c"), json!(null), json!("(other)")]);
    let other = &document["rows"][2];
    assert_eq!((&other["other"], &other["units"], &other["cost_usd"]), (&json!(true), &json!(2), &json!("7")));
    assert_eq!(asked(&book, &["run"], &[], Some(0))["rows"].as_array().unwrap().len(), 2);
}
