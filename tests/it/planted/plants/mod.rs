//! What can go wrong between logs and bill, one function a cause. Each changes one side of a scene; what it is worth is
//! the change of the difference between the two sides, to the last digit.

mod lines;
mod quantity;
mod rating;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use attr::domain::money::div_half_even;

use super::month::Known;
use super::random::Random;
use super::scene::Call;
use super::scene::Form;
use super::scene::Scene;
use super::scene::Sum;
use super::scene::What;

pub(super) use lines::in_euros;

/// The dimension and value that a cause is confined to.
pub(super) type Where = Option<(&'static str, String)>;

/// A way for something to go wrong.
pub(super) struct Plant {
    /// The code of the cause.
    pub(super) cause: &'static str,
    /// Which of its forms.
    pub(super) variant: &'static str,
    /// The bills that show it.
    pub(super) forms: &'static [Form],
    /// What comes first when several are planted: scope and time, lines, quantities, rates, money.
    pub(super) stage: u8,
    /// Whether it moves money without adding or taking any.
    pub(super) is_even: bool,
    /// Changes the scene; `None` where it has nothing to change.
    pub(super) apply: fn(&mut Scene, &mut Random) -> Option<Where>,
}

/// What was planted.
#[derive(Clone, Debug)]
pub(super) struct Planted {
    pub(super) cause: &'static str,
    pub(super) variant: &'static str,
    /// Picodollars by which the bill exceeds the logs because of it.
    pub(super) amount: i128,
    /// How far rounded rows may be from it, in picodollars.
    pub(super) slack: i128,
    pub(super) place: Where,
    /// The cells it changes, and by how much each, in attodollars.
    pub(super) moved: Cells,
}

/// Amounts by day, model, key and class.
pub(super) type Cells = BTreeMap<(i64, &'static str, String, What), i128>;

/// Every plant.
pub(super) fn all() -> impl Iterator<Item = &'static Plant> {
    quantity::PLANTS.iter().chain(rating::PLANTS).chain(lines::PLANTS)
}

/// Bills that tell quantities.
pub(super) const COUNTED: &[Form] =
    &[Form::AnthropicPair, Form::OpenAiCost, Form::OpenAiPair, Form::OpenRouter, Form::Focus, Form::Mapped];
/// Anthropic's and OpenAI's own, with keys and projects.
pub(super) const OWN: &[Form] = &[Form::AnthropicPair, Form::AnthropicCost, Form::OpenAiCost, Form::OpenAiPair];
pub(super) const ANTHROPIC: &[Form] = &[Form::AnthropicPair, Form::AnthropicCost];
pub(super) const OPENAI: &[Form] = &[Form::OpenAiCost, Form::OpenAiPair];

const PICO: i128 = 1_000_000;

/// Plants one cause; `None` where the scene does not give enough for it to be seen.
pub(super) fn plant(scene: &mut Scene, plant: &Plant, random: &mut Random) -> Option<Planted> {
    let before = scene.clone();
    let (both, gap) = (before.both(), before.invoiced() - before.log_cost());
    let place = (plant.apply)(scene, random)?;
    let (now, amount) = (scene.both(), scene.invoiced() - scene.log_cost() - gap);
    // What a cell is off by, in tokens and money, before and now.
    let off = |sums: Option<&(Sum, Sum)>| {
        let (billed, logged) = sums.copied().unwrap_or_default();
        (i128::from(billed.quantity) - i128::from(logged.quantity), billed.atto - logged.atto)
    };
    let (mut moved, mut calls) = (Cells::new(), 0);
    for (cell, sums) in both.iter().chain(&now).collect::<BTreeMap<_, _>>() {
        let (then, since) = (off(both.get(cell)), off(now.get(cell)));
        if then != since {
            moved.insert(cell.clone(), since.1 - then.1);
            calls += i128::from(sums.0.calls.max(sums.1.calls));
        }
    }
    let cells = moved.len() as i128;
    // A cell has two rows at most; the router's rows are calls.
    let rows = if scene.form == Form::OpenRouter { calls } else { 2 * cells };
    let slack = rows * scene.form.quantum() / 2;
    let is_seen = amount.abs() > 3 * slack && amount.abs() * 200 > before.log_cost();
    (plant.is_even && amount == 0 || is_seen).then(|| Planted {
        cause: plant.cause,
        variant: plant.variant,
        amount: div_half_even(amount, PICO),
        // A picodollar a cell, where a line is not a whole number of them.
        slack: slack / PICO + cells + 1,
        place,
        moved,
    })
}

/// Plants one cause in the first month from a seed on that gives enough for it.
pub(super) fn scene_with(plant_of: &Plant, form: Form, seed: u64) -> (Scene, Planted) {
    for again in 0..60 {
        let seed = seed * 1_000 + again;
        let mut scene = Scene::clean(form, seed);
        if let Some(planted) = plant(&mut scene, plant_of, &mut Random::new(seed ^ 0xb1a7)) {
            return (scene, planted);
        }
    }
    panic!("no month for {} {} in {form:?}", plant_of.cause, plant_of.variant)
}

/// Causes that swallow all that is wrong in their cells: where one side has nothing, or not yet, nothing can be
/// compared.
const SWALLOWING: [&str; 7] = ["unlogged_key", "group_cap", "unsettled", "period_edge", "free_tier", "byok", "alias"];

/// What a cause moves by day, model and key: a class may be moved to another.
fn by_caller(planted: &Planted) -> BTreeMap<(i64, &'static str, &str), i128> {
    let mut sums = BTreeMap::new();
    for ((day, model, key, _), atto) in &planted.moved {
        *sums.entry((*day, *model, key.as_str())).or_insert(0) += atto;
    }
    sums
}

fn swallows(by: &Planted) -> bool {
    SWALLOWING.contains(&by.cause) || by.variant == "days"
}

/// Returns what a second cause changes in the price of calls whose usage a first one keeps off the logs, in attodollars.
fn unseen(before: &Scene, scene: &Scene) -> i128 {
    let has_usage = |call: &&Call| call.tokens.iter().next().is_some();
    let logged: BTreeSet<&str> = before.logged.iter().filter(has_usage).map(|call| call.id.as_str()).collect();
    let missing = before.billed.iter().filter(|call| !logged.contains(call.id.as_str()));
    let costs: BTreeMap<&str, i128> = missing.map(|call| (call.id.as_str(), call.cost())).collect();
    scene.billed.iter().filter_map(|call| Some((call.cost() - costs.get(call.id.as_str())?).abs())).sum()
}

/// Returns what of one cause lies where another leaves nothing to compare, in attodollars.
fn swallowed(by: &Planted, other: &Planted) -> i128 {
    if !swallows(by) {
        return 0;
    }
    let callers = by_caller(by);
    by_caller(other).iter().filter(|(caller, _)| callers.contains_key(*caller)).map(|(_, atto)| atto.abs()).sum()
}

/// Whether what two plants do to a bill can be told apart at all: not two factors on every row, nor two things at the
/// same model or key, nor one of which most lies where the other leaves nothing to compare.
fn are_apart(pair: [&Plant; 2], planted: &[Planted; 2]) -> bool {
    let is_factor = |plant: &Plant| plant.stage >= 5 && plant.variant != "line";
    let is_same = planted[0].place.is_some() && planted[0].place == planted[1].place;
    let [first, second] = planted;
    let lost = |by: &Planted, other: &Planted| {
        swallowed(by, other) * 3 > by_caller(other).values().map(|atto| atto.abs()).sum::<i128>()
    };
    !(pair.iter().all(|plant| is_factor(plant)) || is_same || lost(first, second) || lost(second, first))
}

/// Plants two causes in the first month that gives enough for both; `None` if none of some does.
///
/// What only the two together are worth, what a missing call costs more or less than by the logs' prices, and what one
/// swallows of the other, may be told as either's: it widens the slack of both. A month where that is a large part is not taken.
pub(super) fn scene_with_two(pair: [&Plant; 2], form: Form, seed: u64) -> Option<(Scene, [Planted; 2])> {
    let mut pair = pair;
    pair.sort_by_key(|plant| plant.stage);
    (0..20).find_map(|again| {
        let seed = seed * 1_000 + again;
        let random = |at: usize| Random::new(seed ^ [0xb1a7, 0x70d0][at]);
        let mut scene = Scene::clean(form, seed);
        let mut alone = scene.clone();
        let first = plant(&mut scene, pair[0], &mut random(0))?;
        let before = scene.clone();
        let mut planted = [first, plant(&mut scene, pair[1], &mut random(1))?];
        if !are_apart(pair, &planted) {
            return None;
        }
        (pair[1].apply)(&mut alone, &mut random(1))?;
        let both = (planted[1].amount - (alone.invoiced() - alone.log_cost()) / PICO).abs();
        let joint = both + if swallows(&planted[0]) { 0 } else { unseen(&before, &scene) / PICO };
        let least = planted.iter().filter(|planted| planted.amount != 0).map(|planted| planted.amount.abs()).min();
        let lost = (swallowed(&planted[0], &planted[1]) + swallowed(&planted[1], &planted[0])) / PICO;
        if least.is_some_and(|least| joint * 4 > least) {
            return None;
        }
        planted.iter_mut().for_each(|planted| planted.slack += joint + lost);
        Some((scene, planted))
    })
}

/// Groups of billed calls that are worth something: at least an eighth of the cost, twelve calls and three days.
fn worth<K: Ord>(scene: &Scene, key: impl Fn(&Call) -> K) -> Vec<K> {
    let mut groups: BTreeMap<K, (i128, usize, Vec<i64>)> = BTreeMap::new();
    for call in scene.billed.iter().filter(|call| call.tokens.iter().next().is_some()) {
        let group = groups.entry(key(call)).or_default();
        *group = (group.0 + call.cost(), group.1 + 1, std::mem::take(&mut group.2));
        if group.2.last() != Some(&call.day()) {
            group.2.push(call.day());
        }
    }
    let all: i128 = groups.values().map(|group| group.0).sum();
    let is_worth = |group: &(i128, usize, Vec<i64>)| group.0 * 8 >= all && group.1 >= 12 && group.2.len() >= 3;
    groups.into_iter().filter(|(_, group)| is_worth(group)).map(|(key, _)| key).collect()
}

/// A model that is worth something.
fn a_model(scene: &Scene, random: &mut Random, fits: impl Fn(&Known) -> bool) -> Option<&'static Known> {
    let names = worth(scene, |call| call.known.log);
    let mut models: Vec<&'static Known> = scene.month.models.clone();
    models.retain(|known| names.contains(&known.log) && fits(known));
    (!models.is_empty()).then(|| *random.pick(&models))
}

/// A key that is worth something and not the only one.
fn a_key(scene: &Scene, random: &mut Random) -> Option<String> {
    let keys = worth(scene, |call| call.key.clone());
    let one = (!keys.is_empty()).then(|| random.pick(&keys).clone())?;
    scene.billed.iter().any(|call| call.key != one && call.tokens.iter().next().is_some()).then_some(one)
}

/// A day that has at least so many days of the span before and behind it.
fn a_day(scene: &Scene, random: &mut Random, before: i64, behind: i64) -> Option<i64> {
    let days = scene.days();
    let (low, high) = (days.start + before, days.end - 1 - behind);
    (low <= high).then(|| low + i64::try_from(random.below((high - low + 1) as u64)).unwrap_or(0))
}
