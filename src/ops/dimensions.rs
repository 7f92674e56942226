//! Rules by which a dimension means one thing: which keys of the logs hold it, which values are one, which are
//! allowed, which are shown under a pseudonym, and how many there may be.
//!
//! A rule changes names, never figures: what a price hangs on (`provider`, `model`, …) has no rules here. The rules
//! are pure; `apply` is the one place where they meet calls and spans.

mod apply;
mod hide;
mod hmac;

use std::collections::HashMap;
use std::fmt;

use crate::domain::Axis;
use crate::domain::Dim;
use crate::read::fields;
use crate::read::fields::Field;

pub use crate::ops::dimensions::apply::Ruled;
pub use crate::ops::dimensions::apply::Ruler;
pub use crate::ops::dimensions::hmac::PseudonymKey;

/// The value in place of those that come after the last one allowed by `max_values`.
pub const OVER_LIMIT: &str = "(over limit)";

/// Dimensions that decide what a call costs or how it is counted, with what names them instead.
const FIXED: [(Dim, &str); 7] = [
    (Dim::Provider, "it decides the price; a file of overrides names sellers of your own"),
    (Dim::Model, "it decides the price; a file of overrides names models of your own"),
    (Dim::Tier, "it decides the price"),
    (Dim::Region, "it decides the price"),
    (Dim::Status, "it decides which calls count as errors"),
    (Dim::Source, "`--source`, or `name` of a [[source]], sets it"),
    (Dim::Trace, "it ties calls to their spans"),
];

/// What becomes of a value that is not allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Others {
    /// It stays, and is told.
    #[default]
    Keep,
    /// The call is kept without it.
    Untag,
    /// The record is rejected.
    Reject,
}

impl Others {
    /// Every choice.
    pub const ALL: [Others; 3] = [Others::Keep, Others::Untag, Others::Reject];

    /// Returns the word.
    pub const fn name(self) -> &'static str {
        match self {
            Others::Keep => "keep",
            Others::Untag => "untag",
            Others::Reject => "reject",
        }
    }
}

/// What the settings say of one dimension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Keys of the logs that hold it, the one that counts first.
    pub keys: Vec<String>,
    /// Values written as one: (the one, the others); compared without regard to case.
    pub fold: Vec<(String, Vec<String>)>,
    /// The values it may have; any if empty.
    pub allowed: Vec<String>,
    /// What becomes of the others.
    pub others: Option<Others>,
    /// Whether a keyed hash stands in place of the value.
    pub pseudonym: bool,
    /// How many values it may have.
    pub max_values: Option<u64>,
}

/// What the settings say of all dimensions.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The rules, one a dimension.
    pub of: Vec<(Axis, Rule)>,
    /// The key of all pseudonyms.
    pub key: Option<PseudonymKey>,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The dimension.
    pub axis: Axis,
    /// The option of its rule; empty for the dimension itself.
    pub option: &'static str,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.option.is_empty() { "" } else { "." };
        write!(f, "`dimensions.{}{dot}{}`: {}", self.axis, self.option, self.message)
    }
}

impl Rules {
    /// Tells whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Tells whether some dimension may have only so many values.
    pub fn has_limits(&self) -> bool {
        self.of.iter().any(|(_, rule)| rule.max_values.is_some())
    }

    /// Returns the first dimension that asks for pseudonyms.
    pub fn pseudonymous(&self) -> Option<&Axis> {
        self.of.iter().find(|(_, rule)| rule.pseudonym).map(|(axis, _)| axis)
    }

    /// Returns the folded keys that the user gives a meaning.
    pub fn own_keys(&self) -> impl Iterator<Item = String> {
        self.of.iter().flat_map(|(_, rule)| &rule.keys).map(|key| fields::folded(key))
    }

    /// Finds what cannot be meant.
    pub fn check(&self) -> Result<(), Wrong> {
        let mut keys: HashMap<String, &Axis> = HashMap::new();
        for (axis, rule) in &self.of {
            let wrong = |option, message: String| Err(Wrong { axis: axis.clone(), option, message });
            if let Err(message) = check_axis(axis) {
                return wrong("", message);
            }
            for key in &rule.keys {
                if let Err(message) = check_key(key) {
                    return wrong("keys", message);
                }
                if let Some(other) = keys.insert(fields::folded(key), axis) {
                    let place = if other == axis { "twice".into() } else { format!("by `dimensions.{other}` too") };
                    return wrong("keys", format!("`{key}` is named {place}"));
                }
            }
            for (option, checked) in
                [("fold", check_fold(rule)), ("allowed", check_allowed(rule)), ("max_values", check_most(axis, rule))]
            {
                if let Err(message) = checked {
                    return wrong(option, message);
                }
            }
            if rule.others.is_some() && rule.allowed.is_empty() {
                return wrong("others", "it is about values that are not `allowed`, and none is named there".into());
            }
        }
        Ok(())
    }
}

fn check_axis(axis: &Axis) -> Result<(), String> {
    match axis {
        Axis::Time(_) | Axis::Call | Axis::Trait(_) => Err("times and calls have no rules".into()),
        Axis::Key(key) if key.trim().is_empty() => Err("a dimension needs a name".into()),
        Axis::Key(key) if priced(key) => Err("this key is read as a figure of the call, not as a dimension".into()),
        Axis::Key(key) => match fields::usual_meaning(key).map(|meaning| meaning.field) {
            Some(Field::Dim(dim)) => Err(format!("`{key}` is a key of `{0}`: write `dimensions.{0}`", dim.name())),
            _ => Ok(()),
        },
        Axis::Dim(dim) => match FIXED.iter().find(|(fixed, _)| fixed == dim) {
            Some((_, why)) => Err(format!("this dimension has no rules: {why}")),
            None => Ok(()),
        },
    }
}

fn check_key(key: &str) -> Result<(), String> {
    if fields::folded(key).is_empty() {
        return Err("a key needs a name".into());
    }
    if priced(key) {
        return Err(format!("`{key}` is read as a figure, a time or the model of the call, not as a dimension"));
    }
    Ok(())
}

/// Tells whether a key's usual meaning goes into the price, the time or the identity of a call.
fn priced(key: &str) -> bool {
    match fields::usual_meaning(key).map(|meaning| meaning.field) {
        None | Some(Field::Text | Field::Nested) => false,
        Some(Field::Dim(dim)) => FIXED.iter().any(|(fixed, _)| *fixed == dim),
        Some(_) => true,
    }
}

fn check_fold(rule: &Rule) -> Result<(), String> {
    let mut into: HashMap<String, &str> = HashMap::new();
    for (target, values) in &rule.fold {
        if target.is_empty() || values.iter().any(String::is_empty) {
            return Err("a value needs a name".into());
        }
        if !rule.allowed.is_empty() && !rule.allowed.contains(target) {
            return Err(format!("`{target}` is not among the `allowed` values"));
        }
        for value in std::iter::once(target).chain(values) {
            match into.insert(value.to_lowercase(), target) {
                Some(other) if other != target => {
                    return Err(format!("`{value}` is folded into both `{other}` and `{target}`"));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn check_allowed(rule: &Rule) -> Result<(), String> {
    if rule.allowed.iter().any(String::is_empty) {
        return Err("a value needs a name; calls without one are always allowed".into());
    }
    let folded = |value: &String| {
        let lower = value.to_lowercase();
        rule.fold.iter().find(|(target, others)| {
            target != value && (others.iter().chain([target]).any(|other| other.to_lowercase() == lower))
        })
    };
    match rule.allowed.iter().find_map(|value| Some((value, folded(value)?))) {
        Some((value, (target, _))) => Err(format!("`{value}` never occurs: it is folded into `{target}`")),
        None => Ok(()),
    }
}

fn check_most(axis: &Axis, rule: &Rule) -> Result<(), String> {
    match (rule.max_values, axis) {
        (Some(0), _) => Err("no value at all could be kept; leave it out, or allow at least 1".into()),
        (Some(_), Axis::Dim(Dim::Session | Dim::Run)) => Err("this dimension has about as many values as calls".into()),
        _ => Ok(()),
    }
}
