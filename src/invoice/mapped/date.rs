//! Dates as a bill writes them, and the spans they mean. A date that could be read two ways is refused.

use chrono::DateTime;
use chrono::Days;
use chrono::NaiveDate;
use chrono::NaiveDateTime;
use chrono::NaiveTime;
use chrono::TimeZone;
use chrono::Utc;

use crate::domain::Timestamp;
use crate::domain::Zone;
use crate::domain::time::NANOS;
use crate::domain::window::Grain;
use crate::read::value::excerpt;

/// What span a date means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Granularity {
    Hour,
    Day,
    Month,
    /// The line stands at its date and means no span: a day as a day, an instant as an instant.
    Line,
}

/// How dates are written and what they mean.
#[derive(Clone, Debug)]
pub(super) struct Dates {
    pub(super) format: Option<String>,
    pub(super) granularity: Granularity,
    pub(super) zone: Zone,
}

/// A date as it stands: a month, a day, or an instant.
enum Told {
    Month(NaiveDate),
    Day(NaiveDate),
    Instant(Timestamp),
}

impl Dates {
    /// Reads the span that a date means.
    ///
    /// # Errors
    /// That the text is no date, or could be two.
    pub(super) fn span(&self, text: &str) -> Result<(Timestamp, Timestamp), String> {
        let day = |date: NaiveDate| (self.zone.start_of_day(date), self.zone.start_of_day(date + Days::new(1)));
        let month = |start: Timestamp| Grain::Month.bucket(start, self.zone);
        Ok(match (self.told(text)?, self.granularity) {
            (Told::Month(first), _) => month(self.zone.start_of_day(first)),
            (Told::Day(date), Granularity::Month) => month(self.zone.start_of_day(date)),
            (Told::Day(date), Granularity::Day | Granularity::Line) => day(date),
            (Told::Day(_), Granularity::Hour) => return Err(format!("{} has no hour", excerpt(text))),
            (Told::Instant(at), Granularity::Month) => month(at),
            (Told::Instant(at), Granularity::Day) => day(self.zone.day_holding(at)),
            (Told::Instant(at), Granularity::Hour) => {
                let start = Timestamp(at.0 - at.0.rem_euclid(3_600 * NANOS));
                (start, Timestamp(start.0 + 3_600 * NANOS))
            }
            (Told::Instant(at), Granularity::Line) => (at, at),
        })
    }

    /// Reads the end of a span: a day or month is inside, as people write it; an instant is the end itself.
    ///
    /// # Errors
    /// That the text is no date, or could be two.
    pub(super) fn end(&self, text: &str) -> Result<Timestamp, String> {
        Ok(match self.told(text)? {
            Told::Month(first) => Grain::Month.bucket(self.zone.start_of_day(first), self.zone).1,
            Told::Day(date) => self.zone.start_of_day(date + Days::new(1)),
            Told::Instant(at) => at,
        })
    }

    fn told(&self, text: &str) -> Result<Told, String> {
        let told = match &self.format {
            Some(format) => {
                let told = self.formatted(text, format);
                told.ok_or_else(|| format!("{} is not written as date_format = \"{format}\"", excerpt(text)))?
            }
            None => self.iso(text).ok_or_else(|| {
                let hint = if text.contains(['/', '.']) { "it could be read in more than one way" } else { "" };
                let hint = if hint.is_empty() { String::new() } else { format!(" ({hint})") };
                format!("{} is not an ISO date{hint}: say how dates are written with date_format", excerpt(text))
            })?,
        };
        // The calendar's ends would overflow; and a bill from 1926 is a slip.
        let year = |date: &NaiveDate| chrono::Datelike::year(date);
        let is_sane = match &told {
            Told::Month(date) | Told::Day(date) => (2000..2100).contains(&year(date)),
            Told::Instant(at) => (crate::domain::time::EARLIEST..crate::domain::time::LATEST).contains(at),
        };
        if is_sane { Ok(told) } else { Err(format!("{} is no time of a bill", excerpt(text))) }
    }

    fn formatted(&self, text: &str, format: &str) -> Option<Told> {
        if let Ok(time) = DateTime::parse_from_str(text, format) {
            return Some(Told::Instant(Timestamp::from_utc(time.with_timezone(&Utc))));
        }
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return self.local(time);
        }
        if let Ok(date) = NaiveDate::parse_from_str(text, format) {
            return Some(Told::Day(date));
        }
        let month = NaiveDate::parse_from_str(&format!("{text} 1"), &format!("{format} %d"));
        month.ok().filter(|_| self.granularity == Granularity::Month).map(Told::Month)
    }

    fn iso(&self, text: &str) -> Option<Told> {
        if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Some(Told::Day(date));
        }
        if text.len() == 7 {
            let month = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok();
            return month.filter(|_| self.granularity == Granularity::Month).map(Told::Month);
        }
        for format in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"] {
            if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
                return self.local(time);
            }
        }
        let is_dated = text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-');
        let parsed = Timestamp::parse(text).ok().filter(|parsed| is_dated && parsed.zoned)?;
        Some(Told::Instant(parsed.ts))
    }

    /// A time without a zone is one of the bill's own zone; midnight is how databases write a day.
    fn local(&self, time: NaiveDateTime) -> Option<Told> {
        if time.time() == NaiveTime::MIN && self.granularity != Granularity::Hour {
            return Some(Told::Day(time.date()));
        }
        let time = self.zone.0.from_local_datetime(&time).earliest()?;
        Some(Told::Instant(Timestamp::from_utc(time.with_timezone(&Utc))))
    }
}
