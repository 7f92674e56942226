//! One stream through its reader: every row ends as lines or a skip, or the file is refused; control totals are kept.

use std::collections::BTreeMap;

use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::read::Record;
use crate::read::framing::Framed;
use crate::read::framing::Framing;
use crate::read::framing::Shape;

/// Why a bill cannot be read. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum InvoiceError {
    /// Reading or decompressing failed.
    #[error("cannot read: {0}")]
    Io(#[from] std::io::Error),
    /// A row cannot be read, so that the lines would not sum to the bill.
    #[error("line {row}: {reason}")]
    Row {
        /// The line of the file, counted from 1.
        row: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The file as a whole cannot be believed.
    #[error("{0}")]
    File(String),
}

/// What was read of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// Rows read: those that became lines, and those skipped.
    pub rows: u64,
    /// Lines handed on.
    pub lines: u64,
    /// Rows that charge nothing, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// The sum of all amounts by currency, in 1e-12 of it; memo lines are not in it.
    pub totals: BTreeMap<String, i128>,
    /// Amounts with digits below 1e-12, which were rounded half to even.
    pub rounded: u64,
}

/// Reads a whole stream and hands every line to `take`.
///
/// # Errors
/// [`InvoiceError`]: the lines handed on so far are worth nothing then.
pub fn read(
    framing: Framing,
    shape: Shape,
    reader: &dyn InvoiceReader,
    options: &Options,
    take: &mut dyn FnMut(&InvoiceLine<'_>),
) -> Result<(Statement, Control), InvoiceError> {
    let mut session = reader.start(options);
    let mut counter = Counter { take, control: Control::default(), last_row: 0 };
    let mut failed = None;
    framing.with_exact_cells().each(shape, |framed| {
        let outcome = match framed {
            Framed::Broken(row, reason) => Err((row, reason)),
            Framed::Record(row, tape, text) => {
                let record = Record { line: row, node: tape.root(text) };
                session.record(record, &mut counter).map_err(|reason| (row, reason))
            }
        };
        failed = outcome.err();
        failed.is_none()
    })?;
    if let Some((row, reason)) = failed {
        return Err(InvoiceError::Row { row, reason });
    }
    let statement = session.end(&mut counter).map_err(InvoiceError::File)?;
    let control = counter.control;
    if let Some(stated) = statement.stated_total {
        let sum = control.totals.values().next().copied().unwrap_or(0);
        if control.totals.len() > 1 || sum != stated {
            let show = |pico| crate::domain::Usd::from_pico(pico);
            let reason = format!("its rows sum to {} and it states a total of {}", show(sum), show(stated));
            return Err(InvoiceError::File(reason));
        }
    }
    Ok((statement, control))
}

struct Counter<'t> {
    take: &'t mut dyn FnMut(&InvoiceLine<'_>),
    control: Control,
    last_row: u64,
}

impl LineSink for Counter<'_> {
    fn line(&mut self, line: &InvoiceLine<'_>) {
        if line.row != self.last_row {
            self.control.rows += 1;
            self.last_row = line.row;
        }
        self.control.lines += 1;
        if let Some(amount) = line.amount.as_ref().filter(|_| !line.memo) {
            match self.control.totals.get_mut(line.currency.as_ref()) {
                Some(total) => *total += amount.pico,
                None => {
                    self.control.totals.insert(line.currency.to_string(), amount.pico);
                }
            }
            self.control.rounded += u64::from(amount.text.is_some());
        }
        (self.take)(line);
    }

    fn skip(&mut self, _row: u64, reason: &'static str) {
        self.control.rows += 1;
        *self.control.skipped.entry(reason.to_string()).or_default() += 1;
    }
}
