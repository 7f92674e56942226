//! `attr status`.

use clap::Args;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::error::CliError;
use crate::ops::status;

/// Tell what the store holds and how far it can be believed
///
/// Sources and what became of their records, how many calls are tagged per dimension and priced, what is
/// doubted, and the price table's age.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl StatusArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let book = app.question(&self.from)?;
        app.show(&mut status::run(&book)?, &self.output)
    }
}
