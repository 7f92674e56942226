//! What one call costs. All text is understood once, in [`Table::resolve`]; a [`Plan`] then only counts.
//!
//! Discounts, credits and logged costs are not known here.

use std::borrow::Cow;

use crate::domain::call::Unpriced;
use crate::domain::money::Usd;
use crate::domain::time::Timestamp;
use crate::domain::tokens::{MAX_TOKENS, Tokens};

use crate::price::bill::{Bill, Charge};
use crate::price::mode::Mode;
use crate::price::rows::{Model, Price, Region, Seller, Tool};
use crate::price::table::Table;

/// What a log says about a call, as far as it selects the price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Request<'a> {
    /// Who sends the invoice, in the log's spelling.
    pub provider: Option<&'a str>,
    /// The model that served the call.
    pub model: Option<&'a str>,
    /// The service mode that was served.
    pub tier: Option<&'a str>,
    /// Where inference ran.
    pub region: Option<&'a str>,
}

/// The rows that price calls of one combination of seller, model, mode and region. Cheap to keep.
#[derive(Clone, Debug)]
pub struct Plan<'t> {
    /// What the name meant over time, in order of time.
    steps: Vec<Step<'t>>,
}

#[derive(Clone, Debug)]
struct Step<'t> {
    from: Timestamp,
    model: &'t Model,
    /// The rows of the mode, by date and prompt size.
    rows: &'t [Price],
    /// The rules for the region and model, by date.
    regions: Vec<&'t Region>,
    /// The fees that may apply to the model: its own before those for all, the latest first.
    tools: Vec<&'t Tool>,
}

/// The cost of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// The cost, rounded once to a picodollar.
    pub cost: Usd,
    /// Whether a class was billed at another class's price because the seller prints none.
    pub fallback: bool,
}

impl Table {
    /// Understands a combination of seller, model, mode and region. Slow beside [`Plan::price`]: keep the plan.
    ///
    /// # Errors
    /// [`Unpriced::UnknownSeller`], [`Unpriced::UnknownModel`], [`Unpriced::TierIndeterminate`], or
    /// [`Unpriced::ModeNotSold`] where the model was never sold in that mode.
    pub fn resolve(&self, request: &Request<'_>) -> Result<Plan<'_>, Unpriced> {
        let (seller, meant) = self.lookup(request.provider, request.model)?;
        let mode = mode_of(seller, request.tier)?;
        let region = request.region.map(|region| region.trim().to_lowercase()).unwrap_or_default();
        let steps: Vec<Step<'_>> =
            meant.into_iter().map(|(from, model)| Step::new(seller, model, from, mode, &region)).collect();
        if steps.iter().all(|step| step.rows.is_empty()) {
            return Err(Unpriced::ModeNotSold);
        }
        Ok(Plan { steps })
    }
}

/// Understands the tier a log states: the seller's own words first, then those that all share.
fn mode_of(seller: &Seller, tier: Option<&str>) -> Result<Mode, Unpriced> {
    let tier = tier.map(|tier| tier.trim().to_lowercase()).unwrap_or_default();
    let own = seller.mode_names.iter().find(|(name, _)| *name == tier).map(|(_, mode)| *mode);
    own.or_else(|| Mode::of_tier(&tier)).ok_or(Unpriced::TierIndeterminate)
}

impl<'t> Step<'t> {
    fn new(seller: &'t Seller, model: &'t Model, from: Timestamp, mode: Mode, region: &str) -> Step<'t> {
        let rules = seller.regions.iter().filter(|rule| rule.regions.iter().any(|name| name == region));
        let mut regions: Vec<&Region> =
            rules.filter(|rule| rule.models_released_from.is_none_or(|from| model.released >= Some(from))).collect();
        regions.sort_by_key(|rule| rule.from);
        let own = |tool: &Tool| tool.models.as_ref().is_some_and(|models| models.contains(&model.id));
        let mut tools: Vec<&Tool> = seller.tools.iter().filter(|tool| tool.models.is_none() || own(tool)).collect();
        tools.sort_by_key(|tool| (tool.models.is_none(), std::cmp::Reverse(tool.from)));
        Step { from, model, rows: model.rows(mode), regions, tools }
    }

    /// Returns the row for a time and a prompt size: the last that has started, of its band.
    fn row(&self, ts: Timestamp, prompt: u64) -> Result<&'t Price, Unpriced> {
        if self.rows.is_empty() {
            return Err(Unpriced::ModeNotSold);
        }
        let started = &self.rows[..self.rows.partition_point(|row| row.starts() <= ts)];
        let latest = started.last().ok_or(Unpriced::NoPriceAtTime)?.starts();
        let mut bands = started.iter().rev().take_while(|row| row.starts() == latest);
        let row = bands.find(|row| row.holds(prompt)).ok_or(Unpriced::NoPriceAtTime)?;
        // A row that sells nothing marks the end of a mode, or a size that the mode does not serve.
        if row.is_end() { Err(Unpriced::ModeNotSold) } else { Ok(row) }
    }

    /// Returns the multiplier's rule in force.
    fn region(&self, ts: Timestamp) -> Option<&'t Region> {
        self.regions.iter().rev().find(|rule| rule.from.is_none_or(|from| from <= ts)).copied()
    }

    fn tool(&self, id: &str, ts: Timestamp) -> Result<&'t Tool, Unpriced> {
        let mut fees = self.tools.iter().filter(|tool| tool.id == id);
        fees.find(|tool| tool.from.is_none_or(|from| from <= ts)).copied().ok_or(Unpriced::ToolFeeUnknown)
    }
}

impl Plan<'_> {
    /// Returns the cost of a call, computed exactly and rounded once, half to even.
    ///
    /// # Errors
    /// The reason why the table has no price for it; [`Unpriced::UsageInconsistent`] also for counts past
    /// [`MAX_TOKENS`] and for costs past what a call can hold.
    pub fn price(&self, ts: Timestamp, tokens: &Tokens, tools: &[(Cow<'_, str>, u64)]) -> Result<Priced, Unpriced> {
        let mut atto = 0;
        let mut fallback = false;
        self.charges(ts, tokens, tools, |charge, _, region| {
            atto += charge.atto(region);
            fallback |= charge.is_fallback();
        })?;
        Ok(Priced { cost: checked(atto)?, fallback })
    }

    /// Returns the same sum as [`Plan::price`], item by item.
    ///
    /// # Errors
    /// As [`Plan::price`].
    pub fn itemise(&self, ts: Timestamp, tokens: &Tokens, tools: &[(Cow<'_, str>, u64)]) -> Result<Bill, Unpriced> {
        let mut atto = 0;
        let mut fallback = false;
        let mut items = Vec::new();
        let model = self.step(ts)?.model;
        self.charges(ts, tokens, tools, |charge, row, region| {
            atto += charge.atto(region);
            fallback |= charge.is_fallback();
            items.push(charge.item(model, row, region));
        })?;
        Ok(Bill { cost: checked(atto)?, items, fallback })
    }

    /// Returns what the name meant at a time.
    fn step(&self, ts: Timestamp) -> Result<&Step<'_>, Unpriced> {
        self.steps.iter().rev().find(|step| step.from <= ts).ok_or(Unpriced::NoPriceAtTime)
    }

    /// Hands every charge of a call to `take`, with its row and the rule of its region.
    #[inline]
    fn charges(
        &self,
        ts: Timestamp,
        tokens: &Tokens,
        tools: &[(Cow<'_, str>, u64)],
        mut take: impl FnMut(Charge<'_>, &Price, Option<&Region>),
    ) -> Result<(), Unpriced> {
        let mut prompt = 0;
        for (class, count) in tokens.iter() {
            if count > MAX_TOKENS {
                return Err(Unpriced::UsageInconsistent);
            }
            prompt += if class.is_prompt() { count } else { 0 };
        }
        let step = self.step(ts)?;
        let row = step.row(ts, prompt)?;
        let region = step.region(ts);
        for (class, count) in tokens.iter() {
            let (rate, as_class) = row.rate(class).ok_or(Unpriced::ClassNotSold)?;
            take(Charge::Tokens { class, count, rate, as_class }, row, region);
        }
        for (id, uses) in tools.iter().filter(|(_, uses)| *uses > 0) {
            if *uses > MAX_TOKENS {
                return Err(Unpriced::UsageInconsistent);
            }
            take(Charge::Tool { tool: step.tool(id, ts)?, uses: *uses }, row, region);
        }
        Ok(())
    }
}

/// Rounds a call's attodollars, once; refuses what a stored call cannot hold.
fn checked(atto: i128) -> Result<Usd, Unpriced> {
    let cost = Usd::from_atto(atto);
    cost.call_pico().map(|_| cost).ok_or(Unpriced::UsageInconsistent)
}
