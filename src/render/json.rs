//! JSON: the document itself, and one object a row.

use std::io::Write;

use serde_json::Value;

use crate::report::Report;

/// Writes the document on one indented page.
pub(super) fn write_document(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &report.document())?;
    writeln!(out)
}

/// Writes the answer's rows, an object a line; an answer without rows is one line.
pub(super) fn write_rows(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    match report.rows.and_then(|key| report.body.get(key)).and_then(Value::as_array) {
        Some(rows) => rows.iter().try_for_each(|row| {
            serde_json::to_writer(&mut *out, row)?;
            writeln!(out)
        }),
        None => {
            serde_json::to_writer(&mut *out, &report.document())?;
            writeln!(out)
        }
    }
}
