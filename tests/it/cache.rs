//! What caching saved and what could go through batches: by hand where it is simple, by the pricer call by call where not,
//! and rows that sum to the total whatever comes in.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use attr::domain::Axis;
use attr::domain::Class;
use attr::domain::Filter;
use attr::domain::Timestamp;
use attr::domain::Tokens;
use attr::domain::Usd;
use attr::domain::Window;
use attr::domain::Zone;
use attr::ops::PriceTable;
use attr::ops::book::Book;
use attr::ops::cache;
use attr::ops::cache::CachePlan;
use attr::ops::cache::Shape;
use attr::price::Request;
use attr::render;
use attr::render::Format;
use attr::render::Style;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::world::World;
use crate::world::book;
use crate::world::cases;
use crate::world::import_text;

const MONEY: [&str; 9] = [
    "cost_usd",
    "cache_read_usd",
    "cache_write_usd",
    "uncached_usd",
    "saved_usd",
    "unread_write_usd",
    "batch_eligible_usd",
    "as_batch_usd",
    "batch_saves_usd",
];

fn usd(value: &Value) -> Usd {
    Usd::parse(value.as_str().unwrap()).unwrap()
}

fn ask(book: &Book, by: &[&str], top: Option<usize>) -> Value {
    let plan = CachePlan {
        by: by.iter().map(|name| Axis::parse(name)).collect(),
        window: Window::default(),
        zone: Zone::UTC,
        filter: Filter::default(),
        top,
        shape: Shape::Document,
    };
    let report = cache::run(book, &plan).unwrap();
    let mut out = Vec::new();
    render::render(&report, Format::Json, Style { width: None, color: false }, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn asked(lines: &[Value], by: &[&str]) -> Value {
    let mut book = book();
    let log: String = lines.iter().map(|line| format!("{line}\n")).collect();
    import_text(&mut book, "app.jsonl", log);
    ask(&book, by, None)
}

/// A call of `claude-sonnet-4-5`: 3 USD a million in, 0.3 read, 3.75 and 6 written, 15 out.
fn sonnet(id: &str, day: &str, input: u64, read: u64, [short, long]: [u64; 2]) -> Value {
    json!({
        "ts": format!("{day}T10:00:00Z"), "request_id": id, "provider": "anthropic", "model": "claude-sonnet-4-5",
        "feature": "f", "uncached_input_tokens": input, "cache_read_tokens": read, "cache_write_5m_tokens": short,
        "cache_write_1h_tokens": long, "output_tokens": 10,
    })
}

#[test]
fn what_was_written_and_not_read_is_a_loss_by_its_surcharge() {
    let answer = asked(&[sonnet("a", "2026-10-01", 10, 0, [100_000, 0])], &["feature"]);
    let total = &answer["total"];
    assert_eq!(total["cache_write_usd"], "0.375");
    assert_eq!(total["uncached_usd"], "0.3");
    assert_eq!(total["saved_usd"], "-0.075");
    assert_eq!((&total["unread_write_tokens"], &total["unread_write_usd"]), (&json!(100_000), &json!("0.075")));
    // Four tenths of it are read later: six tenths of the surcharge bought nothing, and reading saved 2.7 a million.
    let read = [sonnet("a", "2026-10-01", 10, 0, [100_000, 0]), sonnet("b", "2026-10-01", 10, 40_000, [0, 0])];
    let total = asked(&read, &["feature"])["total"].clone();
    assert_eq!((&total["cache_read_usd"], &total["saved_usd"]), (&json!("0.012"), &json!("0.033")));
    assert_eq!((&total["unread_write_tokens"], &total["unread_write_usd"]), (&json!(60_000), &json!("0.045")));
    assert_eq!(total["hit_share"], json!(0.285673));
    // An hour's write costs as much again as plain input.
    let long = asked(&[sonnet("a", "2026-10-01", 10, 0, [0, 100_000])], &[])["total"].clone();
    assert_eq!((&long["saved_usd"], &long["unread_write_usd"]), (&json!("-0.3"), &json!("0.3")));
}

/// What one model writes another cannot read.
#[test]
fn models_share_no_cache() {
    let mut read = sonnet("b", "2026-10-01", 10, 500_000, [0, 0]);
    read["model"] = "claude-haiku-4-5".into();
    let total = asked(&[sonnet("a", "2026-10-01", 10, 0, [100_000, 0]), read], &["feature"])["total"].clone();
    assert_eq!(total["unread_write_tokens"], json!(100_000));
}

/// Past the cliff all classes are dearer, uncached input too; the cached tokens themselves decide the size.
#[test]
fn the_size_of_the_prompt_decides_both_sides() {
    let below = asked(&[sonnet("a", "2025-11-15", 10, 199_990, [0, 0])], &[])["total"].clone();
    assert_eq!((&below["cache_read_usd"], &below["uncached_usd"]), (&json!("0.059997"), &json!("0.59997")));
    let above = asked(&[sonnet("a", "2025-11-15", 10, 199_991, [0, 0])], &[])["total"].clone();
    assert_eq!((&above["cache_read_usd"], &above["uncached_usd"]), (&json!("0.1199946"), &json!("1.199946")));
}

/// A call that ran as a batch, and a model that is not sold in batches, are not eligible.
#[test]
fn only_standard_calls_of_models_sold_in_batches_could_wait() {
    let mut batched = sonnet("b", "2026-10-01", 1_000_000, 0, [0, 0]);
    batched["service_tier"] = "batch".into();
    let groq = json!({"ts": "2026-10-01T10:00:00Z", "request_id": "g", "provider": "groq",
        "model": "llama-3.3-70b-versatile", "input_tokens": 1_000, "output_tokens": 1_000});
    let total = asked(&[batched, groq], &[])["total"].clone();
    assert_eq!((&total["batch_eligible_usd"], &total["as_batch_usd"]), (&json!("0"), &json!("0")), "{total}");
    let total = asked(&[sonnet("a", "2026-10-01", 100_000, 0, [0, 0])], &[])["total"].clone();
    assert_eq!((&total["batch_eligible_usd"], &total["as_batch_usd"]), (&json!("0.30015"), &json!("0.150075")));
}

const MODELS: [(&str, &str); 7] = [
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-haiku-5-5"),
    ("openai", "gpt-5.6-sol"),
    ("openai", "gpt-4.1"),
    ("google", "gemini-2.5-pro"),
    ("deepseek", "deepseek-v4-pro"),
    ("openai", "no-such-model"),
];

#[derive(Clone, Debug)]
struct Made {
    model: usize,
    feature: Option<u8>,
    hour: u32,
    tier: Option<&'static str>,
    counts: [u64; 4],
}

fn made() -> impl Strategy<Value = Made> {
    let tier = proptest::sample::select(vec![None, Some("standard"), Some("batch"), Some("flex")]);
    let count = || prop_oneof![Just(0u64), 1u64..5_000, 90_000u64..300_000];
    (0..MODELS.len(), option::of(0u8..3), 0u32..200, tier, [count(), count(), count(), count()])
        .prop_map(|(model, feature, hour, tier, counts)| Made { model, feature, hour, tier, counts })
}

impl Made {
    fn ts(&self) -> Timestamp {
        // Around the middle of October 2026, through peak and other hours.
        Timestamp((1_791_900_000 + i64::from(self.hour) * 3_600) * 1_000_000_000)
    }

    fn line(&self, n: usize) -> String {
        let (provider, model) = MODELS[self.model];
        let [input, read, written, output] = self.counts;
        let mut line = json!({
            "ts": self.ts().to_string(), "request_id": format!("r{n}"), "provider": provider, "model": model,
            "uncached_input_tokens": input, "cache_read_tokens": read, "output_tokens": output,
        });
        // Only Anthropic's models tell how long a write lives.
        if provider == "anthropic" {
            line["cache_write_5m_tokens"] = written.into();
        }
        if let Some(feature) = self.feature {
            line["feature"] = format!("f{feature}").into();
        }
        if let Some(tier) = self.tier {
            line["service_tier"] = tier.into();
        }
        format!("{line}\n")
    }

    fn tokens(&self) -> Tokens {
        let mut tokens = Tokens::default();
        let [input, read, written, output] = self.counts;
        tokens.set(Class::Input, input);
        tokens.set(Class::CacheRead, read);
        tokens.set(Class::CacheWrite5m, if MODELS[self.model].0 == "anthropic" { written } else { 0 });
        tokens.set(Class::Output, output);
        tokens
    }

    fn price(&self, table: &PriceTable, tokens: &Tokens, tier: Option<&str>) -> Option<Usd> {
        let (provider, model) = MODELS[self.model];
        let request = Request { provider: Some(provider), model: Some(model), tier, region: None };
        Some(table.resolve(&request).ok()?.price(self.ts(), tokens, []).ok()?.cost)
    }

    /// Returns what caching saved: the call with all of its prompt as plain input, less the call.
    fn saved(&self, table: &PriceTable) -> Usd {
        let mut plain = Tokens::default();
        plain.set(Class::Input, self.tokens().prompt());
        plain.set(Class::Output, self.tokens().get(Class::Output));
        let both = self.price(table, &plain, self.tier).zip(self.price(table, &self.tokens(), self.tier));
        both.map_or(Usd::ZERO, |(plain, cached)| plain - cached)
    }

    /// Returns the cost and the cost as a batch, of a standard call that has both.
    fn batch(&self, table: &PriceTable) -> Option<(Usd, Usd)> {
        let is_standard = matches!(self.tier, None | Some("standard"));
        let own = self.price(table, &self.tokens(), self.tier).filter(|_| is_standard)?;
        Some((own, self.price(table, &self.tokens(), Some("batch"))?))
    }
}

fn sums(answer: &Value) {
    let rows = answer["rows"].as_array().unwrap();
    for key in MONEY {
        assert_eq!(rows.iter().map(|row| usd(&row[key])).sum::<Usd>(), usd(&answer["total"][key]), "{key}: {answer}");
    }
    for key in ["calls", "prompt_tokens", "unread_write_tokens", "unpriced_calls"] {
        let sum: u64 = rows.iter().map(|row| row[key].as_u64().unwrap()).sum();
        assert_eq!(sum, answer["total"][key].as_u64().unwrap(), "{key}");
    }
    for row in rows.iter().chain([&answer["total"]]) {
        let of = |key: &str| usd(&row[key]);
        assert_eq!(of("saved_usd"), of("uncached_usd") - of("cache_read_usd") - of("cache_write_usd"));
        assert_eq!(of("batch_saves_usd"), of("batch_eligible_usd") - of("as_batch_usd"));
    }
}

proptest! {
    #![proptest_config(cases(24))]

    /// The columns say what the pricer says call by call; rows sum, cut or not; the order of lines has no say.
    #[test]
    fn columns_say_what_calls_say(made in vec(made(), 1..40), top in 0usize..4) {
        let lines: Vec<String> = made.iter().enumerate().map(|(n, made)| made.line(n)).collect();
        let mut book = book();
        import_text(&mut book, "app.jsonl", lines.concat());
        let answer = ask(&book, &["feature"], None);
        sums(&answer);
        let table = book.table().unwrap();
        let total = &answer["total"];
        prop_assert_eq!(usd(&total["saved_usd"]), made.iter().map(|made| made.saved(table)).sum::<Usd>());
        let batches: Vec<(Usd, Usd)> = made.iter().filter_map(|made| made.batch(table)).collect();
        prop_assert_eq!(usd(&total["batch_eligible_usd"]), batches.iter().map(|(own, _)| *own).sum::<Usd>());
        prop_assert_eq!(usd(&total["as_batch_usd"]), batches.iter().map(|(_, batch)| *batch).sum::<Usd>());
        let cut = ask(&book, &["feature", "model"], Some(top));
        sums(&cut);
        for key in MONEY.into_iter().filter(|key| *key != "unread_write_usd") {
            prop_assert_eq!(&cut["total"][key], &total[key]);
        }
        let mut again = crate::world::book();
        import_text(&mut again, "app.jsonl", lines.iter().rev().cloned().collect::<String>());
        prop_assert_eq!(ask(&again, &["feature"], None), answer);
    }
}

#[test]
fn nothing_and_nonsense_are_said() {
    let world = World::new();
    world.write("none.jsonl", "");
    let ran = world.attr(&["cache", "--from", "none.jsonl", "--json"]).ended(0).says("the store holds no call");
    assert_eq!((&ran.json()["rows"], &ran.json()["total"]["saved_usd"]), (&json!([]), &json!("0")));
    let evil = r#"{"ts":"2026-10-01T00:00:00Z","provider":"openai","model":"x","feature":"=1+1\u001b[2J","uncached_input_tokens":3,"cache_read_tokens":2,"output_tokens":1}"#;
    world.write("log.jsonl", format!("{evil}\n"));
    let ran = world.attr(&["cache", "--from", "log.jsonl", "--format", "csv"]).ended(0).says("unknown_model 1");
    assert!(ran.out.contains("'=1+1") && !ran.out.contains('\u{1b}'), "{}", ran.out);
    let ran = world.attr(&["cache", "--from", "log.jsonl", "--period", "2020-01"]).ended(0);
    ran.says("no call in this window");
    let ran = world.attr(&["cache", "--from", "log.jsonl", "--by", "featrue"]).ended(2);
    ran.says("no dimension `featrue`").says("feature");
    world.attr(&["cache", "--from", "log.jsonl", "--by", "feature,feature"]).ended(2);
}

/// Prices that the user names hold for every figure, and a price that the plain input lacks is said.
#[test]
fn other_prices_hold_for_every_figure() {
    let world = World::new();
    let mode = |name: &str, rates: &str| {
        format!("[[model.price]]\nmode = \"{name}\"\nsince_launch = true\nusd_per_mtok = {{ {rates} }}\n")
    };
    let table = format!(
        "version = \"t\"\nseller = \"s\"\n[[model]]\nid = \"m\"\n{}{}[[model]]\nid = \"n\"\n{}",
        mode("standard", "input = \"8\", cache_read = \"2\", output = \"8\""),
        mode("batch", "input = \"5\", cache_read = \"1\", output = \"5\""),
        mode("standard", "cache_read = \"2\", output = \"8\""),
    );
    world.write("t.toml", table);
    let call = |model: &str, input: u64| {
        json!({"ts": "2026-10-01T00:00:00Z", "provider": "s", "model": model, "uncached_input_tokens": input,
            "cache_read_tokens": 1_000_000, "output_tokens": 0})
        .to_string()
            + "\n"
    };
    world.write("log.jsonl", call("m", 1_000_000) + &call("n", 0));
    let ran = world.attr(&["cache", "--pricing", "t.toml", "--from", "log.jsonl", "--by", "model", "--json"]).ended(0);
    let ran = ran.says("1 calls have cached tokens that the table cannot price as uncached input");
    let total = ran.json()["total"].clone();
    assert_eq!(
        (&total["cost_usd"], &total["cache_read_usd"], &total["saved_usd"]),
        (&json!("12"), &json!("2"), &json!("6"))
    );
    assert_eq!((&total["batch_eligible_usd"], &total["as_batch_usd"]), (&json!("10"), &json!("6")));
    // The same store, asked under a contract.
    world.attr(&["--pricing", "t.toml", "import", "log.jsonl"]).ended(0);
    world.write("deal.toml", "[[override]]\nseller = \"s\"\nmodels = [\"m\"]\ndiscount = \"0.5\"\n");
    let half = ["--pricing", "t.toml", "--overrides", "deal.toml", "cache", "--where", "model=m", "--json"];
    let total = world.attr(&half).ended(0).json()["total"].clone();
    assert_eq!((&total["cache_read_usd"], &total["saved_usd"]), (&json!("1"), &json!("3")));
    assert_eq!((&total["batch_eligible_usd"], &total["as_batch_usd"]), (&json!("5"), &json!("3")));
}
