//! Prices of stored calls: one table behind them all, what-ifs that store nothing, moves that can be taken back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Read as _;

use attr::domain::Usd;
use proptest::prelude::*;
use serde_json::Value;

use crate::world::World;
use crate::world::cases;

/// A table in which `m` costs so many dollars a million input tokens, and `n` something else.
fn table(version: &str, rate: u32) -> String {
    format!(
        "version = \"{version}\"\nseller = \"s\"\n[[model]]\nid = \"m\"\n[[model.price]]\nmode = \"standard\"\n\
         since_launch = true\nusd_per_mtok = {{ input = \"{rate}\", output = \"{rate}\" }}\n\
         [[model.price]]\nmode = \"batch\"\nfrom = 2026-01-01\nusd_per_mtok = {{ input = \"1\", output = \"1\" }}\n\
         [[model]]\nid = \"n\"\n[[model.price]]\nmode = \"standard\"\nsince_launch = true\n\
         usd_per_mtok = {{ input = \"7\", output = \"7\" }}\n[[tool]]\nid = \"web_search\"\nusd_per_1000 = \"10\"\n"
    )
}

fn call(n: usize, model: &str, input: u64) -> String {
    format!(
        "{{\"ts\":\"2026-10-{:02}T10:00:00Z\",\"provider\":\"s\",\"model\":\"{model}\",\"input_tokens\":{input},\
         \"output_tokens\":0,\"web_searches\":{},\"feature\":\"f{}\",\"request_id\":\"r{n}\"}}\n",
        1 + n % 28,
        n % 3,
        n % 4
    )
}

fn usd(value: &Value) -> Usd {
    Usd::parse(value.as_str().unwrap()).unwrap()
}

/// A store of `m` and `n` calls priced by a table in which `m` costs 2.
fn priced(world: &World) -> (String, String) {
    let (two, three) = (world.write("two.toml", table("two", 2)), world.write("three.toml", table("three", 3)));
    let log: String = (0..40).map(|n| call(n, if n % 2 == 0 { "m" } else { "n" }, 1_000_000)).collect();
    let log = world.write("log.jsonl", log);
    world.attr(&["--pricing", &two, "import", &log]).ended(0);
    (two, three)
}

/// What the twenty calls of each model cost, searches included: 13 x 0, 14 x 1 and 13 x 2 uses at 0.01.
fn cost_with_m_at(rate: i128) -> Usd {
    Usd::from_pico((20 * rate + 20 * 7) * 1_000_000_000_000 + 39 * 10_000_000_000)
}

#[test]
fn a_store_keeps_its_prices_until_it_is_moved_and_can_be_moved_back_to_the_byte() {
    let world = World::new();
    let (_, three) = priced(&world);
    let first = world.attr(&["slice", "--by", "feature,model,day", "--json"]).ended(0).out;
    let id = serde_json::from_str::<Value>(&first).unwrap()["price_table"].as_str().unwrap().to_string();
    assert!(id.starts_with("two+"), "{id}");
    assert_eq!(world.total(), (40, cost_with_m_at(2)));
    // Asked under other prices, the answer is by them and nothing is stored.
    let under = world.attr(&["--pricing", &three, "slice", "--json"]).ended(0).json();
    assert_eq!(usd(&under["total"]["cost_usd"]), cost_with_m_at(3));
    assert_eq!(world.total(), (40, cost_with_m_at(2)));
    // Without --apply nothing is stored either.
    let effect = world.attr(&["--pricing", &three, "reprice", "--by", "model,feature", "--json"]).ended(0).json();
    assert_eq!((effect["applied"].as_bool(), effect["from"].as_str()), (Some(false), Some(&*id)));
    let sum = |side: &str| effect["rows"].as_array().unwrap().iter().map(|row| usd(&row[side])).sum::<Usd>();
    for side in ["old_usd", "new_usd", "change_usd"] {
        assert_eq!(sum(side), usd(&effect["total"][side]), "{side}");
    }
    assert_eq!(usd(&effect["total"]["change_usd"]), cost_with_m_at(3) - cost_with_m_at(2));
    assert_eq!(world.total(), (40, cost_with_m_at(2)));
    let applied = world.attr(&["--pricing", &three, "reprice", "--apply", "--json"]).ended(0).json();
    assert_eq!((applied["applied"].as_bool(), applied["changed_calls"].as_u64()), (Some(true), Some(20)));
    assert_eq!(world.total(), (40, cost_with_m_at(3)));
    world.sound();
    world.attr(&["store", "rebuild"]).ended(0);
    assert_eq!(world.total(), (40, cost_with_m_at(3)));
    // Back by the id of the first table, whose file is gone: the store has its text.
    world.attr(&["reprice", "--table", &id, "--apply"]).ended(0);
    assert_eq!(world.attr(&["slice", "--by", "feature,model,day", "--json"]).ended(0).out, first);
    world.sound();
}

#[test]
fn new_calls_are_priced_by_the_table_of_the_store() {
    let world = World::new();
    let (_, three) = priced(&world);
    let more = world.write("more.jsonl", call(100, "m", 1_000_000));
    world.attr(&["--pricing", &three, "import", &more]).ended(0);
    // 2 for the tokens, one search.
    let one = Usd::parse("2.01").unwrap();
    assert_eq!(world.total(), (41, cost_with_m_at(2) + one));
    world.attr(&["--pricing", &three, "reprice", "--apply"]).ended(0);
    let last = world.write("last.jsonl", call(103, "m", 1_000_000));
    world.attr(&["import", &last]).ended(0);
    assert_eq!(world.total(), (42, cost_with_m_at(3) + Usd::parse("6.02").unwrap()));
    world.sound();
    // An import that is taken out takes its repriced costs along.
    world.attr(&["imports", "undo", "1"]).ended(0);
    assert_eq!(world.total(), (2, Usd::parse("6.02").unwrap()));
    world.sound();
}

#[test]
fn the_view_for_people_has_the_prices_in_force() {
    let world = World::new();
    let (_, three) = priced(&world);
    let read = || {
        let store = rusqlite::Connection::open(world.db()).unwrap();
        let sql = "SELECT cost_usd, list_usd FROM usage WHERE request_id = 'r0'";
        store.query_row(sql, [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap()
    };
    assert_eq!(read(), ("2".into(), "2".into()));
    let deal = world.write("deal.toml", "[[override]]\nseller = \"s\"\ndiscount = \"0.5\"\n");
    world.attr(&["--pricing", &three, "--overrides", &deal, "reprice", "--apply"]).ended(0);
    assert_eq!(read(), ("1.5".into(), "3".into()));
}

#[test]
fn a_what_if_says_what_has_no_price_on_its_terms() {
    let world = World::new();
    priced(&world);
    // `n` is not sold in batch: its cost has no counterpart, and the answer says how much that is.
    let ran = world.attr(&["reprice", "--as-mode", "batch", "--json"]).ended(0);
    let answer = ran.json();
    assert_eq!(answer["total"]["new_unpriced_calls"], 20);
    let warning = &answer["warnings"][0];
    assert_eq!(warning["code"], "unpriced_calls");
    assert!(warning["message"].as_str().unwrap().contains("20 calls have a price now and none"), "{warning}");
    let only = world.attr(&["reprice", "--as-mode", "batch", "--where", "model=m", "--json"]).ended(0).json();
    assert_eq!(usd(&only["total"]["new_usd"]), usd(&only["total"]["old_usd"]) - Usd::parse("20").unwrap());
    let swapped = world.attr(&["reprice", "--as-model", "m=n", "--json"]).ended(0).json();
    assert_eq!(usd(&swapped["total"]["new_usd"]), cost_with_m_at(7));
    world.attr(&["reprice", "--as-model", "m=o"]).ended(2).says("no model `o`");
    world.attr(&["reprice", "--as-mode", "slow"]).ended(2).says("no service mode");
    world.attr(&["reprice", "--prices-at", "soon"]).ended(2).says("--prices-at");
    world.attr(&["reprice", "--as-mode", "batch", "--apply"]).ended(2);
    world.attr(&["reprice", "--apply", "--since", "7d"]).ended(2).says("the whole store");
    let unknown = world.attr(&["reprice", "--table", "two+0"]).ended(2).says("no price table has the id `two+0`");
    assert!(unknown.err.contains("two+") && unknown.err.contains("2026."), "the known ids are listed: {unknown:?}");
}

#[test]
fn an_override_that_no_call_meets_is_reported() {
    let world = World::new();
    priced(&world);
    let deals = world.write(
        "deals.toml",
        "[[override]]\nseller = \"s\"\nmodels = [\"m\"]\nmodes = [\"batch\"]\ndiscount = \"0.1\"\n",
    );
    let two = world.path("two.toml").display().to_string();
    let ran = world.attr(&["--pricing", &two, "--overrides", &deals, "reprice"]).ended(0);
    assert!(ran.err.contains("deals.toml:1 matches no call"), "{ran:?}");
}

#[test]
fn a_store_of_the_first_version_is_brought_up_to_date() {
    let world = World::new();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/stores/v1.db.gz");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(fs_err::File::open(file).unwrap()).read_to_end(&mut bytes).unwrap();
    fs_err::write(world.db(), bytes).unwrap();
    // Four calls; one has no price, one used three searches.
    assert_eq!(world.total(), (4, Usd::parse("0.056775").unwrap()));
    world.sound();
    // Its table is not kept and not the program's: new calls wait until the store is moved.
    let log = world.write("log.jsonl", call(0, "m", 1));
    world.attr(&["import", &log]).ended(2).says("`attr reprice --apply`");
    world.attr(&["reprice", "--apply", "--as-of", "2026-11-21"]).ended(0);
    assert_eq!(world.total(), (4, Usd::parse("0.056775").unwrap()));
    world.attr(&["import", &log]).ended(0);
    world.sound();
}

#[test]
fn what_logs_state_stands_beside_and_fills_in_only_when_asked() {
    let world = World::new();
    let two = world.write("two.toml", table("two", 2));
    let line = |n: usize, model: &str, cost: &str| {
        call(n, model, 1_000_000).replace("\"feature\"", &format!("\"cost_usd\":{cost},\"feature\""))
    };
    // Priced at 2 and logged at 2.5; unpriced and logged; unpriced and logged as nothing, as gateways do.
    let log = [line(0, "m", "2.5"), line(3, "x", "0.25"), line(6, "x", "0"), call(9, "m", 1_000_000)].concat();
    let log = world.write("log.jsonl", log);
    world.attr(&["--pricing", &two, "import", &log]).ended(0);
    let plain = world.attr(&["slice", "--json"]).ended(0).json();
    assert!(plain["total"].get("logged").is_none());
    let beside = world.attr(&["slice", "--logged", "--json"]).ended(0).json();
    let logged = &beside["total"]["logged"];
    assert_eq!(logged["calls"], 3);
    assert_eq!((&logged["cost_usd"], &logged["compared_usd"]), (&"2.75".into(), &"2.5".into()));
    assert_eq!(logged["difference_usd"], "-0.5");
    assert_eq!(beside["total"]["cost_usd"], plain["total"]["cost_usd"]);
    let filled = world.attr(&["slice", "--logged-cost", "--by", "model", "--json"]).ended(0).json();
    assert_eq!(filled["total"]["cost_usd"], "4.25");
    assert_eq!(filled["total"]["unpriced_calls"], 1);
    assert_eq!(
        (&filled["total"]["logged"]["taken_calls"], &filled["total"]["logged"]["taken_usd"]),
        (&1.into(), &"0.25".into())
    );
    let rows: Usd = filled["rows"].as_array().unwrap().iter().map(|row| usd(&row["cost_usd"])).sum();
    assert_eq!(rows, usd(&filled["total"]["cost_usd"]));
}

proptest! {
    #![proptest_config(cases(24))]

    /// A store moved to a table says the same as one that was imported by it, whatever the calls.
    #[test]
    fn a_moved_store_equals_one_imported_by_the_other_table(
        calls in proptest::collection::vec((0usize..3, 0u64..3_000_000, any::<bool>()), 1..60),
        rate in 1u32..50,
    ) {
        let world = World::new();
        let (old, new) = (world.write("old.toml", table("old", 2)), world.write("new.toml", table("new", rate)));
        let log: String = calls.iter().enumerate().map(|(n, (model, input, batch))| {
            let line = call(n, ["m", "n", "unknown"][*model], *input);
            if *batch { line.replace("\"feature\"", "\"service_tier\":\"batch\",\"feature\"") } else { line }
        }).collect();
        let log = world.write("log.jsonl", log);
        let other = world.path("other.db").display().to_string();
        world.attr(&["--pricing", &old, "import", &log]).ended(0);
        world.attr(&["--pricing", &new, "--db", &other, "import", &log]).ended(0);
        let by = ["slice", "--by", "model,tier,day", "--json"];
        let wanted = world.attr(&[&["--db", &other][..], &by].concat()).ended(0).out;
        // Asked on the fly, and moved.
        prop_assert_eq!(&world.attr(&[&["--pricing", &new][..], &by].concat()).ended(0).out, &wanted);
        world.attr(&["--pricing", &new, "reprice", "--apply"]).ended(0);
        prop_assert_eq!(&world.attr(&by).ended(0).out, &wanted);
        world.sound();
    }
}
