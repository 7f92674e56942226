//! The `result` that `claude -p` prints last: sums of a whole session, of use where nothing else of it was logged.

use std::collections::HashSet;

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::read::Sink;
use crate::read::anthropic::Counts;
use crate::read::body;
use crate::read::claude_code::line::Line;
use crate::read::json::Node;
use crate::read::tokens::set_split_writes;
use crate::read::value;

/// The results of a file, until its end tells whether their calls were logged too.
#[derive(Default)]
pub(super) struct Rollups {
    kept: Vec<Kept>,
    /// Sessions of which calls were seen.
    seen: HashSet<String>,
}

struct Kept {
    line: u64,
    session: String,
    calls: Vec<Call<'static>>,
    timed: bool,
}

/// More results than this are handed on as they come: a file of them has no other lines.
const MOST_KEPT: usize = 10_000;

impl Rollups {
    /// Notes that a session's calls are in the file themselves.
    pub(super) fn saw_call(&mut self, line: &Line<'_>) {
        if line.message.usage.is_some()
            && line.is_printed()
            && let Some(session) = line.session.map(Node::raw)
            && !self.seen.contains(session)
        {
            self.seen.insert(session.to_string());
        }
    }

    /// Keeps a result back.
    pub(super) fn keep(&mut self, line: &Line<'_>, node: Node<'_>, sink: &mut dyn Sink) {
        let session = line.session.map(Node::raw).unwrap_or_default().to_string();
        if self.seen.contains(&session) || self.kept.len() >= MOST_KEPT {
            // Beyond the bound nothing tells whose calls may follow: one line may be a sum of others.
            match self.seen.contains(&session) {
                true => sink.skip(line.number, "rollup"),
                false => sink.reject(line.number, "too many results in one file".into()),
            }
            return;
        }
        if !session.is_empty() && self.kept.iter().any(|kept| kept.session == session) {
            let reason = "another result of a session of this file: its sums may contain the first one's";
            sink.reject(line.number, reason.into());
            return;
        }
        match read(line, node) {
            Ok((calls, timed)) => self.kept.push(Kept { line: line.number, session, calls, timed }),
            Err(reason) => sink.reject(line.number, reason),
        }
    }

    /// Hands on the results of sessions whose calls are not in the file.
    pub(super) fn end(&mut self, time: Option<Timestamp>, sink: &mut dyn Sink) {
        for mut kept in std::mem::take(&mut self.kept) {
            if self.seen.contains(&kept.session) {
                sink.skip(kept.line, "rollup");
                continue;
            }
            match time {
                _ if kept.timed => {}
                Some(time) => {
                    for call in &mut kept.calls {
                        call.ts = time;
                        call.flags.add(Flags::TIME_ASSUMED);
                    }
                }
                None => {
                    sink.reject(kept.line, super::held::NO_TIME.into());
                    continue;
                }
            }
            kept.calls.iter().for_each(|call| sink.call(call));
        }
    }
}

/// Reads a result: a call for each model it sums.
fn read(line: &Line<'_>, node: Node<'_>) -> Result<(Vec<Call<'static>>, bool), String> {
    let mut head = Call { line: line.number, ..Call::default() };
    let ts = line.ts()?;
    if let Some((ts, flags)) = ts {
        head.ts = ts;
        head.flags.add(flags);
    }
    head.flags.add(Flags::ROLLUP);
    head.request_id = line.uuid.and_then(Node::str).map(|id| id.into_owned().into());
    if head.request_id.is_some() {
        head.flags.add(Flags::UNIQUE_ID);
    }
    if let Some(session) = line.session.and_then(Node::str) {
        head.set(Dim::Session, session.into_owned());
    }
    head.set(Dim::Status, if node.get("is_error").and_then(Node::bool) == Some(true) { "error" } else { "ok" });
    head.latency_ms = node.get("duration_ms").and_then(|node| value::millis(node, 1.0));
    let models = node.get("modelUsage").filter(|models| models.fields().next().is_some());
    let usage = node.get("usage").filter(|usage| usage.is_object());
    let calls = match models {
        Some(models) => by_model(&head, models, usage)?,
        None => vec![in_all(head, node, usage)?],
    };
    Ok((calls, ts.is_some()))
}

fn by_model(head: &Call<'static>, models: Node<'_>, usage: Option<Node<'_>>) -> Result<Vec<Call<'static>>, String> {
    let alone = models.fields().count() == 1;
    let mut calls = Vec::new();
    for (name, sums) in models.fields() {
        let mut call = head.clone();
        if !calls.is_empty() {
            // What the whole took belongs to one call, or it would be counted for each.
            call.latency_ms = None;
            call.request_id = call.request_id.map(|id| format!("{id}#{}", calls.len()).into());
        }
        // `claude-opus-5[1m]` is a model with its window.
        let model = name.split('[').next().unwrap_or(name);
        call.set(Dim::Model, model.to_string());
        if model != name {
            call.set_extra("model_raw", name.to_string());
        }
        call.set(Dim::Provider, seller(model, sums));
        let count = |key: &str| value::optional_count(key, sums.get(key));
        let (input, output) = (count("inputTokens")?, count("outputTokens")?);
        let written = count("cacheCreationInputTokens")?.unwrap_or(0);
        call.tokens.set(Class::Input, input.unwrap_or(0));
        call.tokens.set(Class::Output, output.unwrap_or(0));
        call.tokens.set(Class::CacheRead, count("cacheReadInputTokens")?.unwrap_or(0));
        call.reasoning = count("thinkingTokens")?.unwrap_or(0);
        let split = usage.filter(|_| alone).and_then(|usage| split_of(usage, written));
        let (short, long) = split.unwrap_or((0, 0));
        set_split_writes(&mut call, written, short, long);
        if let Some(uses) = count("webSearchRequests")?.filter(|uses| *uses > 0) {
            call.tools.push(("web_search".into(), uses));
        }
        call.logged_cost = sums.get("costUSD").map(|cost| value::money("costUSD", cost, 0)).transpose()?;
        if input.is_none() || output.is_none() {
            body::missing(&mut call);
        } else if call.reasoning > call.tokens.get(Class::Output) {
            body::inconsistent(&mut call);
        }
        calls.push(call);
    }
    Ok(calls)
}

/// Returns how long the cache writes of the only model last, if the sums are of the same.
fn split_of(usage: Node<'_>, written: u64) -> Option<(u64, u64)> {
    let count = |path: &[&str]| value::count("", usage.path(path)?).ok();
    let short = count(&["cache_creation", "ephemeral_5m_input_tokens"])?;
    let long = count(&["cache_creation", "ephemeral_1h_input_tokens"])?;
    (short + long == written).then_some((short, long))
}

/// Returns who sold the tokens, where the log or the model's name tells.
fn seller(model: &str, sums: Node<'_>) -> &'static str {
    match sums.get("provider").map(Node::raw) {
        Some("bedrock") => "bedrock",
        Some("vertex") => "vertex",
        Some("firstParty") | None if model.starts_with("claude") => "anthropic",
        _ => "",
    }
}

/// A result of before `modelUsage`: which model it was is not told.
fn in_all(mut call: Call<'static>, node: Node<'_>, usage: Option<Node<'_>>) -> Result<Call<'static>, String> {
    match usage {
        Some(usage) => Counts::read(usage)?.set(&mut call),
        None => body::missing(&mut call),
    }
    let cost = node.first(&["total_cost_usd", "cost_usd"]);
    call.logged_cost = cost.map(|cost| value::money("total_cost_usd", cost, 0)).transpose()?;
    Ok(call)
}
