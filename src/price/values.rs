//! The single values of a price file: decimals, dates, words out of a list. What they are part of is `build`'s business.

use std::ops::Range;

use chrono::{NaiveDate, NaiveTime};
use toml::Spanned;
use toml::value::{Datetime, Offset};

use crate::domain::money::parse_scaled;
use crate::domain::time::{NANOS, Timestamp};
use crate::domain::tokens::Class;

use crate::price::error::{PriceError, Source, nearest};
use crate::price::mode::Mode;
use crate::price::rows::Basis;

/// The highest price read as one: past it the number is a slip, and sums need the headroom.
const MAX_USD: i64 = 100_000;
/// Picodollars in a dollar.
const PICO: i64 = 1_000_000_000_000;

/// Which rules a file is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// The built-in table: every row says where it comes from.
    BuiltIn,
    /// A user's table: evidence is welcome, not asked for.
    User,
}

/// A file being read.
pub(super) struct Reading<'a> {
    pub(super) source: &'a Source,
    pub(super) rules: Rules,
}

impl Reading<'_> {
    /// Refuses a built-in block that lacks what a user's table may leave out.
    pub(super) fn evidence(&self, span: Range<usize>, block: &str, keys: &[(&str, bool)]) -> Result<(), PriceError> {
        match keys.iter().find(|(_, stated)| !stated) {
            Some((key, _)) if self.rules == Rules::BuiltIn => {
                Err(self.source.error(span, format!("{block} without `{key}`"), "every built-in row states its source"))
            }
            _ => Ok(()),
        }
    }

    /// Reads a text that is not empty.
    pub(super) fn word(&self, text: &Spanned<String>) -> Result<String, PriceError> {
        let word = text.get_ref();
        if word.trim().is_empty() || word.trim() != word {
            let what = "a name that is empty or starts or ends with a blank";
            return Err(self.source.error(text.span(), what, "remove the blanks"));
        }
        Ok(word.clone())
    }

    pub(super) fn mode(&self, text: &Spanned<String>) -> Result<Mode, PriceError> {
        self.one_of("mode", text, Mode::parse(text.get_ref()), Mode::ALL.map(Mode::name))
    }

    pub(super) fn class(&self, text: &Spanned<String>) -> Result<Class, PriceError> {
        self.one_of("class of tokens", text, Class::parse(text.get_ref()), Class::ALL.map(Class::name))
    }

    pub(super) fn basis(&self, text: &Spanned<String>) -> Result<Basis, PriceError> {
        self.one_of("basis", text, Basis::parse(text.get_ref()), Basis::ALL.map(Basis::name))
    }

    fn one_of<T, const N: usize>(
        &self,
        kind: &str,
        text: &Spanned<String>,
        found: Option<T>,
        names: [&'static str; N],
    ) -> Result<T, PriceError> {
        found.ok_or_else(|| {
            let hint = match nearest(text.get_ref(), names.into_iter()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("use one of {}", names.join(", ")),
            };
            self.source.error(text.span(), format!("unknown {kind} `{}`", text.get_ref()), hint)
        })
    }

    /// Reads a canonical decimal as picodollars: digits, a point, at most twelve decimals; no sign, no exponent.
    pub(super) fn decimal(&self, text: &Spanned<String>) -> Result<i64, PriceError> {
        let written = text.get_ref();
        let fault = |what: &str, hint: &str| Err(self.source.error(text.span(), format!("`{written}` {what}"), hint));
        if written.starts_with('-') {
            return fault("is negative", "a price is 0 or more");
        }
        let (whole, decimals) = written.split_once('.').unwrap_or((written, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || (whole.len() > 1 && whole.starts_with('0')) {
            return fault("is not a canonical decimal", "write plain digits: \"3\", \"0.30\"");
        }
        match parse_scaled(written, 12) {
            Ok((pico, true)) if pico <= i128::from(MAX_USD) * i128::from(PICO) => {
                Ok(i64::try_from(pico).expect("a hundred thousand dollars fit 64 bits of picodollars"))
            }
            Ok((_, false)) => fault("has more than 12 decimals", "no seller charges less than a picodollar"),
            _ => fault("is too large", "a price is at most 100000 dollars"),
        }
    }

    pub(super) fn instant(&self, text: Option<&Spanned<Datetime>>) -> Result<Option<Timestamp>, PriceError> {
        text.map(|text| self.timestamp(text)).transpose()
    }

    /// Reads a date as its midnight in UTC, or a date and time with its offset.
    pub(super) fn timestamp(&self, text: &Spanned<Datetime>) -> Result<Timestamp, PriceError> {
        let time = text.get_ref();
        let fault = |hint: &str| self.source.error(text.span(), format!("`{time}` is not an instant"), hint);
        let date = time.date.ok_or_else(|| fault("write a date: 2026-02-17"))?;
        let day = NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day))
            .ok_or_else(|| fault("the calendar has no such day"))?;
        let (clock, minutes) = match (time.time, time.offset) {
            (None, _) => (NaiveTime::MIN, 0),
            (Some(_), None) => return Err(fault("say the offset: 2026-08-16T16:00:00Z")),
            (Some(clock), Some(offset)) => {
                let (second, nanos) = (u32::from(clock.second.unwrap_or(0)), clock.nanosecond.unwrap_or(0));
                let clock = NaiveTime::from_hms_nano_opt(clock.hour.into(), clock.minute.into(), second, nanos)
                    .ok_or_else(|| fault("the clock has no such time"))?;
                let minutes = match offset {
                    Offset::Z => 0,
                    Offset::Custom { minutes } => i64::from(minutes),
                };
                (clock, minutes)
            }
        };
        let nanos = day.and_time(clock).and_utc().timestamp_nanos_opt();
        let nanos = nanos.and_then(|nanos| nanos.checked_sub(minutes * 60 * NANOS));
        nanos.map(Timestamp).ok_or_else(|| fault("the year is out of range"))
    }

    pub(super) fn date(&self, text: &Spanned<Datetime>) -> Result<NaiveDate, PriceError> {
        Ok(self.timestamp(text)?.utc().date_naive())
    }

    /// Reads a multiplier as a fraction over a power of ten.
    pub(super) fn fraction(&self, mult: &Spanned<String>) -> Result<(i64, i64), PriceError> {
        let pico = self.decimal(mult)?;
        let (mut numerator, mut denominator) = (pico, PICO);
        while denominator > 1 && numerator % 10 == 0 {
            numerator /= 10;
            denominator /= 10;
        }
        if pico == 0 || pico > 100 * PICO || denominator > 1_000_000 {
            let what = format!("`{}` is not a multiplier", mult.get_ref());
            return Err(self.source.error(
                mult.span(),
                what,
                "use a decimal above 0, up to 100, of at most 6 decimals",
            ));
        }
        Ok((numerator, denominator))
    }
}
