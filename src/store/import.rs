//! One file into the store: one transaction, batch by batch, in entirely or not at all.

use std::collections::BTreeMap;

use rusqlite::params;

use crate::domain::Class;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::domain::Unpriced;
use crate::domain::rollup::Measures;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::batch::Batch;
use crate::store::dedup::Dedup;
use crate::store::dedup::Verdict;
use crate::store::rows;
use crate::store::segments;
use crate::store::spans;

/// What is known of a file before it is read.
#[derive(Clone, Debug, Default)]
pub struct ImportHead {
    /// The path as the user gave it.
    pub path: String,
    /// The format's name.
    pub input_format: String,
    /// The value of the `source` dimension.
    pub source: String,
    /// When the import began.
    pub at: Timestamp,
}

/// What is known of a file once it has been read.
#[derive(Clone, Debug, Default)]
pub struct ImportTail {
    /// Bytes as they lie on disk.
    pub bytes: u64,
    /// Records of the file.
    pub records: u64,
    /// Records that are no calls, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Records that could not be used.
    pub rejected: u64,
    /// The first of them: (line, reason).
    pub rejects: Vec<(u64, String)>,
}

/// What became of a file's calls.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The import's number.
    pub id: i64,
    /// Calls that are new.
    pub new: u64,
    /// Calls that were stored already.
    pub duplicate: u64,
    /// New calls with the id of a stored call and other content.
    pub conflicts: u64,
    /// Calls of this file that turned out to sum others, and are not billed.
    pub rollups: u64,
    /// Calls of earlier files that turned out so.
    pub earlier_rollups: u64,
    /// Sums of the new calls.
    pub total: Measures,
    /// Values that no call had before, the first of them: (dimension or `meta.KEY`, value).
    pub new_values: Vec<(String, String)>,
}

/// An import under way. Dropping it without [`Import::commit`] leaves the store as it was.
pub struct Import<'s> {
    store: &'s mut Store,
    dedup: Dedup,
    next_call: i64,
    first_call: i64,
    done: Imported,
    has_spans: bool,
    open: bool,
}

impl Store {
    /// Begins the import of one file.
    pub fn begin_import(&mut self, head: &ImportHead) -> Result<Import<'_>, StoreError> {
        self.conn.execute_batch("BEGIN IMMEDIATE")?;
        self.dictionary.take_fresh();
        let begun = (|| {
            self.conn.execute(
                "INSERT INTO imports (path, kind, input_format, source, imported_at, bytes, records, new, duplicate,
                    skipped, rejected, conflicts, rejects)
                 VALUES (?1, 'usage', ?2, ?3, ?4, 0, 0, 0, 0, '{}', 0, 0, '[]')",
                params![head.path, head.input_format, head.source, head.at.to_string()],
            )?;
            let id = self.conn.last_insert_rowid();
            spans::begin(&self.conn)?;
            Ok((id, Dedup::open(&self.conn)?, segments::last_call(&self.conn)? + 1))
        })();
        match begun {
            Ok((id, dedup, next_call)) => Ok(Import {
                store: self,
                dedup,
                next_call,
                first_call: next_call,
                done: Imported { id, ..Imported::default() },
                has_spans: false,
                open: true,
            }),
            Err(error) => {
                let _ = self.conn.execute_batch("ROLLBACK");
                Err(error)
            }
        }
    }
}

impl Import<'_> {
    /// Adds the calls of a batch that the store does not have.
    pub fn append(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        let store = &mut *self.store;
        let known = spans::insert(&store.conn, batch, self.done.id)?;
        self.has_spans |= !batch.spans.is_empty();
        let mut verdicts = self.dedup.judge(&store.conn, batch, self.done.id)?;
        known.iter().for_each(|row| verdicts[*row as usize] = Verdict::Duplicate);
        let rows: Vec<u32> =
            (0..batch.len() as u32).filter(|row| verdicts[*row as usize] != Verdict::Duplicate).collect();
        self.done.new += rows.len() as u64;
        self.done.duplicate += (batch.len() - rows.len()) as u64;
        for row in (0..batch.len()).filter(|row| verdicts[*row] == Verdict::Conflict) {
            batch.add_flag(row, Flags::ID_CONFLICT);
            self.done.conflicts += 1;
        }
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = (self.next_call..self.next_call + rows.len() as i64).collect();
        self.next_call += rows.len() as i64;
        let names = store.dictionary.ids_of(&store.conn, batch)?;
        rows::insert(&store.conn, &names, batch, self.done.id, &rows, &ids)?;
        let segment = segments::write(&store.conn, &names, batch, &rows, &ids, None)?;
        self.dedup.add_segment(segment);
        if !batch.spans.is_empty() {
            spans::link(&store.conn, batch, |row| rows.binary_search(&row).ok().map(|at| ids[at]))?;
        }
        add_measures(&mut self.done.total, batch, &rows);
        Ok(())
    }

    /// Follows the traces, records the file and makes the import lasting, or undoes it for a dry run.
    pub fn commit(mut self, tail: &ImportTail, dry_run: bool) -> Result<Imported, StoreError> {
        if self.has_spans {
            self.resolve_spans()?;
        }
        let store = &mut *self.store;
        self.done.new_values = store.dictionary.take_fresh();
        let mut skipped = tail.skipped.clone();
        if self.done.rollups > 0 {
            *skipped.entry("rollup".into()).or_default() += self.done.rollups;
        }
        let json = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
        store.conn.execute(
            "UPDATE imports SET bytes = ?2, records = ?3, new = ?4, duplicate = ?5, skipped = ?6,
                rejected = ?7, conflicts = ?8, rejects = ?9 WHERE id = ?1",
            params![
                self.done.id,
                tail.bytes as i64,
                tail.records as i64,
                self.done.new as i64,
                self.done.duplicate as i64,
                json(serde_json::to_string(&skipped)),
                tail.rejected as i64,
                self.done.conflicts as i64,
                json(serde_json::to_string(&tail.rejects)),
            ],
        )?;
        segments::merge_tail(&store.conn, &mut store.dictionary)?;
        if !dry_run {
            self.open = false;
            store.conn.execute_batch("COMMIT").inspect_err(|_| self.open = true)?;
        }
        Ok(std::mem::take(&mut self.done))
    }

    fn resolve_spans(&mut self) -> Result<(), StoreError> {
        let store = &mut *self.store;
        let resolved = spans::resolve(&store.conn, &mut store.dictionary)?;
        let own = resolved.held.iter().filter(|call| **call >= self.first_call).count() as u64;
        self.done.rollups = own;
        self.done.new -= own;
        self.done.earlier_rollups = resolved.held.len() as u64 - own;
        if own > 0 {
            let (batch, ids) = rows::read_batch(&store.conn, self.first_call, i64::MAX, usize::MAX)?;
            let all: Vec<u32> = (0..ids.len() as u32).collect();
            self.done.total = Measures::default();
            add_measures(&mut self.done.total, &batch, &all);
        }
        segments::remake_holding(&store.conn, &mut store.dictionary, &resolved.all())?;
        segments::take_in(&store.conn, &mut store.dictionary, &resolved.released)
    }
}

impl Drop for Import<'_> {
    fn drop(&mut self) {
        if self.open {
            // The connection's own rollback would follow at the latest when it closes.
            let _ = self.store.conn.execute_batch("ROLLBACK");
            self.store.dictionary.clear();
        }
    }
}

/// Adds the chosen rows of a batch to sums.
fn add_measures(total: &mut Measures, batch: &Batch, rows: &[u32]) {
    total.calls += rows.len() as u64;
    for row in rows.iter().map(|row| *row as usize) {
        total.cost += batch.cost(row);
        total.reasoning += batch.reasoning.get(row);
        if let Some(reason) = batch.unpriced(row) {
            total.unpriced[reason as usize - Unpriced::ALL[0] as usize] += 1;
        }
        total.errors += u64::from(batch.dim(row, crate::domain::Dim::Status).is_some_and(super::is_failure));
    }
    for class in Class::ALL {
        let counts = &batch.tokens[class as usize];
        if !counts.is_zero() {
            total.tokens[class as usize] += rows.iter().map(|row| counts.get(*row as usize)).sum::<u64>();
        }
    }
}
