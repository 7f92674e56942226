//! Values as people read them: rounded money, grouped counts, clean text. Machines get exact values elsewhere.

use crate::domain::money::grouped;
use crate::render::chart;
use crate::report::Cell;
use crate::report::is_hostile;

/// Replaces what could move a cursor, ring a bell or turn a line around.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if is_hostile(c) { '\u{fffd}' } else { c }).collect()
}

/// Writes whole cents with their two decimals.
pub(super) fn cents(cents: i128) -> String {
    let (sign, size) = (if cents < 0 { "-" } else { "" }, cents.unsigned_abs());
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

/// Writes an integer with thousands separators.
pub(super) fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// Writes a share as a percentage.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// Writes a cell for people.
pub(super) fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Logged(text) | Cell::Path(text) => clean(text),
        Cell::Untagged => "(untagged)".into(),
        Cell::Count(n) => count(*n),
        Cell::Usd(amount) => amount.rounded(),
        Cell::Cents(cents) => {
            let (sign, size) = (if *cents < 0 { "-" } else { "" }, cents.unsigned_abs());
            format!("{sign}${}.{:02}", grouped(&(size / 100).to_string()), size % 100)
        }
        Cell::Change(amount) => amount.signed(),
        Cell::Share(share) => percent(*share),
        Cell::Trend(values) => chart::line(values),
        Cell::Level(depth, inner) => format!("{}{}", "  ".repeat(*depth), self::cell(inner)),
    }
}

/// Tells whether a cell is a number, drawn to the right.
pub(super) fn is_number(cell: &Cell) -> bool {
    match cell {
        Cell::Count(_) | Cell::Usd(_) | Cell::Cents(_) | Cell::Change(_) | Cell::Share(_) => true,
        Cell::Level(_, inner) => is_number(inner),
        Cell::Empty | Cell::Text(_) | Cell::Logged(_) | Cell::Path(_) | Cell::Untagged | Cell::Trend(_) => false,
    }
}

/// Tells whether a cell holds a value of a log, which may be of any length.
pub(super) fn is_logged(cell: &Cell) -> bool {
    match cell {
        Cell::Logged(_) => true,
        Cell::Level(_, inner) => is_logged(inner),
        Cell::Empty
        | Cell::Text(_)
        | Cell::Path(_)
        | Cell::Untagged
        | Cell::Count(_)
        | Cell::Usd(_)
        | Cell::Cents(_)
        | Cell::Change(_)
        | Cell::Share(_)
        | Cell::Trend(_) => false,
    }
}
