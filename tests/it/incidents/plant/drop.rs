//! A tenant leaves, or nearly.

use super::Plan;
use super::Scene;
use crate::incidents::call::Dim;
use crate::incidents::dice::Dice;
use crate::incidents::edit::Edit;

pub(crate) fn plan(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let span = (scene.period.0 + dice.whole(0, 12) * 3_600, scene.company.end());
    let filter = Scene::filter(scene.dear_call(dice), &[Dim::Tenant]);
    let gone = dice.between(0.75, 1.01);
    let mut edit = Edit::default();
    // Whole runs stay or go: the fate hangs on the run's name.
    for place in scene.places(span, |call| call.is(&filter)) {
        let run = scene.calls[place].get(Dim::Run);
        if Dice::named(scene.company.seed, run).unit() < gone {
            edit.dropped.push(place);
        }
    }
    Some(Plan { filter, span, edit })
}
