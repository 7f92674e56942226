//! `attr spikes`: when which part of the calls cost far more than it usually does.

mod document;
mod explained;
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
use crate::domain::time::NANOS;
use crate::domain::window::Grain;
use crate::ops::book::Book;
use crate::ops::duplicates;
use crate::ops::measures;
use crate::ops::prices;
use crate::ops::series;
use crate::ops::series::Series;
use crate::ops::slice;
use crate::ops::slice::SliceError;
use crate::ops::why::Versus;
use crate::ops::why::WhyError;
use crate::report::Block;
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
    /// Hours or days.
    pub grain: Grain,
    /// The least excess, if the user names one.
    pub least: Option<Usd>,
    /// The least cost, as times the usual.
    pub times: f64,
    /// What was planned.
    pub events: Vec<Event>,
    /// Whether people read the answer, who get a chart of the largest jump.
    pub drawn: bool,
    /// Whether to tell of each jump why, as `why` does.
    pub explain: bool,
}

/// The least cost of a jump, as times the usual, where nobody says.
pub const LEAST_TIMES: f64 = 1.3;

/// The answer, and what it says to a script.
#[derive(Debug)]
pub struct Answer {
    /// The answer.
    pub report: Report,
    /// The jumps that no planned event explains, in the order of the report.
    pub spikes: Vec<Spike>,
    /// Whether there was history enough to judge anything.
    pub is_judged: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SpikesError {
    /// The store failed, or the question names what it does not know.
    #[error(transparent)]
    Slice(#[from] SliceError),
    /// A jump cannot be explained.
    #[error(transparent)]
    Why(#[from] WhyError),
}

impl From<StoreError> for SpikesError {
    fn from(error: StoreError) -> SpikesError {
        SliceError::Store(error).into()
    }
}

/// Finds the jumps.
///
/// # Errors
/// [`SpikesError`] where the question cannot be asked, or the store cannot answer.
pub fn run(book: &Book, plan: &SpikesPlan) -> Result<Answer, SpikesError> {
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
    let first = book.first_call_at()?;
    let reasons = match plan.explain {
        true => told.iter().map(|spike| explained::why(book, plan, spike, first)).collect::<Result<_, _>>()?,
        false => Vec::new(),
    };
    document::document(&mut report, findings.judged_from, &told, &acknowledged, &reasons);
    report.blocks = table::blocks(plan, &told, &acknowledged, first);
    if let Some(largest) = told.first().filter(|_| plan.drawn) {
        let chart = series::chart(book, &drawn(plan, largest, book.last_call_at()?))?;
        report.blocks.splice(1..1, chart.map(Block::Chart));
    }
    for (spike, reason) in told.iter().zip(reasons) {
        report.blocks.extend(explained::blocks(spike, reason));
    }
    warnings(&mut report, book, plan, &findings)?;
    Ok(Answer { report, spikes: told, is_judged: findings.judged_from.is_some() })
}

/// What a jump is compared with to tell why: the same weekdays and hours, if the log reaches back so far.
fn versus(spike: &Spike, first: Option<Timestamp>) -> Versus {
    const WEEK: i64 = 7 * 24 * 3_600 * NANOS;
    let weeks = (spike.end.0 - spike.start.0 + WEEK - 1).div_euclid(WEEK).max(1);
    match first {
        Some(first) if first.0 <= spike.start.0 - weeks * WEEK => Versus::Weekdays,
        _ => Versus::Previous,
    }
}

/// Tells a jump in a few words: what, since when, how much too much.
pub(super) fn sentence(spike: &Spike, zone: Zone) -> String {
    let (what, since) = (table::series(&spike.key), table::moment(spike.start, zone));
    format!("{what} from {since}: {} more than usual", spike.excess().rounded())
}

/// The series of a jump with what came before and after it.
fn drawn(plan: &SpikesPlan, spike: &Spike, last: Option<Timestamp>) -> Series {
    const HOUR: i64 = 3_600 * NANOS;
    let is_short = spike.end.0 - spike.start.0 <= 24 * HOUR;
    let (before, after) = if is_short { (36 * HOUR, 12 * HOUR) } else { (14 * 24 * HOUR, 2 * 24 * HOUR) };
    let end = last.map_or(plan.now, |last| Timestamp(last.0 + 1).min(plan.now)).max(spike.end);
    Series {
        name: table::series(&spike.key),
        filter: series::within(&plan.filter, spike.key.as_ref().map(|(axis, value)| (axis, value))),
        since: Timestamp(spike.start.0 - before),
        until: Timestamp(spike.end.0 + after).min(end),
        marked: Window { since: Some(spike.start), until: Some(spike.end) },
        zone: plan.zone,
    }
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
