//! `attr loops`: runs that repeat themselves and storms of retries, with what they cost beyond the usual.

mod document;
mod table;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::analyze::loops;
use crate::analyze::loops::Finding;
use crate::analyze::loops::TOLD;
use crate::analyze::loops::UNITS;
use crate::analyze::loops::failing;
use crate::analyze::loops::repeats;
use crate::analyze::loops::retries;
use crate::analyze::loops::usual;
use crate::domain::Axis;
use crate::domain::Condition;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::money::PICO_PER_USD;
use crate::domain::rollup::Key;
use crate::domain::rollup::Logged;
use crate::domain::rollup::Measures;
use crate::domain::rollup::Rollup;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::domain::step::Step;
use crate::domain::time::NANOS;
use crate::domain::window::Grain;
use crate::ops::book::Book;
use crate::ops::duplicates;
use crate::ops::measures;
use crate::ops::prices;
use crate::ops::slice::SliceError;
use crate::ops::slice::check_axes;
use crate::ops::slice::warn_empty;
use crate::report::Report;

/// How the answer is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The JSON document.
    Document,
    /// A table and the commands that show more.
    Table,
    /// A table of every column.
    Wide,
}

/// The question.
#[derive(Clone, Debug)]
pub struct LoopsPlan {
    /// The span of time.
    pub window: Window,
    /// The zone that cuts days.
    pub zone: Zone,
    /// Which calls.
    pub filter: Filter,
    /// What a loop has to cost beyond the usual to be told; by default it depends on what a day costs.
    pub floor: Option<Usd>,
    /// How many to show before the rest is summed.
    pub top: Option<usize>,
    /// How to lay it out.
    pub shape: Shape,
}

/// So long before a window, calls tell what is usual in it.
const HISTORY: i64 = 28 * 24 * HOUR;
/// Nanoseconds of an hour.
const HOUR: i64 = 3_600 * NANOS;

/// Calls of which something cannot be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Unjudged {
    count: u64,
    cost: Usd,
}

/// The answer.
struct Answer {
    floor: Usd,
    findings: Vec<Finding>,
    /// Long runs with too few others to know whether that is usual.
    unknown: Unjudged,
    /// Calls that belong to no run, trace or session.
    loose: Unjudged,
    /// Calls of hours in which too many failed to look at them all.
    left_out: u64,
    total: Measures,
}

/// Answers the question.
pub fn run(book: &Book, plan: &LoopsPlan) -> Result<Report, SliceError> {
    check_axes(book, std::iter::empty(), &plan.filter)?;
    let answer = found(book, plan)?;
    let mut report = Report::new("loops");
    report.price_table = Some(book.priced_by.clone());
    report.window = Some((plan.window, plan.zone));
    match plan.shape {
        Shape::Document => document::fill(&mut report, plan, &answer),
        Shape::Table => report.blocks = table::blocks(plan, &answer),
        Shape::Wide => report.blocks = vec![table::wide(plan, &answer)],
    }
    if answer.total.calls == 0 {
        warn_empty(&mut report, book, &plan.filter)?;
        return Ok(report);
    }
    warn(&mut report, &answer);
    prices::warn_stale(&mut report, book)?;
    duplicates::warn(&mut report, book, plan.window)?;
    Ok(report)
}

/// Says what of the calls cannot be told.
fn warn(report: &mut Report, answer: &Answer) {
    if let Some(note) = measures::unpriced_note(&answer.total) {
        report.warn("unpriced_calls", note, measures::unpriced_hint(&answer.total));
    }
    if answer.unknown.count > 0 {
        let message = format!(
            "{} long runs cannot be judged: their feature and agent have fewer than {} others to tell what is usual, or \
             they have more than {} calls",
            answer.unknown.count,
            usual::FEWEST_OTHERS,
            usual::MOST_CALLS
        );
        report.warn("too_few_runs", message, Some("a longer window has more of them".into()));
    }
    if answer.left_out > 0 {
        let message = format!(
            "calls failed in so many hours that {} of the calls in them were not looked at for retries, those of the \
             hours with the fewest failures",
            answer.left_out
        );
        report.warn("retries_left_out", message, Some("ask for a shorter window".into()));
    }
    if answer.loose.count == answer.total.calls {
        let message = "no call has a run, trace or session: loops within runs cannot be seen, retries can".to_string();
        report.warn("no_runs", message, Some("`--map run_id=COLUMN` of an import says where a log has it".into()));
    }
}

fn found(book: &Book, plan: &LoopsPlan) -> Result<Answer, SliceError> {
    let asked = |by: Vec<Axis>, filter: Filter, zone: Zone| RollupQuery {
        by,
        window: plan.window,
        filter,
        zone,
        logged: Logged::Ignored,
    };
    let days = book.rollup(&asked(vec![Axis::Time(Grain::Day)], plan.filter.clone(), plan.zone))?;
    let floor = plan.floor.unwrap_or_else(|| usual_floor(&days));
    let mut answer = Answer {
        floor,
        findings: Vec::new(),
        unknown: Unjudged::default(),
        loose: Unjudged::default(),
        left_out: 0,
        total: days.total(),
    };
    let (mut rest, mut loose) = (plan.filter.clone(), plan.filter.clone());
    for dim in UNITS {
        let axes = [dim, Dim::Feature, Dim::Agent].map(Axis::Dim).to_vec();
        let untagged = Condition::is(Axis::Dim(dim), None);
        if find_in(book, &asked(axes, rest.clone(), plan.zone), dim, &mut answer)? {
            rest.0.push(untagged.clone());
        }
        loose.0.push(untagged);
    }
    let loose = book.rollup(&asked(Vec::new(), loose, plan.zone))?.total();
    answer.loose = Unjudged { count: loose.calls, cost: loose.cost };
    let hourly = [Axis::Dim(Dim::Feature), Axis::Time(Grain::Hour)].to_vec();
    let storms = storms(book, &asked(hourly, plan.filter.clone(), Zone::UTC), &mut answer)?;
    answer.findings.extend(storms);
    answer.findings = loops::ranked(answer.findings);
    Ok(answer)
}

/// A loop is worth a look from a dollar on, and from a hundredth of what a day costs in the middle.
fn usual_floor(days: &Rollup) -> Usd {
    let mut costs: Vec<i128> = days.cost.iter().map(|cost| cost.pico()).collect();
    costs.sort_unstable();
    let middle = costs.get(costs.len() / 2).copied().unwrap_or(0);
    Usd::from_pico((middle / 100).max(PICO_PER_USD))
}

/// Adds to the leading axes of a query those that loops are told by.
fn told(query: &RollupQuery) -> RollupQuery {
    let mut query = query.clone();
    query.by.extend(TOLD.map(Axis::Dim));
    query
}

/// Finds loops among the runs of a query, which is by run, feature and agent. Returns whether runs hold calls together: an
/// id that nearly every call has for itself does not.
fn find_in(book: &Book, query: &RollupQuery, unit: Dim, answer: &mut Answer) -> Result<bool, SliceError> {
    let runs = book.rollup(query)?;
    let tagged = || (0..runs.len()).filter(|group| runs.value(*group, 0).is_some());
    let calls: u64 = tagged().map(|group| runs.calls[group]).sum();
    let holds = calls * 10 >= tagged().count() as u64 * 11;
    let before = match query.window.since {
        None => Rollup::default(),
        Some(since) => {
            let window = Window { since: Some(earlier(since)), until: Some(since) };
            book.rollup(&RollupQuery { window, ..query.clone() })?
        }
    };
    let judged = usual::judge(&runs, &before, answer.floor);
    for group in &judged.unknown {
        answer.unknown.count += 1;
        answer.unknown.cost += runs.cost[*group];
    }
    let usual: HashMap<Key, Usd> =
        judged.suspects.iter().map(|suspect| (runs.key(suspect.group), suspect.usual)).collect();
    if usual.is_empty() {
        return Ok(holds);
    }
    let mut parts: BTreeMap<Key, Vec<Step>> = BTreeMap::new();
    let mut steps = book.steps(&told(query), &usual.keys().cloned().collect())?;
    leave_out_told(&mut steps, answer);
    for step in steps {
        parts.entry(step.key[..query.by.len()].to_vec()).or_default().push(step);
    }
    for (key, steps) in parts {
        if let (Some(Some(id)), Some(usual)) = (key.first(), usual.get(&key)) {
            answer.findings.extend(repeats::find((unit, Arc::clone(id)), steps, *usual));
        }
    }
    Ok(holds)
}

/// Leaves out the calls of what is told already.
fn leave_out_told(steps: &mut Vec<Step>, answer: &Answer) {
    let told: HashSet<(Dim, Arc<str>)> = answer.findings.iter().filter_map(|finding| finding.unit.clone()).collect();
    steps.retain(|step| !loops::units_of(step).any(|(dim, id)| told.contains(&(dim, Arc::clone(id)))));
}

fn earlier(since: Timestamp) -> Timestamp {
    Timestamp(since.0.saturating_sub(HISTORY))
}

/// Finds storms of retries; what is told as the loop of a run is none of them. The query is by feature and hour.
fn storms(book: &Book, query: &RollupQuery, answer: &mut Answer) -> Result<Vec<Finding>, SliceError> {
    let since = query.window.since;
    let window = Window { since: since.map(earlier), ..query.window };
    let by_hour = book.rollup(&RollupQuery { window, ..query.clone() })?;
    if by_hour.errors.iter().all(|errors| *errors == 0) {
        return Ok(Vec::new());
    }
    // An hour of UTC is written without seconds.
    let start = |label: &Arc<str>| Timestamp::parse(label.trim_end_matches('Z')).map_or(0, |start| start.ts.0);
    let starts: Vec<i64> = by_hour.values[1].iter().map(|label| start(label).div_euclid(HOUR)).collect();
    let hour = |code: &u32| (*code as usize).checked_sub(1).and_then(|at| starts.get(at)).copied().unwrap_or(0);
    let hours: Vec<i64> = by_hour.codes[1].iter().map(hour).collect();
    let from = since.map_or(i64::MIN, |since| since.0.div_euclid(HOUR));
    let (keys, left_out) = failing::hours(&by_hour, &hours, from);
    answer.left_out = left_out;
    let mut steps = book.steps(&told(query), &keys.into_iter().collect())?;
    leave_out_told(&mut steps, answer);
    Ok(retries::storms(steps, answer.floor))
}
