//! OpenAI answers, bare or wrapped: Chat Completions, Responses, embeddings, and the vendors that copy them.
//!
//! Inclusive: the input count contains cached tokens, cache writes, audio and image tokens; the output count
//! contains reasoning and audio; the total is input + output (openai/openai-python, `types/completion_usage.py`
//! and `types/responses/response_usage.py`, mid 2026, and 400 recorded answers). Vendors that copy the shape
//! leave reasoning out of the output (xAI chat) or out of all but the total (Gemini): the total tells.
//! Streams of chunks, images, transcriptions and batch outputs are not read here.

mod counts;

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::body;
use crate::read::body::Found;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::openai::counts::counts;
use crate::read::value;

/// The reader of OpenAI answers.
pub struct OpenAi;

/// Keys of an answer: not the log author's.
const OWN: &[&str] = &[
    "id",
    "object",
    "created",
    "created_at",
    "completed_at",
    "model",
    "choices",
    "usage",
    "service_tier",
    "system_fingerprint",
    "prompt_filter_results",
    "data",
    "output",
    "output_text",
    "status",
    "error",
    "incomplete_details",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "parallel_tool_calls",
    "previous_response_id",
    "reasoning",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "top_logprobs",
    "truncation",
    "user",
    "metadata",
    "background",
    "billing",
    "conversation",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "frequency_penalty",
    "presence_penalty",
    "input",
    "moderation",
    "provider",
    "x_groq",
    "request",
    "params",
];

/// Output items that are billed by the use: (type of the item, tool id).
const TOOLS: &[(&str, &str)] = &[
    ("web_search_call", "web_search"),
    ("file_search_call", "file_search"),
    ("code_interpreter_call", "code_interpreter"),
    ("image_generation_call", "image_generation"),
];

impl Reader for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        record.get("custom_id").is_none() && locate(record).is_some()
    }

    fn origin(&self) -> Origin {
        Origin::Provider
    }

    fn start(&self, _: &Options) -> Box<dyn Session> {
        Box::new(Answers)
    }
}

struct Answers;

impl Session for Answers {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if record.node.get("custom_id").is_some() {
            return Verdict::NotMine("a batch output".into());
        }
        let Some(found) = locate(record.node) else {
            return Verdict::NotMine("no OpenAI answer in it".into());
        };
        let state = found.body.get("status").map(Node::raw);
        if matches!(state, Some("in_progress" | "queued")) && found.body.get("usage").is_none() {
            sink.skip(record.line, "unfinished");
            return Verdict::Taken;
        }
        let mut call = Call { line: record.line, ..Call::default() };
        match read(&found, &mut call) {
            Ok(()) => sink.call(&call),
            Err(reason) => sink.reject(record.line, reason),
        }
        Verdict::Taken
    }
}

fn locate(record: Node<'_>) -> Option<Found<'_>> {
    body::find(record, is_answer).or_else(|| {
        // An `error` alone is any program's log line; beside a request, or in place of an answer, it is a call's.
        let found = body::find(record, is_error)?;
        (found.is_wrapped() || found.request().is_some_and(|request| request.get("model").is_some())).then_some(found)
    })
}

fn is_answer(node: Node<'_>) -> bool {
    match node.get("object").map(Node::raw) {
        Some("chat.completion" | "text_completion" | "response" | "realtime.response") => true,
        Some("list") => node.path(&["usage", "prompt_tokens"]).is_some(),
        _ if node.path(&["usage", "prompt_tokens"]).is_some() && node.get("choices").is_some() => true,
        _ => is_cut(node),
    }
}

/// Tells whether an answer was cut down to its model and usage. A record with keys of somebody else's is a log's own.
fn is_cut(node: Node<'_>) -> bool {
    let usage = |key: &str| node.path(&["usage", key]).is_some();
    let counted = usage("prompt_tokens") && (usage("completion_tokens") || usage("total_tokens"))
        || usage("input_tokens")
            && ["total_tokens", "input_tokens_details", "output_tokens_details"].into_iter().any(usage);
    counted && node.get("model").is_some() && node.fields().all(|(key, _)| OWN.contains(&key))
}

fn is_error(node: Node<'_>) -> bool {
    node.get("type").map(Node::raw) != Some("error")
        && node.get("error").is_some_and(|error| error.first(&["message", "code", "type"]).is_some())
}

fn read<'t>(found: &Found<'t>, call: &mut Call<'t>) -> Result<(), String> {
    let body = found.body;
    let around = body::take_around(found, OWN, call);
    let is_error = !is_answer(body);
    let has_time = take_time(body, call, around.has_time)? || around.has_time;
    if !has_time {
        return Err(around.problem.unwrap_or_else(|| "no time: add one with a wrapper key such as ts".into()));
    }
    take_seller(body, call);
    if is_error {
        let error = body.get("error");
        body::fail(call, error.and_then(|error| error.first(&["type", "code"])).and_then(Node::scalar));
        return Ok(());
    }
    body::set_id(call, body.get("id").and_then(Node::str));
    body::set_model(call, body.get("model").and_then(Node::str));
    take_dimensions(body, call);
    take_state(body, call);
    // The answer to a request of a batch says `default`: that it was one, only the log can tell.
    if let Some(tier) = body.get("service_tier").map(Node::raw).and_then(value::tier)
        && call.dim(Dim::Tier) != Some("batch")
    {
        call.set(Dim::Tier, tier);
    }
    take_tools(body, call)?;
    match body.get("usage") {
        Some(usage) => take_usage(usage, call),
        None if body::has_failed(call) => Ok(()),
        None => {
            body::missing(call);
            Ok(())
        }
    }
}

/// Takes the answer's own stamp, made when the request came in: nearer to the start than a wrapper's. Some
/// vendors write a zero there; then the wrapper's has to do.
fn take_time(body: Node<'_>, call: &mut Call<'_>, has_other: bool) -> Result<bool, String> {
    let Some(node) = body.first(&["created", "created_at"]) else {
        return Ok(false);
    };
    match fields::time(node) {
        Ok((ts, flags)) => {
            call.flags = Flags(call.flags.0 & !Flags::ZONE_ASSUMED.0);
            call.flags.add(flags);
            call.ts = ts;
            Ok(true)
        }
        Err(_) if has_other => Ok(false),
        Err(reason) => Err(format!("`created`: {reason}")),
    }
}

/// Sets the seller, unless the wrapper names one: some leave marks in the answer that no other does.
fn take_seller(body: Node<'_>, call: &mut Call<'_>) {
    let usage = |key: &str| body.path(&["usage", key]).is_some();
    let routed = body.get("id").is_some_and(|id| id.raw().starts_with("gen-")) && body.get("provider").is_some();
    let seller = if body.get("prompt_filter_results").is_some() {
        "azure"
    } else if usage("cost_in_usd_ticks") || usage("num_sources_used") {
        "xai"
    } else if usage("prompt_cache_hit_tokens") {
        "deepseek"
    } else if body.get("x_groq").is_some() {
        "groq"
    } else if routed {
        "openrouter"
    } else {
        let asked = call.dim(Dim::Model).map(|model| Cow::Owned(model.to_string()));
        let model = body.get("model").and_then(Node::str).or(asked).unwrap_or_default();
        match () {
            () if is_family(&model) => "openai",
            () if model.starts_with("accounts/fireworks/") => "fireworks",
            // Many vendors copy the shape: whose model it is, the price table may know.
            () => return,
        }
    };
    call.set_if_none(Dim::Provider, seller);
}

fn take_dimensions<'t>(body: Node<'t>, call: &mut Call<'t>) {
    let text = |key: &str| body.get(key).and_then(Node::str);
    if let Some(metadata) = body.get("metadata") {
        fields::nested(metadata, call);
    }
    for (dim, value) in [
        (Dim::User, text("user").or_else(|| text("safety_identifier"))),
        (Dim::Session, body.path(&["conversation", "id"]).and_then(Node::str)),
        (Dim::Prompt, body.path(&["prompt", "id"]).and_then(Node::str)),
        (Dim::PromptVersion, body.path(&["prompt", "version"]).and_then(Node::scalar)),
    ] {
        if let Some(value) = value {
            call.set_if_none(dim, value);
        }
    }
    for key in ["prompt_cache_key", "previous_response_id"] {
        if let Some(value) = text(key) {
            fields::set_extra(call, key, value);
        }
    }
}

/// Takes how the answer ended; one that was cut short is billed like any other.
fn take_state<'t>(body: Node<'t>, call: &mut Call<'t>) {
    match body.get("status").map(Node::raw) {
        Some("failed") => {
            let kind = body.get("error").and_then(|error| error.first(&["code", "type"]));
            body::fail(call, kind.and_then(Node::scalar));
        }
        Some("cancelled") => call.set(Dim::Status, "cancelled"),
        _ => call.set_if_none(Dim::Status, "ok"),
    }
}

fn take_tools<'t>(body: Node<'t>, call: &mut Call<'t>) -> Result<(), String> {
    // xAI counts the uses that it bills; its items of output are more or fewer.
    if let Some(details) = body.path(&["usage", "server_side_tool_usage_details"]) {
        for (tool, uses) in details.fields() {
            if let Some(uses) = value::optional_count(tool, Some(uses))?.filter(|uses| *uses > 0) {
                call.tools.push((tool.into(), uses));
            }
        }
        return Ok(());
    }
    if let Some(sources) = body.path(&["usage", "num_sources_used"]).filter(|_| call.dim(Dim::Provider) == Some("xai"))
        && let Some(uses) = value::optional_count("num_sources_used", Some(sources))?.filter(|uses| *uses > 0)
    {
        call.tools.push(("num_sources_used".into(), uses));
    }
    // Only a search has a fee; opening a page it found, or looking into it, has none.
    let billed = |item: &Node<'_>| item.path(&["action", "type"]).is_none_or(|action| action.raw() == "search");
    for (kind, id) in TOOLS {
        let items = body.get("output").into_iter().flat_map(Node::items);
        let uses = items.filter(|item| item.get("type").map(Node::raw) == Some(kind));
        let uses = uses.filter(|item| *kind != "web_search_call" || billed(item)).count() as u64;
        if uses > 0 {
            let id = if *id == "web_search" && searches_by_preview(body) { "web_search_preview" } else { id };
            call.tools.push(((*id).into(), uses));
        }
    }
    Ok(())
}

/// Tells whether the search tool on offer was the preview, which has a fee of its own.
fn searches_by_preview(body: Node<'_>) -> bool {
    let tools = body.get("tools").into_iter().flat_map(Node::items);
    tools.filter_map(|tool| tool.get("type")).any(|kind| kind.raw().starts_with("web_search_preview"))
}

/// Takes counts and charge from the `usage` of an answer, by the rules of the provider already set.
pub fn take_usage(usage: Node<'_>, call: &mut Call<'_>) -> Result<(), String> {
    take_cost(usage, call)?;
    let Some(counts) = counts(usage)? else {
        body::missing(call);
        return Ok(());
    };
    match counts.disjoint(of_openai(call)) {
        Some((tokens, reasoning)) => {
            call.tokens = tokens;
            call.reasoning = reasoning;
            if counts.written > 0 && !keeps_for_half_an_hour(call) {
                call.tokens.set(Class::CacheWrite30m, 0);
                call.tokens.set(Class::CacheWrite5m, counts.written);
            }
            let hidden = reasoning.saturating_sub(counts.reasoning);
            if hidden > 0 {
                call.set_extra("reasoning_hidden", hidden.to_string());
            }
        }
        None => {
            call.tokens = counts.raw();
            call.reasoning = counts.reasoning;
            body::inconsistent(call);
        }
    }
    if counts.written > 0 {
        // The usage does not tell the retention: the default of the model's maker is taken.
        call.flags.add(Flags::TTL_UNKNOWN);
    }
    Ok(())
}

/// Takes the charge that some vendors state in the usage.
fn take_cost(usage: Node<'_>, call: &mut Call<'_>) -> Result<(), String> {
    if let Some(ticks) = usage.get("cost_in_usd_ticks") {
        call.logged_cost = Some(value::money("cost_in_usd_ticks", ticks, 10)?);
    } else if let Some(cost) = usage.get("cost").filter(|_| call.dim(Dim::Provider) == Some("openrouter")) {
        call.logged_cost = Some(value::money("cost", cost, 0)?);
    } else {
        return Ok(());
    }
    call.flags.add(Flags::COST_CHARGED);
    Ok(())
}

/// Tells whether the model is OpenAI's own, so that the documented sums are law.
fn of_openai(call: &Call<'_>) -> bool {
    matches!(call.dim(Dim::Provider), Some("openai" | "azure")) && is_family(call.dim(Dim::Model).unwrap_or_default())
}

/// Tells OpenAI's models by their names. Its open-weight ones are sold by others alone.
pub fn is_family(model: &str) -> bool {
    const FAMILIES: [&str; 13] = [
        "gpt-",
        "gpt3",
        "chatgpt-",
        "o1",
        "o3",
        "o4",
        "ft:",
        "text-embedding-",
        "text-davinci",
        "codex-",
        "dall-e",
        "omni-moderation",
        "computer-use",
    ];
    FAMILIES.iter().any(|name| model.starts_with(name)) && !model.starts_with("gpt-oss")
}

/// Tells whether a cache write of a call is kept for thirty minutes, as OpenAI's models do; others keep it for five.
fn keeps_for_half_an_hour(call: &Call<'_>) -> bool {
    let model = call.dim(Dim::Model).unwrap_or_default();
    of_openai(call) || call.dim(Dim::Provider) == Some("azure") || is_family(model.rsplit('/').next().unwrap_or(model))
}
