//! Times of FOCUS files, which are looser than their specification: without a zone, or rewritten by a spreadsheet.
//!
//! `4/1/26` may be a day of April or of January. It is read where something in its row settles the order: a part
//! above 12, or a billing period that in one order alone runs from the first of a month to the first of another.

use chrono::NaiveDate;
use chrono::NaiveTime;

use crate::domain::Timestamp;
use crate::invoice::value;
use crate::read::json::Node;
use crate::read::value::excerpt;

/// The order of the numbers in a date with slashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    MonthFirst,
    DayFirst,
}

/// A date with slashes, its first two numbers not told apart.
struct Slashed {
    one: u32,
    other: u32,
    year: i32,
    time: NaiveTime,
}

impl Slashed {
    fn parse(text: &str) -> Option<Slashed> {
        let (date, time) = text.trim().split_once(' ').unwrap_or((text.trim(), "0:00"));
        let mut parts = date.split('/').map(|part| part.parse::<u32>().ok());
        let (one, other, year) = (parts.next()??, parts.next()??, parts.next()??);
        let time = ["%H:%M", "%H:%M:%S"].iter().find_map(|format| NaiveTime::parse_from_str(time, format).ok())?;
        let year = i32::try_from(if year < 100 { 2000 + year } else { year }).ok()?;
        (parts.next().is_none()).then_some(Slashed { one, other, year, time })
    }

    fn date(&self, order: Order) -> Option<NaiveDate> {
        match order {
            Order::MonthFirst => NaiveDate::from_ymd_opt(self.year, self.one, self.other),
            Order::DayFirst => NaiveDate::from_ymd_opt(self.year, self.other, self.one),
        }
    }
}

/// Finds the order that a row's dates are written in, if anything settles it.
pub(super) fn order(record: Node<'_>) -> Option<Order> {
    let slashed = |key: &str| value::text(record, key).and_then(|text| Slashed::parse(&text));
    let period = [slashed("BillingPeriodStart"), slashed("BillingPeriodEnd")];
    let charge = [slashed("ChargePeriodStart"), slashed("ChargePeriodEnd")];
    let mut dates = period.iter().chain(&charge).flatten();
    if let Some(date) = dates.find(|date| date.one > 12 || date.other > 12) {
        return Some(if date.one > 12 { Order::DayFirst } else { Order::MonthFirst });
    }
    let [Some(start), Some(end)] = &period else { return None };
    match (start.other == 1 && end.other == 1, start.one == 1 && end.one == 1) {
        (true, false) => Some(Order::MonthFirst),
        (false, true) => Some(Order::DayFirst),
        _ => None,
    }
}

/// Reads an instant; UTC where it has no zone.
///
/// # Errors
/// That the cell is empty, that it is no time, or that its day and month cannot be told apart.
pub(super) fn instant(record: Node<'_>, key: &str, order: Option<Order>) -> Result<Timestamp, String> {
    let text = value::required(record, key)?;
    let Some(slashed) = Slashed::parse(&text) else { return value::instant(key, &text) };
    let date = match order {
        Some(order) => slashed.date(order),
        None if slashed.one == slashed.other => slashed.date(Order::MonthFirst),
        None => {
            let hint = "(a spreadsheet has rewritten it? export the file again)";
            return Err(format!("`{key}`: which number is the month is not clear: {} {hint}", excerpt(&text)));
        }
    };
    let date = date.ok_or_else(|| format!("`{key}` is not a day: {}", excerpt(&text)))?;
    Ok(Timestamp::from_utc(date.and_time(slashed.time).and_utc()))
}
