//! The words of meters: what `Cached Input Tokens` or `Web search requests` charge for.
//!
//! FOCUS has no vocabulary for tokens, so every provider writes its own words. They are read as words, not as parts
//! of words, and only where they leave one meaning: a meter of input and output together is not mapped.

use crate::domain::Charge;
use crate::domain::Class;

/// Lower-case words of a text: `CachedInput_tokens-1h` is `cached input tokens 1h`.
pub(super) struct Words(Vec<String>);

impl Words {
    pub(super) fn of(text: &str) -> Words {
        let mut words = vec![String::new()];
        let mut last = ' ';
        for c in text.chars() {
            if !c.is_alphanumeric() || c.is_uppercase() && last.is_lowercase() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
                word.extend(c.to_lowercase());
            }
            last = c;
        }
        words.retain(|word| !word.is_empty());
        Words(words)
    }

    fn has(&self, any: &[&str]) -> bool {
        self.0.iter().any(|word| any.contains(&word.as_str()))
    }

    fn follows(&self, first: &[&str], second: &[&str]) -> bool {
        self.0.windows(2).any(|pair| first.contains(&pair[0].as_str()) && second.contains(&pair[1].as_str()))
    }

    /// Finds the service mode that the words name.
    pub(super) fn tier(&self) -> Option<&'static str> {
        ["batch", "priority", "flex"].into_iter().find(|tier| self.has(&[tier]))
    }

    /// Tells what is charged for, and by which tool; `is_tokens` where the unit says that tokens are counted.
    pub(super) fn charge(&self, is_tokens: bool) -> Option<(Charge, Option<&'static str>)> {
        let plain = |charge| Some((charge, None));
        if self.follows(&["web"], &["search", "searches"]) {
            return Some((Charge::Tool, Some("web_search")));
        }
        if self.follows(&["code"], &["execution", "interpreter"]) {
            return Some((Charge::Tool, Some("code_execution")));
        }
        if self.has(&["training", "tuning", "finetuning"]) {
            return plain(Charge::Training);
        }
        if self.has(&["storage"]) {
            return plain(Charge::Storage);
        }
        if self.has(&["seat", "seats"]) {
            return plain(Charge::Seat);
        }
        if self.has(&["reserved", "provisioned", "throughput", "tpm", "ptu"]) {
            return plain(Charge::Commitment);
        }
        if !is_tokens && !self.has(&["token", "tokens"]) {
            return None;
        }
        self.tokens().map(|charge| (charge, None))
    }

    fn tokens(&self) -> Option<Charge> {
        let input = self.has(&["input", "prompt"]);
        let output = self.has(&["output", "completion", "completions", "generated", "response"]);
        let is_uncached = self.has(&["uncached"]) || self.follows(&["non", "not"], &["cached"]);
        let cached = !is_uncached && self.has(&["cache", "cached", "caching"]);
        let written = self.has(&["write", "writes", "written", "creation"]);
        let reasoning = self.has(&["reasoning", "thinking"]);
        let [audio, image, video] =
            [self.has(&["audio", "speech"]), self.has(&["image", "images"]), self.has(&["video"])];
        let class = match (input, output) {
            _ if usize::from(audio) + usize::from(image) + usize::from(video) > 1 => return None,
            (true, true) => return None,
            // A write is of input, whichever of the two words is there.
            (_, false) if cached && written => return (!audio && !image && !video).then(|| self.write()),
            (_, false) if cached && audio => Class::AudioCacheRead,
            (_, false) if cached && image => Class::ImageCacheRead,
            (_, false) if cached && !video => Class::CacheRead,
            _ if cached => return None,
            (false, _) if reasoning => return Some(Charge::Reasoning),
            (true, false) if audio => Class::AudioIn,
            (true, false) if image => Class::ImageIn,
            (true, false) if video => Class::VideoIn,
            (true, false) => Class::Input,
            (false, true) if audio => Class::AudioOut,
            (false, true) if image => Class::ImageOut,
            (false, true) if video => return None,
            (false, true) => Class::Output,
            // An embedding has no tokens but those of its input.
            (false, false) if self.has(&["embedding", "embeddings"]) => Class::Input,
            (false, false) => return None,
        };
        Some(Charge::Tokens(class))
    }

    fn write(&self) -> Charge {
        let lives = |short: &str, number: &str, units: &[&str]| self.has(&[short]) || self.follows(&[number], units);
        match () {
            () if lives("1h", "1", &["hour", "h", "hr"]) => Charge::Tokens(Class::CacheWrite1h),
            () if lives("30m", "30", &["minute", "minutes", "min"]) => Charge::Tokens(Class::CacheWrite30m),
            () if lives("5m", "5", &["minute", "minutes", "min"]) => Charge::Tokens(Class::CacheWrite5m),
            () => Charge::CacheWrite,
        }
    }
}
