//! `attr slice`.

use clap::Args;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FilterArgs;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::args::WindowArgs;
use crate::cli::args::axes;
use crate::cli::error::CliError;
use crate::domain::Axis;
use crate::domain::Window;
use crate::domain::rollup::Logged;
use crate::domain::window::Frame;
use crate::ops::slice;
use crate::ops::slice::Audience;
use crate::ops::slice::Compare;
use crate::ops::slice::SlicePlan;
use crate::ops::slice::Sort;
use crate::render::Format;

/// A table of more groups than this is cut unless --top says otherwise; other formats are never cut unasked.
const TABLE_TOP: usize = 50;

/// Sum cost, calls and tokens by any dimensions
///
/// The rows always sum to the total, to the last digit. Dimensions: provider model tier region status source
/// feature tenant environment team user session prompt prompt_version route agent run trace task process skill
/// account api_key workspace, any other key of the logs by its own name, and hour day week month.
#[derive(Debug, Args)]
pub struct SliceArgs {
    /// Dimensions to group by (default: one total)
    #[arg(long, value_name = "DIM", value_delimiter = ',')]
    by: Vec<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Show so many groups and sum the rest in (other); 0 shows all
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// Order: cost, calls, or a dimension of --by
    #[arg(long, value_name = "KEY", default_value = "cost")]
    sort: String,
    /// Compare with the window before, or with another: previous, SINCE..UNTIL
    #[arg(long, value_name = "WINDOW")]
    compare: Option<String>,
    /// Show what one unit costs: run, user, session, trace, call or another dimension
    #[arg(long, value_name = "UNIT")]
    per: Option<String>,
    /// Show what the logs themselves say calls cost, and how far the price table differs
    #[arg(long)]
    logged: bool,
    /// Take the logged cost of calls that the price table cannot price; it is marked
    #[arg(long)]
    logged_cost: bool,
    /// Print subtotals by level
    #[arg(long)]
    tree: bool,
    /// Exit with 1 if any call has no price
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

impl SliceArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let book = app.question(&self.from)?;
        let frame = app.frame(&book)?;
        // A tree is shown whole, unless it is asked to be cut.
        let top = self.output.top(self.top.or(self.tree.then_some(0)), TABLE_TOP);
        let plan = SlicePlan {
            audience: match self.output.format() {
                Format::Json | Format::Ndjson => Audience::Machines,
                Format::Table | Format::Csv | Format::Markdown | Format::Github => Audience::People,
            },
            by: axes(&self.by)?,
            window: self.closed(self.window.window(frame)?, frame),
            zone: frame.zone,
            filter: self.filter.filter()?,
            top,
            sort: match self.sort.as_str() {
                "cost" => Sort::Cost,
                "calls" => Sort::Calls,
                key => Sort::Axis(Axis::parse(key)),
            },
            compare: match self.compare.as_deref() {
                None => None,
                Some("previous") => Some(Compare::Previous),
                Some(range) => Some(Compare::With(Window::range(range, frame)?)),
            },
            per: self.unit()?,
            tree: self.tree,
            logged: match (self.logged_cost, self.logged) {
                (true, _) => Logged::ForUnpriced,
                (false, true) => Logged::Beside,
                (false, false) => Logged::Ignored,
            },
        };
        let mut report = slice::run(&book, &plan)?;
        app.show(&mut report, &self.output)?;
        let unpriced = report.warnings.iter().any(|warning| warning.code == "unpriced_calls");
        Ok(if self.strict && unpriced && !self.no_fail { Outcome::Failed } else { Outcome::Clean })
    }

    /// `--compare previous` needs an end: a window without one ends now.
    fn closed(&self, window: Window, frame: Frame) -> Window {
        let compares =
            self.compare.as_deref() == Some("previous") && window.since.is_some_and(|since| since < frame.now);
        Window { until: window.until.or(compares.then_some(frame.now)), ..window }
    }

    fn unit(&self) -> Result<Option<Axis>, CliError> {
        Ok(match self.per.as_deref() {
            None => None,
            Some("call") => Some(Axis::Call),
            Some(name) => match Axis::parse(name) {
                Axis::Time(_) => {
                    return Err(CliError::new(format!("`--per {name}`: time is no unit"))
                        .hint("use run, user, session, trace or call"));
                }
                axis => Some(axis),
            },
        })
    }
}
