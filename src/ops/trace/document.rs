//! A run for machines: objects within objects.

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::json;

use crate::analyze::outline::Line;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::rollup::Measures;
use crate::ops::measures;
use crate::ops::trace::millis;
use crate::report::Report;
use crate::store::Scoped;

pub(super) fn fill(
    report: &mut Report,
    scoped: &Scoped,
    (start, end): (Option<Timestamp>, Option<Timestamp>),
    total: &Measures,
    lines: &[Line<'_>],
) {
    let with_list = total.discount != Usd::ZERO;
    report.put("trace", &scoped.id);
    report.put("kind", scoped.scope.name());
    for (key, time) in [("start", start), ("end", end)] {
        if let Some(time) = time {
            report.put(key, time);
        }
    }
    report.put("total", Sums { measures: total, with_list });
    report.put_rows("tree", lines.iter().map(|line| LineDocument { line, with_list }));
}

/// Measures as an object; every one of an answer has list prices or none has.
struct Sums<'m> {
    measures: &'m Measures,
    with_list: bool,
}

impl Serialize for Sums<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        measures::entries(self.measures, self.with_list, &mut map)?;
        map.end()
    }
}

/// A line with those below it; an outline is never so deep that this could go too far.
struct LineDocument<'l> {
    line: &'l Line<'l>,
    with_list: bool,
}

impl Serialize for LineDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (line, piece) = (self.line, self.line.piece);
        let sums = |measures| Sums { measures, with_list: self.with_list };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &piece.name)?;
        map.serialize_entry("kind", piece.kind.name())?;
        if line.calls > 1 {
            map.serialize_entry("folded_calls", &line.calls)?;
        } else if let Some(call) = piece.call {
            map.serialize_entry("call", &call)?;
        }
        if let Some(model) = &piece.model {
            map.serialize_entry("model", model)?;
        }
        if let Some((reason, kept)) = piece.held {
            let held = match kept {
                Some(kept) => json!({"reason": reason, "represented_by": [kept]}),
                None => json!({"reason": reason}),
            };
            map.serialize_entry("not_counted", &held)?;
        }
        if let Some(start) = piece.start {
            map.serialize_entry("start", &start)?;
        }
        if let Some(ms) = millis(piece.start, piece.end).filter(|_| line.calls <= 1) {
            map.serialize_entry("duration_ms", &ms)?;
        }
        map.serialize_entry("own", &sums(&line.own))?;
        map.serialize_entry("inclusive", &sums(&line.inclusive))?;
        let children: Vec<LineDocument<'_>> =
            line.children.iter().map(|line| LineDocument { line, with_list: self.with_list }).collect();
        map.serialize_entry("children", &children)?;
        if let Some((nodes, measures)) = &line.below {
            map.serialize_entry("below", &Below { nodes: *nodes, sums: sums(measures) })?;
        }
        map.end()
    }
}

/// What is not shown below a line.
#[derive(Serialize)]
struct Below<'m> {
    nodes: usize,
    sums: Sums<'m>,
}
