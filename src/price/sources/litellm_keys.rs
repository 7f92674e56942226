//! The keys of LiteLLM's price map: a class of tokens, then suffixes for the mode and the size of the prompt.

use crate::domain::tokens::Class;

use crate::price::mode::Mode;

/// What a key is the price of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) class: Kind,
    pub(super) mode: Mode,
    /// Above how many tokens of prompt; whether that many are in is the seller's way.
    pub(super) above: Option<u64>,
}

/// A class, where the list leaves its lifetime to the seller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Class(Class),
    ShortWrite,
    /// The other name of a cache read.
    CacheHit,
    /// Part of the output: of interest only where its price differs.
    Reasoning,
}

/// The classes by the start of their keys; the longer of two that fit stands first.
const STEMS: &[(&str, Kind)] = &[
    ("cache_creation_input_token_cost_above_12hr", Kind::Class(Class::CacheWrite12h)),
    ("cache_creation_input_token_cost_above_1hr", Kind::Class(Class::CacheWrite1h)),
    ("cache_creation_input_token_cost", Kind::ShortWrite),
    ("cache_read_input_token_cost", Kind::Class(Class::CacheRead)),
    ("cache_read_input_audio_token_cost", Kind::Class(Class::AudioCacheRead)),
    ("cache_read_input_image_token_cost", Kind::Class(Class::ImageCacheRead)),
    ("input_cost_per_token_cache_hit", Kind::CacheHit),
    ("input_cost_per_token", Kind::Class(Class::Input)),
    ("input_cost_per_audio_token", Kind::Class(Class::AudioIn)),
    ("input_cost_per_image_token", Kind::Class(Class::ImageIn)),
    ("input_cost_per_video_token", Kind::Class(Class::VideoIn)),
    ("output_cost_per_token", Kind::Class(Class::Output)),
    ("output_cost_per_reasoning_token", Kind::Reasoning),
    ("output_cost_per_audio_token", Kind::Class(Class::AudioOut)),
    ("output_cost_per_image_token", Kind::Class(Class::ImageOut)),
];

/// Understands a key whose value is a price by the token.
pub(super) fn parse(key: &str) -> Option<Key> {
    let fits = |(stem, kind): &(&str, Kind)| Some((key.strip_prefix(stem)?, *kind));
    let (mut rest, class) = STEMS.iter().find_map(fits)?;
    let (mut mode, mut above) = (None, None);
    while !rest.is_empty() {
        if let Some((size, after)) = rest.strip_prefix("_above_").and_then(|rest| rest.split_once("k_tokens")) {
            let size: u64 = size.parse().ok()?;
            above.replace(size.checked_mul(1000)?).is_none().then_some(())?;
            rest = after;
            continue;
        }
        let (suffix, after) = match rest[1..].find('_') {
            Some(at) => rest.split_at(at + 1),
            None => (rest, ""),
        };
        let served = match suffix {
            "_batches" => Mode::Batch,
            "_flex" => Mode::Flex,
            "_priority" => Mode::Priority,
            "_ultrafast" => Mode::Ultrafast,
            _ => return None,
        };
        mode.replace(served).is_none().then_some(())?;
        rest = after;
    }
    Some(Key { class, mode: mode.unwrap_or(Mode::Standard), above })
}

/// Words in the keys of everything that costs money but is not priced by the token.
const MONEY: [&str; 4] = ["cost", "pricing", "uplift", "provider_specific_entry"];

/// Tells whether a key is about money at all.
pub(super) fn is_money(key: &str) -> bool {
    MONEY.iter().any(|word| key.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{Key, Kind, parse};
    use crate::domain::tokens::Class;
    use crate::price::mode::Mode;

    #[test]
    fn a_key_is_a_class_a_mode_and_a_size() {
        let key = |class, mode, above| Some(Key { class, mode, above });
        let class = Kind::Class;
        assert_eq!(parse("input_cost_per_token"), key(class(Class::Input), Mode::Standard, None));
        assert_eq!(
            parse("cache_creation_input_token_cost_above_12hr_above_272k_tokens_batches"),
            key(class(Class::CacheWrite12h), Mode::Batch, Some(272_000))
        );
        assert_eq!(
            parse("cache_creation_input_token_cost_above_100k_tokens"),
            key(Kind::ShortWrite, Mode::Standard, Some(100_000))
        );
        assert_eq!(
            parse("cache_creation_input_token_cost_above_1hr"),
            key(class(Class::CacheWrite1h), Mode::Standard, None)
        );
        assert_eq!(
            parse("output_cost_per_token_above_200k_tokens_priority"),
            key(class(Class::Output), Mode::Priority, Some(200_000))
        );
        assert_eq!(parse("input_cost_per_audio_token_flex"), key(class(Class::AudioIn), Mode::Flex, None));
        assert_eq!(parse("input_cost_per_token_cache_hit"), key(Kind::CacheHit, Mode::Standard, None));
        for other in ["input_cost_per_token_decisions", "input_cost_per_tokens", "output_cost_per_image", "mode"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
