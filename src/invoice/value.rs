//! Amounts, quantities and days as bills write them. Nothing here guesses: what is not clearly a value is an error.

use std::borrow::Cow;

use chrono::Days;
use chrono::NaiveDate;

use crate::domain::Amount;
use crate::domain::Quantity;
use crate::domain::Timestamp;
use crate::domain::Zone;
use crate::domain::money::parse_scaled;
use crate::read::json::Kind;
use crate::read::json::Node;
use crate::read::value::excerpt;

/// Decimals kept of an amount.
const SCALE: i32 = 12;
/// Decimals kept of a quantity.
const MICRO_SCALE: i32 = 6;

/// Returns the text of a field; `None` where it is absent, null, empty, or spelled `NULL`.
pub fn text<'t>(record: Node<'t>, key: &str) -> Option<Cow<'t, str>> {
    let text = record.get(key)?.text()?;
    (!text.is_empty() && text != "NULL").then_some(text)
}

/// Returns the text of a field that must have one.
///
/// # Errors
/// That the column is missing, or that the cell is empty.
pub fn required<'t>(record: Node<'t>, key: &str) -> Result<Cow<'t, str>, String> {
    if !record.has(key) {
        return Err(missing(record, key));
    }
    text(record, key).ok_or_else(|| format!("`{key}` is empty"))
}

/// Refuses a record that lacks one of the columns: it was renamed, or the file is another export.
///
/// # Errors
/// Which column is missing, and which there are.
pub fn require(record: Node<'_>, keys: &[&str]) -> Result<(), String> {
    keys.iter().find(|key| !record.has(key)).map_or(Ok(()), |key| Err(missing(record, key)))
}

fn missing(record: Node<'_>, key: &str) -> String {
    let names: Vec<String> = record.fields().map(|(name, _)| excerpt(name)).collect();
    format!("column `{key}` is missing; there are {}", names.join(", "))
}

/// Reads an amount of a currency, `10^-scale` a unit: scale 0 for dollars, 2 for cents. Absent, null and empty are none.
///
/// Signs, exponents and any number of decimals are read exactly; thousands separators and decimal commas are refused,
/// because a provider's own export has none.
///
/// # Errors
/// What is wrong with the text.
pub fn amount<'t>(record: Node<'t>, key: &str, scale: i32) -> Result<Option<Amount<'t>>, String> {
    let Some(raw) = number_text(record, key)? else { return Ok(None) };
    let (pico, exact) = parse_scaled(&raw, SCALE - scale).map_err(|_| not_a_number(key, &raw))?;
    if i64::try_from(pico).is_err() && pico.unsigned_abs() > 10u128.pow(27) {
        return Err(format!("`{key}` is absurdly large: {}", excerpt(&raw)));
    }
    Ok(Some(Amount { pico, text: (!exact).then_some(raw) }))
}

/// Reads a quantity; `times` is how many tokens or uses the file's unit stands for. Absent, null and empty are none.
///
/// # Errors
/// What is wrong with the text.
pub fn quantity(record: Node<'_>, key: &str, times: i128) -> Result<Option<Quantity>, String> {
    let Some(raw) = number_text(record, key)? else { return Ok(None) };
    let (micro, _) = parse_scaled(&raw, MICRO_SCALE).map_err(|_| not_a_number(key, &raw))?;
    let micro = micro.checked_mul(times).filter(|micro| micro.unsigned_abs() < 10u128.pow(27));
    micro.map(|micro| Some(Quantity(micro))).ok_or_else(|| format!("`{key}` is absurdly large: {}", excerpt(&raw)))
}

/// Returns how many tokens a unit stands for: `Tokens`, `1K tokens`, `1000 Tokens`, `Million tokens`. None if it is no
/// unit of tokens that is known.
pub fn tokens_in_unit(unit: &str) -> Option<i128> {
    let unit = unit.trim().to_ascii_lowercase();
    let block = unit.strip_suffix("tokens").or_else(|| unit.strip_suffix("token"))?.trim();
    let (digits, scale) = match block.strip_suffix('k').or_else(|| block.strip_suffix("thousand")) {
        Some(digits) => (digits, 1_000),
        None => match block.strip_suffix('m').or_else(|| block.strip_suffix("million")) {
            Some(digits) => (digits, 1_000_000),
            None => (block, 1),
        },
    };
    let digits = digits.trim().replace(',', "");
    let count = if digits.is_empty() { Some(1) } else { digits.parse::<i128>().ok() };
    count.filter(|count| (1..=1_000_000_000).contains(count)).map(|count| count * scale)
}

/// Reads a plain decimal as an integer of `10^-scale` units; tells too whether nothing was rounded away.
///
/// # Errors
/// What is wrong with the text.
pub fn scaled(key: &str, plain: &str, scale: i32) -> Result<(i128, bool), String> {
    let (value, is_exact) = parse_scaled(plain, scale).map_err(|_| not_a_number(key, plain))?;
    if value.unsigned_abs() > 10u128.pow(27) {
        return Err(format!("`{key}` is absurdly large: {}", excerpt(plain)));
    }
    Ok((value, is_exact))
}

fn number_text<'t>(record: Node<'t>, key: &str) -> Result<Option<Cow<'t, str>>, String> {
    let Some(node) = record.get(key).filter(|node| !node.is_null()) else { return Ok(None) };
    match node.kind() {
        Kind::Number => Ok(Some(Cow::Borrowed(node.raw()))),
        // Not `text`, to which an empty cell is as good as a list.
        _ => match node.scalar() {
            Some(text) if text == "NULL" || text.trim().is_empty() => Ok(None),
            Some(text) => Ok(Some(text)),
            None => Err(format!("`{key}` is not a number")),
        },
    }
}

fn not_a_number(key: &str, raw: &str) -> String {
    let hint = match raw.contains(',') {
        true => " (a spreadsheet has rewritten it? export the file again, or map it with [invoice.NAME])",
        false => "",
    };
    format!("`{key}` is not a number: {}{hint}", excerpt(raw))
}

/// Reads a day (`2026-06-24`, also with a time behind it) as the span of that day in a zone; an hour (`2025-12-04 10:00`)
/// as the span of that hour.
///
/// # Errors
/// That the text is no such day, with what may have happened to it.
pub fn day(key: &str, text: &str, zone: Zone) -> Result<(Timestamp, Timestamp), String> {
    let date = text.get(..10).and_then(|date| NaiveDate::parse_from_str(date, "%Y-%m-%d").ok());
    let date = date.ok_or_else(|| not_a_day(key, text))?;
    let rest = text.get(10..).unwrap_or_default().trim_start_matches(['T', ' ']);
    let span = (zone.start_of_day(date), zone.start_of_day(date + Days::new(1)));
    if span.0 >= span.1 {
        // Centuries away, where instants saturate.
        return Err(not_a_day(key, text));
    }
    let clock = rest.trim_end_matches('Z').trim_end_matches("+00:00");
    if clock.is_empty() || clock.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.')) && clock.len() > 5 {
        return Ok(span);
    }
    let hour = clock.get(..2).and_then(|hour| hour.parse::<i64>().ok()).filter(|hour| *hour < 24);
    match (hour, clock.get(2..).unwrap_or_default()) {
        (Some(hour), ":00" | ":00:00" | ":00:00.000") => {
            let start = Timestamp(span.0.0.saturating_add(hour * 3_600 * crate::domain::time::NANOS));
            Ok((start, Timestamp(start.0.saturating_add(3_600 * crate::domain::time::NANOS))))
        }
        _ => Err(not_a_day(key, text)),
    }
}

fn not_a_day(key: &str, text: &str) -> String {
    let hint = match text.contains('/') || text.parse::<f64>().is_ok() || text.contains('.') {
        true => {
            " (a spreadsheet has rewritten it? export the file again, or map it with [invoice.NAME] and date_format)"
        }
        false => "",
    };
    format!("`{key}` is not a day: {}{hint}", excerpt(text))
}

/// Reads an instant, RFC 3339 or an epoch number; one without a zone is UTC.
///
/// # Errors
/// That the text is none.
pub fn instant(key: &str, text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map(|parsed| parsed.ts).map_err(|error| format!("`{key}`: {error}: {}", excerpt(text)))
}

/// Returns a currency as ISO 4217 writes it.
///
/// # Errors
/// That the text is no currency.
pub fn currency(text: &str) -> Result<Cow<'_, str>, String> {
    let text = text.trim();
    match text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        true if text.bytes().all(|byte| byte.is_ascii_uppercase()) => Ok(Cow::Borrowed(text)),
        true => Ok(Cow::Owned(text.to_ascii_uppercase())),
        false => Err(format!("not a currency: {}", excerpt(text))),
    }
}
