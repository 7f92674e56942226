//! Names of span attributes, all generations of them. What their values mean for a call is the business of `spans`.
//!
//! Instrumentations are told to keep emitting the names they began with, so every generation is in use at
//! once: of several names for one thing the earliest of its list counts, newest first (open-telemetry/
//! semantic-conventions CHANGELOG, semantic-conventions-genai `docs/gen-ai/non-normative/migration.md`,
//! Arize-ai/openinference, traceloop/openllmetry `semconv_ai/__init__.py`, vercel/ai; mid 2026).
//! To add a name, add it to its list.

mod own;

use std::sync::LazyLock;

use crate::read::fields::own as claimed;
use crate::read::spans::names::own::OWN_PREFIXES;
use crate::read::spans::names::own::SILENT;

/// What an attribute tells about a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::read) enum Slot {
    Input,
    /// The input without cached tokens, by its name.
    InputUncached,
    Output,
    CacheRead,
    CacheWrite,
    CacheWrite5m,
    CacheWrite1h,
    Reasoning,
    AudioIn,
    AudioCacheRead,
    AudioOut,
    ImageIn,
    ImageCacheRead,
    ImageOut,
    Total,
    WebSearch,
    Cost,
    CostInput,
    CostOutput,
    CostCacheWrite,
    Provider,
    Served,
    Requested,
    Operation,
    OpenInferenceKind,
    RequestType,
    AiOperation,
    TraceloopKind,
    LangfuseKind,
    Tier,
    Region,
    ResponseId,
    /// The provider's id of the request, where it is not the answer's.
    RequestId,
    TtftMs,
    TtftS,
    ErrorType,
    HttpStatus,
    Agent,
    AgentId,
    AgentVersion,
    GraphParent,
    Entity,
    EntityPath,
    Workflow,
    Session,
    User,
    Prompt,
    PromptVersion,
    Tags,
    Metadata,
    Environment,
    Service,
    App,
}

/// How many slots there are.
pub(in crate::read) const SLOTS: usize = Slot::App as usize + 1;

const NAMES: &[(Slot, &[&str])] = &[
    (
        Slot::Input,
        &[
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.prompt_tokens",
            "llm.token_count.prompt",
            "ai.usage.inputTokens",
            "ai.usage.promptTokens",
            "llm.usage.prompt_tokens",
            "ai.usage.tokens",
        ],
    ),
    (Slot::InputUncached, &["ai.usage.inputTokenDetails.noCacheTokens"]),
    (
        Slot::Output,
        &[
            "gen_ai.usage.output_tokens",
            "gen_ai.usage.completion_tokens",
            "llm.token_count.completion",
            "ai.usage.outputTokens",
            "ai.usage.completionTokens",
            "llm.usage.completion_tokens",
        ],
    ),
    (
        Slot::CacheRead,
        &[
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.cache_read_tokens",
            "gen_ai.usage.input_cached_tokens",
            "gen_ai.usage.details.cache_read_tokens",
            "gen_ai.usage.details.cache_read_input_tokens",
            "gen_ai.usage.prompt_tokens_details.cached_tokens",
            "llm.token_count.prompt_details.cache_read",
            "ai.usage.inputTokenDetails.cacheReadTokens",
            "ai.usage.cachedInputTokens",
        ],
    ),
    (
        Slot::CacheWrite,
        &[
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "gen_ai.usage.cache_write_tokens",
            "gen_ai.usage.input_cache_creation",
            "gen_ai.usage.details.cache_write_tokens",
            "gen_ai.usage.details.cache_creation_input_tokens",
            "gen_ai.usage.prompt_tokens_details.cache_creation_tokens",
            "llm.token_count.prompt_details.cache_write",
            "ai.usage.inputTokenDetails.cacheWriteTokens",
        ],
    ),
    (
        Slot::CacheWrite5m,
        &["gen_ai.usage.cache_creation.ephemeral_5m_input_tokens", "gen_ai.usage.input_cache_creation_5m"],
    ),
    (
        Slot::CacheWrite1h,
        &["gen_ai.usage.cache_creation.ephemeral_1h_input_tokens", "gen_ai.usage.input_cache_creation_1h"],
    ),
    (
        Slot::Reasoning,
        &[
            "gen_ai.usage.reasoning.output_tokens",
            "gen_ai.usage.reasoning_tokens",
            "gen_ai.usage.details.reasoning_tokens",
            "gen_ai.usage.completion_tokens_details.reasoning_tokens",
            "codex.usage.reasoning_output_tokens",
            "llm.token_count.completion_details.reasoning",
            "ai.usage.outputTokenDetails.reasoningTokens",
            "ai.usage.reasoningTokens",
        ],
    ),
    (Slot::AudioIn, &["gen_ai.usage.audio.input_tokens", "llm.token_count.prompt_details.audio"]),
    (Slot::AudioCacheRead, &["gen_ai.usage.audio.cache_read.input_tokens"]),
    (Slot::AudioOut, &["gen_ai.usage.audio.output_tokens", "llm.token_count.completion_details.audio"]),
    (Slot::ImageIn, &["gen_ai.usage.image.input_tokens"]),
    (Slot::ImageCacheRead, &["gen_ai.usage.image.cache_read.input_tokens"]),
    (Slot::ImageOut, &["gen_ai.usage.image.output_tokens"]),
    (
        Slot::Total,
        &["gen_ai.usage.total_tokens", "llm.token_count.total", "llm.usage.total_tokens", "ai.usage.totalTokens"],
    ),
    (
        Slot::WebSearch,
        &["gen_ai.usage.server_tool_use.web_search_requests", "gen_ai.usage.details.web_search_requests"],
    ),
    (
        Slot::Cost,
        // Sentry's name ends in `tokens` and holds a cost.
        &[
            "gen_ai.usage.cost",
            "gen_ai.cost.total",
            "gen_ai.cost.total_cost",
            "gen_ai.cost.total_tokens",
            "gen_ai.usage.total_cost",
            "llm.cost.total",
            "operation.cost",
        ],
    ),
    (Slot::CostInput, &["gen_ai.cost.input", "gen_ai.cost.input_cost", "gen_ai.cost.input_tokens", "llm.cost.prompt"]),
    (
        Slot::CostOutput,
        &["gen_ai.cost.output", "gen_ai.cost.output_cost", "gen_ai.cost.output_tokens", "llm.cost.completion"],
    ),
    (Slot::CostCacheWrite, &["gen_ai.cost.cache_write"]),
    (Slot::Provider, &["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider"]),
    (
        Slot::Served,
        &[
            "gen_ai.response.model",
            "llm.response.model_name",
            "ai.response.model",
            "llm.model_name",
            "embedding.model_name",
            "reranker.model_name",
            "llm.response.model",
            "langfuse.observation.model.name",
        ],
    ),
    (Slot::Requested, &["gen_ai.request.model", "llm.request.model_name", "ai.model.id", "llm.request.model"]),
    (Slot::Operation, &["gen_ai.operation.name"]),
    (Slot::OpenInferenceKind, &["openinference.span.kind"]),
    (Slot::RequestType, &["llm.request.type"]),
    (Slot::AiOperation, &["ai.operationId"]),
    (Slot::TraceloopKind, &["traceloop.span.kind"]),
    (Slot::LangfuseKind, &["langfuse.observation.type"]),
    (
        Slot::Tier,
        &[
            "openai.response.service_tier",
            "gen_ai.openai.response.service_tier",
            "gen_ai.response.service_tier",
            "openai.request.service_tier",
            "gen_ai.openai.request.service_tier",
        ],
    ),
    (Slot::Region, &["gen_ai.response.inference_geo", "anthropic.response.inference_geo"]),
    (Slot::ResponseId, &["gen_ai.response.id", "ai.response.id", "llm.response.id"]),
    (Slot::TtftMs, &["ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"]),
    (Slot::TtftS, &["gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token"]),
    (Slot::ErrorType, &["error.type"]),
    (Slot::HttpStatus, &["http.response.status_code", "http.status_code"]),
    (Slot::Agent, &["gen_ai.agent.name", "agent.name", "graph.node.id"]),
    (Slot::AgentId, &["gen_ai.agent.id"]),
    (Slot::AgentVersion, &["gen_ai.agent.version"]),
    (Slot::GraphParent, &["graph.node.parent_id"]),
    (Slot::Entity, &["traceloop.entity.name"]),
    (Slot::EntityPath, &["traceloop.entity.path"]),
    (Slot::Workflow, &["gen_ai.workflow.name", "traceloop.workflow.name"]),
    (
        Slot::Session,
        &[
            "gen_ai.conversation.id",
            "session.id",
            "langfuse.session.id",
            "traceloop.association.properties.session_id",
            "ai.telemetry.metadata.sessionId",
        ],
    ),
    (
        Slot::User,
        &[
            "user.id",
            "enduser.id",
            "langfuse.user.id",
            "gen_ai.user",
            "gen_ai.request.user",
            "traceloop.association.properties.user_id",
            "ai.telemetry.metadata.userId",
        ],
    ),
    (
        Slot::Prompt,
        &[
            "gen_ai.prompt.name",
            "langfuse.observation.prompt.name",
            "langfuse.prompt.name",
            "traceloop.prompt.key",
            "gen_ai.prompt.template.name",
        ],
    ),
    (
        Slot::PromptVersion,
        &[
            "gen_ai.prompt.version",
            "gen_ai.prompt.template.version",
            "llm.prompt_template.version",
            "langfuse.observation.prompt.version",
            "langfuse.prompt.version",
            "traceloop.prompt.version",
            "traceloop.prompt.version_name",
        ],
    ),
    (Slot::Tags, &["tag.tags", "langfuse.trace.tags", "langfuse.tags"]),
    (Slot::Metadata, &["metadata", "langfuse.trace.metadata"]),
    (
        Slot::Environment,
        &["deployment.environment.name", "deployment.environment", "gen_ai.environment", "langfuse.environment"],
    ),
    (Slot::Service, &["service.name"]),
    (Slot::App, &["gen_ai.application_name"]),
];

/// Names that Claude Code's own spans use and that mean something else on anybody else's (Claude Code
/// documentation, "Monitoring", traces). They rank behind the conventions' names.
const CLAUDE_CODE: &[(&str, Slot)] = &[
    ("input_tokens", Slot::Input),
    ("output_tokens", Slot::Output),
    ("cache_read_tokens", Slot::CacheRead),
    ("cache_creation_tokens", Slot::CacheWrite),
    ("model", Slot::Requested),
    ("request_id", Slot::RequestId),
    ("ttft_ms", Slot::TtftMs),
    ("status_code", Slot::HttpStatus),
];

/// Whose names a span uses beside the conventions'.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::read) enum Dialect {
    /// Nobody's.
    #[default]
    Conventions,
    /// Claude Code's.
    ClaudeCode,
}

/// What the name of an attribute means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::read) enum Name<'a> {
    /// A known attribute, with its rank among the names for the same thing.
    Known(Slot, u8, &'static str),
    /// A key of the application's own, without its prefix.
    Own(&'a str),
    /// Nothing to keep.
    Silent,
}

/// Every name in order, for a binary search: this is asked for each attribute of each span.
static SORTED: LazyLock<Vec<(&'static str, Slot, u8)>> = LazyLock::new(|| {
    let ranked = |names: &'static [&'static str]| (0u8..).zip(names);
    let mut all: Vec<_> =
        NAMES.iter().flat_map(|(slot, names)| ranked(names).map(|(rank, name)| (*name, *slot, rank))).collect();
    all.sort_unstable_by_key(|(name, _, _)| *name);
    all
});

/// Returns what the name of an attribute means.
pub(in crate::read) fn name(key: &str, dialect: Dialect) -> Name<'_> {
    if claimed::is_claimed(key) {
        return Name::Own(key);
    }
    if let Ok(at) = SORTED.binary_search_by_key(&key, |(name, _, _)| name) {
        let (name, slot, rank) = SORTED[at];
        return Name::Known(slot, rank, name);
    }
    if dialect == Dialect::ClaudeCode
        && let Some((name, slot)) = CLAUDE_CODE.iter().find(|(name, _)| *name == key)
    {
        return Name::Known(*slot, u8::MAX, name);
    }
    // What the AI SDK lets the author call the work: its feature.
    if key == "ai.telemetry.functionId" {
        return Name::Own("feature");
    }
    if let Some(own) = OWN_PREFIXES.iter().find_map(|prefix| key.strip_prefix(prefix)) {
        return if own.is_empty() { Name::Silent } else { Name::Own(own) };
    }
    let space = key.split(['.', '/']).next().unwrap_or(key);
    if SILENT.contains(&space) { Name::Silent } else { Name::Own(key) }
}
