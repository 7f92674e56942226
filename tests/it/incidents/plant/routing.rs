//! A feature, or one tenant's use of it, is sent to a dearer model.

use super::Plan;
use super::Scene;
use crate::incidents::call::Call;
use crate::incidents::call::Dim;
use crate::incidents::company::DAY;
use crate::incidents::dice::Dice;
use crate::incidents::edit::Edit;
use crate::incidents::models::MODELS;
use crate::incidents::models::model;

pub(crate) fn plan(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let span = scene.lasting(dice);
    let like = scene.dear_call(dice);
    let dims: &[Dim] = if dice.chance(0.75) { &[Dim::Feature, Dim::Tenant] } else { &[Dim::Feature] };
    let filter = Scene::filter(like, dims);
    let dearer: Vec<usize> = MODELS[like.model].dearer.iter().map(|name| model(name)).collect();
    let dearer: Vec<usize> = dearer.into_iter().filter(|model| MODELS[*model].from_day * DAY < span.0).collect();
    if dearer.is_empty() {
        return None;
    }
    let to = *dice.pick(&dearer);
    let everything = dice.chance(0.6);
    let moves = |call: &Call| call.is(&filter) && (everything || call.model == like.model) && call.model != to;
    let mut edit = Edit::default();
    for place in scene.places(span, moves) {
        let mut call = scene.calls[place].clone();
        call.send_to(to);
        edit.changed.push((place, call.priced()));
    }
    Some(Plan { filter, span, edit })
}
