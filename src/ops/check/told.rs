//! What a gate says: passed or not, the figure, what is allowed, and a sentence.

use serde_json::Map;
use serde_json::Value;

use crate::domain::Axis;
use crate::domain::rollup::Key;
use crate::report::Cell;

/// How a gate ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// Within what is allowed.
    Passed,
    /// It cannot be judged.
    Skipped,
    /// Within what is allowed, but not for long.
    Warned,
    /// Beyond what is allowed.
    Failed,
}

impl Status {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Status::Passed => "passed",
            Status::Skipped => "skipped",
            Status::Warned => "warned",
            Status::Failed => "failed",
        }
    }
}

/// What a gate says.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// The kind of gate.
    pub(super) gate: &'static str,
    /// What people call it.
    pub(super) name: String,
    /// How it ended.
    pub(super) status: Status,
    /// The figure that decided.
    pub(super) measured: Cell,
    /// What is allowed.
    pub(super) limit: Cell,
    /// Why, in a sentence.
    pub(super) message: String,
    /// The figures, for machines.
    pub(super) fields: Map<String, Value>,
}

impl Told {
    /// Starts with a gate that has nothing to judge.
    pub(super) fn skipped(gate: &'static str, name: impl Into<String>, message: impl Into<String>) -> Told {
        Told {
            gate,
            name: name.into(),
            status: Status::Skipped,
            measured: Cell::Empty,
            limit: Cell::Empty,
            message: message.into(),
            fields: Map::new(),
        }
    }
}

/// Names a group by its values, as `acme-corp x chat`; the whole has no name.
pub(super) fn group_name(key: &Key) -> String {
    key.iter().map(|value| value.as_deref().unwrap_or("(untagged)")).collect::<Vec<_>>().join(" x ")
}

/// Returns a group as an object of its axes.
pub(super) fn group_object<'a>(axes: impl Iterator<Item = &'a Axis>, key: &Key) -> Value {
    axes.zip(key)
        .map(|(axis, value)| (axis.to_string(), value.as_deref().map_or(Value::Null, Value::from)))
        .collect::<Map<_, _>>()
        .into()
}
