//! An invented company: its features, tenants, releases and migrations. What it does is in `traffic`.

use super::call::Name;
use super::dice::Dice;
use super::kinds::KINDS;
use super::kinds::Kind;
use super::models::MODELS;
use super::models::model;

/// 1 January 2026, in days since 1970.
const FIRST_DAY: i64 = 20454;
pub(crate) const DAY: i64 = 86_400;
pub(crate) const HOUR: i64 = 3_600;

/// How long a log is, and how much is in it.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) days: i64,
    pub(crate) calls: f64,
}

/// A new prompt version of a feature.
pub(crate) struct Release {
    pub(crate) at: i64,
    /// How many seconds the old and the new version run side by side.
    pub(crate) ramp: i64,
    pub(crate) version: i64,
    /// How much longer its prompts are: a harmless release keeps this near 1.
    pub(crate) prompt: f64,
}

/// A feature of one company.
pub(crate) struct Feature {
    pub(crate) kind: &'static Kind,
    pub(crate) share: f64,
    /// Index into the models, and how often.
    pub(crate) models: Vec<(usize, f64)>,
    /// By time; the first is in force from the start.
    pub(crate) releases: Vec<Release>,
}

/// A model that replaces another of the same price.
pub(crate) struct Migration {
    pub(crate) at: i64,
    pub(crate) ramp: i64,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

pub(crate) struct Tenant {
    pub(crate) name: Name,
    /// Share of each feature's calls.
    pub(crate) shares: [f64; 7],
    /// How long its prompts are, by feature.
    pub(crate) prompt: [f64; 7],
    /// How much its days differ.
    pub(crate) noise: f64,
    pub(crate) users: Vec<Name>,
    /// The first day, in days from the start of the log.
    pub(crate) arrives: i64,
    pub(crate) free: bool,
}

/// A job that runs once a week for one tenant.
pub(crate) struct Job {
    pub(crate) weekday: i64,
    pub(crate) hour: i64,
    pub(crate) feature: usize,
    pub(crate) tenant: usize,
    pub(crate) calls: f64,
    /// The day (from the start of the log) from which on it is larger, and how much.
    pub(crate) grows: (i64, f64),
}

pub(crate) struct Company {
    pub(crate) seed: u64,
    pub(crate) size: Size,
    /// Midnight of the first day, in seconds since 1970.
    pub(crate) start: i64,
    pub(crate) features: Vec<Feature>,
    pub(crate) migrations: Vec<Migration>,
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) jobs: Vec<Job>,
    /// Growth a day.
    pub(crate) drift: f64,
    /// How quiet a weekend is, Saturday and Sunday.
    pub(crate) weekend: f64,
}

const NAMES: [&str; 15] = [
    "northwind",
    "contoso",
    "tailspin",
    "adventure",
    "fabrikam",
    "lucerne",
    "litware",
    "trey-res",
    "wingtip",
    "coho-winery",
    "blue-yonder",
    "proseware",
    "woodgrove",
    "graphic-inst",
    "alpine-ski",
];

/// The tenant that works in staging and dev only.
pub(crate) const INTERNAL: &str = "internal";

impl Company {
    pub(crate) fn end(&self) -> i64 {
        self.start + self.size.days * DAY
    }

    /// Draws a company; releases and migrations come and go in it, and none of them costs anything to speak of.
    pub(crate) fn new(seed: u64, size: Size) -> Company {
        let mut dice = Dice::named(seed, "company");
        let start = (FIRST_DAY + dice.whole(0, 273 - size.days)) * DAY;
        let end = start + size.days * DAY;
        let mut company = Company {
            seed,
            size,
            start,
            features: KINDS.iter().map(|kind| feature(kind, &mut dice, start, end)).collect(),
            migrations: Vec::new(),
            tenants: tenants(&mut dice, size.days),
            jobs: Vec::new(),
            drift: dice.between(-0.004, 0.010),
            weekend: dice.between(0.3, 0.9),
        };
        company.migrations = migrations(&company, &mut dice);
        company.jobs = jobs(&company, &mut dice);
        company
    }
}

fn feature(kind: &'static Kind, dice: &mut Dice, start: i64, end: i64) -> Feature {
    let names = dice.pick(kind.models);
    let second = if names[1].is_empty() { 0.0 } else { dice.between(0.25, 0.6) };
    let mut models: Vec<_> = vec![(modern(names[0], start, dice), 1.0 - second)];
    if second > 0.0 {
        models.push((modern(names[1], start, dice), second));
    }
    let first = dice.whole(2, 12);
    let mut releases = vec![Release { at: 0, ramp: 0, version: first, prompt: 1.0 }];
    let mut at = start;
    for version in first + 1..first + 1 + [0, 1, 1, 2][dice.whole(0, 4) as usize] {
        at += ((end - at) as f64 * dice.between(0.1, 0.9)) as i64;
        releases.push(Release { at, ramp: dice.whole(0, 24) * HOUR, version, prompt: dice.between(0.97, 1.04) });
    }
    Feature { kind, share: kind.share * dice.spread(0.25), models, releases }
}

/// The model, or its successor where that is already there and was taken up before the log began.
fn modern(name: &str, start: i64, dice: &mut Dice) -> usize {
    let old = model(name);
    match MODELS[old].successor.map(model) {
        Some(new) if MODELS[new].from_day * DAY <= start && dice.chance(0.5) => new,
        _ => old,
    }
}

fn migrations(company: &Company, dice: &mut Dice) -> Vec<Migration> {
    let mut moves: Vec<Migration> = Vec::new();
    for from in company.features.iter().flat_map(|feature| feature.models.iter().map(|(model, _)| *model)) {
        let Some(to) = MODELS[from].successor.map(model) else { continue };
        let at = company.start + dice.whole(1, company.size.days - 1) * DAY + dice.whole(6, 20) * HOUR;
        let wanted = dice.chance(0.5) && moves.iter().all(|known| known.from != from);
        if wanted && at >= MODELS[to].from_day * DAY {
            moves.push(Migration { at, ramp: dice.whole(0, 12) * HOUR, from, to });
        }
    }
    moves
}

fn tenants(dice: &mut Dice, days: i64) -> Vec<Tenant> {
    let count = dice.whole(26, 33) as usize;
    let noise = dice.between(0.05, 0.4);
    let mut tenants: Vec<Tenant> = (0..count)
        .map(|index| {
            let (name, weight, free) = match index {
                _ if index < NAMES.len() => (NAMES[index].to_owned(), 1.0 / (index as f64 + 1.2), false),
                _ if index == NAMES.len() => (INTERNAL.to_owned(), 0.12, false),
                _ if index == NAMES.len() + 1 => ("tenant-0000".to_owned(), 0.05, false),
                _ => (format!("free-{index:04}"), 0.035, true),
            };
            let weight = weight * dice.spread(0.45);
            let prompt = dice.spread(0.25);
            let sparse = if free { 0.45 } else { 0.2 };
            let late = index > 9 && name != INTERNAL && dice.chance(0.1);
            let users = if free { dice.whole(1, 3) } else { 2 + (weight * 14.0) as i64 };
            Tenant {
                name: Name::from(name.as_str()),
                shares: KINDS.each_ref().map(|_| if dice.chance(sparse) { 0.0 } else { weight * dice.spread(0.6) }),
                prompt: KINDS.each_ref().map(|_| prompt * dice.spread(0.2)),
                noise: (noise * dice.spread(0.5)).min(0.6),
                users: (0..users).map(|user| Name::from(format!("u-{index:x}{user:02}").as_str())).collect(),
                arrives: if late { dice.whole(1, days) } else { 0 },
                free,
            }
        })
        .collect();
    for feature in 0..KINDS.len() {
        let total: f64 = tenants.iter().map(|tenant| tenant.shares[feature]).sum();
        tenants.iter_mut().for_each(|tenant| tenant.shares[feature] /= total);
    }
    tenants.push(newcomer(dice, count));
    tenants
}

/// A tenant that has not called yet: it makes no traffic unless an incident lets it in.
fn newcomer(dice: &mut Dice, index: usize) -> Tenant {
    Tenant {
        name: Name::from("bellows-co"),
        shares: KINDS.each_ref().map(|_| if dice.chance(0.5) { 0.0 } else { dice.spread(0.6) }),
        prompt: KINDS.each_ref().map(|_| dice.spread(0.3)),
        noise: 0.0,
        users: (0..6).map(|user| Name::from(format!("u-{index:x}{user:02}").as_str())).collect(),
        arrives: i64::MAX,
        free: false,
    }
}

fn jobs(company: &Company, dice: &mut Dice) -> Vec<Job> {
    let wanted = dice.whole(0, 3);
    (0..wanted)
        .map(|_| Job {
            weekday: dice.whole(0, 7),
            hour: dice.whole(0, 24),
            feature: *dice.pick(&[1, 4, 5, 5]),
            tenant: dice.whole(0, 12) as usize,
            calls: company.size.calls / company.size.days as f64 * dice.between(0.02, 0.06),
            grows: (i64::MAX, 1.0),
        })
        .collect()
}
