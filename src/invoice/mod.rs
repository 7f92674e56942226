//! Bills and providers' usage reports: bytes in, lines out. One file a format; no prices, no database, no terminal.
//!
//! A record enters as a [`Node`], whether it was a row of CSV or a page of JSON, and leaves through a
//! [`LineSink`]. What holds for every format:
//!
//! - No row is merged with another: rows that look alike are two charges.
//! - The lines of a file sum to what the file sums to. A row that cannot be read refuses the whole file, because a bill
//!   without it would be another bill.
//! - Amounts are decimals, never binary floats. Each line carries the step that its amount was rounded to.
//! - Absent is not zero: a count or an amount that the file does not have is `None`.
//! - A renamed column is told, never read as nothing: required columns are required, others are ignored.
//!
//! | what | where |
//! |---|---|
//! | which format | [`formats`]: the table, and detection by what each reader claims |
//! | amounts, quantities, days | [`value`] |
//! | the row of sums below an export | [`total_row`] |
//! | a stream into lines, with control totals | [`reading`] |
//! | what is told of rows left out | [`notes`] |
//! | a user's own columns | [`mapping`], read by [`mapped`] |
//!
//! To add a format: write `invoice/<name>.rs` with an [`InvoiceReader`] and add its line to [`formats::FORMATS`].

pub mod anthropic;
pub mod anthropic_analytics;
pub mod anthropic_cost;
pub mod anthropic_cost_report;
pub mod anthropic_tokens;
pub mod anthropic_usage_report;
mod aws_cur;
pub mod azure_cost;
pub mod deepseek_cost;
mod deepseek_days;
pub mod deepseek_usage;
mod focus;
pub mod formats;
pub mod gcp_billing;
pub mod mapped;
pub mod mapping;
pub mod notes;
mod openai_bucket;
pub mod openai_cost;
pub mod openai_costs_api;
mod openai_counts;
pub mod openai_line_item;
pub mod openai_usage;
pub mod openai_usage_api;
pub mod openrouter_activity;
pub mod openrouter_daily;
pub mod reading;
pub mod total_row;
pub mod value;

use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::read::Record;
use crate::read::json::Node;

use crate::invoice::mapping::Mapping;

/// One bill format.
pub trait InvoiceReader: Sync {
    /// The name on the command line and in reports, also the folder under `samples/invoices/`.
    fn name(&self) -> &'static str;

    /// Tells whether a record has this format's signature, judging by its keys. A few telling keys are enough: that a
    /// required one is missing is then said by [`Session::record`].
    fn claims(&self, record: Node<'_>) -> bool;

    /// Starts on a file.
    fn start(&self, options: &Options) -> Box<dyn Session>;
}

/// A reader at work on one file.
pub trait Session {
    /// Hands the lines of a record to the sink.
    ///
    /// # Errors
    /// Why the record cannot be read: the whole file is then refused.
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String>;

    /// Says what the file says of itself, once all records are read; hands on what only the end settles.
    ///
    /// # Errors
    /// Why the file as a whole cannot be believed.
    fn end(&mut self, sink: &mut dyn LineSink) -> Result<Statement, String>;
}

/// Takes what readers find.
pub trait LineSink {
    /// Takes a line.
    fn line(&mut self, line: &InvoiceLine<'_>);
    /// Takes a row that is understood and charges nothing (`empty_day`, `total_row`, …).
    fn skip(&mut self, row: u64, reason: &'static str);
}

/// How to read a bill, as the user said or the settings say.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The file's path as it is shown; may be empty.
    pub path: String,
    /// The user's own columns, for a file that no format claims.
    pub mapping: Option<Mapping>,
}
