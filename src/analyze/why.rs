//! Why a window cost more, or less, than another: the causes as slices that do not overlap, each with its exact effects.
//!
//! The steps: what other prices explain is taken out first ([`prices`]); what is left of the period is compared with
//! what the same work would have cost before ([`leaves`]); every slice is weighed against the growth of all others
//! ([`scan`]); those that stand out against their own history, or against chance ([`judge`]), are causes ([`search`]) and
//! get the name that says them best ([`naming`]). Their change is then split into effects ([`effects`]).
//!
//! Everything works on sums by group; no call is looked at. Amounts are exact; floats only decide what to name.

mod columns;
mod cube;
mod effects;
mod history;
mod judge;
mod leaves;
mod moves;
mod naming;
mod noise;
mod prices;
mod runs;
mod scan;
mod search;
mod shapley;
mod verdict;

use std::sync::Arc;

use crate::domain::Axis;
use crate::domain::CallTrait;
use crate::domain::Condition;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::filter::Test;
use crate::domain::money::div_half_even;
use crate::domain::rollup::Logged;
use crate::domain::rollup::Rollup;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::domain::tokens::CLASSES;

use crate::analyze::why::columns::Columns;
use crate::analyze::why::cube::USD;
use crate::analyze::why::effects::RateTable;
use crate::analyze::why::judge::Judge;
use crate::analyze::why::leaves::Leaves;
use crate::analyze::why::prices::PriceChange;
use crate::analyze::why::search::Found;

pub use crate::analyze::why::moves::Move;
pub use crate::analyze::why::scan::Lens;
pub use crate::analyze::why::verdict::Verdict;

/// The dimensions that are searched unless others are asked for; the first of two that say the same is named.
pub const SEARCHED: [Dim; 8] =
    [Dim::Environment, Dim::Feature, Dim::Tenant, Dim::Agent, Dim::Team, Dim::PromptVersion, Dim::Model, Dim::Provider];

/// The least part of the period's cost that a cause must make up, unless something else is asked for.
pub const LEAST_SHARE: f64 = 0.04;

/// A window with two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first instant inside.
    pub since: Timestamp,
    /// The first instant outside.
    pub until: Timestamp,
}

impl Span {
    /// Returns the span as a window.
    pub fn window(self) -> Window {
        Window { since: Some(self.since), until: Some(self.until) }
    }
}

/// How much longer the period is than the baseline: a ratio of whole numbers, so that amounts stay exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Length of the period.
    pub period: i64,
    /// Length of the baseline, in the same unit.
    pub baseline: i64,
}

impl Scale {
    /// Windows of the same length.
    pub const NONE: Scale = Scale { period: 1, baseline: 1 };

    /// Returns the ratio.
    pub fn factor(self) -> f64 {
        self.period as f64 / self.baseline as f64
    }

    /// Scales picodollars, rounded half to even.
    fn of(self, pico: i128) -> i128 {
        div_half_even(pico * i128::from(self.period), i128::from(self.baseline))
    }
}

/// The question.
#[derive(Clone, Debug)]
pub struct Question {
    /// The window asked about.
    pub period: Span,
    /// What it is compared with.
    pub baseline: Span,
    /// How the baseline is scaled to the period.
    pub scale: Scale,
    /// Which calls.
    pub filter: Filter,
    /// The zone that cuts days.
    pub zone: Zone,
    /// The dimensions that may name a cause, in order of preference.
    pub searched: Vec<Axis>,
    /// The least part of the period's cost that a cause must make up.
    pub least_share: f64,
    /// The first call there is.
    pub first: Option<Timestamp>,
}

/// A model by the names in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModelName<'n> {
    /// Who sells it; empty if the log does not tell.
    pub provider: &'n str,
    /// The model; empty if the log does not tell.
    pub model: &'n str,
}

/// Calls with what they cost, and would cost by the prices of another day.
pub trait PricedCalls: Rollups {
    /// Tells whether a price of a model changed after one instant and before another.
    fn has_changed(&self, model: ModelName<'_>, after: Timestamp, before: Timestamp) -> bool;

    /// Answers a query by the prices of an instant. A call that had no price then keeps its own.
    fn rollup_at(&self, query: &RollupQuery, prices_at: Timestamp) -> Result<Rollup, Self::Error>;

    /// Returns what tokens of a model cost at an instant by class, in attodollars, in the standard mode; `None` if
    /// that is not known.
    fn rates(&self, model: ModelName<'_>, at: Timestamp) -> Option<[Option<i128>; CLASSES]>;

    /// Returns what tools cost at an instant, in attodollars; uses as the value of [`CallTrait::Tools`] tells them.
    ///
    /// [`CallTrait::Tools`]: crate::domain::CallTrait::Tools
    fn tool_fee(&self, model: ModelName<'_>, tools: &str, at: Timestamp) -> i128;
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// More or fewer calls.
    Volume,
    /// Longer or shorter prompts.
    InputTokens,
    /// Longer or shorter answers.
    OutputTokens,
    /// Other models.
    ModelMix,
    /// Other prices for the same.
    Price,
    /// More or less of the prompt from a cache.
    Cache,
    /// Other service modes, and the longer prompts' dearer ones.
    Tier,
    /// More or fewer calls for each that succeeds.
    Errors,
    /// Fees of tools.
    Tools,
}

impl Effect {
    /// Returns the name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Effect::Volume => "volume",
            Effect::InputTokens => "input_tokens",
            Effect::OutputTokens => "output_tokens",
            Effect::ModelMix => "model_mix",
            Effect::Price => "price",
            Effect::Cache => "cache",
            Effect::Tier => "tier",
            Effect::Errors => "errors",
            Effect::Tools => "tools",
        }
    }
}

/// Something that explains a part of the change.
#[derive(Clone, Debug)]
pub struct Cause {
    /// The calls: a value of each of these dimensions.
    pub slice: Vec<(Axis, Arc<str>)>,
    /// How it was found.
    pub lens: Lens,
    /// What these calls cost more than before.
    pub change: Usd,
    /// Of that, what lies beyond the growth of everything else.
    pub excess: Usd,
    /// The change by effect, the largest first.
    pub effects: Vec<(Effect, Usd)>,
    /// Where work moved, if that is a part of it.
    pub moves: Vec<Move>,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Why {
    /// What the period cost.
    pub cost: Usd,
    /// What the baseline cost, scaled.
    pub baseline: Usd,
    /// Priced calls of the period, and of the baseline as they are.
    pub calls: [u64; 2],
    /// Calls without a price in both.
    pub unpriced: [u64; 2],
    /// What to make of it.
    pub verdict: Verdict,
    /// The causes, most excess first.
    pub causes: Vec<Cause>,
    /// What they leave.
    pub rest: Usd,
    /// The whole change by effect.
    pub effects: Vec<(Effect, Usd)>,
    /// How many earlier pairs of windows there were to tell what is usual.
    pub history: usize,
}

impl Cause {
    /// Returns what orders causes that are alike.
    fn sort_key(&self) -> Vec<(String, &str)> {
        self.slice.iter().map(|(axis, value)| (axis.to_string(), value.as_ref())).collect()
    }
}

/// Dollars in an attodollar.
const USD_PER_ATTO: f64 = 1e-18;

impl Why {
    /// Returns the change.
    pub fn change(&self) -> Usd {
        self.cost - self.baseline
    }

    /// Tells whether the causes explain less than half of the change.
    pub fn is_partly_explained(&self) -> bool {
        verdict::explained(self.change(), self.baseline, &self.causes) < verdict::MOST
    }
}

/// Answers the question.
///
/// # Errors
/// What the source of the calls fails with.
pub fn investigate<S: PricedCalls>(source: &S, question: &Question) -> Result<Why, S::Error> {
    let desk = Desk { source, question, prices: PriceChange::read(source, question)? };
    let sides = desk.sides(&[])?;
    let whole = desk.columns(&sides);
    let (now, before) = (Usd::from_pico(whole.period.total()), Usd::from_pico(whole.baseline.total()));
    let rates = desk.rates(&whole);
    let mut all_effects = effects::of_everything(&whole, &rates, question.period.since < question.baseline.since);
    all_effects.insert(Effect::Price, desk.prices.total().pico() as f64 * USD);
    let total = now.max(before).pico() as f64 * USD;
    let floor = question.least_share * total;
    let certain = |cause: Cause| (dollars_of(cause.excess).abs(), cause);
    let mut causes: Vec<(f64, Cause)> = desk.prices.causes(question, total).into_iter().map(certain).collect();
    let (mut others, mut columns) = (question.clone(), whole);
    if let Some((run, is_other)) = desk.lone_run(&columns, floor)? {
        columns = desk.columns(&desk.sides(std::slice::from_ref(&is_other))?);
        others.filter.0.push(is_other);
        causes.push(certain(run));
    }
    let desk = Desk { question: &others, ..desk };
    let leaves = Leaves::new(&columns);
    let judge = Judge::read(source, &others, &columns)?;
    for found in search::search(&judge, &leaves, floor)? {
        causes.push((found.weight, desk.cause(found, &columns, &leaves, &rates)?));
    }
    causes.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.sort_key().cmp(&b.1.sort_key())));
    let causes: Vec<Cause> = causes.into_iter().map(|(_, cause)| cause).collect();
    let (cost, baseline) = (now + desk.prices.period, before + desk.prices.baseline);
    let change = cost - baseline;
    let priced = |rollup: &Rollup| rollup.calls.iter().sum::<u64>() - rollup.unpriced.values().sum::<u64>();
    Ok(Why {
        verdict: verdict::verdict(change, baseline, &causes),
        cost,
        baseline,
        calls: sides.each_ref().map(priced),
        unpriced: sides.each_ref().map(|rollup| rollup.unpriced.values().sum()),
        rest: change - causes.iter().map(|cause| cause.change).sum(),
        effects: effects::exact(&all_effects, change),
        causes,
        history: judge.pairs(),
    })
}

/// What every step needs.
struct Desk<'a, S> {
    source: &'a S,
    question: &'a Question,
    prices: PriceChange,
}

impl<S: PricedCalls> Desk<'_, S> {
    /// Sums the period's and the baseline's calls that meet more conditions, by every dimension that counts.
    fn sides(&self, more: &[Condition]) -> Result<[Rollup; 2], S::Error> {
        let mut by = columns::axes(&self.question.searched);
        by.push(Axis::Trait(CallTrait::Tools));
        let mut filter = self.question.filter.clone();
        filter.0.extend(more.iter().cloned());
        let query = |span: Span| RollupQuery {
            by: by.clone(),
            window: span.window(),
            filter: filter.clone(),
            zone: self.question.zone,
            logged: Logged::Ignored,
        };
        let rollup = |span| self.prices.rollup(self.source, &query(span));
        Ok([rollup(self.question.period)?, rollup(self.question.baseline)?])
    }

    fn columns(&self, [period, baseline]: &[Rollup; 2]) -> Columns {
        let fee = |model: ModelName<'_>, tools: &str| {
            self.source.tool_fee(model, tools, self.prices.at) as f64 * USD_PER_ATTO
        };
        Columns::new(columns::axes(&self.question.searched), period, baseline, self.question.scale, &fee)
    }

    /// Returns what tokens of every model cost.
    fn rates(&self, columns: &Columns) -> RateTable {
        let axes = [columns.dim(Dim::Provider), columns.dim(Dim::Model)];
        let mut table = RateTable::new();
        for side in [&columns.period, &columns.baseline] {
            let [providers, models] = axes.map(|axis| &side.codes[axis]);
            for codes in providers.iter().copied().zip(models.iter().copied()) {
                table.entry(codes).or_default();
            }
        }
        table.retain(|(provider, model), rates| {
            let text = |axis: usize, code: u32| match code {
                0 => "",
                code => columns.values[axis][code as usize - 1].as_ref(),
            };
            let name = ModelName { provider: text(axes[0], *provider), model: text(axes[1], *model) };
            let known = self.source.rates(name, self.prices.at);
            *rates = known.unwrap_or_default().map(|rate| Some(rate? as f64 * USD_PER_ATTO));
            known.is_some()
        });
        table
    }

    /// Returns the run that alone made a difference, if one did, and what holds for all others.
    fn lone_run(&self, whole: &Columns, floor: f64) -> Result<Option<(Cause, Condition)>, S::Error> {
        if whole.dearest_cell() < floor {
            // No run can be dearer than all that is done of its kind for its customer.
            return Ok(None);
        }
        let Some(lone) = runs::lone(self.source, self.question, floor)? else { return Ok(None) };
        let axis = Axis::Dim(Dim::Run);
        let is_run = Condition::is(axis.clone(), Some(&lone.run));
        let own = self.columns(&self.sides(std::slice::from_ref(&is_run))?);
        let is_other = Condition { axis: axis.clone(), test: Test::NoneOf(vec![Some(lone.run.clone())]) };
        let change = Usd::from_pico(own.period.total() - own.baseline.total());
        let cause = Cause {
            slice: vec![(axis, lone.run.into())],
            lens: Lens::Run,
            change,
            excess: dollars(lone.excess),
            effects: effects::exact(&effects::of_everything(&own, &RateTable::new(), false), change),
            moves: Vec::new(),
        };
        Ok(Some((cause, is_other)))
    }

    /// Tells a slice that was found as a cause.
    fn cause(&self, found: Found, columns: &Columns, leaves: &Leaves, rates: &RateTable) -> Result<Cause, S::Error> {
        let mut slice: Vec<(Axis, Arc<str>)> = Vec::new();
        for (axis, code) in &found.slice {
            let value = (*code as usize).checked_sub(1).and_then(|at| columns.values[*axis].get(at));
            slice.extend(value.map(|value| (columns.axes[*axis].clone(), Arc::clone(value))));
        }
        let excess = dollars(found.excess);
        let Some((dim, value)) = found.narrowed else {
            let change = Usd::from_pico(leaves.change(columns, &found.slice));
            return Ok(Cause {
                lens: found.lens,
                change,
                excess,
                effects: effects::exact(&effects::of_slice(columns, leaves, rates, &found.slice), change),
                moves: moves::of_slice(columns, leaves, &found.slice),
                slice,
            });
        };
        slice.push((Axis::Dim(dim), value.into()));
        let conditions: Vec<Condition> =
            slice.iter().map(|(axis, value)| Condition::is(axis.clone(), Some(value))).collect();
        let own = self.columns(&self.sides(&conditions)?);
        let change = Usd::from_pico(own.period.total() - own.baseline.total());
        let effects = effects::exact(&effects::of_everything(&own, &self.rates(&own), false), change);
        Ok(Cause { slice, lens: found.lens, change, excess, effects, moves: Vec::new() })
    }
}

/// Returns an amount as a float, to rank by.
fn dollars_of(usd: Usd) -> f64 {
    usd.pico() as f64 * USD
}

/// Rounds dollars to a picodollar.
fn dollars(usd: f64) -> Usd {
    Usd::from_pico((usd / USD).round() as i128)
}
