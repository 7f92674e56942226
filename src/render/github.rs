//! Workflow commands of GitHub Actions: one annotation a line, shown at the run and at the pull request.
//!
//! Escapes as its documentation has them: `%`, CR and LF in messages, `:` and `,` in properties too.

use std::io::Write;

use crate::render::text;
use crate::report::Annotation;
use crate::report::Level;
use crate::report::Report;

/// Writes annotations, then warnings.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    for annotation in report.annotations.iter().flatten() {
        line(annotation, out)?;
    }
    for warning in &report.warnings {
        let hint = warning.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        let message = format!("{}{hint}", warning.message);
        line(&Annotation { level: Level::Warning, title: format!("attr {}", warning.code), message }, out)?;
    }
    Ok(())
}

fn line(annotation: &Annotation, out: &mut dyn Write) -> std::io::Result<()> {
    let level = match annotation.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Notice => "notice",
    };
    let title = escaped(&annotation.title).replace(':', "%3A").replace(',', "%2C");
    writeln!(out, "::{level} title={title}::{}", escaped(&annotation.message))
}

/// Escapes before it cleans, so that a line break in a value is seen as one.
fn escaped(value: &str) -> String {
    text::clean(&value.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"))
}
