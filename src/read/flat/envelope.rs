//! What stands around flat records, or in pieces inside them: lists in an object, a time in two columns.

use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::read::fields;
use crate::read::json::Node;

/// Keys under which an object keeps a list of records.
const LISTS: [&str; 11] =
    ["logs", "data", "records", "results", "calls", "items", "entries", "events", "rows", "requests", "hits"];

/// Returns the list of records that an object is the envelope of.
pub(super) fn items(record: Node<'_>) -> Option<Node<'_>> {
    let is_list = |node: &Node<'_>| node.items().next().is_some_and(Node::is_object);
    record.fields().find(|(key, node)| LISTS.contains(key) && is_list(node)).map(|(_, node)| node)
}

/// Returns where in the envelope's text an item starts.
pub(super) fn offset(envelope: Node<'_>, item: Node<'_>) -> usize {
    (item.span().as_ptr() as usize).saturating_sub(envelope.span().as_ptr() as usize)
}

/// Counts the lines between two places of the envelope's text.
pub(super) fn newlines(envelope: Node<'_>, from: usize, to: usize) -> u64 {
    let between = envelope.span().as_bytes().get(from..to).unwrap_or_default();
    memchr::memchr_iter(b'\n', between).count() as u64
}

/// Puts a time of day together with the date beside it, as tables with a column for each have them.
pub(super) fn date_and_time(record: Node<'_>, time: Node<'_>) -> Option<(Timestamp, Flags)> {
    let time = time.scalar()?;
    let time = time.trim();
    let is_clock = time.len() >= 5 && time.as_bytes().get(2) == Some(&b':');
    let date = record.fields().find(|(key, _)| fields::folded(key) == "date").and_then(|(_, date)| date.scalar())?;
    let date = date.trim();
    if !is_clock || date.len() != 10 {
        return None;
    }
    let parsed = Timestamp::parse(&format!("{date}T{time}")).ok()?;
    Some((parsed.ts, if parsed.zoned { Flags::default() } else { Flags::ZONE_ASSUMED }))
}
