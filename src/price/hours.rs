//! Prices by the hour of the day: windows of UTC hours on some weekdays, holidays excepted.

use chrono::{NaiveDate, Weekday};

use crate::domain::time::{NANOS, Timestamp};

use crate::price::error::Place;

/// Seconds in a day.
const DAY: i64 = 86_400;

/// Hours of the day at which other rows hold: `peak`.
#[derive(Clone, Debug)]
pub struct Hours {
    /// The id that price rows name.
    pub id: String,
    /// Start and end as seconds of the UTC day, the end excluded; an end at or before the start lies on the next day.
    pub spans: Vec<(u32, u32)>,
    /// The weekdays on which a span may start, Monday first.
    pub days: [bool; 7],
    /// The id of the holidays on which no span starts.
    pub except: Option<String>,
    /// Where it was read.
    pub src: Option<String>,
    pub(super) place: Place,
}

/// Days that a window excepts.
#[derive(Clone, Debug)]
pub struct Holidays {
    /// The id that windows name.
    pub id: String,
    /// The last day for which the list is complete.
    pub covers_through: NaiveDate,
    /// The days, in order.
    pub dates: Vec<NaiveDate>,
    /// Where they were read.
    pub src: Option<String>,
    pub(super) place: Place,
}

impl Hours {
    /// Tells whether an instant lies in the hours; `None` where that hangs on a holiday nobody has listed yet.
    pub(super) fn hold(&self, holidays: Option<&Holidays>, ts: Timestamp) -> Option<bool> {
        let seconds = ts.0.div_euclid(NANOS);
        let (day, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY) as u32);
        let mut unknown = false;
        for (start, end) in &self.spans {
            let crosses = end <= start;
            let starts = [
                (day, *start <= second && (crosses || second < *end)),
                // The part after midnight belongs to the day before.
                (day - 1, crosses && second < *end),
            ];
            for (day, _) in starts.iter().filter(|(_, inside)| *inside) {
                match self.opens(holidays, *day) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => unknown = true,
                }
            }
        }
        if unknown { None } else { Some(false) }
    }

    /// Tells whether a span starts on a day, counted from 1970-01-01.
    fn opens(&self, holidays: Option<&Holidays>, day: i64) -> Option<bool> {
        // 1970-01-01 was a Thursday.
        if !self.days[(day + 3).rem_euclid(7) as usize] {
            return Some(false);
        }
        let Some(holidays) = holidays else { return Some(true) };
        let date = NaiveDate::from_epoch_days(i32::try_from(day).ok()?)?;
        if date > holidays.covers_through {
            return None;
        }
        Some(holidays.dates.binary_search(&date).is_err())
    }

    /// Tells whether some moment of the week lies in both, holidays apart.
    pub(super) fn meets(&self, other: &Hours) -> bool {
        const WEEK: i64 = 7 * DAY;
        other.week().any(|(start, end)| {
            // A span of Sunday may end on Monday: the week repeats.
            let meets = |(from, to): (i64, i64)| [-WEEK, 0, WEEK].iter().any(|by| from + by < end && start < to + by);
            self.week().any(meets)
        })
    }

    /// Returns the spans of a week as seconds since its Monday.
    fn week(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        let days = (0..7).filter(|day| self.days[*day]).map(|day| day as i64 * DAY);
        days.flat_map(|day| {
            self.spans.iter().map(move |(start, end)| {
                let (start, end) = (i64::from(*start), i64::from(*end));
                (day + start, day + if end <= start { end + DAY } else { end })
            })
        })
    }

    /// Returns the hours as written: `01:00-04:00 06:00-10:00 mon-fri`.
    pub fn show(&self) -> String {
        let clock = |second: u32| format!("{:02}:{:02}", second / 3600, second / 60 % 60);
        let mut words: Vec<String> =
            self.spans.iter().map(|(start, end)| format!("{}-{}", clock(*start), clock(*end))).collect();
        if self.days != [true; 7] {
            let days = (0..7u8).filter(|day| self.days[usize::from(*day)]);
            let names: Vec<String> =
                days.filter_map(|day| Some(Weekday::try_from(day).ok()?.to_string().to_lowercase())).collect();
            words.push(names.join(","));
        }
        words.extend(self.except.as_ref().map(|id| format!("except {id}")));
        words.join(" ")
    }
}

/// Reads `mon`, or `mon-fri`, as the weekdays it names, Monday first.
pub(super) fn weekdays(text: &str) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    let day = |word: &str| word.trim().parse::<Weekday>().ok().map(|day| day.num_days_from_monday() as usize);
    match text.split_once('-') {
        None => days[day(text)?] = true,
        Some((first, last)) => {
            let (mut at, last) = (day(first)?, day(last)?);
            days[at] = true;
            while at != last {
                at = (at + 1) % 7;
                days[at] = true;
            }
        }
    }
    Some(days)
}

/// Reads `16:30-00:30` as seconds of the day.
pub(super) fn span(text: &str) -> Option<(u32, u32)> {
    let clock = |text: &str| {
        let (hours, minutes) = text.trim().split_once(':')?;
        let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = |text: &str| digits(text).then(|| text.parse::<u32>().ok()).flatten();
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        (minutes < 60 && (hours < 24 || (hours, minutes) == (24, 0))).then_some(hours * 3600 + minutes * 60)
    };
    let (start, end) = text.split_once('-')?;
    let (start, end) = (clock(start)?, clock(end)?);
    (start < 86_400 && start != end).then_some((start, end))
}
