//! Events of `attr.toml`, and what `--fail` makes of them.

use crate::spikes::DAY;
use crate::spikes::FIRST;
use crate::spikes::HOUR;
use crate::spikes::Log;
use crate::world::World;

/// A world with a surge of chat by elm on 17 September 2026, 09:00 to 15:00.
fn world(events: &str) -> World {
    let world = World::new();
    let mut log = Log::usual(14, 8);
    log.surge(FIRST + 10 * DAY + 9 * HOUR, 6, "elm");
    let path = world.write("calls.jsonl", log.text());
    world.attr(&["import", "-q", &path]).ended(0);
    world.write("attr.toml", events);
    world
}

fn event(more: &str) -> String {
    format!("[[event]]\nname = \"launch\"\nsince = \"2026-09-17\"\nuntil = \"2026-09-18\"\n{more}")
}

#[test]
fn fail_ends_with_one_if_there_is_a_jump() {
    let world = world("");
    world.attr(&["spikes"]).ended(0);
    world.attr(&["spikes", "--fail"]).ended(1);
    world.attr(&["spikes", "--fail", "--no-fail"]).ended(0);
    world.attr(&["spikes", "--fail", "--min-usd", "50"]).ended(0);
    world.attr(&["spikes", "--fail", "--where", "tenant=oak"]).ended(0);
}

#[test]
fn a_planned_event_acknowledges_what_lies_in_it() {
    for conditions in ["", "where = { feature = \"chat\" }", "where = { tenant = \"elm\", feature = \"chat\" }"] {
        let told = world(&event(conditions)).attr(&["spikes", "--fail", "--json"]).ended(0).json();
        assert_eq!(told["spikes"].as_array().unwrap().len(), 0, "{conditions}: {told}");
        assert_eq!(told["acknowledged"][0]["event"], "launch", "{conditions}: {told}");
    }
}

#[test]
fn a_planned_event_of_other_calls_or_days_acknowledges_nothing() {
    let other_days = event("").replace("09-17", "09-14").replace("09-18", "09-15");
    for events in [event("where = { feature = \"search\" }"), event("where = { tenant = \"oak\" }"), other_days] {
        let told = world(&events).attr(&["spikes", "--fail", "--json"]).ended(1).json();
        assert_eq!(told["spikes"].as_array().unwrap().len(), 1, "{events}: {told}");
    }
}

#[test]
fn a_wrong_event_is_refused_with_its_place() {
    for (events, words) in [
        (event("color = \"red\""), "attr.toml:5: unknown field `color`"),
        (event("").replace("2026-09-17", "soon"), "attr.toml:2: event `launch`: `soon` is not a moment"),
        (event("").replace("2026-09-18", "2026-09-01"), "attr.toml:2: event `launch`: the window is empty"),
        (event("where = { color = \"red\" }"), "no dimension `color`"),
    ] {
        world(&events).attr(&["spikes"]).ended(2).says(words);
    }
}
