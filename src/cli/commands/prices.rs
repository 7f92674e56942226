//! `attr prices`.

use clap::Args;
use clap::Subcommand;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::OutputArgs;
use crate::cli::error::CliError;
use crate::ops::prices;

/// Show what the price table holds
#[derive(Debug, Args)]
pub struct PricesArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List every model with its newest standard price
    List {
        /// Only the models of this seller
        #[arg(value_name = "SELLER")]
        seller: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Show every price row of a model, with its source
    Show {
        /// Name of the model, also as seller/model
        #[arg(value_name = "MODEL")]
        model: String,
        #[command(flatten)]
        output: OutputArgs,
    },
}

impl PricesArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let table = app.table()?;
        match &self.action {
            Action::List { seller, output } => app.show(&mut prices::list(&table, seller.as_deref()), output),
            Action::Show { model, output } => app.show(&mut prices::show(&table, model)?, output),
        }
    }
}
