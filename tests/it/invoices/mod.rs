//! Bill formats: one file a format, each with its traps.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod anthropic_analytics;
mod anthropic_cost;
mod anthropic_cost_report;
mod anthropic_tokens;
mod anthropic_usage_report;
mod aws_cur;
mod azure_cost;
mod claims;
mod deepseek;
mod focus;
mod gcp_billing;
mod mapped;
mod openai_api;
mod openai_cost;
mod openai_line_item;
mod openai_usage;
mod openrouter;
mod samples;
mod total_row;

use attr::domain::InvoiceLine;
use attr::domain::Statement;
use attr::domain::Usd;
use attr::invoice::Options;
use attr::invoice::formats;
use attr::invoice::reading;
use attr::invoice::reading::Control;
use attr::read::framing::Framing;

/// A bill as it was read.
pub(crate) struct Bill {
    pub(crate) format: &'static str,
    pub(crate) lines: Vec<InvoiceLine<'static>>,
    pub(crate) statement: Statement,
    pub(crate) control: Control,
}

impl Bill {
    /// The sum of all that is to be paid in a currency, as text.
    pub(crate) fn total(&self, currency: &str) -> String {
        Usd::from_pico(self.control.totals.get(currency).copied().unwrap_or(0)).to_string()
    }
}

/// A file below `samples/invoices/`, as text.
pub(crate) fn sample_text(path: &str) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/invoices");
    fs_err::read_to_string(root.join(path)).unwrap()
}

/// Reads a file below `samples/invoices/`.
pub(crate) fn sample(path: &str) -> Bill {
    read(&sample_text(path)).unwrap()
}

/// What a row counts, as (charge, whole units), in the order of its lines.
pub(crate) fn quantities(bill: &Bill, row: u64) -> Vec<(String, i128)> {
    let lines = bill.lines.iter().filter(|line| line.row == row);
    lines.filter_map(|line| line.quantity.map(|count| (line.charge.name().to_string(), count.rounded()))).collect()
}

/// Reads a bill that must be refused, and returns why.
pub(crate) fn refused(text: &str) -> String {
    read(text).map(|bill| bill.format).expect_err("it was read")
}

/// Reads a bill as a user's file would be, its format detected.
pub(crate) fn read(text: &str) -> Result<Bill, String> {
    read_with(text, &Options::default())
}

/// Reads a bill with options.
pub(crate) fn read_with(text: &str, options: &Options) -> Result<Bill, String> {
    let framing = Framing::open(Box::new(std::io::Cursor::new(text.as_bytes().to_vec()))).unwrap();
    let shape = framing.shape().map_err(|not_text| not_text.0)?;
    let reader = formats::detect(&framing, shape).ok_or("no bill format claims it")?;
    let mut lines = Vec::new();
    let mut take = |line: &InvoiceLine<'_>| lines.push(line.clone().into_owned());
    let (statement, control) =
        reading::read(framing, shape, reader, options, &mut take).map_err(|error| error.to_string())?;
    Ok(Bill { format: reader.name(), lines, statement, control })
}
