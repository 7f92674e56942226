//! The disjoint classes of tokens. What a provider's counts contain is each reader's business.

/// A disjoint kind of token. The order is the order of every report and of the stored columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// Uncached text input.
    Input,
    /// Input read from a cache.
    CacheRead,
    /// Input written to a cache for five minutes.
    CacheWrite5m,
    /// Input written to a cache for thirty minutes.
    CacheWrite30m,
    /// Input written to a cache for an hour.
    CacheWrite1h,
    /// Input written to a cache for twelve hours.
    CacheWrite12h,
    /// Output, reasoning included.
    Output,
    /// Uncached audio input.
    AudioIn,
    /// Audio input read from a cache.
    AudioCacheRead,
    /// Audio output.
    AudioOut,
    /// Uncached image input.
    ImageIn,
    /// Image input read from a cache.
    ImageCacheRead,
    /// Image output.
    ImageOut,
    /// Video input.
    VideoIn,
}

/// How many classes there are.
pub const CLASSES: usize = 14;

/// The largest count one call may carry in one class: past this it is a broken log, not a call.
pub const MAX_TOKENS: u64 = 10_000_000_000;

impl Class {
    /// Every class, in order.
    pub const ALL: [Class; CLASSES] = [
        Class::Input,
        Class::CacheRead,
        Class::CacheWrite5m,
        Class::CacheWrite30m,
        Class::CacheWrite1h,
        Class::CacheWrite12h,
        Class::Output,
        Class::AudioIn,
        Class::AudioCacheRead,
        Class::AudioOut,
        Class::ImageIn,
        Class::ImageCacheRead,
        Class::ImageOut,
        Class::VideoIn,
    ];

    /// Returns the name used in price tables, JSON and the store.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Input => "input",
            Class::CacheRead => "cache_read",
            Class::CacheWrite5m => "cache_write_5m",
            Class::CacheWrite30m => "cache_write_30m",
            Class::CacheWrite1h => "cache_write_1h",
            Class::CacheWrite12h => "cache_write_12h",
            Class::Output => "output",
            Class::AudioIn => "audio_in",
            Class::AudioCacheRead => "audio_cache_read",
            Class::AudioOut => "audio_out",
            Class::ImageIn => "image_in",
            Class::ImageCacheRead => "image_cache_read",
            Class::ImageOut => "image_out",
            Class::VideoIn => "video_in",
        }
    }

    /// Finds a class by its name.
    pub fn parse(name: &str) -> Option<Class> {
        Class::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Returns the class that a cached token would be of without a cache; `None` for what is not cached.
    pub const fn uncached(self) -> Option<Class> {
        match self {
            Class::CacheRead
            | Class::CacheWrite5m
            | Class::CacheWrite30m
            | Class::CacheWrite1h
            | Class::CacheWrite12h => Some(Class::Input),
            Class::AudioCacheRead => Some(Class::AudioIn),
            Class::ImageCacheRead => Some(Class::ImageIn),
            Class::Input
            | Class::Output
            | Class::AudioIn
            | Class::AudioOut
            | Class::ImageIn
            | Class::ImageOut
            | Class::VideoIn => None,
        }
    }

    /// Tells whether the class is of tokens that are written to a cache.
    pub const fn is_cache_write(self) -> bool {
        matches!(self, Class::CacheWrite5m | Class::CacheWrite30m | Class::CacheWrite1h | Class::CacheWrite12h)
    }

    /// Tells whether the class belongs to the prompt, whose size selects a long-context price.
    pub const fn is_prompt(self) -> bool {
        !matches!(self, Class::Output | Class::AudioOut | Class::ImageOut)
    }
}

/// The token counts of one call, a count a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tokens([u64; CLASSES]);

impl Tokens {
    /// Returns the count of a class.
    pub const fn get(&self, class: Class) -> u64 {
        self.0[class as usize]
    }

    /// Sets the count of a class.
    pub fn set(&mut self, class: Class, count: u64) {
        self.0[class as usize] = count;
    }

    /// Returns the tokens of the prompt: every input-side class.
    pub fn prompt(&self) -> u64 {
        Class::ALL.into_iter().filter(|c| c.is_prompt()).map(|c| self.get(c)).sum()
    }

    /// Returns the classes that occur with their counts, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Class, u64)> + '_ {
        Class::ALL.into_iter().map(|c| (c, self.get(c))).filter(|(_, n)| *n > 0)
    }
}
