//! A model's message in a record: where it lies, who it is from, what stands around it.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::read::CachedInput;
use crate::read::anthropic;
use crate::read::body;
use crate::read::body::Found;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::langchain::usage;
use crate::read::openai;
use crate::read::provider;
use crate::read::tokens::Reading;

/// Keys of a message: not the log author's.
const OWN: &[&str] = &[
    "content",
    "additional_kwargs",
    "response_metadata",
    "usage_metadata",
    "type",
    "name",
    "id",
    "lc",
    "kwargs",
    "data",
    "example",
    "tool_calls",
    "invalid_tool_calls",
    "tool_call_chunks",
    "chunk_position",
    "messages",
    "generations",
    "llm_output",
    "output",
    "state",
    "values",
    "run",
];

/// A message, with what its form wraps around it taken off.
pub(super) struct Message<'t> {
    node: Node<'t>,
    found: Found<'t>,
    /// The `llm_output` beside a list of generations.
    beside: Option<Node<'t>>,
}

/// Returns what a message says, in whichever of the library's three forms it was written.
fn open(node: Node<'_>) -> Option<Node<'_>> {
    let kind = node.get("type").map(Node::raw);
    if node.get("lc").is_some() {
        let class = node.get("id")?.items().last()?.raw();
        return node.get("kwargs").filter(|_| class.starts_with("AIMessage"));
    }
    match kind {
        Some("ai" | "AIMessage" | "AIMessageChunk") => {
            Some(node.get("data").filter(|data| says_use(*data)).unwrap_or(node))
        }
        None if node.get("usage_metadata").is_some() => Some(node),
        _ => None,
    }
}

fn says_use(node: Node<'_>) -> bool {
    let usage =
        node.get("usage_metadata").is_some_and(|usage| usage.first(&["input_tokens", "total_tokens"]).is_some());
    usage || node.get("response_metadata").is_some_and(Node::is_object)
}

fn is_answer(node: Node<'_>) -> bool {
    open(node).is_some_and(says_use)
}

/// Tells a message that is none of a model's.
pub(super) fn is_other(node: Node<'_>) -> bool {
    let kind = node.get("type").map(Node::raw);
    let inner = node.get("data").unwrap_or(node);
    matches!(kind, Some("human" | "system" | "tool" | "function"))
        && inner.get("content").is_some()
        && inner.first(&["additional_kwargs", "response_metadata"]).is_some()
}

/// Tells whether a record holds a message of a model's.
pub(super) fn holds_answer(record: Node<'_>) -> bool {
    body::find(record, is_answer).is_some() || listed(record).iter().any(|message| is_answer(*message))
}

/// Returns the items of a list of messages or generations in a record.
fn listed(record: Node<'_>) -> Vec<Node<'_>> {
    let mut items = Vec::new();
    let places = [Some(record), record.get("output"), record.get("data"), record.get("state"), record.get("values")];
    for place in places.into_iter().flatten() {
        items.extend(place.get("messages").into_iter().flat_map(Node::items));
        // A list of prompts, each with a list of its generations.
        for prompt in place.get("generations").into_iter().flat_map(Node::items) {
            let generations = std::iter::once(prompt).chain(prompt.items());
            items.extend(generations.filter_map(|generation| generation.get("message")));
        }
        if !items.is_empty() {
            break;
        }
    }
    items
}

/// Returns the messages of a model in a record.
pub(super) fn messages(record: Node<'_>) -> Vec<Message<'_>> {
    if let Some(found) = body::find(record, is_answer) {
        return open(found.body).map(|node| Message { node, found, beside: None }).into_iter().collect();
    }
    let beside = record.get("llm_output");
    let answers = listed(record).into_iter().filter(|item| is_answer(*item));
    answers
        .filter_map(|item| Some(Message { node: open(item)?, found: body::inside(record, "messages", item), beside }))
        .collect()
}

impl<'t> Message<'t> {
    pub(super) fn is_chunk(&self) -> bool {
        self.node.get("type").map(Node::raw) == Some("AIMessageChunk")
            || self.found.body.get("type").map(Node::raw) == Some("AIMessageChunk")
            || self.found.body.get("id").and_then(|id| id.items().last()).map(Node::raw) == Some("AIMessageChunk")
    }

    pub(super) fn has_usage(&self) -> bool {
        self.node.get("usage_metadata").is_some_and(Node::is_object)
    }

    fn meta(&self, keys: &[&str]) -> Option<Node<'t>> {
        let own = self.node.get("response_metadata").and_then(|meta| meta.first(keys));
        own.or_else(|| self.beside.and_then(|beside| beside.first(keys)))
    }

    /// Returns the message's id: the provider's where it is known.
    pub(super) fn id(&self) -> Option<String> {
        let id = self.provider_id().or_else(|| self.node.get("id").and_then(Node::str))?;
        Some(id.into_owned())
    }

    fn provider_id(&self) -> Option<Cow<'t, str>> {
        self.meta(&["id"]).and_then(Node::str).filter(|id| !id.is_empty())
    }

    /// Returns the usage of Anthropic's own shape, if that is what the provider said.
    pub(super) fn anthropic_usage(&self) -> Option<Node<'t>> {
        self.meta(&["usage"]).filter(|usage| {
            usage.get("input_tokens").is_some()
                && usage.first(&["cache_creation_input_tokens", "cache_read_input_tokens", "server_tool_use"]).is_some()
        })
    }

    /// Returns the usage of OpenAI's own shape, if that is what the provider said.
    fn openai_usage(&self) -> Option<Node<'t>> {
        self.meta(&["token_usage", "usage"])
            .filter(|usage| usage.get("prompt_tokens").is_some() && usage.get("completion_tokens").is_some())
    }

    pub(super) fn read(&self, call: &mut Call<'t>, said: Option<CachedInput>) -> Result<(), String> {
        let around = body::take_around(&self.found, OWN, call);
        if !around.has_time {
            self.take_time(call).ok_or_else(|| around.no_time())?;
        }
        let own = self.node.get("id").and_then(Node::str);
        body::set_id(call, self.provider_id().or(own));
        if let Some(name) = self.meta(&["model_provider", "ls_provider"]).and_then(Node::str) {
            call.set(Dim::Provider, provider::fold(&name).into_owned());
        }
        body::set_model(call, self.meta(&["model_name", "model", "model_id"]).and_then(Node::str));
        if call.dim(Dim::Provider).is_none()
            && let Some(id) = call.request_id.as_deref().filter(|id| id.starts_with("msg_"))
        {
            let seller = anthropic::seller(Some(id));
            call.set(Dim::Provider, seller);
        }
        if let Some(name) = self.node.get("name").and_then(Node::str) {
            call.set_if_none(Dim::Agent, name);
        }
        call.set_if_none(Dim::Status, "ok");
        self.take_usage(call, said)?;
        let tier = self.meta(&["service_tier"]).map(Node::raw).and_then(crate::read::value::tier);
        if let Some(tier) = tier {
            call.set_if_none(Dim::Tier, tier);
        }
        Ok(())
    }

    /// Takes the provider's stamp, where the package keeps it.
    fn take_time(&self, call: &mut Call<'t>) -> Option<()> {
        let (ts, flags) = fields::time(self.meta(&["created_at", "created"])?).ok()?;
        call.ts = ts;
        call.flags.add(flags);
        Some(())
    }

    fn take_usage(&self, call: &mut Call<'t>, said: Option<CachedInput>) -> Result<(), String> {
        if let Some(usage) = self.anthropic_usage() {
            return anthropic::take_usage(usage, call);
        }
        if let Some(usage) = self.openai_usage() {
            return openai::take_usage(usage, call);
        }
        // Packages that name the provider add the cached tokens up.
        let is_known = self.meta(&["model_provider"]).is_some();
        let reading = if is_known { Reading::INSIDE } else { Reading::PERHAPS_INSIDE };
        match self.node.get("usage_metadata") {
            Some(usage) => usage::take(usage, said, reading, call),
            None => {
                body::missing(call);
                Ok(())
            }
        }
    }
}
