//! What a user has agreed with a seller: a discount, or prices in place of the list's. Read from a user's files only.

use crate::domain::time::Timestamp;
use crate::domain::tokens::{CLASSES, Class};

use crate::price::error::Place;
use crate::price::mode::Mode;
use crate::price::rows::{Model, decimal, show_date};

/// An agreed price, in place of the list price or of a part of it.
#[derive(Clone, Debug)]
pub struct Override {
    /// The seller's id.
    pub seller: String,
    /// The ids of the models it is for; `None` for every model of the seller.
    pub models: Option<Vec<String>>,
    /// The modes it is for; `None` for every mode.
    pub modes: Option<Vec<Mode>>,
    /// The first instant; without one, always.
    pub from: Option<Timestamp>,
    /// The first instant after it.
    pub to: Option<Timestamp>,
    /// What was agreed.
    pub terms: Terms,
    /// Whether it is for tokens.
    pub tokens: bool,
    /// Whether it is for the fees of tools.
    pub tools: bool,
    /// A remark of the user's.
    pub note: Option<String>,
    /// Where it is written.
    pub place: Place,
}

/// What was agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terms {
    /// So much off the list price, after any regional multiplier.
    Discount {
        /// The part taken off, as written.
        text: String,
        /// The part that is paid, as a fraction over a power of ten.
        paid: (i64, i64),
    },
    /// Prices as they are paid, in picodollars for a million tokens; a class without one keeps its list price.
    Rates([Option<i64>; CLASSES]),
}

impl Override {
    /// Tells whether it is for a model in a mode.
    pub(super) fn is_for(&self, model: &Model, mode: Mode) -> bool {
        self.seller == model.seller
            && self.models.as_ref().is_none_or(|ids| ids.contains(&model.id))
            && self.modes.as_ref().is_none_or(|modes| modes.contains(&mode))
    }

    /// Tells whether it is in force at an instant.
    pub(super) fn holds_at(&self, ts: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= ts) && self.to.is_none_or(|to| ts < to)
    }

    /// Tells whether two overrides are in force at one instant.
    pub(super) fn meets(&self, other: &Override) -> bool {
        let before = |a: &Override, b: &Override| matches!((a.to, b.from), (Some(to), Some(from)) if to <= from);
        !before(self, other) && !before(other, self)
    }

    /// Tells whether it sets prices rather than taking something off the list's.
    pub(super) fn sets_rates(&self) -> bool {
        matches!(self.terms, Terms::Rates(_))
    }

    /// Returns the agreed price of a class, in picodollars for a million tokens.
    pub(super) fn rate(&self, class: Class) -> Option<i64> {
        match &self.terms {
            Terms::Discount { .. } => None,
            Terms::Rates(rates) => rates[class as usize],
        }
    }

    /// Returns what was agreed and for when: `15 % off from 2026-10-01 to 2027-10-01`.
    pub fn show(&self) -> String {
        let mut words = match &self.terms {
            Terms::Discount { text, .. } => format!("{text} of the list price off"),
            Terms::Rates(rates) => {
                let rate = |class: Class| Some(format!("{} ${}", class.name(), decimal(rates[class as usize]?)));
                Class::ALL.into_iter().filter_map(rate).collect::<Vec<_>>().join(", ")
            }
        };
        for mode in self.modes.iter().flatten() {
            words.push_str(&format!(", {mode}"));
        }
        for (word, ts) in [("from", self.from), ("to", self.to)] {
            if let Some(ts) = ts {
                words.push_str(&format!(" {word} {}", show_date(ts)));
            }
        }
        words
    }

    /// Returns how a bill names it: `override contract.toml:12`.
    pub fn name(&self) -> String {
        format!("override {}:{}", self.place.file, self.place.line)
    }
}
