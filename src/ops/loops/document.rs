//! The answer of `attr loops` for machines, and the command behind each finding.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::analyze::loops::Finding;
use crate::analyze::loops::TOLD;
use crate::domain::Dim;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::ops::evidence;
use crate::ops::loops::Answer;
use crate::ops::loops::LoopsPlan;
use crate::ops::loops::Unjudged;
use crate::report::Report;

/// What several findings come to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub(super) loops: u64,
    pub(super) calls: u64,
    pub(super) repeats: u64,
    pub(super) cost: Usd,
    pub(super) usual: Usd,
}

impl Sum {
    pub(super) fn of(findings: &[Finding]) -> Sum {
        let mut sum = Sum::default();
        for finding in findings {
            sum.loops += 1;
            sum.calls += finding.calls;
            sum.repeats += finding.repeats;
            sum.cost += finding.cost;
            sum.usual += finding.usual;
        }
        sum
    }

    fn put(&self, object: &mut Map<String, Value>) {
        object.insert("loops".into(), self.loops.into());
        figures(object, self.calls, self.repeats, self.cost, self.usual);
    }
}

fn figures(object: &mut Map<String, Value>, calls: u64, repeats: u64, cost: Usd, usual: Usd) {
    object.insert("calls".into(), calls.into());
    object.insert("repeats".into(), repeats.into());
    object.insert("cost_usd".into(), json!(cost));
    object.insert("usual_usd".into(), json!(usual));
    object.insert("excess_usd".into(), json!(cost - usual));
}

/// Parts findings into those to show and those to sum.
pub(super) fn cut<'f>(plan: &LoopsPlan, answer: &'f Answer) -> (&'f [Finding], &'f [Finding]) {
    answer.findings.split_at(plan.top.unwrap_or(usize::MAX).min(answer.findings.len()))
}

pub(super) fn fill(report: &mut Report, plan: &LoopsPlan, answer: &Answer) {
    report.put("min_usd", answer.floor);
    let (shown, rest) = cut(plan, answer);
    let mut rows: Vec<Value> = shown.iter().map(row).collect();
    if !rest.is_empty() {
        let mut other = Map::new();
        other.insert("other".into(), true.into());
        Sum::of(rest).put(&mut other);
        rows.push(other.into());
    }
    report.put_rows("loops", rows);
    let mut total = Map::new();
    Sum::of(&answer.findings).put(&mut total);
    report.put("total", total);
    let unjudged = |what: &str, of: Unjudged| json!({ what: of.count, "cost_usd": of.cost });
    report.put("not_judged", unjudged("runs", answer.unknown));
    report.put("without_run", unjudged("calls", answer.loose));
}

fn row(finding: &Finding) -> Value {
    let mut key = Map::new();
    for (dim, value) in TOLD.iter().zip(&finding.shared) {
        match value {
            Some(Some(value)) => key.insert(dim.name().into(), json!(value.as_ref())),
            // Work without a feature is told as such; what else nobody tagged is left out.
            Some(None) if *dim == Dim::Feature => key.insert(dim.name().into(), Value::Null),
            Some(None) | None => None,
        };
    }
    let mut object = Map::new();
    object.insert("kind".into(), finding.kind.name().into());
    object.insert("key".into(), key.into());
    object.insert("since".into(), json!(finding.since));
    object.insert("until".into(), json!(finding.until));
    figures(&mut object, finding.calls, finding.repeats, finding.cost, finding.usual);
    object.insert("command".into(), command(finding).into());
    object.into()
}

/// Returns the command that shows the calls of a finding: the run as a tree, or the runs of a storm.
pub(super) fn command(finding: &Finding) -> String {
    let shared = |wanted: Dim| {
        TOLD.iter().zip(&finding.shared).find(|(dim, _)| **dim == wanted).and_then(|(_, value)| value.as_ref())
    };
    if let Some((dim, id)) = &finding.unit {
        return evidence::command(&["attr".to_string(), "trace".into(), format!("{}:{id}", dim.name())]);
    }
    // What the calls of a storm differ in, from the surest unit on.
    let by =
        [Dim::Run, Dim::Trace, Dim::Session, Dim::User, Dim::Tenant].into_iter().find(|dim| shared(*dim).is_none());
    let by = by.map_or(Dim::Status.name().to_string(), |dim| format!("{},{}", dim.name(), Dim::Status.name()));
    let mut words = vec!["attr".to_string(), "slice".into(), "--by".into(), by];
    for (dim, value) in TOLD.iter().zip(&finding.shared) {
        let is_telling = value.as_ref().is_some_and(|value| value.is_some() || *dim == Dim::Feature);
        if let Some(value) = value.as_ref().filter(|_| is_telling) {
            words.extend(["--where".to_string(), evidence::condition(dim.name(), value.as_deref())]);
        }
    }
    let time = |ts: Timestamp| ts.to_string();
    words.extend(["--since".to_string(), time(finding.since), "--until".into(), time(finding.until)]);
    evidence::command(&words)
}
