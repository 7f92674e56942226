//! The counts of a Codex session, and the disjoint classes they stand for.

use std::fmt;

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::tokens::MAX_TOKENS;
use crate::read::body;
use crate::read::json::Kind;
use crate::read::json::Node;
use crate::read::tokens;
use crate::read::tokens::Input;
use crate::read::tokens::Reading;
use crate::read::value;

/// A running total may pass what one call can carry; past this it is no count of tokens any more.
const MAX_TOTAL: u64 = 1 << 50;

/// One set of counts. `total_tokens` is left out: after a compaction it says how full the context is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    input: u64,
    cached: u64,
    written: u64,
    output: u64,
    reasoning: u64,
}

impl Usage {
    pub(super) fn read(node: Node<'_>) -> Result<Usage, String> {
        let needed = |key: &str| count(key, node.get(key))?.ok_or_else(|| format!("`{key}` is missing"));
        let optional = |key: &str| count(key, node.get(key)).map(|count| count.unwrap_or(0));
        Ok(Usage {
            input: needed("input_tokens")?,
            cached: optional("cached_input_tokens")?,
            written: optional("cache_write_input_tokens")?,
            output: needed("output_tokens")?,
            reasoning: optional("reasoning_output_tokens")?,
        })
    }

    pub(super) fn is_zero(self) -> bool {
        self == Usage::default()
    }

    /// Returns what was used since an earlier total; `None` where a count went down.
    pub(super) fn since(self, earlier: Usage) -> Option<Usage> {
        Some(Usage {
            input: self.input.checked_sub(earlier.input)?,
            cached: self.cached.checked_sub(earlier.cached)?,
            written: self.written.checked_sub(earlier.written)?,
            output: self.output.checked_sub(earlier.output)?,
            reasoning: self.reasoning.checked_sub(earlier.reasoning)?,
        })
    }

    /// Gives a call its classes. Counts that cannot be parts of the input stand beside it, whoever wrote them.
    pub(super) fn take(self, call: &mut Call<'_>) -> Result<(), String> {
        let counts = [self.input, self.cached, self.written, self.output, self.reasoning];
        if counts.into_iter().any(|count| count > MAX_TOKENS) {
            return Err(format!("more tokens than a call can have: {self}"));
        }
        let input = Input { count: self.input, read: self.cached, written: self.written, media: 0 };
        tokens::settle_input(call, input, None, None, Reading::INSIDE);
        call.tokens.set(Class::CacheRead, self.cached);
        call.tokens.set(Class::Output, self.output);
        call.reasoning = self.reasoning;
        tokens::set_half_hour_writes(call, self.written);
        if self.reasoning > self.output {
            body::inconsistent(call);
        }
        Ok(())
    }
}

impl fmt::Display for Usage {
    /// Writes the counts as they enter a call's id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}/{}", self.input, self.cached, self.written, self.output, self.reasoning)
    }
}

fn count(key: &str, node: Option<Node<'_>>) -> Result<Option<u64>, String> {
    let plain = node.filter(|node| node.kind() == Kind::Number).and_then(|node| node.raw().parse().ok());
    match plain.filter(|count| *count < MAX_TOTAL) {
        Some(count) => Ok(Some(count)),
        None => value::optional_count(key, node),
    }
}
