//! The words with which OpenAI's cost files say what a line charges for, taken apart from the right.
//!
//! `[prefix | ]model[ modality], [cached ]class[, long context]`, as in `priority | gpt-5.6-sol, output, long context` and
//! `gpt-image-1 image, cached input`. Model ids have neither blanks nor commas, which is what keeps the modality and the
//! class out of them. What stands before the bar is a service tier (`priority`) or the surface that made the calls
//! (`evals`); one that is not known is kept as a tier, for a person to map, and is never a part of the model.
//!
//! Lines without a model and a class: calls of tools, storage, and the tokens given away for shared data. What
//! does not fit is [`Charge::Other`], with its words.

use std::borrow::Cow;

use crate::domain::Charge;
use crate::domain::tokens::Class;

/// Prefixes that are service tiers, with the names that logs use.
const TIERS: [(&str, &str); 6] = [
    ("priority", "priority"),
    ("batch", "batch"),
    ("flex", "flex"),
    ("fast", "fast"),
    ("default", "standard"),
    ("standard", "standard"),
];

/// Prefixes that name what made the calls and say nothing of their price.
const SURFACES: [&str; 2] = ["evals", "assistants api"];

/// What the tokens given away for shared data are called in cost files, and the tier's name in usage files.
const SHARED_DATA: (&str, &str) = ("data sharing incentive tier", "incentivized-tier");

/// What the words of a line mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineItem<'t> {
    /// What it charges for.
    pub charge: Charge,
    /// The model, as the words name it.
    pub model: Option<&'t str>,
    /// The service tier, if a prefix says one.
    pub tier: Option<Cow<'t, str>>,
    /// The tool, by the price table's id.
    pub tool: Option<&'static str>,
    /// Whether long prompts are priced; known where a class of tokens is.
    pub long_context: Option<bool>,
    /// Whether the words say more than the fields above.
    pub says_more: bool,
}

/// Takes a line's words apart.
pub fn parse(text: &str) -> LineItem<'_> {
    let text = text.trim();
    tool(text).or_else(|| shared_data(text)).or_else(|| tokens(text)).unwrap_or(LineItem {
        charge: if is_storage(text) { Charge::Storage } else { Charge::Other },
        model: None,
        tier: None,
        tool: None,
        long_context: None,
        says_more: true,
    })
}

/// Reads `model, class` with what may stand around it.
fn tokens(text: &str) -> Option<LineItem<'_>> {
    let (text, long) = match text.strip_suffix(", long context") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (left, class) = text.rsplit_once(',')?;
    let (prefixes, model) = match left.rsplit_once('|') {
        Some((prefixes, model)) => (Some(prefixes), model.trim()),
        None => (None, left.trim()),
    };
    let mut words: Vec<&str> = class.split_whitespace().collect();
    let (model, modality) = model.rsplit_once(' ').map_or((model, None), |(model, word)| (model.trim(), Some(word)));
    words.splice(0..0, modality);
    if model.is_empty() || model.contains([' ', ',']) {
        return None;
    }
    let charge = charge_of(&words)?;
    let (mut tier, mut says_more) = (None, false);
    for prefix in prefixes.into_iter().flat_map(|prefixes| prefixes.split('|')).map(str::trim) {
        if SURFACES.iter().any(|surface| surface.eq_ignore_ascii_case(prefix)) {
            says_more = true;
        } else {
            let known = TIERS.iter().find(|(name, _)| name.eq_ignore_ascii_case(prefix)).map(|(_, tier)| *tier);
            says_more |= known.is_none();
            tier = Some(match tier {
                None => Cow::Borrowed(known.unwrap_or(prefix)),
                Some(before) => Cow::Owned(format!("{before} | {prefix}")),
            });
        }
    }
    Some(LineItem { charge, model: Some(model), tier, tool: None, long_context: Some(long), says_more })
}

/// Reads the words of a class: a modality at most once, `cached` at most once, and the direction.
fn charge_of(words: &[&str]) -> Option<Charge> {
    if let [rest @ .., "cache", "write" | "writes"] = words {
        return matches!(rest, [] | ["text"]).then_some(Charge::CacheWrite);
    }
    let (mut modality, mut cached, mut output) = (None, None, None);
    for word in words {
        let (seen, value) = match *word {
            "text" | "audio" | "image" => (modality.replace(*word).is_some(), true),
            "cached" => (cached.replace(()).is_some(), true),
            "input" | "output" => (output.replace(*word == "output").is_some(), true),
            _ => (false, false),
        };
        if seen || !value {
            return None;
        }
    }
    let class = match (modality.unwrap_or("text"), cached.is_some(), output?) {
        ("text", false, false) => Class::Input,
        ("text", true, false) => Class::CacheRead,
        ("text", false, true) => Class::Output,
        ("audio", false, false) => Class::AudioIn,
        ("audio", true, false) => Class::AudioCacheRead,
        ("audio", false, true) => Class::AudioOut,
        ("image", false, false) => Class::ImageIn,
        ("image", true, false) => Class::ImageCacheRead,
        ("image", false, true) => Class::ImageOut,
        _ => return None,
    };
    Some(Charge::Tokens(class))
}

/// Reads the calls of a tool: `web search tool calls`, also with the model whose price of a call holds.
fn tool(text: &str) -> Option<LineItem<'_>> {
    let (name, model) = match text.split_once('|') {
        Some((name, model)) => (name.trim(), Some(model.trim())),
        None => (text, None),
    };
    let tool = match name.to_ascii_lowercase().as_str() {
        "web search tool calls" | "web search" => "web_search",
        "file search tool calls" | "file search" => "file_search",
        "code interpreter sessions" | "code interpreter" => "code_interpreter",
        _ => return None,
    };
    let model = model.filter(|model| !model.is_empty());
    let says_more = true;
    Some(LineItem { charge: Charge::Tool, model, tier: None, tool: Some(tool), long_context: None, says_more })
}

/// Reads `data sharing incentive tier - input tokens`, which names no model.
fn shared_data(text: &str) -> Option<LineItem<'_>> {
    let (name, class) = text.split_once(" - ")?;
    let charge = charge_of(&[class.strip_suffix(" tokens")?])?;
    name.eq_ignore_ascii_case(SHARED_DATA.0).then_some(LineItem {
        charge,
        model: None,
        tier: Some(Cow::Borrowed(SHARED_DATA.1)),
        tool: None,
        long_context: None,
        says_more: true,
    })
}

/// Tells whether files are kept, by the gigabyte and day. The Assistants API's file search is that too: its calls were
/// never charged for, and its amounts are fractions of what one call costs elsewhere.
fn is_storage(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text == "assistants api | file search" || text.ends_with("storage")
}
