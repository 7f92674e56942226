//! Segments in their tables: writing, finding, making anew from the rows, merging the short ones at the end.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::domain::Usd;
use crate::store::StoreError;
use crate::store::batch::BATCH_ROWS;
use crate::store::batch::Batch;
use crate::store::dictionary::Dictionary;
use crate::store::dictionary::Ids;
use crate::store::packed::Packed;
use crate::store::rows;
use crate::store::segment;
use crate::store::segment::Column;
use crate::store::unpacked::Unpacked;

/// A segment has fewer columns than this; the key of a column is the segment's number and the column's.
const MOST_COLUMNS: i64 = 4096;

/// Returns the key of a segment's column.
pub(crate) fn key(segment: i64, column: usize) -> i64 {
    segment * MOST_COLUMNS + column as i64
}

/// Returns the bytes of a segment's column by its number.
pub(crate) fn column(conn: &Connection, segment: i64, at: usize) -> Result<Vec<u8>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT data FROM segment_columns WHERE key = ?1")?;
    Ok(statement.query_row([key(segment, at)], |row| row.get(0))?)
}

/// What stands of a segment in `segments`.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) id: i64,
    pub(crate) first_call: i64,
    pub(crate) last_call: i64,
    pub(crate) calls: i64,
    pub(crate) ts_min: i64,
    pub(crate) ts_max: i64,
    pub(crate) cost: i128,
    pub(crate) columns: Vec<String>,
}

impl Segment {
    /// Returns the number of a column, if the segment has it.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|known| known == name)
    }
}

/// Returns all segments in order.
pub(crate) fn all(conn: &Connection) -> Result<Vec<Segment>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, first_call, last_call, calls, ts_min, ts_max, cost, columns, format FROM segments ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut segments = Vec::new();
    while let Some(row) = rows.next()? {
        let (cost, columns): (String, String) = (row.get(6)?, row.get(7)?);
        if row.get::<_, i64>(8)? != segment::FORMAT {
            return Err(StoreError::StaleSegments);
        }
        segments.push(Segment {
            id: row.get(0)?,
            first_call: row.get(1)?,
            last_call: row.get(2)?,
            calls: row.get(3)?,
            ts_min: row.get(4)?,
            ts_max: row.get(5)?,
            cost: cost.parse().map_err(|_| StoreError::Damaged("the cost of a segment".into()))?,
            columns: column_names(&columns)?,
        });
    }
    Ok(segments)
}

/// Returns what all counted calls cost.
pub(crate) fn cost(conn: &Connection) -> Result<Usd, StoreError> {
    Ok(Usd::from_pico(all(conn)?.iter().map(|segment| segment.cost).sum()))
}

/// Reads the list of a segment's columns. A key of a log may be any text, so the list is JSON.
fn column_names(text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Damaged("the columns of a segment".into()))
}

/// The numbers in `calls` of a segment's rows.
pub(crate) enum CallIds {
    /// One after another from here.
    From(i64),
    /// One by one.
    Each(Vec<i64>),
}

impl CallIds {
    /// Returns the number of a row.
    pub(crate) fn get(&self, row: usize) -> i64 {
        match self {
            CallIds::From(first) => first + row as i64,
            CallIds::Each(ids) => ids.get(row).copied().unwrap_or(-1),
        }
    }
}

/// Returns the numbers of a segment's calls.
pub(crate) fn call_ids(conn: &Connection, segment: i64) -> Result<CallIds, StoreError> {
    let (first, columns): (i64, String) = conn
        .prepare_cached("SELECT first_call, columns FROM segments WHERE id = ?1")?
        .query_row([segment], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match column_names(&columns)?.iter().position(|name| name == segment::name::ID) {
        None => Ok(CallIds::From(first)),
        Some(column) => {
            let bytes = self::column(conn, segment, column)?;
            let (ids, _) = Packed::open(&bytes).ok_or(StoreError::Damaged(format!("segment {segment}")))?;
            Ok(CallIds::Each(ids.to_vec()))
        }
    }
}

/// Writes the chosen rows of a batch as a segment, under the next number or one given.
pub(crate) fn write(
    conn: &Connection,
    names: &Ids,
    batch: &Batch,
    rows: &[u32],
    ids: &[i64],
    number: Option<i64>,
) -> Result<i64, StoreError> {
    let columns = segment::encode(batch, rows, ids, names);
    let times = || rows.iter().map(|row| batch.ts[*row as usize]);
    let cost: i128 = rows.iter().map(|row| i128::from(batch.cost.get(*row as usize))).sum();
    let span = (times().min().unwrap_or(0), times().max().unwrap_or(0));
    write_columns(conn, &columns, ids, span, cost, number)
}

/// Writes packed columns as a segment, under the next number or one given.
pub(crate) fn write_columns(
    conn: &Connection,
    columns: &[Column],
    ids: &[i64],
    (first, last): (i64, i64),
    cost: i128,
    number: Option<i64>,
) -> Result<i64, StoreError> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    conn.prepare_cached(
        "INSERT INTO segments (id, first_call, last_call, calls, ts_min, ts_max, cost, columns, format)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        number,
        ids.first(),
        ids.last(),
        ids.len() as i64,
        first,
        last,
        cost.to_string(),
        serde_json::to_string(&names).unwrap_or_default(),
        segment::FORMAT,
    ])?;
    let id = number.unwrap_or_else(|| conn.last_insert_rowid());
    let mut insert = conn.prepare_cached("INSERT INTO segment_columns (key, data) VALUES (?1, ?2)")?;
    for (at, (_, bytes)) in columns.iter().enumerate() {
        insert.execute(params![key(id, at), bytes])?;
    }
    Ok(id)
}

/// Replaces a column of a segment, or adds one it did not have.
pub(crate) fn put_column(conn: &Connection, segment: &Segment, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached("SELECT columns FROM segments WHERE id = ?1")?;
    let mut columns = column_names(&statement.query_row([segment.id], |row| row.get::<_, String>(0))?)?;
    let at = columns.iter().position(|known| known == name).unwrap_or(columns.len());
    if at == columns.len() {
        columns.push(name.to_string());
        let columns = serde_json::to_string(&columns).unwrap_or_default();
        conn.prepare_cached("UPDATE segments SET columns = ?2 WHERE id = ?1")?.execute(params![segment.id, columns])?;
    }
    conn.prepare_cached("INSERT OR REPLACE INTO segment_columns (key, data) VALUES (?1, ?2)")?
        .execute(params![key(segment.id, at), bytes])?;
    Ok(())
}

/// Replaces the summed cost of a segment.
pub(crate) fn put_cost(conn: &Connection, segment: i64, cost: i128) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE segments SET cost = ?2 WHERE id = ?1")?.execute(params![segment, cost.to_string()])?;
    Ok(())
}

/// Writes a whole batch that was read back from rows.
pub(crate) fn write_all(
    conn: &Connection,
    dictionary: &mut Dictionary,
    batch: &Batch,
    ids: &[i64],
    number: Option<i64>,
) -> Result<(), StoreError> {
    let names = dictionary.ids_of(conn, batch)?;
    let all: Vec<u32> = (0..ids.len() as u32).collect();
    write(conn, &names, batch, &all, ids, number).map(|_| ())
}

/// Removes a segment.
pub(crate) fn remove(conn: &Connection, segment: i64) -> Result<(), StoreError> {
    conn.prepare_cached("DELETE FROM segment_columns WHERE key >= ?1 AND key < ?2")?
        .execute([key(segment, 0), key(segment + 1, 0)])?;
    conn.prepare_cached("DELETE FROM segments WHERE id = ?1")?.execute([segment])?;
    Ok(())
}

/// Makes one segment anew from the rows in its span of calls; a span without rows leaves none.
pub(crate) fn remake(
    conn: &Connection,
    dictionary: &mut Dictionary,
    segment: i64,
    first: i64,
    last: i64,
) -> Result<(), StoreError> {
    remove(conn, segment)?;
    let (batch, ids) = rows::read_batch(conn, first, last, usize::MAX)?;
    if !ids.is_empty() {
        write_all(conn, dictionary, &batch, &ids, Some(segment))?;
    }
    Ok(())
}

/// Makes the segments anew that hold these calls.
pub(crate) fn remake_holding(conn: &Connection, dictionary: &mut Dictionary, calls: &[i64]) -> Result<(), StoreError> {
    let mut sorted = calls.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    for segment in all(conn)? {
        let from = sorted.partition_point(|call| *call < segment.first_call);
        let to = sorted.partition_point(|call| *call <= segment.last_call);
        if to > from {
            renew(conn, dictionary, &segment, &sorted[from..to])?;
        }
    }
    Ok(())
}

/// Brings a segment up to date with the rows of some of its calls: gone, back or changed.
fn renew(conn: &Connection, dictionary: &mut Dictionary, segment: &Segment, calls: &[i64]) -> Result<(), StoreError> {
    if calls.len() as i64 > segment.calls / 2 {
        return remake(conn, dictionary, segment.id, segment.first_call, segment.last_call);
    }
    let mut unpacked = Unpacked::open(conn, segment)?;
    unpacked.remove(calls);
    let (batch, ids) = rows::read_calls(conn, calls)?;
    let names = dictionary.ids_of(conn, &batch)?;
    let all: Vec<u32> = (0..ids.len() as u32).collect();
    let columns = segment::encode(&batch, &all, &ids, &names);
    let first = ids.first().copied().unwrap_or_default();
    let fresh = Unpacked::of(&columns, first, ids.len()).ok_or(StoreError::Damaged("a fresh segment".into()))?;
    if !unpacked.append(fresh) {
        return remake(conn, dictionary, segment.id, segment.first_call, segment.last_call);
    }
    unpacked.sort();
    unpacked.write(conn, segment.id)
}

/// Takes in calls that no segment's span covers, by widening the one before or after: spans stay in order and apart.
pub(crate) fn take_in(conn: &Connection, dictionary: &mut Dictionary, calls: &[i64]) -> Result<(), StoreError> {
    for call in calls.iter().copied() {
        let known = all(conn)?;
        let before = known.iter().filter(|segment| segment.first_call <= call).max_by_key(|segment| segment.first_call);
        match before.or(known.iter().min_by_key(|segment| segment.first_call)) {
            Some(segment) if (segment.first_call..=segment.last_call).contains(&call) => {}
            Some(segment) => {
                let (first, last) = (segment.first_call.min(call), segment.last_call.max(call));
                remake(conn, dictionary, segment.id, first, last)?;
            }
            None => {
                let (batch, ids) = rows::read_batch(conn, call, call, 1)?;
                if !ids.is_empty() {
                    write_all(conn, dictionary, &batch, &ids, None)?;
                }
            }
        }
    }
    Ok(())
}

/// Makes every segment anew from the rows.
pub(crate) fn rebuild(conn: &Connection, dictionary: &mut Dictionary) -> Result<u64, StoreError> {
    conn.execute_batch("DELETE FROM segment_columns; DELETE FROM segments;")?;
    let (mut next, mut made) = (0i64, 0);
    loop {
        let (batch, ids) = rows::read_batch(conn, next, i64::MAX, BATCH_ROWS)?;
        let Some(last) = ids.last() else { return Ok(made) };
        next = last + 1;
        write_all(conn, dictionary, &batch, &ids, None)?;
        made += 1;
    }
}

/// So many short segments at the end are merged at once; fewer are left for the next import.
const MERGED_AT: usize = 4;

/// Merges short segments at the end, as a counter carries: each call is merged at most a few times.
pub(crate) fn merge_tail(conn: &Connection, dictionary: &mut Dictionary) -> Result<(), StoreError> {
    let stored = all(conn)?;
    let (mut calls, mut start) = (0, stored.len());
    for (at, segment) in stored.iter().enumerate().rev() {
        let is_short = start == stored.len() || segment.calls < 2 * calls;
        if !is_short || calls + segment.calls > BATCH_ROWS as i64 {
            break;
        }
        (calls, start) = (calls + segment.calls, at);
    }
    let [first, rest @ ..] = &stored[start..] else { return Ok(()) };
    if rest.len() + 1 < MERGED_AT {
        return Ok(());
    }
    let mut merged = Unpacked::open(conn, first)?;
    let mut whole = true;
    for segment in rest {
        whole = whole && merged.append(Unpacked::open(conn, segment)?);
        remove(conn, segment.id)?;
    }
    match (whole, rest.last()) {
        (false, Some(last)) => remake(conn, dictionary, first.id, first.first_call, last.last_call),
        _ => merged.write(conn, first.id),
    }
}

/// Returns the number of the last call ever stored, held ones included.
pub(crate) fn last_call(conn: &Connection) -> Result<i64, StoreError> {
    let of = |table: &str| -> Result<i64, StoreError> {
        let sql = format!("SELECT max(id) FROM {table}");
        Ok(conn.query_row(&sql, [], |row| row.get::<_, Option<i64>>(0)).optional()?.flatten().unwrap_or(0))
    };
    Ok(of("calls")?.max(of("held_calls")?))
}
