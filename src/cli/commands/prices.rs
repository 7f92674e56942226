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
use crate::ops::prices;
use crate::ops::prices::check;
use crate::ops::prices::check::CheckOrder;
use crate::ops::prices::diff;
use crate::ops::prices::lists;
use crate::ops::prices::lists::ImportOrder;

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
    /// Look for slips in a price table, also beside other lists; exit with 1 if there are any
    Check(CheckArgs),
    /// Show the rows by which two price tables differ
    Diff {
        /// A file or folder of prices, `builtin`, or the id of a table that the store keeps
        #[arg(value_name = "OLD")]
        old: String,
        /// Likewise
        #[arg(value_name = "NEW")]
        new: String,
        #[command(flatten)]
        output: OutputArgs,
    },
}

/// What to check.
#[derive(Debug, Args)]
struct CheckArgs {
    /// Table to check: a TOML file or a folder of them (default: the table in force)
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
    /// Price list to compare with: of LiteLLM, genai-prices or model-prices (can be repeated)
    #[arg(long, value_name = "FILE")]
    against: Vec<PathBuf>,
    /// File that says why the table differs from lists
    #[arg(long, value_name = "FILE", requires = "against")]
    explained: Option<PathBuf>,
    /// Moment whose prices are compared (default: now)
    #[arg(long, value_name = "DATE", value_parser = moment, requires = "against")]
    at: Option<Timestamp>,
    /// Add the rows of the table to those released, in FROZEN.txt of its folder
    #[arg(long)]
    freeze: bool,
    /// Exit with 0 even if something was found
    #[arg(long)]
    no_fail: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl CheckArgs {
    fn run(&self, app: &App) -> Result<Outcome, CliError> {
        let order = CheckOrder {
            path: self.path.clone().or_else(|| app.settings.pricing.value.clone()),
            against: self.against.clone(),
            explained: self.explained.clone(),
            at: self.at,
            freeze: self.freeze,
        };
        let (mut report, fine) = check::check(&order, app.now()?)?;
        app.show(&mut report, &self.output)?;
        Ok(if fine || self.no_fail { Outcome::Clean } else { Outcome::Failed })
    }
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
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map(|parsed| parsed.ts).map_err(|error| error.to_string())
}

impl ImportArgs {
    fn run(&self, app: &App) -> Result<Outcome, CliError> {
        let drafted = lists::draft(
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
        app.ui.note(&format!("models drafted: {}; review every row before it goes into a table", drafted.count));
        app.write(&drafted.text, self.output.as_deref())
    }
}

impl PricesArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        match &self.action {
            Action::List { seller, output } => app.show(&mut prices::list(&app.table()?, seller.as_deref())?, output),
            Action::Show { model, output } => app.show(&mut prices::show(&app.table()?, model)?, output),
            Action::Import(args) => args.run(app),
            Action::Check(args) => args.run(app),
            Action::Diff { old, new, output } => app.show(&mut diff::diff(old, new, &app.settings.db.value)?, output),
        }
    }
}
