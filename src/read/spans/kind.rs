//! What a span says it does, by whichever convention it follows.

use crate::domain::span::SpanRole;
use crate::read::spans::attributes::Attributes;
use crate::read::spans::names::Slot;

/// What a span says it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One request to a model.
    Call,
    /// An agent, chain or workflow around requests.
    Rollup,
    /// Reads an answer that was billed when it was made.
    Reread,
    /// Something else: a tool, a retrieval.
    Other,
    /// It does not say.
    Silent,
}

impl Kind {
    /// Returns the first that the conventions, newest first, give away.
    pub(super) fn of(attributes: &Attributes<'_>, name: &str) -> Kind {
        let ask = |slot: Slot, kind: fn(&str) -> Kind| {
            attributes.text(slot).map_or(Kind::Silent, |text| kind(&text.to_ascii_lowercase()))
        };
        let said = [
            ask(Slot::Operation, by_operation),
            ask(Slot::OpenInferenceKind, by_openinference),
            ask(Slot::RequestType, by_request),
            ask(Slot::AiOperation, |id| ai_sdk(id).unwrap_or(Kind::Silent)),
            ask(Slot::LangfuseKind, by_langfuse),
            ask(Slot::TraceloopKind, by_traceloop),
            by_name(name),
        ];
        said.into_iter().find(|kind| *kind != Kind::Silent).unwrap_or(Kind::Silent)
    }

    /// Returns what a span is to billing.
    pub(super) fn role(self, attributes: &Attributes<'_>, has_usage: bool) -> SpanRole {
        let has_model = attributes.get(Slot::Served).or(attributes.get(Slot::Requested)).is_some();
        match self {
            Kind::Reread => SpanRole::Structure,
            _ if !has_usage => SpanRole::Structure,
            Kind::Call => SpanRole::Call,
            Kind::Silent if has_model => SpanRole::Call,
            _ => SpanRole::Rollup,
        }
    }
}

fn by_operation(operation: &str) -> Kind {
    match operation {
        "chat" | "text_completion" | "generate_content" | "embeddings" | "completion" | "embedding" | "rerank" => {
            Kind::Call
        }
        "invoke_agent" | "invoke_workflow" | "agent_step" | "create_agent" | "plan" => Kind::Rollup,
        "fetch_response" => Kind::Reread,
        "execute_tool" => Kind::Other,
        // The AI SDK names its own operations here.
        other => ai_sdk(other).unwrap_or(Kind::Silent),
    }
}

fn by_openinference(kind: &str) -> Kind {
    match kind {
        "llm" | "embedding" | "reranker" => Kind::Call,
        "agent" | "chain" => Kind::Rollup,
        "unknown" => Kind::Silent,
        _ => Kind::Other,
    }
}

fn by_request(kind: &str) -> Kind {
    match kind {
        "chat" | "completion" | "embedding" | "rerank" => Kind::Call,
        _ => Kind::Silent,
    }
}

fn by_langfuse(kind: &str) -> Kind {
    match kind {
        "generation" | "embedding" => Kind::Call,
        "agent" | "chain" => Kind::Rollup,
        "tool" | "retriever" | "evaluator" | "guardrail" | "event" => Kind::Other,
        _ => Kind::Silent,
    }
}

fn by_traceloop(kind: &str) -> Kind {
    match kind {
        "workflow" | "agent" | "task" => Kind::Rollup,
        "tool" => Kind::Other,
        _ => Kind::Silent,
    }
}

/// The one instrumentation that says it by the span's name alone.
fn by_name(name: &str) -> Kind {
    if name == "claude_code.llm_request" { Kind::Call } else { Kind::Silent }
}

/// Understands an operation id of the AI SDK, in lower case; the inner span of each pair is the request.
fn ai_sdk(id: &str) -> Option<Kind> {
    let inner = [".dogenerate", ".dostream", ".doembed", ".dorerank"];
    if inner.iter().any(|end| id.ends_with(end)) {
        Some(Kind::Call)
    } else if id == "ai.toolcall" {
        Some(Kind::Other)
    } else {
        id.starts_with("ai.").then_some(Kind::Rollup)
    }
}
