//! The dates of an Azure file: ISO 8601, or `MM/DD/YYYY` as enterprise agreements have it; one file has one of them.

use chrono::Days;
use chrono::NaiveDate;

use crate::domain::Timestamp;
use crate::domain::Zone;
use crate::invoice::value;
use crate::read::value::excerpt;

/// How the file writes its dates: one way, whichever it is.
#[derive(Default)]
pub(super) struct Dates {
    is_iso: bool,
    is_american: bool,
    /// A day past the twelfth has shown that the month comes first.
    is_proved: bool,
}

impl Dates {
    /// Reads a date as the span of its day.
    pub(super) fn read(&mut self, key: &str, text: &str) -> Result<(Timestamp, Timestamp), String> {
        let parts = slashed(text);
        self.is_american |= parts.is_some();
        self.is_iso |= parts.is_none();
        if self.is_iso && self.is_american {
            return Err(format!("`{key}`: {} is written another way than the dates before it", excerpt(text)));
        }
        let Some((month, day, year)) = parts else { return value::day(key, text, Zone::UTC) };
        self.witness(text);
        if month > 12 {
            let advice = "Azure's EA files have the month first; export the file again, or map it with [invoice.NAME] \
                          and date_format = \"%d/%m/%Y\"";
            return Err(format!("`{key}`: {} has the day first ({advice})", excerpt(text)));
        }
        let date = NaiveDate::from_ymd_opt(year, month, day);
        let date = date.ok_or_else(|| format!("`{key}` is not a day: {}", excerpt(text)))?;
        Ok((Zone::UTC.start_of_day(date), Zone::UTC.start_of_day(date + Days::new(1))))
    }

    /// Says that the order of day and month was a choice.
    pub(super) fn note(&self) -> Option<String> {
        let note = "every date could be day first too: read as MM/DD/YYYY, as Azure's EA files have it";
        (self.is_american && !self.is_proved).then(|| note.into())
    }

    /// Looks whether another date of the row tells the order.
    pub(super) fn witness(&mut self, text: &str) {
        self.is_proved |= slashed(text).is_some_and(|(_, day, _)| day > 12);
    }
}

/// Takes `9/21/2026` apart in the order it stands, also with midnight behind it.
fn slashed(text: &str) -> Option<(u32, u32, i32)> {
    let (date, time) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let mut parts = date.split('/');
    let number = |part: Option<&str>| part.filter(|part| part.len() <= 2)?.parse::<u32>().ok();
    let (first, second) = (number(parts.next())?, number(parts.next())?);
    let year = parts.next().filter(|year| year.len() == 4)?.parse::<i32>().ok()?;
    let is_midnight = time.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.')) || time == "12:00:00 AM";
    (parts.next().is_none() && is_midnight).then_some((first, second, year))
}
