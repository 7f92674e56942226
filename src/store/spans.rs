//! Spans, and what follows from their tree once a file is in: which of them are billed, what they inherit.
//!
//! The leaf rule: a span with usage sums other work when a span below it has usage too, and it is an agent or
//! chain, or records the same model within the same time. Such a call is *held*: moved out of `calls`, and
//! back if the spans below go. Dimensions come from the nearest ancestor that has them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use rusqlite::Connection;
use rusqlite::params;

use crate::domain::Dim;
use crate::domain::Timestamp;
use crate::domain::Unpriced;
use crate::domain::span::SpanRole;
use crate::store::StoreError;
use crate::store::batch;
use crate::store::batch::Batch;
use crate::store::dictionary::Dictionary;
use crate::store::dimension;
use crate::store::holds;
use crate::store::holds::Hold;
use crate::store::merge;
use crate::store::merge::normal_model;
use crate::store::rows::StoredCall;

/// Prepares the list of traces that an import touches.
pub(crate) fn begin(conn: &Connection) -> Result<(), StoreError> {
    Ok(conn.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS touched (trace TEXT PRIMARY KEY) WITHOUT ROWID; DELETE FROM touched;",
    )?)
}

/// A row whose span is known already, from an earlier file or line.
pub(crate) struct Known {
    /// The row of the batch.
    pub(crate) row: u32,
    /// The call that the span is tied to, where it is stored.
    pub(crate) call: Option<i64>,
    /// The earlier rows of the batch with the same span.
    pub(crate) rows: Vec<u32>,
}

/// Stores a batch's spans; returns the rows whose span was stored before.
pub(crate) fn insert(conn: &Connection, batch: &Batch) -> Result<Vec<Known>, StoreError> {
    let mut known: Vec<Known> = Vec::new();
    let mut insert = conn.prepare_cached(
        "INSERT OR IGNORE INTO spans (trace, span, parent, name, start, end, role, import, dims)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let mut touch = conn.prepare_cached("INSERT OR IGNORE INTO temp.touched (trace) VALUES (?1)")?;
    let mut last_trace = String::new();
    for item in &batch.spans {
        let span = &item.span;
        let dims: BTreeMap<String, &str> = span
            .dims
            .iter()
            .map(|(dim, value)| (dim.name().to_string(), value.as_ref()))
            .chain(span.extra.iter().map(|(key, value)| (batch::key_column(key), value.as_ref())))
            .collect();
        let role = role_number(span.role);
        let import = item.file;
        let added = insert.execute(params![
            span.trace,
            span.id,
            span.parent,
            span.name,
            span.start,
            span.end,
            role,
            import,
            serde_json::to_string(&dims).unwrap_or_default(),
        ])?;
        if added == 0 {
            if let Some(row) = item.row {
                known.push(Known { row, call: call_of(conn, &span.trace, &span.id)?, rows: Vec::new() });
            }
        } else if last_trace != span.trace {
            touch.execute([&span.trace])?;
            last_trace = span.trace.to_string();
        }
    }
    if !known.is_empty() {
        let mut rows: HashMap<(&str, &str), Vec<u32>> = HashMap::new();
        for item in &batch.spans {
            rows.entry((&item.span.trace, &item.span.id)).or_default().extend(item.row);
        }
        let places: HashMap<u32, (&str, &str)> =
            batch.spans.iter().filter_map(|item| Some((item.row?, (&*item.span.trace, &*item.span.id)))).collect();
        for again in &mut known {
            let same = places.get(&again.row).and_then(|place| rows.get(place));
            again.rows = same.into_iter().flatten().copied().filter(|row| *row < again.row).collect();
        }
    }
    Ok(known)
}

fn call_of(conn: &Connection, trace: &str, span: &str) -> Result<Option<i64>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT call FROM spans WHERE trace = ?1 AND span = ?2")?;
    let mut rows = statement.query([trace, span])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?.flatten())
}

/// Raises what is known of a span by a further record of it, which may have been written later: then it has an end,
/// and usage.
pub(crate) fn raise(conn: &Connection, batch: &Batch, rows: &BTreeSet<u32>) -> Result<(), StoreError> {
    let mut raise = conn.prepare_cached(
        "UPDATE spans SET end = max(end, ?3), role = max(role, ?4), model = coalesce(model, ?5),
            response_id = coalesce(response_id, ?6) WHERE trace = ?1 AND span = ?2",
    )?;
    let mut touch = conn.prepare_cached("INSERT OR IGNORE INTO temp.touched (trace) VALUES (?1)")?;
    for item in &batch.spans {
        let Some(row) = item.row.filter(|row| rows.contains(row)) else { continue };
        let span = &item.span;
        let (model, id) = (batch.dim(row as usize, Dim::Model), batch.request_id.get(row as usize));
        raise.execute(params![span.trace, span.id, span.end, role_number(span.role), model, id])?;
        touch.execute([&span.trace])?;
    }
    Ok(())
}

/// Leaves the span of a record that goes to another record of it, and takes back what a record that goes had raised.
/// `left` is a record that stays, `gone` the import that goes.
pub(crate) fn hand_over(conn: &Connection, left: &StoredCall, gone: i64) -> Result<(), StoreError> {
    let (Some(trace), Some(span)) = (left.call.dim(Dim::Trace), left.call.span.as_deref()) else { return Ok(()) };
    let Timestamp(start) = left.call.ts;
    let nanos = left.call.latency_ms.unwrap_or(0).saturating_mul(1_000_000);
    let has_usage = left.call.unpriced != Some(Unpriced::UsageMissing);
    conn.prepare_cached(
        "UPDATE spans SET end = max(start, ?3), role = CASE role WHEN 2 THEN 2 ELSE ?4 END, model = ?5,
            response_id = ?6 WHERE trace = ?1 AND span = ?2",
    )?
    .execute(params![
        trace,
        span,
        start.saturating_add_unsigned(nanos),
        i64::from(has_usage),
        left.call.dim(Dim::Model),
        left.call.request_id.as_deref(),
    ])?;
    conn.prepare_cached(
        "UPDATE spans SET import = ?3, call = ?4, gained = NULL WHERE trace = ?1 AND span = ?2 AND import = ?5",
    )?
    .execute(params![trace, span, left.import, left.id, gone])?;
    conn.prepare_cached("INSERT OR IGNORE INTO temp.touched (trace) VALUES (?1)")?.execute([trace])?;
    Ok(())
}

const fn role_number(role: SpanRole) -> i64 {
    match role {
        SpanRole::Structure => 0,
        SpanRole::Call => 1,
        SpanRole::Rollup => 2,
    }
}

/// Ties the calls just stored to their spans.
pub(crate) fn link(conn: &Connection, batch: &Batch, id_of_row: impl Fn(u32) -> Option<i64>) -> Result<(), StoreError> {
    let mut update =
        conn.prepare_cached("UPDATE spans SET call = ?3, model = ?4, response_id = ?5 WHERE trace = ?1 AND span = ?2")?;
    for item in &batch.spans {
        if let Some(row) = item.row
            && let Some(id) = id_of_row(row)
        {
            let model = batch.dim(row as usize, Dim::Model);
            update.execute(params![item.span.trace, item.span.id, id, model, batch.request_id.get(row as usize)])?;
        }
    }
    Ok(())
}

/// What following the trees changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// Calls that turned out to sum others.
    pub(crate) held: Vec<i64>,
    /// Held calls whose spans below are gone.
    pub(crate) released: Vec<i64>,
    /// Calls with another dimension than before.
    pub(crate) changed: Vec<i64>,
}

impl Resolved {
    /// Adds what was changed besides.
    pub(crate) fn add(&mut self, other: Resolved) {
        self.held.extend(other.held);
        self.released.extend(other.released);
        self.changed.extend(other.changed);
    }

    /// Returns every call whose segment no longer agrees with its row.
    pub(crate) fn all(&self) -> Vec<i64> {
        [&self.held[..], &self.released, &self.changed].concat()
    }
}

/// Follows the trees of the traces touched since [`begin`].
pub(crate) fn resolve(conn: &Connection, dictionary: &mut Dictionary) -> Result<Resolved, StoreError> {
    let mut resolved = Resolved::default();
    let mut next = conn.prepare("SELECT trace FROM temp.touched ORDER BY trace")?;
    let mut traces = next.query([])?;
    while let Some(row) = traces.next()? {
        let trace: String = row.get(0)?;
        let tree = Tree::load(conn, &trace)?;
        tree.settle_billing(conn, &mut resolved)?;
        tree.inherit(conn, dictionary, &mut resolved)?;
    }
    // Another record of a call that is held must find it, to take over what it says.
    merge::keep_findable(conn, &resolved.held)?;
    Ok(resolved)
}

/// Removes the spans of an import and lists their traces for [`resolve`].
pub(crate) fn undo(conn: &Connection, import: i64) -> Result<(), StoreError> {
    conn.execute("INSERT OR IGNORE INTO temp.touched SELECT DISTINCT trace FROM spans WHERE import = ?1", [import])?;
    conn.execute("DELETE FROM spans WHERE import = ?1", [import])?;
    Ok(())
}

struct Node {
    id: String,
    parent: Option<usize>,
    start: i64,
    end: i64,
    is_rollup: bool,
    has_usage: bool,
    call: Option<i64>,
    model: Option<String>,
    response_id: Option<String>,
    dims: BTreeMap<String, String>,
    gained: BTreeMap<String, Option<String>>,
}

/// The spans of one trace.
struct Tree {
    trace: String,
    nodes: Vec<Node>,
}

/// The dimension whose values are paths.
const AGENT: &str = Dim::Agent.name();

/// Deeper than this is a loop of parents, not a tree.
const DEEPEST: usize = 1_000;

impl Tree {
    fn load(conn: &Connection, trace: &str) -> Result<Tree, StoreError> {
        let mut statement = conn.prepare_cached(
            "SELECT span, parent, start, end, role, call, model, response_id, dims, gained FROM spans WHERE trace = ?1",
        )?;
        let mut rows = statement.query([trace])?;
        let (mut nodes, mut parents) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next()? {
            parents.push(row.get::<_, Option<String>>(1)?);
            nodes.push(Node {
                id: row.get(0)?,
                parent: None,
                start: row.get(2)?,
                end: row.get(3)?,
                is_rollup: row.get::<_, i64>(4)? == 2,
                has_usage: row.get::<_, i64>(4)? != 0,
                call: row.get(5)?,
                model: row.get(6)?,
                response_id: row.get(7)?,
                dims: serde_json::from_str(&row.get::<_, String>(8)?).unwrap_or_default(),
                gained: row
                    .get::<_, Option<String>>(9)?
                    .and_then(|text| serde_json::from_str(&text).ok())
                    .unwrap_or_default(),
            });
        }
        let places: HashMap<String, usize> = nodes.iter().enumerate().map(|(at, node)| (node.id.clone(), at)).collect();
        for (node, parent) in nodes.iter_mut().zip(parents) {
            node.parent = parent.and_then(|id| places.get(&id).copied());
        }
        Ok(Tree { trace: trace.to_string(), nodes })
    }

    /// Returns the nodes above one, nearest first.
    fn ancestors(&self, at: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.nodes[at].parent, |above| self.nodes[*above].parent).take(DEEPEST)
    }

    /// Moves calls between `calls` and `held_calls` by the leaf rule.
    fn settle_billing(&self, conn: &Connection, resolved: &mut Resolved) -> Result<(), StoreError> {
        let mut sums_others = vec![false; self.nodes.len()];
        let mut by_response: HashMap<&str, usize> = HashMap::new();
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.call.is_some()) {
            // A failed attempt, or one whose usage is not in the log, does not stand for what is counted above it.
            for above in self.ancestors(at).filter(|above| *above != at && node.has_usage) {
                let upper = &self.nodes[above];
                let inside = upper.start <= node.start && node.end <= upper.end;
                let same_model = upper.model.as_deref().map(normal_model) == node.model.as_deref().map(normal_model);
                if upper.call.is_some() && (upper.is_rollup || (same_model && inside)) {
                    sums_others[above] = true;
                }
            }
            // Two spans with one response id record one call: the deeper one is nearer to the provider.
            if let Some(id) = node.response_id.as_deref()
                && let Some(other) = by_response.insert(id, at)
            {
                let (kept, summed) =
                    if self.ancestors(at).count() >= self.ancestors(other).count() { (at, other) } else { (other, at) };
                by_response.insert(id, kept);
                sums_others[summed] = true;
            }
        }
        for (node, sums) in self.nodes.iter().zip(sums_others) {
            if let Some(call) = node.call {
                if sums && holds::hold(conn, call, Hold::Rollup, None)? {
                    resolved.held.push(call);
                } else if !sums && holds::release(conn, call, Hold::Rollup)? {
                    resolved.released.push(call);
                }
            }
        }
        Ok(())
    }

    /// Returns the agents around a node, outermost first, `planner/searcher`; `None` where there is at most its own.
    fn agent_path(&self, at: usize) -> Option<String> {
        let own = self.nodes[at].dims.get(AGENT);
        let mut path: Vec<&str> = Vec::new();
        for agent in own.into_iter().chain(self.ancestors(at).filter_map(|above| self.nodes[above].dims.get(AGENT))) {
            if path.last() != Some(&agent.as_str()) {
                path.push(agent);
            }
        }
        path.reverse();
        (path.len() > usize::from(own.is_some())).then(|| path.join("/"))
    }

    /// Gives each call the dimensions it lacks, from the nearest ancestor that has them, and takes back what an
    /// ancestor gave that is gone.
    fn inherit(
        &self,
        conn: &Connection,
        dictionary: &mut Dictionary,
        resolved: &mut Resolved,
    ) -> Result<(), StoreError> {
        for (at, node) in self.nodes.iter().enumerate() {
            let Some(call) = node.call else { continue };
            let mut gains: BTreeMap<&str, Cow<'_, str>> = BTreeMap::new();
            for above in self.ancestors(at) {
                for (name, value) in self.nodes[above].dims.iter().filter(|(name, _)| !node.dims.contains_key(*name)) {
                    gains.entry(name).or_insert(Cow::Borrowed(value));
                }
            }
            if let Some(path) = self.agent_path(at) {
                gains.insert(AGENT, path.into());
            }
            let mut gained = node.gained.clone();
            let mut changed = false;
            for (name, before) in &node.gained {
                if !gains.contains_key(name.as_str()) {
                    changed |= dimension::set(conn, dictionary, call, name, before.as_deref())?;
                    gained.remove(name);
                }
            }
            for (name, value) in gains {
                if !gained.contains_key(name) {
                    gained.insert(name.to_string(), dimension::get(conn, call, name)?);
                }
                changed |= dimension::set(conn, dictionary, call, name, Some(&value))?;
            }
            if gained != node.gained {
                let text = serde_json::to_string(&gained).unwrap_or_default();
                conn.prepare_cached("UPDATE spans SET gained = ?3 WHERE trace = ?1 AND span = ?2")?
                    .execute(params![self.trace, node.id, text])?;
            }
            if changed {
                resolved.changed.push(call);
            }
        }
        Ok(())
    }
}
