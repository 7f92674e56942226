//! Names of models as AWS bills print them, and the ids that Bedrock's logs and the price table have for them.
//!
//! Only where the name itself leads there: an id stays, Claude and Nova have a grammar of family and version, OpenAI's
//! names are its ids in capitals. All others stay as printed; an alias of the user's own settles those.

use std::borrow::Cow;

/// Returns the id of a model printed as `Claude4.6Sonnet`, `Claude Sonnet 4.6`, `Nova2.0Lite` or
/// `moonshotai.kimi-k3`; `is_global` where it was billed at the price of global routing, which has ids of its own.
pub(in crate::invoice) fn model_id(printed: &str, is_global: bool) -> Cow<'_, str> {
    let printed = printed.trim();
    let routed = |id: String| if is_global { format!("global.{id}") } else { id };
    if is_id(printed) {
        return if is_global { Cow::Owned(routed(printed.to_string())) } else { Cow::Borrowed(printed) };
    }
    let parts = parts(printed);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let id = match parts.as_slice() {
        ["claude", rest @ ..] => {
            return claude(rest).map_or(Cow::Borrowed(printed), |id| Cow::Owned(id.routed(is_global)));
        }
        ["nova", family @ ("micro" | "lite" | "pro" | "premier")] => Some(format!("amazon.nova-{family}-v1:0")),
        ["nova", "2", "0", "lite"] | ["nova", "2", "lite"] => Some("amazon.nova-2-lite-v1:0".to_string()),
        _ => printed.strip_prefix("OpenAI ").and_then(openai),
    };
    id.map_or(Cow::Borrowed(printed), |id| Cow::Owned(routed(id)))
}

/// Tells a Bedrock id: a maker, a dot, a name, nothing in capitals.
fn is_id(text: &str) -> bool {
    let is_maker = |maker: &str| maker.starts_with(|c: char| c.is_ascii_lowercase());
    text.split_once('.').is_some_and(|(maker, name)| is_maker(maker) && !name.is_empty())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b':'))
}

/// Cuts a name into runs of letters and runs of digits, in lower case.
fn parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in text.chars() {
        let starts = last.is_ascii_digit() != c.is_ascii_digit()
            || last.is_ascii_alphabetic() != c.is_ascii_alphabetic()
            || last.is_ascii_lowercase() && c.is_ascii_uppercase();
        if c.is_alphanumeric() {
            match parts.last_mut().filter(|_| !starts) {
                Some(part) => part.push(c.to_ascii_lowercase()),
                None => parts.push(c.to_ascii_lowercase().to_string()),
            }
        } else if c == '(' || c == '+' {
            // `(100K)` and `Large+` are names of their own: a part that no rule takes.
            parts.push(c.to_string());
        }
        last = c;
    }
    parts
}

/// A Claude by family and version.
struct Claude<'p> {
    family: &'p str,
    major: u32,
    minor: u32,
}

/// Reads `4 6 sonnet` and `sonnet 4 6`. The second edition of 3.5 Sonnet has the price and the id of the first.
fn claude<'p>(parts: &[&'p str]) -> Option<Claude<'p>> {
    let parts = match parts {
        ["3", "5", "sonnet", "v", "2"] => &parts[..3],
        _ => parts,
    };
    let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n < 100);
    let is_family = |word: &str| word.len() > 2 && word.bytes().all(|b| b.is_ascii_lowercase()) && word != "instant";
    let (family, major, minor) = match *parts {
        [major, family] if is_family(family) => (family, number(major)?, 0),
        [major, minor, family] if is_family(family) => (family, number(major)?, number(minor)?),
        [family, major] if is_family(family) => (family, number(major)?, 0),
        [family, major, minor] if is_family(family) => (family, number(major)?, number(minor)?),
        _ => return None,
    };
    (major >= 3).then_some(Claude { family, major, minor })
}

impl Claude<'_> {
    /// Up to 4.1 Bedrock's ids have dates, which a bill does not print, and one price: the undated name is the table's.
    /// From 4.5 on global routing has a price and an id of its own.
    fn routed(&self, is_global: bool) -> String {
        let Claude { family, major, minor } = self;
        let version = if *minor == 0 { major.to_string() } else { format!("{major}-{minor}") };
        match (*major, *minor) {
            (3, _) => format!("claude-{version}-{family}"),
            (4, 0..=1) => format!("claude-{family}-{version}"),
            _ => format!("{}anthropic.claude-{family}-{version}", if is_global { "global." } else { "" }),
        }
    }
}

/// `GPT-6 Astra` is `openai.gpt-6-astra`.
fn openai(name: &str) -> Option<String> {
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b' '));
    is_plain.then(|| format!("openai.{}", name.to_ascii_lowercase().replace(' ', "-")))
}
