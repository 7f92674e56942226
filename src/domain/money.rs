//! Money, exact: whole picodollars, never a binary float. How many digits a reader sees is `render`'s business.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

/// Picodollars in one dollar.
pub const PICO_PER_USD: i128 = 1_000_000_000_000;

/// An exact amount of US dollars, in whole picodollars (1e-12 USD).
///
/// One call's cost fits 64 bits and is stored so; sums need more (an `i64` overflows at 9.2 million dollars),
/// hence the 128 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(i128);

/// Why a text is not an amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a decimal number.
    #[error("not a decimal number")]
    NotADecimal,
    /// The number has digits below a picodollar.
    #[error("more than 12 decimals")]
    TooFine,
    /// The number does not fit.
    #[error("number too large")]
    TooLarge,
}

impl Usd {
    /// Nothing at all.
    pub const ZERO: Usd = Usd(0);

    /// Wraps a count of picodollars.
    pub const fn from_pico(pico: i128) -> Usd {
        Usd(pico)
    }

    /// Returns the count of picodollars.
    pub const fn pico(self) -> i128 {
        self.0
    }

    /// Returns the picodollars of one call as stored, or `None` past 9.2 million dollars.
    pub fn call_pico(self) -> Option<i64> {
        i64::try_from(self.0).ok()
    }

    /// Writes dollars as people read them: with two decimals, or with as many as a small amount needs to show three
    /// digits.
    pub fn rounded(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.abs();
        let decimals = match magnitude {
            0 => 2,
            m if m >= PICO_PER_USD / 10 => 2,
            m if m >= PICO_PER_USD / 100 => 4,
            m if m >= PICO_PER_USD / 10_000 => 6,
            _ => 12,
        };
        let unit = 10i128.pow(12 - decimals);
        let rounded = div_half_even(magnitude, unit);
        let scale = 10i128.pow(decimals);
        let (whole, fraction) = (rounded / scale, rounded % scale);
        let mut digits = format!("{fraction:0width$}", width = decimals as usize);
        while digits.len() > 6 && digits.ends_with('0') {
            digits.pop();
        }
        format!("{sign}${}.{digits}", grouped(&whole.to_string()))
    }

    /// Writes dollars that went up or down as people read them, with their sign.
    pub fn signed(self) -> String {
        let sign = if self.0 > 0 { "+" } else { "" };
        format!("{sign}{}", self.rounded())
    }

    /// Reads a decimal text (`12`, `0.02675025`, `5.94e-05`, `$0.0012`), refusing digits below a picodollar.
    pub fn parse(text: &str) -> Result<Usd, MoneyError> {
        let (value, exact) = parse_scaled(text, 12)?;
        if exact { Ok(Usd(value)) } else { Err(MoneyError::TooFine) }
    }

    /// Reads a decimal text and rounds it half to even to a picodollar, as logged floats need it
    /// (`0.0005940000000000001`).
    pub fn parse_rounded(text: &str) -> Result<Usd, MoneyError> {
        Ok(Usd(parse_scaled(text, 12)?.0))
    }

    /// Rounds a count of attodollars (1e-18 USD), half to even: the one rounding of a call's cost.
    pub fn from_atto(atto: i128) -> Usd {
        Usd(div_half_even(atto, 1_000_000))
    }
}

/// Divides by a positive number, rounding half to even.
pub fn div_half_even(value: i128, by: i128) -> i128 {
    round_half_even(value, by, false)
}

/// Divides by a positive number, rounding half to even; `more` tells that the value is really a trifle larger.
fn round_half_even(value: i128, by: i128, more: bool) -> i128 {
    let (quotient, rest) = (value.div_euclid(by), value.rem_euclid(by));
    match rest.cmp(&(by - rest)) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Equal if !more => quotient + (quotient & 1),
        std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => quotient + 1,
    }
}

/// Digits that are kept one by one; of those behind only whether one is not zero decides a rounding.
const KEPT_DIGITS: u32 = 37;

/// Reads a decimal text as an integer of `10^-scale` units; tells too whether nothing was rounded away.
///
/// Accepts a sign, a leading `$`, and an exponent. Rounds half to even where the text is finer.
pub fn parse_scaled(text: &str, scale: i32) -> Result<(i128, bool), MoneyError> {
    let text = text.trim();
    let (negative, rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let rest = rest.strip_prefix('$').unwrap_or(rest);
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], rest[at + 1..].parse::<i32>().map_err(|_| MoneyError::NotADecimal)?),
        None => (rest, 0),
    };
    let (mut digits, mut decimals, mut kept) = (0i128, 0i32, 0u32);
    let (mut seen_point, mut seen_digit, mut dropped, mut dropped_any) = (false, false, 0i32, false);
    for byte in mantissa.bytes() {
        match byte {
            b'0'..=b'9' => {
                seen_digit = true;
                if kept < KEPT_DIGITS {
                    digits = digits * 10 + i128::from(byte - b'0');
                    kept += u32::from(digits > 0);
                    decimals = decimals.checked_add(i32::from(seen_point)).ok_or(MoneyError::TooLarge)?;
                } else {
                    dropped_any |= byte != b'0';
                    dropped = dropped.checked_add(i32::from(!seen_point)).ok_or(MoneyError::TooLarge)?;
                }
            }
            b'.' if !seen_point => seen_point = true,
            _ => return Err(MoneyError::NotADecimal),
        }
    }
    if !seen_digit {
        return Err(MoneyError::NotADecimal);
    }
    let shift = scale
        .checked_sub(decimals)
        .and_then(|s| s.checked_add(exponent))
        .and_then(|s| s.checked_add(dropped))
        .ok_or(MoneyError::TooLarge)?;
    let (value, exact) = if digits == 0 {
        (0, true)
    } else if shift >= 0 {
        let factor = 10i128.checked_pow(shift.unsigned_abs()).ok_or(MoneyError::TooLarge)?;
        (digits.checked_mul(factor).ok_or(MoneyError::TooLarge)?, !dropped_any)
    } else {
        match 10i128.checked_pow(shift.unsigned_abs()) {
            Some(divisor) => (round_half_even(digits, divisor, dropped_any), digits % divisor == 0 && !dropped_any),
            None => (0, false),
        }
    };
    Ok((if negative { -value } else { value }, exact))
}

impl fmt::Display for Usd {
    /// Writes the shortest exact decimal: `0.02675025`, `12`, `-0.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let pico = self.0.unsigned_abs();
        let unit = PICO_PER_USD.unsigned_abs();
        let (whole, fraction) = (pico / unit, pico % unit);
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{fraction:012}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl serde::Serialize for Usd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Usd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Usd, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        Usd::parse(&text).map_err(|error| serde::de::Error::custom(format!("`{text}`: {error}")))
    }
}

impl Add for Usd {
    type Output = Usd;
    fn add(self, other: Usd) -> Usd {
        Usd(self.0 + other.0)
    }
}

impl Sub for Usd {
    type Output = Usd;
    fn sub(self, other: Usd) -> Usd {
        Usd(self.0 - other.0)
    }
}

impl Neg for Usd {
    type Output = Usd;
    fn neg(self) -> Usd {
        Usd(-self.0)
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Usd) {
        self.0 += other.0;
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Usd>>(amounts: I) -> Usd {
        amounts.fold(Usd::ZERO, Add::add)
    }
}

/// Sets a comma between every three digits of a whole number.
pub fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}
