//! The counts of a message, and what its output contains.

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Timestamp;
use crate::domain::time::NANOS;
use crate::read::json::Node;
use crate::read::value;

/// From here on a message without a total keeps reasoning apart: 2026-04-01, the days of the change. Releases between
/// the first totals and the change wrote one into every message.
const APART_FROM: Timestamp = Timestamp(1_775_001_600 * NANOS);

/// The counts, as they stand there.
pub(super) struct Counts {
    pub(super) input: u64,
    output: u64,
    reasoning: u64,
    pub(super) read: u64,
    pub(super) written: u64,
    total: Option<u64>,
}

impl Counts {
    /// Reads the counts; `None` where one that every message has is not there.
    pub(super) fn read(tokens: Option<Node<'_>>) -> Result<Option<Counts>, String> {
        let Some(tokens) = tokens else {
            return Ok(None);
        };
        let count = |name: &str, path: &[&str]| value::optional_count(name, tokens.path(path));
        let (input, output) = (count("tokens.input", &["input"])?, count("tokens.output", &["output"])?);
        let read = count("tokens.cache.read", &["cache", "read"])?;
        let written = count("tokens.cache.write", &["cache", "write"])?;
        let reasoning = count("tokens.reasoning", &["reasoning"])?.unwrap_or(0);
        let total = count("tokens.total", &["total"])?;
        let (Some(input), Some(output), Some(read), Some(written)) = (input, output, read, written) else {
            return Ok(None);
        };
        Ok(Some(Counts { input, output, reasoning, read, written, total }))
    }

    /// Tells whether anything was counted: a message begins with zeros.
    pub(super) fn is_used(&self) -> bool {
        self.input + self.output + self.reasoning + self.read + self.written > 0
    }

    /// Returns the counts as a text, the same for every clone.
    pub(super) fn print(&self) -> String {
        format!("{}.{}.{}.{}.{}", self.input, self.output, self.reasoning, self.read, self.written)
    }

    /// Returns the output with all reasoning in it, and the reasoning.
    pub(super) fn whole_output(&self, call: &Call<'_>) -> (u64, u64) {
        let (output, reasoning) = (self.output, self.reasoning);
        let apart = (output.saturating_add(reasoning), reasoning);
        if reasoning == 0 {
            return apart;
        }
        let answered = self.total.and_then(|total| total.checked_sub(self.input + self.read + self.written));
        match answered {
            Some(answered) if answered == output && reasoning <= output => (output, reasoning),
            // Sellers that count more reasoning than answer: the subtraction ended at zero, the total is right.
            Some(answered) if output == 0 && answered > 0 && answered < reasoning => (answered, answered),
            Some(_) => apart,
            None if call.ts < APART_FROM && reasoning <= output && !counts_apart(call) => (output, reasoning),
            None => apart,
        }
    }
}

/// Sellers whose own output count leaves reasoning out.
fn counts_apart(call: &Call<'_>) -> bool {
    let gemini = call.dim(Dim::Model).is_some_and(|model| model.contains("gemini"));
    gemini && matches!(call.dim(Dim::Provider), Some("google" | "vertex")) || call.dim(Dim::Provider) == Some("xai")
}
