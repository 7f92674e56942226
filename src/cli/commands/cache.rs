//! `attr cache`.

use clap::Args;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FilterArgs;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::args::WindowArgs;
use crate::cli::args::axes;
use crate::cli::error::CliError;
use crate::ops::cache;
use crate::ops::cache::CachePlan;
use crate::ops::cache::Shape;
use crate::render::Format;

/// A table of more groups than this is cut unless --top says otherwise; other formats are never cut unasked.
const TABLE_TOP: usize = 50;

/// Show what prompt caching saved or lost, and what could have gone through batches
///
/// Cached tokens are compared with the same tokens at the input price of the same model, mode, prompt size and date.
/// Saved is less than nothing where writes cost more than reads gave back. The rows always sum to the total.
#[derive(Debug, Args)]
pub struct CacheArgs {
    /// Dimensions to group by
    #[arg(long, value_name = "DIM", value_delimiter = ',', default_value = "feature")]
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

impl CacheArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let book = app.question(&self.from)?;
        let frame = app.frame(&book)?;
        let format = self.output.format();
        let plan = CachePlan {
            by: axes(&self.by)?,
            window: self.window.window(frame)?,
            zone: frame.zone,
            filter: self.filter.filter()?,
            top: self.output.top(self.top, TABLE_TOP),
            shape: match format {
                Format::Json | Format::Ndjson => Shape::Document,
                Format::Table | Format::Markdown | Format::Github => Shape::Tables,
                Format::Csv => Shape::Wide,
            },
        };
        app.show(&mut cache::run(&book, &plan)?, &self.output)
    }
}
