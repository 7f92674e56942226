//! The chunks of streams, put together: each counts from the start, so the last one of an id has the call.

use std::collections::BTreeMap;

use crate::domain::Call;
use crate::domain::Flags;
use crate::domain::Unpriced;
use crate::read::Sink;
use crate::read::fields;

/// Streams under way at a time; a log with more of them broken off hands one on as it is.
const MOST: usize = 10_000;

/// Streams whose end has not come yet, by id.
#[derive(Default)]
pub(super) struct Chunks {
    open: BTreeMap<String, Call<'static>>,
}

impl Chunks {
    /// Takes an answer: hands it on, or keeps it until the rest of its stream has come.
    pub(super) fn take(&mut self, call: Call<'_>, unfinished: bool, sink: &mut dyn Sink) {
        let line = call.line;
        let earlier = call.request_id.as_deref().and_then(|id| self.open.remove(id));
        let repeats = earlier.is_some();
        let call = match earlier {
            Some(earlier) => merge(earlier, call),
            None => call,
        };
        match &call.request_id {
            Some(id) if unfinished && call.flags.has(Flags::UNIQUE_ID) => {
                let id = id.to_string();
                self.open.insert(id, call.borrowed().into_owned());
            }
            _ => sink.call(&call),
        }
        if repeats {
            sink.skip(line, "repeat");
        }
        if self.open.len() > MOST
            && let Some((_, one)) = self.open.pop_first()
        {
            sink.call(&one);
        }
    }

    /// Hands on the streams that never ended.
    pub(super) fn end(&mut self, sink: &mut dyn Sink) {
        while let Some((_, call)) = self.open.pop_first() {
            sink.call(&call);
        }
    }
}

/// Puts a later chunk on top of the earlier ones: the time of the first, the counts of the last that has any.
fn merge<'t>(earlier: Call<'static>, mut call: Call<'t>) -> Call<'t> {
    call.line = earlier.line;
    let waited = call.ts.0.checked_sub(earlier.ts.0).and_then(|nanos| u64::try_from(nanos / 1_000_000).ok());
    call.ttft_ms = call.ttft_ms.or(earlier.ttft_ms);
    call.latency_ms = call.latency_ms.or(waited.filter(|ms| *ms > 0)).max(earlier.latency_ms);
    call.ts = earlier.ts.min(call.ts);
    if call.unpriced == Some(Unpriced::UsageMissing) && earlier.unpriced.is_none() {
        call.tokens = earlier.tokens;
        call.reasoning = earlier.reasoning;
        call.unpriced = None;
        call.flags = earlier.flags;
    }
    for (tool, uses) in earlier.tools {
        match call.tools.iter_mut().find(|(known, _)| *known == tool) {
            Some((_, known)) => *known = uses.max(*known),
            None => call.tools.push((tool, uses)),
        }
    }
    for (mine, theirs) in call.dims.iter_mut().zip(earlier.dims) {
        *mine = mine.take().or(theirs);
    }
    for (key, value) in earlier.extra {
        fields::set_extra(&mut call, &key, value);
    }
    call
}
