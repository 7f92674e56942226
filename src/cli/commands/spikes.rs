//! `attr spikes`.

use clap::Args;
use clap::ValueEnum;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FilterArgs;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::args::WindowArgs;
use crate::cli::args::axes;
use crate::cli::error::CliError;
use crate::domain::Axis;
use crate::domain::Usd;
use crate::domain::window::Grain;
use crate::ops::spikes;
use crate::ops::spikes::LEAST_TIMES;
use crate::ops::spikes::SpikesPlan;

/// Tell when which part of the calls cost far more than it usually does
///
/// The usual is learnt from up to 21 days before, by weekday or weekend and hour; three days are needed. One incident
/// is told once, at the series that says it best, the others stand in `also`; most excess dollars first. The window is
/// what is judged: a jump is told if it was known in it.
#[derive(Debug, Args)]
pub struct SpikesArgs {
    /// Dimensions to look along; run looks at single runs (default: environment, team, feature, tenant, agent, prompt
    /// version, model, run and the logs' own keys)
    #[arg(long, value_name = "DIM", value_delimiter = ',')]
    by: Vec<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Length of the buckets that are compared
    #[arg(long, value_enum, value_name = "GRAIN", default_value = "hour")]
    grain: GrainArg,
    /// Least excess in dollars (default: 6 % of what a day usually costs, and at least 1)
    #[arg(long, value_name = "N")]
    min_usd: Option<String>,
    /// Least cost, as times the usual
    #[arg(long, value_name = "X", default_value_t = LEAST_TIMES)]
    min_times: f64,
    /// Tell of each jump why it came about, as `attr why` does over its span
    #[arg(long)]
    explain: bool,
    /// Exit with 1 if there is any jump that was not planned
    #[arg(long)]
    fail: bool,
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

/// Lengths of buckets, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GrainArg {
    /// Clock hours
    Hour,
    /// Days of the time zone
    Day,
}

impl SpikesArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let book = app.question(&self.from)?;
        let frame = app.frame(&book)?;
        let plan = SpikesPlan {
            by: self.axes()?,
            window: self.window.window(frame)?,
            now: frame.now,
            zone: frame.zone,
            filter: self.filter.filter()?,
            grain: match self.grain {
                GrainArg::Hour => Grain::Hour,
                GrainArg::Day => Grain::Day,
            },
            least: self.least()?,
            times: self.times()?,
            events: app.settings.events.events(frame)?,
            drawn: self.output.is_drawn(),
            explain: self.explain,
        };
        let mut answer = spikes::run(&book, &plan)?;
        app.show(&mut answer.report, &self.output)?;
        let fails = self.fail && !self.no_fail && !answer.spikes.is_empty();
        Ok(if fails { Outcome::Failed } else { Outcome::Clean })
    }

    fn axes(&self) -> Result<Vec<Axis>, CliError> {
        let axes = axes(&self.by)?;
        match axes.iter().find(|axis| matches!(axis, Axis::Time(_))) {
            None => Ok(axes),
            Some(time) => Err(CliError::new(format!("`--by {time}`: time is what jumps are looked for in"))
                .hint("--grain day compares days in place of hours")),
        }
    }

    fn least(&self) -> Result<Option<Usd>, CliError> {
        let Some(text) = &self.min_usd else { return Ok(None) };
        match Usd::parse(text) {
            Ok(usd) if usd > Usd::ZERO => Ok(Some(usd)),
            _ => Err(CliError::new(format!("`--min-usd {text}` is no amount of dollars above zero"))),
        }
    }

    fn times(&self) -> Result<f64, CliError> {
        if self.min_times.is_finite() && self.min_times > 1.0 {
            return Ok(self.min_times);
        }
        Err(CliError::new(format!("`--min-times {}`: what is usual is once the usual", self.min_times))
            .hint("use a number above 1, such as 1.5"))
    }
}
