//! Causes that change what a counted token costs: modes, regions, and rates of another time, model or size.

use attr::domain::Class;
use attr::price::Mode;

use super::ANTHROPIC;
use super::OPENAI;
use super::OWN;
use super::Plant;
use super::Where;
use super::a_day;
use super::a_key;
use super::a_model;
use crate::planted::month;
use crate::planted::month::DAY;
use crate::planted::month::Known;
use crate::planted::random::Random;
use crate::planted::rates;
use crate::planted::rates::Rates;
use crate::planted::scene::Call;
use crate::planted::scene::Form;
use crate::planted::scene::Scene;
use crate::planted::scene::What;

const PAIRS: &[Form] = &[Form::AnthropicPair, Form::OpenAiPair];
const RATED: &[Form] =
    &[Form::AnthropicPair, Form::AnthropicCost, Form::OpenAiCost, Form::OpenAiPair, Form::Focus, Form::Mapped];

type Apply = fn(&mut Scene, &mut Random) -> Option<Where>;

const fn of(cause: &'static str, variant: &'static str, forms: &'static [Form], apply: Apply) -> Plant {
    Plant { cause, variant, forms, stage: 4, is_even: false, apply }
}

pub(super) static PLANTS: &[Plant] = &[
    of("cache_priced_as_input", "bill", super::COUNTED, reads_billed_as_input),
    of("batch_discount_missed", "told", PAIRS, batch_told),
    of("batch_discount_missed", "silent", RATED, batch_silent),
    of("service_mode_missed", "model", OWN, mode_of_model),
    of("service_mode_missed", "key", OPENAI, mode_of_key),
    of("stale_price", "table_row", RATED, old_row),
    of("stale_price", "constants", RATED, other_rates),
    of("wrong_model_price", "all_classes", RATED, wrong_model),
    of("long_context", "billed_long", OPENAI, billed_long),
    of("long_context", "billed_short", OPENAI, billed_short),
    of("regional_uplift", "told", ANTHROPIC, region_told),
    of("regional_uplift", "silent", OWN, region_silent),
];

fn reads_billed_as_input(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let known = a_model(scene, random, |_| true)?;
    let mut reads = 0;
    for call in scene.billed.iter_mut().filter(|call| call.known == known) {
        call.terms.reads_as_input = true;
        reads += call.tokens.get(Class::CacheRead);
    }
    (reads > 0).then_some(Some(("model", known.log.to_string())))
}

/// The rates of a call's own time and size in a mode.
fn rates_of(call: &Call, mode: Mode) -> Option<Rates> {
    rates::at(call.provider(), call.known.log, mode, call.at, rates::prompt(&call.tokens))
}

/// Whether another mode of a model's calls is sold, at a price for every class that they use.
fn is_sold(scene: &Scene, known: &Known, mode: Mode) -> bool {
    scene.billed.iter().filter(|call| call.known == known).all(|call| {
        rates_of(call, mode).is_some_and(|rates| call.tokens.iter().all(|(class, _)| rates[class as usize].is_some()))
    })
}

/// Whether batch is half the price of every class.
fn is_halved(scene: &Scene, known: &Known) -> bool {
    scene.billed.iter().filter(|call| call.known == known).all(|call| {
        let (batch, full) = (rates_of(call, Mode::Batch), rates_of(call, Mode::Standard));
        batch.zip(full).is_some_and(|(batch, full)| {
            call.tokens.iter().all(|(class, _)| batch[class as usize].map(|rate| rate * 2) == full[class as usize])
        })
    })
}

/// Whether all calls are of the standard mode, so that another one is not taken for one that the log tells.
fn is_standard(scene: &Scene) -> bool {
    scene.billed.iter().all(|call| call.tier.is_none())
}

fn batch_told(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    if !is_standard(scene) {
        return None;
    }
    if random.percent(50) {
        let known = a_model(scene, random, |known| is_sold(scene, known, Mode::Batch))?;
        for call in scene.billed.iter_mut().filter(|call| call.known == known) {
            call.tier = Some("batch");
        }
        return Some(Some(("model", known.log.to_string())));
    }
    let key = a_key(scene, random)?;
    let models: Vec<&Known> =
        scene.month.models.iter().copied().filter(|known| is_sold(scene, known, Mode::Batch)).collect();
    for call in scene.billed.iter_mut().filter(|call| call.key == key) {
        if !models.contains(&call.known) {
            return None;
        }
        call.tier = Some("batch");
    }
    Some(Some(("api_key", key)))
}

fn batch_silent(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let known = a_model(scene, random, |known| is_standard(scene) && is_halved(scene, known))?;
    for call in scene.billed.iter_mut().filter(|call| call.known == known) {
        call.tier = Some("batch");
        call.terms.tier_hidden = true;
    }
    Some(Some(("model", known.log.to_string())))
}

/// What the provider's files call the mode that is paid for being quicker.
fn quick(scene: &Scene) -> &'static str {
    if scene.form.provider() == "anthropic" { "fast" } else { "priority" }
}

fn mode_of_model(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let known = a_model(scene, random, |known| is_standard(scene) && is_sold(scene, known, Mode::Fast))?;
    let tier = quick(scene);
    for call in scene.billed.iter_mut().filter(|call| call.known == known) {
        call.tier = Some(tier);
    }
    Some(Some(("model", known.log.to_string())))
}

fn mode_of_key(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    is_standard(scene).then_some(())?;
    let key = a_key(scene, random)?;
    let tier = quick(scene);
    let sold: Vec<&Known> =
        scene.month.models.iter().copied().filter(|known| is_sold(scene, known, Mode::Fast)).collect();
    for call in scene.billed.iter_mut().filter(|call| call.key == key) {
        if !sold.contains(&call.known) {
            return None;
        }
        call.tier = Some(tier);
    }
    Some(Some(("api_key", key)))
}

fn old_row(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let (provider, end) = (scene.form.provider(), scene.days().end * DAY);
    let latest = |known: &Known| {
        let changes = rates::changes(provider, known.log);
        changes.into_iter().rfind(|change| *change + 4 * DAY <= end)
    };
    let known = match a_model(scene, random, |known| latest(known).is_some()) {
        Some(known) => known,
        None => renamed(scene, random, "claude-sonnet-5-5")?,
    };
    let change = latest(known)?;
    let since = (a_day(scene, random, 3, 3)? * DAY).max(change);
    let of_it = scene.billed.iter_mut().filter(|call| call.known == known);
    for call in of_it.filter(|call| call.at >= since) {
        call.terms.at = Some(change - 1);
    }
    Some(Some(("model", known.log.to_string())))
}

/// Makes the calls of a model those of one whose rates have changed, on both sides. It is the price of cache reads that
/// changed: they read more, so that it shows in cents.
fn renamed(scene: &mut Scene, random: &mut Random, name: &str) -> Option<&'static Known> {
    let known = a_model(scene, random, |_| is_standard(scene))?;
    let new = month::models(scene.form).iter().find(|known| known.log == name)?;
    let is_out = rates::released(scene.form.provider(), new.log) <= scene.days().start * DAY;
    for call in scene.logged.iter_mut().chain(&mut scene.billed).filter(|call| is_out && call.known == known) {
        call.known = new;
        call.set(Class::CacheRead, call.tokens.get(Class::CacheRead) * 6);
    }
    is_out.then_some(new)
}

fn other_rates(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let known = a_model(scene, random, |_| true)?;
    let since = a_day(scene, random, 3, 3)? * DAY;
    let up = [(6, 5), (5, 4), (4, 5), (7, 10)];
    let (input, output) = (*random.pick(&up), *random.pick(&up));
    let written = [Class::CacheWrite5m, Class::CacheWrite30m, Class::CacheWrite1h];
    for call in scene.billed.iter_mut().filter(|call| call.known == known && call.at >= since) {
        let mut times = vec![(Class::Input, input.0, input.1), (Class::Output, output.0, output.1)];
        times.push((Class::CacheRead, input.0, input.1));
        times.extend(written.map(|class| (class, input.0, input.1)));
        call.terms.class_times = times;
    }
    Some(Some(("model", known.log.to_string())))
}

/// How often a call's price as one model contains that as another, if it is the same for all classes.
fn ratios(call: &Call, other: &Known) -> Option<Vec<(i128, i128)>> {
    let at = |model: &str| rates::at(call.provider(), model, Mode::Standard, call.at, rates::prompt(&call.tokens));
    let (own, other) = (at(call.known.log)?, at(other.log)?);
    call.tokens.iter().map(|(class, _)| Some((other[class as usize]?, own[class as usize]?))).collect()
}

/// Whether other causes would say the same: half, double, a tenth more, or nothing at all.
fn is_telling(ratios: &[(i128, i128)]) -> bool {
    let is = |up: i128, down: i128| ratios.iter().all(|(other, own)| other * down == own * up);
    !(is(1, 1) || is(1, 2) || is(2, 1) || is(11, 10))
}

fn wrong_model(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let known = a_model(scene, random, |_| true)?;
    let calls: Vec<&Call> = scene.billed.iter().filter(|call| call.known == known && call.tier.is_none()).collect();
    let fits = |other: &&Known| {
        let all: Option<Vec<Vec<(i128, i128)>>> = calls.iter().map(|call| ratios(call, other)).collect();
        *other != known && all.is_some_and(|all| is_telling(&all.concat()))
    };
    let others: Vec<&'static Known> = month::models(scene.form).iter().filter(fits).collect();
    let other = (!others.is_empty()).then(|| *random.pick(&others))?;
    for call in scene.billed.iter_mut().filter(|call| call.known == known && call.tier.is_none()) {
        call.terms.model = Some(other);
    }
    Some(Some(("model", known.log.to_string())))
}

fn cliff(scene: &Scene, known: &Known) -> Option<u64> {
    rates::cliff(scene.form.provider(), known.log, scene.days().start * DAY)
}

fn billed_long(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let known = a_model(scene, random, |known| cliff(scene, known).is_some())?;
    let chance = random.between(20, 60);
    for call in scene.billed.iter_mut().filter(|call| call.known == known && random.percent(chance)) {
        call.terms.long = Some(true);
    }
    Some(Some(("model", known.log.to_string())))
}

fn billed_short(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let known = a_model(scene, random, |known| cliff(scene, known).is_some())?;
    let most = cliff(scene, known)?;
    if scene.logged.len() != scene.billed.len() {
        return None;
    }
    let chance = random.between(5, 12);
    for (logged, billed) in scene.logged.iter_mut().zip(&mut scene.billed) {
        if logged.known == known && logged.tokens.iter().next().is_some() && random.percent(chance) {
            let input = most + random.between(1_000, 90_000);
            logged.set(Class::Input, input);
            billed.set(Class::Input, input);
            billed.terms.long = Some(false);
        }
    }
    Some(Some(("model", known.log.to_string())))
}

/// The day from which on released models cost more in a region.
fn uplifted(scene: &Scene) -> i64 {
    // 2026-02-05 at Anthropic, 2026-03-05 at OpenAI.
    (if scene.form.provider() == "anthropic" { 20_489 } else { 20_517 }) * DAY
}

fn in_region(scene: &mut Scene, random: &mut Random, is_hidden: bool) -> Option<Where> {
    let (key, since, provider) = (a_key(scene, random)?, uplifted(scene), scene.form.provider());
    let region = if provider == "anthropic" { "us" } else { "eu" };
    let mut raised = 0;
    for call in scene.billed.iter_mut().filter(|call| call.key == key) {
        if call.region.is_some() || rates::released(provider, call.known.log) < since {
            // What does not cost more in a region would hide the pattern.
            return None;
        }
        (call.region, call.terms.region_hidden) = (Some(region), is_hidden);
        raised += call.charges().iter().filter(|charge| charge.0 != What::Search).count();
    }
    (raised > 0).then_some(Some(("api_key", key)))
}

fn region_told(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    in_region(scene, random, false)
}

fn region_silent(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    in_region(scene, random, true)
}
