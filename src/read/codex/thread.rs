//! What a session file says of its thread: who it is, whose child it is, and what its calls are for.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::provider;
use crate::read::value;

/// The thread of a file, from its first `session_meta`, and what its turns run with.
#[derive(Debug, Default)]
pub(super) struct Thread {
    /// The thread's own id.
    pub(super) id: Option<String>,
    /// When it was created.
    pub(super) start: Option<Timestamp>,
    /// Whether it began as a fork or as the child of another thread.
    pub(super) is_child: bool,
    /// Whether another thread's header lies in this file: its history was copied along.
    pub(super) has_copies: bool,
    session: Option<String>,
    provider: Option<String>,
    agent: Option<String>,
    workspace: Option<String>,
    extra: Vec<(&'static str, String)>,
    model: Option<String>,
    has_turn: bool,
    effort: Option<String>,
    tier: Option<String>,
    turn: Option<String>,
}

impl Thread {
    /// Takes a header, stamped `ts`, and tells whether a copied history may follow. The first header is the
    /// thread's own; others came with such a history.
    pub(super) fn meta(&mut self, payload: Node<'_>, ts: Option<Timestamp>) -> bool {
        let id = header_id(payload);
        if self.id.is_some() {
            let is_foreign = self.is_other(payload);
            self.has_copies |= is_foreign;
            return is_foreign;
        }
        self.session = text(payload, "session_id").or_else(|| id.clone());
        self.id = id;
        let created = payload.get("timestamp").and_then(|node| fields::time(node).ok()).map(|(ts, _)| ts);
        self.start = created.or(ts);
        self.provider = text(payload, "model_provider");
        self.workspace = text(payload, "cwd").as_deref().and_then(last_folder);
        for (key, node) in [
            ("originator", payload.get("originator")),
            ("cli_version", payload.get("cli_version")),
            ("git_branch", payload.path(&["git", "branch"])),
        ] {
            self.keep(key, node);
        }
        self.origin(payload);
        self.is_child
    }

    /// Tells whether a header is another thread's.
    pub(super) fn is_other(&self, payload: Node<'_>) -> bool {
        let id = header_id(payload);
        id.is_some() && self.id.is_some() && id != self.id
    }

    /// Takes what makes the thread somebody's child.
    fn origin(&mut self, payload: Node<'_>) {
        let subagent = payload.get("source").and_then(|source| source.first(&["subagent", "internal"]));
        let spawn = subagent.and_then(|subagent| subagent.get("thread_spawn"));
        let forked = text(payload, "forked_from_id");
        let parent = text(payload, "parent_thread_id")
            .or_else(|| spawn.and_then(|spawn| text(spawn, "parent_thread_id")))
            .or(forked.clone());
        self.is_child = forked.is_some() || parent.is_some() || subagent.is_some();
        self.agent = subagent.map(|subagent| agent_name(subagent, spawn));
        if let Some(parent) = parent {
            self.extra.push(("parent_thread", parent));
        }
        if self.session != self.id {
            self.extra.extend(self.id.clone().map(|id| ("thread", id)));
        }
        self.keep("agent_nickname", spawn.and_then(|spawn| spawn.get("agent_nickname")));
    }

    fn keep(&mut self, key: &'static str, node: Option<Node<'_>>) {
        self.extra.extend(node.and_then(Node::str).map(|text| (key, text.into_owned())));
    }

    /// Takes what a turn runs with.
    pub(super) fn turn(&mut self, payload: Node<'_>) {
        if let Some(model) = text(payload, "model") {
            self.model = Some(model);
            self.has_turn = true;
        }
        self.effort = text(payload, "effort");
        self.turn = text(payload, "turn_id");
        if self.workspace.is_none() {
            self.workspace = text(payload, "cwd").as_deref().and_then(last_folder);
        }
    }

    /// Takes settings of the thread: the service mode, and the model until a turn names it.
    pub(super) fn settings(&mut self, settings: Node<'_>) {
        // What Codex calls fast is sent as OpenAI's `priority`.
        let tier = text(settings, "service_tier").filter(|tier| value::is_tier(tier));
        self.tier = tier.map(|tier| if tier == "fast" { "priority".into() } else { tier });
        if !self.has_turn {
            self.model = text(settings, "model");
        }
    }

    /// Returns the model of the turn, as it enters a call's id.
    pub(super) fn model(&self) -> &str {
        self.model.as_deref().unwrap_or("?")
    }

    /// Starts a call of the thread.
    pub(super) fn call(&self, line: u64, ts: Timestamp, flags: Flags) -> Call<'_> {
        let mut call = Call { line, ts, flags, ..Call::default() };
        call.set(Dim::Provider, provider::fold(self.provider.as_deref().unwrap_or("openai")));
        call.set(Dim::Status, "ok");
        for (dim, value) in [
            (Dim::Model, &self.model),
            (Dim::Session, &self.session),
            (Dim::Agent, &self.agent),
            (Dim::Workspace, &self.workspace),
            (Dim::Run, &self.turn),
        ] {
            if let Some(value) = value {
                call.set(dim, value.as_str());
            }
        }
        if let Some(tier) = self.tier.as_deref().and_then(value::tier) {
            call.set(Dim::Tier, tier);
        }
        if let Some(effort) = &self.effort {
            fields::set_extra(&mut call, "effort", effort.as_str().into());
        }
        for (key, value) in &self.extra {
            fields::set_extra(&mut call, key, value.as_str().into());
        }
        call
    }
}

fn header_id(payload: Node<'_>) -> Option<String> {
    text(payload, "id").or_else(|| text(payload, "session_id"))
}

/// Names a subagent by what it is for; its nickname is drawn by lot.
fn agent_name(subagent: Node<'_>, spawn: Option<Node<'_>>) -> String {
    let spawned = spawn.and_then(|spawn| {
        let role = text(spawn, "agent_role").or_else(|| text(spawn, "agent_type"));
        role.or_else(|| text(spawn, "agent_path").map(|path| path.trim_matches('/').to_string()))
    });
    spawned
        .or_else(|| subagent.str().map(Cow::into_owned))
        .or_else(|| text(subagent, "other"))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "subagent".into())
}

/// Returns the text of a key that says something.
pub(super) fn text(node: Node<'_>, key: &str) -> Option<String> {
    node.get(key).and_then(Node::str).filter(|text| !text.is_empty()).map(Cow::into_owned)
}

/// Returns the last folder of a path, whichever system wrote it.
fn last_folder(path: &str) -> Option<String> {
    path.split(['/', '\\']).rfind(|part| !part.is_empty()).map(str::to_string)
}
