//! A batch job is sent in real time, without the discount.

use super::Plan;
use super::Scene;
use crate::incidents::call::Dim;
use crate::incidents::call::Name;
use crate::incidents::dice::Dice;
use crate::incidents::edit::Edit;
use crate::incidents::kinds::KINDS;

pub(crate) fn plan(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let span = scene.lasting(dice);
    let batched: Vec<&str> = KINDS.iter().filter(|kind| kind.batch > 0.0).map(|kind| kind.name).collect();
    let filter = vec![(Dim::Feature, Name::from(*dice.pick(&batched)))];
    let mut edit = Edit::default();
    for place in scene.places(span, |call| call.is(&filter) && call.batch) {
        let mut call = scene.calls[place].clone();
        call.batch = false;
        edit.changed.push((place, call.priced()));
    }
    Some(Plan { filter, span, edit })
}
