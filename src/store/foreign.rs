//! SQLite files of other programs: OpenCode's messages as JSON lines, read as they lie on disk.
//!
//! What the lines mean is a reader's business. The file is never written to, and may be in use: one read transaction
//! sees it as it was at the start, its write-ahead log included. Texts of prompts and answers are left out on the way.

use std::collections::VecDeque;
use std::io::Read;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::Row;

use crate::store::PATIENCE;
use crate::store::StoreError;
use crate::store::open_unchanging;
use crate::store::schema::APPLICATION_ID;

/// How every SQLite file begins.
pub const MAGIC: &[u8] = b"SQLite format 3\0";

/// Rows are fetched until so much of them is in memory.
const CHUNK: usize = 1 << 18;

/// What a SQLite file is.
pub enum Foreign {
    /// A store of this program.
    Ours,
    /// OpenCode's, with its messages as JSON lines.
    Messages(Box<dyn Read + Send>),
    /// Somebody else's.
    Unknown,
}

/// Opens a SQLite file to read what it holds.
pub fn open(path: &Path) -> Result<Foreign, StoreError> {
    let conn = connect(path)?;
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application == APPLICATION_ID {
        return Ok(Foreign::Ours);
    }
    let tables = tables(&conn)?;
    if tables.is_empty() {
        return Ok(Foreign::Unknown);
    }
    conn.execute_batch("PRAGMA query_only = ON; BEGIN;")?;
    Ok(Foreign::Messages(Box::new(Messages { conn, tables, after: i64::MIN, buffer: Vec::new(), at: 0 })))
}

/// Connects without leaving anything beside the file. Only a log that lies there has to be joined; without one nobody
/// is writing, and the file can be read as it is.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    let path = fs_err::canonicalize(path)?;
    let mut log = path.clone().into_os_string();
    log.push("-wal");
    if !Path::new(&log).exists() {
        return Ok(open_unchanging(&path)?);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&path, flags)?;
    conn.busy_timeout(PATIENCE)?;
    Ok(conn)
}

/// Returns the statements that read the messages, a statement a table; none where the tables are not OpenCode's.
///
/// The tables of version 1 come first: version 2 copies their messages and leaves the total of the tokens out.
fn tables(conn: &Connection) -> Result<VecDeque<String>, StoreError> {
    let sessions: Vec<&str> = ["session", "session_v2"]
        .into_iter()
        .filter_map(|table| match has(conn, table, &["id", "parent_id"]) {
            Ok(true) => Some(Ok(table)),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        })
        .collect::<Result<_, _>>()?;
    let mut tables = VecDeque::new();
    if sessions.is_empty() {
        return Ok(tables);
    }
    let parents: Vec<String> =
        sessions.iter().map(|table| format!("(SELECT parent_id FROM {table} s WHERE s.id = m.session_id)")).collect();
    let parent = format!("coalesce({}, NULL)", parents.join(", "));
    for (table, kind, assistant) in [
        ("message", "NULL", "json_extract(m.data, '$.role') IS 'assistant'"),
        ("session_message", "m.type", "m.type = 'assistant'"),
    ] {
        let columns: &[&str] =
            if kind == "NULL" { &["id", "session_id", "data"] } else { &["id", "session_id", "type", "data"] };
        if has(conn, table, columns)? {
            // Of whoever is no assistant, only that there was a turn.
            tables.push_back(format!(
                "SELECT m.rowid, m.id, m.session_id, {parent}, {kind}, \
                 CASE WHEN NOT json_valid(m.data) OR json_type(m.data) <> 'object' THEN NULL \
                 WHEN {assistant} THEN json_remove(m.data, '$.content', '$.system', '$.summary', '$.structured') \
                 ELSE json_object('role', json_extract(m.data, '$.role')) END \
                 FROM {table} m WHERE m.rowid > ?1 ORDER BY m.rowid"
            ));
        }
    }
    Ok(tables)
}

/// Tells whether there is a table with these columns.
fn has(conn: &Connection, table: &str, columns: &[&str]) -> Result<bool, StoreError> {
    let mut statement = conn.prepare("SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2")?;
    for column in columns {
        if statement.query_row([table, column], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The messages as a stream of lines. A few rows are in memory at a time.
struct Messages {
    conn: Connection,
    /// The statements still to be read, the current one first.
    tables: VecDeque<String>,
    /// The last row handed on of the current table.
    after: i64,
    buffer: Vec<u8>,
    at: usize,
}

impl Messages {
    /// Fills the buffer with the next rows; it stays empty at the end.
    fn fill(&mut self) -> rusqlite::Result<()> {
        self.buffer.clear();
        self.at = 0;
        while let Some(sql) = self.tables.front() {
            let mut statement = self.conn.prepare_cached(sql)?;
            let mut rows = statement.query([self.after])?;
            while let Some(row) = rows.next()? {
                self.after = row.get(0)?;
                write_line(row, &mut self.buffer)?;
                if self.buffer.len() >= CHUNK {
                    return Ok(());
                }
            }
            drop(rows);
            drop(statement);
            self.tables.pop_front();
            self.after = i64::MIN;
        }
        Ok(())
    }
}

impl Read for Messages {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.buffer.len() {
            self.fill().map_err(std::io::Error::other)?;
        }
        let rest = &self.buffer[self.at..];
        let n = rest.len().min(out.len());
        out[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}

/// Writes a row as one line: its columns, then what its JSON holds.
fn write_line(row: &Row<'_>, out: &mut Vec<u8>) -> rusqlite::Result<()> {
    out.push(b'{');
    for (at, key) in [(1, "id"), (2, "sessionID"), (3, "sessionParentID"), (4, "type")] {
        if let Some(text) = text(row, at)? {
            write_field(key, &text, out);
        }
    }
    match text(row, 5)? {
        Some(data) => match data.strip_prefix('{') {
            Some("}") | None => {
                out.pop_if(|last| *last == b',');
                out.push(b'}');
            }
            Some(fields) => out.extend_from_slice(fields.as_bytes()),
        },
        None => {
            write_field("role", "assistant", out);
            write_field("broken", "the row's `data` is no JSON object", out);
            out.pop();
            out.push(b'}');
        }
    }
    out.push(b'\n');
    Ok(())
}

/// Reads a column as text, whatever type a row gave it.
fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<String>> {
    use rusqlite::types::ValueRef;
    Ok(match row.get_ref(at)? {
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Integer(number) => Some(number.to_string()),
        _ => None,
    })
}

fn write_field(key: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("\"{key}\":{},", serde_json::Value::from(text)).as_bytes());
}
