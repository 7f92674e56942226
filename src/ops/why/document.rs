//! The answer for machines.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::analyze::why::Cause;
use crate::analyze::why::Effect;
use crate::analyze::why::Question;
use crate::analyze::why::Scale;
use crate::analyze::why::Why;
use crate::domain::Usd;
use crate::ops::why::command;
use crate::ops::why::sentences;
use crate::report::Report;

pub(super) fn document(report: &mut Report, question: &Question, why: &Why) {
    let change = why.change();
    let (since, until) = (question.baseline.since, question.baseline.until);
    report.put("baseline_window", json!({"since": since, "until": until}));
    if question.scale != Scale::NONE {
        report.put("baseline_scale", question.scale.factor());
    }
    report.put("cost_usd", why.cost);
    report.put("baseline_usd", why.baseline);
    report.put("change_usd", change);
    report.put("verdict", why.verdict.name());
    report.put("causes", why.causes.iter().map(|found| cause(question, found, change)).collect::<Vec<_>>());
    report.put("rest_usd", why.rest);
    report.put("effects", effects(&why.effects));
}

fn cause(question: &Question, cause: &Cause, change: Usd) -> Value {
    let slice: Map<String, Value> =
        cause.slice.iter().map(|(axis, value)| (axis.to_string(), Value::from(value.as_ref()))).collect();
    let mut out = Map::new();
    out.insert("where".into(), slice.into());
    out.insert("change_usd".into(), cause.change.to_string().into());
    out.insert("excess_usd".into(), cause.excess.to_string().into());
    if change != Usd::ZERO {
        let share = cause.change.pico() as f64 / change.pico() as f64;
        out.insert("share".into(), ((share * 1e6).round() / 1e6).into());
    }
    out.insert("effects".into(), effects(&cause.effects));
    out.insert("summary".into(), sentences::summary(cause, change).into());
    out.insert("evidence".into(), command::evidence(question, Some(cause)).into());
    out.into()
}

fn effects(effects: &[(Effect, Usd)]) -> Value {
    effects.iter().map(|(effect, usd)| json!({"effect": effect.name(), "usd": usd})).collect()
}
