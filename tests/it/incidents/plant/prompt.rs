//! Calls carry more: a release with a much longer prompt, or answers that grow.

use super::Plan;
use super::Scene;
use crate::incidents::call::Dim;
use crate::incidents::call::Name;
use crate::incidents::dice::Dice;
use crate::incidents::edit::Edit;
use crate::incidents::models::MODELS;
use crate::incidents::traffic::MOST_TOKENS;

/// A release carries several times the fresh prompt tokens, until it is taken back.
pub(crate) fn bloat(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let span = scene.lasting(dice);
    let feature = scene.dear_call(dice).get(Dim::Feature).clone();
    let version = next_version(scene, &feature);
    let ramp = dice.between(0.0, 12.0) * 3_600.0;
    let places = scene.places(span, |call| call.get(Dim::Feature) == &feature);
    let places: Vec<usize> =
        places.into_iter().filter(|place| (scene.calls[*place].at - span.0) as f64 >= ramp * dice.unit()).collect();
    let factor = 1.0 + scene.target as f64 / part(scene, &places, &[0]).max(1.0);
    if !(1.4..6.0).contains(&factor) {
        return None;
    }
    let mut edit = Edit::default();
    for place in places {
        let mut call = scene.calls[place].clone();
        call.set(Dim::PromptVersion, &version);
        let room = (MOST_TOKENS * 1.1) as i64 - call.tokens[1] - call.tokens[2];
        call.tokens[0] = ((call.tokens[0] as f64 * factor) as i64).min(room.max(call.tokens[0]));
        edit.changed.push((place, call.priced()));
    }
    Some(Plan { filter: vec![(Dim::PromptVersion, Name::from(version.as_str()))], span, edit })
}

/// The answers of a feature, of one tenant's use of it or of one of its models grow.
pub(crate) fn long_answers(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let span = scene.lasting(dice);
    let like = scene.dear_call(dice);
    let choices: [&[Dim]; 3] = [&[Dim::Feature], &[Dim::Feature, Dim::Tenant], &[Dim::Feature, Dim::Model]];
    let dims = dice.pick(&choices);
    let filter = Scene::filter(like, dims);
    let places = scene.places(span, |call| call.is(&filter));
    let factor = 1.0 + scene.target as f64 / part(scene, &places, &[3]).max(1.0);
    if !(1.4..8.0).contains(&factor) {
        return None;
    }
    let mut edit = Edit::default();
    for place in places {
        let mut call = scene.calls[place].clone();
        call.tokens[3] = (call.tokens[3] as f64 * factor) as i64;
        edit.changed.push((place, call.priced()));
    }
    Some(Plan { filter, span, edit })
}

/// What these classes of tokens cost in these calls within the period.
fn part(scene: &Scene, places: &[usize], classes: &[usize]) -> f64 {
    let calls = places.iter().map(|place| &scene.calls[*place]);
    let calls = calls.filter(|call| scene.period.0 <= call.at && call.at < scene.period.1);
    let cost = calls.map(|call| {
        let rates = if call.batch { MODELS[call.model].batch } else { MODELS[call.model].standard };
        classes.iter().map(|class| call.tokens[*class] * rates[*class]).sum::<i64>()
    });
    cost.sum::<i64>() as f64
}

fn next_version(scene: &Scene, feature: &str) -> String {
    let known = scene.company.features.iter().find(|known| known.kind.name == feature);
    let last = known.and_then(|known| known.releases.iter().map(|release| release.version).max());
    format!("{feature}-v{}", last.unwrap_or(0) + 1)
}
