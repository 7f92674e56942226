//! Bills: a path opened as one, read with or without a store, and which lines of the stored ones count.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use chrono::NaiveDate;

use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Zone;
use crate::domain::invoice::Document;
use crate::domain::invoice::Lines;
use crate::domain::invoice::current;
use crate::domain::time::NANOS;
use crate::invoice;
use crate::invoice::InvoiceReader;
use crate::invoice::formats;
use crate::invoice::mapped::MAPPED;
use crate::invoice::reading;
use crate::invoice::reading::Control;
use crate::invoice::reading::InvoiceError;
use crate::ops::paths;
use crate::ops::paths::Input;
use crate::ops::stream;
use crate::ops::stream::Opened;
use crate::read;
use crate::read::ReadError;
use crate::read::framing::Shape;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::StoredInvoice;

pub use crate::invoice::mapping::FIELDS;
pub use crate::invoice::mapping::Mapping;
pub use crate::invoice::mapping::MappingError;

/// How to read bills.
#[derive(Clone, Debug, Default)]
pub struct How {
    /// The format's name; detected if absent.
    pub input_format: Option<String>,
    /// The user's own columns, for a bill that no format claims.
    pub mapping: Option<Mapping>,
}

/// The bills that the settings describe: by pattern of the file's name, or by name alone.
#[derive(Clone, Debug, Default)]
pub struct Mappings {
    /// Pattern and mapping, in the order of the settings.
    pub of: Vec<(Option<String>, Mapping)>,
}

impl Mappings {
    /// Returns how to read a path: as the user said, else as the first matching pattern says.
    pub fn for_path(&self, path: &str, how: &How) -> How {
        if how.mapping.is_some() || how.input_format.is_some() {
            return how.clone();
        }
        let matches =
            |pattern: &Option<String>| pattern.as_deref().is_some_and(|pattern| paths::matches(pattern, path));
        let mapping = self.of.iter().find(|(pattern, _)| matches(pattern)).map(|(_, mapping)| mapping.clone());
        How { mapping, ..How::default() }
    }
}

/// Why a bill cannot be read. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum BillError {
    /// The input cannot be opened, or is no text.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is a log of calls.
    #[error("this is a usage log ({0}), not a bill")]
    Log(&'static str),
    /// No format claims it.
    #[error("not recognised as a bill")]
    NotRecognised,
    /// It is no text that could hold rows.
    #[error("not recognised as a bill: {0}")]
    NotText(String),
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// The user named a format that does not exist.
    #[error("no bill format is called `{0}`")]
    UnknownFormat(String),
    /// Its rows cannot be read.
    #[error(transparent)]
    Invoice(#[from] InvoiceError),
}

impl BillError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            BillError::Log(_) => "`attr import` takes it; a bill is compared with what was imported".into(),
            BillError::NotRecognised => format!("the bill formats are {}", names().join(", ")),
            BillError::UnknownFormat(_) => format!("the bill formats are {}", names().join(", ")),
            BillError::Invoice(InvoiceError::Row { .. }) => {
                "a bill is in with every row or not at all: export the file again, unchanged by any other program"
                    .into()
            }
            BillError::Invoice(InvoiceError::File(_)) => "export the file again: it is not whole, or changed".into(),
            BillError::NotText(_) => "a bill is read as CSV or JSON: export it as one of them".into(),
            BillError::Empty => "export the file again: it has neither rows nor a header".into(),
            BillError::Read(_) | BillError::Invoice(InvoiceError::Io(_)) => return None,
        })
    }
}

/// Returns the names of all bill formats.
pub fn names() -> Vec<&'static str> {
    formats::FORMATS.iter().map(|reader| reader.name()).collect()
}

/// A bill, opened.
pub struct Bill {
    path: String,
    opened: Opened,
    reader: &'static dyn InvoiceReader,
    mapping: Option<Mapping>,
}

/// What was read of a bill.
#[derive(Clone, Debug, Default)]
pub struct BillRead {
    /// What it says of itself.
    pub statement: Statement,
    /// Its rows and sums.
    pub control: Control,
    /// The hash of its bytes, unpacked.
    pub hash: String,
    /// Bytes as they lie on disk.
    pub bytes: u64,
}

impl Bill {
    /// Takes an opened input for a bill of a format.
    pub(super) fn new(path: String, opened: Opened, reader: &'static dyn InvoiceReader) -> Bill {
        Bill { path, opened, reader, mapping: None }
    }

    /// Takes an opened input for a bill that a mapping describes: its delimiter cuts the rows, whatever the header
    /// looks like.
    pub(super) fn mapped(path: String, mut opened: Opened, mapping: Mapping) -> Bill {
        if let (Some(delimiter), Shape::Csv(_)) = (mapping.delimiter(), opened.shape) {
            opened.shape = Shape::Csv(delimiter);
        }
        Bill { path, opened, reader: MAPPED, mapping: Some(mapping) }
    }

    /// Returns the path as shown.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the format's name.
    pub fn format(&self) -> &'static str {
        self.reader.name()
    }

    /// Returns a view of how much of how many bytes has been read.
    pub fn progress(&self) -> (Arc<AtomicU64>, Option<u64>) {
        (Arc::clone(&self.opened.read), self.opened.size)
    }

    /// Reads it to its end. Lines handed on before an error are worth nothing.
    pub fn read(self, take: &mut dyn FnMut(&InvoiceLine<'_>)) -> Result<BillRead, BillError> {
        let Opened { framing, shape, read, hash, .. } = self.opened;
        let options = invoice::Options { path: self.path, mapping: self.mapping };
        let work = AssertUnwindSafe(|| reading::read(framing, shape, self.reader, &options, take));
        // A reader that panics is a fault of ours: its file is not in, the others are.
        let done = std::panic::catch_unwind(work)
            .unwrap_or_else(|_| Err(InvoiceError::File("the reader of this format failed; please report it".into())));
        let (statement, control) = done?;
        Ok(BillRead { statement, control, hash: hash.text(), bytes: read.load(Ordering::Relaxed) })
    }
}

/// Tells which bill format claims an opened input.
pub(super) fn claiming(opened: &Opened) -> Option<&'static dyn InvoiceReader> {
    (opened.shape != Shape::Empty).then(|| formats::detect(&opened.framing, opened.shape)).flatten()
}

/// Opens an input as a bill.
pub fn open(input: &Input, how: &How) -> Result<Bill, BillError> {
    let opened = stream::open(input).map_err(|error| match (error, input) {
        // A folder may hold anything.
        (ReadError::NotRecognised(_), Input::Found(_)) => BillError::NotRecognised,
        (ReadError::NotRecognised(why), _) => BillError::NotText(why),
        (error, _) => BillError::Read(error),
    })?;
    if opened.shape == Shape::Empty {
        return Err(BillError::Empty);
    }
    // The user's own columns come before what the formats claim.
    if let Some(mapping) = &how.mapping {
        return Ok(Bill::mapped(input.shown(), opened, mapping.clone()));
    }
    let reader = match &how.input_format {
        Some(name) => Some(formats::by_name(name).ok_or_else(|| BillError::UnknownFormat(name.clone()))?),
        None => claiming(&opened),
    };
    let Some(reader) = reader else {
        return Err(match read::formats::detect(&opened.framing, opened.shape) {
            Ok(Some(log)) => BillError::Log(log.name()),
            Err(error @ ReadError::Refused { .. }) => BillError::Read(error),
            Ok(None) | Err(_) => BillError::NotRecognised,
        });
    };
    Ok(Bill::new(input.shown(), opened, reader))
}

/// Reads an input as one more document of `lines`; they stay as they were if it cannot be read.
///
/// The same bytes are one document: given again, they add nothing.
pub fn read_into(lines: &mut Lines, input: &Input, how: &How) -> Result<Control, BillError> {
    let bill = open(input, how)?;
    let rows = lines.rows.len();
    let document = Document { path: bill.path.clone(), format: bill.format().into(), ..Document::default() };
    lines.begin(document);
    let read = bill.read(&mut |line| lines.push(line));
    let known = |read: &BillRead| lines.documents.iter().any(|document| document.hash == read.hash);
    match read {
        Ok(read) if !known(&read) => {
            if let Some(document) = lines.documents.last_mut() {
                (document.hash, document.rows, document.statement) = (read.hash, read.control.rows, read.statement);
            }
            Ok(read.control)
        }
        other => {
            lines.documents.pop();
            lines.rows.truncate(rows);
            other.map(|read| read.control)
        }
    }
}

/// Writes amounts by currency as people read them, exactly.
pub(crate) fn told(amounts: &BTreeMap<String, i128>) -> String {
    let texts: Vec<String> =
        amounts.iter().map(|(currency, pico)| format!("{} {currency}", Usd::from_pico(*pico))).collect();
    texts.join(", ")
}

/// Writes amounts by currency as decimals for machines.
pub(crate) fn document(amounts: &BTreeMap<String, i128>) -> serde_json::Value {
    let text = |pico: &i128| serde_json::Value::String(Usd::from_pico(*pico).to_string());
    amounts.iter().map(|(currency, pico)| (currency.clone(), text(pico))).collect()
}

/// Returns the first and the last day of a span in the bill's own zone.
pub(crate) fn dates(span: (Timestamp, Timestamp), statement: &Statement) -> (NaiveDate, NaiveDate) {
    let zone = Zone::parse(&statement.zone).unwrap_or(Zone::UTC);
    (zone.date_of(span.0), zone.date_of(Timestamp(span.1.0.saturating_sub(1).max(span.0.0))))
}

/// Lines of a stored bill that a newer one took the place of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outdated {
    /// The import of the older bill.
    pub id: i64,
    /// Its path.
    pub path: String,
    /// The import of the newer one.
    pub by: i64,
    /// Lines that no longer count.
    pub lines: u64,
    /// Their amounts by currency, in 1e-12 of it.
    pub amounts: BTreeMap<String, i128>,
    /// What the newer bill has in their place.
    pub instead: BTreeMap<String, i128>,
}

/// The stored bills, and what counts of them.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Every bill, oldest first.
    pub invoices: Vec<StoredInvoice>,
    /// What no longer counts.
    pub outdated: Vec<Outdated>,
}

impl Standing {
    /// Returns what counts, by currency.
    pub fn totals(&self) -> BTreeMap<String, i128> {
        let mut totals: BTreeMap<String, i128> = BTreeMap::new();
        let all = self.invoices.iter().flat_map(|invoice| &invoice.totals);
        all.for_each(|(currency, pico)| *totals.entry(currency.clone()).or_default() += pico);
        let gone = self.outdated.iter().flat_map(|outdated| &outdated.amounts);
        gone.for_each(|(currency, pico)| *totals.entry(currency.clone()).or_default() -= pico);
        totals
    }

    /// Returns how many lines of a bill no longer count.
    pub fn outdated_lines(&self, id: i64) -> u64 {
        self.outdated.iter().filter(|outdated| outdated.id == id).map(|outdated| outdated.lines).sum()
    }
}

/// Tells what counts of all stored bills.
pub fn standing(store: &Store) -> Result<Standing, StoreError> {
    let invoices = store.invoices()?;
    let meets_another =
        |at: &usize| (0..invoices.len()).any(|other| other != *at && meet(&invoices[other], &invoices[*at]));
    let crowded: Vec<i64> =
        (0..invoices.len()).filter(meets_another).filter_map(|at| invoices[at].document.import).collect();
    let outdated = outdated(store, &crowded)?;
    Ok(Standing { invoices, outdated })
}

/// Tells which lines of other bills one took the place of.
pub fn superseded_by(store: &Store, id: i64) -> Result<Vec<Outdated>, StoreError> {
    let invoices = store.invoices()?;
    let Some(new) = invoices.iter().find(|invoice| invoice.document.import == Some(id)) else { return Ok(Vec::new()) };
    // What came between an older bill and this one lies in the same days, so it is among them.
    let near: Vec<i64> =
        invoices.iter().filter(|other| meet(other, new)).filter_map(|other| other.document.import).collect();
    let mut outdated = outdated(store, &near)?;
    outdated.retain(|outdated| outdated.by == id);
    Ok(outdated)
}

fn outdated(store: &Store, imports: &[i64]) -> Result<Vec<Outdated>, StoreError> {
    if imports.len() < 2 {
        return Ok(Vec::new());
    }
    let lines = store.invoice_lines(imports)?;
    let import = |place: u32| lines.documents.get(place as usize).and_then(|document| document.import).unwrap_or(0);
    let replaced = current::current(&lines).replaced.into_iter().map(|replaced| Outdated {
        id: import(replaced.document),
        path: lines.documents.get(replaced.document as usize).map(|it| it.path.clone()).unwrap_or_default(),
        by: import(replaced.by),
        lines: replaced.lines,
        amounts: replaced.amounts,
        instead: replaced.instead,
    });
    Ok(replaced.collect())
}

/// Tells whether two bills speak for a common day.
fn meet(a: &StoredInvoice, b: &StoredInvoice) -> bool {
    matches!((days(a), days(b)), (Some(a), Some(b)) if a.0 <= b.1 && b.0 <= a.1)
}

/// Returns the first and the last UTC day that a bill may speak for.
fn days(invoice: &StoredInvoice) -> Option<(i64, i64)> {
    let (first, last) = invoice.span?;
    let covers = invoice.document.statement.covers;
    let declared = covers.since.is_some() || covers.until.is_some();
    let (since, until) = match declared {
        true => (
            covers.since.unwrap_or(Timestamp(i64::MIN)).min(first),
            covers.until.unwrap_or(Timestamp(i64::MAX)).max(last),
        ),
        false => (first, last),
    };
    let day = |ts: Timestamp| ts.0.div_euclid(86_400 * NANOS);
    Some((day(since), day(until)))
}
