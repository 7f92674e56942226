//! More of the same work in one place: a tenant, a newcomer, an abuser, a feature, a team, an environment.

use super::Plan;
use super::Scene;
use crate::incidents::call::Call;
use crate::incidents::call::Dim;
use crate::incidents::call::Name;
use crate::incidents::company::DAY;
use crate::incidents::company::INTERNAL;
use crate::incidents::dice::Dice;
use crate::incidents::edit::Edit;
use crate::incidents::kinds::KINDS;
use crate::incidents::traffic::Maker;
use crate::incidents::traffic::Occasion;

/// More runs than this are not believable.
const MOST_RUNS: usize = 1_500;

/// A free tenant works as if it paid, from one account.
pub(crate) fn abuser(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let tenants = &scene.company.tenants;
    let free: Vec<usize> = (0..tenants.len()).filter(|tenant| tenants[*tenant].free).collect();
    let tenant = *dice.pick(&free);
    let feature = dice.whole(0, KINDS.len() as i64) as usize;
    let user = dice.pick(&tenants[tenant].users).clone();
    let span = scene.burst(dice);
    let edit = fill(
        scene,
        span,
        |maker, at| Occasion { user: user.clone(), ..maker.occasion(feature, tenant, at) },
        |_| feature,
    )?;
    Some(Plan { filter: vec![(Dim::Tenant, tenants[tenant].name.clone())], span, edit })
}

/// A tenant uses one feature much more.
pub(crate) fn tenant(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let like = scene.dear_call(dice);
    let (feature, tenant) = (feature_of(like)?, tenant_of(scene, like)?);
    let span = scene.burst(dice);
    let edit = fill(scene, span, |maker, at| maker.occasion(feature, tenant, at), |_| feature)?;
    Some(Plan { filter: Scene::filter(like, &[Dim::Feature, Dim::Tenant]), span, edit })
}

/// A new and heavy tenant arrives, and stays.
pub(crate) fn newcomer(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let tenant = scene.company.tenants.len() - 1;
    let who = &scene.company.tenants[tenant];
    let span = (scene.lasting(dice).0, scene.company.end());
    if who.shares.iter().sum::<f64>() == 0.0 {
        return None;
    }
    let weights: Vec<f64> =
        scene.company.features.iter().zip(who.shares).map(|(feature, share)| feature.share * share).collect();
    let edit = fill_any(scene, span, |maker, _| (maker.dice.weighted(&weights), tenant))?;
    Some(Plan { filter: vec![(Dim::Tenant, who.name.clone())], span, edit })
}

/// A test in staging runs amok.
pub(crate) fn environment(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let tenant = scene.company.tenants.iter().position(|tenant| &*tenant.name == INTERNAL)?;
    let feature = dice.whole(0, KINDS.len() as i64) as usize;
    let staging = Name::from("staging");
    let span = scene.burst(dice);
    let edit = fill(
        scene,
        span,
        |maker, at| Occasion { environment: staging.clone(), ..maker.occasion(feature, tenant, at) },
        |_| feature,
    )?;
    let filter = vec![(Dim::Environment, staging), (Dim::Feature, Name::from(KINDS[feature].name))];
    Some(Plan { filter, span, edit })
}

/// Every tenant uses one feature more.
pub(crate) fn feature(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let like = scene.dear_call(dice);
    let feature = feature_of(like)?;
    let span = scene.burst(dice);
    let weights = tenant_weights(scene, feature);
    let edit = fill_any(scene, span, |maker, _| (feature, maker.dice.weighted(&weights)))?;
    Some(Plan { filter: Scene::filter(like, &[Dim::Feature]), span, edit })
}

/// Every feature of one team is used more.
pub(crate) fn team(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let features: Vec<usize> = (0..KINDS.len()).filter(|feature| KINDS[*feature].team == "product").collect();
    let span = scene.burst(dice);
    let shares: Vec<f64> = features.iter().map(|feature| scene.company.features[*feature].share).collect();
    let weights: Vec<Vec<f64>> = features.iter().map(|feature| tenant_weights(scene, *feature)).collect();
    let edit = fill_any(scene, span, |maker, _| {
        let which = maker.dice.weighted(&shares);
        (features[which], maker.dice.weighted(&weights[which]))
    })?;
    Some(Plan { filter: vec![(Dim::Team, Name::from("product"))], span, edit })
}

fn feature_of(call: &Call) -> Option<usize> {
    KINDS.iter().position(|kind| kind.name == &**call.get(Dim::Feature))
}

fn tenant_of(scene: &Scene, call: &Call) -> Option<usize> {
    scene.company.tenants.iter().position(|tenant| &tenant.name == call.get(Dim::Tenant))
}

fn tenant_weights(scene: &Scene, feature: usize) -> Vec<f64> {
    let here = |arrives: i64| scene.company.start + arrives.saturating_mul(DAY).min(i64::MAX / 4) < scene.period.0;
    let tenants = &scene.company.tenants;
    tenants.iter().map(|tenant| if here(tenant.arrives) { tenant.shares[feature] } else { 0.0 }).collect()
}

/// Fills a span with runs of features and tenants as drawn, until they cost what is wanted.
fn fill_any(scene: &Scene, span: (i64, i64), whose: impl Fn(&mut Maker, i64) -> (usize, usize)) -> Option<Edit> {
    let drawn = std::cell::Cell::new((0, 0));
    fill(
        scene,
        span,
        |maker, at| maker.occasion(drawn.get().0, drawn.get().1, at),
        |maker| {
            drawn.set(whose(maker, span.0));
            drawn.get().0
        },
    )
}

/// Fills a span with runs, until they cost what is wanted; nothing if that takes too many, or hardly any.
fn fill(
    scene: &Scene,
    span: (i64, i64),
    occasion: impl Fn(&mut Maker, i64) -> Occasion,
    feature: impl Fn(&mut Maker) -> usize,
) -> Option<Edit> {
    let mut maker = Maker::new(scene.company, &scene.stream, scene.prefix);
    let mut edit = Edit::default();
    let first = span.0.div_euclid(DAY);
    let days = (span.1 - 1).div_euclid(DAY) - first + 1;
    let (mut cost, mut runs) = (0, 0);
    for _ in 0..MOST_RUNS * 4 {
        let feature = feature(&mut maker);
        let midnight = (first + maker.dice.whole(0, days)) * DAY;
        let at = maker.instant(feature, midnight);
        if !(span.0..span.1).contains(&at) {
            continue;
        }
        let occasion = occasion(&mut maker, at);
        for call in maker.run(&occasion).into_iter().filter(|call| call.at < span.1) {
            cost += if call.at < scene.period.1 { call.cost } else { 0 };
            edit.added.push(call);
        }
        runs += 1;
        if cost >= scene.target {
            return (runs >= 5).then_some(edit);
        }
        if runs >= MOST_RUNS {
            return None;
        }
    }
    None
}
