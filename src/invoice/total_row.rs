//! The row of sums that a spreadsheet leaves below an export, and the empty rows around it.
//!
//! It charges nothing, and its sum is held against the rows: a file that was cut or edited is refused. It is known by
//! its word alone; a row that merely lacks its date is an error.

use crate::invoice::LineSink;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;

/// What spreadsheets and people call a sum.
const WORDS: [&str; 10] =
    ["total", "totals", "sum", "grand total", "sums", "gesamt", "summe", "gesamtsumme", "totale", "somme"];

/// The row of sums of a file, once it was met.
pub struct TotalRow {
    date: &'static str,
    amount: Option<&'static str>,
    scale: i32,
    stated: Option<i128>,
}

impl TotalRow {
    /// Looks out for it by the date column, which it leaves empty or writes its word in. `amount` is the column to
    /// compare, `10^-scale` of the currency; none in a file without money.
    pub fn new(date: &'static str, amount: Option<&'static str>, scale: i32) -> TotalRow {
        TotalRow { date, amount, scale, stated: None }
    }

    /// Skips a record that is a row of sums or entirely empty; false for one that charges something.
    ///
    /// # Errors
    /// That its sum is no number, or that there are two and they differ.
    pub fn takes(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<bool, String> {
        let mut cells = record.node.fields().map(|(key, cell)| (key, cell.raw().trim()));
        let Some((key, word)) = cells.find(|(_, cell)| !cell.is_empty()) else {
            sink.skip(record.line, "empty_row");
            return Ok(true);
        };
        let dated = key != self.date && value::text(record.node, self.date).is_some();
        if dated || !is_total_word(word) {
            return Ok(false);
        }
        if let Some(sum) = self.sum(record.node)? {
            if self.stated.is_some_and(|stated| stated != sum) {
                return Err("a second row of totals, and it differs from the first".into());
            }
            self.stated = Some(sum);
        }
        sink.skip(record.line, "total_row");
        Ok(true)
    }

    fn sum(&self, record: Node<'_>) -> Result<Option<i128>, String> {
        let Some(key) = self.amount else { return Ok(None) };
        Ok(value::amount(record, key, self.scale)?.map(|amount| amount.pico))
    }

    /// Returns the sum it states, in 1e-12 of the currency, for [`Statement::stated_total`].
    ///
    /// [`Statement::stated_total`]: crate::domain::Statement::stated_total
    pub fn stated(&self) -> Option<i128> {
        self.stated
    }
}

fn is_total_word(text: &str) -> bool {
    let text = text.trim_end_matches(':').trim_end();
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}
