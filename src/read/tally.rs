//! The counts of one call as a library wrote them, and the disjoint classes they stand for: the steps by which it is
//! decided what the input contains, where the format leaves that open.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::CachedInput;
use crate::read::anthropic;

/// Counts as they were written. What is not there is zero, but for the total.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// What went in, with or without the cached tokens.
    pub input: u64,
    /// What came out, with or without reasoning.
    pub output: u64,
    /// Their total, where the provider counted it.
    pub total: Option<u64>,
    /// Read from a cache.
    pub read: u64,
    /// Written to a cache.
    pub written: u64,
    /// Of these, written for five minutes.
    pub short: u64,
    /// Of these, written for an hour.
    pub long: u64,
    /// Reasoning.
    pub reasoning: u64,
    /// Heard, contained in the input.
    pub audio_in: u64,
    /// Spoken, contained in the output.
    pub audio_out: u64,
}

impl Tally {
    /// Sets the classes of a call. `known` says what the input contains where the source leaves no doubt, `likely`
    /// what its spelling suggests; a guess is flagged and its other reading kept.
    pub fn settle(self, call: &mut Call<'_>, known: Option<CachedInput>, likely: CachedInput) {
        let written = self.written.max(self.short + self.long);
        let cached = self.read + written;
        let inside = self.input.checked_sub(cached);
        let input = match (known, inside) {
            // A part cannot exceed the whole.
            (_, None) | (Some(CachedInput::Outside), _) => self.input,
            (Some(CachedInput::Inside), Some(rest)) => rest,
            (None, Some(rest)) if cached == 0 => rest,
            (None, Some(rest)) => {
                call.flags.add(Flags::INCLUSIVE_GUESSED);
                let (taken, other) = match likely {
                    CachedInput::Inside => (rest, self.input),
                    CachedInput::Outside => (self.input, rest),
                };
                call.other_inputs = [Some(other), None];
                taken
            }
        };
        self.set_input(call, input);
        call.tokens.set(Class::CacheRead, self.read);
        if matches!(call.dim(Dim::Provider), Some("openai" | "azure")) {
            call.tokens.set(Class::CacheWrite30m, written);
            if written > 0 {
                call.flags.add(Flags::TTL_UNKNOWN);
            }
        } else {
            anthropic::set_cache_writes(call, written, self.short, self.long);
        }
        self.set_output(call);
    }

    fn set_input(self, call: &mut Call<'_>, input: u64) {
        // With an open question about the input its parts stay together.
        let audio = if call.other_inputs == [None; 2] { self.audio_in.min(input) } else { 0 };
        call.tokens.set(Class::Input, input - audio);
        call.tokens.set(Class::AudioIn, audio);
    }

    fn set_output(self, call: &mut Call<'_>) {
        let sum = self.input + self.output;
        let beside = self.total == Some(sum + self.reasoning) && self.reasoning > 0;
        let apart = beside || self.reasoning > self.output;
        let output = if apart { self.output + self.reasoning } else { self.output };
        let audio = self.audio_out.min(output);
        call.tokens.set(Class::Output, output - audio);
        call.tokens.set(Class::AudioOut, audio);
        call.reasoning = self.reasoning;
    }
}
