//! The counts of a Gemini answer: as they stand in its usage, and as disjoint classes.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Tokens;
use crate::read::body;
use crate::read::json::Node;
use crate::read::value;

/// Names of each count, both spellings; the Live API calls the answer's another name.
const PROMPT: &[&str] = &["promptTokenCount", "prompt_token_count"];
const CACHED: &[&str] = &["cachedContentTokenCount", "cached_content_token_count"];
const ANSWER: &[&str] =
    &["candidatesTokenCount", "candidates_token_count", "responseTokenCount", "response_token_count"];
const THOUGHTS: &[&str] = &["thoughtsTokenCount", "thoughts_token_count"];
const TOOL_USE: &[&str] = &["toolUsePromptTokenCount", "tool_use_prompt_token_count"];
const TOTAL: &[&str] = &["totalTokenCount", "total_token_count"];
const PROMPT_DETAILS: &[&str] = &["promptTokensDetails", "prompt_tokens_details"];
const CACHED_DETAILS: &[&str] = &["cacheTokensDetails", "cache_tokens_details"];
const TOOL_USE_DETAILS: &[&str] = &["toolUsePromptTokensDetails", "tool_use_prompt_tokens_details"];
const ANSWER_DETAILS: &[&str] =
    &["candidatesTokensDetails", "candidates_tokens_details", "responseTokensDetails", "response_tokens_details"];

/// Tokens that are not text, which may have prices of their own.
#[derive(Clone, Copy, Default)]
struct Media {
    audio: u64,
    image: u64,
    video: u64,
}

impl Media {
    fn read(usage: Node<'_>, keys: &[&'static str]) -> Result<Media, String> {
        let mut media = Media::default();
        for detail in usage.first(keys).into_iter().flat_map(Node::items) {
            let count = value::optional_count("tokenCount", detail.first(&["tokenCount", "token_count"]))?.unwrap_or(0);
            // Python dumps an enum with its class before it.
            let name = detail.get("modality").map(Node::raw).unwrap_or_default();
            match name.rsplit('.').next().unwrap_or_default() {
                "AUDIO" => media.audio += count,
                "IMAGE" => media.image += count,
                "VIDEO" => media.video += count,
                _ => {}
            }
        }
        Ok(media)
    }

    fn sum(self) -> u64 {
        self.audio + self.image + self.video
    }
}

/// The counts of an answer, as they stand there.
pub(super) struct Counts {
    prompt: Option<u64>,
    cached: u64,
    answer: Option<u64>,
    thoughts: u64,
    tool_use: u64,
    total: Option<u64>,
    prompt_media: Media,
    cached_media: Media,
    tool_media: Media,
    answer_media: Media,
}

impl Counts {
    /// Tells whether a usage is Gemini's, and not one of the same name.
    pub(super) fn are_in(usage: Node<'_>) -> bool {
        [PROMPT, ANSWER, TOTAL].into_iter().any(|keys| usage.first(keys).is_some())
    }

    /// Reads the counts of a usage.
    pub(super) fn read(usage: Node<'_>) -> Result<Option<Counts>, String> {
        if !Counts::are_in(usage) {
            return Ok(None);
        }
        let count = |keys: &[&'static str]| value::optional_count(keys[0], usage.first(keys));
        Ok(Some(Counts {
            prompt: count(PROMPT)?,
            cached: count(CACHED)?.unwrap_or(0),
            answer: count(ANSWER)?,
            thoughts: count(THOUGHTS)?.unwrap_or(0),
            tool_use: count(TOOL_USE)?.unwrap_or(0),
            total: count(TOTAL)?,
            prompt_media: Media::read(usage, PROMPT_DETAILS)?,
            cached_media: Media::read(usage, CACHED_DETAILS)?,
            tool_media: Media::read(usage, TOOL_USE_DETAILS)?,
            answer_media: Media::read(usage, ANSWER_DETAILS)?,
        }))
    }

    /// Tells whether input and output are both told. A count of zero is left out, so the total has to speak for an
    /// answer without one, unless nothing was to be answered.
    pub(super) fn are_whole(&self, no_answer: bool) -> bool {
        self.prompt.is_some() && (self.answer.is_some() || self.total.is_some() || no_answer)
    }

    /// Gives the call its classes, or the raw counts where they contradict each other.
    pub(super) fn set(&self, call: &mut Call<'_>) {
        match self.disjoint() {
            Some((tokens, reasoning, hidden)) => {
                call.tokens = tokens;
                call.reasoning = reasoning;
                if hidden > 0 {
                    call.set_extra("reasoning_hidden", hidden.to_string());
                }
            }
            None => {
                call.tokens.set(Class::Input, self.prompt.unwrap_or(0) + self.tool_use);
                call.tokens.set(Class::CacheRead, self.cached);
                call.tokens.set(Class::Output, self.answer.unwrap_or(0) + self.thoughts);
                call.reasoning = self.thoughts;
                body::inconsistent(call);
            }
        }
    }

    /// Returns the disjoint classes, the reasoning, and how much of it only the total tells.
    fn disjoint(&self) -> Option<(Tokens, u64, u64)> {
        let prompt = self.prompt.unwrap_or(0);
        let (output, reasoning, hidden) = self.whole_output(prompt)?;
        let (whole, cached) = (self.prompt_media, self.cached_media);
        let tool = self.tool_media;
        let audio = whole.audio.checked_sub(cached.audio)? + tool.audio;
        let image = whole.image.checked_sub(cached.image)? + tool.image;
        let video = whole.video.checked_sub(cached.video)? + tool.video;
        // Cached video has no price of its own and stays among the cached text.
        let read = self.cached.checked_sub(cached.audio + cached.image)?;
        read.checked_sub(cached.video)?;
        let input = (prompt.checked_sub(self.cached)? + self.tool_use).checked_sub(audio + image + video)?;
        let text_out = output.checked_sub(self.answer_media.sum())?;
        let mut tokens = Tokens::default();
        for (class, count) in [
            (Class::Input, input),
            (Class::CacheRead, read),
            // Video answers are billed by the second, not here; should one be counted, it is output.
            (Class::Output, text_out + self.answer_media.video),
            (Class::AudioIn, audio),
            (Class::AudioCacheRead, cached.audio),
            (Class::AudioOut, self.answer_media.audio),
            (Class::ImageIn, image),
            (Class::ImageCacheRead, cached.image),
            (Class::ImageOut, self.answer_media.image),
            (Class::VideoIn, video),
        ] {
            tokens.set(class, count);
        }
        Some((tokens, reasoning, hidden))
    }

    /// Returns the output with all thoughts in it, the thoughts, and those that only the total tells.
    fn whole_output(&self, prompt: u64) -> Option<(u64, u64, u64)> {
        let answer = self.answer.unwrap_or(0);
        let apart = answer + self.thoughts;
        let Some(total) = self.total else {
            return Some((apart, self.thoughts, 0));
        };
        let answered = total.checked_sub(prompt + self.tool_use)?;
        if answered == apart {
            Some((apart, self.thoughts, 0))
        } else if answered == answer && self.thoughts <= answer {
            Some((answer, self.thoughts, 0))
        } else if self.thoughts == 0 && answered > answer {
            Some((answered, answered - answer, answered - answer))
        } else {
            None
        }
    }
}
