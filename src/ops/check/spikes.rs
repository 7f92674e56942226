//! The gate on jumps: none that was not planned.

use serde_json::Map;
use serde_json::json;

use crate::domain::Filter;
use crate::domain::Usd;
use crate::domain::window::Grain;
use crate::ops::book::Book;
use crate::ops::check::CheckPlan;
use crate::ops::check::SpikeGate;
use crate::ops::check::told::Status;
use crate::ops::check::told::Told;
use crate::ops::spikes;
use crate::ops::spikes::SpikesError;
use crate::ops::spikes::SpikesPlan;
use crate::report::Cell;

pub(super) fn tell(book: &Book, gate: &SpikeGate, plan: &CheckPlan) -> Result<Told, SpikesError> {
    let question = SpikesPlan {
        by: Vec::new(),
        window: plan.window.unwrap_or_default(),
        now: plan.frame.now,
        zone: plan.frame.zone,
        filter: Filter::default(),
        grain: Grain::Hour,
        least: gate.least,
        times: gate.times,
        events: plan.events.clone(),
        drawn: false,
        explain: false,
    };
    let answer = spikes::run(book, &question)?;
    let told = Told::skipped("spikes", "jumps", "the history is too short to know a jump: three days are needed");
    if !answer.is_judged {
        return Ok(told);
    }
    let excess: Usd = answer.spikes.iter().map(|spike| spike.excess()).sum();
    let message = match answer.spikes.first() {
        None => "nothing cost far more than it usually does".to_string(),
        Some(first) => {
            let others = match answer.spikes.len() - 1 {
                0 => String::new(),
                1 => ", and another".into(),
                others => format!(", and {others} others"),
            };
            format!("{}{others}; `attr spikes` tells more", spikes::sentence(first, plan.frame.zone))
        }
    };
    let fields =
        Map::from_iter([("spikes".to_string(), json!(answer.spikes.len())), ("excess_usd".to_string(), json!(excess))]);
    Ok(Told {
        status: if answer.spikes.is_empty() { Status::Passed } else { Status::Failed },
        measured: Cell::Count(answer.spikes.len() as u64),
        limit: Cell::Count(0),
        message,
        fields,
        ..told
    })
}
