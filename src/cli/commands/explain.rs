//! `attr explain`.

use clap::Args;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::error::CliError;
use crate::ops::explain;

/// Show how one call's cost comes about
///
/// Every class of tokens with its count, rate and price row, multipliers and tool fees, and the file and line
/// the call came from.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Number of the call in the store, or the request id of its log
    #[arg(value_name = "CALL")]
    call: String,
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl ExplainArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let book = app.question(&self.from)?;
        app.show(&mut explain::run(&book, &self.call)?, &self.output)
    }
}
