//! What the gateway's words for a row mean: the type of call, an id, nothing at all.

use crate::read::value;

/// Tells why rows of a call type are no calls; `None` for those that are.
pub(super) fn no_call(call_type: &str) -> Option<&'static str> {
    let name = call_type.trim_start_matches('_');
    match name {
        // Reading a stored response repeats its cost each time (BerriAI/litellm issue 17814).
        "aget_responses" | "get_responses" => return Some("reread"),
        "moderation" | "amoderation" => return Some("no_call"),
        _ => {}
    }
    const MANAGED: [&str; 9] =
        ["file", "assistant", "thread", "fine_tuning", "vector_store", "mcp_tool", "list_", "delete_", "cancel_"];
    if name.contains("batch") {
        Some("batch_rollup")
    } else if MANAGED.iter().any(|word| name.contains(word)) && name != "file_search" {
        Some("no_call")
    } else {
        None
    }
}

pub(super) fn is_said(text: &str) -> bool {
    !matches!(text.trim(), "" | "None" | "null" | "NULL" | "none")
}

/// Tells an id that a provider or a generator of random ids made from one that may be somebody's counter.
pub(super) fn names_one_call(id: &str) -> bool {
    let is_random = id.len() >= 20 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    value::is_response_id(id) || is_random
}
