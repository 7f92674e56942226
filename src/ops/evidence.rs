//! The command that shows what an answer is built on, written so that a shell takes it as it stands.

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
    match value {
        None => format!("{name}="),
        // A comma would part two values; a glob takes any character in its place.
        Some(value) if value.contains(',') => format!("{name}~{}", value.replace(',', "?")),
        Some(value) => format!("{name}={value}"),
    }
}
