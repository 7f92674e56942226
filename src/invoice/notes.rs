//! What readers say of rows that are no ordinary lines: how many there were, what they sum to, what they are called.

use std::collections::BTreeMap;

use crate::domain::Amount;
use crate::domain::Usd;
use crate::read::value::excerpt;

/// Names shown in a note; the rest is counted.
const MOST_NAMES: usize = 5;

/// What is said of rows that are no service of models: they are not in the control total.
pub const OTHER_SERVICES: &str = "of other services left out";

/// Writes a number of rows.
pub fn rows(count: u64) -> String {
    if count == 1 { "1 row".into() } else { format!("{count} rows") }
}

/// Rows left out of a bill, with their sums.
#[derive(Clone, Debug, Default)]
pub struct Skipped {
    rows: u64,
    sums: BTreeMap<String, i128>,
}

impl Skipped {
    /// Counts a row.
    pub fn take(&mut self, currency: &str, amount: Option<&Amount<'_>>) {
        self.rows += 1;
        if let Some(amount) = amount {
            *self.sums.entry(currency.to_string()).or_default() += amount.pico;
        }
    }

    /// Returns what all of it sums to, of whatever currency.
    pub fn sum(&self) -> i128 {
        self.sums.values().sum()
    }

    /// Refuses a file of which nothing remains: a service may have been renamed, and that must not read as a bill of 0.
    ///
    /// # Errors
    /// That all of it was left out.
    pub fn refuse_if_all(&self, kept: u64, wanted: &str) -> Result<(), String> {
        match self.note(OTHER_SERVICES) {
            Some(note) if kept == 0 => Err(format!("no row is of {wanted}; {note}")),
            _ => Ok(()),
        }
    }

    /// Says what was left out, if anything.
    pub fn note(&self, what: &str) -> Option<String> {
        let sums: Vec<String> =
            self.sums.iter().map(|(currency, pico)| format!("{} {currency}", Usd::from_pico(*pico))).collect();
        let sums = if sums.is_empty() { "no amounts".into() } else { sums.join(", ") };
        (self.rows > 0).then(|| format!("{} {what}: {sums}", rows(self.rows)))
    }
}

/// Rows of which the text was not understood, by text.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    of: BTreeMap<String, u64>,
}

impl Listed {
    /// Counts a row.
    pub fn take(&mut self, text: &str) {
        match self.of.get_mut(text) {
            Some(count) => *count += 1,
            None => {
                self.of.insert(text.to_string(), 1);
            }
        }
    }

    /// Names the texts, if there are any.
    pub fn note(&self, what: &str) -> Option<String> {
        let mut names: Vec<String> = self.of.keys().take(MOST_NAMES).map(|text| excerpt(text)).collect();
        if self.of.len() > MOST_NAMES {
            names.push(format!("and {} more", self.of.len() - MOST_NAMES));
        }
        (!self.of.is_empty()).then(|| format!("{} {what}: {}", rows(self.of.values().sum()), names.join(", ")))
    }
}
