//! The command that shows the calls behind a cause.

use crate::analyze::why::Cause;
use crate::analyze::why::Effect;
use crate::analyze::why::Question;
use crate::analyze::why::Span;
use crate::domain::Axis;
use crate::domain::Dim;
use crate::ops::evidence;

/// Returns the command that shows what a cause says, or the whole change for none.
pub(super) fn evidence(question: &Question, cause: Option<&Cause>) -> String {
    let effect = cause.and_then(|cause| cause.effects.first()).map(|(effect, _)| *effect);
    let Span { since, until } = question.period;
    let before = format!("{}..{}", question.baseline.since, question.baseline.until);
    let mut words = ["attr", "slice", "--by"].map(String::from).to_vec();
    words.push(telling(effect).to_string());
    words.extend(["--since".into(), since.to_string(), "--until".into(), until.to_string()]);
    words.extend(["--compare".into(), before]);
    let named = cause.iter().flat_map(|cause| &cause.slice);
    let named = named.map(|(axis, value)| evidence::condition(&axis.to_string(), Some(value)));
    for condition in evidence::conditions(&question.filter).into_iter().chain(named) {
        words.extend(["--where".into(), condition]);
    }
    evidence::command(&words)
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
