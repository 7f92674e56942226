//! Bills in the store: a file a transaction, its lines read back and summed before it is kept.
//!
//! Every line is kept as it was read, also where a newer bill speaks for the same days: which lines count is decided
//! when they are asked for, so that an import can be undone.

pub(super) mod lines;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use hashbrown::HashMap;
use rusqlite::Connection;
use rusqlite::OptionalExtension;
use rusqlite::params;

use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::invoice::Document;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::import::ImportHead;

/// What is known of a bill once it has been read.
#[derive(Clone, Debug, Default)]
pub struct InvoiceTail {
    /// Bytes as they lie on disk.
    pub bytes: u64,
    /// The hash of its bytes, unpacked.
    pub hash: String,
    /// Rows read.
    pub rows: u64,
    /// Rows that charge nothing, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// The sum of the amounts by currency, as they were read.
    pub totals: BTreeMap<String, i128>,
    /// Amounts that were rounded.
    pub rounded: u64,
    /// What the file says of itself.
    pub statement: Statement,
}

impl InvoiceTail {
    /// Returns how many rows charge something or tell some usage.
    pub fn billed_rows(&self) -> u64 {
        self.rows - self.skipped.values().sum::<u64>().min(self.rows)
    }
}

/// A bill of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredInvoice {
    /// The file.
    pub document: Document,
    /// How many lines it has.
    pub lines: u64,
    /// The sum of its amounts by currency, in 1e-12 of it.
    pub totals: BTreeMap<String, i128>,
    /// Amounts that were rounded.
    pub rounded: u64,
    /// Who charges.
    pub providers: BTreeSet<String>,
    /// From the first start of a line to the last end.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// The import of a bill under way. Dropping it without [`InvoiceImport::commit`] leaves the store as it was.
pub struct InvoiceImport<'s> {
    store: &'s mut Store,
    id: i64,
    texts: HashMap<String, i64>,
    next_text: i64,
    first_line: i64,
    next_line: i64,
    providers: BTreeSet<String>,
    span: Option<(Timestamp, Timestamp)>,
    open: bool,
}

impl Store {
    /// Begins the import of a bill.
    pub fn begin_invoice(&mut self, head: &ImportHead) -> Result<InvoiceImport<'_>, StoreError> {
        self.conn.execute_batch("BEGIN IMMEDIATE")?;
        let conn = &self.conn;
        let begun = (|| {
            let next = |sql| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
            let next_text = next("SELECT coalesce(max(id), 0) + 1 FROM invoice_texts")?;
            let next_line = next("SELECT coalesce(max(id), 0) + 1 FROM invoice_lines")?;
            Ok::<_, StoreError>((record(conn, head, &InvoiceTail::default(), 0, 0)?, next_text, next_line))
        })();
        match begun {
            Ok((id, next_text, next_line)) => Ok(InvoiceImport {
                store: self,
                id,
                texts: HashMap::new(),
                next_text,
                first_line: next_line,
                next_line,
                providers: BTreeSet::new(),
                span: None,
                open: true,
            }),
            Err(error) => {
                let _ = self.conn.execute_batch("ROLLBACK");
                Err(error)
            }
        }
    }

    /// Returns the import that brought a bill of these bytes.
    pub fn invoice_of(&self, hash: &str) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT import FROM invoices WHERE hash = ?1";
        Ok(self.conn.query_row(sql, [hash], |row| row.get(0)).optional()?)
    }

    /// Records that a bill came again; its rows are all known. Returns the import's number.
    pub fn record_known_invoice(&mut self, head: &ImportHead, tail: &InvoiceTail) -> Result<i64, StoreError> {
        record(&self.conn, head, tail, 0, tail.billed_rows())
    }

    /// Tells whether the store has a bill.
    pub fn has_invoices(&self) -> Result<bool, StoreError> {
        Ok(self.conn.query_row("SELECT EXISTS (SELECT 1 FROM invoices)", [], |row| row.get(0))?)
    }

    /// Returns the bills, oldest first; each once, however often it came.
    pub fn invoices(&self) -> Result<Vec<StoredInvoice>, StoreError> {
        let mut statement = self.conn.prepare(
            "SELECT v.import, i.path, i.input_format, v.hash, i.records, v.zone, v.covers_since, v.covers_until,
                v.stated_total, v.notes, v.totals, v.rounded, v.providers, v.lines, v.first, v.last
             FROM invoices v JOIN imports i ON i.id = v.import ORDER BY v.import",
        )?;
        let read = |row: &rusqlite::Row<'_>| {
            let (first, last): (Option<i64>, Option<i64>) = (row.get(14)?, row.get(15)?);
            let stated: Option<String> = row.get(8)?;
            let statement = Statement {
                covers: Window {
                    since: row.get::<_, Option<i64>>(6)?.map(Timestamp),
                    until: row.get::<_, Option<i64>>(7)?.map(Timestamp),
                },
                zone: row.get(5)?,
                stated_total: stated.and_then(|text| Usd::parse(&text).ok()).map(Usd::pico),
                notes: from_json(&row.get::<_, String>(9)?),
            };
            Ok(StoredInvoice {
                document: Document {
                    import: row.get(0)?,
                    path: row.get(1)?,
                    format: row.get(2)?,
                    hash: row.get(3)?,
                    rows: row.get::<_, i64>(4)? as u64,
                    statement,
                },
                lines: row.get::<_, i64>(13)? as u64,
                totals: from_decimals(&row.get::<_, String>(10)?),
                rounded: row.get::<_, i64>(11)? as u64,
                providers: from_json(&row.get::<_, String>(12)?),
                span: first.zip(last).map(|(first, last)| (Timestamp(first), Timestamp(last))),
            })
        };
        Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
    }
}

impl InvoiceImport<'_> {
    /// Returns the import's number.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Returns the store with what has come in so far.
    pub fn store(&self) -> &Store {
        self.store
    }

    /// Adds a line.
    pub fn line(&mut self, line: &InvoiceLine<'_>) -> Result<(), StoreError> {
        self.span = Some(match self.span {
            Some((first, last)) => (first.min(line.start), last.max(line.end)),
            None => (line.start, line.end),
        });
        if !self.providers.contains(line.provider.as_ref()) {
            self.providers.insert(line.provider.to_string());
        }
        let values = self.values(line)?;
        let mut insert = self.store.conn.prepare_cached(lines::INSERT)?;
        insert.execute(rusqlite::params_from_iter(values))?;
        self.next_line += 1;
        Ok(())
    }

    /// Returns the number of a text, a new one if need be; none for an empty one.
    fn text(&mut self, text: &str) -> Result<Option<i64>, StoreError> {
        if text.is_empty() {
            return Ok(None);
        }
        if let Some(id) = self.texts.get(text) {
            return Ok(Some(*id));
        }
        let conn = &self.store.conn;
        let mut find = conn.prepare_cached("SELECT id FROM invoice_texts WHERE text = ?1")?;
        let id = match find.query_row([text], |row| row.get(0)).optional()? {
            Some(id) => id,
            None => {
                let mut insert = conn.prepare_cached("INSERT INTO invoice_texts (id, text) VALUES (?1, ?2)")?;
                insert.execute(params![self.next_text, text])?;
                self.next_text += 1;
                self.next_text - 1
            }
        };
        self.texts.insert(text.to_string(), id);
        Ok(Some(id))
    }

    /// Records the bill, once its lines read back sum to what its file does.
    pub fn finish(&mut self, tail: &InvoiceTail) -> Result<(), StoreError> {
        let conn = &self.store.conn;
        let lines = self.next_line - self.first_line;
        let kept = totals(conn, self.first_line, lines)?;
        if kept != tail.totals {
            return Err(StoreError::Control { read: decimals(&tail.totals), kept: decimals(&kept) });
        }
        let (covers, stated) = (tail.statement.covers, tail.statement.stated_total);
        conn.execute(
            "INSERT INTO invoices (import, hash, zone, covers_since, covers_until, stated_total, notes, totals, rounded,
                providers, first_line, lines, first, last)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![
                self.id,
                tail.hash,
                tail.statement.zone,
                covers.since.map(|ts| ts.0),
                covers.until.map(|ts| ts.0),
                stated.map(|pico| Usd::from_pico(pico).to_string()),
                json(&tail.statement.notes),
                decimals(&tail.totals),
                tail.rounded as i64,
                json(&self.providers),
                self.first_line,
                lines,
                self.span.map(|span| span.0.0),
                self.span.map(|span| span.1.0),
            ],
        )?;
        conn.execute(
            "UPDATE imports SET bytes = ?2, records = ?3, new = ?4, skipped = ?5 WHERE id = ?1",
            params![self.id, tail.bytes as i64, tail.rows as i64, tail.billed_rows() as i64, json(&tail.skipped)],
        )?;
        Ok(())
    }

    /// Makes the import lasting.
    pub fn commit(mut self) -> Result<(), StoreError> {
        self.open = false;
        self.store.conn.execute_batch("COMMIT").inspect_err(|_| self.open = true)?;
        Ok(())
    }
}

impl Drop for InvoiceImport<'_> {
    fn drop(&mut self) {
        if self.open {
            // The connection's own rollback would follow at the latest when it closes.
            let _ = self.store.conn.execute_batch("ROLLBACK");
        }
    }
}

/// Records an import of kind `invoice`.
fn record(
    conn: &Connection,
    head: &ImportHead,
    tail: &InvoiceTail,
    new: u64,
    duplicate: u64,
) -> Result<i64, StoreError> {
    conn.prepare_cached(
        "INSERT INTO imports (path, kind, input_format, source, imported_at, bytes, records, new, duplicate,
            skipped, rejected, conflicts, rejects)
         VALUES (?1, 'invoice', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, '[]')",
    )?
    .execute(params![
        head.path,
        head.input_format,
        head.source,
        head.at.to_string(),
        tail.bytes as i64,
        tail.rows as i64,
        new as i64,
        duplicate as i64,
        json(&tail.skipped),
    ])?;
    Ok(conn.last_insert_rowid())
}

/// Takes the lines of an import out again and returns how many there were.
pub(crate) fn undo(conn: &Connection, import: i64) -> Result<u64, StoreError> {
    let sql = "SELECT first_line, lines FROM invoices WHERE import = ?1";
    let place = conn.query_row(sql, [import], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).optional()?;
    let Some((first, lines)) = place else { return Ok(0) };
    let removed = conn.execute("DELETE FROM invoice_lines WHERE id >= ?1 AND id < ?2", [first, first + lines])?;
    conn.execute("DELETE FROM invoices WHERE import = ?1", [import])?;
    Ok(removed as u64)
}

/// Compares every bill's lines with its control totals; returns what does not agree, in words.
pub(crate) fn problems(conn: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = conn.prepare("SELECT import, first_line, lines, totals FROM invoices ORDER BY import")?;
    let mut rows = statement.query([])?;
    let mut problems = Vec::new();
    while let Some(row) = rows.next()? {
        let (import, first, lines): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (told, kept) = (row.get::<_, String>(3)?, totals(conn, first, lines)?);
        let sql = "SELECT count(*) FROM invoice_lines WHERE id >= ?1 AND id < ?2 AND import = ?3";
        let count: i64 = conn.query_row(sql, [first, first + lines, import], |row| row.get(0))?;
        if count != lines || from_decimals(&told) != kept {
            let kept = decimals(&kept);
            problems.push(format!("bill {import}: {lines} lines of {told} are told, {count} of {kept} are there"));
        }
    }
    Ok(problems)
}

/// Sums the amounts of a span of lines by currency; memo lines are not to be paid.
fn totals(conn: &Connection, first: i64, lines: i64) -> Result<BTreeMap<String, i128>, StoreError> {
    // SQL's sum is 64 bits: whole thousandths and the rest are summed by themselves, and what needs more bits here.
    const PART: i128 = 1_000_000_000;
    let mut statement = conn.prepare(
        "SELECT (SELECT text FROM invoice_texts WHERE id = currency), sum(amount / 1000000000), sum(amount % 1000000000)
         FROM invoice_lines WHERE id >= ?1 AND id < ?2 AND NOT memo AND typeof(amount) = 'integer' GROUP BY currency",
    )?;
    let mut totals: BTreeMap<String, i128> = BTreeMap::new();
    let mut rows = statement.query([first, first + lines])?;
    while let Some(row) = rows.next()? {
        let (high, low): (i64, i64) = (row.get(1)?, row.get(2)?);
        let currency = row.get::<_, Option<String>>(0)?.unwrap_or_default();
        *totals.entry(currency).or_default() += i128::from(high) * PART + i128::from(low);
    }
    let mut statement = conn.prepare(
        "SELECT (SELECT text FROM invoice_texts WHERE id = currency), amount
         FROM invoice_lines WHERE id >= ?1 AND id < ?2 AND NOT memo AND typeof(amount) = 'text'",
    )?;
    let mut rows = statement.query([first, first + lines])?;
    while let Some(row) = rows.next()? {
        let currency = row.get::<_, Option<String>>(0)?.unwrap_or_default();
        *totals.entry(currency).or_default() += lines::wide(row, 1)?.unwrap_or(0);
    }
    Ok(totals)
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn from_json<T: serde::de::DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

/// Writes amounts by currency as exact decimals.
fn decimals(amounts: &BTreeMap<String, i128>) -> String {
    let texts: BTreeMap<&str, Usd> = amounts.iter().map(|(name, pico)| (&**name, Usd::from_pico(*pico))).collect();
    json(&texts)
}

fn from_decimals(text: &str) -> BTreeMap<String, i128> {
    let texts: BTreeMap<String, String> = from_json(text);
    texts.into_iter().filter_map(|(name, text)| Some((name, Usd::parse(&text).ok()?.pico()))).collect()
}
