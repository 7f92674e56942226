//! OpenAI answers, bare or wrapped: Chat Completions, Responses, embeddings, and the vendors that copy them.
//!
//! Inclusive: the input count contains cached tokens, cache writes, audio and image tokens; the output count
//! contains reasoning and audio; the total is input + output (openai/openai-python, `types/completion_usage.py`
//! and `types/responses/response_usage.py`, mid 2026, and 400 recorded answers). Vendors that copy the shape
//! leave reasoning out of the output (xAI chat) or out of all but the total (Gemini): the total tells.
//! Perplexity's deep research states reasoning and citations beside both (vercel/ai, `packages/perplexity`); Mistral
//! counts what it hears in the total alone, and bills it by the second. Images and transcriptions by token are
//! read, those by the second have no usage that can be priced. Streams (`sse`) and batch outputs have readers of
//! their own, which come back here.

mod counts;
mod seller;
mod shapes;
mod vendors;

use crate::domain::Call;
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
use crate::read::openai::seller::of_openai;
use crate::read::openai::seller::take_seller;
use crate::read::openai::shapes::OWN;
use crate::read::openai::shapes::is_answer;
use crate::read::openai::shapes::is_image;
use crate::read::openai::shapes::is_transcript;
use crate::read::openai::shapes::locate;
use crate::read::openai::shapes::no_call;
use crate::read::openai_batch;
use crate::read::sse;
use crate::read::tokens;
use crate::read::value;

/// The reader of OpenAI answers.
pub struct OpenAi;

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
        foreign(record).is_none()
            && (no_call(record).is_some() || locate(record).is_some() || body::is_unanswered(record))
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
        if let Some(other) = foreign(record.node) {
            return Verdict::NotMine(other.into());
        }
        if let Some(reason) = no_call(record.node) {
            sink.skip(record.line, reason);
            return Verdict::Taken;
        }
        let mut call = Call { line: record.line, ..Call::default() };
        let Some(found) = locate(record.node) else {
            if !body::is_unanswered(record.node) {
                return Verdict::NotMine("no OpenAI answer in it".into());
            }
            let outcome = body::read_unanswered(record.node, &mut call).map(|()| take_seller(record.node, &mut call));
            sink.take(&call, outcome);
            return Verdict::Taken;
        };
        let state = found.body.get("status").map(Node::raw);
        if matches!(state, Some("in_progress" | "queued")) && found.body.get("usage").is_none() {
            sink.skip(record.line, "unfinished");
            return Verdict::Taken;
        }
        let outcome = read(&found, &mut call);
        sink.take(&call, outcome);
        Verdict::Taken
    }
}

/// Names the format of records that hold an answer and follow rules of their own.
fn foreign(record: Node<'_>) -> Option<&'static str> {
    if openai_batch::is_line(record) {
        Some("a line of a batch")
    } else if sse::is_event(record) {
        Some("an event of a stream")
    } else {
        None
    }
}

/// Looks for an answer in a record.
pub fn find(record: Node<'_>) -> Option<Found<'_>> {
    locate(record)
}

/// Reads an answer and what stands around it into a call.
pub fn read<'t>(found: &Found<'t>, call: &mut Call<'t>) -> Result<(), String> {
    let body = found.body;
    let around = body::take_around(found, OWN, call);
    let is_error = !is_answer(body);
    let has_time = take_time(body, call, around.has_time)? || around.has_time;
    if !has_time {
        return Err(around.no_time());
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
    if is_transcript(body) && body.get("duration").is_some() {
        // The length of what was heard, not of the call.
        call.latency_ms = None;
    }
    match body.get("usage") {
        Some(usage) if is_image(body) => vendors::take_image_usage(usage, call),
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

/// Takes counts, charge and fees from a usage of OpenAI's shape.
pub fn take_usage<'t>(usage: Node<'t>, call: &mut Call<'t>) -> Result<(), String> {
    take_cost(usage, call)?;
    vendors::take_extras(usage, call)?;
    let apart = vendors::is_reasoning_apart(usage, call);
    let Some(counts) = counts(usage, apart)? else {
        body::missing(call);
        return Ok(());
    };
    match counts.disjoint(of_openai(call)) {
        Some((tokens, reasoning)) => {
            call.tokens = tokens;
            call.reasoning = reasoning;
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
    tokens::set_cache_writes(call, counts.written, 0, 0);
    Ok(())
}

/// Takes the charge that some vendors state in the usage.
fn take_cost(usage: Node<'_>, call: &mut Call<'_>) -> Result<(), String> {
    if let Some(ticks) = usage.get("cost_in_usd_ticks") {
        call.logged_cost = Some(value::money("cost_in_usd_ticks", ticks, 10)?);
    } else if let Some(cost) = usage.get("cost").filter(|_| call.dim(Dim::Provider) == Some("openrouter")) {
        call.logged_cost = Some(value::money("cost", cost, 0)?);
    } else if let Some(cost) =
        usage.path(&["cost", "total_cost"]).filter(|_| call.dim(Dim::Provider) == Some("perplexity"))
    {
        call.logged_cost = Some(value::money("total_cost", cost, 0)?);
    } else {
        return Ok(());
    }
    call.flags.add(Flags::COST_CHARGED);
    Ok(())
}
