//! `attr loops`.

use clap::Args;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FilterArgs;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::args::WindowArgs;
use crate::cli::error::CliError;
use crate::domain::Usd;
use crate::ops::loops;
use crate::ops::loops::LoopsPlan;
use crate::ops::loops::Shape;
use crate::render::Format;

/// A table of more loops than this is cut unless --top says otherwise; other formats are never cut unasked.
const TABLE_TOP: usize = 20;

/// Find runs that go round in circles and storms of retries, with what they cost beyond the usual
///
/// By sizes, times, outcomes and costs alone. A run is judged by the other runs of its feature and agent: long runs with
/// growing contexts are nothing new to many agents.
#[derive(Debug, Args)]
pub struct LoopsArgs {
    /// Least dollars beyond the usual (default: 1, or a hundredth of what a day costs if that is more)
    #[arg(long, value_name = "USD", value_parser = usd)]
    min_usd: Option<Usd>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Show so many and sum the rest in (other); 0 shows all
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    output: OutputArgs,
}

fn usd(text: &str) -> Result<Usd, String> {
    match Usd::parse(text) {
        Ok(amount) if amount >= Usd::ZERO => Ok(amount),
        Ok(_) => Err("less than nothing".into()),
        Err(error) => Err(error.to_string()),
    }
}

impl LoopsArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let book = app.question(&self.from)?;
        let frame = app.frame(&book)?;
        let format = self.output.format();
        let plan = LoopsPlan {
            window: self.window.window(frame)?,
            zone: frame.zone,
            filter: self.filter.filter()?,
            floor: self.min_usd,
            top: self.output.top(self.top, TABLE_TOP),
            shape: match format {
                Format::Json | Format::Ndjson => Shape::Document,
                Format::Table | Format::Markdown | Format::Github => Shape::Table,
                Format::Csv => Shape::Wide,
            },
        };
        app.show(&mut loops::run(&book, &plan)?, &self.output)
    }
}
