//! Calls kept back while lines of theirs may follow: repeats raise their counts, replays give way to originals.

use std::borrow::Cow;
use std::collections::VecDeque;

use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::read::Sink;
use crate::read::anthropic;
use crate::read::anthropic::Counts;
use crate::read::body;
use crate::read::claude_code::line::Line;
use crate::read::claude_code::said::describe;
use crate::read::claude_code::said::inner_calls;
use crate::read::claude_code::said::is_placeholder;
use crate::read::claude_code::said::names_one_call;
use crate::read::claude_code::said::owned;
use crate::read::claude_code::said::replaying;
use crate::read::claude_code::said::sum;
use crate::read::claude_code::said::take_mode;
use crate::read::json::Node;
use crate::read::value;

/// More calls than this are not kept back: the older half is handed on, and the store merges what repeats them.
const MOST_HELD: usize = 16_000;

/// Why a record without any time is refused.
pub(super) const NO_TIME: &str = "no time, here or in the rest of the file: `claude -p` prints none; add a key \
                                  `timestamp`, or import the session's own file";

/// The calls of a session so far.
#[derive(Default)]
pub(super) struct Held {
    entries: VecDeque<Entry>,
    /// How many entries were handed on before the first that is held: places count from the file's start.
    gone: usize,
    /// The last place of each message id, by hash.
    by_id: HashMap<u64, usize>,
    /// The kind of agent that a tool call started, by the call's id.
    started: HashMap<String, String>,
    /// The kind of an agent, by its id.
    agents: HashMap<String, String>,
    first_time: Option<Timestamp>,
    last_time: Option<Timestamp>,
}

/// A call that is kept back.
struct Entry {
    /// What the first line said, without counts and agent.
    call: Call<'static>,
    counts: Counts,
    tools: [u64; anthropic::TOOLS.len()],
    inner: Vec<Call<'static>>,
    request: Option<String>,
    /// Place of the entry before it with the same hash of the message id.
    before: Option<usize>,
    is_sidechain: bool,
    /// Another request has an answer of the same id: calls of a gateway's that reuses ids.
    shares_id: bool,
    is_timed: bool,
    has_stopped: bool,
    answer_len: usize,
    agent: Option<String>,
    agent_type: Option<String>,
    parent_tool: Option<String>,
}

/// What a line is to the calls before it.
enum Match {
    New,
    /// A call of its own that shares its id with the one at this place.
    Namesake(usize),
    /// A further line of the call at this place.
    Repeat(usize),
    /// A replay of the call at this place.
    Replay,
    /// The original of the replay at this place.
    Original(usize),
}

impl Held {
    /// Notes when a line was written, for lines without a time.
    pub(super) fn take_time(&mut self, line: &Line<'_>) {
        if line.is_printed()
            && let Ok(Some((ts, _))) = line.ts()
        {
            self.first_time.get_or_insert(ts);
            self.last_time = Some(ts);
        }
    }

    /// Returns the first time of the file's lines.
    pub(super) fn first_time(&self) -> Option<Timestamp> {
        self.first_time
    }

    /// Learns from a tool's result which kind of agent answered.
    pub(super) fn learn_agent(&mut self, line: &Line<'_>) {
        let told = |key: &str| line.tool_result.and_then(|result| result.get(key)).and_then(Node::str);
        if let (Some(agent), Some(kind)) = (told("agentId"), told("agentType"))
            && self.agents.len() < MOST_HELD
        {
            self.agents.insert(agent.into_owned(), kind.into_owned());
        }
    }

    /// Takes a line that holds an answer, or the failure to get one.
    pub(super) fn take(&mut self, line: &Line<'_>, sink: &mut dyn Sink) {
        for (tool, kind) in line.message.agents() {
            if self.started.len() < MOST_HELD {
                self.started.insert(tool.into_owned(), kind.into_owned());
            }
        }
        if !line.is_error && line.message.model.map(Node::raw) == Some("<synthetic>") {
            return sink.skip(line.number, "synthetic");
        }
        if let Err(reason) = self.hold(line, sink) {
            sink.reject(line.number, reason);
        }
    }

    fn hold(&mut self, line: &Line<'_>, sink: &mut dyn Sink) -> Result<(), String> {
        if let Some(lack) = line.lack() {
            return Err(lack.into());
        }
        let id = line.message.id.or(line.request).map_or("", Node::raw);
        let hash = xxh3_64(id.as_bytes());
        let found = if id.is_empty() || line.is_error { Match::New } else { self.find(hash, id, line) };
        match found {
            Match::Repeat(place) => {
                self.merge(place, line)?;
                sink.skip(line.number, "repeat");
            }
            Match::Replay => sink.skip(line.number, "replay"),
            Match::Original(place) => {
                let entry = self.entry(line)?;
                if let Some(held) = self.entries.get_mut(place - self.gone) {
                    let replay = std::mem::replace(held, entry);
                    held.before = replay.before;
                    sink.skip(replay.call.line, "replay");
                }
            }
            Match::New => {
                let entry = self.entry(line)?;
                self.push(hash, !id.is_empty(), entry, sink);
            }
            Match::Namesake(place) => {
                let mut entry = self.entry(line)?;
                entry.shares_id = true;
                if let Some(other) = self.entries.get_mut(place - self.gone) {
                    other.shares_id = true;
                }
                self.push(hash, true, entry, sink);
            }
        }
        Ok(())
    }

    /// Keeps a call back, and hands on the older half of many.
    fn push(&mut self, hash: u64, has_id: bool, mut entry: Entry, sink: &mut dyn Sink) {
        if has_id {
            entry.before = self.by_id.insert(hash, self.gone + self.entries.len());
        }
        self.entries.push_back(entry);
        if self.entries.len() > MOST_HELD {
            self.hand_on(MOST_HELD / 2, sink);
        }
    }

    /// Tells what a line is to the calls that are held.
    fn find(&self, hash: u64, id: &str, line: &Line<'_>) -> Match {
        let request = line.request.map(Node::raw);
        let mut place = self.by_id.get(&hash).copied();
        let mut found = Match::New;
        while let Some(at) = place {
            let Some(entry) = at.checked_sub(self.gone).and_then(|at| self.entries.get(at)) else { break };
            place = entry.before;
            if entry.call.request_id.as_deref() != Some(id) || !names_one_call(id) && !entry.is_same_moment(line) {
                continue;
            }
            match (entry.request.as_deref(), request) {
                (Some(own), Some(other)) if own != other => {
                    // An answer has one id wherever it is repeated; only a replay has another request's.
                    found = match (line.is_sidechain, entry.is_sidechain) {
                        (true, _) => Match::Replay,
                        (false, true) => Match::Original(at),
                        (false, false) => Match::Namesake(at),
                    };
                }
                _ => return Match::Repeat(at),
            }
        }
        found
    }

    /// Raises a call to what a further line of it says.
    fn merge(&mut self, place: usize, line: &Line<'_>) -> Result<(), String> {
        let Some(entry) = self.entries.get_mut(place - self.gone) else { return Ok(()) };
        let ts = line.ts()?;
        if let Some(usage) = line.message.usage {
            let (counts, tools) = (Counts::read(usage)?, anthropic::tool_uses(usage)?);
            entry.counts.raise(&counts);
            entry.tools.iter_mut().zip(tools).for_each(|(own, other)| *own = (*own).max(other));
            take_mode(usage, &mut entry.call);
            let inner = inner_calls(usage, &entry.counts, &entry.call)?;
            if sum(&inner) > sum(&entry.inner) {
                entry.inner = inner;
            }
        }
        if let Some((ts, _)) = ts.filter(|(ts, _)| !entry.is_timed || *ts < entry.call.ts) {
            entry.call.ts = ts;
            entry.is_timed = true;
        }
        if entry.request.is_none() {
            entry.request = owned(line.request);
        }
        if entry.call.logged_cost.is_none() {
            entry.call.logged_cost = line.cost.map(|cost| value::money("costUSD", cost, 0)).transpose()?;
        }
        // The same answer told of within the work and by its agent.
        entry.agent = entry.agent.take().or_else(|| owned(line.agent));
        entry.agent_type = entry.agent_type.take().or_else(|| owned(line.agent_type));
        entry.parent_tool = entry.parent_tool.take().or_else(|| owned(line.parent_tool));
        entry.has_stopped |= line.message.stop_reason.is_some();
        entry.answer_len += line.message.answer_len();
        Ok(())
    }

    /// Makes an entry of the first line of a call.
    fn entry(&self, line: &Line<'_>) -> Result<Entry, String> {
        let mut call = Call { line: line.number, ..Call::default() };
        let ts = line.ts()?;
        let neighbour = self.last_time.filter(|_| line.is_printed());
        let mut is_timed = true;
        match (ts, neighbour) {
            (Some((ts, flags)), _) => {
                call.ts = ts;
                call.flags.add(flags);
            }
            (None, Some(ts)) => {
                call.ts = ts;
                call.flags.add(Flags::TIME_ASSUMED);
            }
            (None, None) if line.is_printed() => is_timed = false,
            (None, None) => return Err("no time: `timestamp` is missing".into()),
        }
        describe(line, &mut call);
        let mut entry = Entry {
            counts: Counts::default(),
            tools: [0; anthropic::TOOLS.len()],
            inner: Vec::new(),
            request: owned(line.request),
            before: None,
            is_sidechain: line.is_sidechain,
            shares_id: false,
            is_timed,
            has_stopped: line.message.stop_reason.is_some(),
            answer_len: line.message.answer_len(),
            agent: owned(line.agent),
            agent_type: owned(line.agent_type),
            parent_tool: owned(line.parent_tool),
            call,
        };
        if line.is_error {
            body::fail(&mut entry.call, owned(line.error).map(Cow::Owned));
            if let Some(status) = line.error_status.and_then(Node::scalar) {
                entry.call.set_extra("http_status", status.into_owned());
            }
            return Ok(entry);
        }
        entry.call.logged_cost = line.cost.map(|cost| value::money("costUSD", cost, 0)).transpose()?;
        entry.call.set(Dim::Status, "ok");
        if let Some(usage) = line.message.usage {
            entry.counts = Counts::read(usage)?;
            entry.tools = anthropic::tool_uses(usage)?;
            take_mode(usage, &mut entry.call);
            entry.inner = inner_calls(usage, &entry.counts, &entry.call)?;
        }
        Ok(entry)
    }

    /// Hands on the oldest calls.
    fn hand_on(&mut self, most: usize, sink: &mut dyn Sink) {
        for _ in 0..most {
            let Some(mut entry) = self.entries.pop_front() else { break };
            self.gone += 1;
            if !entry.is_timed {
                let Some(ts) = self.first_time else {
                    sink.reject(entry.call.line, NO_TIME.into());
                    continue;
                };
                entry.call.ts = ts;
                entry.call.flags.add(Flags::TIME_ASSUMED);
            }
            self.set_agent(&mut entry);
            let (call, inner) = entry.finish();
            sink.call(&call);
            inner.iter().for_each(|inner| sink.call(inner));
        }
        let gone = self.gone;
        self.by_id.retain(|_, place| *place >= gone);
    }

    /// Hands on everything that is left.
    pub(super) fn end(&mut self, sink: &mut dyn Sink) {
        self.hand_on(usize::MAX, sink);
    }

    /// Names the agent that made a call: by its kind where the log tells it, else by its id.
    fn set_agent(&self, entry: &mut Entry) {
        let tool = entry.parent_tool.as_deref();
        let by_tool = || tool.and_then(|tool| self.started.get(tool)).cloned();
        let by_id = || entry.agent.as_deref().and_then(|agent| self.agents.get(agent)).cloned();
        let kind = entry.agent_type.take().or_else(by_id).or_else(by_tool);
        let of_its_own = entry.agent.as_deref().and_then(replaying).map(str::to_string);
        let call = &mut entry.call;
        match (kind.or(of_its_own), entry.agent.take()) {
            (Some(kind), agent) => {
                call.set(Dim::Agent, kind);
                if let Some(agent) = agent {
                    call.set_extra("agent_id", agent);
                }
            }
            (None, Some(agent)) => call.set(Dim::Agent, agent),
            (None, None) => {
                if let Some(tool) = entry.parent_tool.take() {
                    call.set(Dim::Agent, tool);
                }
            }
        }
    }
}

impl Entry {
    /// Tells whether a line has the time of the entry: all that tells apart calls whose ids are reused.
    fn is_same_moment(&self, line: &Line<'_>) -> bool {
        matches!(line.ts(), Ok(Some((ts, _))) if self.is_timed && ts == self.call.ts) || line.request.is_some()
    }

    /// Makes the call of all that was gathered, with the requests made inside it.
    fn finish(mut self) -> (Call<'static>, Vec<Call<'static>>) {
        let call = &mut self.call;
        if !body::has_failed(call) {
            self.counts.set(call);
            let uses = anthropic::TOOLS.iter().zip(self.tools).filter(|(_, uses)| *uses > 0);
            call.tools.extend(uses.map(|((_, id), uses)| (Cow::Borrowed(*id), uses)));
            if let Some(output) = self.counts.output().filter(|_| !self.has_stopped)
                && is_placeholder(output, self.answer_len)
            {
                call.flags.add(Flags::PLACEHOLDER_OUTPUT);
            }
        }
        if self.shares_id
            && let Some(request) = self.request.take()
            && let Some(message) = call.request_id.replace(request.into())
        {
            call.set_extra("message_id", message);
        }
        if let Some(request) = self.request.take().filter(|request| call.request_id.as_deref() != Some(request)) {
            call.set_extra("request_id", request);
        }
        for inner in &mut self.inner {
            inner.ts = call.ts;
            inner.dims[Dim::Agent as usize] = call.dims[Dim::Agent as usize].clone();
            call.extra.iter().for_each(|(key, value)| inner.set_extra(key.clone(), value.clone()));
            inner.flags.add(Flags(call.flags.0 & Flags::TIME_ASSUMED.0));
        }
        (self.call, self.inner)
    }
}
