//! `attr trace`: a trace, run or session as a tree, with what each part of it costs itself and with all below it.

mod document;
mod table;

use std::collections::HashMap;

use crate::analyze::outline;
use crate::analyze::outline::Cut;
use crate::analyze::trace::Kind;
use crate::analyze::trace::Name;
use crate::analyze::trace::Piece;
use crate::analyze::trace::Tree;
use crate::domain::Timestamp;
use crate::domain::rollup::Measures;
use crate::ops::book::Book;
use crate::ops::book::BookError;
use crate::ops::measures;
use crate::ops::prices;
use crate::report::Report;
use crate::store::Contents;
use crate::store::Meant;
use crate::store::Scope;
use crate::store::Scoped;
use crate::store::ScopedCall;
use crate::store::ScopedSpan;
use crate::store::StoreError;

/// Fewer characters than this name nothing that they only begin.
const SHORTEST_START: usize = 6;
/// Of several that an id may mean, so many are listed.
const MOST_LISTED: usize = 10;

/// How the answer is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Objects within objects.
    Nested,
    /// Lines that are indented by their level.
    Indented,
    /// Lines that say their level.
    Flat,
}

/// The question.
#[derive(Clone, Debug)]
pub struct TracePlan {
    /// What the user named.
    pub id: String,
    /// How many levels to show.
    pub depth: Option<usize>,
    /// How many like calls that follow one another to show before the others are summed.
    pub alike: Option<usize>,
    /// How to lay it out.
    pub shape: Shape,
}

/// Why there is no tree.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The store failed, or its prices.
    #[error(transparent)]
    Book(#[from] BookError),
    /// Nothing goes by this id.
    #[error("no trace, run, session or call has the id `{0}`")]
    NotFound(String),
    /// The call belongs to nothing.
    #[error("call `{0}` has no trace, run or session")]
    Alone(String),
    /// The id may mean any of several.
    #[error("`{id}` may be any of {count}")]
    Several {
        /// What the user named.
        id: String,
        /// How many there are.
        count: usize,
        /// The first of them.
        known: Vec<String>,
    },
}

impl From<StoreError> for TraceError {
    fn from(error: StoreError) -> TraceError {
        TraceError::Book(error.into())
    }
}

/// Shows a run.
pub fn run(book: &Book, plan: &TracePlan) -> Result<Report, TraceError> {
    let scoped = resolve(book, &plan.id)?;
    let contents = book.contents(&scoped)?;
    let elsewhere = contents.calls.iter().filter(|call| call.held.is_empty() && is_elsewhere(call, &scoped)).count();
    let mut tree = Tree::grow(pieces(contents));
    if scoped.scope != Scope::Trace {
        // Of the traces that it touches, only what leads to its own calls is part of a run or session.
        tree.prune();
    }
    let total = tree.total();
    let lines = outline::outline(&tree, Cut { depth: plan.depth, alike: plan.alike });
    let mut report = Report::new("trace");
    report.price_table = Some(book.priced_by.clone());
    match plan.shape {
        Shape::Nested => document::fill(&mut report, &scoped, tree.time(), &total, &lines),
        Shape::Indented | Shape::Flat => {
            report.blocks = table::blocks(&scoped, tree.time(), &total, &lines, plan.shape == Shape::Flat);
        }
    }
    if elsewhere > 0 {
        let message = format!(
            "{elsewhere} calls have a span in this trace and another trace by their own word: a slice by trace has them there"
        );
        report.warn("other_trace", message, None);
    }
    if let Some(note) = measures::unpriced_note(&total) {
        report.warn("unpriced_calls", note, measures::unpriced_hint(&total));
    }
    prices::warn_stale(&mut report, book)?;
    Ok(report)
}

/// Tells whether a call that a span leads to names another trace than the span's: its own log's, say.
fn is_elsewhere(call: &ScopedCall, scoped: &Scoped) -> bool {
    scoped.scope == Scope::Trace && call.place[0].as_deref() != Some(&scoped.id)
}

/// Finds the one trace, run or session that an id means.
fn resolve(book: &Book, id: &str) -> Result<Scoped, TraceError> {
    let store = &book.store;
    let mut found = store.find_scopes(id, Meant::Any)?;
    let said = said(id);
    if let Some((meant, rest)) = said.filter(|_| found.is_empty()) {
        found = store.find_scopes(rest, meant)?;
    }
    let (meant, start) = said.unwrap_or((Meant::Any, id));
    if found.is_empty() && start.chars().count() >= SHORTEST_START {
        found = store.find_scopes_by_start(start, meant)?;
    }
    match found.len() {
        0 if store.find_calls(start, 1)?.is_empty() => Err(TraceError::NotFound(id.to_string())),
        0 => Err(TraceError::Alone(start.to_string())),
        1 => Ok(found.remove(0)),
        count => {
            let name = |scoped: &Scoped| format!("{}:{}", scoped.scope.name(), scoped.id);
            let known = found.iter().take(MOST_LISTED).map(name).collect();
            Err(TraceError::Several { id: id.to_string(), count, known })
        }
    }
}

/// Understands `session:ID`.
fn said(id: &str) -> Option<(Meant, &str)> {
    let (kind, rest) = id.split_once(':').filter(|(_, rest)| !rest.is_empty())?;
    let scope = Scope::ALL.into_iter().find(|scope| scope.name() == kind);
    scope.map(Meant::Scope).or((kind == "call").then_some(Meant::Call)).map(|meant| (meant, rest))
}

/// Makes pieces of spans and calls: a call that is a span is one piece.
fn pieces(contents: Contents) -> Vec<Piece> {
    let mut calls: HashMap<i64, &ScopedCall> = contents.calls.iter().map(|call| (call.id, call)).collect();
    // Where a record stands that another call is counted for: that call belongs there.
    let mut stand_ins: HashMap<i64, Name> = HashMap::new();
    let mut pieces = Vec::with_capacity(contents.spans.len() + contents.calls.len());
    for span in &contents.spans {
        let call = span.call.and_then(|id| calls.remove(&id));
        for kept in call.into_iter().flat_map(|call| &call.held).filter_map(|held| held.kept) {
            stand_ins.entry(kept).or_insert_with(|| (Some(span.trace.clone()), span.id.clone()));
        }
        pieces.push(span_piece(span, call));
    }
    // What is not counted is shown where it has a place of its own, and nowhere else.
    let others = contents.calls.iter().filter(|call| calls.contains_key(&call.id) && call.held.is_empty());
    pieces.extend(others.map(|call| call_piece(call, stand_ins.remove(&call.id))));
    pieces
}

fn span_piece(span: &ScopedSpan, call: Option<&ScopedCall>) -> Piece {
    let name = |id: &str| (Some(span.trace.clone()), id.to_string());
    let (start, end) = span.time;
    Piece {
        kind: if call.is_some() { Kind::Call } else { Kind::Span },
        name: if span.name.is_empty() { "span".to_string() } else { span.name.clone() },
        id: Some(name(&span.id)),
        below: span.parent.as_deref().map(name).into_iter().collect(),
        agent: None,
        start: (start.0 > 0).then_some(start),
        end: (start.0 > 0 && end >= start).then_some(end),
        call: call.map(|call| call.id),
        model: call.and_then(|call| call.model.clone()),
        held: call.and_then(|call| call.held.first()).map(|held| (held.reason.name(), held.kept)),
        own: call.map_or_else(Measures::default, |call| call.measures.clone()),
    }
}

fn call_piece(call: &ScopedCall, stood_for: Option<Name>) -> Piece {
    let [trace, span, parent] = &call.place;
    let name = |id: &String| (trace.clone(), id.clone());
    let end = call.latency_ms.and_then(|ms| i64::try_from(ms).ok()?.checked_mul(1_000_000)?.checked_add(call.ts.0));
    Piece {
        kind: Kind::Call,
        name: call.model.clone().unwrap_or_else(|| "call".to_string()),
        id: span.as_ref().map(name),
        below: stood_for.into_iter().chain(span.as_ref().map(name)).chain(parent.as_ref().map(name)).collect(),
        agent: call.agent.clone(),
        start: Some(call.ts),
        end: end.map(Timestamp),
        call: Some(call.id),
        model: call.model.clone(),
        held: None,
        own: call.measures.clone(),
    }
}

/// Returns how long something took, in milliseconds.
fn millis(start: Option<Timestamp>, end: Option<Timestamp>) -> Option<u64> {
    let nanos = u64::try_from(end?.0.checked_sub(start?.0)?).ok()?;
    Some(nanos.saturating_add(500_000) / 1_000_000)
}
