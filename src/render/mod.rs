//! Draws any report in any format. Knows blocks and documents, never which command made them.
//!
//! Widths, rounding, bars and escapes live here alone. To add a format: a file, a variant of [`Format`], an arm.

mod chart;
mod csv;
mod github;
mod json;
mod markdown;
mod table;
mod text;

use std::io::Write;

use crate::report::Report;

pub use crate::report::is_hostile;

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people in a terminal.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a row.
    Ndjson,
    /// One line a row, with a header.
    Csv,
    /// For tickets and pages.
    Markdown,
    /// Annotations of GitHub Actions.
    Github,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 6] =
        [Format::Table, Format::Json, Format::Ndjson, Format::Csv, Format::Markdown, Format::Github];

    /// Returns the name used with `--format`.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Table => "table",
            Format::Json => "json",
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
            Format::Markdown => "markdown",
            Format::Github => "github",
        }
    }
}

/// What a terminal allows.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns of the terminal; `None` where there is none: then nothing is cut.
    pub width: Option<usize>,
    /// Whether to colour.
    pub color: bool,
}

/// Writes a report.
pub fn render(report: &Report, format: Format, style: Style, out: &mut dyn Write) -> std::io::Result<()> {
    match format {
        Format::Table => table::write(report, style, out),
        Format::Json => json::write_document(report, out),
        Format::Ndjson => json::write_rows(report, out),
        Format::Csv => csv::write(report, out),
        Format::Markdown => markdown::write(report, out),
        Format::Github => github::write(report, out),
    }
}
