//! The counts of a `usage`, as they came and as classes.

use crate::domain::Call;
use crate::domain::Class;
use crate::read::body;
use crate::read::json::Node;
use crate::read::tokens::set_split_writes;
use crate::read::value;

/// The token counts of a `usage`, or of one of its iterations, as they came: absent is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    input: Option<u64>,
    output: Option<u64>,
    read: Option<u64>,
    written: Option<u64>,
    short: Option<u64>,
    long: Option<u64>,
    thinking: Option<u64>,
}

impl Counts {
    /// Reads the counts of a `usage`.
    pub fn read(usage: Node<'_>) -> Result<Counts, String> {
        let mut counts = Counts::default();
        for (key, node) in usage.fields() {
            let count = || value::optional_count(key, Some(node));
            match key {
                "input_tokens" => counts.input = count()?,
                "output_tokens" => counts.output = count()?,
                "cache_read_input_tokens" => counts.read = count()?,
                "cache_creation_input_tokens" => counts.written = count()?,
                "output_tokens_details" => {
                    counts.thinking = value::optional_count("thinking_tokens", node.get("thinking_tokens"))?;
                }
                "cache_creation" => {
                    let ttl = |key: &str| value::optional_count(key, node.get(key));
                    counts.short = ttl("ephemeral_5m_input_tokens")?;
                    counts.long = ttl("ephemeral_1h_input_tokens")?;
                }
                _ => {}
            }
        }
        Ok(counts)
    }

    /// Raises each count to that of another record of the same answer: counts only grow while an answer is streamed.
    pub fn raise(&mut self, other: &Counts) {
        for (own, other) in [
            (&mut self.input, other.input),
            (&mut self.output, other.output),
            (&mut self.read, other.read),
            (&mut self.written, other.written),
            (&mut self.short, other.short),
            (&mut self.long, other.long),
            (&mut self.thinking, other.thinking),
        ] {
            *own = (*own).max(other);
        }
    }

    /// Returns the output, if it was counted.
    pub fn output(&self) -> Option<u64> {
        self.output
    }

    /// Sets the classes of a call.
    pub fn set(&self, call: &mut Call<'_>) {
        call.tokens.set(Class::Input, self.input.unwrap_or(0));
        call.tokens.set(Class::Output, self.output.unwrap_or(0));
        call.tokens.set(Class::CacheRead, self.read.unwrap_or(0));
        call.reasoning = self.thinking.unwrap_or(0);
        set_split_writes(call, self.written.unwrap_or(0), self.short.unwrap_or(0), self.long.unwrap_or(0));
        if self.input.is_none() || self.output.is_none() {
            body::missing(call);
        } else if call.reasoning > call.tokens.get(Class::Output) {
            body::inconsistent(call);
        }
    }
}
