//! A feature stops finding its prompts in the cache.

use super::Plan;
use super::Scene;
use crate::incidents::call::Dim;
use crate::incidents::dice::Dice;
use crate::incidents::edit::Edit;
use crate::incidents::models::MODELS;

pub(crate) fn plan(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let span = scene.lasting(dice);
    let like = scene.dear_call(dice);
    let dims: &[Dim] = if dice.chance(0.5) { &[Dim::Feature, Dim::Model] } else { &[Dim::Feature] };
    let filter = Scene::filter(like, dims);
    // Either nothing is cached any more, or every call writes what the next one does not find.
    let writes = MODELS[like.model].provider == "anthropic" && dice.chance(0.3);
    let left = dice.between(0.0, 0.1);
    let mut edit = Edit::default();
    for place in scene.places(span, |call| call.is(&filter) && call.tokens[1] > 0) {
        let mut call = scene.calls[place].clone();
        let read = (call.tokens[1] as f64 * left) as i64;
        let class = if writes && call.get(Dim::Provider).as_ref() == "anthropic" { 2 } else { 0 };
        call.tokens[class] += call.tokens[1] - read;
        call.tokens[1] = read;
        edit.changed.push((place, call.priced()));
    }
    Some(Plan { filter, span, edit })
}
