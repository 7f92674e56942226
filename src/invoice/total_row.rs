//! The row of sums that a spreadsheet leaves below an export, and the empty rows around it.
//!
//! It charges nothing, and its sum is held against the rows: a file that was cut or edited is refused. It is known by
//! its word alone; a row that merely lacks its date is an error.

use crate::domain::Amount;
use crate::invoice::LineSink;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;

/// What spreadsheets, portals and people call a sum.
const WORDS: [&str; 14] = [
    "total",
    "totals",
    "total amount",
    "grand total",
    "sum",
    "sums",
    "gesamt",
    "gesamtsumme",
    "insgesamt",
    "summe",
    "suma",
    "somme",
    "totaal",
    "totale",
];

/// The row of sums of a file, once it was met.
#[derive(Clone, Debug, Default)]
pub struct TotalRow {
    stated: Option<i128>,
}

impl TotalRow {
    /// Skips a record that is a row of sums or entirely empty; false for one that charges something.
    ///
    /// A row of sums leaves the column `date` empty or writes its word there. `amount` reads the column that the file's
    /// amounts are in; [`without_money`] for a file that has none.
    ///
    /// # Errors
    /// That its sum is no number, or that there are two and they differ.
    pub fn takes<'t>(
        &mut self,
        record: Record<'t>,
        date: &str,
        amount: impl FnOnce(Node<'t>) -> Result<Option<Amount<'t>>, String>,
        sink: &mut dyn LineSink,
    ) -> Result<bool, String> {
        let mut cells = record.node.fields().map(|(_, cell)| cell.raw().trim());
        let Some(first) = cells.find(|cell| !cell.is_empty()) else {
            sink.skip(record.line, "empty_row");
            return Ok(true);
        };
        let word = value::text(record.node, date).filter(|text| !text.trim().is_empty());
        if !is_total_word(word.as_deref().unwrap_or(first)) {
            return Ok(false);
        }
        if let Some(sum) = amount(record.node)?.map(|amount| amount.pico) {
            if self.stated.is_some_and(|stated| stated != sum) {
                return Err("a second row of totals, and it differs from the first".into());
            }
            self.stated = Some(sum);
        }
        sink.skip(record.line, "total_row");
        Ok(true)
    }

    /// Returns the sum it states, in 1e-12 of the currency, for [`Statement::stated_total`].
    ///
    /// [`Statement::stated_total`]: crate::domain::Statement::stated_total
    pub fn stated(&self) -> Option<i128> {
        self.stated
    }

    /// Returns what the sum it states leaves for the lines, where the file's rows hold more: those of other services,
    /// or what a wallet pays back.
    pub fn stated_without(&self, others: i128) -> Option<i128> {
        self.stated.map(|stated| stated - others)
    }
}

/// The amount of a row of sums in a file that has no amounts.
///
/// # Errors
/// None.
pub fn without_money(_row: Node<'_>) -> Result<Option<Amount<'_>>, String> {
    Ok(None)
}

fn is_total_word(text: &str) -> bool {
    let text = text.trim().trim_end_matches(':').trim_end();
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}
