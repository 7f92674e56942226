//! How many calls a second the pricer prices on one core, and what it allocates while it does: `cargo bench --bench
//! pricer`. Nothing asserts a time.

use attr::domain::Timestamp;
use attr::domain::tokens::Class;
use attr::domain::tokens::Tokens;
use attr::price::Plan;
use attr::price::Request;
use attr::price::Table;
use divan::AllocProfiler;
use divan::Bencher;
use divan::counter::ItemsCount;

/// Counts allocations, so that the table of results shows that a price makes none.
#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

/// Calls of one round.
const CALLS: usize = 100_000;

fn main() {
    divan::main();
}

/// Models of every kind of rule: plain, with bands, with an alias, with hours and holidays.
const MODELS: [(&str, &str, Option<&str>); 6] = [
    ("anthropic", "claude-sonnet-4-6", None),
    ("openai", "gpt-5.4", None),
    ("openai", "gpt-4o", None),
    ("google", "gemini-2.5-pro", Some("batch")),
    ("deepseek", "deepseek-v4-pro", None),
    ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", None),
];

/// Calls of the last weeks of one model: time and counts.
fn calls(seed: u64) -> Vec<(Timestamp, Tokens)> {
    let mut state = seed | 1;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    // 2026-09-01T00:00:00Z and sixty days.
    let start = 1_788_220_800_000_000_000u64;
    let one = |_| {
        let mut tokens = Tokens::default();
        tokens.set(Class::Input, random(300_000));
        tokens.set(Class::CacheRead, random(20_000));
        tokens.set(Class::Output, random(4_000));
        let ts = start + random(60 * 86_400) * 1_000_000_000;
        (Timestamp(i64::try_from(ts).unwrap_or_default()), tokens)
    };
    (0..CALLS).map(one).collect()
}

/// Prices calls whose names are understood already, as a batch of a store has them.
#[divan::bench(args = MODELS.map(|(_, model, _)| model))]
fn price(bencher: Bencher<'_, '_>, model: &str) {
    let table = Table::builtin().expect("the built-in table is right");
    let (provider, model, tier) =
        MODELS.into_iter().find(|(_, known, _)| *known == model).expect("the argument is one of the models");
    let request = Request { provider: Some(provider), model: Some(model), tier, region: None };
    let plan: Plan<'_> = table.resolve(&request).expect("the model is sold");
    let calls = calls(7);
    bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
        calls.iter().filter(|(ts, tokens)| plan.price(*ts, tokens, [("web_search", 0)]).is_ok()).count()
    });
}

/// Understands a name: once for each distinct combination of a log.
#[divan::bench]
fn resolve(bencher: Bencher<'_, '_>) {
    let table = Table::builtin().expect("the built-in table is right");
    let requests = MODELS.map(|(provider, model, tier)| Request {
        provider: Some(provider),
        model: Some(model),
        tier,
        region: None,
    });
    bencher
        .counter(ItemsCount::new(requests.len()))
        .bench_local(|| requests.iter().filter(|request| table.resolve(request).is_ok()).count());
}

/// Reads the whole table, as every command does that prices.
#[divan::bench]
fn load() -> Table {
    Table::builtin().expect("the built-in table is right")
}
