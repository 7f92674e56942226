//! The open store and the price table behind every job.

use std::path::Path;

use crate::domain::Timestamp;
use crate::ops::price::price;
use crate::price::PriceError;
use crate::price::Table;
use crate::store::Store;
use crate::store::StoreError;

/// A store and the prices in force.
pub struct Book {
    /// The store.
    pub store: Store,
    /// The price table.
    pub table: Table,
    /// The id of the table behind the stored costs.
    pub priced_by: String,
}

/// Loads the price table: a file or folder of the user's, or the one built in.
pub fn load_table(path: Option<&Path>) -> Result<Table, PriceError> {
    path.map_or_else(Table::builtin, Table::load)
}

impl Book {
    /// Opens a private store in memory.
    pub fn in_memory(table: Table) -> Result<Book, StoreError> {
        Ok(Book { store: Store::in_memory()?, priced_by: table.id().to_string(), table })
    }

    /// Opens a store for writing, making it if need be.
    pub fn create(path: &Path, table: Table) -> Result<Book, StoreError> {
        let store = Store::create(path)?;
        Ok(Book { store, priced_by: table.id().to_string(), table })
    }

    /// Opens a store for questions. With `under`, its calls are priced by the given table, in a copy in
    /// memory, if they were not already.
    pub fn open(path: &Path, table: Table, under: bool) -> Result<Book, StoreError> {
        let store = Store::open(path)?;
        let stored = store.price_table()?.unwrap_or_else(|| table.id().to_string());
        if !under || stored == table.id() {
            return Ok(Book { store, priced_by: stored, table });
        }
        let mut copy = store.in_memory_copy()?;
        copy.reprice(|batch| price(&table, batch))?;
        Ok(Book { store: copy, priced_by: table.id().to_string(), table })
    }

    /// Records which prices the stored costs come from.
    pub fn keep_table(&self) -> Result<(), StoreError> {
        self.store.keep_price_table(self.table.id(), self.table.text())
    }

    /// Returns the instant of the store's last call.
    pub fn last_call_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.store.last_call_at()
    }
}
