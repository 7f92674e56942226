//! What a line says of its call, copied: everything but counts and the agent's kind.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::anthropic;
use crate::read::anthropic::Counts;
use crate::read::claude_code::line::Line;
use crate::read::fields;
use crate::read::json::Node;

/// Takes what a line says of its call, all but counts and agent.
pub(super) fn describe(line: &Line<'_>, call: &mut Call<'static>) {
    let id = line.message.id.or(line.request).or(line.uuid).and_then(Node::str);
    if id.as_deref().is_some_and(names_one_call) {
        call.flags.add(Flags::UNIQUE_ID);
    }
    let model = line.message.model.and_then(Node::str).filter(|_| !line.is_error);
    let seller = anthropic::seller(id.as_deref());
    // Gateways serve other makers' models under this format; who bills for those is not told.
    if seller != "anthropic" || model.as_ref().is_some_and(|model| model.contains("claude")) {
        call.set(Dim::Provider, seller);
    }
    call.request_id = id.map(|id| id.into_owned().into());
    if line.is_sidechain {
        // Where the main conversation has the call too, that one is believed; a subagent's own calls are nowhere else.
        call.flags.add(Flags::SECONDARY);
    }
    let folder = line.cwd.and_then(Node::str).map(|cwd| last_folder(&cwd).to_string());
    for (dim, value) in [
        (Dim::Model, model.map(Cow::into_owned)),
        (Dim::Session, owned(line.session)),
        (Dim::Workspace, folder),
        (Dim::Skill, owned(line.skill)),
    ] {
        if let Some(value) = value {
            call.set(dim, value);
        }
    }
    for (key, node) in [
        ("git_branch", line.branch),
        ("version", line.version),
        ("entrypoint", line.entrypoint),
        ("plugin", line.plugin),
        ("mcp_server", line.mcp_server),
    ] {
        if let Some(value) = owned(node).filter(|value| fields::is_short(key, value) && !value.is_empty()) {
            // The keys are distinct: no look for an earlier one.
            call.extra.push((key.into(), value.into()));
        }
    }
}

/// Returns the name of a helper that is given the conversation so far and writes it out again.
pub(super) fn replaying(agent: &str) -> Option<&'static str> {
    if agent.starts_with("aside_question-") {
        Some("aside_question")
    } else if agent.starts_with("acompact-") {
        Some("acompact")
    } else {
        None
    }
}

/// Tells whether an id is the provider's and not a counter of some gateway's.
pub(super) fn names_one_call(id: &str) -> bool {
    id.len() >= 16 || id.starts_with("msg_") || id.starts_with("req_")
}

/// Tells whether an output count is the one of the stream's start: no token of a text is that long.
pub(super) fn is_placeholder(output: u64, answer_len: usize) -> bool {
    answer_len as u64 > 100 + 30 * output
}

/// Takes service mode and region of one of a call's records.
pub(super) fn take_mode(usage: Node<'_>, call: &mut Call<'static>) {
    let (tier, geo) = anthropic::mode(usage);
    if let Some(tier) = tier.filter(|tier| tier == "fast" || call.dim(Dim::Tier).is_none()) {
        call.set(Dim::Tier, tier.into_owned());
    }
    if let Some(geo) = geo.filter(|_| call.dim(Dim::Region).is_none()) {
        call.set(Dim::Region, geo.into_owned());
        call.flags.add(Flags::GEO_STATED);
    }
}

/// Returns the requests made inside an answer, each as a call of its own.
pub(super) fn inner_calls(
    usage: Node<'_>,
    counts: &Counts,
    outer: &Call<'static>,
) -> Result<Vec<Call<'static>>, String> {
    if usage.get("iterations").is_none_or(|list| list.items().next().is_none()) {
        return Ok(Vec::new());
    }
    let mut outer = outer.clone();
    counts.set(&mut outer);
    Ok(anthropic::inner_calls(Some(usage), &outer)?.into_iter().map(Call::into_owned).collect())
}

/// Returns all tokens of some calls.
pub(super) fn sum(calls: &[Call<'_>]) -> u64 {
    calls.iter().flat_map(|call| call.tokens.iter()).map(|(_, count)| count).sum()
}

/// Returns the last folder of a path, of either kind of system.
fn last_folder(path: &str) -> &str {
    path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Returns the text of a field.
pub(super) fn owned(node: Option<Node<'_>>) -> Option<String> {
    Some(node?.str()?.into_owned())
}
