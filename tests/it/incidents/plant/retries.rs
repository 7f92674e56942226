//! Calls of a feature time out and are sent again, every attempt billed.

use super::Plan;
use super::Scene;
use crate::incidents::call::Dim;
use crate::incidents::call::Status;
use crate::incidents::dice::Dice;
use crate::incidents::edit::Edit;

/// More attempts than this are given up.
const MOST_ATTEMPTS: f64 = 5.0;

pub(crate) fn plan(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let span = scene.burst(dice);
    let like = scene.dear_call(dice);
    let dims: &[Dim] = if dice.chance(0.25) { &[Dim::Feature, Dim::Tenant] } else { &[Dim::Feature] };
    let filter = Scene::filter(like, dims);
    let places = scene.places(span, |call| call.is(&filter) && call.cost > 0);
    let attempts = scene.target as f64 / scene.cost(&places).max(1) as f64;
    if places.len() < 8 || !(0.3..MOST_ATTEMPTS).contains(&attempts) {
        return None;
    }
    let timeouts = dice.between(0.5, 1.0);
    let mut edit = Edit::default();
    for place in places {
        for attempt in 0..dice.poisson(attempts) {
            let mut call = scene.calls[place].clone();
            call.at = (call.at + (attempt as i64 + 1) * dice.whole(20, 90)).min(span.1 - 1);
            call.status = if dice.chance(timeouts) { Status::Timeout } else { Status::Error };
            edit.added.push(call);
        }
    }
    Some(Plan { filter, span, edit })
}
