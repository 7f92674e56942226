//! `attr why`.

use clap::Args;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FilterArgs;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::args::WindowArgs;
use crate::cli::args::axes;
use crate::cli::error::CliError;
use crate::domain::Window;
use crate::domain::window::Frame;
use crate::ops::why;
use crate::ops::why::Versus;
use crate::ops::why::WhyPlan;

/// Explain why a window cost more, or less, than another
///
/// Names the few places that explain the change, each with its dollars and its effects: more calls, longer prompts,
/// another model, other prices. The parts always sum to the change, to the last digit. Without a window, the last
/// seven days are compared with the seven before.
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// Window to compare with: previous, weekdays (the same weekdays, whole weeks before), SINCE..UNTIL
    #[arg(long, value_name = "WINDOW", default_value = "previous")]
    vs: String,
    /// Dimensions that may name a cause, eight at most (default: environment, feature, tenant, agent, team,
    /// prompt_version, model, provider)
    #[arg(long, value_name = "DIM", value_delimiter = ',')]
    by: Vec<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Least part of the window's cost that a cause must make up, in percent (default: 4)
    #[arg(long, value_name = "PERCENT")]
    min_share: Option<f64>,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl WhyArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let book = app.question(&self.from)?;
        let frame = app.frame(&book)?;
        let plan = WhyPlan {
            window: self.window.window(frame)?,
            versus: self.versus(frame)?,
            by: axes(&self.by)?,
            filter: self.filter.filter()?,
            min_share: self.min_share,
            now: frame.now,
            zone: frame.zone,
            drawn: self.output.is_drawn(),
        };
        let mut report = why::run(&book, &plan)?;
        app.show(&mut report, &self.output)
    }

    fn versus(&self, frame: Frame) -> Result<Versus, CliError> {
        Ok(match self.vs.as_str() {
            "previous" => Versus::Previous,
            "weekdays" => Versus::Weekdays,
            range => Versus::With(Window::range(range, frame)?),
        })
    }
}
