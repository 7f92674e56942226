//! JSON: the document itself, and one object a row.

use std::io::Write;

use serde_json::Value;

use crate::report::Report;

/// Writes the document indented, with its rows one a line: readable, and a change of a row is a change of a line.
pub(super) fn write_document(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    let Value::Object(document) = report.document() else { return Ok(()) };
    writeln!(out, "{{")?;
    let last = document.len();
    for (at, (key, value)) in document.iter().enumerate() {
        write!(out, "  {}: ", Value::String(key.clone()))?;
        match &report.rows {
            Some((rows_key, rows)) if key == rows_key => {
                let lines: Vec<&str> = rows.iter().map(|row| row.get()).collect();
                write_list(&lines, out)?;
            }
            _ => write!(out, "{}", serde_json::to_string_pretty(value)?.replace('\n', "\n  "))?,
        }
        writeln!(out, "{}", if at + 1 < last { "," } else { "" })?;
    }
    writeln!(out, "}}")
}

fn write_list(lines: &[&str], out: &mut dyn Write) -> std::io::Result<()> {
    if lines.is_empty() {
        return write!(out, "[]");
    }
    writeln!(out, "[")?;
    for (at, line) in lines.iter().enumerate() {
        writeln!(out, "    {line}{}", if at + 1 < lines.len() { "," } else { "" })?;
    }
    write!(out, "  ]")
}

/// Writes the answer's rows, an object a line; an answer without rows is one line.
pub(super) fn write_rows(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    match &report.rows {
        Some((_, rows)) => rows.iter().try_for_each(|row| writeln!(out, "{}", row.get())),
        None => {
            serde_json::to_writer(&mut *out, &report.document())?;
            writeln!(out)
        }
    }
}
