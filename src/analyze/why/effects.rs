//! A change split into effects, exactly and without an order.
//!
//! Within a workload, cost = successful calls x calls for each x SUM over models of share of calls x discount x
//! (prompt tokens x price - what the cache saves of that + output tokens x price). Each factor's part of the change is its
//! Shapley value, so the parts sum to the change. Workloads are never mixed: that is where Simpson's paradox lives.

use std::collections::BTreeMap;

use crate::analyze::why::Effect;
use crate::analyze::why::columns::Columns;
use crate::analyze::why::columns::Side;
use crate::analyze::why::cube::USD;
use crate::analyze::why::leaves::Leaves;
use crate::analyze::why::shapley::shapley;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Usd;
use crate::domain::tokens::CLASSES;

/// The effect of each factor of a workload's cost.
const FACTORS: [Effect; 7] = [
    Effect::Volume,
    Effect::Errors,
    Effect::ModelMix,
    Effect::Tier,
    Effect::InputTokens,
    Effect::OutputTokens,
    Effect::Cache,
];

/// Dollars a token by class, of each model by the codes of provider and model.
pub(super) type RateTable = BTreeMap<(u32, u32), [Option<f64>; CLASSES]>;

/// What the calls of one side of a workload come to.
#[derive(Clone, Debug, Default)]
pub(super) struct Amounts {
    successes: f64,
    models: BTreeMap<(u32, u32), ModelAmounts>,
    tools: f64,
}

/// What the calls of a model come to.
#[derive(Clone, Debug)]
struct ModelAmounts {
    calls: f64,
    /// Dollars for tokens.
    cost: f64,
    tokens: [f64; CLASSES],
}

impl Default for ModelAmounts {
    fn default() -> ModelAmounts {
        ModelAmounts { calls: 0.0, cost: 0.0, tokens: [0.0; CLASSES] }
    }
}

impl Amounts {
    /// Adds a share of a row.
    fn add(&mut self, side: &Side, row: usize, model: (u32, u32), share: f64) {
        let cost = side.cost[row] as f64 * USD;
        let (calls, failed) = (side.calls[row], side.failed[row]);
        // A call that failed for nothing is none: it neither costs nor dilutes what the others carry.
        let calls = if cost > 0.0 { calls } else { calls - failed };
        self.successes += share * (side.calls[row] - failed);
        self.tools += share * side.tools[row];
        let of_model = self.models.entry(model).or_default();
        of_model.calls += share * calls;
        of_model.cost += share * (cost - side.tools[row]);
        for (class, counts) in &side.tokens {
            of_model.tokens[*class as usize] += share * counts[row];
        }
    }

    fn calls(&self) -> f64 {
        self.models.values().map(|model| model.calls).sum()
    }

    fn cost(&self) -> f64 {
        self.models.values().map(|model| model.cost).sum::<f64>() + self.tools
    }
}

/// The factors of a model's cost on one side; of tokens, the dollars a call.
#[derive(Clone, Copy, Debug, Default)]
struct ModelFactors {
    mix: f64,
    tier: f64,
    /// The whole prompt, as if none of it had to do with a cache.
    prompt: f64,
    /// What a cache changes about that: less for what is read from it, more for what is written to it. So a prompt that
    /// grows by tokens which no cache holds is a longer prompt, and nothing is said of the cache.
    cache: f64,
    output: f64,
}

/// The factors of a workload's cost on one side.
struct Factors {
    volume: f64,
    errors: f64,
    models: Vec<ModelFactors>,
}

/// Splits what lies between two sides of a workload; the parts are in dollars, their sum is what lies between.
fn split(before: &Amounts, after: &Amounts, rates: &RateTable, into: &mut BTreeMap<Effect, f64>) {
    let mut put = |effect, usd: f64| {
        if usd != 0.0 {
            *into.entry(effect).or_insert(0.0) += usd;
        }
    };
    if before.calls() <= 0.0 || after.calls() <= 0.0 {
        put(Effect::Volume, after.cost() - before.cost());
        return;
    }
    put(Effect::Tools, after.tools - before.tools);
    let names: Vec<(u32, u32)> = before.models.keys().chain(after.models.keys()).copied().collect();
    let names: Vec<(u32, u32)> = names.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    let rates: Vec<[f64; CLASSES]> = names.iter().map(|name| known_rates(*name, rates, [before, after])).collect();
    // What is billed and is no token on either side is billed by the call.
    let has_tokens = |side: &Amounts| {
        let models = names.iter().zip(&rates).filter_map(|(name, rates)| Some((side.models.get(name)?, rates)));
        models.map(|(model, rates)| list(&model.tokens, rates)).sum::<f64>() > 0.0
    };
    let by_call = !has_tokens(before) && !has_tokens(after);
    // Where nothing succeeded on a side, failures are the work.
    let by_success = before.successes > 0.0 && after.successes > 0.0;
    let [before, after] = [before, after].map(|side| factors(side, &names, &rates, by_success, by_call));
    let parts: [f64; FACTORS.len()] = shapley(|changed| {
        let side = |factor: usize| if changed & (1 << factor) == 0 { &before } else { &after };
        let models = (0..names.len()).map(|at| {
            let of = |factor: usize| &side(factor).models[at];
            of(2).mix * of(3).tier * (of(4).prompt + of(5).output + of(6).cache)
        });
        side(0).volume * side(1).errors * models.sum::<f64>()
    });
    FACTORS.into_iter().zip(parts).for_each(|(effect, usd)| put(effect, usd));
}

/// Returns what tokens of a model cost; by its cost, if the table does not know it.
fn known_rates(name: (u32, u32), rates: &RateTable, sides: [&Amounts; 2]) -> [f64; CLASSES] {
    let sum =
        |of: fn(&ModelAmounts) -> f64| sides.iter().filter_map(|side| side.models.get(&name)).map(of).sum::<f64>();
    if let Some(known) = rates.get(&name) {
        let [input, output] = [Class::Input, Class::Output].map(|class| known[class as usize].unwrap_or(0.0));
        return std::array::from_fn(|class| {
            known[class].unwrap_or(if Class::ALL[class].is_prompt() { input } else { output })
        });
    }
    let tokens = sum(|model| model.tokens.iter().sum());
    [if tokens > 0.0 { sum(|model| model.cost) / tokens } else { 0.0 }; CLASSES]
}

/// Returns the factors of one side. A model that it lacks has the averages of all its calls, so that work which moves
/// to another model shows as a change of models and not of tokens.
fn factors(side: &Amounts, names: &[(u32, u32)], rates: &[[f64; CLASSES]], by_success: bool, by_call: bool) -> Factors {
    let calls = side.calls();
    let mut all = ModelAmounts { calls, ..ModelAmounts::default() };
    let mut list_of_all = 0.0;
    for (name, rates) in names.iter().zip(rates) {
        if let Some(model) = side.models.get(name) {
            all.cost += model.cost;
            list_of_all += list(&model.tokens, rates);
            all.tokens.iter_mut().zip(model.tokens).for_each(|(sum, count)| *sum += count);
        }
    }
    let average_tier = if list_of_all > 0.0 { all.cost / list_of_all } else { 1.0 };
    let models = names.iter().zip(rates).map(|(name, rates)| match side.models.get(name).filter(|m| m.calls > 0.0) {
        Some(model) => model_factors(model, rates, None, calls, by_call),
        None => ModelFactors { mix: 0.0, ..model_factors(&all, rates, Some(average_tier), calls, by_call) },
    });
    let volume = if by_success { side.successes } else { calls };
    Factors { volume, errors: calls / volume, models: models.collect() }
}

fn model_factors(
    model: &ModelAmounts,
    rates: &[f64; CLASSES],
    tier: Option<f64>,
    all_calls: f64,
    by_call: bool,
) -> ModelFactors {
    let mut factors = ModelFactors { mix: model.calls / all_calls, ..ModelFactors::default() };
    if by_call {
        factors.prompt = 1.0;
        factors.tier = model.cost / model.calls;
        return factors;
    }
    let input = rates[Class::Input as usize];
    for class in Class::ALL {
        let (count, rate) = (model.tokens[class as usize] / model.calls, rates[class as usize]);
        if class.is_prompt() {
            factors.prompt += count * input;
            factors.cache += count * (rate - input);
        } else {
            factors.output += count * rate;
        }
    }
    let list = list(&model.tokens, rates);
    factors.tier = tier.unwrap_or(if list > 0.0 { model.cost / list } else { 1.0 });
    factors
}

/// Returns what tokens cost by the list.
fn list(tokens: &[f64; CLASSES], rates: &[f64; CLASSES]) -> f64 {
    tokens.iter().zip(rates).map(|(count, rate)| count * rate).sum()
}

/// Splits the change of the calls of a slice, workload by workload: the period's rows in it, and the baseline's share
/// that flowed into it.
pub(super) fn of_slice(
    columns: &Columns,
    leaves: &Leaves,
    rates: &RateTable,
    slice: &[(usize, u32)],
) -> BTreeMap<Effect, f64> {
    let mut effects = BTreeMap::new();
    let sides = [&columns.period, &columns.baseline];
    for workload in &leaves.workloads {
        let mut amounts: [Amounts; 2] = Default::default();
        for (side, amounts) in amounts.iter_mut().enumerate() {
            for row in workload.rows[side].clone() {
                let share = leaves.share(columns, side, row, slice);
                if share > 0.0 {
                    amounts.add(sides[side], row, model_of(columns, sides[side], row), share);
                }
            }
        }
        let [after, before] = amounts;
        split(&before, &after, rates, &mut effects);
    }
    effects
}

/// Splits the change of all calls, workload by workload. Where the period lies before the baseline, the way back is
/// split and turned round, so that the two ways differ in nothing but their signs.
pub(super) fn of_everything(columns: &Columns, rates: &RateTable, backwards: bool) -> BTreeMap<Effect, f64> {
    let mut effects = BTreeMap::new();
    let mut workloads: BTreeMap<u32, [Amounts; 2]> = BTreeMap::new();
    let sides = [&columns.baseline, &columns.period];
    for (at, side) in sides.into_iter().enumerate() {
        for row in 0..side.len() {
            let place = if backwards { 1 - at } else { at };
            workloads.entry(side.keys[row][0]).or_default()[place].add(side, row, model_of(columns, side, row), 1.0);
        }
    }
    for [before, after] in workloads.values() {
        split(before, after, rates, &mut effects);
    }
    if backwards {
        effects.values_mut().for_each(|usd| *usd = -*usd);
    }
    effects
}

fn model_of(columns: &Columns, side: &Side, row: usize) -> (u32, u32) {
    (side.codes[columns.dim(Dim::Provider)][row], side.codes[columns.dim(Dim::Model)][row])
}

/// Turns dollars into exact amounts that sum to a change: what rounding leaves goes to the largest.
pub(super) fn exact(effects: &BTreeMap<Effect, f64>, change: Usd) -> Vec<(Effect, Usd)> {
    let pico = |usd: f64| Usd::from_pico((usd / USD).round() as i128);
    let mut parts: Vec<(Effect, Usd)> = effects.iter().map(|(effect, usd)| (*effect, pico(*usd))).collect();
    let dust = change - parts.iter().map(|(_, usd)| *usd).sum();
    match parts.iter_mut().rev().max_by_key(|(_, usd)| usd.pico().abs()) {
        Some((_, largest)) => *largest += dust,
        None => parts.push((Effect::Volume, dust)),
    }
    parts.retain(|(_, usd)| *usd != Usd::ZERO);
    parts.sort_by_key(|(effect, usd)| (std::cmp::Reverse(usd.pico().abs()), *effect));
    parts
}
