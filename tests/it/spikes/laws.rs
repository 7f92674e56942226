//! What holds for any log.

use attr::analyze::spikes::Metric;
use attr::domain::Axis;
use attr::domain::Condition;
use attr::domain::Filter;
use attr::domain::Timestamp;
use attr::domain::Usd;
use attr::domain::Window;
use attr::domain::Zone;
use attr::domain::rollup::Logged;
use attr::domain::rollup::RollupQuery;
use attr::domain::rollup::Rollups;
use attr::domain::window::Grain;
use proptest::prelude::*;

use crate::spikes::DAY;
use crate::spikes::FIRST;
use crate::spikes::HOUR;
use crate::spikes::Line;
use crate::spikes::Log;
use crate::spikes::ask;
use crate::spikes::json;
use crate::spikes::plan;
use crate::spikes::usd;
use crate::world::cases;

/// A log with a surge somewhere in its last days.
fn surged() -> impl Strategy<Value = Log> {
    (any::<u64>(), 8i64..13, 0i64..20, 1i64..30, 0usize..3).prop_map(|(seed, day, hour, hours, tenant)| {
        let mut log = Log::usual(15, seed);
        log.surge(FIRST + day * DAY + hour * HOUR, hours, ["oak", "elm", "new"][tenant]);
        log
    })
}

proptest! {
    #![proptest_config(cases(4))]

    #[test]
    fn the_order_of_the_lines_changes_nothing(log in surged(), seed in any::<u64>()) {
        let told = json(&ask(&log.book(), &plan()));
        let mut shuffled = log;
        shuffled.state = seed;
        for last in (1..shuffled.lines.len()).rev() {
            let other = shuffled.dice(last as u64 + 1) as usize;
            shuffled.lines.swap(last, other);
        }
        prop_assert_eq!(told, json(&ask(&shuffled.book(), &plan())));
    }

    #[test]
    fn amounts_are_exact_and_those_of_a_slice(log in surged()) {
        let book = log.book();
        let answer = ask(&book, &plan());
        prop_assert!(!answer.spikes.is_empty());
        let document = json(&answer);
        for (spike, row) in answer.spikes.iter().zip(document["spikes"].as_array().unwrap()) {
            let of = |key: &str| usd(row[key].as_str().unwrap());
            prop_assert_eq!(of("cost_usd") - of("expected_usd"), of("excess_usd"));
            prop_assert!(of("excess_usd") > Usd::ZERO);
            if spike.metric == Metric::FailedCost {
                continue;
            }
            let filter = spike.key.iter().map(|(axis, value)| Condition::parse(&format!("{axis}={value}")).unwrap());
            let query = RollupQuery {
                by: Vec::new(),
                window: Window { since: Some(spike.start), until: Some(spike.end) },
                filter: Filter(filter.collect()),
                zone: Zone::UTC,
                logged: Logged::Ignored,
            };
            prop_assert_eq!(book.rollup(&query).unwrap().total().cost, spike.cost);
        }
    }

    #[test]
    fn larger_amounts_jump_alike(seed in any::<u64>(), factor in 2u64..5) {
        let scaled = |factor: u64| {
            let mut log = Log::usual(15, seed);
            log.surge(FIRST + 11 * DAY + 9 * HOUR, 7, "elm");
            for line in &mut log.lines {
                let at = line.find("\"input_tokens\":").unwrap() + 15;
                let end = line[at..].find(',').unwrap() + at;
                let tokens: u64 = line[at..end].parse().unwrap();
                line.replace_range(at..end, &(tokens * factor).to_string());
            }
            let least = Some(Usd::from_pico(usd("0.5").pico() * i128::from(factor)));
            ask(&log.book(), &crate::spikes::SpikesPlan { least, ..plan() }).spikes
        };
        let (small, large) = (scaled(1), scaled(factor));
        prop_assert!(!small.is_empty());
        prop_assert_eq!(small.len(), large.len());
        for (small, large) in small.iter().zip(&large) {
            prop_assert_eq!((&small.key, small.metric, small.start, small.end), (&large.key, large.metric, large.start, large.end));
            prop_assert_eq!(small.cost.pico() * i128::from(factor), large.cost.pico());
        }
    }

    #[test]
    fn a_log_without_a_jump_is_quiet(seed in any::<u64>()) {
        let answer = ask(&Log::usual(24, seed).book(), &plan());
        prop_assert_eq!(answer.spikes.len(), 0, "{:?}", answer.spikes);
    }

    /// The seam: the calls handed on one by one sum to the rollup of the same question.
    #[test]
    fn rows_sum_to_the_rollup(seed in any::<u64>(), since in 0i64..200, hours in 1i64..200, filtered in any::<bool>()) {
        let book = Log::usual(10, seed).book();
        let edge = |hour: i64| Some(Timestamp((FIRST + hour * HOUR) * 1_000_000_000));
        let condition = filtered.then(|| Condition::parse("feature!=chat").unwrap());
        let query = RollupQuery {
            by: vec![Axis::parse("tenant"), Axis::parse("feature")],
            window: Window { since: edge(since), until: edge(since + hours) },
            filter: Filter(condition.into_iter().collect()),
            zone: Zone::UTC,
            logged: Logged::Ignored,
        };
        let mut sums = std::collections::BTreeMap::new();
        let mut on = |rows: &attr::domain::rollup::Rows<'_>| {
            for row in 0..rows.at.len() {
                let value = |axis: usize| rows.values[axis].value(rows.codes[axis][row]).map(str::to_string);
                let sum: &mut (i128, u64, u64) = sums.entry(vec![value(0), value(1)]).or_default();
                sum.0 += i128::from(rows.cost[row]);
                sum.1 += 1;
                sum.2 += rows.tokens[row];
            }
        };
        book.rows(&query, &mut on).unwrap();
        let rollup = book.rollup(&query).unwrap();
        let expected: std::collections::BTreeMap<Vec<Option<String>>, (i128, u64, u64)> = rollup
            .groups()
            .map(|group| {
                let key = group.key.iter().map(|value| value.as_deref().map(str::to_string)).collect();
                (key, (group.measures.cost.pico(), group.measures.calls, group.measures.tokens.iter().sum()))
            })
            .collect();
        prop_assert_eq!(sums, expected);
    }
}

/// A log of equal hours has nothing to tell, whatever the grain.
#[test]
fn a_flat_log_has_no_jump() {
    let mut log = Log::default();
    for hour in 0..30 * 24 {
        for n in 0..20 {
            let at = FIRST + hour * HOUR + n * 120;
            log.call(Line { at, feature: "chat", tenant: "oak", run: None, status: "ok", tokens: 9_000 });
        }
    }
    let book = log.book();
    for grain in [Grain::Hour, Grain::Day] {
        let answer = ask(&book, &crate::spikes::SpikesPlan { grain, ..plan() });
        assert!(answer.spikes.is_empty(), "{:?}", answer.spikes);
    }
}

/// Work of every night and of every week comes back at its hour: that is no jump.
#[test]
fn nightly_and_weekly_work_is_silent() {
    let mut log = Log::usual(35, 7);
    for day in 0..35 {
        log.surge(FIRST + day * DAY + 2 * HOUR, 2, "night");
        if day % 7 == 3 {
            log.surge(FIRST + day * DAY + 12 * HOUR, 5, "week");
        }
    }
    // From the third week on: the first times are news, as they are to anybody.
    let since = Some(Timestamp((FIRST + 15 * DAY) * 1_000_000_000));
    let window = Window { since, until: None };
    let answer = ask(&log.book(), &crate::spikes::SpikesPlan { window, ..plan() });
    assert!(answer.spikes.is_empty(), "{:?}", answer.spikes);
}
