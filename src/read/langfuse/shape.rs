//! The shapes Langfuse's data comes in: a row, a page of the API, the download of a single trace.

use crate::read::json::Node;
use crate::read::observability;

/// One thing a record holds.
pub(super) enum Item<'t> {
    /// An observation.
    Observation(Node<'t>),
    /// A trace, without its observations.
    Trace(Node<'t>),
    /// Something that is no call, for this reason.
    Skip(&'static str),
    /// Nothing known.
    Unknown,
}

/// Tells whether a record is Langfuse's, judging by its keys.
pub(super) fn is_mine(record: Node<'_>) -> bool {
    is_row(record) || is_download(record) || page(record).is_some()
}

fn is_row(node: Node<'_>) -> bool {
    is_observation(node) || is_trace(node) || is_score(node)
}

fn is_observation(node: Node<'_>) -> bool {
    if node.has("traceId") {
        node.has("type") && (node.has("usageDetails") || node.has_all(&["startTime", "parentObservationId"]))
    } else {
        node.has("trace_id")
            && (node.has_all(&["usage_details", "provided_model_name"])
                || node.has_all(&["type", "start_time", "parent_observation_id"]))
    }
}

fn is_trace(node: Node<'_>) -> bool {
    node.has_all(&["id", "timestamp", "release", "tags"])
        && (node.has("sessionId") || node.has("session_id"))
        && ["public", "bookmarked", "htmlPath"].iter().any(|key| node.has(key))
}

fn is_score(node: Node<'_>) -> bool {
    node.has_all(&["name", "value", "source"])
        && (node.has_all(&["traceId", "dataType"]) || node.has_all(&["trace_id", "data_type"]))
}

fn is_download(node: Node<'_>) -> bool {
    node.has_all(&["trace", "observations"])
}

/// Returns the list of an API page.
fn page(node: Node<'_>) -> Option<Node<'_>> {
    let list = node.get("data").filter(|_| node.has("meta"))?;
    list.items().next().is_some_and(is_row).then_some(list)
}

/// Returns everything a record holds.
pub(super) fn items(record: Node<'_>) -> Vec<Item<'_>> {
    if is_download(record) {
        let trace = record.get("trace");
        let lists = [record.get("observations"), trace.and_then(|trace| trace.get("observations"))];
        return trace.map(Item::Trace).into_iter().chain(listed(lists)).collect();
    }
    if let Some(list) = page(record) {
        return list.items().map(row).collect();
    }
    // A single trace of the API has its observations inside; in a list of traces there are only their ids.
    let inner = record.get("observations").filter(|list| list.items().any(Node::is_object));
    match inner.filter(|_| is_trace(record)) {
        Some(list) => std::iter::once(Item::Trace(record)).chain(listed([Some(list), None])).collect(),
        None => vec![row(record)],
    }
}

fn row(node: Node<'_>) -> Item<'_> {
    if is_observation(node) {
        Item::Observation(node)
    } else if is_trace(node) {
        Item::Trace(node)
    } else if is_score(node) {
        Item::Skip("score")
    } else {
        Item::Unknown
    }
}

/// Returns the observations of two lists, each once: a download holds every one twice. The listing that has its
/// usage is taken.
fn listed<'t>(lists: [Option<Node<'t>>; 2]) -> impl Iterator<Item = Item<'t>> {
    let mut places = std::collections::HashMap::new();
    let mut items: Vec<Item<'t>> = Vec::new();
    for node in lists.into_iter().flatten().flat_map(Node::items) {
        if !node.is_object() {
            items.push(Item::Unknown);
            continue;
        }
        // In a trace of its own everything is an observation, whatever else it lacks: what is missing is told.
        let Some(id) = observability::text(node.get("id")) else {
            items.push(Item::Observation(node));
            continue;
        };
        match places.get(&id).copied() {
            None => {
                places.insert(id, items.len());
                items.push(Item::Observation(node));
            }
            Some(at) => {
                if let Some(Item::Observation(known)) = items.get_mut(at)
                    && known.get("usageDetails").is_none()
                    && node.get("usageDetails").is_some()
                {
                    *known = node;
                }
                items.push(Item::Skip("repeat"));
            }
        }
    }
    items.into_iter()
}
