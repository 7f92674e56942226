//! What a key of a homemade log means: the alias table, and the assignment of free keys to dimensions.
//!
//! Names are folded (case, `_`, `-`, blanks, camelCase) before they are looked up. A whole name wins over a
//! name's end. Prompt and answer texts are recognised by name and never kept.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::read::json::Kind;
use crate::read::json::Node;
use crate::read::provider;
use crate::read::value;

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// When the call started or was logged.
    Time,
    /// A standard dimension.
    Dim(Dim),
    /// Input tokens; whether cached ones are inside is another question.
    Input,
    /// Input tokens without the cached ones, by its name.
    InputUncached,
    /// Output tokens.
    Output,
    /// Only a total of input and output.
    Total,
    /// Tokens read from a cache.
    CacheRead,
    /// Tokens written to a cache, lifetime not said.
    CacheWrite,
    /// Tokens written to a cache for five minutes.
    CacheWrite5m,
    /// Tokens written to a cache for thirty minutes.
    CacheWrite30m,
    /// Tokens written to a cache for an hour.
    CacheWrite1h,
    /// Reasoning tokens, contained in the output.
    Reasoning,
    /// The logged cost; the number is the power of ten of its unit in a dollar (2 for cents).
    Cost(u8),
    /// The input's part of a logged cost.
    InputCost,
    /// The output's part of a logged cost.
    OutputCost,
    /// Duration in milliseconds.
    LatencyMs,
    /// Duration in seconds.
    LatencyS,
    /// Time to the first token in milliseconds.
    TtftMs,
    /// The provider's response id or the log's request id.
    RequestId,
    /// A span id.
    Span,
    /// The id of the span above.
    Parent,
    /// `true` for a call of a batch.
    Batch,
    /// Uses of the web search tool.
    WebSearch,
    /// Says that the call failed, as a boolean or as the failure's text.
    Error,
    /// A count of requests: the row sums many calls.
    Requests,
    /// A prompt, an answer or another text that must not be kept.
    Text,
    /// An object whose fields are dimensions.
    Nested,
}

/// Bare words that may name a text as well as a count: a text under them is passed over, never kept.
const BARE_WORDS: &[&str] = &["input", "in", "prompt", "output", "out", "completion", "tokens", "total"];

/// Tells whether a key may hold a prompt or an answer as well as a count.
pub fn is_bare_word(key: &str) -> bool {
    BARE_WORDS.iter().any(|word| word.eq_ignore_ascii_case(key))
}

/// Names of each field, the likeliest first: where a record has several, the earlier one counts.
const ALIASES: &[(Field, &[&str])] = &[
    (
        Field::Time,
        &[
            "ts",
            "timestamp",
            "time",
            "start_time",
            "started_at",
            "requested_at",
            "request_time",
            "created_at",
            "created",
            "datetime",
            "event_time",
            "logged_at",
            "@timestamp",
            "date",
        ],
    ),
    (
        Field::Dim(Dim::Model),
        &["model", "response_model", "model_id", "model_name", "llm_model", "request_model", "engine", "deployment"],
    ),
    (Field::Dim(Dim::Provider), &["provider", "vendor", "llm_provider", "ai_org", "system", "api"]),
    (
        Field::Input,
        &[
            "input_tokens",
            "prompt_tokens",
            "tokens_in",
            "in_tok",
            "in_tokens",
            "tokens_input",
            "n_input",
            "llm_prompt_tokens",
            "tokens_prompt",
            "input_token_count",
            "prompt_token_count",
            "input",
            "in",
            "prompt",
        ],
    ),
    (
        Field::InputUncached,
        &[
            "uncached_input_tokens",
            "input_uncached_tokens",
            "input_tokens_no_cache",
            "input_uncached",
            "no_cache_tokens",
        ],
    ),
    (
        Field::Output,
        &[
            "output_tokens",
            "completion_tokens",
            "tokens_out",
            "out_tok",
            "out_tokens",
            "tokens_output",
            "n_output",
            "llm_completion_tokens",
            "tokens_completion",
            "output_token_count",
            "generated_tokens",
            "output",
            "out",
            "completion",
        ],
    ),
    (Field::Total, &["total_tokens", "tokens_total", "total_token_count", "tokens", "total"]),
    (
        Field::CacheRead,
        &[
            "cache_read_tokens",
            "cached_tokens",
            "cache_read_input_tokens",
            "cached_input_tokens",
            "input_cached_tokens",
            "cache_hit_tokens",
            "prompt_cache_read_tokens",
            "tokens_cached",
            "cache_read",
        ],
    ),
    (
        Field::CacheWrite,
        &[
            "cache_write_tokens",
            "cache_creation_tokens",
            "cache_creation_input_tokens",
            "cache_write_input_tokens",
            "prompt_cache_create_tokens",
            "prompt_cache_write_tokens",
            "cache_write",
        ],
    ),
    (
        Field::CacheWrite5m,
        &["cache_write_5m", "cache_write_5m_tokens", "cache_creation_5m", "ephemeral_5m_input_tokens"],
    ),
    (Field::CacheWrite30m, &["cache_write_30m", "cache_write_30m_tokens"]),
    (
        Field::CacheWrite1h,
        &["cache_write_1h", "cache_write_1h_tokens", "cache_creation_1h", "ephemeral_1h_input_tokens"],
    ),
    (Field::Reasoning, &["reasoning_tokens", "thinking_tokens", "thoughts_tokens", "think", "reasoning_output_tokens"]),
    (
        Field::Cost(0),
        &["cost_usd", "cost", "total_cost", "total_cost_usd", "amount_usd", "spend", "price", "estimated_cost"],
    ),
    (Field::Cost(2), &["cost_cents", "total_cost_cents", "amount_cents"]),
    (Field::Cost(6), &["cost_micros", "cost_usd_micros", "cost_microdollars"]),
    (Field::InputCost, &["input_cost", "input_cost_usd", "prompt_cost"]),
    (Field::OutputCost, &["output_cost", "output_cost_usd", "completion_cost"]),
    (
        Field::LatencyMs,
        &[
            "latency_ms",
            "duration_ms",
            "response_time_ms",
            "elapsed_ms",
            "latency",
            "duration",
            "elapsed",
            "response_time",
        ],
    ),
    (Field::LatencyS, &["latency_s", "duration_s", "wall_clock_s", "elapsed_s", "latency_seconds", "duration_seconds"]),
    (Field::TtftMs, &["ttft_ms", "time_to_first_token_ms", "time_to_first_token", "ttft"]),
    (Field::Dim(Dim::Status), &["status", "success", "ok", "is_success", "outcome", "http_status", "status_code"]),
    (Field::Error, &["error", "is_error", "failed"]),
    (
        Field::RequestId,
        &["response_id", "completion_id", "request_id", "call_id", "generation_id", "id", "correlation_id", "uuid"],
    ),
    (Field::Dim(Dim::Trace), &["trace", "trace_id"]),
    (Field::Dim(Dim::Run), &["run", "run_id", "job_id", "execution_id"]),
    (Field::Dim(Dim::Session), &["session", "session_id", "conversation_id", "conversation", "thread_id", "chat_id"]),
    (Field::Span, &["span_id"]),
    (Field::Parent, &["parent_span_id", "parent_id"]),
    (
        Field::Dim(Dim::Feature),
        &["feature", "feature_name", "feature_id", "use_case", "purpose", "task_type", "task_name", "operation", "job"],
    ),
    (
        Field::Dim(Dim::Tenant),
        &[
            "tenant",
            "tenant_id",
            "tenant_name",
            "customer",
            "customer_id",
            "organization_id",
            "organization",
            "org",
            "org_id",
            "account_id",
            "company_id",
            "company",
            "workspace_id",
            "end_user",
        ],
    ),
    (Field::Dim(Dim::User), &["user", "user_id", "actor_user_id", "enduser_id", "username", "user_email"]),
    (Field::Dim(Dim::Team), &["team", "team_id", "team_name", "department", "cost_center"]),
    (
        Field::Dim(Dim::Environment),
        &["environment", "env", "deployment_environment", "deployment_environment_name", "stage"],
    ),
    (Field::Dim(Dim::Agent), &["agent", "agent_name", "agent_path", "agent_id", "step", "node"]),
    (Field::Dim(Dim::Task), &["task", "task_id"]),
    (Field::Dim(Dim::Process), &["process", "process_id", "process_name"]),
    (Field::Dim(Dim::Skill), &["skill", "skill_id", "skill_name"]),
    (Field::Dim(Dim::Route), &["route", "endpoint", "http_route", "path"]),
    (Field::Dim(Dim::Prompt), &["prompt_name", "prompt_id", "prompt_template", "template_name", "prompt_key"]),
    (Field::Dim(Dim::PromptVersion), &["prompt_version", "template_version", "prompt_template_version", "prompt_mode"]),
    (Field::Dim(Dim::Region), &["region", "inference_geo", "data_residency", "location"]),
    (Field::Dim(Dim::Tier), &["service_tier", "tier", "service_mode", "mode"]),
    (Field::Dim(Dim::Account), &["account", "account_name"]),
    (Field::Dim(Dim::ApiKey), &["api_key", "api_key_name", "api_key_alias", "api_key_id", "virtual_key"]),
    (Field::Dim(Dim::Workspace), &["workspace", "workspace_name"]),
    (Field::Batch, &["batch", "is_batch"]),
    (Field::WebSearch, &["web_search_requests", "web_search_count", "web_searches", "web_search"]),
    (Field::Requests, &["requests", "num_requests", "api_requests", "num_model_requests", "request_count", "calls"]),
    (
        Field::Text,
        &[
            "messages",
            "content",
            "contents",
            "text",
            "body",
            "query",
            "question",
            "answer",
            "request",
            "response",
            "instructions",
            "system_prompt",
            "prompt_text",
            "completion_text",
            "response_text",
            "input_text",
            "output_text",
            "choices",
            "tools",
            "tool_calls",
            "arguments",
            "error_message",
            "user_message",
            "raw",
            "input_messages",
            "output_messages",
            "generation",
            "transcript",
            "document",
            "reasoning_content",
        ],
    ),
    (
        Field::Nested,
        &[
            "usage",
            "tags",
            "metadata",
            "labels",
            "dimensions",
            "properties",
            "meta",
            "attributes",
            "context",
            "token_usage",
            "prompt_tokens_details",
            "completion_tokens_details",
            "input_tokens_details",
            "output_tokens_details",
            "cache_creation",
            "user_properties",
            "custom",
            "extra",
        ],
    ),
];

/// Endings that are understood behind a prefix, such as `llm_input_tokens`.
const ENDINGS: &[&str] = &[
    "input_tokens",
    "prompt_tokens",
    "output_tokens",
    "completion_tokens",
    "cache_read_tokens",
    "cache_read_input_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "cache_creation_input_tokens",
    "reasoning_tokens",
    "cost_usd",
    "model_name",
    "timestamp",
];

/// First words that turn a known ending into something else: a limit, an estimate, another call's figure.
const FOREIGN: &[&str] = &[
    "max",
    "min",
    "avg",
    "mean",
    "total",
    "limit",
    "budget",
    "est",
    "estimated",
    "expected",
    "saved",
    "baseline",
    "prev",
    "previous",
    "parent",
    "original",
    "cumulative",
    "remaining",
    "text",
    "audio",
    "image",
    "video",
    "accepted",
    "rejected",
    "uncached",
    "session",
    "monthly",
    "daily",
];

/// What a folded key means, and how good a name for it that is (0 is best).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The field.
    pub field: Field,
    /// The rank among the field's names.
    pub rank: u16,
}

/// Folds a key: lower case, words joined by `_`; `inputTokens`, `Input Tokens` and `input-tokens` are one.
pub fn folded(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    let mut previous_lower = false;
    for c in key.trim().chars() {
        if matches!(c, '_' | '-' | ' ' | '.' | '(' | ')') {
            if !out.ends_with('_') && !out.is_empty() {
                out.push('_');
            }
            previous_lower = false;
        } else {
            if c.is_uppercase() && previous_lower {
                out.push('_');
            }
            previous_lower = c.is_lowercase() || c.is_ascii_digit();
            out.extend(c.to_lowercase());
        }
    }
    if out.ends_with('_') {
        out.pop();
    }
    out
}

/// Returns what a key means, if it is in the alias table.
pub fn meaning(key: &str) -> Option<Meaning> {
    let folded = folded(key);
    let whole = |name: &str| {
        ALIASES.iter().find_map(|(field, names)| {
            names.iter().position(|n| *n == name).map(|rank| Meaning { field: *field, rank: rank as u16 })
        })
    };
    whole(&folded).or_else(|| {
        let ending = ENDINGS.iter().find(|ending| {
            folded
                .strip_suffix(**ending)
                .and_then(|head| head.strip_suffix('_'))
                .is_some_and(|head| !head.split('_').any(|word| FOREIGN.contains(&word)))
        })?;
        whole(ending).map(|meaning| Meaning { rank: meaning.rank + 100, ..meaning })
    })
}

/// Finds a field by the name `--map` uses: any of its aliases.
pub fn field_named(name: &str) -> Option<Field> {
    meaning(name).map(|meaning| meaning.field).filter(|field| !matches!(field, Field::Text | Field::Nested))
}

/// What a wrapper around a provider's body told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outer {
    /// Whether it carried a time.
    pub has_time: bool,
    /// Why a value could not be used.
    pub problem: Option<String>,
}

/// Takes time, ids and dimensions from the keys around a provider's body, all but those in `skip`.
pub fn outer<'t>(node: Node<'t>, skip: &[&str], call: &mut Call<'t>) -> Outer {
    let mut told = Outer::default();
    let mut time_rank = u16::MAX;
    for (key, value) in node.fields().filter(|(key, value)| !skip.contains(key) && !value.is_null()) {
        match meaning(key) {
            Some(Meaning { field: Field::Time, rank }) if rank < time_rank => match time(value) {
                Ok((ts, flags)) => {
                    time_rank = rank;
                    told.has_time = true;
                    call.ts = ts;
                    call.flags.add(flags);
                }
                Err(reason) => told.problem = Some(format!("`{key}`: {reason}")),
            },
            Some(Meaning { field: Field::Nested, .. }) => nested(value, call),
            Some(Meaning { field: Field::LatencyMs, .. }) => call.latency_ms = value::millis(value, 1.0),
            Some(Meaning { field: Field::LatencyS, .. }) => call.latency_ms = value::millis(value, 1000.0),
            Some(Meaning { field: Field::Cost(scale), .. }) => match value::money(key, value, i32::from(scale)) {
                Ok(cost) => call.logged_cost = Some(cost),
                Err(reason) => told.problem = Some(reason),
            },
            Some(Meaning { field: Field::Batch, .. }) if value.bool() == Some(true) => call.set(Dim::Tier, "batch"),
            _ => {
                if let Some(text) = value.scalar() {
                    assign(call, key, text);
                }
            }
        }
    }
    told
}

/// Takes dimensions from an object of tags, an array of `k:v` texts, or either of them inside a text.
pub fn nested<'t>(node: Node<'t>, call: &mut Call<'t>) {
    for (key, value) in node.fields() {
        match value.kind() {
            Kind::Object => nested(value, call),
            Kind::Array => {}
            _ => {
                if let Some(text) = value.scalar() {
                    assign(call, key, text);
                }
            }
        }
    }
    for item in node.items() {
        if let Some(text) = item.str() {
            tag(call, text);
        }
    }
}

/// Reads a time with the flags that say what the log left open.
pub fn time(node: Node<'_>) -> Result<(Timestamp, Flags), String> {
    let text = node.scalar().ok_or("not a time")?;
    let parsed = Timestamp::parse(&text).map_err(|error| format!("{error}: {}", value::excerpt(&text)))?;
    Ok((parsed.ts, if parsed.zoned { Flags::default() } else { Flags::ZONE_ASSUMED }))
}

/// Gives a free key its place: a standard dimension if the alias table knows it, else an extra of its own name.
pub fn assign<'t>(call: &mut Call<'t>, key: &str, value: Cow<'t, str>) {
    match meaning(key) {
        Some(Meaning { field: Field::Dim(dim), rank }) if says_dim(dim, rank, &value) => set_dim(call, dim, value),
        Some(Meaning { field: Field::RequestId, .. }) if call.request_id.is_none() => call.request_id = Some(value),
        Some(Meaning { field: Field::Text | Field::Dim(Dim::Provider), .. }) => {}
        Some(Meaning { field: Field::Error, .. }) => call.set_if_none(Dim::Status, failure(&value)),
        _ if is_bare_word(key) => {}
        _ => set_extra(call, key, value),
    }
}

/// Tells whether a value under one of a dimension's looser names can be meant: `tier: gold` is a plan of the
/// author's, `system: You are …` a prompt.
pub fn says_dim(dim: Dim, rank: u16, value: &str) -> bool {
    match dim {
        Dim::Tier => rank == 0 || value::is_tier(value),
        Dim::Provider => value::is_name(value),
        _ => true,
    }
}

/// Returns the status that an `error` key stands for: a text there is the failure itself.
pub fn failure(value: &str) -> &'static str {
    if matches!(value, "false" | "False" | "0" | "none" | "None") { "ok" } else { "error" }
}

/// Sets a standard dimension that has no value yet, folding what has a standard spelling.
pub fn set_dim<'t>(call: &mut Call<'t>, dim: Dim, value: Cow<'t, str>) {
    match dim {
        Dim::Provider => call.set_if_none(dim, map(value, provider::fold)),
        Dim::Tier => call.set_if_none(dim, map(value, |text| value::tier(text).unwrap_or_default())),
        Dim::Status => call.set_if_none(dim, map(value, value::status)),
        _ => call.set_if_none(dim, value),
    }
}

/// Keeps a key that no rule knows, unless it is long enough to be somebody's text.
pub fn set_extra<'t>(call: &mut Call<'t>, key: &str, value: Cow<'t, str>) {
    const LONGEST: usize = 200;
    if value.len() <= LONGEST && key.len() <= 100 {
        call.set_extra(key.to_string(), value);
    }
}

/// Takes a tag of the form `key:value` or `key=value`; another tag becomes `tag.<text>` = `true`.
pub fn tag<'t>(call: &mut Call<'t>, text: Cow<'t, str>) {
    match text.find([':', '=']) {
        Some(at) if at > 0 && at + 1 < text.len() => {
            let value = text[at + 1..].trim().to_string();
            assign(call, text[..at].trim(), value.into());
        }
        _ if text.len() <= 60 => set_extra(call, &format!("tag.{text}"), "true".into()),
        _ => {}
    }
}

/// Applies a text function without copying what it leaves alone.
fn map<'t>(value: Cow<'t, str>, fold: impl Fn(&str) -> Cow<'_, str>) -> Cow<'t, str> {
    match value {
        Cow::Borrowed(text) => fold(text),
        Cow::Owned(text) => Cow::Owned(fold(&text).into_owned()),
    }
}
