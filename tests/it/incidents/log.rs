//! A whole log of a seed: a company, its traffic, and none, one or two incidents planted in it.

use super::call::Call;
use super::call::Dim;
use super::call::Name;
use super::company::Company;
use super::company::DAY;
use super::company::HOUR;
use super::company::Job;
use super::company::Migration;
use super::company::Release;
use super::company::Size;
use super::dice::Dice;
use super::edit::Moved;
use super::models::MODELS;
use super::models::PriceChange;
use super::models::model;
use super::plant::BROAD;
use super::plant::DROP;
use super::plant::FAMILIES;
use super::plant::Family;
use super::plant::PRICE;
use super::plant::Plan;
use super::plant::Scene;
use super::traffic::traffic;

/// A planted incident, and what it did.
pub(crate) struct Incident {
    pub(crate) family: &'static Family,
    pub(crate) filter: Vec<(Dim, Name)>,
    pub(crate) span: (i64, i64),
    pub(crate) moved: Vec<Moved>,
}

/// What is asked about a log: half-open spans in seconds since 1970.
#[derive(Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) period: (i64, i64),
    pub(crate) baseline: (i64, i64),
    pub(crate) spikes: (i64, i64),
}

pub(crate) struct Log {
    pub(crate) seed: u64,
    pub(crate) kind: String,
    pub(crate) company: Company,
    /// The calls as they would have been.
    pub(crate) clean: Vec<Call>,
    pub(crate) calls: Vec<Call>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) ask: Ask,
    pub(crate) prices: Option<PriceChange>,
}

pub(crate) const GROWTH: &str = "control_growth";

/// Logs in which nothing happened.
pub(crate) const CONTROLS: [&str; 5] = ["control_none", GROWTH, "control_release", "control_migration", "control_job"];

/// A dollar and a half, in picodollars: nobody looks into less.
const SMALLEST: i64 = 1_500_000_000_000;

/// How many places are tried for a family before a log is given another.
const PLACES: usize = 12;

/// Makes the log of a seed.
pub(crate) fn log(seed: u64) -> Log {
    let mut dice = Dice::named(seed, "log");
    let size = match dice.unit() {
        luck if luck < 0.15 => Size { days: 14, calls: 3_000.0 },
        luck if luck < 0.28 => Size { days: 60, calls: 20_000.0 },
        _ => Size { days: 28, calls: 10_000.0 },
    };
    let mut company = Company::new(seed, size);
    if dice.chance(0.22) {
        let kind = *dice.pick(&CONTROLS);
        let days = if dice.chance(0.9) { 7 } else { 1 };
        let ask = ask(&company, &mut dice, days);
        quiet(&mut company, kind, &ask, &mut dice);
        let calls = traffic(&company);
        let clean = calls.clone();
        return Log { seed, kind: kind.to_owned(), company, clean, calls, incidents: Vec::new(), ask, prices: None };
    }
    let clean = traffic(&company);
    loop {
        let families = families(&mut dice);
        let kind = families.iter().map(|family| family.name).collect::<Vec<_>>().join("+");
        for _ in 0..PLACES {
            let by_day = families.iter().all(|family| family.short) && dice.chance(0.55);
            let days = if by_day { *dice.pick(&[1, 1, 3]) } else { 7 };
            let ask = ask(&company, &mut dice, days);
            let Some((calls, incidents, prices)) = plant(&company, &clean, &families, &ask, &mut dice) else {
                continue;
            };
            if stands_out(&calls, &incidents, &ask) && apart(&incidents, &ask) {
                return Log { seed, kind, company, clean, calls, incidents, ask, prices };
            }
        }
    }
}

/// One family, sometimes two that can be told apart.
fn families(dice: &mut Dice) -> Vec<&'static Family> {
    let first = dice.pick(FAMILIES);
    let second = dice.pick(FAMILIES);
    let alone = |family: &Family| [BROAD, DROP].contains(&family.name);
    if dice.chance(0.78) || first.name == second.name || alone(first) || alone(second) {
        return vec![first];
    }
    // New prices hold for whatever else happened.
    if first.name == PRICE { vec![second, first] } else { vec![first, second] }
}

/// Draws the questions: a period late in the log with as much before it.
fn ask(company: &Company, dice: &mut Dice, days: i64) -> Ask {
    let watched = 14.min(company.size.days - 7);
    let first = (company.size.days - watched).max(7);
    let day = dice.whole(first, company.size.days - days + 1);
    let start = company.start + day * DAY;
    let weekday = (start / DAY + 3) % 7;
    let back = if days == 1 && (1..5).contains(&weekday) && dice.chance(0.25) { DAY } else { 7 * DAY };
    let period = (start, start + days * DAY);
    let end = company.end();
    Ask { period, baseline: (period.0 - back, period.1 - back), spikes: (end - watched * DAY, end) }
}

/// Lets something harmless happen in the period.
fn quiet(company: &mut Company, kind: &str, ask: &Ask, dice: &mut Dice) {
    let at = ask.period.0 + dice.whole(0, 20) * HOUR;
    match kind {
        GROWTH => company.drift = dice.between(0.018, 0.035),
        "control_release" => {
            let feature = &mut company.features[*dice.pick(&[1, 2, 4, 6])];
            feature.releases.retain(|release| release.at < at);
            let last = feature.releases[feature.releases.len() - 1].version;
            let prompt = dice.between(0.95, 1.05);
            let release = Release { at, ramp: dice.whole(0, 24) * HOUR, version: last + 1, prompt };
            feature.releases.push(release);
        }
        "control_migration" => {
            migrate_at(company, at, dice);
        }
        "control_job" => {
            let day = (ask.period.0 - company.start) / DAY;
            company.jobs.push(Job {
                weekday: dice.whole(5, 7),
                hour: dice.whole(0, 20),
                feature: *dice.pick(&[4, 5]),
                tenant: dice.whole(0, 8) as usize,
                calls: company.size.calls / company.size.days as f64 * dice.between(0.02, 0.05),
                grows: (day, dice.between(1.2, 1.6)),
            });
        }
        _ => {}
    }
}

/// Every feature on a model with a successor moves to it at one time.
fn migrate_at(company: &mut Company, at: i64, dice: &mut Dice) {
    let ramp = dice.whole(0, 12) * HOUR;
    let used = company.features.iter().flat_map(|feature| feature.models.iter().map(|(model, _)| *model));
    let mut moves: Vec<Migration> = Vec::new();
    for from in used {
        let Some(to) = MODELS[from].successor.map(model) else { continue };
        if at >= MODELS[to].from_day * DAY && moves.iter().all(|known| known.from != from) {
            moves.push(Migration { at, ramp, from, to });
        }
    }
    company.migrations = moves;
}

/// Tells whether incidents are a fair part of the change they are looked for in, and pull the same way: chance may move
/// a week by more than a small incident does, and then something else, or nothing local, is the answer.
fn stands_out(calls: &[Call], incidents: &[Incident], ask: &Ask) -> bool {
    let cost = |span| calls.iter().filter(|call| within(call, span)).map(|call| call.cost).sum::<i64>();
    let excess: i64 = incidents.iter().map(|incident| excess(incident, ask, &[])).sum();
    let before = cost(ask.baseline);
    let change = cost(ask.period) - before;
    let little = before / 20;
    let same_way = change.abs() < little || change.signum() == excess.signum();
    same_way && excess.abs() as f64 >= 0.33 * change.abs().max(little) as f64
}

/// Tells whether no incident lies to a good part inside another: one name cannot stand for both.
fn apart(incidents: &[Incident], ask: &Ask) -> bool {
    incidents.iter().enumerate().all(|(place, incident)| {
        let others = incidents.iter().enumerate().filter(|(other, _)| *other != place);
        let all = excess(incident, ask, &[]) as f64;
        others.into_iter().all(|(_, other)| (excess(incident, ask, &other.filter) as f64 / all) < 0.2)
    })
}

/// What an incident adds to the period inside a filter.
fn excess(incident: &Incident, ask: &Ask, filter: &[(Dim, Name)]) -> i64 {
    let moved = incident.moved.iter().filter(|moved| within(&moved.call, ask.period) && moved.call.is(filter));
    moved.map(|moved| moved.excess).sum()
}

fn within(call: &Call, (from, to): (i64, i64)) -> bool {
    from <= call.at && call.at < to
}

type Planted = (Vec<Call>, Vec<Incident>, Option<PriceChange>);

/// Plants these families one after the other; nothing if one finds no place in this log.
fn plant(
    company: &Company,
    clean: &[Call],
    families: &[&'static Family],
    ask: &Ask,
    dice: &mut Dice,
) -> Option<Planted> {
    let (mut calls, mut incidents, mut prices) = (clean.to_vec(), Vec::new(), None);
    let (from, to) = ask.period;
    let normal: i64 = clean.iter().filter(|call| within(call, ask.period)).map(|call| call.cost).sum();
    for (index, family) in families.iter().enumerate() {
        let least: f64 = match (to - from) / DAY {
            7.. => 0.06,
            2..7 => 0.12,
            _ => 0.2,
        };
        let least = if family.name == BROAD { least.max(0.35) } else { least };
        let wanted = dice.log_between(least, if families.len() == 1 { 1.5 } else { 0.9 });
        let scene = Scene {
            company,
            calls: &calls,
            period: ask.period,
            target: (wanted * normal as f64) as i64,
            prefix: ["run-a", "run-b"][index],
            stream: format!("new calls {index}"),
        };
        let least = ((least * normal as f64) as i64).max(SMALLEST);
        let plan = closest(&scene, family, least, dice)?;
        let moved = plan.edit.moved(&calls);
        prices = plan.edit.prices.clone().or(prices);
        incidents.push(Incident { family, filter: plan.filter, span: plan.span, moved });
        calls = plan.edit.applied(calls);
    }
    Some((calls, incidents, prices))
}

/// Of several draws the first near the wanted size, else the nearest that is large enough.
fn closest(scene: &Scene, family: &Family, least: i64, dice: &mut Dice) -> Option<Plan> {
    let mut best: Option<(f64, Plan)> = None;
    for _ in 0..40 {
        let Some(plan) = (family.plan)(scene, dice) else { continue };
        let excess = plan.edit.excess(scene.calls, scene.period).abs();
        let miss = (excess.max(1) as f64 / scene.target as f64).ln().abs();
        if excess < least || excess > 8 * scene.target {
            continue;
        }
        if miss < 0.4 {
            return Some(plan);
        }
        if best.as_ref().is_none_or(|(known, _)| miss < *known) {
            best = Some((miss, plan));
        }
    }
    best.map(|(_, plan)| plan)
}
