//! `attr outcomes`: what runs cost beside what came of them, and which outcomes no call belongs to.

mod document;
mod table;

use std::collections::BTreeMap;
use std::collections::HashSet;

use crate::analyze::outcomes;
use crate::analyze::outcomes::Answer;
use crate::analyze::outcomes::Asked;
use crate::analyze::outcomes::Figures;
use crate::domain::Axis;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::outcome::Outcomes;
use crate::domain::outcome::Unit;
use crate::domain::rollup::Logged;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::ops::book::Book;
use crate::ops::duplicates;
use crate::ops::prices;
use crate::ops::slice;
use crate::ops::slice::Audience;
use crate::ops::slice::SliceError;
use crate::report::Report;
use crate::store::StoreError;

/// The question.
#[derive(Clone, Debug)]
pub struct OutcomesPlan {
    /// Who the answer is for.
    pub audience: Audience,
    /// The axes.
    pub by: Vec<Axis>,
    /// The span of time: of calls.
    pub window: Window,
    /// The zone that cuts days.
    pub zone: Zone,
    /// Which calls.
    pub filter: Filter,
    /// How many groups to show before the rest is summed.
    pub top: Option<usize>,
}

impl OutcomesPlan {
    /// Asks for one total of everything.
    fn everything() -> OutcomesPlan {
        OutcomesPlan {
            audience: Audience::Machines,
            by: Vec::new(),
            window: Window::default(),
            zone: Zone::UTC,
            filter: Filter::default(),
            top: None,
        }
    }

    /// Asks for the calls along some axes.
    fn query(&self, by: Vec<Axis>) -> RollupQuery {
        RollupQuery { by, window: self.window, filter: self.filter.clone(), zone: self.zone, logged: Logged::Ignored }
    }

    fn is_of_everything(&self) -> bool {
        self.window == Window::default() && self.filter.0.is_empty()
    }
}

/// Answers the question.
pub fn run(book: &Book, plan: &OutcomesPlan) -> Result<Report, SliceError> {
    slice::check_axes(book, plan.by.iter(), &plan.filter)?;
    let outcomes = book.store.outcomes()?;
    let answer = answer(book, plan, &outcomes)?;
    let mut report = Report::new("outcomes");
    report.price_table = Some(book.priced_by.clone());
    report.window = Some((plan.window, plan.zone));
    match plan.audience {
        Audience::Machines => document::put(&mut report, plan, &answer, &outcomes),
        Audience::People => report.blocks = table::blocks(plan, &answer, &outcomes),
    }
    warnings(&mut report, book, plan, &answer, &outcomes)?;
    Ok(report)
}

/// Asks the store once for the calls, by the axes of the question and those that outcomes have a say about.
fn answer(book: &Book, plan: &OutcomesPlan, outcomes: &Outcomes) -> Result<Answer, StoreError> {
    let mut axes = plan.by.clone();
    let mut place = |axis: Axis| {
        axes.iter().position(|known| *known == axis).unwrap_or_else(|| {
            axes.push(axis);
            axes.len() - 1
        })
    };
    let units = outcomes.units().into_iter().map(|unit| (unit, place(Axis::Dim(unit.dim())))).collect();
    let (mut told, mut conditions, mut filter) = (Vec::new(), Vec::new(), plan.filter.clone());
    for dim in [Dim::Task, Dim::Tenant].into_iter().filter(|dim| outcomes.told(*dim).is_some()) {
        let axis = Axis::Dim(dim);
        // What outcomes say of a dimension, its conditions must see: they are kept for later.
        let own: Vec<_> = filter.0.extract_if(.., |condition| condition.axis == axis).collect();
        if !own.is_empty() || plan.by.contains(&axis) {
            let at = place(axis);
            told.push((dim, at));
            conditions.extend(own.into_iter().map(|condition| (at, condition)));
        }
    }
    let rollup = book.rollup(&RollupQuery { filter, ..plan.query(axes) })?;
    let asked = Asked { rollup: &rollup, by: plan.by.len(), units, told, conditions, top: plan.top };
    Ok(outcomes::outcomes(&asked, outcomes))
}

fn warnings(
    report: &mut Report,
    book: &Book,
    plan: &OutcomesPlan,
    answer: &Answer,
    outcomes: &Outcomes,
) -> Result<(), StoreError> {
    if outcomes.is_empty() {
        let hint =
            "`attr import outcomes.csv` brings some in: a run, trace or session id a row, and `passed` or `revenue`";
        report.warn("no_outcomes", "no outcome is known: every cost is without one", Some(hint.into()));
    }
    if answer.total.calls == 0 {
        return slice::warn_empty(report, book, &plan.filter);
    }
    let (unpriced, calls) = (answer.total.unpriced_calls, answer.total.calls);
    if unpriced > 0 {
        let message = format!("{unpriced} of {calls} calls have no price and are in no cost here");
        report.warn("unpriced_calls", message, Some("`attr status` lists their models".into()));
    }
    if answer.claimed_twice > 0 {
        let message = format!(
            "{} calls belong to two outcomes, of a run, a trace or a session: the first of these has their cost",
            answer.claimed_twice
        );
        report.warn("overlapping_outcomes", message, None);
    }
    if plan.is_of_everything() {
        let without = answer.matched.iter().filter(|is_matched| !**is_matched).count();
        if without > 0 {
            let message = format!("{without} of {} outcomes have no call and are in no row", outcomes.len());
            report.warn("unmatched_outcomes", message, None);
        }
    }
    prices::warn_stale(report, book)?;
    duplicates::warn(report, book, plan.window)
}

/// Outcomes of one import that no call belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// How many.
    pub outcomes: u64,
    /// Where no outcome of the import has a call, the unit they are told of and another that has their ids.
    elsewhere: Option<(Unit, Unit)>,
}

impl Unmatched {
    /// Says what to do where the ids are those of another unit.
    pub fn hint(&self) -> Option<String> {
        let (told, found) = self.elsewhere.map(|(told, found)| (told.name(), found.name()))?;
        Some(format!(
            "the ids are those of {found}s, not of {told}s: take the import out and bring it in with --map {found}=COLUMN"
        ))
    }
}

/// Returns the outcomes that no call belongs to, by import.
pub fn unmatched(book: &Book) -> Result<BTreeMap<i64, Unmatched>, StoreError> {
    let outcomes = book.store.outcomes()?;
    let mut counts: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    let answer = answer(book, &OutcomesPlan::everything(), &outcomes)?;
    for (at, is_matched) in answer.matched.into_iter().enumerate() {
        let (all, without) = counts.entry(outcomes.import[at]).or_default();
        *all += 1;
        *without += u64::from(!is_matched);
    }
    let mut found = BTreeMap::new();
    for (import, (all, without)) in counts.into_iter().filter(|(_, (_, without))| *without > 0) {
        let elsewhere = if all == without { elsewhere(book, &outcomes, import)? } else { None };
        found.insert(import, Unmatched { outcomes: without, elsewhere });
    }
    Ok(found)
}

/// Looks for the ids of an import among those of the units it does not name.
fn elsewhere(book: &Book, outcomes: &Outcomes, import: i64) -> Result<Option<(Unit, Unit)>, StoreError> {
    let of_import = |at: &usize| outcomes.import[*at] == import;
    let Some(told) = (0..outcomes.len()).find(of_import).map(|at| outcomes.unit[at]) else { return Ok(None) };
    let ids: HashSet<&str> = (0..outcomes.len()).filter(of_import).map(|at| &*outcomes.id[at]).collect();
    for unit in Unit::ALL.into_iter().filter(|unit| *unit != told) {
        let rollup = book.rollup(&OutcomesPlan::everything().query(vec![Axis::Dim(unit.dim())]))?;
        if (0..rollup.len()).filter_map(|group| rollup.value(group, 0)).any(|value| ids.contains(&**value)) {
            return Ok(Some((told, unit)));
        }
    }
    Ok(None)
}

/// What the store knows of outcomes at a glance.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// How many there are.
    pub(super) count: u64,
    /// Of these, outcomes that no call belongs to.
    pub(super) unmatched: u64,
    /// The sums over all calls.
    pub(super) figures: Figures,
}

/// Returns what the store knows of outcomes; none where it has none.
pub(super) fn known(book: &Book) -> Result<Option<Known>, StoreError> {
    if !book.store.has_outcomes()? {
        return Ok(None);
    }
    let outcomes = book.store.outcomes()?;
    let answer = answer(book, &OutcomesPlan::everything(), &outcomes)?;
    let unmatched = answer.matched.iter().filter(|is_matched| !**is_matched).count() as u64;
    Ok(Some(Known { count: outcomes.len() as u64, unmatched, figures: answer.total }))
}
