//! What has been explained so far: exact amounts by cause. Nothing is ever explained twice, because a cause moves an
//! amount out of what a cell still has open.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::Usd;

/// Why a bill and the logs differ. The codes and their numbers are fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Cause {
    /// Calls are missing in the logs.
    MissingLogs = 1,
    /// A whole key or workspace is not logged.
    UnloggedKey,
    /// Calls are logged twice.
    DoubleLogged,
    /// The same calls came from two sources.
    OverlappingImports,
    /// Cached tokens are priced as full input.
    CachePricedAsInput,
    /// The logs' input count contains the cached tokens.
    InclusiveInput,
    /// A batch or flex discount is not in the logs.
    BatchDiscountMissed,
    /// A premium for priority or speed is not in the logs.
    ServiceModeMissed,
    /// One side has another date's price.
    StalePrice,
    /// One side has another model's price.
    WrongModelPrice,
    /// The price of long prompts.
    LongContext,
    /// The lifetime of cache writes.
    CacheWriteTtl,
    /// Cache writes are not logged.
    CacheWritesUnlogged,
    /// A region's multiplier.
    RegionalUplift,
    /// Days are cut in another zone.
    TimezoneShift,
    /// The first or last day is only half on one side.
    PeriodEdge,
    /// The bill is not final.
    Unsettled,
    /// Failed calls.
    FailedButBilled,
    /// Retries.
    Retries,
    /// Tools on the provider's side.
    ServerTools,
    /// Reasoning tokens are not logged.
    ReasoningUnlogged,
    /// Tokens that cost nothing.
    FreeTier,
    /// Credits.
    Credits,
    /// Tax.
    Tax,
    /// The rate of exchange.
    Currency,
    /// A discount that was agreed.
    ContractDiscount,
    /// Capacity paid ahead.
    Commitment,
    /// Two names of one model.
    Alias,
    /// The unit of a quantity.
    UnitScale,
    /// Cents taken for dollars.
    CentsVsDollars,
    /// Rounding.
    Rounding,
    /// The export does not hold everything.
    GroupCap,
    /// Calls paid on another bill.
    Byok,
    /// A fixed amount for each call.
    MinimumCharge,
    /// Audio or images priced as text.
    ModalityPricedAsText,
    /// Logged calls without a price.
    UnpricedCalls,
}

impl Cause {
    /// Returns the code used in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Cause::MissingLogs => "missing_logs",
            Cause::UnloggedKey => "unlogged_key",
            Cause::DoubleLogged => "double_logged",
            Cause::OverlappingImports => "overlapping_imports",
            Cause::CachePricedAsInput => "cache_priced_as_input",
            Cause::InclusiveInput => "inclusive_input",
            Cause::BatchDiscountMissed => "batch_discount_missed",
            Cause::ServiceModeMissed => "service_mode_missed",
            Cause::StalePrice => "stale_price",
            Cause::WrongModelPrice => "wrong_model_price",
            Cause::LongContext => "long_context",
            Cause::CacheWriteTtl => "cache_write_ttl",
            Cause::CacheWritesUnlogged => "cache_writes_unlogged",
            Cause::RegionalUplift => "regional_uplift",
            Cause::TimezoneShift => "timezone_shift",
            Cause::PeriodEdge => "period_edge",
            Cause::Unsettled => "unsettled",
            Cause::FailedButBilled => "failed_but_billed",
            Cause::Retries => "retries",
            Cause::ServerTools => "server_tools",
            Cause::ReasoningUnlogged => "reasoning_unlogged",
            Cause::FreeTier => "free_tier",
            Cause::Credits => "credits",
            Cause::Tax => "tax",
            Cause::Currency => "currency",
            Cause::ContractDiscount => "contract_discount",
            Cause::Commitment => "commitment",
            Cause::Alias => "alias",
            Cause::UnitScale => "unit_scale",
            Cause::CentsVsDollars => "cents_vs_dollars",
            Cause::Rounding => "rounding",
            Cause::GroupCap => "group_cap",
            Cause::Byok => "byok",
            Cause::MinimumCharge => "minimum_charge",
            Cause::ModalityPricedAsText => "modality_priced_as_text",
            Cause::UnpricedCalls => "unpriced_calls",
        }
    }

    /// Says what would tell the cause from another that has the same arithmetic.
    pub(super) const fn told_by(self) -> &'static str {
        match self {
            Cause::BatchDiscountMissed | Cause::ServiceModeMissed | Cause::FreeTier => {
                "the usage export says in which mode the calls were served"
            }
            Cause::RegionalUplift => "the usage export says in which region the calls were served",
            Cause::StalePrice => "the provider's price list of those days says what held",
            Cause::WrongModelPrice => "the answers in the logs say which model served",
            Cause::LongContext => "the bill's own lines say which tokens are of long prompts",
            Cause::CacheWriteTtl => "the usage export tells cache writes by lifetime",
            Cause::CachePricedAsInput => "the usage export tells cached from fresh input",
            Cause::ContractDiscount => "the contract says what was agreed",
            _ => "the usage export says what was used",
        }
    }

    /// Where a cause stands in the bridge: file, period, unit, names, lines that are no usage, quantity, price, rounding.
    pub(super) const fn step(self) -> u8 {
        match self {
            Cause::GroupCap | Cause::Byok => 0,
            Cause::TimezoneShift | Cause::PeriodEdge | Cause::Unsettled => 1,
            Cause::UnitScale | Cause::CentsVsDollars | Cause::Currency => 2,
            Cause::UnloggedKey | Cause::Alias | Cause::UnpricedCalls => 3,
            Cause::Credits | Cause::Tax | Cause::Commitment | Cause::ServerTools => 4,
            Cause::MissingLogs
            | Cause::DoubleLogged
            | Cause::OverlappingImports
            | Cause::InclusiveInput
            | Cause::CacheWritesUnlogged
            | Cause::FailedButBilled
            | Cause::Retries
            | Cause::ReasoningUnlogged => 5,
            Cause::Rounding => 7,
            _ => 6,
        }
    }
}

/// How sure a cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Nothing contradicts it.
    Suggested,
    /// It predicts at least three cells inside their bounds.
    Fits,
    /// The file says so, or ids do.
    Proved,
}

/// A cause with what it explains.
#[derive(Clone, Debug)]
pub struct Explained {
    /// Why.
    pub cause: Cause,
    /// How much of invoiced less logged it explains.
    pub amount: Usd,
    /// How sure it is.
    pub confidence: Confidence,
    /// How many cells it touches.
    pub cells: u64,
    /// What the cells share.
    pub scope: Vec<(&'static str, String)>,
    /// What shows it, in words.
    pub evidence: String,
    /// Other causes that explain the same amounts as well, in words, with what would tell them apart.
    pub also: Vec<(Cause, String)>,
}

/// The causes found so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    found: Vec<Explained>,
}

impl Ledger {
    /// Notes a cause; the same cause with the same evidence is one. A scope keeps what all its parts share.
    pub(super) fn note(&mut self, more: Explained) {
        let same = |known: &&mut Explained| known.cause == more.cause && known.evidence == more.evidence;
        match self.found.iter_mut().find(same) {
            None => self.found.push(more),
            Some(known) => {
                known.amount += more.amount;
                known.cells += more.cells;
                known.confidence = known.confidence.min(more.confidence);
                known.scope.retain(|shared| more.scope.contains(shared));
            }
        }
    }

    /// Notes what else would explain as much as a cause.
    pub(super) fn doubt(&mut self, cause: Cause, evidence: &str, also: Vec<(Cause, String)>) {
        if let Some(known) = self.found.iter_mut().find(|known| known.cause == cause && known.evidence == evidence) {
            for other in also {
                if !known.also.contains(&other) {
                    known.also.push(other);
                }
            }
        }
    }

    /// Returns the causes in the order of the bridge.
    pub(super) fn into_bridge(self) -> Vec<Explained> {
        let mut ordered: BTreeMap<(u8, Cause, usize), Explained> = BTreeMap::new();
        for (at, found) in self.found.into_iter().enumerate() {
            ordered.insert((found.cause.step(), found.cause, at), found);
        }
        ordered.into_values().collect()
    }
}
