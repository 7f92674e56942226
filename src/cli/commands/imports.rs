//! `attr imports`.

use clap::Args;
use clap::Subcommand;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::error::CliError;
use crate::ops::imports;

/// List the imports, or take one out again
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ImportsArgs {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Take out again what an import brought
    Undo {
        /// Number of the import, as `attr imports` lists it
        id: i64,
        #[command(flatten)]
        output: OutputArgs,
    },
}

impl ImportsArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        match &self.action {
            None => {
                let book = app.question(&FromArgs::default())?;
                app.show(&mut imports::list(&book)?, &self.output)
            }
            Some(Action::Undo { id, output }) => {
                let report = app.writing(true, |book| Ok(imports::undo(book, *id)?))?;
                match report {
                    Some(mut report) => app.show(&mut report, output),
                    None => Err(CliError::new(format!("there is no import {id}")).hint("`attr imports` lists them")),
                }
            }
        }
    }
}
