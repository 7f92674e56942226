//! What the rest of a budget's period will probably cost.
//!
//! A day costs what the same weekday cost on average over the weeks before; what is left of today counts in part.
//! With less than a week of history the period goes on as it began, once a whole day of it is over.

use crate::domain::Usd;
use crate::domain::money::div_half_even;

/// Whole days before now that the costs of weekdays are taken from.
pub const HISTORY_DAYS: u32 = 28;
/// With fewer whole days of history weekdays say nothing.
const LEAST_DAYS: u32 = 7;

/// How much of one day is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayLeft {
    /// Monday is 0.
    pub weekday: usize,
    /// Nanoseconds of it that are to come.
    pub left: i64,
    /// Nanoseconds it has: days of a clock change are shorter or longer.
    pub length: i64,
}

/// The calendar behind a forecast, the same for everything that has the budget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Whole days of history, by weekday.
    pub days: [u32; 7],
    /// What is left of the period, day by day.
    pub left: Vec<DayLeft>,
    /// Nanoseconds of the period that are over.
    pub elapsed: i64,
}

/// How a forecast was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// From the same weekdays of the weeks before.
    Weekdays,
    /// From the period itself.
    Pace,
}

impl Calendar {
    /// Returns how a forecast can be made; `None` where it is too early for one.
    pub fn basis(&self) -> Option<Basis> {
        const DAY: i64 = 86_400_000_000_000;
        match self.days.iter().sum::<u32>() {
            days if days >= LEAST_DAYS => Some(Basis::Weekdays),
            _ if self.elapsed >= DAY => Some(Basis::Pace),
            _ => None,
        }
    }

    /// Returns what the rest of the period will probably cost, after `spent` in the part that is over; `history` is
    /// what the days of [`Calendar::days`] cost, by weekday.
    pub fn rest(&self, spent: Usd, history: &[Usd; 7]) -> Option<Usd> {
        match self.basis()? {
            Basis::Weekdays => Some(self.left.iter().map(|day| self.day(day, history)).sum()),
            Basis::Pace => {
                let left: i128 = self.left.iter().map(|day| i128::from(day.left)).sum();
                // In whole seconds: a year of nanoseconds times a sum of picodollars could be too much.
                let (left, elapsed) = (left / 1_000_000_000, i128::from(self.elapsed) / 1_000_000_000);
                Some(Usd::from_pico(div_half_even(spent.pico() * left, elapsed)))
            }
        }
    }

    fn day(&self, day: &DayLeft, history: &[Usd; 7]) -> Usd {
        let (sum, days) = match self.days[day.weekday] {
            // A weekday that never came: what any day costs.
            0 => (history.iter().copied().sum(), self.days.iter().sum::<u32>()),
            days => (history[day.weekday], days),
        };
        let (left, length) = (i128::from(day.left / 1_000_000_000), i128::from(day.length / 1_000_000_000));
        match length * i128::from(days) {
            0 => Usd::ZERO,
            parts => Usd::from_pico(div_half_even(sum.pico() * left, parts)),
        }
    }
}
