//! Single calls by their ids, counted or held, and which stands for which.

use std::collections::BTreeSet;
use std::collections::HashMap;

use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::domain::Call;
use crate::domain::Usd;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::holds;
use crate::store::holds::Hold;
use crate::store::rows::RowReader;
use crate::store::rows::StoredCall;

/// A stored call with its origin.
#[derive(Clone, Debug)]
pub struct FoundCall {
    /// Its number in the store.
    pub id: i64,
    /// The file it came from.
    pub path: String,
    /// Its stored cost; `None` where unpriced.
    pub cost: Option<Usd>,
    /// Why it is not counted; empty for a counted call.
    pub held: Vec<NotCounted>,
    /// The call.
    pub call: Call<'static>,
}

/// A reason for which a call is not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCounted {
    /// Why.
    pub reason: Hold,
    /// The calls that represent it.
    pub by: Vec<i64>,
}

/// Returns the number that a text is; an id of many zeros and a digit is none.
pub(crate) fn number(id: &str) -> Option<i64> {
    id.parse().ok().filter(|number: &i64| number.to_string() == id)
}

impl Store {
    /// Finds calls by their number in the store, or by the provider's or the log's id; counted ones first.
    pub fn find_calls(&self, id: &str, most: usize) -> Result<Vec<FoundCall>, StoreError> {
        let reader = RowReader::open(&self.conn)?;
        let mut found = Vec::new();
        for table in ["priced_calls", "held_calls"] {
            let sql = reader.select_from(table, "WHERE id = ?1 OR request_id = ?2 OR span = ?2 ORDER BY id LIMIT ?3");
            let mut statement = self.conn.prepare(&sql)?;
            let mut rows = statement.query(params![number(id), id, (most - found.len()) as i64])?;
            while let Some(row) = rows.next()? {
                found.push(self.found(reader.call(row)?)?);
            }
        }
        Ok(found)
    }

    /// Returns the records, not counted themselves, that a call is counted for.
    pub fn told_again(&self, call: i64) -> Result<Vec<FoundCall>, StoreError> {
        let reader = RowReader::open(&self.conn)?;
        let mut statement = self.conn.prepare(
            "SELECT call FROM holds WHERE kept = ?1 UNION
             SELECT p.call FROM probable p JOIN holds h ON h.call = p.call AND h.reason = ?2 WHERE p.twin = ?1",
        )?;
        let mut rows = statement.query(params![call, Hold::Chosen as u8])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            if let Some(stored) = reader.find(&self.conn, row.get(0)?)? {
                found.push(self.found(stored)?);
            }
        }
        Ok(found)
    }

    fn found(&self, stored: StoredCall) -> Result<FoundCall, StoreError> {
        let sql = "SELECT path FROM imports WHERE id = ?1";
        let path = self.conn.query_row(sql, [stored.import], |row| row.get(0)).optional()?.unwrap_or_default();
        let mut held = Vec::new();
        for why in holds::of(&self.conn, stored.id)? {
            let by = match why.reason {
                Hold::Rollup => self.summed(stored.id)?,
                Hold::Same | Hold::Chosen => why.kept.into_iter().collect(),
            };
            held.push(NotCounted { reason: why.reason, by });
        }
        Ok(FoundCall { id: stored.id, path, cost: stored.cost, held, call: stored.call })
    }

    /// Returns the counted calls that a rollup sums: those below its span, else those of the same response.
    fn summed(&self, call: i64) -> Result<Vec<i64>, StoreError> {
        let own = "SELECT trace, span, response_id FROM spans WHERE call = ?1";
        let read = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
        };
        let Some((trace, span, response)) = self.conn.query_row(own, [call], read).optional()? else {
            return Ok(Vec::new());
        };
        let mut statement = self.conn.prepare(
            "SELECT s.span, s.parent, s.response_id, c.id FROM spans s LEFT JOIN calls c ON c.id = s.call
             WHERE s.trace = ?1",
        )?;
        let mut rows = statement.query([&trace])?;
        let mut below: HashMap<String, Vec<String>> = HashMap::new();
        let mut counted: HashMap<String, i64> = HashMap::new();
        let mut same: Vec<i64> = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, parent, its): (String, Option<String>, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if let Some(number) = row.get::<_, Option<i64>>(3)? {
                counted.insert(id.clone(), number);
                same.extend(Some(number).filter(|_| response.is_some() && its == response));
            }
            below.entry(parent.unwrap_or_default()).or_default().push(id);
        }
        let mut summed = BTreeSet::new();
        let mut open = below.remove(&span).unwrap_or_default();
        while let Some(id) = open.pop() {
            summed.extend(counted.get(&id));
            open.extend(below.remove(&id).unwrap_or_default());
        }
        Ok(if summed.is_empty() { same } else { summed.into_iter().collect() })
    }
}
