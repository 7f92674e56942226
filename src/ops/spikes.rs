//! `attr spikes`: when which part of the calls cost far more than it usually does.

mod document;
mod table;

use crate::analyze::spikes;
use crate::analyze::spikes::Findings;
use crate::analyze::spikes::Question;
use crate::domain::Axis;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::rollup::Logged;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::domain::window::Grain;
use crate::ops::book::Book;
use crate::ops::duplicates;
use crate::ops::measures;
use crate::ops::prices;
use crate::ops::slice;
use crate::ops::slice::SliceError;
use crate::report::Report;
use crate::store::StoreError;

pub use crate::analyze::spikes::Event;
pub use crate::analyze::spikes::Spike;

/// Dimensions that have series of costs unless the user names others; the keys of the logs' own have too.
const SERIES: [Dim; 5] = [Dim::Environment, Dim::Team, Dim::Feature, Dim::Tenant, Dim::Agent];
/// Dimensions that have series of what calls cost each.
const UNITS: [Dim; 4] = [Dim::Feature, Dim::Tenant, Dim::PromptVersion, Dim::Model];

/// The question.
#[derive(Clone, Debug)]
pub struct SpikesPlan {
    /// The axes to look along; none looks along all that usually tell something.
    pub by: Vec<Axis>,
    /// The span that is judged.
    pub window: Window,
    /// The moment taken for now.
    pub now: Timestamp,
    /// The zone that cuts hours and days.
    pub zone: Zone,
    /// Which calls.
    pub filter: Filter,
    /// The conditions of the filter as the user wrote them.
    pub conditions: Vec<String>,
    /// Hours or days.
    pub grain: Grain,
    /// The least excess, if the user names one.
    pub least: Option<Usd>,
    /// The least cost, as times the usual.
    pub times: f64,
    /// What was planned.
    pub events: Vec<Event>,
}

/// The answer, and what it says to a script.
#[derive(Debug)]
pub struct Answer {
    /// The answer.
    pub report: Report,
    /// The jumps that no planned event explains, in the order of the report.
    pub spikes: Vec<Spike>,
}

/// Finds the jumps.
pub fn run(book: &Book, plan: &SpikesPlan) -> Result<Answer, SliceError> {
    slice::check_axes(book, plan.by.iter(), &plan.filter)?;
    for event in &plan.events {
        slice::check_axes(book, std::iter::empty(), &event.filter)?;
    }
    let findings = spikes::spikes(book, &question(book, plan)?)?;
    let mut report = Report::new("spikes");
    report.price_table = Some(book.priced_by.clone());
    report.window = Some((plan.window, plan.zone));
    let (acknowledged, told): (Vec<Spike>, Vec<Spike>) =
        findings.spikes.iter().cloned().partition(|spike| spike.event.is_some());
    document::document(&mut report, findings.judged_from, &told, &acknowledged);
    report.blocks = table::blocks(plan, &told, &acknowledged);
    warnings(&mut report, book, plan, &findings)?;
    Ok(Answer { report, spikes: told })
}

fn question(book: &Book, plan: &SpikesPlan) -> Result<Question, StoreError> {
    let run = Axis::Dim(Dim::Run);
    let (series, units, runs) = if plan.by.is_empty() {
        let own = book.store.keys()?.into_iter().map(Axis::Key);
        let series = SERIES.into_iter().map(Axis::Dim).chain(own).collect();
        (series, UNITS.into_iter().map(Axis::Dim).collect(), true)
    } else {
        // A run comes once: it has no usual cost of its own.
        let axes: Vec<Axis> = plan.by.iter().filter(|axis| **axis != run).cloned().collect();
        // Work moves between these with every release.
        let is_variant = |axis: &&Axis| matches!(axis, Axis::Dim(Dim::PromptVersion | Dim::Model));
        let series = axes.iter().filter(|axis| !is_variant(axis)).cloned().collect();
        (series, axes, plan.by.contains(&run))
    };
    Ok(Question {
        series,
        units,
        runs,
        window: plan.window,
        now: plan.now,
        zone: plan.zone,
        filter: plan.filter.clone(),
        grain: plan.grain,
        least: plan.least,
        times: plan.times,
        events: plan.events.clone(),
    })
}

fn warnings(report: &mut Report, book: &Book, plan: &SpikesPlan, findings: &Findings) -> Result<(), SliceError> {
    let total = book
        .rollup(&RollupQuery {
            by: Vec::new(),
            window: plan.window,
            filter: plan.filter.clone(),
            zone: plan.zone,
            logged: Logged::Ignored,
        })?
        .total();
    if total.calls == 0 {
        slice::warn_empty(report, book, &plan.filter)?;
        return Ok(());
    }
    short_history(report, plan, findings);
    if let Some(note) = measures::unpriced_note(&total) {
        report.warn("unpriced_calls", note, measures::unpriced_hint(&total));
    }
    prices::warn_stale(report, book)?;
    Ok(duplicates::warn(report, book, plan.window)?)
}

/// Says from when on there was history enough, where the user asked for more.
fn short_history(report: &mut Report, plan: &SpikesPlan, findings: &Findings) {
    let Some(from) = findings.judged_from else {
        if findings.has_calls {
            let message = "the calls before are too few to judge by: three days of them are needed";
            report.warn("short_history", message, Some("import older logs, or ask again in some days".into()));
        }
        return;
    };
    if plan.window.since.is_some_and(|since| since < from) {
        report.warn("short_history", format!("judged from {from} on: three days of calls before are needed"), None);
    }
}
