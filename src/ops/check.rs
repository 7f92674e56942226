//! `attr check`: figures of the store held against the gates that a project agreed on.
//!
//! A kind of gate is a file that measures and tells; to add one, add it, a field of [`Gates`] and a line in [`run`].

mod age;
pub mod baseline;
mod budget;
mod document;
mod rise;
mod shares;
mod spikes;
mod told;

use std::path::PathBuf;

use crate::domain::Axis;
use crate::domain::Filter;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::window::Frame;
use crate::domain::window::Grain;
use crate::domain::window::WindowError;
use crate::ops::book::Book;
use crate::ops::check::baseline::Baseline;
use crate::ops::check::baseline::BaselineError;
use crate::ops::check::told::Status;
use crate::ops::check::told::Told;
use crate::ops::prices;
use crate::ops::slice::SliceError;
use crate::ops::slice::check_axes;
use crate::ops::spikes::Event;
use crate::ops::spikes::SpikesError;
use crate::report::Report;
use crate::store::StoreError;

/// What a project holds its spend to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gates {
    /// Most dollars a period.
    pub budgets: Vec<Budget>,
    /// Largest rises of what a unit costs.
    pub rises: Vec<RiseGate>,
    /// Largest shares of the spend without a value, by axis.
    pub untagged: Vec<(Axis, f64)>,
    /// Largest share of calls without a price.
    pub unpriced: Option<f64>,
    /// No jump that was not planned.
    pub spikes: Option<SpikeGate>,
    /// Most days since the price table was made.
    pub price_table_days: Option<u32>,
}

impl Gates {
    /// Tells whether there is nothing to check.
    pub fn is_empty(&self) -> bool {
        *self == Gates::default()
    }
}

/// Most dollars a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// What people call it.
    pub name: String,
    /// The most that may be spent.
    pub usd: Usd,
    /// In which time.
    pub period: Period,
    /// By which calls.
    pub filter: Filter,
    /// Each value along this axis has the budget to itself.
    pub by: Option<Axis>,
    /// What a forecast beyond it means.
    pub forecast: Forecast,
}

/// The time a budget is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Period {
    /// Every day, week or month.
    Every(Grain),
    /// Once, as `--period` or SINCE..UNTIL says it.
    Once(String),
}

/// What a forecast beyond a budget means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forecast {
    /// The gate fails.
    Fail,
    /// The gate warns.
    #[default]
    Warn,
    /// Nothing is forecast.
    Off,
}

/// The largest rise of what a unit costs, against a baseline file.
#[derive(Clone, Debug, PartialEq)]
pub struct RiseGate {
    /// What people call it; the baseline file knows it by this name.
    pub name: String,
    /// The unit.
    pub per: Unit,
    /// Each value along these axes is held against its own past.
    pub by: Vec<Axis>,
    /// Which calls.
    pub filter: Filter,
    /// The largest rise, as a share.
    pub most: f64,
    /// Groups that cost less than this altogether are left alone.
    pub least_usd: Usd,
}

/// What a rise is measured by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Calls, runs, users or whatever else an axis tells apart.
    Of(Axis),
    /// Days; one without a call of the group costs nothing.
    Day,
}

impl Unit {
    /// Returns the word.
    pub fn name(&self) -> String {
        match self {
            Unit::Of(Axis::Call) => "call".into(),
            Unit::Of(axis) => axis.to_string(),
            Unit::Day => "day".into(),
        }
    }
}

/// What counts as a jump.
#[derive(Clone, Debug, PartialEq)]
pub struct SpikeGate {
    /// The least excess, if somebody named one.
    pub least: Option<Usd>,
    /// The least cost, as times the usual.
    pub times: f64,
}

/// The question.
#[derive(Clone, Debug)]
pub struct CheckPlan {
    /// The gates.
    pub gates: Gates,
    /// The span that is measured; budgets of periods are judged for those it touches, else for the one that holds now.
    pub window: Option<Window>,
    /// Now, and the zone that cuts days.
    pub frame: Frame,
    /// What units cost when somebody last agreed.
    pub baseline: Option<(PathBuf, Baseline)>,
    /// What was planned to cost more.
    pub events: Vec<Event>,
}

/// The answer.
#[derive(Debug)]
pub struct Checked {
    /// What is told.
    pub report: Report,
    /// Whether any gate failed.
    pub failed: bool,
    /// What units cost now, to be agreed on.
    pub measured: Baseline,
}

/// Why gates cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckFailure {
    /// The store failed, or a gate names a dimension that nothing has.
    #[error("gate `{gate}`: {error}")]
    Gate {
        /// The gate.
        gate: String,
        /// What is wrong.
        error: SliceError,
    },
    /// A budget's period is no span of time.
    #[error("budget `{gate}`: {error}")]
    Period {
        /// The gate.
        gate: String,
        /// What is wrong.
        error: WindowError,
    },
    /// A budget's period has no start or no end.
    #[error("budget `{0}`: its period has no start or no end")]
    OpenPeriod(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Jumps cannot be looked for.
    #[error(transparent)]
    Spikes(#[from] SpikesError),
    /// The baseline file cannot be used.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
}

/// Holds the store against the gates.
pub fn run(book: &Book, plan: &CheckPlan) -> Result<Checked, CheckFailure> {
    let window = plan.window.unwrap_or_default();
    let mut report = Report::new("check");
    report.price_table = Some(book.priced_by.clone());
    report.window = Some((window, plan.frame.zone));
    let mut measured = Baseline::new(book, window, plan.frame);
    let mut told: Vec<Told> = Vec::new();
    for budget in &plan.gates.budgets {
        known(book, &budget.name, budget.by.iter(), &budget.filter)?;
        told.push(budget::tell(book, budget, plan)?);
    }
    for gate in &plan.gates.rises {
        let unit = match &gate.per {
            Unit::Of(axis) => Some(axis),
            Unit::Day => None,
        };
        known(book, &gate.name, gate.by.iter().chain(unit), &gate.filter)?;
        told.push(rise::tell(book, gate, plan, &mut measured)?);
    }
    for (axis, most) in &plan.gates.untagged {
        known(book, &format!("untagged {axis}"), [axis].into_iter(), &Filter::default())?;
        told.push(shares::untagged(book, axis, *most, plan)?);
    }
    if let Some(most) = plan.gates.unpriced {
        told.push(shares::unpriced(book, most, plan)?);
    }
    if let Some(gate) = &plan.gates.spikes {
        told.push(spikes::tell(book, gate, plan)?);
    }
    if let Some(days) = plan.gates.price_table_days {
        told.push(age::tell(book, days, plan.frame.now));
    }
    prices::warn_stale(&mut report, book)?;
    if let Some((path, baseline)) = &plan.baseline {
        baseline.warn(&mut report, path, book, &plan.gates);
    }
    document::put(&mut report, &told);
    Ok(Checked { failed: told.iter().any(|gate| gate.status == Status::Failed), report, measured })
}

/// Refuses a gate that names what nothing has.
fn known<'a>(
    book: &Book,
    gate: &str,
    axes: impl Iterator<Item = &'a Axis>,
    filter: &'a Filter,
) -> Result<(), CheckFailure> {
    check_axes(book, axes, filter).map_err(|error| CheckFailure::Gate { gate: gate.to_string(), error })
}
