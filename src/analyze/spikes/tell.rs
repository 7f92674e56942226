//! One incident shows in total, team, feature, tenant and model alike: which series says it best, and which only say it
//! again.
//!
//! What two series have to do with each other is measured: what the calls of both cost while the jump lasted, less what
//! they cost in the same hours of the week before, the cheaper of two weeks.

use hashbrown::HashMap;

use crate::analyze::spikes::Event;
use crate::analyze::spikes::Key;
use crate::analyze::spikes::Metric;
use crate::analyze::spikes::Spike;
use crate::analyze::spikes::query;
use crate::analyze::spikes::search::Found;
use crate::analyze::spikes::search::Span;
use crate::domain::Axis;
use crate::domain::Condition;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::domain::rollup::Rows;
use crate::domain::time::NANOS;

/// A series that may give an incident its name holds this part of the largest excess …
const NAME_EXCESS: f64 = 0.7;
/// … and has this part of it in common.
const NAME_SHARED: f64 = 0.5;
/// Or it has this part in common, and grew so many times as much as the rest.
const PART_SHARED: f64 = 0.25;
const PART_TIMES: f64 = 2.0;
/// This part of a usual day is added to what was expected, so that next to nothing does not look like all.
const NAME_DAY: f64 = 0.02;
/// What a version's and a model's claim to the name is worth beside that of the work that it does.
const VERSION_NAME: f64 = 0.96;
const MODEL_NAME: f64 = 0.85;
/// A run that holds this part of an incident is the incident.
const RUN_SHARED: f64 = 0.5;
/// A series with this part of its excess inside an incident only says it again.
const TOLD_SHARED: f64 = 0.4;
/// A planned event explains a jump of which it holds this part.
const EVENT_SHARED: f64 = 0.5;
const WEEK: i64 = 7 * 86_400 * NANOS;
/// Weeks before that are compared with.
const WEEKS: i64 = 2;

/// Makes incidents of what was found; a usual day costs so many dollars.
pub(super) fn tell<R: Rollups>(
    store: &R,
    span: &Span<'_>,
    mut found: Vec<Found>,
    day: f64,
) -> Result<Vec<Spike>, R::Error> {
    found.sort_by(|a, b| b.excess.total_cmp(&a.excess).then_with(|| a.order().cmp(&b.order())));
    let mut told = Vec::new();
    while !found.is_empty() {
        let largest = &found[0];
        let others: Vec<&Found> = found.iter().filter(|one| one.overlaps(largest)).collect();
        let shared = shared(store, span, largest, &others)?;
        let weight =
            |one: &Found| one.excess * (1.0 + one.excess / (one.expected + NAME_DAY * day)).ln() * one.preference();
        let pairs = || others.iter().copied().zip(shared.iter().copied()).filter(|(one, _)| one.metric != Metric::Run);
        let heaviest = |best: &'_ Found, one: &'_ Found| weight(one) > weight(best);
        let mut named = largest;
        for (one, shared) in pairs() {
            let may_name = one.excess >= NAME_EXCESS * largest.excess && shared >= NAME_SHARED * largest.excess;
            if may_name && heaviest(named, one) {
                named = one;
            }
        }
        if named.is(largest) {
            // Several incidents at once make a jump of what holds them all: the narrower ones are told.
            let parts = pairs().filter(|(one, shared)| one.stands_out(largest, *shared)).map(|(one, _)| one);
            named = parts.fold(named, |best, one| if best.is(largest) || heaviest(best, one) { one } else { best });
        }
        let holds = |(one, shared): &(&&Found, &f64)| {
            one.metric == Metric::Run && **shared >= RUN_SHARED * named.excess.min(largest.excess)
        };
        if let Some((run, _)) = others.iter().zip(&shared).find(holds) {
            named = run;
        }
        let named = named.clone();
        let others: Vec<&Found> = found.iter().filter(|one| one.overlaps(&named)).collect();
        let inside = self::shared(store, span, &named, &others)?;
        let mut inside = inside.into_iter();
        let mut also: Vec<Key> = Vec::new();
        found.retain_mut(|one| {
            if !one.overlaps(&named) {
                return true;
            }
            one.told += inside.next().unwrap_or(0.0).max(0.0);
            let is_told = one.is(&named) || one.told >= TOLD_SHARED * one.excess;
            if is_told && one.key != named.key && !also.contains(&one.key) {
                also.push(one.key.clone());
            }
            !is_told
        });
        let event = acknowledged(store, span, &named)?;
        told.push(named.spike(also, event));
    }
    Ok(told)
}

impl Found {
    fn overlaps(&self, other: &Found) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Tells whether a part of a jump grew far more than the rest of it; `shared` is what the two have in common.
    fn stands_out(&self, whole: &Found, shared: f64) -> bool {
        let rest = (whole.expected - self.expected).max(0.05 * whole.expected);
        let growth = (whole.excess - shared).max(0.0) / rest;
        !self.is(whole) && shared >= PART_SHARED * whole.excess && self.excess > PART_TIMES * growth * self.expected
    }

    /// How gladly a series gives its name: what the work is for rather than how it is done.
    fn preference(&self) -> f64 {
        match &self.key {
            Some((Axis::Dim(Dim::PromptVersion), _)) => VERSION_NAME,
            Some((Axis::Dim(Dim::Model), _)) => MODEL_NAME,
            _ => 1.0,
        }
    }

    fn is(&self, other: &Found) -> bool {
        self.key == other.key && self.metric == other.metric && self.start == other.start
    }

    /// What decides between episodes of equal excess: the narrower series first.
    fn order(&self) -> (bool, Option<(String, &str)>, Metric, Timestamp) {
        let key = self.key.as_ref().map(|(axis, value)| (axis.to_string(), value.as_ref()));
        (self.key.is_none(), key, self.metric, self.start)
    }

    fn spike(self, also: Vec<Key>, event: Option<String>) -> Spike {
        // An estimate has no digits below a millionth of a dollar; what is left is exact.
        let expected = Usd::from_pico((self.expected * 1e6).round() as i128 * 1_000_000);
        Spike {
            key: self.key,
            metric: self.metric,
            kind: self.kind,
            start: self.start,
            end: self.end,
            ongoing: self.ongoing,
            detected_at: self.detected,
            cost: self.cost,
            expected,
            score: self.score,
            also,
            event,
        }
    }
}

/// Returns how many dollars of the excess of each of some episodes come from the calls of one series.
fn shared<R: Rollups>(store: &R, span: &Span<'_>, one: &Found, others: &[&Found]) -> Result<Vec<f64>, R::Error> {
    let mut filter = span.question.filter.clone();
    filter.0.extend(condition(&one.key));
    excess_of(store, span, &filter, others)
}

/// Returns what the calls of a filter cost beyond the weeks before, within each of some episodes.
fn excess_of<R: Rollups>(store: &R, span: &Span<'_>, filter: &Filter, of: &[&Found]) -> Result<Vec<f64>, R::Error> {
    let now = cost_within(store, span, filter, of, 0)?;
    let mut before = vec![f64::INFINITY; of.len()];
    for week in 1..=WEEKS {
        let costs = cost_within(store, span, filter, of, week * WEEK)?;
        for (place, cost) in costs.into_iter().enumerate() {
            if of[place].start.0 - week * WEEK >= span.grid.start(0).0 {
                before[place] = before[place].min(cost);
            }
        }
    }
    let known = |before: f64| if before.is_finite() { before } else { 0.0 };
    Ok(now.into_iter().zip(before).map(|(now, before)| now - known(before)).collect())
}

/// Returns what the calls of a filter cost within each of some episodes, or so long before.
fn cost_within<R: Rollups>(
    store: &R,
    span: &Span<'_>,
    filter: &Filter,
    of: &[&Found],
    back: i64,
) -> Result<Vec<f64>, R::Error> {
    let mut sums = vec![0i128; of.len()];
    let (Some(start), Some(end)) = (of.iter().map(|one| one.start).min(), of.iter().map(|one| one.end).max()) else {
        return Ok(Vec::new());
    };
    let mut axes: Vec<Axis> = Vec::new();
    let places: Vec<Option<usize>> = of
        .iter()
        .map(|one| {
            let (axis, _) = one.key.as_ref()?;
            Some(axes.iter().position(|known| known == axis).unwrap_or_else(|| {
                axes.push(axis.clone());
                axes.len() - 1
            }))
        })
        .collect();
    let mut by_axis: Vec<Vec<usize>> = vec![Vec::new(); axes.len()];
    places.iter().enumerate().for_each(|(at, place)| {
        if let Some(place) = place {
            by_axis[*place].push(at);
        }
    });
    let whole: Vec<usize> = (0..of.len()).filter(|at| places[*at].is_none()).collect();
    let mut known: Vec<HashMap<u32, Vec<usize>>> = vec![HashMap::new(); axes.len()];
    let window = Window { since: Some(Timestamp(start.0 - back)), until: Some(Timestamp(end.0 - back)) };
    let query = RollupQuery { by: axes, filter: filter.clone(), ..query(span.question, window) };
    let mut add = |rows: &Rows<'_>| {
        for row in 0..rows.at.len() {
            let (at, cost) = (rows.at[row] + back, i128::from(rows.cost[row]));
            let mut count = |one: usize| {
                if of[one].start.0 <= at && at < of[one].end.0 {
                    sums[one] += cost;
                }
            };
            whole.iter().for_each(|one| count(*one));
            for (axis, known) in known.iter_mut().enumerate() {
                let code = rows.codes[axis][row];
                let members = known.entry(code).or_insert_with(|| {
                    let value = rows.values[axis].value(code);
                    let is = |one: &usize| of[*one].key.as_ref().map(|(_, text)| text.as_ref()) == value;
                    by_axis[axis].iter().copied().filter(|one| value.is_some() && is(one)).collect()
                });
                members.iter().for_each(|one| count(*one));
            }
        }
    };
    store.rows(&query, &mut add)?;
    Ok(sums.into_iter().map(|sum| sum as f64 / 1e12).collect())
}

fn condition(key: &Key) -> Option<Condition> {
    let (axis, value) = key.as_ref()?;
    Some(Condition::is(axis.clone(), Some(value)))
}

/// Returns the planned event that a jump belongs to.
fn acknowledged<R: Rollups>(store: &R, span: &Span<'_>, named: &Found) -> Result<Option<String>, R::Error> {
    for Event { name, window, filter } in &span.question.events {
        let mut common = named.clone();
        common.start = window.since.map_or(named.start, |since| since.max(named.start));
        common.end = window.until.map_or(named.end, |until| until.min(named.end));
        if common.start >= common.end {
            continue;
        }
        let mut both = span.question.filter.clone();
        both.0.extend(filter.0.iter().cloned());
        if excess_of(store, span, &both, &[&common])?[0] >= EVENT_SHARED * named.excess {
            return Ok(Some(name.clone()));
        }
    }
    Ok(None)
}
