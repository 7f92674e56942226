//! One model's prices change: the calls stay as they are.

use super::Plan;
use super::Scene;
use crate::incidents::call::Dim;
use crate::incidents::dice::Dice;
use crate::incidents::edit::Edit;
use crate::incidents::models::PriceChange;

pub(crate) fn plan(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let like = scene.dear_call(dice);
    let from = scene.period.0;
    let span = (from, scene.company.end());
    let places = scene.places(span, |call| call.model == like.model);
    let quarters = 4 + (4.0 * scene.target as f64 / scene.cost(&places).max(1) as f64).round() as i64;
    if !(5..=12).contains(&quarters) {
        return None;
    }
    let mut edit = Edit { prices: Some(PriceChange { model: like.model, from, quarters }), ..Edit::default() };
    for place in places {
        let mut call = scene.calls[place].clone();
        call.cost = call.cost / 4 * quarters;
        edit.changed.push((place, call));
    }
    Some(Plan { filter: Scene::filter(like, &[Dim::Model]), span, edit })
}
