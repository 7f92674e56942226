//! The ways an entry of the log comes: as it is, or as a text in one of CloudWatch's envelopes.

use crate::read::json::Kind;
use crate::read::json::Node;

/// Keys of a text that is an entry.
const TEXTS: [&str; 4] = ["message", "@message", "Message", "event"];
/// Keys of a list of such records: of the API, of subscriptions, of Insights.
const LISTS: [&str; 3] = ["events", "logEvents", "results"];

/// Tells whether a node is an entry itself.
pub(super) fn is_entry(node: Node<'_>) -> bool {
    node.get("schemaType").map(Node::raw) == Some("ModelInvocationLog")
}

/// Tells whether a record is an entry or holds one, by what its texts begin to say.
pub(super) fn holds(record: Node<'_>) -> bool {
    let mut found = is_entry(record);
    if !found {
        each(record, |text| {
            found |= match text.kind() {
                Kind::Object => is_entry(text),
                _ => text.raw().contains("ModelInvocationLog") && text.raw().contains("schemaType"),
            }
        });
    }
    found
}

/// Hands on every text that may be an entry.
pub(super) fn each<'t>(record: Node<'t>, mut on: impl FnMut(Node<'t>)) {
    if let Some(text) = record.first(&TEXTS) {
        on(text);
    }
    for item in LISTS.into_iter().filter_map(|key| record.get(key)).flat_map(Node::items) {
        if let Some(text) = item.first(&TEXTS) {
            on(text);
        }
        // A row of Insights is a list of fields.
        for field in item.items().filter(|field| field.get("field").map(Node::raw) == Some("@message")) {
            if let Some(text) = field.get("value") {
                on(text);
            }
        }
    }
}
