//! Numbers as a bill writes them: `1.250.000`, `2,50 €`, `(12.00)`, `12.00-`.

use std::borrow::Cow;

use crate::domain::Amount;
use crate::domain::Quantity;
use crate::invoice::value;
use crate::read::value::excerpt;

/// How numbers are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    pub(super) decimal: char,
    pub(super) thousands: Option<char>,
}

/// Every space that is used between thousands: plain, no-break, narrow no-break, thin.
const SPACES: [char; 4] = [' ', '\u{a0}', '\u{202f}', '\u{2009}'];
/// Every mark that is used for a minus.
const MINUSES: [char; 4] = ['-', '\u{2212}', '\u{2013}', '\u{2010}'];

impl Numbers {
    /// Reads an amount of a unit with so many decimals below the currency.
    pub(super) fn amount<'t>(&self, column: &str, text: Cow<'t, str>, scale: i32) -> Result<Amount<'t>, String> {
        let (pico, is_exact) = value::scaled(column, &self.plain(column, &text)?, 12 - scale)?;
        Ok(Amount { pico, text: (!is_exact).then_some(text) })
    }

    /// Reads a quantity in units of `times`.
    pub(super) fn quantity(&self, column: &str, text: &str, times: i128) -> Result<Quantity, String> {
        let (micro, _) = value::scaled(column, &self.plain(column, text)?, 6)?;
        let micro = micro.checked_mul(times).filter(|micro| micro.unsigned_abs() < 10u128.pow(27));
        micro.map(Quantity).ok_or_else(|| format!("`{column}` is absurdly large: {}", excerpt(text)))
    }

    /// Writes a number plainly: a sign, digits, a point.
    ///
    /// # Errors
    /// That the text is no number written this way.
    pub(super) fn plain(&self, column: &str, text: &str) -> Result<String, String> {
        let wrong = || {
            let thousands = self.thousands.map_or("no thousands".into(), |mark| format!("thousands = \"{mark}\""));
            let how = format!("decimal = \"{}\", {thousands}", self.decimal);
            format!("`{column}` is not a number with {how}: {}", excerpt(text))
        };
        let (is_negative, body) = unsigned(text).ok_or_else(wrong)?;
        let (mantissa, exponent) = match body.find(['e', 'E']) {
            Some(at) => body.split_at(at),
            None => (body, ""),
        };
        let (whole, decimals) = mantissa.split_once(self.decimal).unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let whole = self.ungrouped(whole).ok_or_else(wrong)?;
        let exponent_digits = exponent.trim_start_matches(['e', 'E']).trim_start_matches(['+', '-']);
        let is_exponent = exponent.is_empty() || !exponent_digits.is_empty() && is_digits(exponent_digits);
        if !is_digits(&whole) || !is_digits(decimals) || whole.len() + decimals.len() == 0 || !is_exponent {
            return Err(wrong());
        }
        let sign = if is_negative { "-" } else { "" };
        let whole = if whole.is_empty() { "0" } else { &whole };
        let point = if decimals.is_empty() { "" } else { "." };
        Ok(format!("{sign}{whole}{point}{decimals}{exponent}"))
    }

    /// Takes the marks between thousands out; `None` where they do not stand between thousands.
    fn ungrouped(&self, whole: &str) -> Option<String> {
        let Some(mark) = self.thousands else { return Some(whole.to_string()) };
        let is_mark = |c: char| c == mark || SPACES.contains(&mark) && SPACES.contains(&c);
        let groups: Vec<&str> = whole.split(is_mark).collect();
        let (first, rest) = groups.split_first()?;
        // India groups by two above the thousands.
        let (last, middle) = rest.split_last().map_or((None, rest), |(last, middle)| (Some(last), middle));
        let fits = last.is_none_or(|last| last.len() == 3 && (1..=3).contains(&first.len()))
            && middle.iter().all(|group| matches!(group.len(), 2 | 3));
        fits.then(|| groups.concat())
    }
}

/// Takes sign, brackets and currency off a number.
fn unsigned(text: &str) -> Option<(bool, &str)> {
    let is_around = |c: char| SPACES.contains(&c) || matches!(c, '$' | '€' | '£' | '¥' | '₹');
    let strip = |text: &str| -> (usize, usize) {
        let start = text.len() - text.trim_start_matches(is_around).len();
        (start, text.trim_end_matches(is_around).len().max(start))
    };
    let inner = |text: &'_ str| {
        let (start, end) = strip(text);
        start..end
    };
    let body = &text[inner(text)];
    if let Some(bracketed) = body.strip_prefix('(') {
        let body = bracketed.strip_suffix(')')?;
        let body = &body[inner(body)];
        return (!body.contains(MINUSES)).then_some((true, body));
    }
    let leading = body.strip_prefix(MINUSES);
    let trailing = body.strip_suffix(MINUSES);
    let (is_negative, body) = match (leading, trailing) {
        (Some(_), Some(_)) => return None,
        (Some(body), None) | (None, Some(body)) => (true, body),
        (None, None) => (false, body.strip_prefix('+').unwrap_or(body)),
    };
    Some((is_negative, &body[inner(body)]))
}
