//! What other prices explain: no statistics, the table says it.
//!
//! Both windows are priced as on the day the earlier one starts, and what that changes is the price's part. All other
//! steps work on those costs, so a change of prices can neither hide nor fake another cause.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analyze::why::Cause;
use crate::analyze::why::Effect;
use crate::analyze::why::Lens;
use crate::analyze::why::ModelName;
use crate::analyze::why::PricedCalls;
use crate::analyze::why::Question;
use crate::analyze::why::Span;
use crate::analyze::why::cube::USD;
use crate::domain::Axis;
use crate::domain::Dim;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::rollup::Logged;
use crate::domain::rollup::Rollup;
use crate::domain::rollup::RollupQuery;

/// A model by provider and name; empty where the log does not tell.
type Model = (Arc<str>, Arc<str>);

/// A price cause may be so much smaller than others: it is certain.
const LEAST_PART: f64 = 0.5;

/// What other prices changed.
#[derive(Debug)]
pub(super) struct PriceChange {
    /// The day whose prices hold for all other steps.
    pub(super) at: Timestamp,
    /// Whether any price changed; if not, costs are those of the day anyway.
    pub(super) any: bool,
    /// What the period cost by its own prices more than by those of the day.
    pub(super) period: Usd,
    /// The same of the baseline, scaled.
    pub(super) baseline: Usd,
    /// By model, what of the change is the price's.
    models: BTreeMap<Model, Usd>,
}

impl PriceChange {
    /// Compares what both windows cost with what they would have by the prices of the first day.
    pub(super) fn read<S: PricedCalls>(source: &S, question: &Question) -> Result<PriceChange, S::Error> {
        let at = question.period.since.min(question.baseline.since);
        let end = question.period.until.max(question.baseline.until);
        let mut change =
            PriceChange { at, any: false, period: Usd::ZERO, baseline: Usd::ZERO, models: BTreeMap::new() };
        let query = |span: Span| RollupQuery {
            by: vec![Axis::Dim(Dim::Provider), Axis::Dim(Dim::Model)],
            window: span.window(),
            filter: question.filter.clone(),
            zone: question.zone,
            logged: Logged::Ignored,
        };
        let own = [source.rollup(&query(question.period))?, source.rollup(&query(question.baseline))?];
        let has_changed =
            |model: &Model| source.has_changed(ModelName { provider: &model.0, model: &model.1 }, at, end);
        // With one side empty there is no price to compare: all is volume.
        change.any = own.iter().all(|rollup| !rollup.is_empty())
            && own.iter().any(|rollup| by_model(rollup).keys().any(has_changed));
        if !change.any {
            return Ok(change);
        }
        let then = [source.rollup_at(&query(question.period), at)?, source.rollup_at(&query(question.baseline), at)?];
        for side in 0..2 {
            let then = by_model(&then[side]);
            for (model, cost) in by_model(&own[side]) {
                let more = cost - then.get(&model).copied().unwrap_or(cost);
                if side == 0 {
                    change.period += more;
                    *change.models.entry(model).or_default() += more;
                } else {
                    let more = Usd::from_pico(question.scale.of(more.pico()));
                    change.baseline += more;
                    *change.models.entry(model).or_default() += -more;
                }
            }
        }
        change.models.retain(|_, usd| *usd != Usd::ZERO);
        Ok(change)
    }

    /// Returns the whole of the price's part.
    pub(super) fn total(&self) -> Usd {
        self.period - self.baseline
    }

    /// Answers a query by the prices that hold for all other steps.
    pub(super) fn rollup<S: PricedCalls>(&self, source: &S, query: &RollupQuery) -> Result<Rollup, S::Error> {
        if self.any { source.rollup_at(query, self.at) } else { source.rollup(query) }
    }

    /// Returns the models whose prices made a difference worth telling, of so many dollars.
    pub(super) fn causes(&self, question: &Question, total: f64) -> Vec<Cause> {
        let mut names: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        self.models.keys().for_each(|(_, model)| *names.entry(model).or_default() += 1);
        let is_large = |usd: &Usd| (usd.pico() as f64 * USD).abs() >= LEAST_PART * question.least_share * total;
        let told = self.models.iter().filter(|(_, usd)| is_large(usd));
        told.map(|((provider, model), usd)| {
            let mut slice = vec![(Axis::Dim(Dim::Model), Arc::clone(model))];
            if names.get(model).is_some_and(|sellers| *sellers > 1) {
                slice.push((Axis::Dim(Dim::Provider), Arc::clone(provider)));
            }
            Cause {
                slice,
                lens: Lens::Price,
                change: *usd,
                excess: *usd,
                effects: vec![(Effect::Price, *usd)],
                moves: Vec::new(),
            }
        })
        .collect()
    }
}

fn by_model(rollup: &Rollup) -> BTreeMap<Model, Usd> {
    let mut models: BTreeMap<Model, Usd> = BTreeMap::new();
    for group in 0..rollup.len() {
        let [provider, model] = [0, 1].map(|axis| rollup.value(group, axis).cloned().unwrap_or_else(|| "".into()));
        *models.entry((provider, model)).or_default() += rollup.cost[group];
    }
    models
}
