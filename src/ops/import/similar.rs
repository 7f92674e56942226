//! Values that look alike: those that came in with an import, against all that the store has.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::json;

use crate::domain::Axis;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::rollup::Logged;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::ops::book::Book;
use crate::ops::dimensions::OVER_LIMIT;
use crate::ops::dimensions::Rule;
use crate::ops::import::FileOutcome;
use crate::ops::import::FileResult;
use crate::ops::import::ImportPlan;
use crate::ops::import::alike;
use crate::report::Report;
use crate::store::StoreError;

/// Dimensions whose values people name. Models and providers are named by others, and near each other by nature.
const WATCHED: [Dim; 12] = [
    Dim::Environment,
    Dim::Feature,
    Dim::Tenant,
    Dim::Team,
    Dim::Agent,
    Dim::Prompt,
    Dim::Route,
    Dim::Task,
    Dim::Process,
    Dim::Skill,
    Dim::ApiKey,
    Dim::Workspace,
];

/// A dimension of more values holds ids; nobody would look them over.
const MOST_VALUES: usize = 3_000;
/// Names that people type are fewer; among more, each against each for a slip of the hand takes too long.
const MOST_COMPARED: usize = 400;
/// Groups told of one import.
const MOST_TOLD: usize = 5;
/// Values told of one group.
const MOST_OF_GROUP: usize = 6;

/// Values of one dimension that look like one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    dim: Dim,
    /// The value and its calls, the one to keep first.
    values: Vec<(String, u64)>,
}

/// Warns of values that look alike.
pub(super) fn warn(
    report: &mut Report,
    book: &Book,
    results: &[FileResult],
    plan: &ImportPlan,
) -> Result<(), StoreError> {
    let mut fresh: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
    for result in results {
        if let FileOutcome::In { imported, .. } = &result.outcome {
            for (kind, value) in &imported.new_values {
                fresh.entry(kind).or_default().insert(value);
            }
        }
    }
    let mut groups = Vec::new();
    for dim in WATCHED {
        if let Some(fresh) = fresh.get(dim.name()) {
            groups.extend(groups_of(book, plan, dim, fresh)?);
        }
    }
    if groups.is_empty() {
        return Ok(());
    }
    let told = &groups[..groups.len().min(MOST_TOLD)];
    report.put("similar_values", told.iter().map(document).collect::<Vec<_>>());
    for group in told {
        report.warn("similar_values", message(group, plan.dry_run), Some(hint(group)));
    }
    if groups.len() > told.len() {
        let message = format!("{} more groups of values look alike", groups.len() - told.len());
        report.warn("similar_values", message, None);
    }
    Ok(())
}

fn groups_of(book: &Book, plan: &ImportPlan, dim: Dim, fresh: &HashSet<&str>) -> Result<Vec<Group>, StoreError> {
    let mut values = book.store.dimension_values(dim.name())?;
    // What a rehearsal would bring is in no store.
    let known: HashSet<String> = values.iter().cloned().collect();
    let mut more: Vec<String> =
        fresh.iter().filter(|value| !known.contains(**value)).map(|value| (*value).to_string()).collect();
    more.sort_unstable();
    values.extend(more);
    values.retain(|value| value != OVER_LIMIT);
    if values.len() > MOST_VALUES {
        return Ok(Vec::new());
    }
    let found = found(dim, &values, fresh);
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let calls = if plan.dry_run { None } else { Some(calls(book, dim)?) };
    let axis = Axis::Dim(dim);
    let rule = plan.dimensions.of.iter().find(|(known, _)| *known == axis).map(|(_, rule)| rule);
    Ok(found.into_iter().filter_map(|values| group(dim, &values, fresh, calls.as_ref(), rule)).collect())
}

/// Returns the groups of values that look alike and have a new one among them.
fn found<'v>(dim: Dim, values: &'v [String], fresh: &HashSet<&str>) -> Vec<Vec<&'v str>> {
    let mut by_form: BTreeMap<String, Vec<&'v str>> = BTreeMap::new();
    for value in values {
        if let Some(form) = alike::normal(dim, value) {
            by_form.entry(form).or_default().push(value);
        }
    }
    let forms: Vec<(&String, bool)> =
        by_form.iter().map(|(form, values)| (form, values.iter().any(|value| fresh.contains(value)))).collect();
    let mut joined: BTreeMap<&String, &String> = BTreeMap::new();
    let compared = if forms.len() <= MOST_COMPARED { &forms[..] } else { &[] };
    for (new, _) in compared.iter().filter(|(_, is_fresh)| *is_fresh) {
        let slip = forms.iter().find(|(other, _)| {
            other.len().abs_diff(new.len()) <= 1
                && other != new
                && by_form[*new].iter().any(|a| by_form[*other].iter().any(|b| alike::is_slip(dim, a, b)))
        });
        if let Some((other, _)) = slip {
            let pair = if other < new { (*other, *new) } else { (*new, *other) };
            joined.insert(pair.1, pair.0);
        }
    }
    let mut groups: BTreeMap<&String, Vec<&'v str>> = BTreeMap::new();
    for (form, values) in &by_form {
        groups.entry(joined.get(form).copied().unwrap_or(form)).or_default().extend(values);
    }
    let is_told = |group: &Vec<&str>| group.len() > 1 && group.iter().any(|value| fresh.contains(value));
    groups.into_values().filter(is_told).collect()
}

/// Orders a group, the value to keep first; `None` if nothing is left to say.
fn group(
    dim: Dim,
    values: &[&str],
    fresh: &HashSet<&str>,
    calls: Option<&HashMap<String, u64>>,
    rule: Option<&Rule>,
) -> Option<Group> {
    let count = |value: &str| calls.map_or(0, |calls| calls.get(value).copied().unwrap_or(0));
    // A value that no call has any more was undone; a rule that allows all of them knows that they are several.
    let mut left: Vec<&str> = values.iter().copied().filter(|value| calls.is_none() || count(value) > 0).collect();
    let allows = |value: &str| rule.is_some_and(|rule| rule.allowed.iter().any(|allowed| allowed == value));
    if left.len() < 2 || !left.iter().any(|value| fresh.contains(value)) || left.iter().all(|value| allows(value)) {
        return None;
    }
    let folded_to = |value: &str| rule.is_some_and(|rule| rule.fold.iter().any(|(target, _)| target == value));
    left.sort_by_cached_key(|value| {
        let kept = folded_to(value) || allows(value);
        (
            !kept,
            std::cmp::Reverse(count(value)),
            fresh.contains(value),
            value.len(),
            *value != value.to_lowercase(),
            *value,
        )
    });
    Some(Group { dim, values: left.into_iter().map(|value| (value.to_string(), count(value))).collect() })
}

fn calls(book: &Book, dim: Dim) -> Result<HashMap<String, u64>, StoreError> {
    let query = RollupQuery {
        by: vec![Axis::Dim(dim)],
        window: Window::default(),
        filter: Filter::default(),
        zone: Zone::UTC,
        logged: Logged::Ignored,
    };
    let rollup = book.store.rollup(&query)?;
    let of = |group: usize| Some((rollup.value(group, 0)?.to_string(), rollup.calls[group]));
    Ok((0..rollup.len()).filter_map(of).collect())
}

fn message(group: &Group, dry_run: bool) -> String {
    let shown: Vec<String> = group
        .values
        .iter()
        .take(MOST_OF_GROUP)
        .map(|(value, calls)| if dry_run { format!("`{value}`") } else { format!("`{value}` ({calls})") })
        .collect();
    let more = if group.values.len() > shown.len() { " …" } else { "" };
    let counted = if dry_run { "" } else { " (calls)" };
    format!("values of `{}` look alike{counted}: {}{more}", group.dim.name(), shown.join(", "))
}

/// The line to paste.
fn fold_line(group: &Group) -> String {
    let mut values = group.values.iter().map(|(value, _)| value);
    let keep = values.next().map(String::as_str).unwrap_or_default();
    let is_bare = keep.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let others: Vec<String> = values.map(|value| json!(value).to_string()).collect();
    let keep = if is_bare { keep.to_string() } else { json!(keep).to_string() };
    format!("fold = {{ {keep} = [{}] }}", others.join(", "))
}

fn hint(group: &Group) -> String {
    format!(
        "if they are one, write under [dimensions.{}] in attr.toml: {} (then `attr imports undo` and import again)",
        group.dim.name(),
        fold_line(group)
    )
}

fn document(group: &Group) -> serde_json::Value {
    let values: Vec<&String> = group.values.iter().map(|(value, _)| value).collect();
    json!({"dimension": group.dim.name(), "values": values, "fold": fold_line(group)})
}
