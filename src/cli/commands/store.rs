//! `attr store`.

use clap::Args;
use clap::Subcommand;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::error::CliError;
use crate::ops::upkeep;

/// Check the store, or make its derived half anew
#[derive(Debug, Args)]
pub struct StoreArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Compare the packed columns with the rows; exit with 1 if they differ
    Check {
        /// Exit with 0 even if they differ
        #[arg(long)]
        no_fail: bool,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Make the packed columns anew from the rows
    Rebuild {
        #[command(flatten)]
        output: OutputArgs,
    },
}

impl StoreArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        match &self.action {
            Action::Check { no_fail, output } => {
                let book = app.question(&FromArgs::default())?;
                let (mut report, sound) = upkeep::check(&book)?;
                app.show(&mut report, output)?;
                Ok(if sound || *no_fail { Outcome::Clean } else { Outcome::Failed })
            }
            Action::Rebuild { output } => {
                let mut report = app.writing(true, |book| Ok(upkeep::rebuild(book)?))?;
                app.show(&mut report, output)
            }
        }
    }
}
