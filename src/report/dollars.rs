//! Dollars as people read them.

use crate::domain::Usd;
use crate::domain::money::PICO_PER_USD;
use crate::domain::money::div_half_even;

/// Writes dollars with two decimals, or with as many as a small amount needs to show three digits.
pub fn usd(amount: Usd) -> String {
    let pico = amount.pico();
    let sign = if pico < 0 { "-" } else { "" };
    let magnitude = pico.abs();
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

/// Writes dollars that went up or down, with their sign.
pub fn change(amount: Usd) -> String {
    let sign = if amount > Usd::ZERO { "+" } else { "" };
    format!("{sign}{}", usd(amount))
}

/// Sets a comma before every third digit from the end.
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
