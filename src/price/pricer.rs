//! What one call costs. All text is understood once, in [`Table::resolve`]; a [`Plan`] then only counts.
//!
//! Credits and logged costs are not known here.

use crate::domain::call::Unpriced;
use crate::domain::money::Usd;
use crate::domain::time::Timestamp;
use crate::domain::tokens::{CLASSES, Class, MAX_TOKENS, Tokens};

use crate::price::bill::{Bill, Charge, Factors};
use crate::price::deal::Override;
use crate::price::hours::{Holidays, Hours};
use crate::price::mode::Mode;
use crate::price::rows::{Model, Price, Region, Seller, Tool, ToolUnit};
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
    /// The service mode.
    mode: Mode,
    /// What the name meant over time, in order of time.
    steps: Vec<Step<'t>>,
}

#[derive(Clone, Debug)]
pub(super) struct Step<'t> {
    from: Timestamp,
    model: &'t Model,
    /// The rows of the mode that hold at any hour, by date and prompt size.
    rows: &'t [Price],
    /// The rows of the mode that hold at some hours and then beat the others.
    hourly: Vec<Hourly<'t>>,
    /// The rules for the region and model: those for all models before those that name it, each by date.
    regions: Vec<&'t Region>,
    /// The fees that may apply to the model: its own before those for all, the latest first.
    tools: Vec<&'t Tool>,
    /// What a user agreed for the model: what names it before what is for all.
    deals: Vec<&'t Override>,
}

#[derive(Clone, Debug)]
struct Hourly<'t> {
    hours: &'t Hours,
    holidays: Option<&'t Holidays>,
    rows: &'t [Price],
}

/// The largest count of token-seconds a call may carry: a million tokens kept for thirty years.
const MAX_TOKEN_SECONDS: u64 = 1_000_000_000_000_000;

/// The cost of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// The cost, rounded once to a picodollar.
    pub cost: Usd,
    /// The cost by list price, which differs where the user agreed something else.
    pub list: Usd,
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
        let (seller, mut meant) = self.lookup().find(request.provider, request.model)?;
        let mode = mode_of(seller, request.tier)?;
        let region = request.region.map(|region| region.trim().to_lowercase()).unwrap_or_default();
        // A seller may list a model apart for one region, by a name such as `bedrock/us-gov-west-1/…`.
        if let (false, Some(model)) = (region.is_empty(), request.model)
            && let Ok((_, own)) = self.lookup().find(request.provider, Some(&format!("{}/{region}/{model}", seller.id)))
        {
            meant = own;
        }
        let steps: Vec<Step<'_>> =
            meant.into_iter().map(|(from, model)| self.step(seller, model, from, mode, &region)).collect();
        if steps.iter().all(|step| step.rows.is_empty() && !step.deals.iter().any(|deal| deal.sets_rates())) {
            return Err(Unpriced::ModeNotSold);
        }
        Ok(Plan { mode, steps })
    }
}

/// Understands the tier a log states: the seller's own words first, then those that all share.
fn mode_of(seller: &Seller, tier: Option<&str>) -> Result<Mode, Unpriced> {
    let tier = tier.map(|tier| tier.trim().to_lowercase()).unwrap_or_default();
    let own = seller.mode_names.iter().find(|(name, _)| *name == tier).map(|(_, mode)| *mode);
    own.or_else(|| Mode::of_tier(&tier)).ok_or(Unpriced::TierIndeterminate)
}

impl Table {
    fn step<'t>(&'t self, seller: &'t Seller, model: &'t Model, from: Timestamp, mode: Mode, region: &str) -> Step<'t> {
        let mut regions: Vec<&Region> = seller.regions.iter().filter(|rule| rule.is_for(region, model)).collect();
        regions.sort_by_key(|rule| (rule.models.is_some(), rule.from));
        let own = |tool: &Tool| tool.models.as_ref().is_some_and(|models| models.contains(&model.id));
        let mut tools: Vec<&Tool> = seller.tools.iter().filter(|tool| tool.models.is_none() || own(tool)).collect();
        tools.sort_by_key(|tool| (tool.models.is_none(), std::cmp::Reverse(tool.from)));
        let mut deals: Vec<&Override> = self.overrides.iter().filter(|deal| deal.is_for(model, mode)).collect();
        deals.sort_by_key(|deal| deal.models.is_none());
        let mut step = Step { from, model, rows: &[], hourly: Vec::new(), regions, tools, deals };
        for rows in model.rows(mode).chunk_by(|a, b| a.window == b.window) {
            match rows[0].window.as_ref().and_then(|id| seller.hours.iter().find(|hours| hours.id == *id)) {
                None => step.rows = rows,
                Some(hours) => {
                    let except = hours.except.as_ref();
                    let holidays = except.and_then(|id| seller.holidays.iter().find(|holidays| holidays.id == *id));
                    step.hourly.push(Hourly { hours, holidays, rows });
                }
            }
        }
        step
    }
}

/// Returns the row for a time and a prompt size: the last that has started, of its band.
fn latest(rows: &[Price], ts: Timestamp, prompt: u64) -> Option<&Price> {
    let started = &rows[..rows.partition_point(|row| row.starts() <= ts)];
    let latest = started.last()?.starts();
    started.iter().rev().take_while(|row| row.starts() == latest).find(|row| row.holds(prompt))
}

impl<'t> Step<'t> {
    /// Returns the row for a time and a prompt size.
    fn row(&self, ts: Timestamp, prompt: u64) -> Result<&'t Price, Unpriced> {
        if self.rows.is_empty() {
            return Err(Unpriced::ModeNotSold);
        }
        let row = latest(self.rows, ts, prompt).ok_or(Unpriced::NoPriceAtTime)?;
        // A row that sells nothing marks the end of a mode, or a size that the mode does not serve.
        if row.is_end() {
            return Err(Unpriced::ModeNotSold);
        }
        for hourly in &self.hourly {
            // A row of hours that sells nothing ends the hours.
            let Some(row) = latest(hourly.rows, ts, prompt).filter(|row| !row.is_end()) else { continue };
            match hourly.hours.hold(hourly.holidays, ts) {
                Some(true) => return Ok(row),
                Some(false) => {}
                None => return Err(Unpriced::NoPriceAtTime),
            }
        }
        Ok(row)
    }

    /// Returns the multiplier's rule in force.
    fn region(&self, ts: Timestamp) -> Option<&'t Region> {
        self.regions.iter().rev().find(|rule| rule.from.is_none_or(|from| from <= ts)).copied()
    }

    fn tool(&self, id: &str, ts: Timestamp) -> Result<&'t Tool, Unpriced> {
        let mut fees = self.tools.iter().filter(|tool| tool.id == id);
        fees.find(|tool| tool.from.is_none_or(|from| from <= ts)).copied().ok_or(Unpriced::ToolFeeUnknown)
    }

    /// Returns what was agreed for tokens, or for the fees of tools.
    fn deal(&self, ts: Timestamp, is_meant: impl Fn(&Override) -> bool) -> Option<&'t Override> {
        self.deals.iter().find(|deal| is_meant(deal) && deal.holds_at(ts)).copied()
    }
}

/// What a sum of charges comes to, before it is rounded.
#[derive(Default)]
struct Sum {
    atto: i128,
    list: i128,
    fallback: bool,
}

impl Sum {
    #[inline]
    fn add(&mut self, charge: &Charge<'_>, factors: &Factors<'_>) {
        let list = charge.list_atto(factors);
        self.list += list;
        self.atto += if factors.deal.is_none() { list } else { charge.atto(factors) };
        self.fallback |= charge.is_fallback();
    }

    fn priced(&self) -> Result<Priced, Unpriced> {
        Ok(Priced { cost: checked(self.atto)?, list: checked(self.list)?, fallback: self.fallback })
    }
}

impl Plan<'_> {
    /// Returns the cost of a call, computed exactly and rounded once, half to even. Allocates nothing.
    ///
    /// # Errors
    /// The reason why the table has no price for it; [`Unpriced::UsageInconsistent`] also for counts past
    /// [`MAX_TOKENS`] and for costs past what a call can hold.
    pub fn price<'u>(
        &self,
        ts: Timestamp,
        tokens: &Tokens,
        tools: impl IntoIterator<Item = (&'u str, u64)>,
    ) -> Result<Priced, Unpriced> {
        let mut sum = Sum::default();
        self.charges(ts, tokens, tools, |charge, factors| sum.add(&charge, factors))?;
        sum.priced()
    }

    /// Returns the same sum as [`Plan::price`], item by item.
    ///
    /// # Errors
    /// As [`Plan::price`].
    pub fn itemise<'u>(
        &self,
        ts: Timestamp,
        tokens: &Tokens,
        tools: impl IntoIterator<Item = (&'u str, u64)>,
    ) -> Result<Bill, Unpriced> {
        let mut sum = Sum::default();
        let mut items = Vec::new();
        self.charges(ts, tokens, tools, |charge, factors| {
            sum.add(&charge, factors);
            items.push(charge.item(factors));
        })?;
        let Priced { cost, list, fallback } = sum.priced()?;
        let list = (sum.atto != sum.list).then_some(list);
        Ok(Bill { cost, list, items, fallback })
    }

    /// Returns the service mode whose prices these are.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns the overrides that may hold for calls of the plan.
    pub fn overrides(&self) -> impl Iterator<Item = &Override> {
        self.steps.iter().flat_map(|step| step.deals.iter().copied())
    }

    /// Returns what the name meant at a time.
    fn step(&self, ts: Timestamp) -> Result<&Step<'_>, Unpriced> {
        self.steps.iter().rev().find(|step| step.from <= ts).ok_or(Unpriced::NoPriceAtTime)
    }

    /// Returns what a single token of each class costs in a prompt of that size, in attodollars; `None` for a class
    /// that is not sold. Exact, so that a count times its rate is the cost of that many tokens.
    ///
    /// # Errors
    /// As [`Plan::price`].
    pub fn rates(&self, ts: Timestamp, prompt: u64) -> Result<[Option<i128>; CLASSES], Unpriced> {
        let (_, factors) = self.factors(ts, prompt)?;
        let rate = |class| token_charge(&factors, class, 1).ok().map(|charge| charge.atto(&factors));
        Ok(Class::ALL.map(rate))
    }

    /// Returns what one use of a tool costs, in attodollars.
    ///
    /// # Errors
    /// [`Unpriced::ToolFeeUnknown`], or that the name means nothing at that time.
    pub fn tool_fee(&self, ts: Timestamp, tool: &str) -> Result<i128, Unpriced> {
        let step = self.step(ts)?;
        let tool = step.tool(tool, ts)?;
        let deal = step.deal(ts, |deal| deal.tools);
        let factors = Factors { model: step.model, row: None, region: None, deal };
        Ok(Charge::Tool { tool, uses: 1 }.atto(&factors))
    }

    /// Returns the instants at which a price of the plan may change.
    pub fn changes(&self) -> Vec<Timestamp> {
        let mut changes: Vec<Timestamp> = Vec::new();
        for step in &self.steps {
            changes.push(step.from);
            changes.extend(step.rows.iter().map(Price::starts));
            changes.extend(step.hourly.iter().flat_map(|hourly| hourly.rows).map(Price::starts));
        }
        changes.sort_unstable();
        changes.dedup();
        changes
    }

    /// Tells whether prices depend on the hour of the day.
    pub fn is_hourly(&self) -> bool {
        self.steps.iter().any(|step| !step.hourly.is_empty())
    }

    /// Returns what turns quantities into amounts at a time and a prompt size, with the step it is of.
    pub(super) fn factors(&self, ts: Timestamp, prompt: u64) -> Result<(&Step<'_>, Factors<'_>), Unpriced> {
        let step = self.step(ts)?;
        let deal = step.deal(ts, |deal| deal.tokens);
        let row = match step.row(ts, prompt) {
            Ok(row) => Some(row),
            // What has no public price may have an agreed one.
            Err(_) if deal.is_some_and(Override::sets_rates) => None,
            Err(reason) => return Err(reason),
        };
        Ok((step, Factors { model: step.model, row, region: step.region(ts), deal }))
    }

    /// Hands every charge of a call to `take`, with what turns its list price into a cost.
    #[inline]
    fn charges<'u>(
        &self,
        ts: Timestamp,
        tokens: &Tokens,
        tools: impl IntoIterator<Item = (&'u str, u64)>,
        mut take: impl FnMut(Charge<'_>, &Factors<'_>),
    ) -> Result<(), Unpriced> {
        let mut prompt = 0;
        for (class, count) in tokens.iter() {
            if count > MAX_TOKENS {
                return Err(Unpriced::UsageInconsistent);
            }
            prompt += if class.is_prompt() { count } else { 0 };
        }
        let (step, factors) = self.factors(ts, prompt)?;
        for (class, count) in tokens.iter() {
            take(token_charge(&factors, class, count)?, &factors);
        }
        for (id, uses) in tools.into_iter().filter(|(_, uses)| *uses > 0) {
            let tool = step.tool(id, ts)?;
            let most = if tool.per == ToolUnit::TokenSecond { MAX_TOKEN_SECONDS } else { MAX_TOKENS };
            if uses > most {
                return Err(Unpriced::UsageInconsistent);
            }
            // Regions multiply token prices alone.
            let factors = Factors { region: None, deal: step.deal(ts, |deal| deal.tools), ..factors };
            take(Charge::Tool { tool, uses }, &factors);
        }
        Ok(())
    }
}

/// Returns the charge for tokens of a class.
#[inline]
pub(super) fn token_charge<'t>(factors: &Factors<'t>, class: Class, count: u64) -> Result<Charge<'t>, Unpriced> {
    let Factors { row, deal, .. } = factors;
    match (row.and_then(|row| row.rate(class)), deal.and_then(|deal| deal.rate(class))) {
        (Some((rate, as_class)), _) => Ok(Charge::Tokens { class, count, rate, as_class }),
        (None, Some(rate)) => Ok(Charge::Agreed { class, count, rate }),
        (None, None) => Err(Unpriced::ClassNotSold),
    }
}

/// Rounds a call's attodollars, once; refuses what a stored call cannot hold.
pub(super) fn checked(atto: i128) -> Result<Usd, Unpriced> {
    let cost = Usd::from_atto(atto);
    cost.call_pico().map(|_| cost).ok_or(Unpriced::UsageInconsistent)
}
