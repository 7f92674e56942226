//! Instants and zones. Days and windows are `window`'s business.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};

use crate::domain::money::parse_scaled;

/// Nanoseconds in a second.
pub const NANOS: i64 = 1_000_000_000;

/// An instant: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// The earliest instant a call may carry: before 2000 a log is broken, not old.
pub const EARLIEST: Timestamp = Timestamp(946_684_800 * NANOS);
/// The first instant too late for a call: 2100-01-01.
pub const LATEST: Timestamp = Timestamp(4_102_444_800 * NANOS);

/// Why a text is not an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not understood at all.
    #[error("not a time (expected RFC 3339 or an epoch number)")]
    NotATime,
    /// Understood, and absurd for a call.
    #[error("time outside 2000-01-01..2100-01-01")]
    OutOfRange,
}

/// An instant read from a log, with what the log left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParsedTime {
    /// The instant.
    pub ts: Timestamp,
    /// Whether the text named its zone; if not, UTC was taken.
    pub zoned: bool,
}

impl Timestamp {
    /// Reads RFC 3339, its common variants (space for `T`, no zone, date only), or an epoch number in
    /// seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude.
    pub fn parse(text: &str) -> Result<ParsedTime, TimeError> {
        let text = text.trim();
        let parsed = match parse_rfc3339_utc(text.as_bytes()) {
            Some(ts) => ParsedTime { ts, zoned: true },
            None => parse_slow(text).ok_or(TimeError::NotATime)??,
        };
        if parsed.ts < EARLIEST || parsed.ts >= LATEST { Err(TimeError::OutOfRange) } else { Ok(parsed) }
    }

    /// Wraps a chrono instant.
    pub fn from_utc(time: DateTime<Utc>) -> Timestamp {
        Timestamp(time.timestamp_nanos_opt().unwrap_or(if time.timestamp() < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Returns the chrono instant.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(self.0)
    }
}

impl fmt::Display for Timestamp {
    /// Writes RFC 3339 in UTC with as many decimals as the value has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.utc().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads the shape nearly every log has, `YYYY-MM-DDTHH:MM:SS[.fff…]Z`, without going through a general parser.
fn parse_rfc3339_utc(text: &[u8]) -> Option<Timestamp> {
    let number = |range: std::ops::Range<usize>| {
        text.get(range)?.iter().try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    let punctuated = text.len() >= 20
        && (text[4], text[7], text[10], text[13], text[16]) == (b'-', b'-', b'T', b':', b':')
        && *text.last()? == b'Z';
    if !punctuated {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if !(1678..2262).contains(&year) || !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanos = match &text[19..text.len() - 1] {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            number(20..text.len() - 1)? * 10i64.pow(9 - u32::try_from(digits.len()).ok()?)
        }
        _ => return None,
    };
    let days = days_from_civil(year, month, day)?;
    Some(Timestamp((days * 86_400 + hour * 3600 + minute * 60 + second) * NANOS + nanos))
}

/// Days since 1970-01-01 of a Gregorian date; the algorithm is Howard Hinnant's `days_from_civil`.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest =
        [31, 28 + i64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][usize::try_from(month - 1).ok()?];
    if !(1..=longest).contains(&day) {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

fn parse_slow(text: &str) -> Option<Result<ParsedTime, TimeError>> {
    if let Ok((value, _)) = parse_scaled(text, 9) {
        return Some(from_epoch(value));
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
        return Some(in_range(time.naive_utc(), true));
    }
    for format in ["%Y-%m-%d %H:%M:%S%.f%z", "%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f%#z"] {
        if let Ok(time) = DateTime::parse_from_str(text, format) {
            return Some(in_range(time.naive_utc(), true));
        }
    }
    if let Some(text) = text.strip_suffix(" UTC") {
        return NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok().map(|time| in_range(time, true));
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Some(in_range(time, false));
        }
    }
    // As HTTP writes its `Date`.
    if let Ok(time) = DateTime::parse_from_rfc2822(text) {
        return Some(in_range(time.naive_utc(), true));
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(in_range(date.and_time(NaiveTime::MIN), false))
}

fn in_range(time: NaiveDateTime, zoned: bool) -> Result<ParsedTime, TimeError> {
    let nanos = time.and_utc().timestamp_nanos_opt().ok_or(TimeError::OutOfRange)?;
    Ok(ParsedTime { ts: Timestamp(nanos), zoned })
}

/// Understands an epoch number given in units of 1e-9 of whatever it counts.
fn from_epoch(scaled: i128) -> Result<ParsedTime, TimeError> {
    let nano = i128::from(NANOS);
    let magnitude = scaled.unsigned_abs() / nano.unsigned_abs();
    let nanos = match magnitude {
        0..100_000_000_000 => scaled,
        100_000_000_000..100_000_000_000_000 => scaled / 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => scaled / 1_000_000,
        _ => scaled / nano,
    };
    let ts = Timestamp(i64::try_from(nanos).map_err(|_| TimeError::OutOfRange)?);
    Ok(ParsedTime { ts, zoned: true })
}

/// The time zone that cuts days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(pub chrono_tz::Tz);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Zone = Zone(chrono_tz::Tz::UTC);

    /// Finds a zone by its IANA name.
    pub fn parse(name: &str) -> Option<Zone> {
        name.parse().ok().map(Zone)
    }

    /// Returns the IANA name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Returns the first instant of a local day: midnight, or the end of the gap where a clock change skips it.
    pub fn start_of_day(self, date: NaiveDate) -> Timestamp {
        let mut local = date.and_time(NaiveTime::MIN);
        // A gap is at most a day (Samoa skipped one in 2011); steps of a quarter hour meet every known change.
        for _ in 0..=96 {
            if let Some(time) = self.0.from_local_datetime(&local).earliest() {
                return Timestamp::from_utc(time.with_timezone(&Utc));
            }
            local += chrono::TimeDelta::minutes(15);
        }
        Timestamp::from_utc(date.and_time(NaiveTime::MIN).and_utc())
    }

    /// Returns the day whose span from one [`Zone::start_of_day`] to the next holds an instant.
    ///
    /// It is the local date but for the hour after a clock that goes back over midnight, as in Newfoundland
    /// until 2011: that hour belongs to the new day, which has begun.
    pub fn day_holding(self, ts: Timestamp) -> NaiveDate {
        let date = self.date_of(ts);
        let next = date + chrono::Days::new(1);
        if self.start_of_day(next) <= ts { next } else { date }
    }

    /// Returns the local date of an instant.
    pub fn date_of(self, ts: Timestamp) -> NaiveDate {
        ts.utc().with_timezone(&self.0).date_naive()
    }
}
