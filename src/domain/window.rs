//! Half-open windows of time and the grains that tile them, cut in a named zone.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use crate::domain::time::{NANOS, Timestamp, Zone};

/// A half-open span of time; an open side is unbounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The first instant inside.
    pub since: Option<Timestamp>,
    /// The first instant outside.
    pub until: Option<Timestamp>,
}

/// Why a window could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// The words are not a moment.
    #[error(
        "`{0}` is not a moment: use 7d, 24h, 2w, 2026-11-01, 2026-11, an RFC 3339 instant, today, yesterday, this-month or last-month"
    )]
    Moment(String),
    /// The words are not a span.
    #[error("`{0}` is not a span: use SINCE..UNTIL, a day, a month, today, yesterday, this-month or last-month")]
    Span(String),
    /// The window ends before it starts.
    #[error("the window is empty: it starts at {since} and ends at {until}")]
    Empty {
        /// The resolved start.
        since: Timestamp,
        /// The resolved end.
        until: Timestamp,
    },
}

/// Where "now" and the zone come from when words become instants.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// The moment taken for now.
    pub now: Timestamp,
    /// The zone that cuts days.
    pub zone: Zone,
}

impl Window {
    /// Tells whether an instant lies inside.
    pub fn contains(&self, ts: Timestamp) -> bool {
        self.since.is_none_or(|since| ts >= since) && self.until.is_none_or(|until| ts < until)
    }

    /// Understands `--since` and `--until`. A day or month as `--until` is included whole.
    pub fn parse(since: Option<&str>, until: Option<&str>, frame: Frame) -> Result<Window, WindowError> {
        let since = since.map(|text| span(text, frame).map(|span| span.0)).transpose()?;
        let until = until.map(|text| span(text, frame).map(|span| span.1)).transpose()?;
        Window { since, until }.checked()
    }

    /// Understands `--period`: a day, a month or a word, as both sides.
    pub fn period(text: &str, frame: Frame) -> Result<Window, WindowError> {
        let (since, until) = span(text, frame).map_err(|_| WindowError::Span(text.to_string()))?;
        if since == until {
            return Err(WindowError::Span(text.to_string()));
        }
        Window { since: Some(since), until: Some(until) }.checked()
    }

    /// Understands `SINCE..UNTIL`, or what [`Window::period`] does.
    pub fn range(text: &str, frame: Frame) -> Result<Window, WindowError> {
        match text.split_once("..") {
            None => Window::period(text, frame),
            Some((since, until)) => {
                let side = |text: &'_ str| (!text.is_empty()).then(|| text.to_string());
                Window::parse(side(since).as_deref(), side(until).as_deref(), frame)
            }
        }
    }

    /// Returns the span of the same length that ends where this one starts; open windows have none.
    ///
    /// A window of whole local days steps back whole local days, so that a clock change does not shift it.
    pub fn previous(&self, zone: Zone) -> Option<Window> {
        let (since, until) = (self.since?, self.until?);
        let (first, end) = (zone.date_of(since), zone.date_of(until));
        let whole_days = zone.start_of_day(first) == since && zone.start_of_day(end) == until;
        let start = if whole_days {
            let days = u64::try_from((end - first).num_days()).ok()?;
            let months = first.day() == 1 && end.day() == 1;
            let before = if months {
                let count = (end.year() - first.year()) * 12 + end.month() as i32 - first.month() as i32;
                first.checked_sub_months(Months::new(u32::try_from(count).ok()?))?
            } else {
                first.checked_sub_days(Days::new(days))?
            };
            zone.start_of_day(before)
        } else {
            Timestamp(since.0.checked_sub(until.0.checked_sub(since.0)?)?)
        };
        Some(Window { since: Some(start), until: Some(since) })
    }

    fn checked(self) -> Result<Window, WindowError> {
        match (self.since, self.until) {
            (Some(since), Some(until)) if since >= until => Err(WindowError::Empty { since, until }),
            _ => Ok(self),
        }
    }
}

/// Returns the span a text names: (its start, its end); an instant is a span of no length.
fn span(text: &str, frame: Frame) -> Result<(Timestamp, Timestamp), WindowError> {
    let zone = frame.zone;
    let today = zone.date_of(frame.now);
    let day = |date: NaiveDate| (zone.start_of_day(date), zone.start_of_day(date + Days::new(1)));
    let month = |first: NaiveDate| (zone.start_of_day(first), zone.start_of_day(first + Months::new(1)));
    let this_month = today.with_day(1).unwrap_or(today);
    let fail = || WindowError::Moment(text.to_string());
    let in_reach = |date: &NaiveDate| (1700..2200).contains(&date.year());
    match text {
        "now" => return Ok((frame.now, frame.now)),
        "today" => return Ok(day(today)),
        "yesterday" => return Ok(day(today - Days::new(1))),
        "this-month" => return Ok(month(this_month)),
        "last-month" => return Ok(month(this_month - Months::new(1))),
        _ => {}
    }
    if let Some(seconds) = span_seconds(text) {
        let nanos = seconds.checked_mul(NANOS).ok_or_else(fail)?;
        let ts = Timestamp(frame.now.0.checked_sub(nanos).ok_or_else(fail)?);
        return Ok((ts, ts));
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return if in_reach(&date) { Ok(day(date)) } else { Err(fail()) };
    }
    if text.len() == 7
        && let Ok(date) = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d")
    {
        return if in_reach(&date) { Ok(month(date)) } else { Err(fail()) };
    }
    match chrono::DateTime::parse_from_rfc3339(text) {
        Ok(time) if in_reach(&time.date_naive()) => {
            let ts = Timestamp::from_utc(time.to_utc());
            Ok((ts, ts))
        }
        _ => Err(fail()),
    }
}

/// Reads `7d`, `24h`, `2w`, `90m` as seconds.
fn span_seconds(text: &str) -> Option<i64> {
    let unit = match text.as_bytes().last()? {
        b'm' => 60,
        b'h' => 3_600,
        b'd' => 86_400,
        b'w' => 604_800,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok()?.checked_mul(unit)
}

/// A length of time that tiles the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grain {
    /// A clock hour.
    Hour,
    /// A local day of 23, 24 or 25 hours.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

impl Grain {
    /// Returns the name of the dimension.
    pub const fn name(self) -> &'static str {
        match self {
            Grain::Hour => "hour",
            Grain::Day => "day",
            Grain::Week => "week",
            Grain::Month => "month",
        }
    }

    /// Finds a grain by its name.
    pub fn parse(name: &str) -> Option<Grain> {
        [Grain::Hour, Grain::Day, Grain::Week, Grain::Month].into_iter().find(|grain| grain.name() == name)
    }

    /// Returns the bucket that holds an instant: (its first instant, the first instant after it).
    pub fn bucket(self, ts: Timestamp, zone: Zone) -> (Timestamp, Timestamp) {
        let date = zone.day_holding(ts);
        let days = |first: NaiveDate, end: NaiveDate| (zone.start_of_day(first), zone.start_of_day(end));
        match self {
            Grain::Hour => {
                // Counted from the day's start, so that hours tile a day of 23, 24.5 or 25 hours as well.
                let (first, end) = days(date, date + Days::new(1));
                let hour = 3_600 * NANOS;
                let start = first.0 + (ts.0 - first.0).div_euclid(hour) * hour;
                (Timestamp(start), Timestamp((start + hour).min(end.0)))
            }
            Grain::Day => days(date, date + Days::new(1)),
            Grain::Week => {
                let monday = date.week(Weekday::Mon).first_day();
                days(monday, monday + Days::new(7))
            }
            Grain::Month => {
                let first = date.with_day(1).unwrap_or(date);
                days(first, first + Months::new(1))
            }
        }
    }

    /// Returns the label of the bucket that starts at an instant: `2026-11-01T14:00+01:00`, `2026-11-01`, `2026-11`.
    pub fn label(self, start: Timestamp, zone: Zone) -> String {
        let local = start.utc().with_timezone(&zone.0);
        match self {
            Grain::Hour if zone == Zone::UTC => local.format("%Y-%m-%dT%H:%MZ").to_string(),
            Grain::Hour => local.format("%Y-%m-%dT%H:%M%:z").to_string(),
            Grain::Day | Grain::Week => local.format("%Y-%m-%d").to_string(),
            Grain::Month => local.format("%Y-%m").to_string(),
        }
    }
}
