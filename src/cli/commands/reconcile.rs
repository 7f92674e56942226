//! `attr reconcile`.

use clap::Args;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::args::WindowArgs;
use crate::cli::error::CliError;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::window::Frame;
use crate::ops::bills;
use crate::ops::reconcile;
use crate::ops::reconcile::Fx;
use crate::ops::reconcile::ReconcilePlan;
use crate::render::Format;

/// Compare a bill with the logged calls and name every difference
///
/// Invoiced = logged + causes + unexplained, exactly. Give the provider's cost export, and its usage export beside it
/// where there is one: counts turn guesses into measurements. Ids are those of `attr imports`; without any bill all
/// imported ones are taken. Exits with 1 if something is left that neither rounding nor a cause accounts for.
#[derive(Debug, Args)]
pub struct ReconcileArgs {
    /// Bills: files, folders, or numbers of imported ones
    #[arg(value_name = "INVOICE")]
    invoices: Vec<String>,
    #[command(flatten)]
    bill: BillArgs,
    /// Dollars that may stay unexplained
    #[arg(long, value_name = "USD", value_parser = usd, default_value = "0")]
    tolerance_usd: Usd,
    /// Percent of the bill that may stay unexplained
    #[arg(long, value_name = "PERCENT", value_parser = percent, default_value = "0")]
    tolerance_pct: i128,
    /// Show every cell that differs, not only the largest
    #[arg(long)]
    all_cells: bool,
    /// Exit with 1 also if any cause but rounding was needed
    #[arg(long)]
    strict: bool,
    /// Exit with 0 even if a check failed
    #[arg(long)]
    no_fail: bool,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// How bills are read; the same for every command that takes them.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct BillArgs {
    /// Format of the bills (default: detected by content)
    #[arg(long, value_name = "NAME", help_heading = "Bills")]
    bill_format: Option<String>,
    /// Read the bills by [invoice.NAME] of attr.toml
    #[arg(long, value_name = "NAME", help_heading = "Bills")]
    mapping: Option<String>,
    /// What a currency is worth in dollars, as EUR=1.08, or EUR=1.08@2026-10-01 from a day on (can be repeated)
    #[arg(long, value_name = "CURRENCY=USD", value_parser = reconcile::parse_fx, help_heading = "Bills")]
    fx: Vec<Fx>,
}

fn usd(text: &str) -> Result<Usd, String> {
    Usd::parse(text).map_err(|error| error.to_string())
}

/// Reads percent as millionths.
fn percent(text: &str) -> Result<i128, String> {
    let bare = text.trim().trim_end_matches('%').trim();
    let (ppm, _) = crate::domain::money::parse_scaled(bare, 4).map_err(|error| error.to_string())?;
    Ok(ppm)
}

impl BillArgs {
    /// Plans what to read; the rest is the command's.
    pub(super) fn plan(
        &self,
        app: &App,
        invoices: &[String],
        window: Window,
        frame: Frame,
    ) -> Result<ReconcilePlan, CliError> {
        let mappings = bills::Mappings { of: app.settings.invoices.of.clone() };
        let mapping = self.mapping.as_deref().map(|name| app.settings.invoices.named(name)).transpose()?;
        Ok(ReconcilePlan {
            invoices: invoices.to_vec(),
            how: bills::How { input_format: self.bill_format.clone(), mapping },
            mappings,
            window,
            now: frame.now,
            fx: self.fx.clone(),
            ..ReconcilePlan::default()
        })
    }
}

impl ReconcileArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let book = app.question(&self.from)?;
        let frame = app.frame(&book)?;
        let plan = ReconcilePlan {
            tolerance: self.tolerance_usd,
            tolerance_ppm: self.tolerance_pct,
            all_cells: self.all_cells,
            flat: self.output.format() == Format::Csv,
            ..self.bill.plan(app, &self.invoices, self.window.window(frame)?, frame)?
        };
        let (mut report, ended) = reconcile::run(&book, &plan)?;
        app.show(&mut report, &self.output)?;
        let failed = ended.open || self.strict && ended.needed_causes;
        Ok(if failed && !self.no_fail { Outcome::Failed } else { Outcome::Clean })
    }
}
