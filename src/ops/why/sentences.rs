//! An answer in sentences that need no dashboard beside them.

use crate::analyze::why::Cause;
use crate::analyze::why::Effect;
use crate::analyze::why::Lens;
use crate::analyze::why::Move;
use crate::analyze::why::Verdict;
use crate::analyze::why::Why;
use crate::domain::Usd;

/// Names the calls of a cause: `summarize x acme`.
pub(super) fn place(cause: &Cause) -> String {
    cause.slice.iter().map(|(_, value)| value.as_ref()).collect::<Vec<_>>().join(" x ")
}

/// Returns an effect in words.
pub(super) fn words(effect: Effect) -> &'static str {
    match effect {
        Effect::Volume => "number of calls",
        Effect::InputTokens => "prompt tokens per call",
        Effect::OutputTokens => "output tokens per call",
        Effect::ModelMix => "choice of models",
        Effect::Price => "prices",
        Effect::Cache => "use of the cache",
        Effect::Tier => "service tier",
        Effect::Errors => "failed and repeated calls",
        Effect::Tools => "fees of tools",
    }
}

/// Returns a share of a change in percent, where the two go the same way.
fn of_change(part: Usd, whole: Usd) -> String {
    let along = part.pico().signum() == whole.pico().signum() && part.pico().abs() <= whole.pico().abs();
    let percent = part.pico() as f64 / whole.pico() as f64 * 100.0;
    if along && whole != Usd::ZERO { format!(" ({percent:.0} %)") } else { String::new() }
}

/// Tells a cause in a sentence: where, how much, by what, and what moved.
pub(super) fn summary(cause: &Cause, change: Usd) -> String {
    let mut sentence = format!(
        "{}: {} of {}{}",
        place(cause),
        cause.change.signed(),
        change.signed(),
        of_change(cause.change, change)
    );
    if cause.lens == Lens::Run {
        return format!("{sentence}, one run that cost far more than any other");
    }
    if let Some((effect, usd)) = cause.effects.first() {
        sentence.push_str(&format!(", mainly {} {}", words(*effect), usd.signed()));
        if let Some(shift) = telling_move(*effect, &cause.moves) {
            sentence.push_str(&format!("; {shift}"));
        }
    }
    sentence
}

/// Returns the move that stands behind an effect, in words.
fn telling_move(effect: Effect, moves: &[Move]) -> Option<String> {
    let along: &[&str] = match effect {
        Effect::ModelMix => &["model"],
        Effect::Tier => &["tier"],
        Effect::Errors => &["status"],
        Effect::InputTokens | Effect::OutputTokens | Effect::Cache => &["prompt_version", "model"],
        Effect::Volume | Effect::Price | Effect::Tools => &[],
    };
    let found = along.iter().find_map(|name| moves.iter().find(|shift| shift.axis.to_string() == **name))?;
    let [before, now] = found.share.map(|share| format!("{:.0} %", share * 100.0));
    let text = |value: &Option<std::sync::Arc<str>>| value.as_deref().unwrap_or("(untagged)").to_string();
    Some(format!("{} -> {}: {before} -> {now} of calls", text(&found.from), text(&found.to)))
}

/// Tells the whole change in a sentence.
pub(super) fn headline(why: &Why) -> String {
    let change = why.change();
    let percent = match why.baseline {
        Usd::ZERO => String::new(),
        before => format!(" ({:+.0} %)", change.pico() as f64 / before.pico() as f64 * 100.0),
    };
    format!("{} against {} before: {}{percent}", why.cost.rounded(), why.baseline.rounded(), change.signed())
}

/// Tells what to make of it.
pub(super) fn verdict(why: &Why) -> String {
    let change = why.change();
    let (grew, growth) = if change < Usd::ZERO { ("fell", "fall") } else { ("rose", "growth") };
    let on_top = match why.causes.len() {
        0 => String::new(),
        1 => "; one cause stands out on top of that".to_string(),
        causes => format!("; {causes} causes stand out on top of that"),
    };
    match why.verdict {
        _ if why.calls[1] == 0 && why.calls[0] > 0 => "there is nothing to compare it with".into(),
        _ if why.calls[0] == 0 && why.calls[1] > 0 => "nothing was called any more".into(),
        Verdict::Localized if why.is_partly_explained() => {
            format!("partly explained by {}: the rest is spread over everything", counted(why.causes.len()))
        }
        Verdict::Localized => format!("explained by {}", counted(why.causes.len())),
        Verdict::Broad => {
            let mainly = why
                .effects
                .first()
                .map_or(String::new(), |(effect, usd)| format!(", mainly the {} ({})", words(*effect), usd.signed()));
            format!("no single place explains it: spend {grew} everywhere{mainly}{on_top}")
        }
        Verdict::NoChange => format!("nothing needs explaining: no {growth} beyond what is usual{on_top}"),
    }
}

fn counted(causes: usize) -> String {
    if causes == 1 { "one cause".into() } else { format!("{causes} causes") }
}
