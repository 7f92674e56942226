//! `attr outcomes`.

use clap::Args;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FilterArgs;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::args::WindowArgs;
use crate::cli::args::axes;
use crate::cli::error::CliError;
use crate::ops::outcomes;
use crate::ops::outcomes::OutcomesPlan;
use crate::ops::slice::Audience;
use crate::render::Format;

/// A table of more groups than this is cut unless --top says otherwise; other formats are never cut unasked.
const TABLE_TOP: usize = 50;

/// Show what runs cost beside what came of them: cost per passed task, waste, revenue and margin
///
/// Outcomes come in with `attr import outcomes.csv`: a run, trace or session id a row, whether it passed, and what it
/// earned. Cost lies where the calls are; an outcome is told in the group with most of its run's cost. The rows always
/// sum to the total.
#[derive(Debug, Args)]
pub struct OutcomesArgs {
    /// Dimensions to group by (default: one total)
    #[arg(long, value_name = "DIM", value_delimiter = ',')]
    by: Vec<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Show so many groups and sum the rest in (other); 0 shows all
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl OutcomesArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let book = app.question(&self.from)?;
        let frame = app.frame(&book)?;
        let format = self.output.format();
        let plan = OutcomesPlan {
            audience: match format {
                Format::Json | Format::Ndjson => Audience::Machines,
                Format::Table | Format::Csv | Format::Markdown | Format::Github => Audience::People,
            },
            by: axes(&self.by)?,
            window: self.window.window(frame)?,
            zone: frame.zone,
            filter: self.filter.filter()?,
            top: self.output.top(self.top, TABLE_TOP),
        };
        let mut report = outcomes::run(&book, &plan)?;
        app.show(&mut report, &self.output)
    }
}
