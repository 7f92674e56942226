//! Ids and times of spans, in the spellings that exporters use.

use std::borrow::Cow;

use crate::domain::time::EARLIEST;
use crate::domain::time::LATEST;
use crate::read::fields;
use crate::read::json::Node;

/// How many bytes a trace id has.
pub(in crate::read) const TRACE: usize = 16;
/// How many bytes a span id has.
pub(in crate::read) const SPAN: usize = 8;

/// Reads nanoseconds since 1970, a number or a text of one; other units are told by their size.
pub(in crate::read) fn nanos(node: Node<'_>) -> Result<i64, String> {
    match node.raw().parse::<i64>() {
        Ok(nanos) if (EARLIEST.0..LATEST.0).contains(&nanos) => Ok(nanos),
        _ => fields::time(node).map(|(ts, _)| ts.0),
    }
}

/// Returns the instant so many microseconds after another.
pub(in crate::read) fn later(start: i64, micros: Option<Node<'_>>) -> i64 {
    let micros = micros.and_then(Node::scalar).and_then(|text| text.parse::<f64>().ok());
    // A float rounded to an integer saturates; a year in one span is no measure.
    let micros = micros.filter(|micros| (0.0..3.2e13).contains(micros)).unwrap_or(0.0);
    start.saturating_add((micros * 1_000.0) as i64)
}

/// Returns a span's name; a text too long for one is somebody's prompt.
pub(in crate::read) fn name(node: Option<Node<'_>>) -> Cow<'_, str> {
    node.and_then(Node::str).filter(|name| name.len() <= 200).unwrap_or_default()
}

/// Reads an id of so many bytes under one of several names.
pub(in crate::read) fn id<'t>(node: Node<'t>, names: &[&str], bytes: usize) -> Option<Cow<'t, str>> {
    let text = node.first(names).and_then(Node::scalar)?;
    hex_id(bare(text), bytes)
}

/// Removes the `0x` of an id, and what a table writes for none.
fn bare(text: Cow<'_, str>) -> Cow<'_, str> {
    if matches!(&*text, "nan" | "NaN" | "None" | "null" | "undefined") {
        return Cow::Borrowed("");
    }
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_prefix("0x").unwrap_or(text)),
        Cow::Owned(text) => Cow::Owned(text.strip_prefix("0x").map(str::to_string).unwrap_or(text)),
    }
}

/// Fills up the zeros that a hexadecimal id was written without.
pub(in crate::read) fn padded(text: Cow<'_, str>, bytes: usize) -> Cow<'_, str> {
    let short = text.len() < bytes * 2 && text.len() >= bytes && text.bytes().all(|b| b.is_ascii_hexdigit());
    if short { format!("{text:0>width$}", width = bytes * 2).into() } else { text }
}

/// Brings an id to lower-case hex: the protobuf mapping for traces says hex, general protobuf JSON base64.
/// An id that is neither stays as it is; one that is empty or all zeros is none.
pub(in crate::read) fn hex_id(text: Cow<'_, str>, bytes: usize) -> Option<Cow<'_, str>> {
    let is_hex = text.len() == bytes * 2 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if text.is_empty() || text.bytes().all(|b| b == b'0') {
        return None;
    }
    if is_hex {
        return Some(if text.bytes().any(|b| b.is_ascii_uppercase()) {
            text.to_ascii_lowercase().into()
        } else {
            text
        });
    }
    // Padding tells base64 from an id that somebody made up of the same letters.
    if !text.ends_with('=') || text.len() != bytes.div_ceil(3) * 4 {
        return Some(text);
    }
    match base64(&text).filter(|decoded| decoded.len() == bytes) {
        Some(decoded) if decoded.iter().all(|byte| *byte == 0) => None,
        Some(decoded) => Some(decoded.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()),
        None => Some(text),
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').bytes().map(|b| match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'a'..=b'z' => Some(b - b'a' + 26),
        b'0'..=b'9' => Some(b - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    });
    let digits = digits.collect::<Option<Vec<u8>>>()?;
    let joined = digits.chunks(4).flat_map(|four| {
        let word = four.iter().fold(0u32, |word, digit| word << 6 | u32::from(*digit)) << (6 * (4 - four.len()));
        word.to_be_bytes().into_iter().skip(1).take(four.len() * 6 / 8)
    });
    Some(joined.collect())
}
