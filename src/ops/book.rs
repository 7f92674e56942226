//! The open store and the prices behind every job.
//!
//! The costs in a store are all of one price table, whose text the store keeps. New calls are priced by that table
//! too, until `attr reprice --apply` moves the store to another. A user who names prices gets answers by them: costs
//! are then computed while the question is answered, and nothing is stored.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::path::Path;
use std::path::PathBuf;

use crate::domain::Axis;
use crate::domain::Timestamp;
use crate::domain::rollup::Key;
use crate::domain::rollup::Rollup;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::domain::rollup::Rows;
use crate::domain::rollup::UnitCosts;
use crate::domain::step::Step;
use crate::ops::price::Pricer;
use crate::price::PriceError;
use crate::price::Table;
use crate::store::Contents;
use crate::store::Scoped;
use crate::store::Store;
use crate::store::StoreError;

/// Where prices come from: list prices, the built-in ones or the user's, and files of overrides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceFiles {
    /// List prices in place of the built-in ones: a file or a folder.
    pub list: Option<PathBuf>,
    /// What was agreed, private models, the user's own names.
    pub overrides: Vec<PathBuf>,
}

impl PriceFiles {
    /// Tells whether the user named any prices.
    pub fn are_named(&self) -> bool {
        self.list.is_some() || !self.overrides.is_empty()
    }

    /// Reads the table.
    pub fn load(&self) -> Result<Table, PriceError> {
        Table::assemble(self.list.as_deref(), &self.overrides)
    }
}

/// Why a book cannot be opened, or its prices not be told.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The prices are wrong.
    #[error(transparent)]
    Price(#[from] PriceError),
    /// Nobody has the text of this table.
    #[error("no price table has the id `{id}`")]
    UnknownTable {
        /// What was asked for.
        id: String,
        /// The ids that the store and the program hold.
        known: Vec<String>,
    },
}

/// A store and the prices behind its answers.
pub struct Book {
    /// The store.
    pub store: Store,
    /// The id of the table behind all costs in answers.
    pub priced_by: String,
    /// The table, once somebody needs more than its id.
    table: OnceCell<Table>,
    /// Whether costs are computed by the table while a question is answered, in place of the stored ones.
    anew: bool,
}

impl Book {
    fn new(store: Store, table: Table, anew: bool) -> Book {
        Book { store, priced_by: table.id().to_string(), table: OnceCell::from(table), anew }
    }

    /// Opens a private store in memory.
    pub fn in_memory(table: Table) -> Result<Book, StoreError> {
        Ok(Book::new(Store::in_memory()?, table, false))
    }

    /// Opens a store for writing, making it if need be. Its calls are priced by the table that priced those it has.
    pub fn create(path: &Path, files: &PriceFiles) -> Result<Book, BookError> {
        let store = Store::create(path)?;
        match store.price_table()? {
            Some(id) if !store.is_empty()? => Ok(Book { store, priced_by: id, table: OnceCell::new(), anew: false }),
            _ => Ok(Book::new(store, files.load()?, false)),
        }
    }

    /// Opens a store for questions. Answers are by the prices the user named, else by those of the store.
    pub fn open(path: &Path, files: &PriceFiles) -> Result<Book, BookError> {
        let store = Store::open(path)?;
        let stored = store.price_table()?;
        match stored {
            Some(id) if !files.are_named() => Ok(Book { store, priced_by: id, table: OnceCell::new(), anew: false }),
            stored => {
                let table = files.load()?;
                let anew = stored.is_some_and(|id| id != table.id());
                Ok(Book::new(store, table, anew))
            }
        }
    }

    /// Returns the table behind all costs in answers.
    pub fn table(&self) -> Result<&Table, BookError> {
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        let table = kept_table(&self.store, &self.priced_by)?;
        Ok(self.table.get_or_init(|| table))
    }

    /// Returns the store to write to, and the table to price by.
    pub fn parts(&mut self) -> Result<(&mut Store, &Table), BookError> {
        let table = match self.table.take() {
            Some(table) => table,
            None => kept_table(&self.store, &self.priced_by)?,
        };
        Ok((&mut self.store, self.table.get_or_init(|| table)))
    }

    /// Records, before the first call comes in, which prices the stored costs come from.
    pub fn keep_table(&self) -> Result<(), BookError> {
        let table = self.table()?;
        Ok(self.store.keep_price_table(table.id(), table.text())?)
    }

    /// Returns the instant of the store's first call.
    pub fn first_call_at(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.store.span()?.map(|(first, _)| first))
    }

    /// Returns the instant of the store's last call.
    pub fn last_call_at(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.store.span()?.map(|(_, last)| last))
    }

    /// Returns all that is in a trace, run or session.
    pub fn contents(&self, scoped: &Scoped) -> Result<Contents, StoreError> {
        match self.pricer() {
            None => self.store.contents(scoped, None),
            Some(mut pricer) => self.store.contents(scoped, Some(&mut pricer)),
        }
    }

    /// Returns the calls of a query whose values along its first axes are one of the keys.
    pub fn steps(&self, query: &RollupQuery, keys: &HashSet<Key>) -> Result<Vec<Step>, StoreError> {
        match self.pricer() {
            None => self.store.steps(query, keys, None),
            Some(mut pricer) => self.store.steps(query, keys, Some(&mut pricer)),
        }
    }

    /// Computes costs anew by the table if they are not the stored ones.
    pub(super) fn pricer(&self) -> Option<Pricer<'_>> {
        self.table.get().filter(|_| self.anew).map(Pricer::new)
    }
}

/// Returns a price table by its id: the program's own, or one whose text a store keeps.
pub fn kept_table(store: &Store, id: &str) -> Result<Table, BookError> {
    if let Some(text) = store.price_table_text(id)? {
        return Ok(Table::from_text(&text)?);
    }
    let builtin = Table::builtin()?;
    if builtin.id() == id {
        return Ok(builtin);
    }
    let mut known = store.price_table_ids()?;
    known.retain(|known| known != builtin.id());
    known.push(builtin.id().to_string());
    Err(BookError::UnknownTable { id: id.to_string(), known })
}

impl Rollups for Book {
    type Error = StoreError;

    fn rollup(&self, query: &RollupQuery) -> Result<Rollup, StoreError> {
        match self.pricer() {
            None => self.store.rollup(query),
            Some(pricer) => self.store.repriced(pricer).rollup(query),
        }
    }

    fn unit_costs(&self, query: &RollupQuery, unit: &Axis) -> Result<Vec<UnitCosts>, StoreError> {
        match self.pricer() {
            None => self.store.unit_costs(query, unit),
            Some(pricer) => self.store.repriced(pricer).unit_costs(query, unit),
        }
    }

    fn rows(&self, query: &RollupQuery, on: &mut dyn FnMut(&Rows<'_>)) -> Result<(), StoreError> {
        match self.pricer() {
            None => self.store.rows(query, on),
            Some(pricer) => self.store.repriced(pricer).rows(query, on),
        }
    }
}
