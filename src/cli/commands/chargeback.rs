//! `attr chargeback`.

use clap::Args;
use clap::ValueEnum;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FormatArg;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::args::WindowArgs;
use crate::cli::args::axes;
use crate::cli::commands::reconcile::BillArgs;
use crate::cli::error::CliError;
use crate::ops::chargeback;
use crate::ops::chargeback::ChargebackPlan;
use crate::ops::chargeback::Form;
use crate::ops::chargeback::Spread;
use crate::render::Format;

/// Split a bill over tenants or any other dimensions, to the cent
///
/// What the bill asks for a day, model and token class is shared by those who logged calls there, in proportion to what
/// their calls cost; the rows sum to the bill. What no logged call has a part in, tax and credits are rows of their own
/// unless --spread says otherwise. Ids are those of `attr imports`; without any bill all imported ones are taken.
#[derive(Debug, Args)]
pub struct ChargebackArgs {
    /// Bills: files, folders, or numbers of imported ones
    #[arg(value_name = "INVOICE")]
    invoices: Vec<String>,
    /// Dimensions to split by, the outermost first
    #[arg(long, value_name = "DIM", value_delimiter = ',', required = true)]
    by: Vec<String>,
    /// What becomes of money that has no owner
    #[arg(long, value_enum, value_name = "RULE", default_value = "none")]
    spread: SpreadArg,
    /// Write rows of FOCUS, as CSV
    #[arg(long)]
    focus: bool,
    #[command(flatten)]
    bill: BillArgs,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What becomes of money without an owner, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SpreadArg {
    /// It is shown as rows of its own
    None,
    /// It follows what the owners have to pay
    Proportional,
    /// The same for each owner
    Even,
}

impl From<SpreadArg> for Spread {
    fn from(arg: SpreadArg) -> Spread {
        match arg {
            SpreadArg::None => Spread::None,
            SpreadArg::Proportional => Spread::Proportional,
            SpreadArg::Even => Spread::Even,
        }
    }
}

impl ChargebackArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let output = self.output()?;
        let book = app.question(&self.from)?;
        let frame = app.frame(&book)?;
        let plan = ChargebackPlan {
            bills: self.bill.plan(app, &self.invoices, self.window.window(frame)?, frame)?,
            by: axes(&self.by)?,
            spread: self.spread.into(),
            form: match output.format() {
                _ if self.focus => Form::Focus,
                Format::Json | Format::Ndjson => Form::Machines,
                Format::Csv => Form::Ledger,
                Format::Table | Format::Markdown | Format::Github => Form::People,
            },
        };
        let mut report = chargeback::run(&book, &plan)?;
        app.show(&mut report, &output)
    }

    /// Returns how the answer is written: FOCUS is CSV.
    fn output(&self) -> Result<OutputArgs, CliError> {
        if !self.focus {
            return Ok(self.output.clone());
        }
        let other = self.output.json || self.output.format.is_some_and(|format| format != FormatArg::Csv);
        if other {
            return Err(CliError::new("`--focus` writes CSV and nothing else").hint("leave --format and --json out"));
        }
        Ok(OutputArgs { format: Some(FormatArg::Csv), ..self.output.clone() })
    }
}
