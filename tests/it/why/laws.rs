//! Laws that hold for any log.

use attr::domain::Usd;
use attr::ops::why::Versus;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use crate::why::Call;
use crate::why::WEEK;
use crate::why::ask;
use crate::why::by;
use crate::why::causes;
use crate::why::effects;
use crate::why::plan;
use crate::why::range;
use crate::why::store;
use crate::why::text;
use crate::why::usd;
use crate::why::week;
use crate::world::cases;

/// Calls of two weeks without any order in them: every shape of a cell, empty ones too.
fn calls(most: usize) -> impl Strategy<Value = Vec<Call>> {
    let what = (select(&["", "chat", "search", "digest"][..]), select(&["fast", "swift", "smart", "unheard-of"][..]));
    let how = (select(&["", "v1", "v2", "v3"][..]), select(&["ok", "ok", "ok", "error", "timeout"][..]));
    let who = (0u32..6, select(&["production", "staging"][..]), select(&["", "free", "paid"][..]));
    let tokens = (0u32..40_000, 0u32..40_000, 0u32..9_000);
    let call = (0..2 * WEEK, what, how, who, 0u32..30, tokens).prop_map(
        |(at, (feature, model), (version, status), (tenant, environment, plan), run, (input, cached, output))| Call {
            at,
            feature,
            // Few tenants have most calls.
            tenant: if tenant == 0 { String::new() } else { format!("tenant-{}", tenant / 2) },
            model,
            version,
            status,
            environment,
            plan,
            run,
            input,
            cached,
            output,
        },
    );
    vec(call, 0..most)
}

/// Dimensions to search: the usual ones, few, others.
const SEARCHES: [&[&str]; 5] =
    [&[], &["feature"], &["tenant", "plan"], &["model", "prompt_version", "tier"], &["plan", "region", "route"]];

/// The baseline's calls with other names for how they are done.
fn renamed(calls: &[Call]) -> Vec<Call> {
    let rename = |call: &Call| Call {
        model: if call.model == "fast" { "swift" } else { call.model },
        version: match call.version {
            "chat-v1" => "chat-v2",
            other => other,
        },
        ..call.later(WEEK)
    };
    calls.iter().map(rename).collect()
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn parts_sum_to_the_change_for_any_log_search_and_direction(
        calls in calls(120),
        search in select(&SEARCHES[..]),
        percent in select(&[100u32, 150][..]),
        backwards in any::<bool>(),
        days in 1u32..7,
    ) {
        let book = store(&text(&calls), percent);
        let (period, baseline) = ("2026-03-08..2026-03-14".to_string(), format!("2026-03-01..2026-03-0{days}"));
        let (period, baseline) = if backwards { (baseline, period) } else { (period, baseline) };
        let plan = crate::why::WhyPlan {
            window: range(&period),
            versus: Versus::With(range(&baseline)),
            by: if calls.is_empty() { Vec::new() } else { by(search).into_iter().filter(|axis| axis.to_string() != "plan" || calls.iter().any(|call| !call.plan.is_empty())).collect() },
            min_share: Some(2.0),
            ..plan()
        };
        // `ask` checks the sums.
        ask(&book, &plan);
    }

    #[test]
    fn the_way_back_negates_every_effect(calls in calls(120), percent in select(&[100u32, 150][..])) {
        let book = store(&text(&calls), percent);
        let ahead = ask(&book, &plan());
        let back = crate::why::WhyPlan {
            window: range("2026-03-01..2026-03-07"),
            versus: Versus::With(range("2026-03-08..2026-03-14")),
            ..plan()
        };
        let back = ask(&book, &back);
        prop_assert_eq!(usd(&ahead["change_usd"]), -usd(&back["change_usd"]));
        let negated: Vec<(String, Usd)> = effects(&back).into_iter().map(|(name, usd)| (name, -usd)).collect();
        prop_assert_eq!(effects(&ahead), negated);
    }

    #[test]
    fn the_order_of_lines_changes_nothing(calls in calls(80), seed in any::<u64>()) {
        let lines = text(&calls);
        let mut shuffled: Vec<&str> = lines.lines().collect();
        shuffled.sort_by_key(|line| line.bytes().fold(seed, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())));
        let shuffled = shuffled.join("\n");
        prop_assert_eq!(ask(&store(&lines, 150), &plan()), ask(&store(&shuffled, 150), &plan()));
    }

    #[test]
    fn other_names_for_the_same_work_are_no_cause(first in 0u32..60, count in 20usize..300) {
        let before: Vec<Call> = week(0).into_iter().cycle().skip(first as usize).take(count).collect();
        let mut log = before.clone();
        log.extend(renamed(&before));
        let answer = ask(&store(&text(&log), 100), &plan());
        prop_assert_eq!(&answer["verdict"], &json!("no_change"));
        prop_assert_eq!(&answer["change_usd"], &json!("0"));
        prop_assert!(causes(&answer).is_empty(), "{}", answer);
    }

    #[test]
    fn twice_of_everything_is_broad_and_volume(calls in calls(80)) {
        let before: Vec<Call> = calls.iter().map(|call| Call { at: call.at % WEEK, ..call.clone() }).collect();
        let mut log = before.clone();
        for times in [1, 2] {
            log.extend(before.iter().map(|call| Call { run: call.run + times, ..call.later(WEEK) }));
        }
        let answer = ask(&store(&text(&log), 100), &plan());
        let change = usd(&answer["change_usd"]);
        prop_assert_eq!(change, usd(&answer["baseline_usd"]));
        if change != Usd::ZERO {
            prop_assert_eq!(&answer["verdict"], &json!("broad"));
            prop_assert!(causes(&answer).is_empty(), "{}", answer);
            prop_assert_eq!(effects(&answer), vec![("volume".to_string(), change)]);
        }
    }

    #[test]
    fn a_price_that_rose_is_exactly_that_cause(percent in 105u32..900, count in 60usize..420) {
        let before: Vec<Call> = week(0).into_iter().take(count).collect();
        let mut log = before.clone();
        log.extend(before.iter().map(|call| call.later(WEEK)));
        let answer = ask(&store(&text(&log), percent), &plan());
        prop_assert_eq!(causes(&answer), vec![json!({"model": "fast"})]);
        let change = usd(&answer["change_usd"]);
        prop_assert_eq!(effects(&answer["causes"][0]), vec![("price".to_string(), change)]);
        prop_assert_eq!(effects(&answer), vec![("price".to_string(), change)]);
        prop_assert_eq!(&answer["rest_usd"], &json!("0"));
        prop_assert_eq!(&answer["verdict"], &json!("localized"));
    }
}
