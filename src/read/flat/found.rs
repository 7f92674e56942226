//! The values found in one flat record, the best-named one a field.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::dimension::DIMS;
use crate::read::fields;
use crate::read::fields::Field;
use crate::read::fields::Meaning;
use crate::read::json::Kind;
use crate::read::json::Node;
use crate::read::value;

/// How a column came by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// The user said so.
    Mapped,
    /// By a name that can only mean this.
    Clearly,
    /// By a word that may name a text too.
    Loosely,
}

/// What a column is to this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Means(Meaning, Named),
    Extra,
}

/// How many fields are not dimensions; see [`slot`].
pub(super) const SLOTS: usize = 22;

/// Values found in one record, the best-named one a field.
pub(super) struct Found<'t> {
    pub(super) slots: [Option<Value<'t>>; SLOTS],
    pub(super) dim_ranks: [u16; DIMS],
    pub(super) requests: bool,
    pub(super) failure: Option<&'static str>,
}

#[derive(Clone, Copy)]
pub(super) struct Value<'t> {
    pub(super) rank: u16,
    pub(super) field: Field,
    pub(super) key: &'t str,
    pub(super) node: Node<'t>,
}

/// Returns the place of a field in [`Found::slots`].
pub(super) fn slot(field: Field) -> Option<usize> {
    Some(match field {
        Field::Time => 0,
        Field::Input => 1,
        Field::InputUncached => 2,
        Field::Output => 3,
        Field::Total => 4,
        Field::CacheRead => 5,
        Field::CacheWrite => 6,
        Field::CacheWrite5m => 7,
        Field::CacheWrite30m => 8,
        Field::CacheWrite1h => 9,
        Field::Reasoning => 10,
        Field::Cost(_) => 11,
        Field::InputCost => 12,
        Field::OutputCost => 13,
        Field::LatencyMs => 14,
        Field::LatencyS => 15,
        Field::TtftMs => 16,
        Field::RequestId => 17,
        Field::Span => 18,
        Field::Parent => 19,
        Field::Batch => 20,
        Field::WebSearch => 21,
        Field::Dim(_) | Field::Error | Field::Requests | Field::Text | Field::Nested => return None,
    })
}

pub(super) fn named(key: &str) -> Named {
    if fields::is_bare_word(key) { Named::Loosely } else { Named::Clearly }
}

/// Puts one column's value where it belongs.
pub(super) fn take<'t>(
    role: Role,
    key: &'t str,
    value: Node<'t>,
    call: &mut Call<'t>,
    found: &mut Found<'t>,
) -> Result<(), String> {
    if value.is_null() {
        return Ok(());
    }
    let Role::Means(meaning, named) = role else {
        take_extra(key, value, call);
        return Ok(());
    };
    match meaning.field {
        Field::Text => {}
        // An object under `input` or `output` is somebody's prompt or answer; under these it is counts or tags.
        Field::Nested | Field::Total | Field::Dim(_) if value.is_object() => take_nested(value, call, found, 0)?,
        Field::Nested => fields::nested(value, call),
        Field::Requests => found.requests = true,
        Field::Error => found.failure = value.scalar().map(|text| fields::failure(&text)).or(found.failure),
        Field::Dim(dim) => take_dim(dim, meaning.rank, key, value, call, found),
        field => {
            if matches!(value.kind(), Kind::Array | Kind::Object) {
                return if named == Named::Loosely { Ok(()) } else { Err(format!("`{key}` is not a single value")) };
            }
            let is_text = matches!(value.kind(), Kind::Plain | Kind::Escaped);
            if is_text && value.raw().is_empty() {
                return Ok(());
            }
            if named == Named::Loosely && (is_text && value::count(key, value).is_err() || value.bool().is_some()) {
                return Ok(());
            }
            if let Some(at) = slot(field)
                && found.slots[at].is_none_or(|known| meaning.rank < known.rank)
            {
                found.slots[at] = Some(Value { rank: meaning.rank, field, key, node: value });
            }
        }
    }
    Ok(())
}

pub(super) fn take_extra<'t>(key: &'t str, value: Node<'t>, call: &mut Call<'t>) {
    const LONGEST: usize = 200;
    if let Some(text) = value.scalar()
        && text.len() <= LONGEST
        && key.len() <= 100
    {
        call.set_extra(key, text);
    }
}

pub(super) fn take_dim<'t>(
    dim: Dim,
    rank: u16,
    key: &'t str,
    value: Node<'t>,
    call: &mut Call<'t>,
    found: &mut Found<'t>,
) {
    let text = match value.kind() {
        Kind::Array => {
            let parts: Vec<Cow<'_, str>> = value.items().filter_map(|item| item.scalar()).collect();
            Cow::Owned(parts.join("/"))
        }
        _ => value.scalar().unwrap_or_default(),
    };
    if text.is_empty() || (dim == Dim::Provider && !value::is_name(&text)) {
        return;
    }
    if dim == Dim::Tier && !fields::says_dim(dim, rank, &text) {
        take_extra(key, value, call);
        return;
    }
    if rank < found.dim_ranks[dim as usize] {
        found.dim_ranks[dim as usize] = rank;
        call.dims[dim as usize] = None;
        fields::set_dim(call, dim, text);
    } else {
        take_extra(key, value, call);
    }
}

/// Flattens `usage`, `tags` and the like; their counts rank with those of the record itself.
pub(super) fn take_nested<'t>(
    node: Node<'t>,
    call: &mut Call<'t>,
    found: &mut Found<'t>,
    depth: u32,
) -> Result<(), String> {
    for (key, value) in node.fields() {
        if value.is_object() {
            if depth < 3 {
                take_nested(value, call, found, depth + 1)?;
            }
            continue;
        }
        let role = fields::meaning(key).map_or(Role::Extra, |meaning| Role::Means(meaning, named(key)));
        take(role, key, value, call, found)?;
    }
    Ok(())
}

pub(super) fn take_ids<'t>(call: &mut Call<'t>, found: &Found<'t>) {
    let text = |field: Field| {
        let value = slot(field).and_then(|at| found.slots[at])?;
        value.node.scalar().filter(|text| !matches!(text.as_ref(), "" | "None" | "null" | "nan"))
    };
    call.request_id = text(Field::RequestId);
    call.span = text(Field::Span);
    call.parent = text(Field::Parent);
}

pub(super) fn take_outcome(call: &mut Call<'_>, found: &Found<'_>) -> Result<(), String> {
    let at = |field: Field| slot(field).and_then(|at| found.slots[at]);
    if let Some(failure) = found.failure {
        call.set_if_none(Dim::Status, failure);
    }
    if let Some(batch) = at(Field::Batch).and_then(|value| value.node.bool()) {
        call.set_if_none(Dim::Tier, if batch { "batch" } else { "standard" });
    }
    let millis = |field: Field, scale: f64| at(field).and_then(|value| value::millis(value.node, scale));
    call.latency_ms = match at(Field::LatencyMs) {
        // `latency` without a unit: fractions of a thousand are seconds, whole numbers milliseconds.
        Some(value) if !value.key.to_ascii_lowercase().ends_with("ms") && value.node.raw().contains('.') => {
            value::millis(value.node, 1000.0)
        }
        Some(value) => value::millis(value.node, 1.0),
        None => millis(Field::LatencyS, 1000.0),
    };
    call.ttft_ms = millis(Field::TtftMs, 1.0);
    call.logged_cost = match at(Field::Cost(0)) {
        Some(Value { field: Field::Cost(scale), key, node, .. }) => Some(value::money(key, node, i32::from(scale))?),
        _ => {
            let part = |field: Field| at(field).map(|value| value::money(value.key, value.node, 0)).transpose();
            match (part(Field::InputCost)?, part(Field::OutputCost)?) {
                (None, None) => None,
                (input, output) => Some(input.unwrap_or_default() + output.unwrap_or_default()),
            }
        }
    };
    Ok(())
}
