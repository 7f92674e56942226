//! The price tables whose texts the store keeps, so that old costs can be looked into.

use rusqlite::OptionalExtension;

use crate::store::Store;
use crate::store::StoreError;

impl Store {
    /// Returns the text of a kept price table.
    pub fn kept_price_table(&self, id: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT text FROM price_tables WHERE id = ?1";
        Ok(self.conn.query_row(sql, [id], |row| row.get(0)).optional()?)
    }

    /// Returns the ids of the kept price tables, in order.
    pub fn kept_price_tables(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.conn.prepare("SELECT id FROM price_tables ORDER BY id")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}
