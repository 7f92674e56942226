//! The token counts of an observation: which key is a part of what, and whether the parts stand inside the whole.
//!
//! Langfuse keeps whatever keys an SDK or integration sent. Those it knows are disjoint; older OpenTelemetry rows
//! keep `input` and `output` whole beside `prompt_details.*` and `completion_details.*`. The total decides, where
//! it was sent along: one that Langfuse added itself is the sum of all keys and proves nothing.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Flags;
use crate::read::CachedInput;
use crate::read::body;
use crate::read::json::Node;
use crate::read::langfuse::part::PARTS;
use crate::read::langfuse::part::Part;
use crate::read::observability;
use crate::read::tokens;
use crate::read::value;

/// The counts of an observation.
pub(super) struct Counts {
    counts: [u64; PARTS],
    total: Option<u64>,
    /// The sum under keys nobody knows, which is part of Langfuse's own total.
    unknown: u64,
    /// Whether cached tokens stand under the provider's own flat names.
    flat: bool,
    /// Whether there are parts under the names of the older OpenTelemetry ingestion.
    detailed: bool,
    /// Whether only sums of unknown make-up were there.
    summed: bool,
    /// Whether Langfuse counted the tokens of the texts itself.
    pub(super) estimated: bool,
}

impl Counts {
    /// Reads the counts of a row; `None` where it has none, or none but zeros, which stand for the unknown.
    pub(super) fn read(
        row: Node<'_>,
        usage: Option<Node<'_>>,
        provided: Option<Node<'_>>,
    ) -> Result<Option<Counts>, String> {
        if let Some(usage) = usage.filter(|usage| usage.fields().next().is_some()) {
            let Some(mut counts) = Counts::from(usage)? else {
                return Ok(None);
            };
            let provided = provided.filter(|provided| provided.is_object());
            counts.estimated = provided.is_some_and(|provided| provided.fields().next().is_none());
            let sent = |key: &str| provided.is_some_and(|provided| provided.get(key).is_some());
            if provided.is_some_and(|provided| provided.fields().next().is_some())
                && !sent("total")
                && counts.own_total()
            {
                counts.total = None;
            }
            return Ok(Some(counts));
        }
        Counts::older(row)
    }

    /// Reads the fields that older versions of the API had.
    fn older(row: Node<'_>) -> Result<Option<Counts>, String> {
        if let Some(usage) = row.get("usage").filter(|usage| usage.is_object()) {
            let unit = observability::first(usage, &["unit"]);
            return if unit.is_none_or(|unit| unit.eq_ignore_ascii_case("TOKENS")) {
                Counts::from(usage)
            } else {
                Ok(None)
            };
        }
        for [input, output, total] in
            [["promptTokens", "completionTokens", "totalTokens"], ["inputUsage", "outputUsage", "totalUsage"]]
        {
            let count = |key: &str| value::optional_count(key, row.get(key));
            if let (Some(sum_in), Some(sum_out)) = (count(input)?, count(output)?) {
                let mut counts = Counts::empty();
                counts.counts[Part::Input as usize] = sum_in;
                counts.counts[Part::Output as usize] = sum_out;
                counts.total = count(total)?.filter(|total| *total > 0);
                // Every key of the input is in this sum: what of it was cached is not told.
                counts.summed = input == "inputUsage";
                return Ok(counts.or_nothing());
            }
        }
        Ok(None)
    }

    fn empty() -> Counts {
        Counts {
            counts: [0; PARTS],
            total: None,
            unknown: 0,
            flat: false,
            detailed: false,
            summed: false,
            estimated: false,
        }
    }

    fn from(usage: Node<'_>) -> Result<Option<Counts>, String> {
        let mut counts = Counts::empty();
        for (key, node) in usage.fields().filter(|(_, node)| !node.is_null()) {
            let Some(part) = Part::of(key) else {
                counts.unknown = counts.unknown.saturating_add(value::count(key, node).unwrap_or(0));
                continue;
            };
            let Some(count) = value::optional_count(key, Some(node))? else { continue };
            counts.add(key, part, count);
        }
        let sent = Some(counts.get(Part::SentTotal)).filter(|total| *total > 0);
        counts.total = sent.or(Some(counts.get(Part::Total)).filter(|total| *total > 0));
        Ok(counts.or_nothing())
    }

    fn add(&mut self, key: &str, part: Part, count: u64) {
        self.flat |= count > 0 && matches!(key, "cache_read_input_tokens" | "cache_creation_input_tokens");
        self.detailed |= count > 0 && key.contains("_details.");
        let known = &mut self.counts[part as usize];
        // Other names of one count repeat it; texts and modalities are counts of their own.
        *known = match part {
            Part::OtherIn | Part::OtherOut => known.saturating_add(count),
            _ => (*known).max(count),
        };
    }

    fn or_nothing(self) -> Option<Counts> {
        let told = [Part::Total, Part::SentTotal, Part::Searches].map(|part| self.get(part));
        (self.counts.iter().sum::<u64>() > told.iter().sum::<u64>()).then_some(self)
    }

    fn get(&self, part: Part) -> u64 {
        self.counts[part as usize]
    }

    fn own_total(&self) -> bool {
        self.get(Part::SentTotal) == 0
    }

    /// Returns the cache writes; a split by lifetime stands inside the whole of them or beside it.
    fn written(&self, split_inside: bool) -> u64 {
        let split = self.get(Part::Written5m) + self.get(Part::Written1h);
        let whole = self.get(Part::Written);
        if split_inside { whole.max(split) } else { whole + split }
    }

    fn parts_in(&self, split_inside: bool) -> u64 {
        let parts = [Part::Read, Part::AudioIn, Part::AudioRead, Part::ImageIn, Part::ImageRead, Part::VideoIn];
        parts.map(|part| self.get(part)).iter().sum::<u64>() + self.written(split_inside)
    }

    fn sum(&self, reading: Reading) -> u64 {
        let mut sum = self.get(Part::Input) + self.get(Part::Output);
        if reading.in_beside {
            sum += self.parts_in(reading.split_inside) + self.get(Part::OtherIn);
        }
        if reading.out_beside {
            let parts = [Part::Reasoning, Part::AudioOut, Part::ImageOut, Part::OtherOut];
            sum += parts.map(|part| self.get(part)).iter().sum::<u64>();
        }
        sum
    }

    /// Tells whether the parts that a reading puts inside their whole can be there.
    fn is_possible(&self, reading: Reading) -> bool {
        let out = self.get(Part::Reasoning).max(self.get(Part::AudioOut) + self.get(Part::ImageOut));
        (reading.in_beside || self.parts_in(reading.split_inside) <= self.get(Part::Input))
            && (reading.out_beside || out <= self.get(Part::Output))
    }

    /// Finds the reading that the total confirms, or says that none is.
    fn confirmed(&self) -> Option<Reading> {
        let total = self.total?;
        let order = [
            (true, true, false),
            (true, true, true),
            (false, false, true),
            (true, false, false),
            (true, false, true),
            (false, true, true),
        ];
        order
            .into_iter()
            .map(|(in_beside, out_beside, split_inside)| Reading { in_beside, out_beside, split_inside })
            .filter(|reading| self.is_possible(*reading))
            .find(|reading| {
                let sum = self.sum(*reading);
                sum == total || sum.saturating_add(self.unknown) == total
            })
    }

    /// The reading where no total decides, by the names of the keys.
    fn by_names(&self) -> Reading {
        let split = self.get(Part::Written5m) + self.get(Part::Written1h);
        let split_inside = split > 0 && split == self.get(Part::Written);
        let inside = Reading { in_beside: false, out_beside: false, split_inside };
        if self.detailed && self.is_possible(inside) {
            inside
        } else {
            Reading { in_beside: true, out_beside: true, split_inside }
        }
    }

    /// Sets the disjoint classes of a call.
    pub(super) fn settle(&self, said: Option<CachedInput>, call: &mut Call<'_>) {
        let confirmed = self.confirmed();
        let mut reading = confirmed.unwrap_or_else(|| self.by_names());
        let cached = self.get(Part::Read) + self.written(reading.split_inside);
        let mut doubted = confirmed.is_none() && (self.flat || self.detailed);
        if self.flat && !reading.in_beside && tokens::by_seller(call) == Some(CachedInput::Outside) {
            // The provider's own names beside `input`: whoever added up the total may have left them out.
            (reading.in_beside, doubted) = (true, true);
        }
        let inside = Reading { in_beside: false, ..reading };
        match said {
            Some(CachedInput::Outside) => (reading.in_beside, doubted) = (true, false),
            Some(CachedInput::Inside) if self.is_possible(inside) => (reading, doubted) = (inside, false),
            _ => {}
        }
        self.set_input(reading, doubted && cached > 0, call);
        self.set_output(reading, call);
        self.check_total(confirmed, call);
        if self.estimated {
            call.flags.add(Flags::USAGE_ESTIMATED);
        }
        if self.summed {
            call.flags.add(Flags::INCLUSIVE_GUESSED);
        }
        if self.get(Part::Searches) > 0 {
            call.tools.push(("web_search".into(), self.get(Part::Searches)));
        }
    }

    fn set_input(&self, reading: Reading, doubted: bool, call: &mut Call<'_>) {
        let whole = self.get(Part::Input);
        let rest = whole.checked_sub(self.parts_in(reading.split_inside));
        let beside = whole + self.get(Part::OtherIn);
        let input = if reading.in_beside { beside } else { rest.unwrap_or(whole) };
        for (class, part) in [
            (Class::CacheRead, Part::Read),
            (Class::AudioIn, Part::AudioIn),
            (Class::AudioCacheRead, Part::AudioRead),
            (Class::ImageIn, Part::ImageIn),
            (Class::ImageCacheRead, Part::ImageRead),
            (Class::VideoIn, Part::VideoIn),
        ] {
            call.tokens.set(class, self.get(part));
        }
        call.tokens.set(Class::Input, input);
        self.set_writes(reading, call);
        let other = if reading.in_beside { rest } else { Some(beside) };
        if let Some(other) = other.filter(|other| doubted && *other != input) {
            call.flags.add(Flags::INCLUSIVE_GUESSED);
            call.other_inputs = [Some(other), None];
        }
    }

    fn set_writes(&self, reading: Reading, call: &mut Call<'_>) {
        let written = self.written(reading.split_inside);
        tokens::set_cache_writes(call, written, self.get(Part::Written5m), self.get(Part::Written1h));
    }

    fn set_output(&self, reading: Reading, call: &mut Call<'_>) {
        let (whole, other) = (self.get(Part::Output), self.get(Part::OtherOut));
        let (audio, image) = (self.get(Part::AudioOut), self.get(Part::ImageOut));
        call.reasoning = self.get(Part::Reasoning);
        call.tokens.set(Class::AudioOut, audio);
        call.tokens.set(Class::ImageOut, image);
        let output =
            if reading.out_beside { whole + call.reasoning + other } else { whole.saturating_sub(audio + image) };
        call.tokens.set(Class::Output, output);
        if call.reasoning > output {
            body::inconsistent(call);
        }
    }

    /// Judges a total that no reading explains: a larger one holds reasoning that the provider did not list, or
    /// that was cut off where more was subtracted than there was; a smaller one contradicts the counts.
    fn check_total(&self, confirmed: Option<Reading>, call: &mut Call<'_>) {
        let Some(total) = self.total.filter(|_| confirmed.is_none()) else {
            return;
        };
        let sum = self.sum(Reading { in_beside: true, out_beside: true, split_inside: true });
        let can_hide = self.get(Part::Reasoning) == 0 || self.get(Part::Output) == 0;
        if total > sum && can_hide {
            let hidden = total - sum;
            call.tokens.set(Class::Output, call.tokens.get(Class::Output) + hidden);
            call.reasoning += hidden;
            call.set_extra("reasoning_hidden", hidden.to_string());
        } else {
            body::inconsistent(call);
        }
    }
}

/// How the parts stand to their wholes.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// Cached, audio and image input stand beside `input`.
    in_beside: bool,
    /// Reasoning and audio output stand beside `output`.
    out_beside: bool,
    /// Cache writes by lifetime stand inside the writes as a whole.
    split_inside: bool,
}
