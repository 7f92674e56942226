//! The calls a company makes when nothing happens.

use super::call::Call;
use super::call::Dim;
use super::call::Name;
use super::call::Status;
use super::company::Company;
use super::company::DAY;
use super::company::HOUR;
use super::company::INTERNAL;
use super::dice::Dice;
use super::kinds::KINDS;
use super::models::MODELS;

/// How busy each hour of a day (UTC) is.
const HOURS: [f64; 24] = [
    1.0, 0.8, 0.7, 0.7, 0.8, 1.2, 2.0, 3.2, 4.6, 5.6, 6.0, 5.8, 5.2, 5.6, 6.0, 5.8, 5.2, 4.4, 3.6, 3.0, 2.6, 2.2, 1.7,
    1.3,
];

/// The largest prompt: below every border of a long-context price.
pub(crate) const MOST_TOKENS: f64 = 180_000.0;

/// Makes calls of a company, with dice of its own.
pub(crate) struct Maker<'a> {
    pub(crate) company: &'a Company,
    pub(crate) dice: Dice,
    /// Starts the name of every run it makes.
    pub(crate) prefix: &'static str,
    runs: usize,
}

/// Whose run, and when.
#[derive(Clone)]
pub(crate) struct Occasion {
    pub(crate) feature: usize,
    pub(crate) tenant: usize,
    pub(crate) user: Name,
    pub(crate) environment: Name,
    pub(crate) at: i64,
}

impl<'a> Maker<'a> {
    pub(crate) fn new(company: &'a Company, stream: &str, prefix: &'static str) -> Maker<'a> {
        Maker { company, dice: Dice::named(company.seed, stream), prefix, runs: 0 }
    }

    /// An instant of this day at which this feature works.
    pub(crate) fn instant(&mut self, feature: usize, midnight: i64) -> i64 {
        let hour = if KINDS[feature].nightly { self.dice.whole(2, 4) } else { self.dice.weighted(&HOURS) as i64 };
        midnight + hour * HOUR + self.dice.whole(0, HOUR)
    }

    /// Somebody of a tenant who uses a feature then.
    pub(crate) fn occasion(&mut self, feature: usize, tenant: usize, at: i64) -> Occasion {
        let who = &self.company.tenants[tenant];
        let weights: Vec<f64> = (0..who.users.len()).map(|user| 1.0 / (user as f64 + 1.5)).collect();
        let user = who.users[self.dice.weighted(&weights)].clone();
        let environment = match &*who.name {
            INTERNAL if self.dice.chance(0.4) => "dev",
            INTERNAL => "staging",
            _ => "prod",
        };
        Occasion { feature, tenant, user, environment: Name::from(environment), at }
    }

    /// Makes one run: a call, or several with a growing context.
    pub(crate) fn run(&mut self, occasion: &Occasion) -> Vec<Call> {
        let kind = self.company.features[occasion.feature].kind;
        let run = Name::from(format!("{}-{:06}", self.prefix, self.runs).as_str());
        self.runs += 1;
        let batch = self.dice.chance(kind.batch);
        let calls = if kind.run[1] > 1.0 { self.dice.log_between(kind.run[0], kind.run[1]) as i64 } else { 1 };
        let mut at = occasion.at;
        (0..calls)
            .map(|step| {
                let mut call = self.call(occasion, at, step, batch);
                call.dims[Dim::Run as usize] = run.clone();
                at += self.dice.whole(8, 90);
                call
            })
            .collect()
    }

    fn call(&mut self, occasion: &Occasion, at: i64, step: i64, batch: bool) -> Call {
        let company = self.company;
        let feature = &company.features[occasion.feature];
        let kind = feature.kind;
        let tenant = &company.tenants[occasion.tenant];
        let weights: Vec<f64> = feature.models.iter().map(|(_, share)| *share).collect();
        let mut model = feature.models[self.dice.weighted(&weights)].0;
        for step in &company.migrations {
            if step.from == model && at >= step.at + (step.ramp as f64 * self.dice.unit()) as i64 {
                model = step.to;
            }
        }
        let ramps = self.dice.unit();
        let release =
            feature.releases.iter().rev().find(|release| at >= release.at + (release.ramp as f64 * ramps) as i64);
        let (version, longer) = release.map_or((1, 1.0), |release| (release.version, release.prompt));
        let growth = 1.0 + 0.09 * step as f64;
        let prompt = kind.prompt * tenant.prompt[occasion.feature] * longer * growth * self.dice.spread(kind.sigma);
        let output = kind.output * self.dice.spread(0.45);
        let tokens = self.tokens(occasion.feature, model, prompt.min(MOST_TOKENS), output);
        let agent = if kind.agents.is_empty() { "" } else { *self.dice.pick(kind.agents) };
        let version = format!("{}-v{version}", kind.name);
        let mut call = Call {
            at,
            dims: [
                &*occasion.environment,
                kind.name,
                &*tenant.name,
                agent,
                kind.team,
                &version,
                MODELS[model].name,
                MODELS[model].provider,
                &*occasion.user,
                "",
            ]
            .map(Name::from),
            model,
            batch,
            status: Status::Ok,
            tokens,
            cost: 0,
        };
        self.fails_now_and_then(&mut call);
        call.priced()
    }

    fn tokens(&mut self, feature: usize, model: usize, prompt: f64, output: f64) -> [i64; 4] {
        let kind = &KINDS[feature];
        let writes = MODELS[model].provider == "anthropic";
        let prompt = prompt.max(40.0) as i64;
        let mut tokens = [prompt, 0, 0, output.max(4.0) as i64];
        if self.dice.chance(kind.cache_hits) {
            tokens[1] = (prompt as f64 * kind.cached * self.dice.between(0.9, 1.1)).min(prompt as f64) as i64;
        } else if writes && kind.cache_hits > 0.5 {
            tokens[2] = (prompt as f64 * kind.cached) as i64;
        }
        tokens[0] -= tokens[1] + tokens[2];
        tokens
    }

    /// A call in sixty fails; a refused one is free, a timeout is billed.
    fn fails_now_and_then(&mut self, call: &mut Call) {
        let fate = self.dice.unit();
        if fate < 0.006 {
            call.status = Status::Timeout;
        } else if fate < 0.017 {
            call.status = Status::Error;
            if fate < 0.012 {
                call.tokens = [0; 4];
            }
        }
    }
}

/// Every call of the company, by time.
pub(crate) fn traffic(company: &Company) -> Vec<Call> {
    let mut maker = Maker::new(company, "traffic", "run");
    let mut calls = Vec::new();
    let daily = company.size.calls / company.size.days as f64;
    let total: f64 = company.features.iter().map(|feature| feature.share).sum();
    for day in 0..company.size.days {
        let midnight = company.start + day * DAY;
        let weekday = (midnight / DAY + 3) % 7;
        let busy = (1.0 + company.drift).powi((day - company.size.days / 2) as i32) * maker.dice.spread(0.05);
        for tenant in 0..company.tenants.len() {
            let who = &company.tenants[tenant];
            let mood = maker.dice.spread(who.noise);
            for (index, feature) in company.features.iter().enumerate() {
                let week = if weekday < 5 || feature.kind.nightly { 1.0 } else { company.weekend };
                let length = mean_run(feature.kind.run);
                let mean = daily * feature.share / total * who.shares[index] / length * busy * mood * week;
                let present = day >= who.arrives;
                for _ in 0..maker.dice.poisson(if present { mean } else { 0.0 }) {
                    let at = maker.instant(index, midnight);
                    let occasion = maker.occasion(index, tenant, at);
                    calls.extend(maker.run(&occasion));
                }
            }
        }
        for job in company.jobs.iter().filter(|job| job.weekday == weekday) {
            let factor = if day >= job.grows.0 { job.grows.1 } else { 1.0 };
            for _ in 0..maker.dice.poisson(job.calls * factor) {
                let at = midnight + job.hour * HOUR + maker.dice.whole(0, HOUR);
                let occasion = maker.occasion(job.feature, job.tenant, at);
                calls.extend(maker.run(&occasion));
            }
        }
    }
    let end = company.end();
    calls.retain(|call| call.at < end);
    calls.sort_by_key(|call| call.at);
    calls
}

/// The mean of whole numbers drawn evenly by their logarithm, near enough.
fn mean_run([low, high]: [f64; 2]) -> f64 {
    if high > low { (high - low) / (high / low).ln() - 0.5 } else { 1.0 }
}
