//! Traces, runs and sessions as they are stored: which of them an id leads to, and the spans and calls that one has.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::params;

use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Timestamp;
use crate::domain::Unpriced;
use crate::domain::Usd;
use crate::domain::rollup::Measures;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::batch::Batch;
use crate::store::batch::IdentityRule;
use crate::store::find;
use crate::store::holds;
use crate::store::holds::Held;
use crate::store::is_failure;
use crate::store::rows::RowReader;
use crate::store::rows::StoredCall;
use crate::store::scan::Repricing;

/// What holds calls together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// A distributed trace.
    Trace,
    /// A run of an agent or job.
    Run,
    /// A conversation.
    Session,
}

impl Scope {
    /// Every scope, narrowest first.
    pub const ALL: [Scope; 3] = [Scope::Trace, Scope::Run, Scope::Session];

    /// Returns the name of its dimension, which is its own.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::Trace => Dim::Trace.name(),
            Scope::Run => Dim::Run.name(),
            Scope::Session => Dim::Session.name(),
        }
    }
}

/// What an id leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scoped {
    /// Whether it is a trace, a run or a session.
    pub scope: Scope,
    /// Its id.
    pub id: String,
}

/// What an id may be, said by the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// Anything.
    Any,
    /// A trace, a run or a session.
    Scope(Scope),
    /// A call: its number or an id of its own.
    Call,
}

/// A span of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopedSpan {
    /// Its trace.
    pub trace: String,
    /// Its id.
    pub id: String,
    /// The span above it.
    pub parent: Option<String>,
    /// What the log calls it.
    pub name: String,
    /// First and last instant.
    pub time: (Timestamp, Timestamp),
    /// The call that it is, counted or held.
    pub call: Option<i64>,
}

/// A call, counted or held.
#[derive(Clone, Debug)]
pub struct ScopedCall {
    /// Its number in the store.
    pub id: i64,
    /// When it started.
    pub ts: Timestamp,
    /// How long it took.
    pub latency_ms: Option<u64>,
    /// Its trace, its span and the span above, as its log names them.
    pub place: [Option<String>; 3],
    /// The path of its agent.
    pub agent: Option<String>,
    /// The model that served it.
    pub model: Option<String>,
    /// Why it is not counted; empty for a counted call.
    pub held: Vec<Held>,
    /// What it adds to totals; nothing where it is held.
    pub measures: Measures,
}

/// A trace, run or session with all that is in it.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The spans of its traces.
    pub spans: Vec<ScopedSpan>,
    /// Its calls, in order of time.
    pub calls: Vec<ScopedCall>,
}

/// The columns that lead from an id to a scope.
const LEADS: &str = "id, trace, run, session, request_id, span";

/// A row of [`LEADS`].
struct Lead {
    id: i64,
    scopes: [Option<String>; 3],
    names: [Option<String>; 2],
}

impl Lead {
    fn read(row: &Row<'_>) -> rusqlite::Result<Lead> {
        Ok(Lead { id: row.get(0)?, scopes: [row.get(1)?, row.get(2)?, row.get(3)?], names: [row.get(4)?, row.get(5)?] })
    }

    /// Returns the scope that is asked for by naming one of its calls.
    fn around(&self) -> Option<Scoped> {
        [Scope::Trace, Scope::Session, Scope::Run].into_iter().find_map(|scope| {
            self.scopes[scope as usize].clone().filter(|id| !id.is_empty()).map(|id| Scoped { scope, id })
        })
    }
}

/// What was found so far, with the calls that lead there.
type Found = BTreeMap<Scoped, BTreeSet<i64>>;

impl Store {
    /// Returns the traces, runs and sessions that an id names: itself, or by one of their calls.
    pub fn find_scopes(&self, id: &str, meant: Meant) -> Result<Vec<Scoped>, StoreError> {
        let number = find::number(id);
        let wanted = |text: &Option<String>| text.as_deref() == Some(id);
        let mut found = Found::new();
        let condition = "id = ?1 OR ?2 IN (trace, run, session, request_id, span)";
        self.leads(condition, params![number, id], |lead| {
            note(&mut found, &lead, meant, wanted, Some(lead.id) == number);
        })?;
        let has_spans = "SELECT 1 FROM spans WHERE trace = ?1";
        if matches!(meant, Meant::Any | Meant::Scope(Scope::Trace)) && self.conn.prepare(has_spans)?.exists([id])? {
            found.entry(Scoped { scope: Scope::Trace, id: id.to_string() }).or_default();
        }
        Ok(without_doubles(found))
    }

    /// Returns the traces, runs and sessions that an id with this beginning names.
    pub fn find_scopes_by_start(&self, start: &str, meant: Meant) -> Result<Vec<Scoped>, StoreError> {
        // No text with this beginning sorts behind the last character there is.
        let end = format!("{start}\u{10ffff}");
        let wanted = |text: &Option<String>| text.as_deref().is_some_and(|text| text.starts_with(start));
        let mut found = Found::new();
        let within = ["trace", "run", "session", "request_id"].map(|name| format!("{name} BETWEEN ?1 AND ?2"));
        self.leads(&within.join(" OR "), params![start, end], |lead| {
            note(&mut found, &lead, meant, wanted, false);
        })?;
        if matches!(meant, Meant::Any | Meant::Scope(Scope::Trace)) {
            let mut traces = self.conn.prepare("SELECT DISTINCT trace FROM spans WHERE trace BETWEEN ?1 AND ?2")?;
            let mut rows = traces.query([start, &end])?;
            while let Some(row) = rows.next()? {
                found.entry(Scoped { scope: Scope::Trace, id: row.get(0)? }).or_default();
            }
        }
        Ok(without_doubles(found))
    }

    fn leads(
        &self,
        condition: &str,
        params: impl rusqlite::Params + Copy,
        mut on: impl FnMut(Lead),
    ) -> Result<(), StoreError> {
        for table in ["calls", "held_calls"] {
            let mut statement = self.conn.prepare(&format!("SELECT {LEADS} FROM {table} WHERE {condition}"))?;
            let mut rows = statement.query(params)?;
            while let Some(row) = rows.next()? {
                on(Lead::read(row)?);
            }
        }
        Ok(())
    }

    /// Returns all that is in a trace, run or session; costs are the stored ones unless somebody computes others.
    pub fn contents(&self, scoped: &Scoped, repricing: Option<&mut dyn Repricing>) -> Result<Contents, StoreError> {
        let reader = RowReader::open(&self.conn)?;
        let mut calls: BTreeMap<i64, StoredCall> = BTreeMap::new();
        for table in ["priced_calls", "held_calls"] {
            let condition = format!("WHERE {} = ?1", scoped.scope.name());
            let mut statement = self.conn.prepare(&reader.select_from(table, &condition))?;
            let mut rows = statement.query([&scoped.id])?;
            while let Some(row) = rows.next()? {
                let stored = reader.call(row)?;
                calls.insert(stored.id, stored);
            }
        }
        let mut traces: BTreeSet<&str> = calls.values().filter_map(|stored| stored.call.dim(Dim::Trace)).collect();
        if scoped.scope == Scope::Trace {
            traces = BTreeSet::from([scoped.id.as_str()]);
        }
        let mut spans = Vec::new();
        for trace in traces {
            spans_of(&self.conn, trace, &mut spans)?;
        }
        if scoped.scope == Scope::Trace {
            self.follow(&reader, &spans, &mut calls)?;
        }
        let calls = self.scoped_calls(calls.into_values().collect(), repricing)?;
        Ok(Contents { spans, calls })
    }

    /// Adds the calls that spans are, and those that stand for them, whichever trace they name themselves.
    fn follow(
        &self,
        reader: &RowReader,
        spans: &[ScopedSpan],
        calls: &mut BTreeMap<i64, StoredCall>,
    ) -> Result<(), StoreError> {
        let mut open: Vec<i64> = spans.iter().filter_map(|span| span.call).collect();
        let mut seen: BTreeSet<i64> = open.iter().copied().collect();
        while let Some(id) = open.pop() {
            if !calls.contains_key(&id)
                && let Some(stored) = reader.find(&self.conn, id)?
            {
                calls.insert(id, stored);
            }
            let stand_ins = holds::of(&self.conn, id)?.into_iter().filter_map(|held| held.kept);
            open.extend(stand_ins.filter(|kept| seen.insert(*kept)));
        }
        Ok(())
    }

    /// Says of calls what they add to totals, in order of time.
    fn scoped_calls(
        &self,
        calls: Vec<StoredCall>,
        repricing: Option<&mut dyn Repricing>,
    ) -> Result<Vec<ScopedCall>, StoreError> {
        let mut batch = Batch::default();
        for stored in &calls {
            batch.push(&stored.call, stored.fingerprint, IdentityRule::Id);
            let row = batch.len() - 1;
            batch.set_price(row, stored.price());
        }
        if let Some(repricing) = repricing {
            repricing.price(&mut batch);
        }
        let mut scoped = Vec::with_capacity(calls.len());
        for (row, stored) in calls.into_iter().enumerate() {
            let held = holds::of(&self.conn, stored.id)?;
            let call = stored.call;
            let text = |dim: Dim| call.dim(dim).map(str::to_string);
            scoped.push(ScopedCall {
                id: stored.id,
                ts: call.ts,
                latency_ms: call.latency_ms,
                place: [
                    text(Dim::Trace),
                    call.span.as_deref().map(str::to_string),
                    call.parent.as_deref().map(str::to_string),
                ],
                agent: text(Dim::Agent),
                model: text(Dim::Model),
                measures: if held.is_empty() { measures(&batch, row) } else { Measures::default() },
                held,
            });
        }
        scoped.sort_by_key(|call| (call.ts, call.id));
        Ok(scoped)
    }
}

/// Notes what a call leads to: the scopes with a wanted id, and its own where the call itself is wanted.
fn note(found: &mut Found, lead: &Lead, meant: Meant, wanted: impl Fn(&Option<String>) -> bool, by_number: bool) {
    for scope in Scope::ALL {
        let id = &lead.scopes[scope as usize];
        if wanted(id)
            && (meant == Meant::Any || meant == Meant::Scope(scope))
            && let Some(id) = id
        {
            found.entry(Scoped { scope, id: id.clone() }).or_default().insert(lead.id);
        }
    }
    if matches!(meant, Meant::Any | Meant::Call)
        && (by_number || lead.names.iter().any(wanted))
        && let Some(around) = lead.around()
    {
        found.entry(around).or_default();
    }
}

/// Lists what was found; of a trace, a run and a session that share an id and their calls, the first.
fn without_doubles(found: Found) -> Vec<Scoped> {
    let mut listed: Vec<(Scoped, BTreeSet<i64>)> = Vec::new();
    for (scoped, calls) in found {
        let is_known = |(known, others): &(Scoped, BTreeSet<i64>)| known.id == scoped.id && *others == calls;
        if !listed.iter().any(is_known) {
            listed.push((scoped, calls));
        }
    }
    listed.into_iter().map(|(scoped, _)| scoped).collect()
}

fn spans_of(conn: &Connection, trace: &str, spans: &mut Vec<ScopedSpan>) -> Result<(), StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT span, parent, name, start, end, call FROM spans WHERE trace = ?1 ORDER BY span")?;
    let mut rows = statement.query([trace])?;
    while let Some(row) = rows.next()? {
        spans.push(ScopedSpan {
            trace: trace.to_string(),
            id: row.get(0)?,
            parent: row.get(1)?,
            name: row.get(2)?,
            time: (Timestamp(row.get(3)?), Timestamp(row.get(4)?)),
            call: row.get(5)?,
        });
    }
    Ok(())
}

/// Returns what a row of a batch adds to totals.
fn measures(batch: &Batch, row: usize) -> Measures {
    let mut measures = Measures {
        calls: 1,
        errors: u64::from(batch.dim(row, Dim::Status).is_some_and(is_failure)),
        reasoning: batch.reasoning.get(row),
        cost: batch.cost(row),
        discount: Usd::from_pico(i128::from(batch.discount.get(row) as i64)),
        ..Measures::default()
    };
    for class in Class::ALL {
        measures.tokens[class as usize] = batch.tokens[class as usize].get(row);
    }
    if let Some(reason) = batch.unpriced(row) {
        measures.unpriced[reason as usize - Unpriced::ALL[0] as usize] = 1;
    }
    measures
}
