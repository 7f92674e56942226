//! What one line says, found in one walk over its keys and copied by nobody yet.

use std::borrow::Cow;

use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::read::fields;
use crate::read::json::Kind;
use crate::read::json::Node;

/// A line of a session, its fields by what they mean.
#[derive(Default)]
pub(super) struct Line<'t> {
    pub(super) number: u64,
    /// `user`, `assistant`, …
    pub(super) kind: &'t str,
    pub(super) time: Option<Node<'t>>,
    pub(super) session: Option<Node<'t>>,
    pub(super) uuid: Option<Node<'t>>,
    pub(super) request: Option<Node<'t>>,
    pub(super) is_sidechain: bool,
    pub(super) is_error: bool,
    pub(super) error: Option<Node<'t>>,
    pub(super) error_status: Option<Node<'t>>,
    pub(super) cost: Option<Node<'t>>,
    pub(super) cwd: Option<Node<'t>>,
    pub(super) branch: Option<Node<'t>>,
    pub(super) version: Option<Node<'t>>,
    pub(super) entrypoint: Option<Node<'t>>,
    pub(super) agent: Option<Node<'t>>,
    /// The kind of the agent, by its own name.
    pub(super) agent_type: Option<Node<'t>>,
    pub(super) skill: Option<Node<'t>>,
    pub(super) plugin: Option<Node<'t>>,
    pub(super) mcp_server: Option<Node<'t>>,
    /// The tool call that started the agent this line is of.
    pub(super) parent_tool: Option<Node<'t>>,
    pub(super) tool_result: Option<Node<'t>>,
    pub(super) message: Message<'t>,
    has_message: bool,
    has_camel_session: bool,
}

/// The answer in a line.
#[derive(Default)]
pub(super) struct Message<'t> {
    pub(super) id: Option<Node<'t>>,
    pub(super) model: Option<Node<'t>>,
    pub(super) usage: Option<Node<'t>>,
    pub(super) stop_reason: Option<Node<'t>>,
    pub(super) content: Option<Node<'t>>,
}

impl<'t> Line<'t> {
    /// Finds the fields of a record.
    pub(super) fn read(number: u64, node: Node<'t>) -> Line<'t> {
        let mut line = Line { number, ..Line::default() };
        line.take(node);
        line
    }

    fn take(&mut self, node: Node<'t>) {
        let mut progress = None;
        for (key, value) in node.fields().filter(|(_, value)| !value.is_null()) {
            let place = match key {
                "type" => {
                    self.kind = value.raw();
                    continue;
                }
                "message" => {
                    self.has_message = value.is_object();
                    self.message = Message::read(value);
                    continue;
                }
                "data" => {
                    progress = Some(value);
                    continue;
                }
                "isSidechain" => {
                    self.is_sidechain = value.bool() == Some(true);
                    continue;
                }
                "isApiErrorMessage" => {
                    self.is_error = value.bool() == Some(true);
                    continue;
                }
                "sessionId" => {
                    self.has_camel_session = true;
                    &mut self.session
                }
                // What `claude -p` prints has no time; whoever logs it may have put one there.
                "timestamp" | "ts" | "time" => &mut self.time,
                "session_id" => &mut self.session,
                "uuid" => &mut self.uuid,
                "requestId" | "request_id" => &mut self.request,
                "error" => &mut self.error,
                "apiErrorStatus" => &mut self.error_status,
                "costUSD" => &mut self.cost,
                "cwd" => &mut self.cwd,
                "gitBranch" => &mut self.branch,
                "version" => &mut self.version,
                "entrypoint" => &mut self.entrypoint,
                "agentId" => &mut self.agent,
                "attributionAgent" | "subagent_type" => &mut self.agent_type,
                "attributionSkill" => &mut self.skill,
                "attributionPlugin" => &mut self.plugin,
                "attributionMcpServer" => &mut self.mcp_server,
                "parent_tool_use_id" | "parentToolUseID" => &mut self.parent_tool,
                "toolUseResult" | "tool_use_result" => &mut self.tool_result,
                _ => continue,
            };
            *place = Some(value);
        }
        if let Some(data) = progress {
            self.take_progress(data);
        }
    }

    /// Takes the line of a subagent that its parent's session repeats while it works.
    fn take_progress(&mut self, data: Node<'t>) {
        if data.get("type").map(Node::raw) != Some("agent_progress") {
            return;
        }
        let Some(inner) = data.get("message").filter(|inner| inner.get("message").is_some()) else { return };
        let (kind, uuid) = (self.kind, self.uuid);
        self.take(inner);
        (self.kind, self.uuid) = (kind, self.uuid.or(uuid));
        self.agent = data.get("agentId").or(self.agent);
        self.agent_type = data.get("agentType").or(self.agent_type);
    }

    /// Tells whether the line holds an answer of a model, or the failure to get one.
    pub(super) fn is_call(&self) -> bool {
        let carries_usage = self.message.usage.is_some_and(Node::is_object);
        self.kind == "assistant" || carries_usage && (self.session.is_some() || self.uuid.is_some())
    }

    /// Tells whether `claude -p` printed the line.
    pub(super) fn is_printed(&self) -> bool {
        !self.has_camel_session
    }

    /// Tells whether the line is one of a session that holds no call.
    pub(super) fn is_of_session(&self, node: Node<'t>) -> bool {
        const TYPES: [&str; 8] = [
            "user",
            "system",
            "summary",
            "progress",
            "attachment",
            "file-history-snapshot",
            "queue-operation",
            "rate_limit_event",
        ];
        // A record of somebody else's that counts something is no line to pass over.
        let counts = |key: &str| {
            matches!(key, "usage" | "tokens" | "model" | "projectHash") || key.contains("oken") || key.contains("cost")
        };
        let known = self.session.is_some() || self.uuid.is_some();
        TYPES.contains(&self.kind) && !node.fields().any(|(key, _)| key == "usage" || key == "tokens")
            || !self.kind.is_empty() && known && !node.fields().any(|(key, _)| counts(key))
    }

    /// Returns why an answer without usage cannot be called a call.
    pub(super) fn lack(&self) -> Option<&'static str> {
        if !self.has_message {
            return Some("a line of type `assistant` without `message`");
        }
        let message = &self.message;
        if message.usage.is_none() && message.id.is_none() && message.model.is_none() {
            return Some("`message` has neither `id`, `model` nor `usage`");
        }
        None
    }

    /// Returns when the line was written, or `None` where it does not say.
    pub(super) fn ts(&self) -> Result<Option<(Timestamp, Flags)>, String> {
        let ts = self.time.map(fields::time).transpose();
        ts.map_err(|reason| format!("`timestamp`: {reason}"))
    }
}

impl<'t> Message<'t> {
    fn read(node: Node<'t>) -> Message<'t> {
        let mut message = Message::default();
        for (key, value) in node.fields().filter(|(_, value)| !value.is_null()) {
            match key {
                "id" => message.id = Some(value),
                "model" => message.model = Some(value),
                "usage" => message.usage = Some(value),
                "stop_reason" => message.stop_reason = Some(value),
                "content" => message.content = Some(value),
                _ => {}
            }
        }
        message
    }

    /// Returns how many bytes of answer the line holds; what a server's tool returned is none of it.
    pub(super) fn answer_len(&self) -> usize {
        let blocks = self.content.into_iter().flat_map(Node::items);
        blocks.flat_map(Node::fields).fold(0, |len, (key, value)| match (key, value.kind()) {
            ("text" | "thinking", Kind::Plain | Kind::Escaped) | ("input", Kind::Object) => len + value.span().len(),
            _ => len,
        })
    }

    /// Returns the agents that the answer starts: the id of the tool call, and the kind of the agent.
    pub(super) fn agents(&self) -> impl Iterator<Item = (Cow<'t, str>, Cow<'t, str>)> {
        let blocks = self.content.into_iter().flat_map(Node::items);
        blocks.filter_map(|block| {
            let named = block.get("name").map(Node::raw);
            (matches!(named, Some("Task" | "Agent"))).then_some(())?;
            let kind = block.path(&["input", "subagent_type"])?.str()?;
            Some((block.get("id")?.str()?, kind))
        })
    }
}
