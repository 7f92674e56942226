//! Outcomes in the store: a file a transaction, one outcome for each run, trace or session.
//!
//! The first that is told of an id stays. Whether a call has that id is not asked here: it may come later.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashSet;
use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::params;
use rusqlite::types::Value;

use crate::domain::Outcome;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::outcome::Outcomes;
use crate::domain::outcome::Unit;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::batch::clip;
use crate::store::import::ImportHead;
use crate::store::import::ImportTail;
use crate::store::invoices::lines::wide;

/// What an outcome is to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// Nothing was known of its unit.
    New,
    /// The same is known.
    Duplicate,
    /// Something else is known, which stays.
    Conflict(Box<Known>),
}

/// An outcome that is in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The number of its import.
    pub import: i64,
    /// Its file.
    pub path: String,
    /// What it says.
    pub outcome: Outcome<'static>,
}

/// The import of outcomes under way. Dropping it without [`OutcomesImport::commit`] leaves the store as it was.
pub struct OutcomesImport<'s> {
    store: &'s mut Store,
    id: i64,
    new: u64,
    duplicate: u64,
    conflicts: u64,
    open: bool,
}

/// What became of a file's outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomesIn {
    /// The import's number.
    pub id: i64,
    /// Outcomes that are new.
    pub new: u64,
    /// Outcomes that were known.
    pub duplicate: u64,
    /// Rows that say something else than what is known.
    pub conflicts: u64,
}

impl Store {
    /// Begins the import of outcomes.
    pub fn begin_outcomes(&mut self, head: &ImportHead) -> Result<OutcomesImport<'_>, StoreError> {
        self.conn.execute_batch("BEGIN IMMEDIATE")?;
        let sql = "INSERT INTO imports (path, kind, input_format, source, imported_at, bytes, records, new, duplicate,
                skipped, rejected, conflicts, rejects)
             VALUES (?1, 'outcomes', ?2, ?3, ?4, 0, 0, 0, 0, '{}', 0, 0, '[]')";
        match self.conn.execute(sql, params![head.path, head.input_format, head.source, head.at.to_string()]) {
            Ok(_) => {
                let id = self.conn.last_insert_rowid();
                Ok(OutcomesImport { store: self, id, new: 0, duplicate: 0, conflicts: 0, open: true })
            }
            Err(error) => {
                let _ = self.conn.execute_batch("ROLLBACK");
                Err(error.into())
            }
        }
    }

    /// Tells whether the store has an outcome.
    pub fn has_outcomes(&self) -> Result<bool, StoreError> {
        Ok(self.conn.query_row("SELECT EXISTS (SELECT 1 FROM outcomes)", [], |row| row.get(0))?)
    }

    /// Returns all outcomes, in the order they came in.
    pub fn outcomes(&self) -> Result<Outcomes, StoreError> {
        let mut all = Outcomes::default();
        let mut texts = Texts::default();
        let sql = "SELECT import, unit, name, task, tenant, passed, revenue FROM outcomes ORDER BY id";
        let mut statement = self.conn.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            all.import.push(row.get(0)?);
            all.unit.push(unit(row, 1)?);
            all.id.push(text(row, 2)?.ok_or_else(damaged)?.into());
            all.task.push(text(row, 3)?.map(|text| texts.shared(text)));
            all.tenant.push(text(row, 4)?.map(|text| texts.shared(text)));
            all.passed.push(row.get(5)?);
            all.revenue.push(wide(row, 6)?.map(Usd::from_pico));
        }
        Ok(all)
    }
}

impl OutcomesImport<'_> {
    /// Adds an outcome unless its unit has one.
    pub fn add(&mut self, outcome: &Outcome<'_>) -> Result<Added, StoreError> {
        // Cut as the dimensions of calls are, or they would not meet.
        let cut = |text: &Option<Cow<'_, str>>| text.as_deref().map(|text| clip(text).into_owned());
        let (id, task, tenant) = (clip(&outcome.id), cut(&outcome.task), cut(&outcome.tenant));
        let revenue = outcome.revenue.map(|revenue| match revenue.call_pico() {
            Some(pico) => Value::Integer(pico),
            None => Value::Text(revenue.pico().to_string()),
        });
        let conn = &self.store.conn;
        let mut insert = conn.prepare_cached(
            "INSERT OR IGNORE INTO outcomes (import, line, unit, name, task, tenant, passed, revenue, ts)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        let (line, unit, ts) = (outcome.line as i64, outcome.unit.name(), outcome.ts.map(|ts| ts.0));
        if insert.execute(params![self.id, line, unit, id, task, tenant, outcome.passed, revenue, ts])? > 0 {
            self.new += 1;
            return Ok(Added::New);
        }
        let known = known(conn, outcome.unit, &id)?;
        let told = Outcome { id, task: task.map(Cow::Owned), tenant: tenant.map(Cow::Owned), ..outcome.clone() };
        if told.says_the_same(&known.outcome) {
            self.duplicate += 1;
            return Ok(Added::Duplicate);
        }
        self.conflicts += 1;
        Ok(Added::Conflict(Box::new(known)))
    }

    /// Records the file and makes the import lasting, or undoes it for a dry run.
    pub fn commit(mut self, tail: &ImportTail, dry_run: bool) -> Result<OutcomesIn, StoreError> {
        let done = OutcomesIn { id: self.id, new: self.new, duplicate: self.duplicate, conflicts: self.conflicts };
        let conn = &self.store.conn;
        conn.execute(
            "UPDATE imports SET bytes = ?2, records = ?3, new = ?4, duplicate = ?5, skipped = ?6, rejected = ?7,
                conflicts = ?8, rejects = ?9 WHERE id = ?1",
            params![
                done.id,
                tail.bytes as i64,
                tail.records as i64,
                done.new as i64,
                done.duplicate as i64,
                json(&tail.skipped),
                tail.rejected as i64,
                done.conflicts as i64,
                json(&tail.rejects),
            ],
        )?;
        if !dry_run {
            self.open = false;
            conn.execute_batch("COMMIT").inspect_err(|_| self.open = true)?;
        }
        Ok(done)
    }
}

impl Drop for OutcomesImport<'_> {
    fn drop(&mut self) {
        if self.open {
            // The connection's own rollback would follow at the latest when it closes.
            let _ = self.store.conn.execute_batch("ROLLBACK");
        }
    }
}

/// Takes the outcomes of an import out again and returns how many there were.
pub(crate) fn undo(conn: &Connection, import: i64) -> Result<u64, StoreError> {
    Ok(conn.execute("DELETE FROM outcomes WHERE import = ?1", [import])? as u64)
}

/// Compares each import's outcomes with what it says it brought; returns what does not agree, in words.
pub(crate) fn problems(conn: &Connection) -> Result<Vec<String>, StoreError> {
    let mut kept: BTreeMap<i64, i64> = BTreeMap::new();
    let mut statement = conn.prepare("SELECT import, count(*) FROM outcomes GROUP BY import")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        kept.insert(row.get(0)?, row.get(1)?);
    }
    let mut problems = Vec::new();
    let mut statement = conn.prepare("SELECT id, new FROM imports WHERE kind = 'outcomes' ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (import, told): (i64, i64) = (row.get(0)?, row.get(1)?);
        let there = kept.remove(&import).unwrap_or(0);
        if there != told {
            problems.push(format!("import {import}: {told} outcomes are told, {there} are there"));
        }
    }
    problems
        .extend(kept.iter().map(|(import, there)| format!("{there} outcomes are of import {import}, which is gone")));
    Ok(problems)
}

/// Returns the outcome of a unit that has one.
fn known(conn: &Connection, of: Unit, id: &str) -> Result<Known, StoreError> {
    let mut find = conn.prepare_cached(
        "SELECT o.import, i.path, o.line, o.name, o.task, o.tenant, o.passed, o.revenue, o.ts
         FROM outcomes o JOIN imports i ON i.id = o.import WHERE o.unit = ?1 AND o.name = ?2",
    )?;
    let mut rows = find.query([of.name(), id])?;
    let row = rows.next()?.ok_or_else(damaged)?;
    let owned = |at: usize| text(row, at).map(|text| text.map(|text| Cow::Owned(text.to_string())));
    Ok(Known {
        import: row.get(0)?,
        path: row.get(1)?,
        outcome: Outcome {
            line: row.get::<_, i64>(2)? as u64,
            unit: of,
            id: owned(3)?.unwrap_or_default(),
            task: owned(4)?,
            tenant: owned(5)?,
            passed: row.get(6)?,
            revenue: wide(row, 7)?.map(Usd::from_pico),
            ts: row.get::<_, Option<i64>>(8)?.map(Timestamp),
        },
    })
}

/// Equal texts, kept once.
#[derive(Default)]
struct Texts(HashSet<Arc<str>>);

impl Texts {
    fn shared(&mut self, text: &str) -> Arc<str> {
        Arc::clone(self.0.get_or_insert_with(text, |text| text.into()))
    }
}

fn unit(row: &Row<'_>, at: usize) -> Result<Unit, StoreError> {
    text(row, at)?.and_then(Unit::parse).ok_or_else(damaged)
}

fn text<'r>(row: &'r Row<'_>, at: usize) -> Result<Option<&'r str>, StoreError> {
    row.get_ref(at)?.as_str_or_null().map_err(|_| damaged())
}

fn damaged() -> StoreError {
    StoreError::Damaged("an outcome".into())
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
