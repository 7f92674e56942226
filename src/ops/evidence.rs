//! The command that shows what an answer is built on, written so that a shell takes it as it stands.

use crate::domain::Condition;
use crate::domain::Filter;
use crate::domain::filter::Test;
use crate::report::is_hostile;

/// Writes a command of words, each quoted where a POSIX shell would read something else into it.
pub(super) fn command(words: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quoted(word.as_ref())).collect();
    quoted.join(" ")
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-+=:,./@%".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Writes a condition of `--where` that the calls with a value pass; `None` is untagged.
pub(super) fn condition(name: &str, value: Option<&str>) -> String {
    // A comma would part two values, and a terminal would act on others: a pattern takes any character in their place.
    let is_awkward = |c: char| c == ',' || is_hostile(c);
    match value {
        None => format!("{name}="),
        Some(value) if value.contains(is_awkward) => format!("{name}~{}", value.replace(is_awkward, "?")),
        Some(value) => format!("{name}={value}"),
    }
}

/// Writes the conditions of a filter as a user would type them.
pub(super) fn conditions(filter: &Filter) -> Vec<String> {
    let list = |values: &[Option<String>]| {
        values.iter().map(|value| value.as_deref().unwrap_or_default()).collect::<Vec<_>>().join(",")
    };
    let text = |condition: &Condition| match &condition.test {
        Test::AnyOf(values) => format!("{}={}", condition.axis, list(values)),
        Test::NoneOf(values) => format!("{}!={}", condition.axis, list(values)),
        Test::Glob(globs) => format!("{}~{}", condition.axis, globs.join(",")),
    };
    filter.0.iter().map(text).collect()
}
