//! From the counts that a log states to the disjoint classes of a call: the one procedure for every format whose
//! makers do not settle it.
//!
//! A tool hands on a provider's usage in words of its own, and seldom says whether the input still contains the
//! cached tokens, or the output the reasoning. In order: what the user says (`--cached-input`); a part larger than
//! the whole, which cannot be a part of it; a total that is more than a sum of the two; what the format's reader
//! knows of its makers; and last the likeliest reading, flagged, with the others kept for a logged cost to choose.
//!
//! A reader fills in [`Counts`] and says what it knows as a [`Reading`]; [`Counts::settle`] does the rest. Formats
//! whose arithmetic is documented and has no doubts (a provider's own answers) keep theirs.

mod input;
mod relayed;
mod sellers;
mod writes;

use crate::domain::Call;
use crate::domain::Class;
use crate::read::CachedInput;
use crate::read::body;

pub use crate::read::tokens::input::Contents;
pub use crate::read::tokens::input::Input;
pub use crate::read::tokens::input::Reading;
pub use crate::read::tokens::input::settle_input;
pub use crate::read::tokens::relayed::Shape;
pub use crate::read::tokens::relayed::first_count;
pub use crate::read::tokens::relayed::relayed_reading;
pub use crate::read::tokens::relayed::shape_of;
pub use crate::read::tokens::relayed::take_relayed;
pub use crate::read::tokens::sellers::by_seller;
pub use crate::read::tokens::sellers::is_claude;
pub use crate::read::tokens::writes::keeps_for_half_an_hour;
pub use crate::read::tokens::writes::set_cache_writes;
pub use crate::read::tokens::writes::set_half_hour_writes;
pub use crate::read::tokens::writes::set_split_writes;

/// The counts of a call as a log states them. What it does not state is zero, but for the total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// What went in; what that contains is the question.
    pub input: u64,
    /// What went in without the cached tokens, where the log says so: then nothing is left to decide.
    pub uncached: Option<u64>,
    /// What came out, with or without reasoning.
    pub output: u64,
    /// Read from a cache.
    pub read: u64,
    /// Written to a cache.
    pub written: u64,
    /// Of these, written for five minutes.
    pub short: u64,
    /// Of these, written for an hour.
    pub long: u64,
    /// Reasoning, most often inside the output.
    pub reasoning: u64,
    /// A total.
    pub total: Option<u64>,
    /// Whether the total may be a sum of the log's own making: that it is input + output then tells nothing.
    pub is_summed: bool,
    /// Heard, inside the input, the cached part of it included.
    pub audio_in: u64,
    /// Heard, inside what was read from a cache.
    pub audio_read: u64,
    /// Seen, inside the input, the cached part of it included.
    pub image_in: u64,
    /// Seen, inside what was read from a cache.
    pub image_read: u64,
    /// Spoken, inside the output.
    pub audio_out: u64,
    /// Drawn, inside the output.
    pub image_out: u64,
}

/// What a total tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    /// Whether the input contains the cached tokens.
    input: Option<CachedInput>,
    /// Reasoning that stands beside the output.
    apart: u64,
}

impl Counts {
    /// Tells whether anything was counted but a total.
    pub fn is_zero(&self) -> bool {
        let Counts { input, output, read, written, short, long, reasoning, audio_in, audio_out, .. } = self;
        [input, output, read, written, short, long, reasoning, audio_in, audio_out].iter().all(|count| **count == 0)
            && self.uncached.unwrap_or(0) == 0
    }

    /// Returns all cache writes: the whole of them, or the split by lifetime where that holds more.
    pub fn all_written(&self) -> u64 {
        self.written.max(self.short + self.long)
    }

    /// Sets the disjoint classes of a call.
    pub fn settle(&self, call: &mut Call<'_>, said: Option<CachedInput>, reading: Reading) {
        let told = self.told(reading);
        self.set_output(call, told.apart);
        self.set_cached(call);
        let parts = self.audio_in.checked_sub(self.audio_read).zip(self.image_in.checked_sub(self.image_read));
        let (audio, image) = parts.unwrap_or_else(|| {
            body::inconsistent(call);
            (0, 0)
        });
        let (count, read, written) = match self.uncached {
            Some(uncached) => (uncached, 0, 0),
            None => (self.input, self.read, self.all_written()),
        };
        let media = audio + image;
        if settle_input(call, Input { count, read, written, media }, said, told.input, reading) {
            call.tokens.set(Class::AudioIn, audio);
            call.tokens.set(Class::ImageIn, image);
        }
    }

    fn set_cached(&self, call: &mut Call<'_>) {
        match self.read.checked_sub(self.audio_read + self.image_read) {
            Some(text) => {
                call.tokens.set(Class::CacheRead, text);
                call.tokens.set(Class::AudioCacheRead, self.audio_read);
                call.tokens.set(Class::ImageCacheRead, self.image_read);
            }
            None => {
                call.tokens.set(Class::CacheRead, self.read);
                body::inconsistent(call);
            }
        }
        set_cache_writes(call, self.written, self.short, self.long);
    }

    /// Reads off the total what it contains beyond input and output: cached tokens, reasoning, or both.
    fn told(&self, reading: Reading) -> Told {
        let (cached, reasoning) = (self.read + self.all_written(), self.reasoning);
        let nothing = Told::default();
        let Some(beyond) = self.total.and_then(|total| total.checked_sub(self.input + self.output)) else {
            return nothing;
        };
        let inside = (!self.is_summed).then_some(CachedInput::Inside);
        let outside = Some(CachedInput::Outside);
        match beyond {
            0 => Told { input: inside, apart: 0 },
            // Either of the two may be what stands beside.
            _ if beyond == cached && beyond == reasoning => nothing,
            _ if beyond == cached => Told { input: outside, apart: 0 },
            _ if beyond == reasoning => Told { input: inside, apart: reasoning },
            _ if beyond == cached + reasoning => Told { input: outside, apart: reasoning },
            // What is nowhere but in a provider's total is reasoning that it did not list.
            _ if reasoning == 0 && !self.is_summed && (cached == 0 || reading == Reading::INSIDE) => {
                Told { input: None, apart: beyond }
            }
            _ => nothing,
        }
    }

    fn set_output(&self, call: &mut Call<'_>, apart: u64) {
        // A part cannot exceed the whole: then reasoning stands beside the output, whatever the total.
        let beside = if apart == 0 && self.reasoning > self.output { self.reasoning } else { apart };
        let output = self.output + beside;
        call.reasoning = self.reasoning.max(beside);
        if beside > self.reasoning {
            call.set_extra("reasoning_hidden", beside.to_string());
        }
        match output.checked_sub(self.audio_out + self.image_out) {
            Some(text) => {
                call.tokens.set(Class::Output, text);
                call.tokens.set(Class::AudioOut, self.audio_out);
                call.tokens.set(Class::ImageOut, self.image_out);
            }
            None => {
                call.tokens.set(Class::Output, output);
                body::inconsistent(call);
            }
        }
    }
}

/// Notes that a log has no count of cached tokens, so that its input may contain some at another price.
pub fn without_split(call: &mut Call<'_>) {
    call.set_extra("cache_split", "not logged");
}
