//! Searches that an answer was grounded on, which are billed by the use.
//!
//! What is counted are the queries: up to 2.5 the price table bills a grounded prompt once, from 3 on each query.
//! Searches in the caller's own documents (`retrievedContext`) have no fee of their own.

use crate::domain::Call;
use crate::read::json::Node;

/// Takes the tools that an answer, or the chunks of one, tell of.
pub(super) fn take(body: Node<'_>, call: &mut Call<'_>) {
    let (mut searches, mut maps) = (0, 0);
    let chunks = body.items().chain(Some(body).filter(|body| body.is_object()));
    // A later chunk repeats what an earlier one said.
    for candidate in chunks.filter_map(|chunk| chunk.get("candidates")).flat_map(Node::items) {
        if let Some(metadata) = candidate.first(&["groundingMetadata", "grounding_metadata"]) {
            let (found, mapped) = count(metadata);
            searches = searches.max(found);
            maps = maps.max(mapped);
        }
    }
    for (tool, uses) in [("google_search", searches), ("google_maps", maps)] {
        if uses > 0 {
            call.tools.push((tool.into(), uses));
        }
    }
}

/// Returns the searches in the web and whether maps were used. An empty object grounded nothing.
fn count(metadata: Node<'_>) -> (u64, u64) {
    let queries = metadata.first(&["webSearchQueries", "web_search_queries"]);
    let asked = queries.into_iter().flat_map(Node::items).filter(|query| !query.raw().trim().is_empty()).count() as u64;
    let sources = || metadata.first(&["groundingChunks", "grounding_chunks"]).into_iter().flat_map(Node::items);
    let from_web = sources().any(|source| source.get("web").is_some())
        || metadata.first(&["searchEntryPoint", "search_entry_point"]).is_some();
    let from_maps = sources().any(|source| source.get("maps").is_some());
    (asked.max(u64::from(from_web)), u64::from(from_maps))
}
