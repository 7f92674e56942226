//! What makes a span a span: ids and times, in the spellings that exporters use.

use std::borrow::Cow;

use crate::domain::time::EARLIEST;
use crate::domain::time::LATEST;
use crate::read::Span;
use crate::read::fields;
use crate::read::json::Node;

/// Reads what makes a span a span: ids and times.
pub(super) fn read(node: Node<'_>) -> Result<Span<'_>, String> {
    let field = |names: &[&str]| node.first(names);
    let id = |names: &[&str], bytes: usize| field(names).and_then(Node::str).and_then(|text| hex_id(text, bytes));
    let trace = id(&["traceId", "trace_id"], 16).ok_or("a span without `traceId`")?;
    let own = id(&["spanId", "span_id"], 8).ok_or("a span without `spanId`")?;
    let start = field(&["startTimeUnixNano", "start_time_unix_nano"]).ok_or("a span without `startTimeUnixNano`")?;
    let start = nanos(start).map_err(|reason| format!("`startTimeUnixNano`: {reason}"))?;
    let end = field(&["endTimeUnixNano", "end_time_unix_nano"]).and_then(|end| nanos(end).ok()).unwrap_or(start);
    Ok(Span {
        trace,
        parent: id(&["parentSpanId", "parent_span_id"], 8).filter(|parent| *parent != own),
        id: own,
        name: field(&["name"]).and_then(Node::str).filter(|name| name.len() <= 200).unwrap_or_default(),
        start,
        end,
        ..Span::default()
    })
}

/// Reads nanoseconds since 1970, a number or a text of one.
fn nanos(node: Node<'_>) -> Result<i64, String> {
    match node.raw().parse::<i64>() {
        Ok(nanos) if (EARLIEST.0..LATEST.0).contains(&nanos) => Ok(nanos),
        _ => fields::time(node).map(|(ts, _)| ts.0),
    }
}

/// Brings an id to lower-case hex: the protobuf mapping for traces says hex, general protobuf JSON base64.
/// An id that is neither stays as it is; one that is empty or all zeros is none.
fn hex_id(text: Cow<'_, str>, bytes: usize) -> Option<Cow<'_, str>> {
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
