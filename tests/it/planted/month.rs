//! A believable span of calls of one organisation at one provider, from a seed: some models, keys and projects, busy
//! and
//! quiet days, cached prompts, long answers, a few errors.

use attr::domain::Class;
use attr::domain::Tokens;

use super::random::Random;
use super::rates;
use super::scene::Call;
use super::scene::Form;
use super::scene::Terms;

pub(super) const DAY: i64 = 86_400_000;
pub(super) const HOUR: i64 = 3_600_000;
/// 2026-09-01 in days since 1970.
const SEPTEMBER: i64 = 20_697;
/// September and October.
const SPAN: u64 = 61;

/// A model under its names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// What logs call it.
    pub(super) log: &'static str,
    /// What cost files call it.
    pub(super) bill: &'static str,
    /// What usage files call it.
    pub(super) version: &'static str,
    /// The class of its cache writes; none where they are not sold apart.
    pub(super) writes: Option<Class>,
}

const fn known(log: &'static str, bill: &'static str, version: &'static str, writes: Option<Class>) -> Known {
    Known { log, bill, version, writes }
}

const FIVE: Option<Class> = Some(Class::CacheWrite5m);
const HALF: Option<Class> = Some(Class::CacheWrite30m);

static ANTHROPIC: [Known; 9] = [
    known("claude-opus-4-8", "Claude Opus 4.8", "claude-opus-4-8", FIVE),
    known("claude-sonnet-4-6", "Claude Sonnet 4.6", "claude-sonnet-4-6", FIVE),
    known("claude-haiku-4-5", "Claude Haiku 4.5", "claude-haiku-4-5-20251001", FIVE),
    known("claude-sonnet-5", "Claude Sonnet 5", "claude-sonnet-5", FIVE),
    known("claude-opus-5", "Claude Opus 5", "claude-opus-5", FIVE),
    known("claude-fable-5", "Claude Fable 5", "claude-fable-5", FIVE),
    known("claude-opus-5-5", "Claude Opus 5.5", "claude-opus-5-5", FIVE),
    known("claude-sonnet-5-5", "Claude Sonnet 5.5", "claude-sonnet-5-5", FIVE),
    known("claude-fable-5-1", "Claude Fable 5.1", "claude-fable-5-1", FIVE),
];

static OPENAI: [Known; 9] = [
    known("gpt-5-mini", "gpt-5-mini-2025-08-07", "gpt-5-mini-2025-08-07", None),
    known("gpt-5.4", "gpt-5.4-2026-03-05", "gpt-5.4-2026-03-05", None),
    known("gpt-5.4-mini", "gpt-5.4-mini-2026-03-17", "gpt-5.4-mini-2026-03-17", None),
    known("gpt-4.1", "gpt-4.1-2025-04-14", "gpt-4.1-2025-04-14", None),
    known("gpt-5.2", "gpt-5.2-2025-12-11", "gpt-5.2-2025-12-11", None),
    known("gpt-5.6-luna", "gpt-5.6-luna", "gpt-5.6-luna", HALF),
    known("gpt-5.6-terra", "gpt-5.6-terra", "gpt-5.6-terra", HALF),
    known("gpt-5.6-sol", "gpt-5.6-sol", "gpt-5.6-sol", HALF),
    known("gpt-6-sol", "gpt-6-sol", "gpt-6-sol", HALF),
];

static OPENROUTER: [Known; 4] = [
    known("openai/gpt-5-mini", "openai/gpt-5-mini-2025-08-07", "openai/gpt-5-mini-2025-08-07", None),
    known("openai/gpt-5.6-luna", "openai/gpt-5.6-luna-20260709", "openai/gpt-5.6-luna-20260709", None),
    known("openai/gpt-5.6-terra", "openai/gpt-5.6-terra-20260709", "openai/gpt-5.6-terra-20260709", None),
    known(
        "anthropic/claude-sonnet-4.6",
        "anthropic/claude-4.6-sonnet-20260217",
        "anthropic/claude-4.6-sonnet-20260217",
        None,
    ),
];

/// Sold with a price of its own for sound, and not in every month.
pub(super) static AUDIO: Known = known("gpt-audio", "gpt-audio", "gpt-audio", None);

/// What a feature's calls look like: the ranges of their counts.
struct Habit {
    feature: &'static str,
    input: (u64, u64),
    read: (u64, u64),
    written: (u64, u64),
    output: (u64, u64),
    /// Of a hundred calls, so many read from the cache, so many write to it.
    reads: u64,
    writes: u64,
    /// The share of the output that is reasoning, at most, in percent.
    reasoning: u64,
}

#[rustfmt::skip]
const HABITS: [Habit; 5] = [
    Habit { feature: "chat", input: (200, 6_000), read: (2_000, 60_000), written: (500, 12_000), output: (80, 2_500), reads: 80, writes: 35, reasoning: 0 },
    Habit { feature: "summarize", input: (4_000, 60_000), read: (0, 1), written: (0, 1), output: (150, 1_500), reads: 0, writes: 0, reasoning: 0 },
    Habit { feature: "agent", input: (300, 9_000), read: (10_000, 120_000), written: (1_000, 25_000), output: (300, 6_000), reads: 90, writes: 70, reasoning: 45 },
    Habit { feature: "extract", input: (800, 15_000), read: (1_000, 8_000), written: (400, 3_000), output: (50, 900), reads: 30, writes: 10, reasoning: 20 },
    Habit { feature: "draft", input: (300, 3_000), read: (0, 1), written: (0, 1), output: (1_500, 16_000), reads: 0, writes: 0, reasoning: 40 },
];

const TENANTS: [&str; 5] = ["oxbow", "larkspur", "ninefold", "quartz-hill", "tamarind"];

/// Who calls: a key, its project, and what is done with it.
struct Caller {
    key: String,
    workspace: String,
    models: Vec<&'static Known>,
    habits: Vec<&'static Habit>,
    weight: u64,
    region: Option<&'static str>,
    tier: Option<&'static str>,
}

/// A span of calls, all of them logged as they were and billed as they were.
#[derive(Clone, Debug)]
pub(super) struct Month {
    /// The first day, counted from 1970.
    pub(super) first: i64,
    pub(super) days: i64,
    pub(super) models: Vec<&'static Known>,
    /// In order of time.
    pub(super) calls: Vec<Call>,
}

/// Returns the models of the provider that a form is of.
pub(super) fn models(form: Form) -> &'static [Known] {
    match form.provider() {
        "anthropic" => &ANTHROPIC,
        "openrouter" => &OPENROUTER,
        _ => &OPENAI,
    }
}

/// Makes a month.
pub(super) fn month(form: Form, seed: u64) -> Month {
    let random = &mut Random::new(seed);
    let days = random.between(8, 30);
    let first = SEPTEMBER + i64::try_from(random.below(SPAN - days + 1)).unwrap();
    let days = i64::try_from(days).unwrap();
    let sold: Vec<&'static Known> =
        models(form).iter().filter(|known| rates::released(form.provider(), known.log) <= first * DAY).collect();
    let count = random.between(2, 5) as usize;
    let models = random.some(&sold, count);
    let callers = callers(form, random, &models);
    let weights = day_weights(random, first, days);
    let total = 200 + random.skewed(0, 1_800);
    let mut calls: Vec<Call> = (0..total).map(|_| call(form, random, first, &weights, &callers)).collect();
    calls.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    Month { first, days, models, calls }
}

fn callers(form: Form, random: &mut Random, models: &[&'static Known]) -> Vec<Caller> {
    let workspaces: Vec<String> = match form.provider() {
        "anthropic" => vec!["Default".into(), "Search".into(), "Claude Code".into()],
        "openrouter" => vec![String::new()],
        _ => (0..3).map(|_| format!("proj_{}", random.word(24))).collect(),
    };
    let workspaces = {
        let count = random.between(1, 3) as usize;
        random.some(&workspaces, count)
    };
    let names = ["prod-key", "batch-jobs", "research", "staging-key"];
    let count = random.between(2, 4) as usize;
    // One key of one region, told by the log and by the bill alike.
    let regional = (form.provider() == "anthropic" && random.percent(25)).then(|| random.below(count as u64) as usize);
    // One key of batches, which the log and the usage file tell.
    let batched = (form.has_writes() && random.percent(20)).then(|| random.below(count as u64) as usize);
    let mut callers: Vec<Caller> = (0..count)
        .map(|at| Caller {
            key: match form.provider() {
                "openai" => format!("key_{}", random.word(16)),
                _ => names[at].to_string(),
            },
            workspace: workspaces[at % workspaces.len()].clone(),
            models: {
                let count = random.between(1, 3) as usize;
                random.some(models, count)
            },
            habits: {
                let count = random.between(1, 3) as usize;
                random.some(&HABITS.each_ref(), count)
            },
            weight: random.between(2, 10),
            region: (regional == Some(at)).then_some("us"),
            tier: (batched == Some(at)).then_some("batch"),
        })
        .collect();
    for (at, model) in models.iter().enumerate() {
        if !callers.iter().any(|caller| caller.models.contains(model)) {
            callers[at % count].models.push(model);
        }
    }
    callers
}

/// How busy the days are: fewer calls at weekends, and none on some.
fn day_weights(random: &mut Random, first: i64, days: i64) -> Vec<u64> {
    let weights = (0..days).map(|day| {
        // The first day of 1970 was a Thursday.
        let weekend = (first + day + 3) % 7 >= 5;
        let quiet = random.percent(6) && day > 0 && day < days - 1;
        if quiet { 0 } else { random.between(3, 10) * if weekend { 1 } else { 3 } }
    });
    weights.collect()
}

fn weighted(random: &mut Random, weights: &[u64]) -> usize {
    let mut left = random.below(weights.iter().sum());
    weights
        .iter()
        .position(|weight| {
            let found = left < *weight;
            left = left.saturating_sub(*weight);
            found
        })
        .unwrap()
}

/// Returns an id as the provider gives them.
pub(super) fn id(provider: &str, random: &mut Random, at: i64) -> String {
    match provider {
        "anthropic" => format!("msg_01{}", random.word(22)),
        "openrouter" => format!("gen-{}-{}", at / 1_000, random.word(20)),
        _ => format!("chatcmpl-{}", random.word(29)),
    }
}

fn call(form: Form, random: &mut Random, first: i64, weights: &[u64], callers: &[Caller]) -> Call {
    let day = first + i64::try_from(weighted(random, weights)).unwrap();
    // Most work is done by day; nothing within ten minutes of midnight.
    let second = if random.percent(75) { random.between(7 * 3_600, 19 * 3_600) } else { random.between(600, 85_800) };
    let at = day * DAY + i64::try_from(second).unwrap() * 1_000 + i64::try_from(random.below(1_000)).unwrap();
    let caller = &callers[weighted(random, &callers.iter().map(|caller| caller.weight).collect::<Vec<_>>())];
    let known = *random.pick(&caller.models);
    let habit = *random.pick(&caller.habits);
    let mut tokens = Tokens::default();
    tokens.set(Class::Input, random.skewed(habit.input.0, habit.input.1));
    if random.percent(habit.reads) {
        tokens.set(Class::CacheRead, random.skewed(habit.read.0, habit.read.1));
    }
    if random.percent(habit.writes)
        && let Some(class) = known.writes.filter(|_| form.has_writes())
    {
        let hour = class == Class::CacheWrite5m && random.percent(20);
        tokens.set(if hour { Class::CacheWrite1h } else { class }, random.skewed(habit.written.0, habit.written.1));
    }
    let output = random.skewed(habit.output.0, habit.output.1);
    tokens.set(Class::Output, output);
    let reasoning =
        if habit.reasoning > 0 { output * random.between(habit.reasoning / 2, habit.reasoning) / 100 } else { 0 };
    let failed = random.percent(2);
    Call {
        at,
        id: id(form.provider(), random, at),
        known,
        name: None,
        key: caller.key.clone(),
        workspace: caller.workspace.clone(),
        region: caller.region.filter(|_| rates::released(form.provider(), known.log) >= 1_770_249_600_000),
        tier: caller.tier,
        tokens: if failed { Tokens::default() } else { tokens },
        reasoning: if failed { 0 } else { reasoning },
        searches: if !failed && form.has_searches() && habit.feature == "chat" && random.percent(4) {
            random.between(1, 3)
        } else {
            0
        },
        session: format!("s-{:04}", random.below(400)),
        feature: habit.feature,
        tenant: TENANTS[random.below(TENANTS.len() as u64) as usize],
        failed,
        terms: Terms::default(),
    }
}
