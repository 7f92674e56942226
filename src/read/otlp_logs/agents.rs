//! The events of coding agents: which are calls, and what their counts mean.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::read::body;
use crate::read::fields;
use crate::read::fields::Field;
use crate::read::otlp_logs::event::Event;
use crate::read::spans::attributes::Attributes;
use crate::read::spans::attributes::assign;
use crate::read::spans::claude_seller;
use crate::read::spans::names;
use crate::read::spans::names::Dialect;
use crate::read::spans::names::Name;
use crate::read::tokens;
use crate::read::value;

/// What an event tells.
pub(super) enum Told<'t> {
    /// A call.
    Call(Box<Call<'t>>),
    /// An event of the conventions, to be read like the span it doubles.
    Details,
    /// No call, for this reason.
    Nothing(&'static str),
}

/// Programs that say each call twice: in their own event, which is taken, and in one of the conventions.
const TWICE: [&str; 2] = ["gemini-cli", "qwen-code"];

/// Reads an event.
pub(super) fn read<'t>(event: &Event<'t>) -> Result<Told<'t>, String> {
    let name = event.name.as_ref();
    let is_claude = name.starts_with("claude_code.") || event.is_from("claude-code") || is_claude_scope(event.scope);
    let call = match name {
        "claude_code.api_request" => claude(event)?,
        "api_request" if is_claude || event.get(&["cost_usd"]).is_some() => claude(event)?,
        "claude_code.api_error" => failure(event)?,
        "api_error" if is_claude => failure(event)?,
        "codex.sse_event" => return codex(event),
        _ if name.ends_with(".api_response") => gemini(event)?,
        _ if name.ends_with(".api_error") => failure(event)?,
        _ if is_conventional(event) => {
            let twice = TWICE.iter().any(|program| event.is_from(program));
            return Ok(if twice { Told::Nothing("duplicate_event") } else { Told::Details });
        }
        _ => return Ok(Told::Nothing("no_call")),
    };
    Ok(Told::Call(Box::new(call)))
}

fn is_claude_scope(scope: &str) -> bool {
    scope.starts_with("com.anthropic.claude_code")
}

/// Tells whether an event carries what a span of a request carries, whatever it is called.
fn is_conventional(event: &Event<'_>) -> bool {
    const USAGE: [&str; 4] = [
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.prompt_tokens",
        "gen_ai.usage.completion_tokens",
    ];
    event.name == "gen_ai.client.inference.operation.details" || event.get(&USAGE).is_some()
}

/// Starts a call from an event: times, ids, dimensions.
fn start<'t>(event: &Event<'t>) -> Result<Call<'t>, String> {
    let mut call = Call { line: event.line, ..Call::default() };
    call.latency_ms = event.get(&["duration_ms"]).and_then(|node| value::millis(node, 1.0));
    let length = i64::try_from(call.latency_ms.unwrap_or(0)).unwrap_or(0).saturating_mul(1_000_000);
    // The event is written when the answer is there.
    call.ts = Timestamp(event.stamp()?.saturating_sub(length));
    call.ttft_ms = event.get(&["ttft_ms"]).and_then(|node| value::millis(node, 1.0));
    call.set(Dim::Status, "ok");
    let (trace, parent) = event.place();
    call.set(Dim::Trace, trace.unwrap_or_default());
    call.parent = parent;
    take_dimensions(event, &mut call);
    if let Some(model) = event.text(&["model", "model_name"]) {
        call.set(Dim::Model, model);
    }
    Ok(call)
}

fn take_dimensions<'t>(event: &Event<'t>, call: &mut Call<'t>) {
    const DIMS: [(Dim, &[&str]); 6] = [
        (Dim::Session, &["session.id", "conversation.id"]),
        (Dim::User, &["user.email", "user.account_uuid", "user.account_id", "user.id"]),
        // Everything that one prompt of the user set off.
        (Dim::Run, &["prompt.id", "prompt_id"]),
        (Dim::Agent, &["agent.name"]),
        (Dim::Skill, &["skill.name"]),
        (Dim::Account, &["organization.id"]),
    ];
    const EXTRAS: [(&str, &str); 13] = [
        ("user.account_uuid", "user_account"),
        ("user.account_id", "user_account"),
        ("query_source", "caller"),
        ("role", "caller"),
        ("effort", "effort"),
        ("attempt", "attempt"),
        ("app.version", "app_version"),
        ("terminal.type", "terminal"),
        ("auth_type", "auth_type"),
        ("auth_mode", "auth_type"),
        ("originator", "originator"),
        ("plugin.name", "plugin"),
        ("client_request_id", "client_request_id"),
    ];
    for (dim, names) in DIMS {
        if let Some(value) = event.text(names) {
            call.set(dim, value);
        }
    }
    for (name, key) in EXTRAS {
        if let Some(value) = event.text(&[name]) {
            fields::set_extra(call, key, value);
        }
    }
    let is_used =
        |key: &str| DIMS.iter().any(|(_, names)| names.contains(&key)) || EXTRAS.iter().any(|(name, _)| *name == key);
    for (key, value) in event.fields().filter(|(key, _)| !is_used(key)) {
        // What the user adds to the telemetry, as attributes of the resource, stands among the event's own keys too.
        if let Some(Field::Dim(dim)) = fields::meaning(key).map(|meaning| meaning.field)
            && !matches!(dim, Dim::Status | Dim::Model | Dim::Provider | Dim::Tier | Dim::Trace | Dim::Route)
        {
            assign(call, key, value);
        } else if key.contains('.')
            && let Name::Own(own) = names::name(key, Dialect::Conventions)
        {
            assign(call, own, value);
        }
    }
    Attributes::new(Dialect::Conventions).take_resource(event.resource, None, call);
}

/// Sets the provider's id of the request, which names one call wherever it appears.
fn take_id<'t>(event: &Event<'t>, names: &[&str], call: &mut Call<'t>) {
    call.request_id = event.text(names);
    if call.request_id.is_some() {
        call.flags.add(Flags::UNIQUE_ID);
    }
}

/// A finished request of Claude Code. Its counts are disjoint.
fn claude<'t>(event: &Event<'t>) -> Result<Call<'t>, String> {
    let mut call = start(event)?;
    let model = call.dim(Dim::Model).ok_or("an `api_request` without `model`")?;
    if let Some(seller) = claude_seller(model) {
        call.set(Dim::Provider, seller);
    }
    take_id(event, &["request_id"], &mut call);
    if event.text(&["speed"]).is_some_and(|speed| speed == "fast") {
        call.set(Dim::Tier, "fast");
    }
    let cost = |name: &str, scale: i32| event.get(&[name]).map(|node| value::money(name, node, scale)).transpose();
    call.logged_cost = cost("cost_usd", 0)?.or(cost("cost_usd_micros", 6)?);
    let cached = [event.count("cache_read_tokens")?, event.count("cache_creation_tokens")?];
    match (event.count("input_tokens")?, event.count("output_tokens")?) {
        (Some(input), Some(output)) => {
            call.tokens.set(Class::Input, input);
            call.tokens.set(Class::Output, output);
            call.tokens.set(Class::CacheRead, cached[0].unwrap_or(0));
            tokens::set_split_writes(&mut call, cached[1].unwrap_or(0), 0, 0);
        }
        (None, None) if cached == [None, None] => body::missing(&mut call),
        (None, _) => return Err("an `api_request` without `input_tokens`".into()),
        (_, None) => return Err("an `api_request` without `output_tokens`".into()),
    }
    Ok(call)
}

/// A failed request of an agent: a call without counts.
fn failure<'t>(event: &Event<'t>) -> Result<Call<'t>, String> {
    let mut call = start(event)?;
    let model = call.dim(Dim::Model).ok_or("an `api_error` without `model`")?;
    let seller = if model.starts_with("gemini") { gemini_seller(event) } else { claude_seller(model) };
    if let Some(seller) = seller {
        call.set(Dim::Provider, seller);
    }
    take_id(event, &["request_id"], &mut call);
    // The message itself may quote the prompt: the code says enough.
    let kind = event.text(&["error.type", "error_type", "status_code"]);
    body::fail(&mut call, kind);
    Ok(call)
}

fn gemini_seller(event: &Event<'_>) -> Option<&'static str> {
    let by_vertex = event.text(&["auth_type"]).is_some_and(|auth| auth.contains("vertex"));
    Some(if by_vertex { "vertex" } else { "google" })
}

/// A finished request of Gemini CLI, or of a program that took over its telemetry.
fn gemini<'t>(event: &Event<'t>) -> Result<Call<'t>, String> {
    let mut call = start(event)?;
    let model = call.dim(Dim::Model).ok_or("an `api_response` without `model`")?;
    if event.name.starts_with("gemini_cli.") || model.starts_with("gemini") {
        call.set(Dim::Provider, gemini_seller(event).unwrap_or_default());
    }
    // Written whenever the server sends one; the prompt's own id names several calls.
    take_id(event, &["response_id", "gen_ai.response.id"], &mut call);
    let part = |name: &str| event.count(name).map(|count| count.unwrap_or(0));
    let (cached, thoughts, tool) =
        (part("cached_content_token_count")?, part("thoughts_token_count")?, part("tool_token_count")?);
    let total = event.count("total_token_count")?;
    let (Some(input), Some(output)) = (event.count("input_token_count")?, event.count("output_token_count")?) else {
        return Err("an `api_response` without `input_token_count` and `output_token_count`".into());
    };
    // Where there was no usage at all, Gemini CLI writes zeros.
    if input == 0 && output == 0 && total.unwrap_or(0) == 0 {
        body::missing(&mut call);
        return Ok(call);
    }
    let prompt = input + tool;
    // Thoughts stand apart, but for an answer that was translated from another API.
    let are_inside = thoughts > 0 && thoughts <= output && total == Some(prompt + output);
    call.tokens.set(Class::Output, if are_inside { output } else { output + thoughts });
    call.reasoning = thoughts;
    call.tokens.set(Class::CacheRead, cached);
    match prompt.checked_sub(cached) {
        Some(uncached) => call.tokens.set(Class::Input, uncached),
        None => {
            call.tokens.set(Class::Input, prompt);
            body::inconsistent(&mut call);
        }
    }
    Ok(call)
}

/// An event of an answer's stream in Codex: the last one has the counts.
fn codex<'t>(event: &Event<'t>) -> Result<Told<'t>, String> {
    let kind = event.text(&["event.kind"]).unwrap_or_default();
    let has_failed = event.get(&["error.message"]).is_some();
    if !matches!(kind.as_ref(), "response.completed" | "response.failed" | "response.incomplete") {
        return Ok(Told::Nothing("no_call"));
    }
    let mut call = start(event)?;
    // The duration of an event of the stream is the wait for it, not the answer's.
    call.latency_ms = None;
    call.ts = Timestamp(event.stamp()?);
    let model = call.dim(Dim::Model).ok_or("a `codex.sse_event` without `model`")?;
    if ["gpt", "codex", "o1", "o3", "o4"].iter().any(|start| model.starts_with(start)) {
        call.set(Dim::Provider, "openai");
    }
    take_id(event, &["response.id", "response_id"], &mut call);
    let (input, output) = (event.count("input_token_count")?, event.count("output_token_count")?);
    match (input, output) {
        (Some(input), Some(output)) => take_codex_counts(event, input, output, &mut call)?,
        // The end of an answer is told twice, the first time as any other event of the stream: with its duration.
        (None, None) if !has_failed && event.get(&["duration_ms"]).is_some() => return Ok(Told::Nothing("no_call")),
        (None, None) if kind == "response.failed" => body::fail(&mut call, None),
        (None, None) => body::missing(&mut call),
        _ => return Err("a `codex.sse_event` without `input_token_count` or `output_token_count`".into()),
    }
    Ok(Told::Call(Box::new(call)))
}

fn take_codex_counts(event: &Event<'_>, input: u64, output: u64, call: &mut Call<'_>) -> Result<(), String> {
    let part = |name: &str| event.count(name).map(|count| count.unwrap_or(0));
    let (read, written) = (part("cached_token_count")?, part("cache_write_token_count")?);
    call.reasoning = part("reasoning_token_count")?;
    call.tokens.set(Class::Output, output);
    call.tokens.set(Class::CacheRead, read);
    tokens::set_half_hour_writes(call, written);
    match input.checked_sub(read + written) {
        Some(uncached) if call.reasoning <= output => call.tokens.set(Class::Input, uncached),
        _ => {
            call.tokens.set(Class::Input, input);
            body::inconsistent(call);
        }
    }
    Ok(())
}
