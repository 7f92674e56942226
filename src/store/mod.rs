//! The store: calls in one SQLite file, as rows for people and as packed columns for questions.
//!
//! All SQL of the program lives in this room. It knows no vendor, no price and no wording of reports; it hands
//! analyses sums and columns, not rows. `calls` is the truth, `segments` are derived from it and written in
//! the same transaction; [`Store::check`] compares them and [`Store::rebuild`] makes them anew.
//! To change the tables, append a migration to `schema`.

mod batch;
mod check;
mod dedup;
mod dictionary;
mod dimension;
mod facts;
mod find;
pub mod foreign;
mod holds;
mod import;
mod interner;
mod invoices;
mod lock;
mod merge;
mod outcomes;
mod packed;
mod probable;
mod repeats;
mod reprice;
mod rows;
mod scan;
mod schema;
mod segment;
mod segments;
mod spans;
mod trace;
mod unpacked;

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OpenFlags;

pub use batch::Batch;
pub use batch::Fixed;
pub use batch::IdentityRule;
pub use batch::Mark;
pub use batch::RowPrice;
pub use batch::read_tools;
pub use check::Checked;
pub use facts::Coverage;
pub use facts::HeldCalls;
pub use facts::ImportRecord;
pub use facts::Overview;
pub use facts::Undone;
pub use find::FoundCall;
pub use find::NotCounted;
pub use holds::Held;
pub use holds::Hold;
pub use import::Import;
pub use import::ImportHead;
pub use import::ImportTail;
pub use import::Imported;
pub use invoices::InvoiceImport;
pub use invoices::InvoiceTail;
pub use invoices::StoredInvoice;
pub use lock::WriteLock;
pub use outcomes::Added;
pub use outcomes::Known;
pub use outcomes::OutcomesImport;
pub use outcomes::OutcomesIn;
pub use probable::ProbablePairs;
pub use reprice::Moved;
pub use reprice::Repriced;
pub use scan::Repricing;
pub use trace::Contents;
pub use trace::Meant;
pub use trace::Scope;
pub use trace::Scoped;
pub use trace::ScopedCall;
pub use trace::ScopedSpan;

use dictionary::Dictionary;

/// How long to wait for another process before saying that the store is locked.
const PATIENCE: Duration = Duration::from_secs(5);
/// Large pages suit bulk appends and blobs: measured 0.77 s against 0.91 s for a million rows with 4 KiB.
const PAGE_SIZE: i64 = 16_384;
/// Pages SQLite may keep in memory, in KiB.
const CACHE_KIB: i64 = 32_768;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no store.
    #[error("there is no store at `{0}`")]
    NotFound(PathBuf),
    /// Another process is writing.
    #[error("the store is locked{}", .0.as_deref().map(|who| format!(" by {who}")).unwrap_or_default())]
    Locked(Option<String>),
    /// A newer program made it.
    #[error("the store is of version {found}; this program knows versions up to {known}")]
    Newer {
        /// The store's version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// A SQLite file of somebody else.
    #[error("the file is not a store of attr, or its beginning is damaged")]
    Foreign,
    /// The file is damaged or no database.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The segments are of another layout.
    #[error("the store's segments are of another layout")]
    StaleSegments,
    /// The lines of a bill, read back, are not what its file sums to. Nothing of it was kept.
    #[error("a bill sums to {read}, and its stored lines to {kept}: nothing of it is kept; please report it")]
    Control {
        /// The totals of the file.
        read: String,
        /// The totals of its lines.
        kept: String,
    },
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The file or its folder cannot be written.
    #[error("the store cannot be written")]
    ReadOnly,
    /// A file operation failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Anything else SQLite says.
    #[error("the store failed: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked(None),
            Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged(error.to_string()),
            Some(ErrorCode::NotADatabase) => StoreError::Foreign,
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly,
            _ => StoreError::Sqlite(error),
        }
    }
}

/// An open store.
pub struct Store {
    conn: Connection,
    dictionary: Dictionary,
}

impl Store {
    /// Opens a private store in memory.
    pub fn in_memory() -> Result<Store, StoreError> {
        Store::prepared(Connection::open_in_memory()?)
    }

    /// Opens a store for writing, making it if need be.
    pub fn create(path: &Path) -> Result<Store, StoreError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs_err::create_dir_all(folder)?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).map_err(|_| cannot_open(path))?;
        conn.busy_timeout(PATIENCE)?;
        Store::prepared(conn)
    }

    /// Opens a store for questions; it must exist. An older one is brought up to date first.
    ///
    /// The connection could write where the file allows it: an import that was killed left a journal, and
    /// whoever opens the store next must be able to roll it back.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        if !path.exists() {
            return Err(StoreError::NotFound(path.to_path_buf()));
        }
        let conn =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
                .or_else(|_| open_unchanging(path))
                .map_err(|_| cannot_open(path))?;
        conn.busy_timeout(PATIENCE)?;
        let (conn, current) = match schema::is_current(&conn) {
            // A store on a read-only disk whose last writer left it in write-ahead mode.
            Err(StoreError::Sqlite(_) | StoreError::ReadOnly) => {
                let conn = open_unchanging(path)?;
                let current = schema::is_current(&conn)?;
                (conn, current)
            }
            current => (conn, current?),
        };
        if current {
            // One read transaction for as long as the store is open: all answers see the same calls.
            conn.execute_batch("PRAGMA query_only = ON; PRAGMA mmap_size = 268435456; BEGIN;")?;
            return Ok(Store { conn, dictionary: Dictionary::default() });
        }
        drop(conn);
        Store::create(path)
    }

    fn prepared(mut conn: Connection) -> Result<Store, StoreError> {
        conn.set_prepared_statement_cache_capacity(64);
        if schema::version(&conn)? == 0 {
            conn.pragma_update(None, "page_size", PAGE_SIZE)?;
        }
        conn.execute_batch(&format!("PRAGMA synchronous = FULL; PRAGMA cache_size = -{CACHE_KIB};"))?;
        let version = schema::migrate(&mut conn)?;
        let mut store = Store { conn, dictionary: Dictionary::default() };
        if (1..3).contains(&version) {
            // Its segments are of an older layout.
            store.rebuild()?;
        }
        Ok(store)
    }

    /// Lets readers see the store as it was while this one writes; for a store that somebody may be reading.
    ///
    /// A write-ahead log costs a bulk append half as much again, so the first import of a store goes without,
    /// and [`Store::end_writing`] returns to a single file.
    pub fn begin_writing(&self) -> Result<(), StoreError> {
        if !self.is_empty()? || self.has_invoices()? || self.has_outcomes()? {
            self.set_journal("WAL")?;
        }
        Ok(())
    }

    /// Folds the write-ahead log back, unless a reader still needs it.
    pub fn end_writing(&self) -> Result<(), StoreError> {
        match self.set_journal("DELETE") {
            Err(StoreError::Locked(_)) => Ok(()),
            other => other,
        }
    }

    fn set_journal(&self, mode: &str) -> Result<(), StoreError> {
        self.conn.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(()))?;
        Ok(())
    }
}

/// Opens a file that nobody changes meanwhile, without needing to write beside it.
fn open_unchanging(path: &Path) -> rusqlite::Result<Connection> {
    let escaped = path.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)
}

fn cannot_open(path: &Path) -> StoreError {
    match fs_err::OpenOptions::new().read(true).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => StoreError::Io(error),
        _ => StoreError::ReadOnly,
    }
}

/// Tells whether a status counts as an error: everything but success, a cache's answer and a caller's own end.
fn is_failure(status: &str) -> bool {
    !matches!(status, "ok" | "gateway_cache_hit" | "cancelled")
}
