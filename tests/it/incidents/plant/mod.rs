//! The families of incidents: each draws one of its kind for a log, or says that this log has no place for it.

mod agent_loop;
mod batch;
mod broad;
mod cache;
mod drop;
mod price;
mod prompt;
mod retries;
mod routing;
mod surge;

use super::call::Call;
use super::call::Dim;
use super::call::Name;
use super::company::Company;
use super::company::DAY;
use super::company::HOUR;
use super::dice::Dice;
use super::edit::Edit;

/// Where an incident is wanted, and how large.
pub(crate) struct Scene<'a> {
    pub(crate) company: &'a Company,
    pub(crate) calls: &'a [Call],
    /// The period of the question: it holds (most of) the incident.
    pub(crate) period: (i64, i64),
    /// How much the incident should add to the period, in picodollars.
    pub(crate) target: i64,
    /// Starts the names of new runs.
    pub(crate) prefix: &'static str,
    /// Names the dice of new calls.
    pub(crate) stream: String,
}

/// An incident that fits.
pub(crate) struct Plan {
    pub(crate) filter: Vec<(Dim, Name)>,
    pub(crate) span: (i64, i64),
    pub(crate) edit: Edit,
}

/// A kind of incident: its name, the effects that may lead its answer, and how it is drawn.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) mechanism: &'static [&'static str],
    pub(crate) plan: fn(&Scene, &mut Dice) -> Option<Plan>,
    /// Happens within hours or days, not weeks: may be asked about by the day.
    pub(crate) short: bool,
}

const fn family(
    name: &'static str,
    mechanism: &'static [&'static str],
    short: bool,
    plan: fn(&Scene, &mut Dice) -> Option<Plan>,
) -> Family {
    Family { name, mechanism, plan, short }
}

pub(crate) const BROAD: &str = "broad_surge";
pub(crate) const PRICE: &str = "price_change";
pub(crate) const DROP: &str = "traffic_drop";

/// Every family.
pub(crate) const FAMILIES: &[Family] = &[
    family("routing_upgrade", &["model_mix"], false, routing::plan),
    family("retry_loop", &["errors", "volume"], true, retries::plan),
    family("agent_loop", &["volume"], true, agent_loop::plan),
    family("prompt_bloat", &["input_tokens"], false, prompt::bloat),
    family("output_growth", &["output_tokens"], false, prompt::long_answers),
    family("cache_collapse", &["cache"], false, cache::plan),
    family("free_tier_abuser", &["volume"], true, surge::abuser),
    family("tenant_surge", &["volume"], true, surge::tenant),
    family("new_tenant", &["volume"], false, surge::newcomer),
    family("environment_leak", &["volume"], true, surge::environment),
    family("batch_to_realtime", &["tier"], false, batch::plan),
    family(PRICE, &["price"], false, price::plan),
    family(BROAD, &["volume"], true, broad::plan),
    family(DROP, &["volume"], false, drop::plan),
    family("team_surge", &["volume"], true, surge::team),
    family("feature_surge", &["volume"], true, surge::feature),
];

impl Scene<'_> {
    /// From the first day of the period to its end or a little later.
    fn lasting(&self, dice: &mut Dice) -> (i64, i64) {
        let start = self.period.0 + dice.whole(0, 19) * HOUR;
        let end = self.period.1 + dice.whole(-12, 60) * HOUR;
        (start, end.clamp(start + HOUR, self.company.end()))
    }

    /// Hours of a day, or days of a week, inside the period.
    fn burst(&self, dice: &mut Dice) -> (i64, i64) {
        let (from, to) = self.period;
        let days = (to - from) / DAY;
        if days <= 1 {
            let start = from + dice.whole(5, 15) * HOUR;
            return (start, (start + dice.whole(3, 12) * HOUR).min(to));
        }
        let start = from + dice.whole(0, days * 24 / 2) * HOUR;
        (start, (start + dice.log_between(10.0, 110.0) as i64 * HOUR).min(to))
    }

    /// The places of the calls of a span that fit.
    fn places(&self, span: (i64, i64), fits: impl Fn(&Call) -> bool) -> Vec<usize> {
        let from = self.calls.partition_point(|call| call.at < span.0);
        let to = self.calls.partition_point(|call| call.at < span.1);
        (from..to).filter(|place| fits(&self.calls[*place])).collect()
    }

    /// What these calls cost within the period.
    fn cost(&self, places: &[usize]) -> i64 {
        let (from, to) = self.period;
        let within = places.iter().map(|place| &self.calls[*place]).filter(|call| from <= call.at && call.at < to);
        within.map(|call| call.cost).sum()
    }

    /// One of the calls of the period, each as likely as it is dear: costly places are where incidents are seen.
    fn dear_call(&self, dice: &mut Dice) -> &Call {
        let places = self.places(self.period, |_| true);
        let weights: Vec<f64> = places.iter().map(|place| self.calls[*place].cost as f64 + 1.0).collect();
        &self.calls[places[dice.weighted(&weights)]]
    }

    /// The filter of these dimensions at the values of a call.
    fn filter(call: &Call, dims: &[Dim]) -> Vec<(Dim, Name)> {
        dims.iter().map(|dim| (*dim, call.get(*dim).clone())).collect()
    }
}
