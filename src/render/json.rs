//! JSON: the document itself, and one object a row.

use std::borrow::Cow;
use std::io::Write;

use serde_json::Value;

use crate::report::Report;
use crate::report::is_hostile;

/// Writes the document indented, with its rows one a line: readable, and a change of a row is a change of a line.
pub(super) fn write_document(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    let Value::Object(document) = report.document() else { return Ok(()) };
    writeln!(out, "{{")?;
    let last = document.len();
    for (at, (key, value)) in document.iter().enumerate() {
        write!(out, "  {}: ", Value::String(key.clone()))?;
        match &report.rows {
            Some((rows_key, rows)) if key == rows_key => {
                let lines: Vec<Cow<'_, str>> = rows.iter().map(|row| visible(row.get())).collect();
                write_list(&lines, out)?;
            }
            _ => write!(out, "{}", visible(&serde_json::to_string_pretty(value)?.replace('\n', "\n  ")))?,
        }
        writeln!(out, "{}", if at + 1 < last { "," } else { "" })?;
    }
    writeln!(out, "}}")
}

fn write_list(lines: &[Cow<'_, str>], out: &mut dyn Write) -> std::io::Result<()> {
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
        Some((_, rows)) => rows.iter().try_for_each(|row| writeln!(out, "{}", visible(row.get()))),
        None => {
            writeln!(out, "{}", visible(&report.document().to_string()))
        }
    }
}

/// Writes as escapes what JSON may carry raw and a terminal would act on; the value stays the same.
fn visible(json: &str) -> Cow<'_, str> {
    let is_hidden = |c: char| c != '\n' && is_hostile(c);
    if !json.contains(is_hidden) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_hidden(c) {
            // All of them lie below U+10000: one escape each.
            out.push_str(&format!("\\u{:04x}", c as u32));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}
