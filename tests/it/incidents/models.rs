//! The models of the invented logs and what they cost: the prices of the built-in table at the time of the logs.

use super::call::iso;

/// Price of a token in picodollars: input, cache read, cache write, output.
pub(crate) type Rates = [i64; 4];

/// A model as the logs know it.
pub(crate) struct Model {
    pub(crate) provider: &'static str,
    pub(crate) name: &'static str,
    /// The first day it can be called, in days since 1970.
    pub(crate) from_day: i64,
    pub(crate) standard: Rates,
    pub(crate) batch: Rates,
    /// Where a careless change of routing leads.
    pub(crate) dearer: &'static [&'static str],
    /// Its successor at the same price.
    pub(crate) successor: Option<&'static str>,
}

/// Prices of a million tokens in ten-thousandths of a dollar, as rates of a token.
const fn rates(input: i64, read: i64, write: i64, output: i64) -> Rates {
    [input * 100, read * 100, write * 100, output * 100]
}

/// An Anthropic model: writes at 1.25, reads at 0.1 of the input price, batch at half of everything.
const fn anthropic(name: &'static str, from_day: i64, input: i64, dearer: &'static [&'static str]) -> Model {
    let standard = rates(input, input / 10, input / 4 * 5, input * 5);
    let batch = [standard[0] / 2, standard[1] / 2, standard[2] / 2, standard[3] / 2];
    Model { provider: "anthropic", name, from_day, standard, batch, dearer, successor: None }
}

/// A model of a seller that asks nothing extra for cache writes.
const fn plain(
    provider: &'static str,
    name: &'static str,
    standard: [i64; 3],
    batch: [i64; 3],
    dearer: &'static [&'static str],
) -> Model {
    Model {
        provider,
        name,
        from_day: 0,
        standard: rates(standard[0], standard[1], standard[0], standard[2]),
        batch: rates(batch[0], batch[1], batch[0], batch[2]),
        dearer,
        successor: None,
    }
}

const fn then(mut model: Model, successor: &'static str) -> Model {
    model.successor = Some(successor);
    model
}

const OPUS: &[&str] = &["claude-opus-4-1", "claude-opus-4-5", "claude-opus-4-6"];
const BIG: &[&str] = &["gpt-4.1", "gpt-5.2"];

/// 5 and 17 February 2026: the days of Opus 4.6 and Sonnet 4.6.
const OPUS_4_6: i64 = 20489;
const SONNET_4_6: i64 = 20501;

/// Every model of the logs.
pub(crate) const MODELS: &[Model] = &[
    anthropic("claude-haiku-4-5", 0, 10_000, &["claude-sonnet-4-5", "claude-sonnet-4-6", "claude-opus-4-1"]),
    then(anthropic("claude-sonnet-4-5", 0, 30_000, OPUS), "claude-sonnet-4-6"),
    anthropic("claude-sonnet-4-6", SONNET_4_6, 30_000, OPUS),
    then(anthropic("claude-opus-4-5", 0, 50_000, &["claude-opus-4-1"]), "claude-opus-4-6"),
    anthropic("claude-opus-4-6", OPUS_4_6, 50_000, &["claude-opus-4-1"]),
    anthropic("claude-opus-4-1", 0, 150_000, &[]),
    plain("openai", "gpt-4o-mini", [1_500, 750, 6_000], [750, 750, 3_000], &["gpt-4.1-mini", "gpt-4.1"]),
    plain("openai", "gpt-4.1-nano", [1_000, 250, 4_000], [500, 500, 2_000], &["gpt-4.1-mini", "gpt-4.1"]),
    plain("openai", "gpt-4.1-mini", [4_000, 1_000, 16_000], [2_000, 2_000, 8_000], BIG),
    plain("openai", "gpt-4.1", [20_000, 5_000, 80_000], [10_000, 10_000, 40_000], &["claude-opus-4-1"]),
    plain("openai", "gpt-5-mini", [2_500, 250, 20_000], [1_250, 125, 10_000], BIG),
    then(plain("openai", "gpt-5", [12_500, 1_250, 100_000], [6_250, 625, 50_000], &["claude-opus-4-1"]), "gpt-5.1"),
    plain("openai", "gpt-5.1", [12_500, 1_250, 100_000], [6_250, 625, 50_000], &["claude-opus-4-1"]),
    plain("openai", "gpt-5.2", [17_500, 1_750, 140_000], [8_750, 875, 70_000], &["claude-opus-4-1"]),
    plain("google", "gemini-2.5-flash-lite", [1_000, 100, 4_000], [500, 100, 2_000], &["gemini-2.5-flash", "gpt-4.1"]),
    plain("google", "gemini-2.5-flash", [3_000, 300, 25_000], [1_500, 300, 12_500], &["gemini-2.5-pro"]),
    plain("google", "gemini-2.5-pro", [12_500, 1_250, 100_000], [6_250, 1_250, 50_000], &["claude-opus-4-1"]),
];

/// Returns the index of a model in [`MODELS`].
pub(crate) fn model(name: &str) -> usize {
    MODELS.iter().position(|model| model.name == name).unwrap_or_else(|| panic!("no model {name}"))
}

/// A model whose prices are multiplied from an instant on.
#[derive(Clone)]
pub(crate) struct PriceChange {
    pub(crate) model: usize,
    /// Seconds since 1970.
    pub(crate) from: i64,
    /// Old to new price, in quarters: 6 is one and a half times.
    pub(crate) quarters: i64,
}

/// The price table with this change, as a file for `--pricing`.
pub(crate) fn price_file(change: &PriceChange) -> String {
    let mut text = String::from("# The prices of this log.\n");
    for (index, model) in MODELS.iter().enumerate() {
        text += &format!("\n[[model]]\nseller = \"{}\"\nid = \"{}\"\n", model.provider, model.name);
        for (mode, rates) in [("standard", model.standard), ("batch", model.batch)] {
            text += &price_row(mode, "2025-01-01", rates);
            if index == change.model {
                text += &price_row(mode, &iso(change.from), rates.map(|rate| rate * change.quarters / 4));
            }
        }
    }
    text
}

fn price_row(mode: &str, from: &str, rates: Rates) -> String {
    let [input, read, write, output] = rates.map(|rate| {
        let text = format!("{}.{:06}", rate / 1_000_000, rate % 1_000_000);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    });
    format!(
        "\n[[model.price]]\nmode = \"{mode}\"\nfrom = {from}\nusd_per_mtok = {{ input = \"{input}\", cache_read = \"{read}\", cache_write_5m = \"{write}\", output = \"{output}\" }}\n"
    )
}
