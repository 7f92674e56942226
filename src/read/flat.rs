//! Flat records: one JSON object or CSV row a call, with whatever column names their author chose.
//!
//! Inclusive or exclusive: a flat log does not say whether its input count contains the cached tokens. In
//! order: what the user says (`--cached-input`), a column that says it by name, a cached count larger than the
//! input (cannot be a part of it), and last the spelling, flagged `inclusive_guessed` with the other reading
//! kept, so that a logged cost can settle it. Output is taken to include reasoning, as all providers but
//! Gemini and xAI report it.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Unpriced;
use crate::domain::bytes;
use crate::domain::dimension::DIMS;
use crate::read::CachedInput;
use crate::read::Options;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::fields;
use crate::read::fields::Field;
use crate::read::fields::Meaning;
use crate::read::json::Kind;
use crate::read::json::Node;
use crate::read::json::Tape;
use crate::read::value;

/// The reader of flat JSON and CSV.
pub struct Flat;

impl Reader for Flat {
    fn name(&self) -> &'static str {
        "flat"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let (mut model, mut amount) = (false, false);
        look(record, 0, &mut |field| match field {
            Field::Dim(Dim::Model) => model = true,
            Field::Input | Field::Output | Field::Total | Field::Cost(_) | Field::InputUncached => amount = true,
            _ => {}
        });
        model && amount
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        let mapped = options.map.iter().filter_map(|(field, column)| {
            let field = fields::field_named(field)?;
            Some((column.clone(), Role::Means(Meaning { field, rank: 0 }, Named::Mapped)))
        });
        Box::new(FlatSession {
            roles: mapped.collect(),
            layout: Vec::new(),
            cached_input: options.cached_input,
            mapped: !options.map.is_empty(),
            tape: Tape::default(),
        })
    }
}

fn look(node: Node<'_>, depth: u32, on: &mut impl FnMut(Field)) {
    for (key, value) in node.fields() {
        match fields::meaning(key) {
            _ if value.is_object() && depth < 2 => look(value, depth + 1, on),
            Some(meaning) => on(meaning.field),
            None => {}
        }
    }
}

/// How a column came by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// The user said so.
    Mapped,
    /// By a name that can only mean this.
    Clearly,
    /// By a word that may name a text too.
    Loosely,
}

/// What a column is to this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Means(Meaning, Named),
    Extra,
}

struct FlatSession {
    /// What each column met so far means.
    roles: HashMap<String, Role>,
    /// The columns of the last record in their order: the next one very likely has the same.
    layout: Vec<(String, Role)>,
    cached_input: Option<CachedInput>,
    mapped: bool,
    tape: Tape,
}

/// How many fields are not dimensions; see [`slot`].
const SLOTS: usize = 22;

/// Values found in one record, the best-named one a field.
struct Found<'t> {
    slots: [Option<Value<'t>>; SLOTS],
    dim_ranks: [u16; DIMS],
    requests: bool,
    failure: Option<&'static str>,
}

#[derive(Clone, Copy)]
struct Value<'t> {
    rank: u16,
    field: Field,
    key: &'t str,
    node: Node<'t>,
}

/// Returns the place of a field in [`Found::slots`].
fn slot(field: Field) -> Option<usize> {
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

impl Session for FlatSession {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if !record.node.is_object() {
            return Verdict::NotMine("not an object".into());
        }
        let mut call = Call { line: record.line, ..Call::default() };
        let mut found = Found { slots: [None; SLOTS], dim_ranks: [u16::MAX; DIMS], requests: false, failure: None };
        for (position, (key, value)) in record.node.fields().enumerate() {
            let role = self.role_at(position, key);
            if let Err(reason) = take(role, key, value, &mut call, &mut found) {
                sink.reject(record.line, reason);
                return Verdict::Taken;
            }
        }
        self.unfold_texts(record.node, &mut call);
        match self.complete(&mut call, &found) {
            Ok(Outcome::Call) => sink.call(&call),
            Ok(Outcome::Aggregate) => sink.skip(record.line, "aggregate"),
            Err(Problem::Foreign(reason)) => return Verdict::NotMine(reason),
            Err(Problem::Broken(reason)) => sink.reject(record.line, reason),
        }
        Verdict::Taken
    }
}

enum Outcome {
    Call,
    Aggregate,
}

enum Problem {
    /// Nothing of a call in it.
    Foreign(String),
    /// A call with a value that cannot be used.
    Broken(String),
}

impl From<String> for Problem {
    fn from(reason: String) -> Problem {
        Problem::Broken(reason)
    }
}

impl FlatSession {
    /// Returns what a column means: by its place in the last record's layout, or by the table of roles.
    fn role_at(&mut self, position: usize, key: &str) -> Role {
        if let Some((known, role)) = self.layout.get(position)
            && bytes::same(known.as_bytes(), key.as_bytes())
        {
            return *role;
        }
        let role = match self.roles.get(key) {
            Some(role) => *role,
            None => {
                let role = self.role_of(key);
                // A log with a new key in every record must not grow the table without end.
                if self.roles.len() < 10_000 {
                    self.roles.insert(key.to_string(), role);
                }
                role
            }
        };
        if position < 256 {
            self.layout.truncate(position);
            self.layout.push((key.to_string(), role));
        }
        role
    }

    fn role_of(&self, key: &str) -> Role {
        match fields::meaning(key) {
            // A column that the user's map gives to a field takes the field from the columns that merely look like it.
            Some(meaning) if self.mapped => Role::Means(Meaning { rank: meaning.rank + 1, ..meaning }, named(key)),
            Some(meaning) => Role::Means(meaning, named(key)),
            None => Role::Extra,
        }
    }

    /// CSV carries tags and metadata as JSON inside a cell.
    fn unfold_texts(&mut self, node: Node<'_>, call: &mut Call<'_>) {
        for (key, value) in node.fields() {
            let text = if value.kind() == Kind::Plain { value.raw() } else { continue };
            if !text.starts_with(['{', '[']) || fields::meaning(key).map(|m| m.field) != Some(Field::Nested) {
                continue;
            }
            if self.tape.parse(text).is_ok() {
                let mut inner = Call::default();
                fields::nested(self.tape.root(text), &mut inner);
                for (dim, value) in Dim::all().zip(inner.dims) {
                    if let Some(value) = value {
                        call.set_if_none(dim, value.into_owned());
                    }
                }
                for (key, value) in inner.extra {
                    call.set_extra(key.into_owned(), value.into_owned());
                }
            }
        }
    }

    fn complete<'t>(&self, call: &mut Call<'t>, found: &Found<'t>) -> Result<Outcome, Problem> {
        let has = |field: Field| slot(field).and_then(|at| found.slots[at]).is_some();
        let amounts = [Field::Input, Field::InputUncached, Field::Output, Field::Total, Field::Cost(0)];
        if call.dim(Dim::Model).is_none() && !amounts.into_iter().any(has) {
            return Err(Problem::Foreign("no model, token count or cost".into()));
        }
        let time = found.slots[0]
            .ok_or_else(|| "no time: none of its keys is a timestamp (use --map ts=COLUMN)".to_string())?;
        let (ts, flags) = fields::time(time.node).map_err(|reason| format!("`{}`: {reason}", time.key))?;
        call.ts = ts;
        call.flags.add(flags);
        take_ids(call, found);
        let date_only = time.node.raw().len() == 10;
        if found.requests && date_only && call.request_id.is_none() {
            return Ok(Outcome::Aggregate);
        }
        take_outcome(call, found)?;
        self.take_tokens(call, found)?;
        // A log that tells only the task or route of a call tells its feature by it.
        if call.dim(Dim::Feature).is_none()
            && let Some(name) = call.dims[Dim::Task as usize].clone().or_else(|| call.dims[Dim::Route as usize].clone())
        {
            call.set(Dim::Feature, name);
        }
        Ok(Outcome::Call)
    }

    fn take_tokens(&self, call: &mut Call<'_>, found: &Found<'_>) -> Result<(), String> {
        let count = |field: Field| -> Result<Option<u64>, String> {
            let value = slot(field).and_then(|at| found.slots[at]);
            value.map_or(Ok(None), |value| value::optional_count(value.key, Some(value.node)))
        };
        let (input, uncached) = (count(Field::Input)?, count(Field::InputUncached)?);
        let (output, total) = (count(Field::Output)?, count(Field::Total)?);
        if input.is_none() && uncached.is_none() && output.is_none() {
            call.unpriced = Some(Unpriced::UsageMissing);
            call.flags.add(Flags::USAGE_MISSING);
            if let Some(total) = total {
                call.set_extra("total_tokens", total.to_string());
            }
            return Ok(());
        }
        call.tokens.set(Class::Output, output.unwrap_or(0));
        call.reasoning = count(Field::Reasoning)?.unwrap_or(0);
        let read = count(Field::CacheRead)?.unwrap_or(0);
        call.tokens.set(Class::CacheRead, read);
        let written = take_cache_writes(call, &count)?;
        if let Some(searches) = count(Field::WebSearch)?.filter(|n| *n > 0) {
            call.tools.push(("web_search".into(), searches));
        }
        match uncached {
            Some(uncached) => call.tokens.set(Class::Input, uncached),
            None => {
                settle_input(call, found, input.unwrap_or(0), read + written, self.cached_input);
            }
        }
        if call.reasoning > call.tokens.get(Class::Output) {
            inconsistent(call);
        }
        Ok(())
    }
}

fn named(key: &str) -> Named {
    if fields::is_bare_word(key) { Named::Loosely } else { Named::Clearly }
}

/// Puts one column's value where it belongs.
fn take<'t>(
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

fn take_extra<'t>(key: &'t str, value: Node<'t>, call: &mut Call<'t>) {
    const LONGEST: usize = 200;
    if let Some(text) = value.scalar()
        && text.len() <= LONGEST
        && key.len() <= 100
    {
        call.set_extra(key, text);
    }
}

fn take_dim<'t>(dim: Dim, rank: u16, key: &'t str, value: Node<'t>, call: &mut Call<'t>, found: &mut Found<'t>) {
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
fn take_nested<'t>(node: Node<'t>, call: &mut Call<'t>, found: &mut Found<'t>, depth: u32) -> Result<(), String> {
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

fn take_ids<'t>(call: &mut Call<'t>, found: &Found<'t>) {
    let text = |field: Field| {
        let value = slot(field).and_then(|at| found.slots[at])?;
        value.node.scalar().filter(|text| !matches!(text.as_ref(), "" | "None" | "null" | "nan"))
    };
    call.request_id = text(Field::RequestId);
    call.span = text(Field::Span);
    call.parent = text(Field::Parent);
}

fn take_outcome(call: &mut Call<'_>, found: &Found<'_>) -> Result<(), String> {
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

/// Sets the cache writes and returns their sum. Where the log gives no lifetime the provider's default is taken,
/// five minutes at Anthropic, thirty at OpenAI, and flagged.
fn take_cache_writes(
    call: &mut Call<'_>,
    count: &impl Fn(Field) -> Result<Option<u64>, String>,
) -> Result<u64, String> {
    let (five, thirty, hour) = (count(Field::CacheWrite5m)?, count(Field::CacheWrite30m)?, count(Field::CacheWrite1h)?);
    let split = five.unwrap_or(0) + thirty.unwrap_or(0) + hour.unwrap_or(0);
    let rest = count(Field::CacheWrite)?.unwrap_or(0).saturating_sub(split);
    let openai = matches!(call.dim(Dim::Provider), Some("openai" | "azure"));
    call.tokens.set(Class::CacheWrite5m, five.unwrap_or(0) + if openai { 0 } else { rest });
    call.tokens.set(Class::CacheWrite30m, thirty.unwrap_or(0) + if openai { rest } else { 0 });
    call.tokens.set(Class::CacheWrite1h, hour.unwrap_or(0));
    if rest > 0 {
        call.flags.add(Flags::TTL_UNKNOWN);
    }
    Ok(split + rest)
}

/// Tells whether the cache columns are spelt as Anthropic and Bedrock spell theirs, beside an exclusive input.
fn spells_exclusive(found: &Found<'_>, call: &Call<'_>) -> bool {
    let input_key = found.slots[1].map_or("", |value| value.key);
    let spelt = |at: usize| {
        found.slots[at].is_some_and(|value: Value<'_>| {
            ["cache_read_input_tokens", "cache_creation_input_tokens", "cache_write_input_tokens"]
                .iter()
                .any(|name| is_spelt(value.key, name))
        })
    };
    let anthropic = matches!(call.dim(Dim::Provider), Some("anthropic" | "bedrock"))
        || call.dim(Dim::Model).is_some_and(|model| model.contains("claude"));
    (spelt(5) || spelt(6)) && is_spelt(input_key, "input_tokens") && anthropic
}

/// Tells whether a key is a name but for case and separators.
fn is_spelt(key: &str, name: &str) -> bool {
    let letters = |text: &'_ str| {
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).collect::<Vec<_>>()
    };
    key == name || (key.len() + 4 >= name.len() && letters(key) == letters(name))
}

/// Decides what the input count contains and sets the uncached input.
fn settle_input(call: &mut Call<'_>, found: &Found<'_>, input: u64, cached: u64, said: Option<CachedInput>) {
    let inside = input.checked_sub(cached);
    let value = match (said, inside) {
        _ if cached == 0 => input,
        (Some(CachedInput::Outside), _) | (None, None) => input,
        (Some(CachedInput::Inside), Some(rest)) => rest,
        (Some(CachedInput::Inside), None) => {
            inconsistent(call);
            input
        }
        (None, Some(rest)) => {
            call.flags.add(Flags::INCLUSIVE_GUESSED);
            let (taken, other) = if spells_exclusive(found, call) { (input, rest) } else { (rest, input) };
            call.other_inputs = [Some(other), None];
            taken
        }
    };
    call.tokens.set(Class::Input, value);
}

fn inconsistent(call: &mut Call<'_>) {
    call.unpriced = Some(Unpriced::UsageInconsistent);
    call.flags.add(Flags::USAGE_INCONSISTENT);
}
