//! What a key of a homemade log means: the alias table, and the assignment of free keys to dimensions.
//!
//! Names are folded (case, `_`, `-`, blanks, camelCase) before they are looked up. A whole name wins over a
//! name's end. Prompt and answer texts are recognised by name and never kept.

mod aliases;
mod dims;
pub mod own;

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::read::fields::aliases::ALIASES;
use crate::read::fields::aliases::ENDINGS;
use crate::read::fields::aliases::FOREIGN;
use crate::read::fields::aliases::TEXT_WORDS;
pub use crate::read::fields::dims::says_dim;
pub use crate::read::fields::dims::says_who;
pub use crate::read::fields::dims::states_geo;
use crate::read::json::Kind;
use crate::read::json::Node;
use crate::read::provider;
use crate::read::value;

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// When the call started or was logged.
    Time,
    /// A standard dimension.
    Dim(Dim),
    /// Input tokens; whether cached ones are inside is another question.
    Input,
    /// Input tokens without the cached ones, by its name.
    InputUncached,
    /// Output tokens.
    Output,
    /// Only a total of input and output.
    Total,
    /// Tokens read from a cache.
    CacheRead,
    /// Tokens written to a cache, lifetime not said.
    CacheWrite,
    /// Tokens written to a cache for five minutes.
    CacheWrite5m,
    /// Tokens written to a cache for thirty minutes.
    CacheWrite30m,
    /// Tokens written to a cache for an hour.
    CacheWrite1h,
    /// Reasoning tokens, contained in the output.
    Reasoning,
    /// The logged cost; the number is the power of ten of its unit in a dollar (2 for cents).
    Cost(u8),
    /// The input's part of a logged cost.
    InputCost,
    /// The output's part of a logged cost.
    OutputCost,
    /// Duration in milliseconds.
    LatencyMs,
    /// Duration in seconds.
    LatencyS,
    /// Time to the first token in milliseconds.
    TtftMs,
    /// The provider's response id or the log's request id.
    RequestId,
    /// A span id.
    Span,
    /// The id of the span above.
    Parent,
    /// `true` for a call of a batch.
    Batch,
    /// Uses of the web search tool.
    WebSearch,
    /// What an explicit cache kept, in tokens times so many seconds.
    CacheStorage(u16),
    /// Says that the call failed, as a boolean or as the failure's text.
    Error,
    /// A count of requests: the row sums many calls.
    Requests,
    /// A prompt, an answer or another text that must not be kept.
    Text,
    /// An object whose fields are dimensions.
    Nested,
}

/// Bare words that may name a text as well as a count: a text under them is passed over, never kept.
const BARE_WORDS: &[&str] =
    &["input", "in", "prompt", "output", "out", "completion", "tokens", "total", "cached", "cache_creation"];

/// Tells whether a key may hold a prompt or an answer as well as a count.
pub fn is_bare_word(key: &str) -> bool {
    BARE_WORDS.iter().any(|word| word.eq_ignore_ascii_case(key)) && !own::is_claimed(key)
}

/// What a folded key means, and how good a name for it that is (0 is best).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The field.
    pub field: Field,
    /// The rank among the field's names.
    pub rank: u16,
}

/// Folds a key: lower case, words joined by `_`; `inputTokens`, `Input Tokens` and `input-tokens` are one.
pub fn folded(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    let mut previous_lower = false;
    for c in key.trim().chars() {
        if matches!(c, '_' | '-' | ' ' | '.' | '(' | ')') {
            if !out.ends_with('_') && !out.is_empty() {
                out.push('_');
            }
            previous_lower = false;
        } else {
            if c.is_uppercase() && previous_lower {
                out.push('_');
            }
            previous_lower = c.is_lowercase() || c.is_ascii_digit();
            out.extend(c.to_lowercase());
        }
    }
    if out.ends_with('_') {
        out.pop();
    }
    out
}

/// Returns what a key means, if it is in the alias table and the user means nothing else by it.
pub fn meaning(key: &str) -> Option<Meaning> {
    if own::is_claimed(key) { None } else { usual_meaning(key) }
}

/// Returns what a key means by the alias table, whatever the user means by it.
pub fn usual_meaning(key: &str) -> Option<Meaning> {
    let folded = folded(key);
    let whole = |name: &str| {
        ALIASES.iter().find_map(|(field, names)| {
            names.iter().position(|n| *n == name).map(|rank| Meaning { field: *field, rank: rank as u16 })
        })
    };
    whole(&folded).or_else(|| {
        let ending = ENDINGS.iter().find(|ending| {
            folded
                .strip_suffix(**ending)
                .and_then(|head| head.strip_suffix('_'))
                .is_some_and(|head| !head.split('_').any(|word| FOREIGN.contains(&word)))
        })?;
        whole(ending).map(|meaning| Meaning { rank: meaning.rank + 100, ..meaning })
    })
}

/// Finds a field by the name `--map` uses: any of its aliases.
pub fn field_named(name: &str) -> Option<Field> {
    meaning(name).map(|meaning| meaning.field).filter(|field| !matches!(field, Field::Text | Field::Nested))
}

/// Returns what a column means that the user gives to a field: the best name for it, but for a region, which only some
/// names say that inference was billed in.
pub fn mapped(name: &str) -> Option<Meaning> {
    let field = field_named(name)?;
    let rank = meaning(name).filter(|_| field == Field::Dim(Dim::Region)).map_or(0, |meaning| meaning.rank);
    Some(Meaning { field, rank })
}

/// What a wrapper around a provider's body told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outer {
    /// Whether it carried a time.
    pub has_time: bool,
    /// Why a value could not be used.
    pub problem: Option<String>,
}

/// Takes time, ids and dimensions from the keys around a provider's body, all but those in `skip`.
pub fn outer<'t>(node: Node<'t>, skip: &[&str], call: &mut Call<'t>) -> Outer {
    let mut told = Outer::default();
    let mut time_rank = u16::MAX;
    for (key, value) in node.fields().filter(|(key, value)| !skip.contains(key) && !value.is_null()) {
        match meaning(key) {
            Some(Meaning { field: Field::Time, rank }) if rank < time_rank => match time(value) {
                Ok((ts, flags)) => {
                    time_rank = rank;
                    told.has_time = true;
                    call.ts = ts;
                    call.flags.add(flags);
                }
                Err(reason) => told.problem = Some(format!("`{key}`: {reason}")),
            },
            Some(Meaning { field: Field::Nested, .. }) => nested(value, call),
            Some(Meaning { field: Field::LatencyMs, .. }) => call.latency_ms = value::millis(value, 1.0),
            Some(Meaning { field: Field::LatencyS, .. }) => call.latency_ms = value::millis(value, 1000.0),
            Some(Meaning { field: Field::Cost(scale), .. }) => match value::money(key, value, i32::from(scale)) {
                Ok(cost) => call.logged_cost = Some(cost),
                Err(reason) => told.problem = Some(reason),
            },
            Some(Meaning { field: Field::Batch, .. }) if value.bool() == Some(true) => call.set(Dim::Tier, "batch"),
            _ => {
                if let Some(text) = value.scalar() {
                    assign(call, key, text);
                }
            }
        }
    }
    told
}

/// Takes dimensions from an object of tags, an array of `k:v` texts, or either of them inside a text.
pub fn nested<'t>(node: Node<'t>, call: &mut Call<'t>) {
    for (key, value) in node.fields() {
        match value.kind() {
            Kind::Object => nested(value, call),
            Kind::Array => {}
            _ => {
                if let Some(text) = value.scalar() {
                    assign(call, key, text);
                }
            }
        }
    }
    for item in node.items() {
        match (item.get("key").and_then(Node::str), item.get("value").and_then(Node::scalar)) {
            (Some(key), Some(value)) => assign(call, &key, value),
            _ => item.str().into_iter().for_each(|text| tag(call, text)),
        }
    }
    // `feature:chat,tenant:acme`, as some tools write their tags.
    if let Some(text) = node.str().filter(|text| !text.starts_with(['{', '['])) {
        text.split(',')
            .filter(|part| part.contains([':', '=']))
            .for_each(|part| tag(call, part.trim().to_string().into()));
    }
}

/// Reads a time with the flags that say what the log left open.
pub fn time(node: Node<'_>) -> Result<(Timestamp, Flags), String> {
    let text = node.scalar().ok_or("not a time")?;
    let parsed = Timestamp::parse(&text).map_err(|error| format!("{error}: {}", value::excerpt(&text)))?;
    Ok((parsed.ts, if parsed.zoned { Flags::default() } else { Flags::ZONE_ASSUMED }))
}

/// Sets a call's time from the key of its format that holds it.
pub fn set_time(call: &mut Call<'_>, key: &str, node: Node<'_>) -> Result<(), String> {
    let (ts, flags) = time(node).map_err(|reason| format!("`{key}`: {reason}"))?;
    call.ts = ts;
    call.flags.add(flags);
    Ok(())
}

/// Gives a free key its place: a standard dimension if the alias table knows it, else an extra of its own name.
pub fn assign<'t>(call: &mut Call<'t>, key: &str, value: Cow<'t, str>) {
    match meaning(key) {
        Some(Meaning { field: Field::Dim(dim), rank }) if says_dim(dim, rank, &value) => {
            if dim == Dim::Region && states_geo(rank) {
                call.flags.add(Flags::GEO_STATED);
            }
            set_dim(call, dim, value);
        }
        Some(Meaning { field: Field::RequestId, .. }) if call.request_id.is_none() => call.request_id = Some(value),
        Some(Meaning { field: Field::Text | Field::Dim(Dim::Provider), .. }) => {}
        Some(Meaning { field: Field::Error, .. }) => {
            if let Some(status) = failure(&value) {
                call.set_if_none(Dim::Status, status);
            }
        }
        _ if is_bare_word(key) => {}
        _ => set_extra(call, key, value),
    }
}

/// Returns the status that an `error` key stands for: a text there is the failure itself, an empty one is none.
pub fn failure(value: &str) -> Option<&'static str> {
    match value.trim().to_ascii_lowercase().as_str() {
        "" | "-" | "none" | "null" | "nan" | "n/a" => None,
        "false" | "0" | "no" | "ok" => Some("ok"),
        _ => Some("error"),
    }
}

/// Sets a standard dimension that has no value yet, folding what has a standard spelling.
pub fn set_dim<'t>(call: &mut Call<'t>, dim: Dim, value: Cow<'t, str>) {
    match dim {
        Dim::Provider => call.set_if_none(dim, map(value, provider::fold)),
        Dim::Tier => call.set_if_none(dim, map(value, |text| value::tier(text).unwrap_or_default())),
        Dim::Status => call.set_if_none(dim, map(value, value::status)),
        _ => call.set_if_none(dim, value),
    }
}

/// Tells whether a key's name says that it may hold a prompt or an answer; a number under it is kept all the same.
pub fn is_text_name(key: &str) -> bool {
    folded(key).split('_').any(|word| TEXT_WORDS.contains(&word)) && !own::is_claimed(key)
}

/// Tells whether a key and its value are short enough for a dimension; longer ones are somebody's text.
pub fn is_short(key: &str, value: &str) -> bool {
    value.len() <= 200 && key.len() <= 100
}

/// Keeps a key that no rule knows, unless it may be somebody's text.
pub fn set_extra<'t>(call: &mut Call<'t>, key: &str, value: Cow<'t, str>) {
    if is_short(key, &value) && (!is_text_name(key) || value::is_number(&value)) {
        call.set_extra(key.to_string(), value);
    }
}

/// Takes a tag of the form `key:value` or `key=value`; another tag becomes `tag.<text>` = `true`.
pub fn tag<'t>(call: &mut Call<'t>, text: Cow<'t, str>) {
    match text.find([':', '=']) {
        Some(at) if at > 0 && at + 1 < text.len() => {
            let value = text[at + 1..].trim().to_string();
            assign(call, text[..at].trim(), value.into());
        }
        _ if text.len() <= 60 => set_extra(call, &format!("tag.{text}"), "true".into()),
        _ => {}
    }
}

/// Applies a text function without copying what it leaves alone.
fn map<'t>(value: Cow<'t, str>, fold: impl Fn(&str) -> Cow<'_, str>) -> Cow<'t, str> {
    match value {
        Cow::Borrowed(text) => fold(text),
        Cow::Owned(text) => Cow::Owned(fold(&text).into_owned()),
    }
}
