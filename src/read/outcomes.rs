//! Outcomes of runs: a CSV or JSON lines with an id a row, whether it passed, and what it earned. No log of calls, so
//! it stands beside the table of formats; a file of calls never looks like one, because it names models or tokens.
//!
//! The id is a run's, a trace's or a session's, by what the column is called; a row with several goes by the first of
//! these. Columns that mean none of the fields below are passed over and kept nowhere.

use std::collections::HashMap;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::money::parse_scaled;
use crate::domain::outcome::Unit;
use crate::read::Record;
use crate::read::fields;
use crate::read::fields::own;
use crate::read::json::Kind;
use crate::read::json::Node;
use crate::read::value;

/// The name on the command line, in reports and of the folder under `samples/`.
pub const NAME: &str = "outcomes";

/// Amounts beyond this many picodollars are a mistake: sums of them must fit 128 bits.
const MOST_PICO: u128 = 10u128.pow(27);

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    /// An id, the task or the customer.
    Dim(Dim),
    /// The verdict.
    Passed,
    /// What was earned, in dollars.
    Revenue,
    /// When the outcome was known.
    Time,
    /// A key that the settings give a meaning of its own.
    Own,
}

/// Names of a verdict's column, the most telling first.
const PASSED: &[&str] = &[
    "passed",
    "pass",
    "is_passed",
    "success",
    "succeeded",
    "is_success",
    "successful",
    "resolved",
    "is_correct",
    "correct",
    "outcome",
    "verdict",
    "result",
    "status",
];
/// From this one on a name alone does not tell that its column is a verdict.
const FIRST_VAGUE: u16 = 11;
const REVENUE: &[&str] = &["revenue", "revenue_usd", "income_usd", "income"];

/// Words for what passed, for what did not, and for what nobody has judged.
const YES: &[&str] = &[
    "pass",
    "passed",
    "true",
    "yes",
    "y",
    "1",
    "1.0",
    "ok",
    "success",
    "succeeded",
    "successful",
    "resolved",
    "correct",
    "completed",
    "done",
];
const NO: &[&str] = &[
    "fail",
    "failed",
    "false",
    "no",
    "n",
    "0",
    "0.0",
    "error",
    "failure",
    "unsuccessful",
    "unresolved",
    "incorrect",
    "timeout",
    "cancelled",
    "canceled",
    "aborted",
    "abandoned",
];
const OPEN: &[&str] =
    &["", "-", "null", "none", "n/a", "na", "nan", "unknown", "pending", "running", "in_progress", "skipped"];

/// What only a call has.
const OF_CALLS: &[fields::Field] = &[
    fields::Field::Dim(Dim::Model),
    fields::Field::Input,
    fields::Field::InputUncached,
    fields::Field::Output,
    fields::Field::Total,
];

/// What a row tells.
#[derive(Clone, Debug, Default)]
pub struct Found<'t> {
    /// The ids, the task, the customer, and the keys that the settings give a meaning: what the rules of dimensions
    /// look at.
    pub named: Call<'t>,
    /// Whether it passed.
    pub passed: Option<bool>,
    /// What it earned, rounded half to even to a picodollar.
    pub revenue: Option<Usd>,
    /// When that was known.
    pub ts: Option<Timestamp>,
}

/// What became of a row.
#[derive(Clone, Debug)]
pub enum Row<'t> {
    /// An outcome.
    Outcome(Box<Found<'t>>),
    /// A run that is known and has no outcome yet, for this reason.
    Skipped(&'static str),
    /// It cannot be used, for this reason.
    Rejected(String),
}

/// Tells whether a name can be given to a column with `--map`.
pub fn is_field(name: &str) -> bool {
    usual(name).is_some()
}

/// Tells whether the user gives a column to a field that only outcomes have.
pub fn is_told_by(map: &[(String, String)]) -> bool {
    map.iter().any(|(field, _)| is_field(field) && fields::field_named(field).is_none())
}

/// Tells whether a record is an outcome, judging by its keys: an id, and a verdict or a revenue, and nothing that a
/// call has.
pub fn claims(record: Node<'_>, map: &[(String, String)]) -> bool {
    let (mut has_id, mut has_outcome) = (false, false);
    for (key, value) in record.fields() {
        let meaning = fields::usual_meaning(key).map(|meaning| meaning.field);
        if meaning.is_some_and(|field| OF_CALLS.contains(&field)) {
            return false;
        }
        let is_clear = |rank| rank < FIRST_VAGUE || value.scalar().is_some_and(|text| verdict(&text).is_some());
        match mapped(map, key).or_else(|| usual(key)) {
            Some((Field::Dim(Dim::Run | Dim::Trace | Dim::Session), _)) => has_id = true,
            Some((Field::Passed, rank)) => has_outcome |= is_clear(rank),
            Some((Field::Revenue, _)) => has_outcome = true,
            _ => {}
        }
    }
    has_id && has_outcome
}

/// Returns what a column means that the user gives to a field.
fn mapped(map: &[(String, String)], key: &str) -> Option<(Field, u16)> {
    map.iter().find(|(_, column)| column == key).and_then(|(field, _)| usual(field)).map(|(field, _)| (field, 0))
}

/// Returns what a name means, and how good a name for it that is: 0 is the user's own.
fn usual(name: &str) -> Option<(Field, u16)> {
    let folded = fields::folded(name);
    let among = |names: &[&str]| names.iter().position(|known| *known == folded).map(|rank| rank as u16);
    if let Some(rank) = among(PASSED) {
        return Some((Field::Passed, rank + 1));
    }
    if let Some(rank) = among(REVENUE) {
        return Some((Field::Revenue, rank + 1));
    }
    if folded == "task_name" {
        return Some((Field::Dim(Dim::Task), u16::MAX));
    }
    let meaning = fields::usual_meaning(name)?;
    let field = match meaning.field {
        fields::Field::Dim(dim @ (Dim::Run | Dim::Trace | Dim::Session | Dim::Task | Dim::Tenant)) => Field::Dim(dim),
        fields::Field::Time => Field::Time,
        _ => return None,
    };
    Some((field, meaning.rank.saturating_add(1)))
}

/// Understands a verdict: `Some(None)` is one that nobody has given yet, `None` is no verdict at all.
fn verdict(text: &str) -> Option<Option<bool>> {
    let word = text.trim().to_ascii_lowercase();
    let is = |words: &[&str]| words.contains(&word.as_str());
    match () {
        () if is(YES) => Some(Some(true)),
        () if is(NO) => Some(Some(false)),
        () if is(OPEN) => Some(None),
        () => None,
    }
}

/// A file of outcomes being read.
pub struct Outcomes {
    map: Vec<(String, String)>,
    /// What each column met so far means, with its rank.
    roles: HashMap<String, Option<(Field, u16)>>,
}

impl Outcomes {
    /// Starts on a file; `map` gives columns to fields, whatever their names suggest.
    pub fn new(map: &[(String, String)]) -> Outcomes {
        Outcomes { map: map.to_vec(), roles: HashMap::new() }
    }

    /// Reads a record. Whether it names a unit is settled by [`unit`], once the rules of dimensions have been applied.
    pub fn row<'t>(&mut self, record: Record<'t>) -> Row<'t> {
        if !record.node.is_object() {
            return Row::Rejected("not an object with named values".into());
        }
        match self.found(record) {
            Ok(found) if found.passed.is_some() || found.revenue.is_some() => Row::Outcome(Box::new(found)),
            Ok(_) if self.has_outcome(record.node) => Row::Skipped("pending"),
            Ok(_) => Row::Rejected("neither a verdict nor a revenue (use --map passed=COLUMN)".into()),
            Err(reason) => Row::Rejected(reason),
        }
    }

    fn role(&mut self, key: &str) -> Option<(Field, u16)> {
        if let Some(known) = self.roles.get(key) {
            return *known;
        }
        let own = || own::is_claimed(key).then_some((Field::Own, 0));
        let role = mapped(&self.map, key).or_else(own).or_else(|| usual(key));
        self.roles.insert(key.to_string(), role);
        role
    }

    fn has_outcome(&mut self, record: Node<'_>) -> bool {
        record.fields().any(|(key, _)| matches!(self.role(key), Some((Field::Passed | Field::Revenue, _))))
    }

    /// Takes of each field the value under the best name.
    fn found<'t>(&mut self, record: Record<'t>) -> Result<Found<'t>, String> {
        let mut found = Found { named: Call { line: record.line, ..Call::default() }, ..Found::default() };
        let mut best: Vec<(Field, u16)> = Vec::new();
        for (key, node) in record.node.fields() {
            let Some((field, rank)) = self.role(key) else { continue };
            if node.is_null()
                || field != Field::Own && best.iter().any(|(known, better)| *known == field && *better <= rank)
            {
                continue;
            }
            if matches!(node.kind(), Kind::Object | Kind::Array) {
                return Err(format!("`{key}` is not a single value"));
            }
            let Some(text) = node.text() else { continue };
            let outer = |reason: String| format!("`{key}`: {reason}");
            match field {
                Field::Dim(dim) => found.named.set(dim, text),
                Field::Own => found.named.set_extra(key, text),
                Field::Passed => {
                    found.passed = verdict(&text)
                        .ok_or_else(|| outer(format!("neither pass nor fail: {}", value::excerpt(&text))))?;
                }
                Field::Revenue => found.revenue = revenue(&text).map_err(outer)?,
                Field::Time => found.ts = Some(fields::time(node).map_err(outer)?.0),
            }
            best.retain(|(known, _)| *known != field);
            best.push((field, rank));
        }
        Ok(found)
    }
}

/// Returns what an outcome is told of: the first of run, trace and session that has an id.
pub fn unit<'c>(named: &'c Call<'_>) -> Option<(Unit, &'c str)> {
    Unit::ALL.into_iter().find_map(|unit| Some((unit, named.dim(unit.dim())?)))
}

/// Reads dollars: `12`, `$12.50`, `1,234.50`, `-3`; none where there is nothing.
fn revenue(text: &str) -> Result<Option<Usd>, String> {
    let bare = text.trim();
    if bare.is_empty() || OPEN.contains(&bare.to_ascii_lowercase().as_str()) {
        return Ok(None);
    }
    let plain = value::plain_amount(bare.strip_suffix("USD").unwrap_or(bare).trim_end())?;
    match parse_scaled(&plain, 12) {
        Ok((pico, _)) if pico.unsigned_abs() <= MOST_PICO => Ok(Some(Usd::from_pico(pico))),
        Ok(_) => Err(format!("absurdly large: {}", value::excerpt(text))),
        Err(_) => Err(format!("not an amount of dollars: {}", value::excerpt(text))),
    }
}
