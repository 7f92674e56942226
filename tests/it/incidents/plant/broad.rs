//! A launch: every tenant uses every feature more, all alike.

use super::Plan;
use super::Scene;
use crate::incidents::call::Dim;
use crate::incidents::dice::Dice;
use crate::incidents::edit::Edit;
use crate::incidents::kinds::KINDS;
use crate::incidents::traffic::Maker;
use crate::incidents::traffic::Occasion;

pub(crate) fn plan(scene: &Scene, dice: &mut Dice) -> Option<Plan> {
    let span = if dice.chance(0.5) { scene.burst(dice) } else { scene.period };
    let places = scene.places(span, |_| true);
    let more = scene.target as f64 / scene.cost(&places).max(1) as f64;
    if !(0.15..2.5).contains(&more) {
        return None;
    }
    let mut maker = Maker::new(scene.company, &scene.stream, scene.prefix);
    let mut edit = Edit::default();
    let mut seen: Vec<&str> = Vec::new();
    for place in places {
        let call = &scene.calls[place];
        if seen.iter().rev().take(60).any(|run| *run == &**call.get(Dim::Run)) {
            continue;
        }
        seen.push(call.get(Dim::Run));
        for _ in 0..dice.poisson(more) {
            let tenants = &scene.company.tenants;
            let occasion = Occasion {
                feature: KINDS.iter().position(|kind| kind.name == &**call.get(Dim::Feature))?,
                tenant: tenants.iter().position(|tenant| &tenant.name == call.get(Dim::Tenant))?,
                user: call.get(Dim::User).clone(),
                environment: call.get(Dim::Environment).clone(),
                at: (call.at + dice.whole(-900, 900)).clamp(span.0, span.1 - 1),
            };
            edit.added.extend(maker.run(&occasion).into_iter().filter(|call| call.at < span.1));
        }
    }
    Some(Plan { filter: Vec::new(), span, edit })
}
