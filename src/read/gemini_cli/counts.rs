//! The counts of a Gemini CLI message, and the disjoint classes they stand for.

use crate::domain::Call;
use crate::domain::Class;
use crate::read::CachedInput;
use crate::read::body;
use crate::read::json::Node;
use crate::read::value;

/// The counts of a message, as they stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    input: u64,
    output: u64,
    cached: u64,
    thoughts: u64,
    tool: u64,
    total: Option<u64>,
}

/// What the counts contain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Gemini's own: cached tokens in the input; thoughts and the prompts of tools apart.
    Gemini,
    /// Cached tokens apart too.
    CachedApart,
    /// Thoughts in the output.
    ThoughtsInside,
    /// The prompts of tools in the input.
    ToolsInside,
    /// Thoughts in the total alone: so many.
    ThoughtsHidden(u64),
    /// Not to be told.
    Unclear,
}

impl Counts {
    pub(super) fn read(tokens: Node<'_>) -> Result<Counts, String> {
        let optional = |key: &str| value::optional_count(key, tokens.get(key));
        let needed = |key: &str| optional(key)?.ok_or_else(|| format!("`tokens.{key}` is missing"));
        Ok(Counts {
            input: needed("input")?,
            output: needed("output")?,
            cached: optional("cached")?.unwrap_or(0),
            thoughts: optional("thoughts")?.unwrap_or(0),
            tool: optional("tool")?.unwrap_or(0),
            // A total that was not reported is written as 0.
            total: optional("total")?.filter(|total| *total > 0),
        })
    }

    /// Tells by the total, which is the provider's, what the counts contain.
    fn reading(&self, said: Option<CachedInput>) -> Reading {
        if self.cached > self.input || said == Some(CachedInput::Outside) {
            return Reading::CachedApart;
        }
        let base = self.input + self.output;
        let whole = base + self.thoughts + self.tool;
        match self.total {
            None => Reading::Gemini,
            Some(total) if total == whole => Reading::Gemini,
            _ if said == Some(CachedInput::Inside) => Reading::Gemini,
            Some(total) if total == whole + self.cached => Reading::CachedApart,
            Some(total) if total == base + self.tool => Reading::ThoughtsInside,
            Some(total) if total == base + self.thoughts => Reading::ToolsInside,
            Some(total) if total > whole && self.thoughts == 0 => Reading::ThoughtsHidden(total - whole),
            Some(_) => Reading::Unclear,
        }
    }

    /// Gives a call its classes. Counts that are all 0 come from an answer whose usage did not arrive.
    pub(super) fn take(&self, said: Option<CachedInput>, call: &mut Call<'_>) {
        if self.input + self.output + self.thoughts + self.tool + self.total.unwrap_or(0) == 0 {
            body::missing(call);
            return;
        }
        let reading = self.reading(said);
        let (mut input, mut output, mut thoughts) = (self.input, self.output, self.thoughts);
        if !matches!(reading, Reading::CachedApart | Reading::Unclear) {
            input = input.saturating_sub(self.cached);
        }
        if !matches!(reading, Reading::ToolsInside | Reading::Unclear) {
            input += self.tool;
        }
        match reading {
            Reading::ThoughtsInside | Reading::Unclear => {}
            Reading::ThoughtsHidden(hidden) => {
                thoughts = hidden;
                output += hidden;
                call.set_extra("reasoning_hidden", hidden.to_string());
            }
            Reading::Gemini | Reading::CachedApart | Reading::ToolsInside => output += self.thoughts,
        }
        call.tokens.set(Class::Input, input);
        call.tokens.set(Class::CacheRead, self.cached);
        call.tokens.set(Class::Output, output);
        call.reasoning = thoughts;
        if reading == Reading::Unclear || thoughts > output {
            body::inconsistent(call);
        }
    }
}
