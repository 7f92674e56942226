//! Calls that look like another call: the same second, model, counts and session, under another id.

use crate::domain::Window;
use crate::store::Batch;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::rows;

/// What such calls share.
const ALIKE: &str = "ts / 1000000000, provider, model, session, more ->> '$.dims.api_key', input, cache_read, \
    cache_write_5m, cache_write_1h, output";

impl Store {
    /// Returns the calls of a window that repeat an earlier one; the first of each kind is not among them.
    ///
    /// Two equal calls in one second may be two calls: this finds candidates, and proves nothing.
    pub fn repeats(&self, window: Window) -> Result<Batch, StoreError> {
        let (since, until) = (window.since.map_or(i64::MIN, |ts| ts.0), window.until.map_or(i64::MAX, |ts| ts.0));
        let sql = format!(
            "SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY {ALIKE} ORDER BY id) AS place FROM calls
             WHERE ts >= ?1 AND ts < ?2 AND coalesce(input, 0) + coalesce(output, 0) > 0) WHERE place > 1"
        );
        let mut statement = self.conn.prepare(&sql)?;
        let ids: Vec<i64> = statement.query_map([since, until], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(rows::read_calls(&self.conn, &ids)?.0)
    }
}
