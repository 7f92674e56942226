//! The values found in one flat record, the best-named one a field.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
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

impl Named {
    /// Returns a column's place among those of one field: the user's word takes the field from whatever merely looks
    /// like it, and leaves the others' ranks what they are.
    fn order(self, rank: u16) -> u16 {
        if self == Named::Mapped { 0 } else { rank.saturating_add(1) }
    }
}

/// What a column is to this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Means(Meaning, Named),
    /// A key of the author's own.
    Extra,
    /// One whose name says that its text may be a prompt or an answer.
    TextNamed,
}

/// How many fields are not dimensions; see [`slot`].
pub(super) const SLOTS: usize = 23;

/// Values found in one record, the best-named one a field.
pub(super) struct Found<'t> {
    pub(super) slots: [Option<Value<'t>>; SLOTS],
    pub(super) dim_orders: [u16; DIMS],
    pub(super) requests: bool,
    pub(super) failure: Option<&'static str>,
}

#[derive(Clone, Copy)]
pub(super) struct Value<'t> {
    pub(super) order: u16,
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
        Field::CacheStorage(_) => 22,
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
    let (meaning, named) = match role {
        Role::Means(meaning, named) => (meaning, named),
        // `llm: {model, input_tokens}`: a record within the record.
        Role::Extra | Role::TextNamed if value.is_object() && holds_call(value) => {
            return take_nested(value, call, found, 0);
        }
        Role::TextNamed if !value.scalar().is_some_and(|text| value::is_number(&text)) => return Ok(()),
        Role::Extra | Role::TextNamed => {
            take_extra(key, value, call);
            return Ok(());
        }
    };
    match meaning.field {
        // A provider's answer cut down to its counts; of a whole one another reader knows more.
        Field::Text | Field::Input | Field::Output if value.is_object() => take_cut_answer(value, call, found)?,
        Field::Text => {}
        Field::Cost(_) if value.is_object() => {
            if let Some(total) = value.first(&["total", "total_cost", "usd", "amount"]) {
                take(role, key, total, call, found)?;
            }
        }
        Field::Error if value.is_object() => found.failure = Some("error").filter(|_| value.fields().next().is_some()),
        Field::Dim(dim) if value.is_object() => match value.first(&["id", "name", "key", "slug"]) {
            Some(name) => take_dim(dim, meaning.rank, named, key, name, call, found),
            None => take_nested(value, call, found, 0)?,
        },
        // An object under `input` or `output` is somebody's prompt or answer; under these it is counts or tags.
        Field::Nested | Field::Total if value.is_object() => take_nested(value, call, found, 0)?,
        Field::Nested => fields::nested(value, call),
        Field::Requests => {
            found.requests = true;
            take_extra(key, value, call);
        }
        Field::Error => take_failure(key, value, call, found),
        Field::Dim(dim) => take_dim(dim, meaning.rank, named, key, value, call, found),
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
            let order = named.order(meaning.rank);
            if let Some(at) = slot(field)
                && found.slots[at].is_none_or(|known| order < known.order)
            {
                found.slots[at] = Some(Value { order, field, key, node: value });
            }
        }
    }
    Ok(())
}

/// Takes counts, model and id of an answer that stands under `response` and the like.
fn take_cut_answer<'t>(node: Node<'t>, call: &mut Call<'t>, found: &mut Found<'t>) -> Result<(), String> {
    let Some(usage) = node.get("usage").filter(|usage| usage.is_object()) else { return Ok(()) };
    take_nested(usage, call, found, 0)?;
    for key in ["model", "id", "service_tier"] {
        if let (Some(value), Some(meaning)) = (node.get(key), fields::meaning(key)) {
            take(Role::Means(meaning, Named::Clearly), key, value, call, found)?;
        }
    }
    Ok(())
}

/// Tells whether an object has a model or a count of tokens in it.
fn holds_call(node: Node<'_>) -> bool {
    node.fields().any(|(key, _)| {
        let field = fields::meaning(key).map(|meaning| meaning.field);
        matches!(field, Some(Field::Dim(Dim::Model) | Field::Input | Field::Output)) && !fields::is_bare_word(key)
    })
}

fn take_failure<'t>(key: &'t str, value: Node<'t>, call: &mut Call<'t>, found: &mut Found<'t>) {
    let Some(text) = value.scalar() else { return };
    // One key that says so is enough; the code or kind of it is worth keeping, its words are not.
    found.failure = match (found.failure, fields::failure(&text)) {
        (Some("error"), _) | (_, Some("error")) => Some("error"),
        (known, told) => told.or(known),
    };
    if matches!(fields::folded(key).as_str(), "error_type" | "error_code") {
        take_extra(key, value, call);
    }
}

pub(super) fn take_extra<'t>(key: &'t str, value: Node<'t>, call: &mut Call<'t>) {
    if let Some(text) = value.scalar()
        && fields::is_short(key, &text)
    {
        call.set_extra(key, text);
    }
}

pub(super) fn take_dim<'t>(
    dim: Dim,
    rank: u16,
    named: Named,
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
    // `planner > search` is the path that others write with a slash.
    let text = if dim == Dim::Agent && text.contains(" > ") { text.replace(" > ", "/").into() } else { text };
    if text.is_empty() || (dim == Dim::Provider && !value::is_name(&text)) {
        return;
    }
    if dim == Dim::Tier && !fields::says_dim(dim, rank, &text) {
        take_extra(key, value, call);
        return;
    }
    if dim == Dim::Session && !fields::says_dim(dim, rank, &text) {
        return;
    }
    if dim == Dim::Region && fields::states_geo(rank) {
        call.flags.add(Flags::GEO_STATED);
    }
    let order = named.order(rank);
    if order < found.dim_orders[dim as usize] {
        found.dim_orders[dim as usize] = order;
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
            if fields::folded(key) == "cache" {
                take_cache(value, call, found)?;
            } else if depth < 3 {
                take_nested(value, call, found, depth + 1)?;
            }
            continue;
        }
        let role = match fields::meaning(key) {
            Some(meaning) => Role::Means(meaning, named(key)),
            None if fields::is_text_name(key) => Role::TextNamed,
            None => Role::Extra,
        };
        take(role, key, value, call, found)?;
    }
    Ok(())
}

/// Takes `cache: {read, write}`, as it stands under `tokens`.
fn take_cache<'t>(node: Node<'t>, call: &mut Call<'t>, found: &mut Found<'t>) -> Result<(), String> {
    for (key, field) in [("read", Field::CacheRead), ("write", Field::CacheWrite)] {
        if let Some(value) = node.get(key) {
            take(Role::Means(Meaning { field, rank: 50 }, Named::Clearly), key, value, call, found)?;
        }
    }
    Ok(())
}

pub(super) fn take_ids<'t>(call: &mut Call<'t>, found: &Found<'t>) {
    let text = |field: Field| {
        let value = slot(field).and_then(|at| found.slots[at])?;
        value.node.scalar().filter(|text| !matches!(text.as_ref(), "" | "None" | "null" | "nan"))
    };
    call.request_id = text(Field::RequestId);
    if call.request_id.as_deref().is_some_and(value::is_response_id) {
        call.flags.add(Flags::UNIQUE_ID);
    }
    call.span = text(Field::Span);
    call.parent = text(Field::Parent);
}

pub(super) fn take_outcome(call: &mut Call<'_>, found: &Found<'_>) -> Result<(), String> {
    let at = |field: Field| slot(field).and_then(|at| found.slots[at]);
    if let Some(failure) = found.failure {
        call.set_if_none(Dim::Status, failure);
    }
    if let Some(batch) = at(Field::Batch).and_then(|value| value.node.bool()) {
        // A flag of its own says more than the default mode beside it.
        if batch && call.dim(Dim::Tier) == Some("standard") {
            call.set(Dim::Tier, "batch");
        }
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
