//! The seven features of every invented company: what their calls are like.

/// What a feature is like in every company.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) team: &'static str,
    /// Share of the calls.
    pub(crate) share: f64,
    /// Pairs of models it may use; a blank second one means one model.
    pub(crate) models: &'static [[&'static str; 2]],
    /// Tokens of a prompt and of an answer (medians) and how far they spread.
    pub(crate) prompt: f64,
    pub(crate) output: f64,
    pub(crate) sigma: f64,
    /// How often a call finds its prompt in the cache, and how much of it.
    pub(crate) cache_hits: f64,
    pub(crate) cached: f64,
    /// Calls of a run: one, or up to so many with a growing context.
    pub(crate) run: [f64; 2],
    pub(crate) batch: f64,
    /// Works in the night only.
    pub(crate) nightly: bool,
    pub(crate) agents: &'static [&'static str],
}

const ONE: Kind = Kind {
    name: "",
    team: "",
    share: 0.0,
    models: &[],
    prompt: 0.0,
    output: 0.0,
    sigma: 0.5,
    cache_hits: 0.0,
    cached: 0.0,
    run: [1.0, 1.0],
    batch: 0.0,
    nightly: false,
    agents: &[],
};

const SMALL: &[[&str; 2]] = &[["gpt-4o-mini", ""], ["gpt-4.1-nano", ""], ["gemini-2.5-flash-lite", ""]];
const MIDDLE: &[[&str; 2]] = &[["gpt-4.1-mini", "gpt-4.1"], ["gpt-5-mini", "gpt-5"], ["gpt-4.1-mini", ""]];
const LARGE: &[[&str; 2]] = &[["claude-haiku-4-5", "claude-sonnet-4-5"], ["claude-sonnet-4-5", ""]];
const AGENT: &[[&str; 2]] =
    &[["claude-sonnet-4-5", "gpt-4.1"], ["claude-sonnet-4-5", ""], ["claude-opus-4-5", "gpt-5"]];
const BULK: &[[&str; 2]] = &[
    ["gpt-4.1-mini", ""],
    ["gemini-2.5-flash", ""],
    ["gemini-2.5-pro", ""],
    ["claude-haiku-4-5", ""],
    ["gpt-4.1", ""],
];

pub(crate) const KINDS: [Kind; 7] = [
    Kind {
        name: "ticket-triage",
        team: "support",
        share: 0.40,
        models: SMALL,
        prompt: 5_500.0,
        output: 170.0,
        sigma: 0.8,
        cache_hits: 0.25,
        cached: 0.4,
        ..ONE
    },
    Kind {
        name: "email-draft",
        team: "growth",
        share: 0.14,
        models: MIDDLE,
        prompt: 13_000.0,
        output: 1_200.0,
        sigma: 0.7,
        cache_hits: 0.45,
        cached: 0.4,
        ..ONE
    },
    Kind {
        name: "assistant",
        team: "product",
        share: 0.16,
        models: LARGE,
        prompt: 16_000.0,
        output: 1_300.0,
        cache_hits: 0.75,
        cached: 0.55,
        run: [1.0, 4.0],
        ..ONE
    },
    Kind {
        name: "night-index",
        team: "platform",
        share: 0.09,
        models: BULK,
        prompt: 36_000.0,
        output: 2_000.0,
        cache_hits: 0.1,
        cached: 0.4,
        batch: 1.0,
        nightly: true,
        ..ONE
    },
    Kind {
        name: "doc-summary",
        team: "product",
        share: 0.08,
        models: LARGE,
        prompt: 42_000.0,
        output: 1_900.0,
        sigma: 0.6,
        cache_hits: 0.15,
        cached: 0.4,
        ..ONE
    },
    Kind {
        name: "invoice-ocr",
        team: "finance",
        share: 0.08,
        models: BULK,
        prompt: 24_000.0,
        output: 1_400.0,
        cache_hits: 0.2,
        cached: 0.4,
        batch: 0.75,
        ..ONE
    },
    Kind {
        name: "sql-agent",
        team: "analytics",
        share: 0.05,
        models: AGENT,
        prompt: 26_000.0,
        output: 1_200.0,
        sigma: 0.35,
        cache_hits: 0.9,
        cached: 0.7,
        run: [3.0, 17.0],
        agents: &["planner", "executor"],
        ..ONE
    },
];
