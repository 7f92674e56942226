//! The commands, one file each. A new one is a file and three lines here.

mod cache;
mod chargeback;
mod check;
mod config;
mod duplicates;
mod explain;
mod import;
mod imports;
mod loops;
mod outcomes;
mod prices;
mod reconcile;
mod reprice;
mod slice;
mod spikes;
mod status;
mod store;
mod trace;
mod why;

use clap::Subcommand;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::error::CliError;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bring usage logs, bills and outcomes into the store
    Import(import::ImportArgs),
    /// List the imports, or take one out again
    Imports(imports::ImportsArgs),
    /// Sum cost, calls and tokens by any dimensions
    Slice(slice::SliceArgs),
    /// Tell when which part of the calls cost far more than it usually does
    Spikes(spikes::SpikesArgs),
    /// Show how one call's cost comes about
    Explain(explain::ExplainArgs),
    /// Show what runs cost beside what came of them: cost per passed task, waste, revenue and margin
    Outcomes(outcomes::OutcomesArgs),
    /// Show a trace, run or session as a tree, with what each part of it costs
    Trace(trace::TraceArgs),
    /// Show what the price table holds
    Prices(prices::PricesArgs),
    /// Explain why a window cost more, or less, than another
    Why(why::WhyArgs),
    /// Compare a bill with the logged calls and name every difference
    Reconcile(reconcile::ReconcileArgs),
    /// Split a bill over tenants or any other dimensions, to the cent
    Chargeback(chargeback::ChargebackArgs),
    /// Hold the spend against the gates of attr.toml
    Check(check::CheckArgs),
    /// Find runs that go round in circles and storms of retries, with what they cost beyond the usual
    Loops(loops::LoopsArgs),
    /// Show what prompt caching saved or lost, and what could have gone through batches
    Cache(cache::CacheArgs),
    /// Compare stored costs with those by other prices, or move the store to them
    Reprice(reprice::RepriceArgs),
    /// List calls that two sources have probably both logged; leave them out on request
    Duplicates(duplicates::DuplicatesArgs),
    /// Tell what the store holds and how far it can be believed
    Status(status::StatusArgs),
    /// Show each setting with its origin
    Config(config::ConfigArgs),
    /// Check the store, or make its derived half anew
    Store(store::StoreArgs),
}

impl Command {
    /// Runs the command.
    pub fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        match self {
            Command::Import(args) => args.run(app),
            Command::Imports(args) => args.run(app),
            Command::Slice(args) => args.run(app),
            Command::Spikes(args) => args.run(app),
            Command::Explain(args) => args.run(app),
            Command::Outcomes(args) => args.run(app),
            Command::Trace(args) => args.run(app),
            Command::Prices(args) => args.run(app),
            Command::Why(args) => args.run(app),
            Command::Reconcile(args) => args.run(app),
            Command::Chargeback(args) => args.run(app),
            Command::Check(args) => args.run(app),
            Command::Loops(args) => args.run(app),
            Command::Cache(args) => args.run(app),
            Command::Reprice(args) => args.run(app),
            Command::Duplicates(args) => args.run(app),
            Command::Status(args) => args.run(app),
            Command::Config(args) => args.run(app),
            Command::Store(args) => args.run(app),
        }
    }
}
