//! Two rows of one call: from v1.77.1 until its mending the gateway logged a `/v1/responses` request to a provider
//! without that API twice, as `aresponses` and as the `acompletion` it was bridged to (BerriAI/litellm issue 15740,
//! mended by PR 16992).
//!
//! Nothing in the rows says so. They are taken for one only where all of it fits: one of each type, the same
//! session, key, user, model and provider, the same counts and cost, not zero, begun within a second, and a provider
//! that is bridged to. Two calls alike in all of that, one by each API, are not to be expected. The `acompletion` row is
//! the call, since its id is the provider's; its twin is a repeat. A row that waits for its twin waits for the
//! next thousand of its kind at most.

use std::collections::HashMap;
use std::collections::VecDeque;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Tokens;
use crate::domain::Usd;
use crate::domain::time::NANOS;
use crate::read::Sink;

/// How many rows of a side are remembered: twins are written one after the other.
const REMEMBERED: usize = 1024;

/// What twins have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Likeness {
    // First, since it differs soonest.
    tokens: Tokens,
    names: [Option<String>; 5],
    cost: Option<Usd>,
}

/// Rows that may have a twin.
#[derive(Default)]
pub(super) struct Twins {
    /// When the latest bridged calls began, by what they are like.
    bridged: HashMap<Likeness, Vec<i64>>,
    order: VecDeque<Likeness>,
    /// Rows of the outer API that wait for their twin, in order.
    waiting: VecDeque<(Likeness, Call<'static>)>,
    /// How many of them are alike, so that most rows need no look through them.
    awaited: HashMap<Likeness, u32>,
}

impl Twins {
    /// Hands a call on, unless it is another's twin or may turn out to be.
    pub(super) fn hand_on(&mut self, call: &Call<'_>, sink: &mut dyn Sink) {
        match (side(call), likeness(call)) {
            (Some(Side::Outer), Some(like)) => self.outer(like, call, sink),
            (Some(Side::Bridged), Some(like)) => self.inner(like, call, sink),
            _ => sink.call(call),
        }
    }

    /// Hands on the rows that no twin came for.
    pub(super) fn end(&mut self, sink: &mut dyn Sink) {
        self.awaited.clear();
        self.waiting.drain(..).for_each(|(_, call)| sink.call(&call));
    }

    fn outer(&mut self, like: Likeness, call: &Call<'_>, sink: &mut dyn Sink) {
        if let Some(begun) = self.bridged.get_mut(&like)
            && let Some(at) = begun.iter().position(|begun| are_near(*begun, call.ts.0))
        {
            begun.swap_remove(at);
            sink.skip(call.line, "repeat");
            return;
        }
        if self.waiting.len() >= REMEMBERED
            && let Some((like, oldest)) = self.waiting.pop_front()
        {
            self.no_longer_awaits(&like);
            sink.call(&oldest);
        }
        *self.awaited.entry(like.clone()).or_default() += 1;
        self.waiting.push_back((like, call.borrowed().into_owned()));
    }

    fn inner(&mut self, like: Likeness, call: &Call<'_>, sink: &mut dyn Sink) {
        let is_twin = |(other, row): &(Likeness, Call<'_>)| *other == like && are_near(row.ts.0, call.ts.0);
        if self.awaited.contains_key(&like)
            && let Some(at) = self.waiting.iter().position(is_twin)
            && let Some((like, twin)) = self.waiting.remove(at)
        {
            self.no_longer_awaits(&like);
            let mut call = call.borrowed();
            // An earlier import may have ended between the two, and stored the twin as a call.
            if let Some(id) = twin.request_id {
                call.set_extra("request_id", id);
            }
            sink.call(&call);
            sink.skip(twin.line, "repeat");
            return;
        }
        sink.call(call);
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
            && let Some(begun) = self.bridged.get_mut(&oldest)
        {
            if begun.len() > 1 {
                begun.remove(0);
            } else {
                self.bridged.remove(&oldest);
            }
        }
        self.bridged.entry(like.clone()).or_default().push(call.ts.0);
        self.order.push_back(like);
    }

    fn no_longer_awaits(&mut self, like: &Likeness) {
        if let Some(count) = self.awaited.get_mut(like) {
            *count -= 1;
            if *count == 0 {
                self.awaited.remove(like);
            }
        }
    }
}

enum Side {
    Outer,
    Bridged,
}

fn side(call: &Call<'_>) -> Option<Side> {
    let (_, kind) = call.extra.iter().find(|(key, _)| key == "call_type")?;
    match kind.as_ref() {
        "aresponses" | "responses" => Some(Side::Outer),
        "acompletion" | "completion" => Some(Side::Bridged),
        _ => None,
    }
}

/// Returns what a row's twin must be like; `None` where it can have none.
fn likeness(call: &Call<'_>) -> Option<Likeness> {
    let native = matches!(call.dim(Dim::Provider), None | Some("openai" | "azure"));
    let answered = call.tokens.prompt() > 0 && call.dim(Dim::Status) == Some("ok");
    if native || !answered || call.dim(Dim::Session).is_none() || call.flags.has(Flags::USAGE_MISSING) {
        return None;
    }
    let name = |dim: Dim| call.dim(dim).map(str::to_string);
    let names = [Dim::Session, Dim::ApiKey, Dim::User, Dim::Model, Dim::Provider].map(name);
    Some(Likeness { names, tokens: call.tokens, cost: call.logged_cost })
}

fn are_near(one: i64, other: i64) -> bool {
    one.abs_diff(other) <= NANOS.unsigned_abs()
}
