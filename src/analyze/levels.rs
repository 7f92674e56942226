//! Rows of a slice as a tree of subtotals: a level an axis, and of an axis whose values are paths a level a part.
//!
//! Below a line that has both rows of its own and lines further in, a line `is_own` holds the former: so the lines
//! below always sum to the line above.

use std::collections::HashMap;
use std::sync::Arc;

use crate::analyze::slice;
use crate::analyze::slice::Slice;
use crate::domain::rollup::Key;
use crate::domain::rollup::Measures;

/// More parts of one path than this are one level.
const MOST_PARTS: usize = 20;

/// A line of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// The values that its rows share along the first axes; of a path, the outer part.
    pub key: Key,
    /// What it adds to the key of the line above.
    pub label: Option<Arc<str>>,
    /// Whether it sums the groups beyond the top.
    pub is_other: bool,
    /// Whether it holds what the line above has of its own.
    pub is_own: bool,
    /// The sums.
    pub measures: Measures,
    /// The share of the total.
    pub share: Option<f64>,
    /// The sums of the window compared with.
    pub baseline: Option<Measures>,
    /// The row that it is, if it is one.
    pub row: Option<usize>,
    /// The lines below, those of its own first, then the most expensive.
    pub children: Vec<Level>,
}

/// One step from the top to a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Step {
    axis: usize,
    /// The value so far: of a path, the outer part.
    value: Option<Arc<str>>,
    label: Option<Arc<str>>,
}

/// Lays out rows in levels; `is_path` tells of each axis whether its values are paths.
pub fn levels(slice: &Slice, is_path: &[bool]) -> Vec<Level> {
    let steps: Vec<Vec<Step>> = slice.rows.iter().map(|row| steps(&row.key, row.is_other, is_path)).collect();
    let all: Vec<usize> = (0..slice.rows.len()).collect();
    descend(slice, &steps, &all, 0)
}

/// Returns the inner lines of a tree, level by level, each level most expensive first. `(other)` stands among those of
/// the first axis where there are more, so that they sum to the total.
pub fn subtotals(levels: &[Level], axes: usize) -> Vec<&Level> {
    let mut found: Vec<&Level> = Vec::new();
    let mut level: Vec<&Level> = levels.iter().collect();
    while !level.is_empty() {
        level.sort_by(|a, b| rank(a).cmp(&rank(b)));
        found.extend(level.iter().filter(|line| !line.children.is_empty() || (line.is_other && axes > 1)));
        level = level.iter().flat_map(|line| &line.children).collect();
    }
    found
}

fn steps(key: &Key, is_other: bool, is_path: &[bool]) -> Vec<Step> {
    let mut steps = Vec::new();
    for (axis, value) in key.iter().enumerate() {
        match value {
            Some(path) if is_path[axis] && !is_other => {
                let mut end = 0;
                for part in path.splitn(MOST_PARTS, '/') {
                    end += part.len();
                    steps.push(Step { axis, value: Some(path[..end].into()), label: Some(part.into()) });
                    end += 1;
                }
            }
            _ => steps.push(Step { axis, value: value.clone(), label: value.clone() }),
        }
    }
    // What is summed beyond the top has no levels.
    steps.truncate(if is_other { 1 } else { usize::MAX });
    steps
}

fn descend(slice: &Slice, steps: &[Vec<Step>], rows: &[usize], depth: usize) -> Vec<Level> {
    let mut places: HashMap<(bool, &Step), usize> = HashMap::new();
    let mut groups: Vec<(usize, Vec<usize>)> = Vec::new();
    for at in rows {
        let step = &steps[*at][depth];
        let place = *places.entry((slice.rows[*at].is_other, step)).or_insert_with(|| {
            groups.push((*at, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(*at);
    }
    let mut levels: Vec<Level> =
        groups.into_iter().map(|(first, rows)| level(slice, steps, first, &rows, depth)).collect();
    levels.sort_by(|a, b| rank(a).cmp(&rank(b)));
    levels
}

fn level(slice: &Slice, steps: &[Vec<Step>], first: usize, rows: &[usize], depth: usize) -> Level {
    let step = &steps[first][depth];
    let row = &slice.rows[first];
    let mut key = row.key[..=step.axis].to_vec();
    key[step.axis].clone_from(&step.value);
    let (own, inner): (Vec<usize>, Vec<usize>) = rows.iter().partition(|at| steps[**at].len() == depth + 1);
    let mut level = line(slice, key, step.label.clone(), rows);
    if inner.is_empty() {
        level.row = own.first().copied();
        return level;
    }
    level.children = descend(slice, steps, &inner, depth + 1);
    if let Some(at) = own.first() {
        let own = Level { is_own: true, row: Some(*at), ..line(slice, level.key.clone(), level.label.clone(), &own) };
        level.children.insert(0, own);
    }
    level
}

fn line(slice: &Slice, key: Key, label: Option<Arc<str>>, rows: &[usize]) -> Level {
    let rows = rows.iter().map(|at| &slice.rows[*at]);
    let mut measures = Measures::default();
    let mut baseline = slice.baseline.as_ref().map(|_| Measures::default());
    let mut is_other = true;
    for row in rows {
        measures.add(&row.measures);
        if let (Some(sum), Some(part)) = (&mut baseline, &row.baseline) {
            sum.add(part);
        }
        is_other &= row.is_other;
    }
    let share = slice::share(&measures, &slice.total);
    Level { key, label, is_other, is_own: false, measures, share, baseline, row: None, children: Vec::new() }
}

/// What lines are sorted by: their cost, then their key, `(other)` last.
fn rank(level: &Level) -> (bool, std::cmp::Reverse<crate::domain::Usd>, &Key) {
    (level.is_other, std::cmp::Reverse(level.measures.cost), &level.key)
}
