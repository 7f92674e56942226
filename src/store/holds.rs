//! Calls that are stored and not counted, and why: they stand in `held_calls` for as long as there is a reason.
//!
//! A reason can go (an import is undone, a choice taken back); with the last one the call returns to `calls`.
//! Segments are the caller's to make anew.

use rusqlite::Connection;
use rusqlite::params;

use crate::store::StoreError;

/// Why a call is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Hold {
    /// It sums calls that are counted themselves.
    Rollup = 1,
    /// Another record of the same call is counted.
    Same = 2,
    /// The user took it for a call that another source logged too.
    Chosen = 3,
}

impl Hold {
    /// Every reason.
    pub const ALL: [Hold; 3] = [Hold::Rollup, Hold::Same, Hold::Chosen];

    /// Returns the name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Hold::Rollup => "rollup",
            Hold::Same => "merged",
            Hold::Chosen => "excluded",
        }
    }
}

/// A reason for which a call is held, and the call that represents it where one record stands for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Why.
    pub reason: Hold,
    /// The call that is counted in its place.
    pub kept: Option<i64>,
}

/// Returns why a call is held; nothing for a call that is counted.
pub(crate) fn of(conn: &Connection, call: i64) -> Result<Vec<Held>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT h.reason, coalesce(h.kept, CASE h.reason WHEN ?2 THEN p.twin END)
         FROM holds h LEFT JOIN probable p ON p.call = h.call WHERE h.call = ?1 ORDER BY h.reason",
    )?;
    let mut rows = statement.query(params![call, Hold::Chosen as u8])?;
    let mut held = Vec::new();
    while let Some(row) = rows.next()? {
        let code: u8 = row.get(0)?;
        if let Some(reason) = Hold::ALL.into_iter().find(|reason| *reason as u8 == code) {
            held.push(Held { reason, kept: row.get(1)? });
        }
    }
    Ok(held)
}

/// Holds a call back for a reason; tells whether it was counted until now. `kept` is the call that represents it.
pub(crate) fn hold(conn: &Connection, call: i64, reason: Hold, kept: Option<i64>) -> Result<bool, StoreError> {
    conn.prepare_cached("INSERT OR REPLACE INTO holds (call, reason, kept) VALUES (?1, ?2, ?3)")?.execute(params![
        call,
        reason as u8,
        kept
    ])?;
    move_call(conn, call, "calls", "held_calls")
}

/// Takes a reason away; tells whether the call is counted again.
pub(crate) fn release(conn: &Connection, call: i64, reason: Hold) -> Result<bool, StoreError> {
    let gone = conn
        .prepare_cached("DELETE FROM holds WHERE call = ?1 AND reason = ?2")?
        .execute(params![call, reason as u8])?;
    if gone == 0 || conn.prepare_cached("SELECT 1 FROM holds WHERE call = ?1")?.exists([call])? {
        return Ok(false);
    }
    conn.prepare_cached("DELETE FROM held_ids WHERE call = ?1")?.execute([call])?;
    move_call(conn, call, "held_calls", "calls")
}

/// Tells whether a call is held back for another reason than this one.
pub(crate) fn is_held_but_for(conn: &Connection, call: i64, reason: Hold) -> Result<bool, StoreError> {
    let mut statement = conn.prepare_cached("SELECT 1 FROM holds WHERE call = ?1 AND reason <> ?2")?;
    Ok(statement.exists(params![call, reason as u8])?)
}

/// Makes a call that is held findable by its identities, as those in segments are.
pub(crate) fn keep_ids(conn: &Connection, call: i64, hashes: impl Iterator<Item = u64>) -> Result<(), StoreError> {
    let mut insert = conn.prepare_cached("INSERT OR IGNORE INTO held_ids (hash, call) VALUES (?1, ?2)")?;
    for hash in hashes {
        insert.execute(params![hash as i64, call])?;
    }
    Ok(())
}

/// Returns the identities of the calls that are held: (hash, call), sorted.
pub(crate) fn ids(conn: &Connection) -> Result<Vec<(u64, i64)>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT hash, call FROM held_ids")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)))?;
    let mut ids = rows.collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    Ok(ids)
}

/// Forgets a call that is no longer stored.
pub(crate) fn forget(conn: &Connection, call: i64) -> Result<(), StoreError> {
    for table in ["holds", "held_ids", "unions"] {
        conn.prepare_cached(&format!("DELETE FROM {table} WHERE call = ?1"))?.execute([call])?;
    }
    conn.prepare_cached("DELETE FROM probable WHERE call = ?1 OR twin = ?1")?.execute([call])?;
    Ok(())
}

fn move_call(conn: &Connection, call: i64, from: &str, to: &str) -> Result<bool, StoreError> {
    let copied = conn
        .prepare_cached(&format!("INSERT OR IGNORE INTO {to} SELECT * FROM {from} WHERE id = ?1"))?
        .execute([call])?;
    if copied > 0 {
        conn.prepare_cached(&format!("DELETE FROM {from} WHERE id = ?1"))?.execute([call])?;
    }
    Ok(copied > 0)
}
