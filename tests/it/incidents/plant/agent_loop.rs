//! One run of an agent does not come to an end: call after call, each with a longer context.

use super::Plan;
use super::Scene;
use crate::incidents::call::Call;
use crate::incidents::call::Dim;
use crate::incidents::call::Status;
use crate::incidents::dice::Dice;
use crate::incidents::edit::Edit;
use crate::incidents::traffic::MOST_TOKENS;

pub(crate) fn plan(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let span = scene.burst(dice);
    let looping = |call: &Call| !call.get(Dim::Agent).is_empty() && call.cost > 0;
    let places = scene.places(span, looping);
    if places.is_empty() {
        return None;
    }
    let like = &scene.calls[*dice.pick(&places)];
    let filter = Scene::filter(like, &[Dim::Run]);
    let last = scene.calls.iter().rposition(|call| call.is(&filter))?;
    let growth = dice.between(0.005, 0.03);
    let mut next = scene.calls[last].clone();
    if next.cost == 0 {
        return None;
    }
    next.status = Status::Ok;
    next.tokens[0] += next.tokens[2];
    next.tokens[2] = 0;
    let (start, mut cost) = (next.at, 0);
    let mut edit = Edit::default();
    while cost < scene.target && edit.added.len() < 500 {
        next.at += dice.whole(8, 40);
        if next.tokens[0] + next.tokens[1] < (MOST_TOKENS / 1.1) as i64 {
            next.tokens = next.tokens.map(|tokens| tokens + (tokens as f64 * growth) as i64);
        }
        let mut call = next.clone();
        call.tokens[3] = (1_000.0 * dice.spread(0.4)) as i64;
        let call = call.priced();
        cost += call.cost;
        edit.added.push(call);
    }
    let end = next.at + 1;
    (edit.added.len() >= 20 && end <= scene.period.1).then_some(Plan { filter, span: (start, end), edit })
}
