//! What the readers of tracing and logging vendors share: cells that may be quoted once more, what users attach
//! to a trace, ids that are a provider's own, and what a span hands down. It knows no vendor.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Timestamp;
use crate::read::Span;
use crate::read::fields;
use crate::read::fields::Field;
use crate::read::json::Node;
use crate::read::json::Tape;
use crate::read::provider;
use crate::read::value;

/// Returns the text of a cell: without the quotes of a JSON string inside it; an empty one and `null` are none.
pub(super) fn text(node: Option<Node<'_>>) -> Option<Cow<'_, str>> {
    let text = unquoted(node?.scalar()?);
    (!matches!(text.trim(), "" | "null")).then_some(text)
}

/// Returns the first of several cells that has a text.
pub(super) fn first<'t>(node: Node<'t>, keys: &[&str]) -> Option<Cow<'t, str>> {
    keys.iter().find_map(|key| text(node.get(key)))
}

/// Tells whether any of these columns counts something: tables have zeros where nothing is known.
pub(super) fn has_counts(row: Node<'_>, keys: &[&str]) -> bool {
    let counts = keys.iter().filter_map(|key| text(row.get(key)));
    counts.into_iter().any(|count| !count.trim_matches(['0', '.']).is_empty())
}

/// Takes the quotes off a text that is a JSON string.
fn unquoted(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() < 2 || !text.starts_with('"') || !text.ends_with('"') {
        return text;
    }
    if let Cow::Borrowed(borrowed) = text
        && !borrowed.contains('\\')
    {
        let inner = borrowed.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'));
        return Cow::Borrowed(inner.unwrap_or(borrowed));
    }
    let mut tape = Tape::default();
    match tape.parse(&text).ok().and_then(|()| tape.root(&text).str().map(Cow::into_owned)) {
        Some(inner) => Cow::Owned(inner),
        None => text,
    }
}

/// Reads a time of a log whose times without a zone are UTC.
pub(super) fn utc(name: &str, text: &str) -> Result<Timestamp, String> {
    match Timestamp::parse(text) {
        Ok(parsed) => Ok(parsed.ts),
        Err(error) => Err(format!("`{name}`: {error}: {}", value::excerpt(text))),
    }
}

/// Sets when a span and its call began, ended and answered first: an end before the start is none.
pub(super) fn take_times(
    (start, end, first): (Timestamp, Option<Timestamp>, Option<Timestamp>),
    span: &mut Span<'_>,
    call: &mut Call<'_>,
) {
    (span.start, span.end) = (start.0, end.map_or(start.0, |end| end.0.max(start.0)));
    call.ts = start;
    call.latency_ms = end.and_then(|end| millis_between(start, end));
    call.ttft_ms = first.and_then(|first| millis_between(start, first));
}

/// Returns the milliseconds from one instant to a later one.
pub(super) fn millis_between(start: Timestamp, end: Timestamp) -> Option<u64> {
    u64::try_from(end.0.checked_sub(start.0)?).ok().map(|nanos| (nanos + 500_000) / 1_000_000)
}

/// Tells an id that a provider gave its answer from one that a tool made up. Some local servers count theirs from
/// one and start anew: those are too short to tell calls apart.
pub(super) fn is_provider_id(id: &str) -> bool {
    const MARKS: [&str; 5] = ["chatcmpl-", "cmpl-", "resp_", "msg_", "gen-"];
    MARKS.iter().any(|mark| id.strip_prefix(mark).is_some_and(|rest| rest.len() >= 8))
        && id.len() <= 100
        && !id.contains(char::is_whitespace)
}

/// Words under which users and instrumentations name the seller.
const SELLER: [&str; 4] = ["ls_provider", "gen_ai.provider.name", "gen_ai.system", "llm_provider"];

/// Takes what a user attached to an observation or run. An instrumentation's attributes below it are looked
/// through for dimensions alone: the rest repeats what the record says itself.
pub(super) fn metadata<'t>(node: Node<'t>, call: &mut Call<'t>) {
    for (key, value) in node.fields() {
        match key {
            "attributes" | "resourceAttributes" | "resource_attributes" => {
                value.fields().for_each(|(key, value)| attribute(call, key, value));
            }
            _ if value.is_object() => {}
            _ => own(call, key, value),
        }
    }
}

/// Gives a key of the user's own its place. What only looks like a property of the request stays an extra.
pub(super) fn own<'t>(call: &mut Call<'t>, key: &str, value: Node<'t>) {
    let Some(text) = text(Some(value)) else { return };
    if text.starts_with(['{', '[']) {
        return;
    }
    if SELLER.contains(&key) {
        set_seller(call, &text);
    } else if let Some(text) = set_dimension(call, key, text)
        && !is_technical(key)
    {
        fields::set_extra(call, key, text);
    }
}

/// Takes an attribute that is a dimension; `service.name` is the application.
fn attribute<'t>(call: &mut Call<'t>, key: &str, value: Node<'t>) {
    let Some(text) = text(Some(value)) else { return };
    if SELLER.contains(&key) {
        set_seller(call, &text);
    } else if key == "service.name" {
        fields::set_extra(call, "app", text);
    } else if !["gen_ai.", "langfuse.", "llm.", "ai.", "http.", "telemetry."].iter().any(|own| key.starts_with(own)) {
        set_dimension(call, key, text);
    }
}

/// Sets the seller that a metadata key names.
pub(super) fn set_seller(call: &mut Call<'_>, name: &str) {
    let folded = provider::fold(name).into_owned();
    call.set_if_none(Dim::Provider, if folded == "amazon_bedrock" { "bedrock".into() } else { folded });
}

/// Sets the dimension a key stands for, if it is one that says who or what for; else gives the value back.
fn set_dimension<'t>(call: &mut Call<'t>, key: &str, text: Cow<'t, str>) -> Option<Cow<'t, str>> {
    let Some(meaning) = fields::meaning(key) else {
        return Some(text);
    };
    match meaning.field {
        Field::Dim(dim)
            if fields::says_who(dim) && fields::says_dim(dim, meaning.rank, &text) && fields::is_short(key, &text) =>
        {
            call.set_if_none(dim, text);
            None
        }
        Field::Text | Field::Nested => None,
        _ => Some(text),
    }
}

/// Tells keys that libraries attach by themselves and that say nothing about what a call was for.
fn is_technical(key: &str) -> bool {
    key.starts_with("ls_") || key.starts_with("LANGSMITH_") || key.starts_with("LANGCHAIN_") || key == "scope"
}

/// Takes a list of tags; those that LangChain writes for itself are left.
pub(super) fn tags<'t>(node: Node<'t>, call: &mut Call<'t>) {
    const OWN: [&str; 5] = ["seq:step", "map:key", "graph:step", "langsmith:", "condition:"];
    for tag in node.items().filter_map(Node::str).filter(|tag| !OWN.iter().any(|own| tag.starts_with(own))) {
        match tag.split_once([':', '=']).map(|(key, value)| (key.trim().to_string(), value.trim().to_string())) {
            Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                if let Some(value) = set_dimension(call, &key, value.into()) {
                    fields::set_extra(call, &key, value);
                }
            }
            _ => fields::tag(call, tag),
        }
    }
}
