//! The token counts of a request: the provider's own where its answer is in the row, else Helicone's columns.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::CachedInput;
use crate::read::anthropic;
use crate::read::body;
use crate::read::json::Node;
use crate::read::openai;
use crate::read::traced;
use crate::read::traced::has;
use crate::read::value;

/// Tells whether a row counts any tokens.
pub(super) fn has_counts(row: Node<'_>) -> bool {
    ["prompt_tokens", "completion_tokens"]
        .iter()
        .any(|key| traced::text(row.get(key)).is_some_and(|count| !count.trim_matches(['0', '.']).is_empty()))
}

/// Takes the counts of a row.
pub(super) fn take<'t>(
    row: Node<'t>,
    response: Option<Node<'t>>,
    said: Option<CachedInput>,
    call: &mut Call<'t>,
) -> Result<(), String> {
    if let Some(response) = response
        && from_answer(response, call)?
    {
        return Ok(());
    }
    let counts = Columns::read(row)?;
    if counts.sum() == 0 {
        // The columns hold zeros where Helicone could not read the usage.
        if !body::has_failed(call) && !call.flags.has(Flags::GATEWAY_CACHE_HIT) {
            body::missing(call);
        }
        return Ok(());
    }
    counts.settle(said, call);
    if !has(row, &["prompt_cache_read_tokens"]) && !has(row, &["prompt_cache_write_tokens"]) {
        // The export tool's CSV leaves out the cached tokens: how many there were is not told.
        call.flags.add(Flags::INCLUSIVE_GUESSED);
    }
    Ok(())
}

/// Takes the usage of the provider's answer; tells whether there was one.
fn from_answer<'t>(response: Node<'t>, call: &mut Call<'t>) -> Result<bool, String> {
    let Some(usage) = response.get("usage").filter(|usage| usage.is_object()) else {
        return Ok(false);
    };
    let cost = call.logged_cost;
    body::set_model(call, traced::first(response, &["model"]));
    if response.get("type").map(Node::raw) == Some("message") && usage.get("input_tokens").is_some() {
        anthropic::take_usage(usage, call)?;
    } else if usage.get("prompt_tokens").is_some()
        || usage.get("input_tokens").is_some() && usage.get("total_tokens").is_some()
    {
        openai::take_usage(usage, call)?;
    } else {
        return Ok(false);
    }
    call.logged_cost = call.logged_cost.or(cost);
    Ok(true)
}

struct Columns {
    prompt: u64,
    completion: u64,
    reasoning: u64,
    read: u64,
    written: u64,
    audio_in: u64,
    audio_out: u64,
}

impl Columns {
    fn read(row: Node<'_>) -> Result<Columns, String> {
        let count = |key: &str| value::optional_count(key, row.get(key)).map(|count| count.unwrap_or(0));
        Ok(Columns {
            prompt: count("prompt_tokens")?,
            completion: count("completion_tokens")?,
            reasoning: count("reasoning_tokens")?,
            read: count("prompt_cache_read_tokens")?,
            written: count("prompt_cache_write_tokens")?,
            audio_in: count("prompt_audio_tokens")?,
            audio_out: count("completion_audio_tokens")?,
        })
    }

    fn sum(&self) -> u64 {
        self.prompt + self.completion + self.reasoning + self.read + self.written + self.audio_in + self.audio_out
    }

    fn settle(&self, said: Option<CachedInput>, call: &mut Call<'_>) {
        call.tokens.set(Class::CacheRead, self.read);
        call.tokens.set(Class::AudioIn, self.audio_in);
        call.tokens.set(Class::AudioOut, self.audio_out);
        call.tokens.set(Class::Output, self.completion + self.reasoning);
        call.reasoning = self.reasoning;
        if self.written > 0 && openai::is_family(call.dim(Dim::Model).unwrap_or_default()) {
            call.tokens.set(Class::CacheWrite30m, self.written);
            call.flags.add(Flags::TTL_UNKNOWN);
        } else {
            anthropic::set_cache_writes(call, self.written, 0, 0);
        }
        self.set_input(said, call);
    }

    /// Sets the input: what is cached stands beside it, but for rows of older versions, which kept the provider's
    /// sum, and for OpenAI's cache writes, which the newer ones leave in it.
    fn set_input(&self, said: Option<CachedInput>, call: &mut Call<'_>) {
        let inside = self.prompt.checked_sub(self.read + self.written);
        let (input, others) = match said {
            Some(CachedInput::Inside) => (inside.unwrap_or(self.prompt), [None; 2]),
            Some(CachedInput::Outside) => (self.prompt, [None; 2]),
            None if self.read + self.written == 0 || counts_apart(call) => (self.prompt, [None; 2]),
            None => {
                let writes_inside = self.prompt.checked_sub(self.written).filter(|_| self.written > 0 && self.read > 0);
                (self.prompt, [inside, writes_inside])
            }
        };
        call.tokens.set(Class::Input, input);
        if others[0].or(others[1]).is_some() {
            call.flags.add(Flags::INCLUSIVE_GUESSED);
            call.other_inputs = if others[0].is_some() { others } else { [others[1], None] };
        }
    }
}

/// Tells whether the provider itself reports cached tokens beside the input, whatever version wrote the row.
fn counts_apart(call: &Call<'_>) -> bool {
    let model = call.dim(Dim::Model).unwrap_or_default();
    match call.dim(Dim::Provider) {
        Some("anthropic") => true,
        Some("bedrock") => !model.contains("openai"),
        Some("vertex") | None => model.contains("claude"),
        Some(_) => false,
    }
}
