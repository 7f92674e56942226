//! Logs that leave little to judge: each says what it means for the answer.

use attr::domain::Axis;
use attr::domain::Zone;
use attr::domain::window::Grain;

use crate::spikes::Answer;
use crate::spikes::DAY;
use crate::spikes::FIRST;
use crate::spikes::HOUR;
use crate::spikes::Line;
use crate::spikes::Log;
use crate::spikes::SpikesPlan;
use crate::spikes::ask;
use crate::spikes::plan;
use crate::spikes::tenant;
use crate::spikes::ts;
use crate::world;

fn codes(answer: &Answer) -> Vec<&'static str> {
    answer.report.warnings.iter().map(|warning| warning.code).collect()
}

#[test]
fn an_empty_store_says_so() {
    let answer = ask(&world::book(), &plan());
    assert!(answer.spikes.is_empty());
    assert_eq!(codes(&answer), ["empty_window"]);
}

#[test]
fn one_day_is_too_short_a_history() {
    let answer = ask(&Log::usual(1, 1).book(), &plan());
    assert!(answer.spikes.is_empty());
    assert!(codes(&answer).contains(&"short_history"), "{:?}", answer.report.warnings);
}

/// A window that begins with the log is judged from the fourth day on, and the answer says from when.
#[test]
fn a_window_without_a_history_is_judged_as_soon_as_there_is_one() {
    let mut log = Log::usual(12, 2);
    log.surge(FIRST + DAY, 6, "elm");
    log.surge(FIRST + 10 * DAY, 6, "elm");
    let window = attr::domain::Window { since: Some(ts(FIRST)), until: None };
    let answer = ask(&log.book(), &SpikesPlan { window, ..plan() });
    assert!(codes(&answer).contains(&"short_history"), "{:?}", answer.report.warnings);
    assert_eq!(answer.spikes.len(), 1, "{:?}", answer.spikes);
    assert_eq!(answer.spikes[0].start, ts(FIRST + 10 * DAY));
}

#[test]
fn calls_without_a_price_are_told_and_no_jump() {
    let mut log = Log::usual(14, 3);
    log.surge(FIRST + 10 * DAY, 6, "elm");
    log.lines.iter_mut().for_each(|line| *line = line.replace("gpt-4.1", "nobody-knows-1"));
    let answer = ask(&log.book(), &plan());
    assert!(answer.spikes.is_empty(), "{:?}", answer.spikes);
    assert!(codes(&answer).contains(&"unpriced_calls"));
}

/// Days that no log covers are no days without cost: what comes after them is judged by what came before.
#[test]
fn a_gap_is_no_jump_and_hides_none() {
    let mut log = Log::usual(30, 4);
    log.surge(FIRST + 26 * DAY + 9 * HOUR, 6, "elm");
    let day_of = |line: &String| line[7..17].replace('-', "").parse::<i64>().unwrap();
    log.lines.retain(|line| !(20_260_917..20_260_924).contains(&day_of(line)));
    let answer = ask(&log.book(), &plan());
    assert_eq!(answer.spikes.len(), 1, "{:?}", answer.spikes);
    assert_eq!(answer.spikes[0].key, tenant("elm"));
}

/// Two logs years apart are two logs, not a million empty hours.
#[test]
fn years_without_a_call_cost_nothing() {
    let mut log = Log::usual(14, 5);
    log.surge(FIRST + 10 * DAY + 9 * HOUR, 6, "elm");
    let mut early = Line { at: 951_782_400, feature: "chat", tenant: "oak", run: None, status: "ok", tokens: 9_000 };
    log.call(early);
    early.at = 4_000_000_000;
    log.call(early);
    let answer = ask(&log.book(), &SpikesPlan { now: ts(4_100_000_000), ..plan() });
    assert_eq!(answer.spikes.len(), 1, "{:?}", answer.spikes);
}

/// A key with a value a call is no dimension: it hides nothing and names nothing.
#[test]
fn a_value_per_call_is_no_series() {
    let mut log = Log::usual(14, 6);
    log.surge(FIRST + 10 * DAY + 9 * HOUR, 6, "elm");
    for (n, line) in log.lines.iter_mut().enumerate() {
        *line = line.replace("\"status\"", &format!("\"serial\":\"s{n}\",\"status\""));
    }
    let book = log.book();
    for by in [Vec::new(), vec![Axis::parse("tenant"), Axis::parse("serial")]] {
        let answer = ask(&book, &SpikesPlan { by, ..plan() });
        assert_eq!(answer.spikes.len(), 1, "{:?}", answer.spikes);
        assert_eq!(answer.spikes[0].key, tenant("elm"));
    }
}

/// Days of 23 and 25 hours move nightly work by an hour of the clock, and nothing jumps.
#[test]
fn a_clock_change_is_no_jump() {
    let mut log = Log::default();
    // 25 October 2026 has 25 hours in Berlin; local midnight is 22:00 UTC before and 23:00 UTC after.
    for day in 30..65 {
        let shift = if FIRST + day * DAY >= 1_792_882_800 { HOUR } else { 0 };
        for hour in 0..24 {
            for n in 0..if hour == 3 { 60 } else { 8 } {
                let at = FIRST + day * DAY - 2 * HOUR + shift + hour * HOUR + n * 50;
                log.call(Line { at, feature: "chat", tenant: "oak", run: None, status: "ok", tokens: 20_000 });
            }
        }
    }
    let book = log.book();
    for (zone, grain) in [("Europe/Berlin", Grain::Hour), ("Europe/Berlin", Grain::Day), ("UTC", Grain::Hour)] {
        let zone = Zone::parse(zone).unwrap();
        let answer = ask(&book, &SpikesPlan { zone, grain, ..plan() });
        assert!(answer.spikes.is_empty(), "{zone:?} {grain:?} {:?}", answer.spikes);
    }
}
