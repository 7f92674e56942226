//! The command that shows the calls behind a cause.

use std::sync::Arc;

use crate::analyze::why::Cause;
use crate::analyze::why::Effect;
use crate::analyze::why::Question;
use crate::analyze::why::Span;
use crate::domain::Axis;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::filter::Test;

/// Returns the command that shows what a cause says, or the whole change for none.
pub(super) fn evidence(question: &Question, cause: Option<&Cause>) -> String {
    let span = |Span { since, until }: Span| format!("{since}..{until}");
    let effect = cause.and_then(|cause| cause.effects.first()).map(|(effect, _)| *effect);
    let Span { since, until } = question.period;
    let mut command = format!(
        "attr slice --by {} --since {since} --until {until} --compare {}",
        telling(effect),
        span(question.baseline)
    );
    let mut add = |text: String| command.push_str(&format!(" --where {}", quoted(&text)));
    conditions(&question.filter).into_iter().for_each(&mut add);
    cause.iter().flat_map(|cause| &cause.slice).map(|(axis, value)| condition(axis, value)).for_each(&mut add);
    command
}

/// Returns the dimension that shows an effect.
fn telling(effect: Option<Effect>) -> Axis {
    Axis::Dim(match effect {
        Some(Effect::ModelMix | Effect::Price | Effect::Cache) => Dim::Model,
        Some(Effect::InputTokens | Effect::OutputTokens) => Dim::PromptVersion,
        Some(Effect::Tier) => Dim::Tier,
        Some(Effect::Errors) => Dim::Status,
        Some(Effect::Volume) => Dim::User,
        Some(Effect::Tools) | None => Dim::Feature,
    })
}

/// Writes a filter as the user typed it.
fn conditions(filter: &Filter) -> Vec<String> {
    let list = |values: &[Option<String>]| {
        values.iter().map(|value| value.as_deref().unwrap_or_default()).collect::<Vec<_>>().join(",")
    };
    let text = |condition: &crate::domain::Condition| match &condition.test {
        Test::AnyOf(values) => format!("{}={}", condition.axis, list(values)),
        Test::NoneOf(values) => format!("{}!={}", condition.axis, list(values)),
        Test::Glob(globs) => format!("{}~{}", condition.axis, globs.join(",")),
    };
    filter.0.iter().map(text).collect()
}

/// Writes a condition; a value with signs that a condition cannot hold is written as a pattern that it matches.
fn condition(axis: &Axis, value: &Arc<str>) -> String {
    let is_awkward = |c: char| c == ',' || crate::report::is_hostile(c);
    match value.contains(is_awkward) {
        true => format!("{axis}~{}", value.replace(is_awkward, "?")),
        false => format!("{axis}={value}"),
    }
}

/// Quotes a word for a shell, where it needs quotes.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@+%".contains(&byte);
    match text.bytes().all(is_plain) {
        true => text.to_string(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
