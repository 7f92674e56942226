//! The gate on what may be spent in a period, with a forecast to its end.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use chrono::Datelike;
use chrono::Days;
use chrono::NaiveDate;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::analyze::check::budget::Basis;
use crate::analyze::check::budget::Calendar;
use crate::analyze::check::budget::DayLeft;
use crate::analyze::check::budget::HISTORY_DAYS;
use crate::domain::Axis;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::rollup::Key;
use crate::domain::rollup::Logged;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::domain::window::Grain;
use crate::ops::book::Book;
use crate::ops::check::Budget;
use crate::ops::check::CheckFailure;
use crate::ops::check::CheckPlan;
use crate::ops::check::Forecast;
use crate::ops::check::Period;
use crate::ops::check::told::Status;
use crate::ops::check::told::Told;
use crate::ops::check::told::group_name;
use crate::ops::check::told::group_object;
use crate::report::Cell;
use crate::store::StoreError;

/// Values beyond a budget that are listed for machines.
const MOST_LISTED: usize = 20;

/// What one value has spent of its budget in one period.
#[derive(Clone, Debug)]
struct Spending {
    period: (Timestamp, Timestamp),
    key: Key,
    spent: Usd,
    /// What it will have spent by the end of the period; none where nothing is forecast.
    forecast: Option<Usd>,
}

impl Spending {
    fn worst(&self) -> Usd {
        self.forecast.map_or(self.spent, |forecast| forecast.max(self.spent))
    }
}

pub(super) fn tell(book: &Book, budget: &Budget, plan: &CheckPlan) -> Result<Told, CheckFailure> {
    let mut all = Vec::new();
    let (mut unpriced, mut basis) = (0, None);
    for period in periods(book, budget, plan)? {
        let calendar = calendar(book, period, plan)?.filter(|_| budget.forecast != Forecast::Off);
        basis = basis.or(calendar.as_ref().and_then(Calendar::basis));
        let history = match &calendar {
            Some(calendar) if calendar.basis() == Some(Basis::Weekdays) => by_weekday(book, budget, plan)?,
            _ => BTreeMap::new(),
        };
        let spent = book.rollup(&query(budget, plan, Vec::new(), past(period, plan)))?;
        unpriced += spent.total().unpriced_calls();
        let mut costs: BTreeMap<Key, Usd> = spent.groups().map(|group| (group.key, group.measures.cost)).collect();
        // What was used in the weeks before will probably be used again in the rest of the period.
        for key in history.keys() {
            costs.entry(key.clone()).or_default();
        }
        if budget.by.is_none() && costs.is_empty() {
            costs.insert(Vec::new(), Usd::ZERO);
        }
        all.extend(costs.into_iter().map(|(key, spent)| {
            let usual = history.get(&key).copied().unwrap_or_default();
            let rest = calendar.as_ref().and_then(|calendar| calendar.rest(spent, &usual));
            Spending { period, key, spent, forecast: rest.map(|rest| spent + rest) }
        }));
    }
    // The worst first: beyond the budget before heading there, then by dollars; the order of keys decides ties.
    all.sort_by_key(|spending| Reverse((spending.spent > budget.usd, spending.worst())));
    Ok(told(budget, plan, &all, basis, unpriced))
}

fn told(budget: &Budget, plan: &CheckPlan, all: &[Spending], basis: Option<Basis>, unpriced: u64) -> Told {
    let gate = Told::skipped("budget", &budget.name, "no call in any of its periods");
    let Some(worst) = all.first() else { return gate };
    // A value may be over in several periods; people count values.
    let over: BTreeSet<&Key> = of(all, |spending| spending.spent > budget.usd);
    let heading = &of(all, |spending| spending.worst() > budget.usd) - &over;
    let (over, heading) = (over.len(), heading.len());
    let status = match (over, heading, budget.forecast) {
        (1.., _, _) | (0, 1.., Forecast::Fail) => Status::Failed,
        (0, 1.., _) => Status::Warned,
        _ => Status::Passed,
    };
    let mut fields = Map::from_iter([
        ("limit_usd".to_string(), json!(budget.usd)),
        ("since".to_string(), json!(worst.period.0)),
        ("until".to_string(), json!(worst.period.1)),
    ]);
    put(&mut fields, budget, worst);
    if budget.by.is_some() {
        let listed = all.iter().filter(|spending| spending.worst() > budget.usd).take(MOST_LISTED);
        fields.insert("over".into(), listed.map(|spending| object(budget, spending)).collect());
        fields.insert("over_count".into(), json!(over + heading));
    }
    let measured = if worst.spent > budget.usd { worst.spent } else { worst.worst() };
    let message = sentence(budget, plan, worst, (over, heading, of(all, |_| true).len()), basis, unpriced);
    Told { status, measured: Cell::Usd(measured), limit: Cell::Usd(budget.usd), message, fields, ..gate }
}

/// Returns the values that a test holds for in any period.
fn of(all: &[Spending], holds: impl Fn(&Spending) -> bool) -> BTreeSet<&Key> {
    all.iter().filter(|spending| holds(spending)).map(|spending| &spending.key).collect()
}

fn put(fields: &mut Map<String, Value>, budget: &Budget, spending: &Spending) {
    if budget.by.is_some() {
        fields.insert("key".into(), group_object(budget.by.iter(), &spending.key));
    }
    fields.insert("spent_usd".into(), json!(spending.spent));
    if let Some(forecast) = spending.forecast {
        fields.insert("forecast_usd".into(), json!(forecast));
    }
}

fn object(budget: &Budget, spending: &Spending) -> Value {
    let mut fields = Map::new();
    put(&mut fields, budget, spending);
    fields.insert("since".into(), json!(spending.period.0));
    fields.into()
}

fn sentence(
    budget: &Budget,
    plan: &CheckPlan,
    worst: &Spending,
    (over, heading, all): (usize, usize, usize),
    basis: Option<Basis>,
    unpriced: u64,
) -> String {
    let zone = plan.frame.zone;
    let day = |ts: Timestamp| zone.date_of(ts).to_string();
    let who = if budget.by.is_some() { format!("{}: ", group_name(&worst.key)) } else { String::new() };
    let mut text = format!("{who}{} spent since {}", worst.spent.rounded(), day(worst.period.0));
    if worst.spent > budget.usd {
        text += &format!(", {} too much", (worst.spent - budget.usd).rounded());
    }
    if let Some(forecast) = worst.forecast {
        let how = match basis {
            Some(Basis::Weekdays) => "by the weekdays of the last four weeks",
            _ => "at the pace so far",
        };
        text += &format!("; {} expected by {} {how}", forecast.rounded(), day(worst.period.1));
    }
    if let Some(axis) = &budget.by {
        match (over, heading) {
            (0, 0) => text += &format!(" (the most of {all} values of {axis})"),
            (over, 0) => text += &format!(" ({over} of {all} values of {axis} over)"),
            (over, heading) => text += &format!(" ({over} of {all} values of {axis} over, {heading} on the way)"),
        }
    }
    if unpriced > 0 {
        text += &format!("; {unpriced} calls without a price are not in it");
    }
    text
}

/// Returns the periods to judge: those that the window touches, else the one that holds now.
fn periods(book: &Book, budget: &Budget, plan: &CheckPlan) -> Result<Vec<(Timestamp, Timestamp)>, CheckFailure> {
    let frame = plan.frame;
    let grain = match &budget.period {
        Period::Once(text) => {
            let failed = |error| CheckFailure::Period { gate: budget.name.clone(), error };
            return match Window::range(text, frame).map_err(failed)? {
                Window { since: Some(since), until: Some(until) } => Ok(vec![(since, until)]),
                _ => Err(CheckFailure::OpenPeriod(budget.name.clone())),
            };
        }
        Period::Every(grain) => *grain,
    };
    let Some(window) = plan.window else { return Ok(vec![grain.bucket(frame.now, frame.zone)]) };
    let Some((first, last)) = book.store.span()? else { return Ok(Vec::new()) };
    let mut at = window.since.map_or(first, |since| since.max(first));
    let end = window.until.unwrap_or(frame.now).min(Timestamp(last.0 + 1));
    let mut periods = Vec::new();
    while at < end {
        let period = grain.bucket(at, frame.zone);
        periods.push(period);
        at = period.1;
    }
    Ok(periods)
}

/// Returns the part of a period that is over.
fn past(period: (Timestamp, Timestamp), plan: &CheckPlan) -> Window {
    Window { since: Some(period.0), until: Some(period.1.min(plan.frame.now.max(period.0))) }
}

/// Returns what a forecast needs of the calendar; `None` for a period that is over or has not begun.
fn calendar(
    book: &Book,
    (start, end): (Timestamp, Timestamp),
    plan: &CheckPlan,
) -> Result<Option<Calendar>, StoreError> {
    let (now, zone) = (plan.frame.now, plan.frame.zone);
    if now < start || now >= end {
        return Ok(None);
    }
    let mut calendar = Calendar { elapsed: now.0 - start.0, ..Calendar::default() };
    let mut at = now;
    while at < end {
        let (first, next) = Grain::Day.bucket(at, zone);
        let weekday = zone.day_holding(at).weekday().num_days_from_monday() as usize;
        calendar.left.push(DayLeft { weekday, left: next.min(end).0 - at.0, length: next.0 - first.0 });
        at = next;
    }
    let today = zone.day_holding(now);
    // The day of the first call may have begun before logging did.
    let logged_from = book.first_call_at()?.map(|first| zone.day_holding(first) + Days::new(1));
    let mut date = (today - Days::new(u64::from(HISTORY_DAYS))).max(logged_from.unwrap_or(today));
    while date < today {
        calendar.days[date.weekday().num_days_from_monday() as usize] += 1;
        date = date + Days::new(1);
    }
    Ok(Some(calendar))
}

/// Returns what the days before today cost, by value and weekday.
fn by_weekday(book: &Book, budget: &Budget, plan: &CheckPlan) -> Result<BTreeMap<Key, [Usd; 7]>, StoreError> {
    let zone = plan.frame.zone;
    let today = zone.day_holding(plan.frame.now);
    let first = zone.start_of_day(today - Days::new(u64::from(HISTORY_DAYS)));
    let logged_from = book.first_call_at()?.map(|first| zone.start_of_day(zone.day_holding(first) + Days::new(1)));
    let window = Window { since: Some(first.max(logged_from.unwrap_or(first))), until: Some(zone.start_of_day(today)) };
    let days = book.rollup(&query(budget, plan, vec![Axis::Time(Grain::Day)], window))?;
    let mut costs: BTreeMap<Key, [Usd; 7]> = BTreeMap::new();
    for group in 0..days.len() {
        let mut key = days.key(group);
        let day = key.remove(0).and_then(|day| NaiveDate::parse_from_str(&day, "%Y-%m-%d").ok());
        if let Some(day) = day {
            costs.entry(key).or_default()[day.weekday().num_days_from_monday() as usize] += days.cost[group];
        }
    }
    Ok(costs)
}

fn query(budget: &Budget, plan: &CheckPlan, mut by: Vec<Axis>, window: Window) -> RollupQuery {
    by.extend(budget.by.clone());
    RollupQuery { by, window, filter: budget.filter.clone(), zone: plan.frame.zone, logged: Logged::Ignored }
}
