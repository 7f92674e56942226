//! `attr duplicates`.

use clap::Args;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::error::CliError;
use crate::ops::duplicates;

/// List calls that two sources have probably both logged; leave them out on request
///
/// Records that share a provider's id are merged on import. These share model, counts and time, and no id: the same
/// call logged twice, or two calls alike. Nothing is left out unless you say so, and that can be taken back.
#[derive(Debug, Args)]
pub struct DuplicatesArgs {
    /// Leave them out of all totals
    #[arg(long, conflicts_with = "include")]
    exclude: bool,
    /// Count them again
    #[arg(long)]
    include: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl DuplicatesArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let mut report = if self.exclude || self.include {
            app.writing(true, |book| Ok(duplicates::exclude(book, self.exclude)?))?
        } else {
            duplicates::list(&app.question(&FromArgs::default())?)?
        };
        app.show(&mut report, &self.output)
    }
}
