//! `attr check`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::args::WindowArgs;
use crate::cli::error::CliError;
use crate::ops::check;
use crate::ops::check::CheckPlan;
use crate::ops::check::baseline::Baseline;

/// Hold the spend against the gates of attr.toml
///
/// Budgets with a forecast to the end of their period, the largest rise of what a call, run or day costs against a
/// baseline file, the share of spend without a tag and of calls without a price, jumps, and the age of the price table.
/// Exits with 1 if any gate fails.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Compare what units cost with this file, written by --write-baseline
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what units cost now to a file, to be agreed on and kept in git
    #[arg(long, value_name = "FILE", requires = "reason")]
    write_baseline: Option<PathBuf>,
    /// Why the baseline is written anew; kept in the file
    #[arg(long, value_name = "TEXT", requires = "write_baseline")]
    reason: Option<String>,
    /// Exit with 0 even if a gate failed
    #[arg(long)]
    no_fail: bool,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    output: OutputArgs,
}

const EXAMPLE: &str = "add one to attr.toml, as [[check.budget]] with usd = \"500\" and period = \"month\"";

impl CheckArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let gates = app.settings.check.gates.clone();
        if gates.is_empty() {
            return Err(CliError::new("no gate to check: the settings have none").hint(EXAMPLE));
        }
        if self.write_baseline.is_some() && gates.rises.is_empty() {
            return Err(CliError::new("no gate needs a baseline: the settings have no [[check.rise]]"));
        }
        // Read before the store is: a file that cannot be used should not cost an import.
        let baseline = self.baseline.as_ref().map(|path| Ok::<_, CliError>((path.clone(), Baseline::read(path)?)));
        let baseline = baseline.transpose()?;
        let book = app.question(&self.from)?;
        let frame = app.frame(&book)?;
        let window = self.window.window(frame)?;
        let plan = CheckPlan {
            gates,
            window: (window != Default::default()).then_some(window),
            frame,
            baseline,
            events: app.settings.events.events(frame)?,
        };
        let mut checked = check::run(&book, &plan)?;
        app.show(&mut checked.report, &self.output)?;
        if let (Some(path), Some(reason)) = (&self.write_baseline, &self.reason) {
            let measured = checked.measured.because(reason);
            measured.write(path)?;
            app.ui.note(&format!("{} holds what units cost now, in {} groups", path.display(), measured.rows()));
        }
        Ok(if checked.failed && !self.no_fail { Outcome::Failed } else { Outcome::Clean })
    }
}
