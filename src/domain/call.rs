//! One billable model request, as a reader hands it on: borrowed from the log, disjoint token classes, no price.

use std::borrow::Cow;

use crate::domain::dimension::{DIMS, Dim};
use crate::domain::money::Usd;
use crate::domain::time::Timestamp;
use crate::domain::tokens::Tokens;

/// A call. Text borrows from the log where it can; [`Call::clear`] makes one value serve a whole file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call<'a> {
    /// Where the record starts: line of the file, counted from 1 (record number in formats without lines).
    pub line: u64,
    /// When the call started, or the nearest the log tells.
    pub ts: Timestamp,
    /// The provider's response id (`msg_…`, `chatcmpl-…`), else the log's own request id.
    pub request_id: Option<Cow<'a, str>>,
    /// Span id, in formats of spans.
    pub span: Option<Cow<'a, str>>,
    /// Parent span id, in formats of spans.
    pub parent: Option<Cow<'a, str>>,
    /// Values of the standard dimensions, by [`Dim`].
    pub dims: [Option<Cow<'a, str>>; DIMS],
    /// Values of other keys found in the log: (key, value). Keys are unique.
    pub extra: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Token counts by disjoint class.
    pub tokens: Tokens,
    /// Reasoning tokens, already contained in the output.
    pub reasoning: u64,
    /// Uses of server-side tools that are billed by the use: (tool id, uses).
    pub tools: Vec<(Cow<'a, str>, u64)>,
    /// Duration of the call in milliseconds.
    pub latency_ms: Option<u64>,
    /// Time to the first token in milliseconds.
    pub ttft_ms: Option<u64>,
    /// The cost the log itself states.
    pub logged_cost: Option<Usd>,
    /// What the reader doubts or wants known.
    pub flags: Flags,
    /// Set where the record itself forbids a price (`usage_missing`, `usage_inconsistent`).
    pub unpriced: Option<Unpriced>,
    /// Other counts the `input` class may have, where the log leaves open what its input count contains.
    /// A logged cost may settle it; until then `tokens` holds the likeliest reading, flagged.
    pub other_inputs: [Option<u64>; 2],
}

impl<'a> Call<'a> {
    /// Returns the value of a standard dimension.
    pub fn dim(&self, dim: Dim) -> Option<&str> {
        self.dims[dim as usize].as_deref()
    }

    /// Sets the value of a standard dimension; an empty text is no value.
    pub fn set(&mut self, dim: Dim, value: impl Into<Cow<'a, str>>) {
        let value = value.into();
        self.dims[dim as usize] = (!value.is_empty()).then_some(value);
    }

    /// Sets a standard dimension that has no value yet.
    pub fn set_if_none(&mut self, dim: Dim, value: impl Into<Cow<'a, str>>) {
        if self.dims[dim as usize].is_none() {
            self.set(dim, value);
        }
    }

    /// Keeps a key that is not a standard dimension; the first value of a key stays.
    pub fn set_extra(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        let (key, value) = (key.into(), value.into());
        if !value.is_empty() && !self.extra.iter().any(|(k, _)| *k == key) {
            self.extra.push((key, value));
        }
    }

    /// Returns the same call with texts that borrow from this one, to change some of them.
    pub fn borrowed(&'a self) -> Call<'a> {
        let text = |text: &'a Option<Cow<'a, str>>| text.as_deref().map(Cow::Borrowed);
        Call {
            line: self.line,
            ts: self.ts,
            request_id: text(&self.request_id),
            span: text(&self.span),
            parent: text(&self.parent),
            dims: std::array::from_fn(|dim| text(&self.dims[dim])),
            extra: self.extra.iter().map(|(key, value)| (key.as_ref().into(), value.as_ref().into())).collect(),
            tokens: self.tokens,
            reasoning: self.reasoning,
            tools: self.tools.iter().map(|(tool, uses)| (tool.as_ref().into(), *uses)).collect(),
            latency_ms: self.latency_ms,
            ttft_ms: self.ttft_ms,
            logged_cost: self.logged_cost,
            flags: self.flags,
            unpriced: self.unpriced,
            other_inputs: self.other_inputs,
        }
    }

    /// Returns the same call for keeps: it may outlive the record.
    pub fn into_owned(self) -> Call<'static> {
        let own = |text: Cow<'_, str>| -> Cow<'static, str> { Cow::Owned(text.into_owned()) };
        Call {
            line: self.line,
            ts: self.ts,
            request_id: self.request_id.map(own),
            span: self.span.map(own),
            parent: self.parent.map(own),
            dims: self.dims.map(|value| value.map(own)),
            extra: self.extra.into_iter().map(|(key, value)| (own(key), own(value))).collect(),
            tokens: self.tokens,
            reasoning: self.reasoning,
            tools: self.tools.into_iter().map(|(tool, uses)| (own(tool), uses)).collect(),
            latency_ms: self.latency_ms,
            ttft_ms: self.ttft_ms,
            logged_cost: self.logged_cost,
            flags: self.flags,
            unpriced: self.unpriced,
            other_inputs: self.other_inputs,
        }
    }

    /// Empties the call and keeps its allocations.
    pub fn clear(&mut self) {
        let (mut extra, mut tools) = (std::mem::take(&mut self.extra), std::mem::take(&mut self.tools));
        extra.clear();
        tools.clear();
        *self = Call { extra, tools, ..Call::default() };
    }
}

/// What a reader doubts about a record, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u32);

impl Flags {
    /// Whether the input count contains the cached tokens was decided by field names alone.
    pub const INCLUSIVE_GUESSED: Flags = Flags(1);
    /// The lifetime of some cache writes is not in the log: the shortest was taken.
    pub const TTL_UNKNOWN: Flags = Flags(1 << 1);
    /// The record has no usage.
    pub const USAGE_MISSING: Flags = Flags(1 << 2);
    /// The counts contradict each other.
    pub const USAGE_INCONSISTENT: Flags = Flags(1 << 3);
    /// A span that sums other work, kept because nothing below it carries usage.
    pub const ROLLUP: Flags = Flags(1 << 4);
    /// The answer came from a gateway's own cache: nothing was billed.
    pub const GATEWAY_CACHE_HIT: Flags = Flags(1 << 5);
    /// Another stored call has the same id and other content: both are kept.
    pub const ID_CONFLICT: Flags = Flags(1 << 6);
    /// The log states no zone for the time: UTC was taken.
    pub const ZONE_ASSUMED: Flags = Flags(1 << 7);
    /// The log states no time for the call: the time of a neighbour or of the file was taken.
    pub const TIME_ASSUMED: Flags = Flags(1 << 8);
    /// Output counts look like the placeholder of a stream's start.
    pub const PLACEHOLDER_OUTPUT: Flags = Flags(1 << 9);
    /// A class was billed at another class's price because the seller prints none.
    pub const FALLBACK_PRICE: Flags = Flags(1 << 10);
    /// The counts were estimated by the logging tool, not reported by the provider.
    pub const USAGE_ESTIMATED: Flags = Flags(1 << 11);
    /// The region is the one that inference was billed in, by a provider's own field.
    pub const GEO_STATED: Flags = Flags(1 << 12);

    /// The logged cost is what the provider charged, by its own word, not a gateway's or a library's sum.
    pub const COST_CHARGED: Flags = Flags(1 << 13);

    /// The request id names one call wherever it appears: it is the provider's, or as good as one. Records that share
    /// it are records of one call.
    pub const UNIQUE_ID: Flags = Flags(1 << 14);
    /// The record may repeat a call inside other work, as asides and subagents do: where another record tells the call, that
    /// one is believed.
    pub const SECONDARY: Flags = Flags(1 << 15);

    /// Every flag with the name used in reports.
    pub const ALL: [(Flags, &'static str); 14] = [
        (Flags::INCLUSIVE_GUESSED, "inclusive_guessed"),
        (Flags::TTL_UNKNOWN, "ttl_unknown"),
        (Flags::USAGE_MISSING, "usage_missing"),
        (Flags::USAGE_INCONSISTENT, "usage_inconsistent"),
        (Flags::ROLLUP, "rollup"),
        (Flags::GATEWAY_CACHE_HIT, "gateway_cache_hit"),
        (Flags::ID_CONFLICT, "id_conflict"),
        (Flags::ZONE_ASSUMED, "zone_assumed"),
        (Flags::TIME_ASSUMED, "time_assumed"),
        (Flags::PLACEHOLDER_OUTPUT, "placeholder_output"),
        (Flags::FALLBACK_PRICE, "fallback_price"),
        (Flags::USAGE_ESTIMATED, "usage_estimated"),
        (Flags::COST_CHARGED, "cost_charged"),
        (Flags::SECONDARY, "secondary"),
    ];

    /// Where the origin is kept among the bits.
    const ORIGIN_AT: u32 = 16;

    /// Notes where the record was written.
    pub const fn with_origin(self, origin: Origin) -> Flags {
        Flags(self.0 & !(0b11 << Flags::ORIGIN_AT) | (origin as u32) << Flags::ORIGIN_AT)
    }

    /// Returns where the record was written.
    pub const fn origin(self) -> Origin {
        match self.0 >> Flags::ORIGIN_AT & 0b11 {
            3 => Origin::Provider,
            2 => Origin::Gateway,
            1 => Origin::Span,
            _ => Origin::Application,
        }
    }

    /// Adds flags.
    pub fn add(&mut self, other: Flags) {
        self.0 |= other.0;
    }

    /// Tells whether all of `other`'s bits are set.
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the names of the set flags.
    pub fn names(self) -> Vec<&'static str> {
        Flags::ALL.iter().filter(|(flag, _)| self.has(*flag)).map(|(_, name)| *name).collect()
    }
}

/// Where a record of a call was written, from the application towards the provider. Counts are the better the nearer
/// to the provider, dimensions the nearer to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Origin {
    /// A log of the application's own.
    Application = 0,
    /// A tracing library.
    Span = 1,
    /// A gateway between application and provider.
    Gateway = 2,
    /// The provider: its answer, kept as it came.
    Provider = 3,
}

/// The name among a call's tools, and in price tables, of what an explicit cache kept, counted in token-seconds.
pub const CACHE_STORAGE: &str = "cache_storage";

/// Why a call has no cost. Never a zero in disguise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Unpriced {
    /// The price table has no such seller.
    UnknownSeller = 1,
    /// The seller is known, the model is not.
    UnknownModel,
    /// The model has no price for that time.
    NoPriceAtTime,
    /// The model is not sold in that service mode.
    ModeNotSold,
    /// The model has no price for a class of tokens the call used.
    ClassNotSold,
    /// The service mode cannot be told, or the record sums several requests on a model with a cliff.
    TierIndeterminate,
    /// The counts contradict each other.
    UsageInconsistent,
    /// The call used a tool whose fee the table does not know.
    ToolFeeUnknown,
    /// The record has no usage.
    UsageMissing,
}

impl Unpriced {
    /// Every reason, in order of its code.
    pub const ALL: [Unpriced; 9] = [
        Unpriced::UnknownSeller,
        Unpriced::UnknownModel,
        Unpriced::NoPriceAtTime,
        Unpriced::ModeNotSold,
        Unpriced::ClassNotSold,
        Unpriced::TierIndeterminate,
        Unpriced::UsageInconsistent,
        Unpriced::ToolFeeUnknown,
        Unpriced::UsageMissing,
    ];

    /// Returns the name used in reports and the store.
    pub const fn name(self) -> &'static str {
        match self {
            Unpriced::UnknownSeller => "unknown_seller",
            Unpriced::UnknownModel => "unknown_model",
            Unpriced::NoPriceAtTime => "no_price_at_time",
            Unpriced::ModeNotSold => "mode_not_sold",
            Unpriced::ClassNotSold => "class_not_sold",
            Unpriced::TierIndeterminate => "tier_indeterminate",
            Unpriced::UsageInconsistent => "usage_inconsistent",
            Unpriced::ToolFeeUnknown => "tool_fee_unknown",
            Unpriced::UsageMissing => "usage_missing",
        }
    }

    /// Returns the small code stored for the reason; 0 means priced.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Finds a reason by its stored code.
    pub fn from_code(code: u8) -> Option<Unpriced> {
        Unpriced::ALL.into_iter().find(|reason| reason.code() == code)
    }
}
