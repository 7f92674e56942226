//! The rest of a cloud's bill: rows of services that sell no model. They are not in the control total, so they are told.

use std::collections::BTreeMap;

use crate::domain::Amount;
use crate::domain::Usd;

/// What was left aside of a bill, to be told in one sentence.
#[derive(Debug, Default)]
pub(super) struct OtherServices {
    rows: u64,
    sums: BTreeMap<String, i128>,
}

impl OtherServices {
    /// Counts a row that was left aside.
    pub(super) fn add(&mut self, amount: Option<&Amount<'_>>, currency: &str) {
        self.rows += 1;
        if let Some(amount) = amount {
            *self.sums.entry(currency.to_string()).or_default() += amount.pico;
        }
    }

    /// Says how much was left aside, if anything was.
    pub(super) fn note(&self) -> Option<String> {
        let sums: Vec<String> =
            self.sums.iter().map(|(currency, pico)| format!("{} {currency}", Usd::from_pico(*pico))).collect();
        let rows = if self.rows == 1 {
            "1 row of another service".into()
        } else {
            format!("{} rows of other services", self.rows)
        };
        (self.rows > 0).then(|| match sums.is_empty() {
            true => format!("{rows} left aside"),
            false => format!("{rows} left aside: {}", sums.join(", ")),
        })
    }

    /// Refuses a file of which nothing remains: a service may have been renamed, and that must not read as a bill of 0.
    ///
    /// # Errors
    /// That all of it is other services.
    pub(super) fn refuse_if_all(&self, kept: u64, wanted: &str) -> Result<(), String> {
        match self.note() {
            Some(note) if kept == 0 => Err(format!("no row is of {wanted}; {note}")),
            _ => Ok(()),
        }
    }
}
