//! One dimension of one stored call, counted or held: read and changed in its row. Segments are the caller's to make
//! anew.

use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::domain::Dim;
use crate::store::StoreError;
use crate::store::batch::COLUMN_DIMS;
use crate::store::batch::JSON_DIMS;
use crate::store::dictionary::Dictionary;

/// Where a row keeps a dimension.
enum Place {
    /// In a column of its own.
    Column(Dim),
    /// In the JSON column, at this path.
    Json(String),
    /// Nowhere: the dimension belongs to the import.
    Nowhere,
}

fn place(name: &str) -> Place {
    let path = |part: &str, key: &str| Place::Json(format!("$.{part}.\"{}\"", key.replace('"', "")));
    match Dim::parse(name).filter(|dim| dim.name() == name) {
        Some(dim) if COLUMN_DIMS.contains(&dim) => Place::Column(dim),
        Some(dim) if JSON_DIMS.contains(&dim) => path("dims", name),
        Some(_) => Place::Nowhere,
        None => path("meta", name.strip_prefix("meta.").unwrap_or(name)),
    }
}

/// Where a stored call may stand.
const TABLES: [&str; 2] = ["calls", "held_calls"];

/// Returns a dimension of a stored call.
pub(crate) fn get(conn: &Connection, call: i64, name: &str) -> Result<Option<String>, StoreError> {
    for table in TABLES {
        let value: Option<Option<String>> = match place(name) {
            Place::Nowhere => return Ok(None),
            Place::Json(path) => conn
                .prepare_cached(&format!("SELECT json_extract(more, ?2) FROM {table} WHERE id = ?1"))?
                .query_row(params![call, path], |row| row.get(0))
                .optional()?,
            Place::Column(dim) => {
                let dim = dim.name();
                let sql = format!(
                    "SELECT CASE typeof({dim}) WHEN 'integer'
                        THEN (SELECT d.name FROM dim d WHERE d.kind = '{dim}' AND d.id = {dim}) ELSE {dim} END
                     FROM {table} WHERE id = ?1"
                );
                conn.prepare_cached(&sql)?.query_row([call], |row| row.get(0)).optional()?
            }
        };
        if let Some(value) = value {
            return Ok(value);
        }
    }
    Ok(None)
}

/// Sets or clears a dimension of a stored call; tells whether that changed a counted one.
pub(crate) fn set(
    conn: &Connection,
    dictionary: &mut Dictionary,
    call: i64,
    name: &str,
    value: Option<&str>,
) -> Result<bool, StoreError> {
    let [counted, held] = TABLES;
    let changed = set_in(conn, dictionary, (counted, call), name, value)?;
    if !changed {
        set_in(conn, dictionary, (held, call), name, value)?;
    }
    Ok(changed)
}

fn set_in(
    conn: &Connection,
    dictionary: &mut Dictionary,
    (table, call): (&str, i64),
    name: &str,
    value: Option<&str>,
) -> Result<bool, StoreError> {
    let changed = match place(name) {
        Place::Nowhere => 0,
        Place::Column(dim) => {
            let name = dim.name();
            let sql = format!("UPDATE {table} SET {name} = ?2 WHERE id = ?1 AND {name} IS NOT ?2");
            let mut update = conn.prepare_cached(&sql)?;
            match value.map(|value| dictionary.id(conn, name, value)).transpose()?.flatten() {
                Some(id) => update.execute(params![call, id])?,
                None => update.execute(params![call, value])?,
            }
        }
        Place::Json(path) => {
            let to = match value {
                Some(_) => "json_set(coalesce(more, '{}'), ?2, ?3)",
                None => "json_remove(more, ?2)",
            };
            let sql = format!("UPDATE {table} SET more = {to} WHERE id = ?1 AND json_extract(more, ?2) IS NOT ?3");
            conn.prepare_cached(&sql)?.execute(params![call, path, value])?
        }
    };
    Ok(changed > 0)
}

/// Returns the values of a dimension that stand in the rows themselves.
pub(crate) fn inlined(conn: &Connection, name: &str) -> Result<Vec<String>, StoreError> {
    let (sql, path) = match place(name) {
        Place::Nowhere => return Ok(Vec::new()),
        Place::Column(dim) => {
            let name = dim.name();
            (format!("SELECT DISTINCT {name} FROM calls WHERE typeof({name}) = 'text' AND ?1 = ''"), String::new())
        }
        Place::Json(path) => (
            "SELECT DISTINCT value FROM (SELECT json_extract(more, ?1) AS value FROM calls) WHERE value IS NOT NULL"
                .into(),
            path,
        ),
    };
    let mut statement = conn.prepare(&sql)?;
    let values = statement.query_map([path], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(values)
}
