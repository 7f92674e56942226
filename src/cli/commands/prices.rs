//! `attr prices`.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use clap::Subcommand;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::OutputArgs;
use crate::cli::error::CliError;
use crate::domain::Timestamp;
use crate::ops::price_lists;
use crate::ops::price_lists::ImportOrder;
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
    /// Draft rows from a price list of LiteLLM, genai-prices or model-prices, to be reviewed
    Import(ImportArgs),
}

/// What to draft.
#[derive(Debug, Args)]
struct ImportArgs {
    /// The list: JSON, plain or compressed
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Seller to draft for (default: the one the list's provider is)
    #[arg(long, value_name = "ID")]
    seller: Option<String>,
    /// Provider, in the list's own word (default: those that are the seller)
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Only models whose name fits, as grok-* (can be repeated)
    #[arg(long, value_name = "GLOB")]
    model: Vec<String>,
    /// Day from which prices apply that have no date in the list
    #[arg(long, value_name = "DATE", value_parser = moment)]
    from: Option<Timestamp>,
    /// Let prices without a date hold since the model's launch
    #[arg(long, conflicts_with = "from")]
    since_launch: bool,
    /// Leave out models that the price table has
    #[arg(long)]
    new_only: bool,
    /// Name and version of the list (default: from the file's name)
    #[arg(long, value_name = "NAME")]
    source_name: Option<String>,
    /// Day on which the list was read
    #[arg(long, value_name = "DATE")]
    read: Option<NaiveDate>,
    /// Write the draft to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map(|parsed| parsed.ts).map_err(|error| error.to_string())
}

impl ImportArgs {
    fn run(&self, app: &App) -> Result<Outcome, CliError> {
        let drafted = price_lists::draft(
            &app.table()?,
            &ImportOrder {
                file: self.file.clone(),
                seller: self.seller.clone(),
                provider: self.provider.clone(),
                models: self.model.clone(),
                from: self.from,
                since_launch: self.since_launch,
                new_only: self.new_only,
                source: self.source_name.clone(),
                read: self.read,
            },
        )?;
        for (model, why) in &drafted.left_out {
            app.ui.note(&format!("{model}: {why}"));
        }
        app.ui.note(&format!("{} models drafted; review every row before it goes into a table", drafted.count));
        app.write(&drafted.text, self.output.as_deref())
    }
}

impl PricesArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let table = app.table()?;
        match &self.action {
            Action::List { seller, output } => app.show(&mut prices::list(&table, seller.as_deref()), output),
            Action::Import(args) => args.run(app),
            Action::Show { model, output } => app.show(&mut prices::show(&table, model)?, output),
        }
    }
}
