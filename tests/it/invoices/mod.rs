//! Bill formats: one file a format, each with its traps.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod azure_cost;
mod gcp_billing;
mod mapped;

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
