//! The store's dictionary: names of dimension values to ids, a kind a dimension or key.
//!
//! A kind with too many distinct values is *inlined* from then on: its texts stand in the rows themselves, so
//! that no dictionary grows with the log. Sessions, runs and traces are inlined from the start.

use std::rc::Rc;
use std::sync::Arc;

use hashbrown::HashMap;
use rusqlite::Connection;
use rusqlite::params;

use crate::store::Store;
use crate::store::StoreError;
use crate::store::batch::ALWAYS_INLINED;
use crate::store::batch::Batch;
use crate::store::dimension;
use crate::store::interner::Interner;

/// More distinct values than this and a kind is inlined: 100,000 names are some ten megabytes while importing.
const MOST_NAMES: usize = 100_000;

#[derive(Default)]
struct Kind {
    ids: HashMap<String, u32>,
    inlined: bool,
}

/// The ids of a batch's texts, column by column; `None` for an inlined kind.
#[derive(Default)]
pub(crate) struct Ids(HashMap<String, Option<Rc<[u32]>>>);

impl Ids {
    /// Returns the ids of a column's texts, by the batch's codes less one.
    pub(crate) fn of(&self, name: &str) -> Option<Rc<[u32]>> {
        self.0.get(name).cloned().flatten()
    }
}

/// The part of the dictionary an import has needed so far.
#[derive(Default)]
pub(crate) struct Dictionary {
    kinds: HashMap<String, Kind>,
    /// The first names that came in since they were last taken: (kind, name).
    fresh: Vec<(String, String)>,
}

/// More new names than this in one import are not listed: they are ids, not names that people look over.
const MOST_FRESH: usize = 10_000;

impl Dictionary {
    /// Returns the ids of all texts of a batch. New names are stored.
    pub(crate) fn ids_of(&mut self, conn: &Connection, batch: &Batch) -> Result<Ids, StoreError> {
        let mut ids = Ids::default();
        for (name, column) in batch.text_columns() {
            let of_column = self.ids(conn, &name, &column.values)?;
            ids.0.insert(name, of_column.map(Rc::from));
        }
        Ok(ids)
    }

    /// Returns the id of each text of a column, or `None` if the kind is inlined. New names are stored.
    fn ids(&mut self, conn: &Connection, name: &str, values: &Interner) -> Result<Option<Vec<u32>>, StoreError> {
        if is_always_inlined(name) {
            return Ok(None);
        }
        if !self.kinds.contains_key(name) {
            self.kinds.insert(name.to_string(), load(conn, name)?);
        }
        let Some(kind) = self.kinds.get_mut(name).filter(|kind| !kind.inlined) else { return Ok(None) };
        let mut insert = conn.prepare_cached("INSERT INTO dim (kind, id, name) VALUES (?1, ?2, ?3)")?;
        let mut ids = Vec::with_capacity(values.len());
        for value in values.iter() {
            if let Some(id) = kind.ids.get(value) {
                ids.push(*id);
            } else if kind.ids.len() >= MOST_NAMES {
                kind.inlined = true;
                kind.ids = HashMap::new();
                conn.execute("INSERT OR IGNORE INTO inlined (kind) VALUES (?1)", [name])?;
                return Ok(None);
            } else {
                let next = kind.ids.len() as u32;
                insert.execute(params![name, next, value])?;
                if self.fresh.len() < MOST_FRESH {
                    self.fresh.push((name.to_string(), value.to_string()));
                }
                kind.ids.insert(value.to_string(), next);
                ids.push(next);
            }
        }
        Ok(Some(ids))
    }

    /// Returns the id of one text, or `None` if the kind is inlined.
    pub(crate) fn id(&mut self, conn: &Connection, name: &str, value: &str) -> Result<Option<u32>, StoreError> {
        let mut one = Interner::default();
        one.intern(value);
        Ok(self.ids(conn, name, &one)?.map(|ids| ids[0]))
    }

    /// Returns the names that came in since the last time, the first of them.
    pub(crate) fn take_fresh(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.fresh)
    }

    /// Forgets what was learnt, as after a rollback.
    pub(crate) fn clear(&mut self) {
        self.kinds.clear();
        self.fresh.clear();
    }
}

fn is_always_inlined(name: &str) -> bool {
    ALWAYS_INLINED.iter().any(|dim| dim.name() == name)
}

fn load(conn: &Connection, name: &str) -> Result<Kind, StoreError> {
    let inlined = conn.prepare_cached("SELECT 1 FROM inlined WHERE kind = ?1")?.exists([name])?;
    let mut kind = Kind { inlined, ..Kind::default() };
    if !inlined {
        let mut names = conn.prepare_cached("SELECT name, id FROM dim WHERE kind = ?1")?;
        let mut rows = names.query([name])?;
        while let Some(row) = rows.next()? {
            kind.ids.insert(row.get(0)?, row.get(1)?);
        }
    }
    Ok(kind)
}

/// Returns the names of a kind by id.
pub(crate) fn names(conn: &Connection, name: &str) -> Result<Vec<Arc<str>>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT name FROM dim WHERE kind = ?1 ORDER BY id")?;
    let names = statement.query_map([name], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(names)
}

impl Store {
    /// Returns the values of a dimension, by its name or as `meta.KEY`, that some import brought.
    pub fn dimension_values(&self, kind: &str) -> Result<Vec<String>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT name FROM dim WHERE kind = ?1 ORDER BY id")?;
        let mut values: Vec<String> = statement.query_map([kind], |row| row.get(0))?.collect::<Result<_, _>>()?;
        if self.conn.prepare_cached("SELECT 1 FROM inlined WHERE kind = ?1")?.exists([kind])? {
            values.extend(dimension::inlined(&self.conn, kind)?);
        }
        Ok(values)
    }
}
