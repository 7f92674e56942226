//! The answer of all gates: one line each, a sentence for each that did not pass, an annotation for whoever reads a pull request, figures for machines.

use serde_json::Map;
use serde_json::Value;

use crate::ops::check::told::Status;
use crate::ops::check::told::Told;
use crate::report::Annotation;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Level;
use crate::report::Report;
use crate::report::Table;

pub(super) fn put(report: &mut Report, told: &[Told]) {
    let count = |status: Status| told.iter().filter(|gate| gate.status == status).count();
    let failed = count(Status::Failed);
    report.put("status", if failed > 0 { "failed" } else { "passed" });
    for status in [Status::Failed, Status::Warned, Status::Skipped, Status::Passed] {
        report.put(status.name(), count(status));
    }
    report.put_rows("gates", told.iter().map(object));
    let counts =
        [Status::Failed, Status::Warned, Status::Skipped, Status::Passed].map(|status| (count(status), status.name()));
    let counted: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    report.blocks.push(Block::Heading(format!("{} gates: {}", told.len(), counted.join(", "))));
    report.blocks.push(Block::Table(table(told)));
    let remarks = told.iter().filter(|gate| gate.status != Status::Passed);
    report.blocks.extend(remarks.map(|gate| Block::Note(format!("{}: {}", gate.name, gate.message))));
    let mut annotations: Vec<Annotation> =
        told.iter().filter(|gate| gate.status != Status::Passed).map(annotation).collect();
    if annotations.is_empty() {
        let message = format!("all {} gates passed", told.len());
        annotations.push(Annotation { level: Level::Notice, title: "attr check".into(), message });
    }
    report.annotations = Some(annotations);
}

fn object(gate: &Told) -> Value {
    let mut object = Map::new();
    object.insert("gate".into(), gate.gate.into());
    object.insert("name".into(), gate.name.clone().into());
    object.insert("status".into(), gate.status.name().into());
    object.insert("message".into(), gate.message.clone().into());
    object.extend(gate.fields.clone());
    object.into()
}

fn table(told: &[Told]) -> Table {
    let columns = ["result", "gate", "measured", "limit"];
    let row = |gate: &Told| {
        let name = Cell::Logged(gate.name.clone());
        vec![Cell::Text(gate.status.name().into()), name, gate.measured.clone(), gate.limit.clone()]
    };
    Table { columns: columns.map(Column::new).into(), rows: told.iter().map(row).collect(), total: None }
}

fn annotation(gate: &Told) -> Annotation {
    let level = match gate.status {
        Status::Failed => Level::Error,
        Status::Warned => Level::Warning,
        Status::Skipped | Status::Passed => Level::Notice,
    };
    Annotation { level, title: format!("{}: {}", gate.name, gate.status.name()), message: gate.message.clone() }
}
