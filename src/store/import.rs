//! Files into the store: one transaction for a few small files or one large one, in entirely or not at all.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use rusqlite::params;

use crate::domain::Class;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::domain::Unpriced;
use crate::domain::Usd;
use crate::domain::rollup::Measures;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::batch::Batch;
use crate::store::dedup::Dedup;
use crate::store::dedup::Other;
use crate::store::dedup::Verdict;
use crate::store::holds;
use crate::store::holds::Hold;
use crate::store::merge;
use crate::store::merge::Group;
use crate::store::probable;
use crate::store::rows;
use crate::store::rows::RowReader;
use crate::store::rows::StoredCall;
use crate::store::segments;
use crate::store::spans;
use crate::store::spans::Resolved;

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
    /// Calls that were stored already, merged ones included.
    pub duplicate: u64,
    /// Records of calls that another record tells too: both are kept, one is counted.
    pub merged: u64,
    /// New calls with the id of a stored call and other content.
    pub conflicts: u64,
    /// Calls of this file that turned out to sum others, and are not billed.
    pub rollups: u64,
    /// Calls of earlier files that turned out so.
    pub earlier_rollups: u64,
    /// Sums of the new calls.
    pub total: Measures,
    /// By how much the cost of calls of earlier files changed, because these tell them better or their parts. Of files
    /// that came in together, the first has it all.
    pub corrected: Usd,
    /// Values that no call had before, the first of them: (dimension or `meta.KEY`, value). Of files that came in
    /// together, the first has them all.
    pub new_values: Vec<(String, String)>,
}

/// A file of an import under way.
struct File {
    number: i64,
    done: Imported,
    tail: ImportTail,
    /// Its first call: its calls are those up to the next file's first.
    first_call: i64,
}

/// An import under way. Dropping it without [`Import::commit`] leaves the store as it was.
pub struct Import<'s> {
    store: &'s mut Store,
    dedup: Dedup,
    next_call: i64,
    first_call: i64,
    files: Vec<File>,
    /// Pairs of stored records of one call.
    twins: Vec<(i64, i64)>,
    has_spans: bool,
    /// What all calls cost before.
    cost_before: Usd,
    open: bool,
}

impl Store {
    /// Begins the import of some files.
    pub fn begin_import(&mut self) -> Result<Import<'_>, StoreError> {
        self.conn.execute_batch("BEGIN IMMEDIATE")?;
        self.dictionary.take_fresh();
        let begun = (|| {
            spans::begin(&self.conn)?;
            Ok((Dedup::open(&self.conn)?, segments::last_call(&self.conn)? + 1, segments::cost(&self.conn)?))
        })();
        match begun {
            Ok((dedup, next_call, cost_before)) => Ok(Import {
                store: self,
                dedup,
                next_call,
                first_call: next_call,
                files: Vec::new(),
                twins: Vec::new(),
                has_spans: false,
                cost_before,
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
    /// Records a file; `number` is how its batches call it.
    pub fn begin_file(&mut self, number: i64, head: &ImportHead) -> Result<(), StoreError> {
        let conn = &self.store.conn;
        conn.prepare_cached(
            "INSERT INTO imports (path, kind, input_format, source, imported_at, bytes, records, new, duplicate,
                skipped, rejected, conflicts, rejects)
             VALUES (?1, 'usage', ?2, ?3, ?4, 0, 0, 0, 0, '{}', 0, 0, '[]')",
        )?
        .execute(params![head.path, head.input_format, head.source, head.at.to_string()])?;
        let done = Imported { id: conn.last_insert_rowid(), ..Imported::default() };
        self.files.push(File { number, done, tail: ImportTail::default(), first_call: 0 });
        Ok(())
    }

    /// Takes down what its reading told of a file.
    pub fn end_file(&mut self, number: i64, tail: ImportTail) {
        if let Some(file) = self.files.iter_mut().find(|file| file.number == number) {
            file.tail = tail;
        }
    }

    /// Adds the calls of a batch that the store does not have.
    pub fn append(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        let store = &mut *self.store;
        let ids: HashMap<i64, i64> = self.files.iter().map(|file| (file.number, file.done.id)).collect();
        batch.number_files(|number| ids.get(&number).copied().unwrap_or_default());
        let known = spans::insert(&store.conn, batch)?;
        self.has_spans |= !batch.spans.is_empty();
        let mut judged = self.dedup.judge(&store.conn, batch)?;
        let again = self.dedup.judge_spans(&store.conn, batch, &known, &mut judged)?;
        spans::raise(&store.conn, batch, &again)?;
        for row in (0..batch.len()).filter(|row| judged.verdicts[*row] == Verdict::Conflict) {
            batch.add_flag(row, Flags::ID_CONFLICT);
        }
        let rows: Vec<u32> =
            (0..batch.len() as u32).filter(|row| judged.verdicts[*row as usize] != Verdict::Duplicate).collect();
        let ids: Vec<i64> = (self.next_call..self.next_call + rows.len() as i64).collect();
        self.count(batch, &judged.verdicts);
        if rows.is_empty() {
            return Ok(());
        }
        let store = &mut *self.store;
        self.next_call += rows.len() as i64;
        let names = store.dictionary.ids_of(&store.conn, batch)?;
        rows::insert(&store.conn, &names, batch, &rows, &ids)?;
        let segment = segments::write(&store.conn, &names, batch, &rows, &ids, None)?;
        self.dedup.add_segment(segment);
        let stored = |row: u32| rows.binary_search(&row).ok().map(|at| ids[at]);
        if !batch.spans.is_empty() {
            spans::link(&store.conn, batch, |row| stored(row).filter(|_| !again.contains(&row)))?;
        }
        let other = |other: Other| match other {
            Other::Row(row) => stored(row),
            Other::Call(call) => Some(call),
        };
        self.twins.extend(judged.twins.iter().filter_map(|twin| Some((stored(twin.row)?, other(twin.other)?))));
        Ok(())
    }

    /// Adds the rows of a batch to the sums of their files.
    fn count(&mut self, batch: &Batch, verdicts: &[Verdict]) {
        let mut next = self.next_call;
        let mut place = 0;
        for (row, verdict) in verdicts.iter().enumerate() {
            let import = batch.file(row);
            if self.files.get(place).is_none_or(|file| file.done.id != import) {
                place = self.files.iter().position(|file| file.done.id == import).unwrap_or(place);
            }
            let Some(file) = self.files.get_mut(place) else { continue };
            if *verdict == Verdict::Duplicate {
                file.done.duplicate += 1;
                continue;
            }
            if file.first_call == 0 {
                file.first_call = next;
            }
            next += 1;
            file.done.new += 1;
            file.done.conflicts += u64::from(*verdict == Verdict::Conflict);
            add_row(&mut file.done.total, batch, row);
        }
    }

    /// Follows the traces, settles records of one call, records the files and makes the import lasting, or undoes it
    /// for a dry run. Returns what became of each file, by its number.
    pub fn commit(mut self, dry_run: bool) -> Result<Vec<(i64, ImportTail, Imported)>, StoreError> {
        self.settle()?;
        let of_files: Usd = self.files.iter().map(|file| file.done.total.cost).sum();
        let corrected = segments::cost(&self.store.conn)? - self.cost_before - of_files;
        let store = &mut *self.store;
        if let Some(first) = self.files.first_mut() {
            first.done.new_values = store.dictionary.take_fresh();
            first.done.corrected = corrected;
        }
        let json = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
        let mut update = store.conn.prepare_cached(
            "UPDATE imports SET bytes = ?2, records = ?3, new = ?4, duplicate = ?5, skipped = ?6,
                rejected = ?7, conflicts = ?8, rejects = ?9, merged = ?10 WHERE id = ?1",
        )?;
        for File { done, tail, .. } in &self.files {
            let mut skipped = tail.skipped.clone();
            if done.rollups > 0 {
                *skipped.entry("rollup".into()).or_default() += done.rollups;
            }
            update.execute(params![
                done.id,
                tail.bytes as i64,
                tail.records as i64,
                done.new as i64,
                done.duplicate as i64,
                json(serde_json::to_string(&skipped)),
                tail.rejected as i64,
                done.conflicts as i64,
                json(serde_json::to_string(&tail.rejects)),
                done.merged as i64,
            ])?;
        }
        drop(update);
        segments::merge_tail(&store.conn, &mut store.dictionary)?;
        if self.next_call > self.first_call {
            probable::find(&store.conn, self.first_call, |_| true)?;
        }
        if !dry_run {
            self.open = false;
            store.conn.execute_batch("COMMIT").inspect_err(|_| self.open = true)?;
        }
        let files = std::mem::take(&mut self.files);
        Ok(files.into_iter().map(|file| (file.number, file.tail, file.done)).collect())
    }

    /// Decides, of calls that sum others and of records of one call, which are counted.
    fn settle(&mut self) -> Result<(), StoreError> {
        let store = &mut *self.store;
        let mut resolved = Resolved::default();
        if self.has_spans {
            self.twins.extend(merge::prepare_traces(&store.conn, &mut store.dictionary, &mut resolved)?);
            resolved.add(spans::resolve(&store.conn, &mut store.dictionary)?);
        }
        let rollups: BTreeSet<i64> = resolved.held.iter().copied().collect();
        let groups = merge::settle(&store.conn, &mut store.dictionary, &self.twins, &mut resolved)?;
        segments::remake_holding(&store.conn, &mut store.dictionary, &resolved.all())?;
        segments::take_in(&store.conn, &mut store.dictionary, &resolved.released)?;
        if !rollups.is_empty() || !groups.is_empty() {
            self.count_again(&rollups, &groups)?;
        }
        Ok(())
    }

    /// Returns the file that a call of this import is from.
    fn file_of(&mut self, call: i64) -> Option<&mut File> {
        let own = |file: &&mut File| file.first_call > 0 && file.first_call <= call;
        self.files.iter_mut().rev().find(own).filter(|_| call >= self.first_call)
    }

    /// Sums the files anew, once it is known which of their calls are counted.
    fn count_again(&mut self, rollups: &BTreeSet<i64>, groups: &[Group]) -> Result<(), StoreError> {
        let first_call = self.first_call;
        for call in rollups {
            match self.file_of(*call) {
                Some(file) => {
                    file.done.rollups += 1;
                    file.done.new -= 1;
                }
                None => self.files.iter_mut().take(1).for_each(|file| file.done.earlier_rollups += 1),
            }
        }
        // The first record of a call brought it in; the others told it again.
        let mut stands_for: HashMap<i64, i64> = HashMap::new();
        for group in groups {
            stands_for.insert(group.kept, group.records[0]);
            for again in group.records[1..].iter().filter(|call| **call >= first_call && !rollups.contains(call)) {
                if let Some(file) = self.file_of(*again) {
                    file.done.new -= 1;
                    file.done.duplicate += 1;
                    file.done.merged += 1;
                }
            }
        }
        self.sum_again(rollups, &stands_for, groups)
    }

    /// Corrects the sums of the files, which have every new call in them: what is held goes, and a call is summed where
    /// its first record is.
    fn sum_again(
        &mut self,
        rollups: &BTreeSet<i64>,
        stands_for: &HashMap<i64, i64>,
        groups: &[Group],
    ) -> Result<(), StoreError> {
        let reader = RowReader::open(&self.store.conn)?;
        let own = |call: &&i64| **call >= self.first_call;
        let of_groups = groups.iter().flat_map(|group| &group.records).filter(own).copied();
        let held: BTreeSet<i64> = rollups.iter().filter(own).copied().chain(of_groups).collect();
        for call in held {
            if let Some(stored) = reader.find(&self.store.conn, call)?
                && let Some(file) = self.file_of(call)
            {
                file.done.total.subtract(&measures_of(&stored));
            }
        }
        for (kept, first) in stands_for {
            if holds::is_held_but_for(&self.store.conn, *kept, Hold::Same)? {
                continue;
            }
            if let Some(stored) = reader.find(&self.store.conn, *kept)?
                && let Some(file) = self.file_of(*first)
            {
                file.done.total.add(&measures_of(&stored));
            }
        }
        Ok(())
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

/// Returns the sums of one stored call.
fn measures_of(stored: &StoredCall) -> Measures {
    let (mut one, mut measures) = (Batch::default(), Measures::default());
    rows::add_row(stored, &mut one, &mut Vec::new());
    add_row(&mut measures, &one, 0);
    measures
}

/// Adds a row of a batch to sums.
fn add_row(total: &mut Measures, batch: &Batch, row: usize) {
    total.calls += 1;
    total.cost += batch.cost(row);
    total.reasoning += batch.reasoning.get(row);
    if let Some(reason) = batch.unpriced(row) {
        total.unpriced[reason as usize - Unpriced::ALL[0] as usize] += 1;
    }
    total.errors += u64::from(batch.dim(row, crate::domain::Dim::Status).is_some_and(super::is_failure));
    for class in Class::ALL {
        total.tokens[class as usize] += batch.tokens[class as usize].get(row);
    }
}
