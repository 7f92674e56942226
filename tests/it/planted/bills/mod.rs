//! Bills, written from the calls by arithmetic of their own: cells are added up exactly and rounded where the provider
//! rounds, row by row.

mod anthropic;
mod focus;
mod openai;
mod openrouter;

pub(super) use openai::GIVEN_AWAY;

use super::scene::Form;
use super::scene::Scene;

/// A file of a bill.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) text: String,
    /// The sum of its amounts, in attodollars or attoeuros.
    pub(super) total: i128,
}

/// Returns the provider's files for a scene.
pub(super) fn files(scene: &Scene) -> Vec<File> {
    match scene.form {
        Form::AnthropicPair => vec![anthropic::cost(scene), anthropic::tokens(scene)],
        Form::AnthropicCost => vec![anthropic::cost(scene)],
        Form::OpenAiCost => vec![openai::cost(scene)],
        Form::OpenAiPair => vec![openai::cost(scene), openai::usage(scene)],
        Form::OpenRouter => vec![openrouter::activity(scene)],
        Form::Focus => vec![focus::focus(scene)],
        Form::Mapped => vec![focus::mapped(scene)],
    }
}

/// The settings that a form needs beside its files.
pub(super) fn settings(scene: &Scene) -> Option<String> {
    (scene.form == Form::Mapped).then(|| focus::settings(scene))
}

/// Attodollars in one dollar.
pub(super) const ATTO: i128 = 1_000_000_000_000_000_000;

/// Writes a day as `2026-09-01`.
pub(super) fn date(day: i64) -> String {
    attr::domain::Timestamp(day * super::month::DAY * 1_000_000).to_string()[..10].to_string()
}

/// Writes attodollars with so many decimals, which must be enough; beyond 18 they are zeros.
pub(super) fn decimal(atto: i128, decimals: usize) -> String {
    let (sign, digits) = (if atto < 0 { "-" } else { "" }, atto.unsigned_abs());
    let (whole, fraction) = (digits / ATTO.unsigned_abs(), digits % ATTO.unsigned_abs());
    let mut fraction = format!("{fraction:018}");
    if decimals < 18 {
        assert!(fraction[decimals..].bytes().all(|digit| digit == b'0'), "{atto} has more than {decimals} decimals");
        fraction.truncate(decimals);
    } else {
        fraction.push_str(&"0".repeat(decimals - 18));
    }
    format!("{sign}{whole}.{fraction}")
}

/// Rounds to a step, half up or half to even.
pub(super) fn rounded(atto: i128, step: i128, half_up: bool) -> i128 {
    let (steps, rest) = (atto.div_euclid(step), atto.rem_euclid(step));
    let up = match (rest * 2).cmp(&step) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Greater => 1,
        std::cmp::Ordering::Equal => i128::from(half_up || steps % 2 != 0),
    };
    (steps + up) * step
}
