//! Bills: a path opened as one, read with or without a store, and which lines of the stored ones count.

mod standing;

pub use crate::invoice::mapping::FIELDS;
pub use crate::invoice::mapping::Mapping;
pub use crate::invoice::mapping::MappingError;
pub use standing::Outdated;
pub use standing::Standing;
pub use standing::standing;
pub use standing::superseded_by;

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
