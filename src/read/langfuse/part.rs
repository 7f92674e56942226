//! The keys of a usage: what each counts. SDKs and integrations name one count in several ways.

use crate::read::fields;

/// What a key of the usage counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// What went in, whole or without its parts.
    Input,
    /// What came out, whole or without its parts.
    Output,
    /// The total of all.
    Total,
    /// A total that came from the provider, beside one of Langfuse's own.
    SentTotal,
    /// Read from a cache.
    Read,
    /// Written to a cache.
    Written,
    /// Written for five minutes.
    Written5m,
    /// Written for an hour.
    Written1h,
    /// Audio that went in.
    AudioIn,
    /// Audio read from a cache.
    AudioRead,
    /// Images that went in.
    ImageIn,
    /// Images read from a cache.
    ImageRead,
    /// Video that went in.
    VideoIn,
    /// Another part of the input: text, a modality.
    OtherIn,
    /// Reasoning.
    Reasoning,
    /// Audio that came out.
    AudioOut,
    /// Images that came out.
    ImageOut,
    /// Another part of the output: text, predictions.
    OtherOut,
    /// Uses of the web search tool.
    Searches,
}

/// How many parts there are.
pub(super) const PARTS: usize = 19;

impl Part {
    /// Tells what a key counts; `None` for a key nobody knows.
    pub(super) fn of(key: &str) -> Option<Part> {
        match key {
            "input" | "input_tokens" | "prompt_tokens" | "promptTokens" | "prompt_token_count" => {
                return Some(Part::Input);
            }
            "output" | "output_tokens" | "completion_tokens" | "completionTokens" | "candidates_token_count" => {
                return Some(Part::Output);
            }
            "total" => return Some(Part::Total),
            "total_tokens" | "totalTokens" | "total_token_count" => return Some(Part::SentTotal),
            "input_cached_tokens" | "input_cache_read" | "cache_read_input_tokens" => return Some(Part::Read),
            "input_cache_creation" | "cache_creation_input_tokens" => return Some(Part::Written),
            "output_reasoning_tokens" | "output_reasoning" => return Some(Part::Reasoning),
            _ => {}
        }
        let key = fields::folded(key);
        let says = |words: &[&str]| words.iter().any(|word| key.contains(word));
        let goes_out = says(&["output", "completion", "candidates"]);
        let goes_in = says(&["input", "prompt"]);
        Some(if says(&["web_search", "server_tool_use"]) {
            Part::Searches
        } else if says(&["price", "cost"]) {
            return None;
        } else if says(&["cache"]) {
            match () {
                () if says(&["audio"]) => Part::AudioRead,
                () if says(&["image"]) => Part::ImageRead,
                () if says(&["5m"]) => Part::Written5m,
                () if says(&["1h"]) => Part::Written1h,
                () if says(&["creat", "write", "written"]) => Part::Written,
                () => Part::Read,
            }
        } else if says(&["ephemeral_5m"]) {
            Part::Written5m
        } else if says(&["ephemeral_1h"]) {
            Part::Written1h
        } else if says(&["reasoning", "thought", "thinking"]) {
            Part::Reasoning
        } else if says(&["audio"]) {
            if goes_out { Part::AudioOut } else { Part::AudioIn }
        } else if says(&["image"]) {
            if goes_out { Part::ImageOut } else { Part::ImageIn }
        } else if says(&["video"]) && goes_in {
            Part::VideoIn
        } else if goes_out {
            Part::OtherOut
        } else if goes_in {
            Part::OtherIn
        } else {
            return None;
        })
    }
}
