//! `attr trace`.

use clap::Args;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::error::CliError;
use crate::ops::trace;
use crate::ops::trace::Shape;
use crate::ops::trace::TracePlan;
use crate::render::Format;

/// A table shows so many calls of one name and model that follow one another; other formats are never cut unasked.
const MOST_ALIKE: usize = 20;

/// Show a trace, run or session as a tree, with what each part of it costs
///
/// Spans stand below their parents, calls that are no spans below their parents too, else below their agents. Each line
/// has its own cost and that of all below it; what stands at the top sums to the run, to the last digit.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// Id of a trace, run or session, number or request id of one of its calls, or six or more characters that one of
    /// these begins with; trace:ID, run:ID, session:ID and call:ID say which is meant
    #[arg(value_name = "ID")]
    id: String,
    /// Show so many levels; what lies deeper stays in the sums above it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    depth: Option<u64>,
    /// Show each of many calls of one name and model that follow one another
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl TraceArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let book = app.question(&self.from)?;
        let format = self.output.format();
        let plan = TracePlan {
            id: self.id.clone(),
            depth: self.depth.map(|depth| usize::try_from(depth).unwrap_or(usize::MAX)),
            alike: (format == Format::Table && !self.all).then_some(MOST_ALIKE),
            shape: match format {
                Format::Json | Format::Ndjson => Shape::Nested,
                Format::Table | Format::Markdown | Format::Github => Shape::Indented,
                Format::Csv => Shape::Flat,
            },
        };
        app.show(&mut trace::run(&book, &plan)?, &self.output)
    }
}
