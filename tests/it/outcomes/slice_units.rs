//! `attr slice --per`: what counts as a unit, and the percentiles of what units cost.

use serde_json::Value;
use serde_json::json;

use super::Call;
use super::call;
use super::usd;
use crate::world::World;
use attr::analyze::percentiles::unit_cost;
use attr::domain::Usd;

fn world(log: &[String]) -> World {
    let world = World::new();
    let prices = world.write("two.toml", super::PRICES);
    world.attr(&["--pricing", &prices, "import", &world.write("log.jsonl", log.concat())]).ended(0);
    world
}

fn per(world: &World, args: &[&str]) -> Value {
    world.attr(&[&["slice", "--json", "--per"], args].concat()).ended(0).json()
}

#[test]
fn percentiles_lie_between_units() {
    let dollars = |count: i128| (1..=count).rev().map(|n| Usd::from_pico(n * 1_000_000_000_000)).collect::<Vec<_>>();
    let hundred = unit_cost(dollars(100)).unwrap();
    let text = |usd: Usd| usd.to_string();
    assert_eq!([hundred.mean, hundred.p50, hundred.p95, hundred.p99].map(text), ["50.5", "50.5", "95.05", "99.01"]);
    let two = unit_cost(dollars(2)).unwrap();
    assert_eq!([two.p50, two.p95, two.p99].map(text), ["1.5", "1.95", "1.99"]);
    let one = unit_cost(dollars(1)).unwrap();
    assert_eq!([one.mean, one.p50, one.p99].map(text), ["1", "1", "1"]);
    assert_eq!(unit_cost(Vec::new()), None);
}

/// A run without a price costs an unknown amount and is no unit; one that costs nothing is.
#[test]
fn an_unpriced_run_is_no_unit_and_a_free_one_is() {
    let unpriced = |n, run| Call { n, model: "x", dims: &[("run", run)], input: 5 }.line();
    let world = world(&[
        call(1, &[("run", "a")], 1_000_000),
        call(2, &[("run", "free")], 0),
        unpriced(3, "dark"),
        // Of a run that is priced in part, what is known counts.
        call(4, &[("run", "half")], 500_000),
        unpriced(5, "half"),
        call(6, &[], 9_000_000),
    ]);
    let total = per(&world, &["run"])["total"].clone();
    assert_eq!((&total["units"], &total["unpriced_calls"]), (&json!(3), &json!(2)));
    assert_eq!(usd(&total["unit_cost_usd"]["mean"]), Usd::parse("1").unwrap());
    let by_run = per(&world, &["run", "--by", "run"]);
    let dark = super::row(&by_run, Some("dark"));
    assert_eq!((&dark["units"], dark.get("unit_cost_usd")), (&json!(0), None));
}

/// Rows that sum other rows have no count of units: one unit may be in several, and zero would be wrong.
#[test]
fn rows_that_sum_others_count_no_units() {
    let log: Vec<String> = (0..4)
        .map(|n| call(n, &[("run", "a"), ("feature", ["p", "q", "r", "s"][n]), ("tenant", "t")], 1_000))
        .collect();
    let world = world(&log);
    let rows = per(&world, &["run", "--by", "feature", "--top", "2"])["rows"].clone();
    assert_eq!((&rows[1]["units"], rows[2].get("units")), (&json!(1), None));
    let csv = world.attr(&["slice", "--per", "run", "--by", "feature", "--top", "2", "--format", "csv"]).ended(0).out;
    let other: Vec<&str> = csv.lines().last().unwrap().split(',').rev().take(5).collect();
    assert_eq!(other, ["", "", "", "", ""], "{csv}");
    let tree = world.attr(&["slice", "--per", "run", "--by", "tenant,feature", "--tree"]).ended(0).out;
    let subtotal = tree.lines().find(|line| line.starts_with("t ")).unwrap();
    assert!(subtotal.trim_end().ends_with("100.0%"), "{tree}");
}
