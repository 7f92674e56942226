//! Options that several commands share: the same word means the same everywhere.

use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;

use crate::cli::error::CliError;
use crate::domain::Axis;
use crate::domain::Condition;
use crate::domain::Filter;
use crate::domain::Window;
use crate::domain::window::Frame;
use crate::ops::CachedInput;
use crate::ops::import::How;
use crate::render::Format;

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub struct GlobalArgs {
    /// Store to use (default: attr/attr.db in the user's data folder)
    #[arg(long, global = true, value_name = "PATH", help_heading = "Global options")]
    pub db: Option<PathBuf>,
    /// Settings file to use in place of the nearest attr.toml
    #[arg(long, global = true, value_name = "PATH", help_heading = "Global options")]
    pub config: Option<PathBuf>,
    /// Price table to use in place of the built-in one: a TOML file or a folder of them
    #[arg(long, global = true, value_name = "PATH", help_heading = "Global options")]
    pub pricing: Option<PathBuf>,
    /// File of what was agreed with sellers, private models and own names, on top of the price table (can be repeated)
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub overrides: Vec<PathBuf>,
    /// Zone that cuts days, weeks and months (default: UTC)
    #[arg(long, global = true, value_name = "IANA", help_heading = "Global options")]
    pub timezone: Option<String>,
    /// Moment to take for now: an RFC 3339 instant, a day, or `latest` for the store's last call
    #[arg(long, global = true, value_name = "INSTANT", help_heading = "Global options")]
    pub as_of: Option<String>,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", help_heading = "Global options")]
    pub color: Option<ColorChoice>,
    /// Print no notes, warnings or progress
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// Print more notes
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub verbose: bool,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorChoice {
    /// Returns the word.
    pub const fn name(self) -> &'static str {
        match self {
            ColorChoice::Auto => "auto",
            ColorChoice::Always => "always",
            ColorChoice::Never => "never",
        }
    }
}

/// How the answer is written, and where.
#[derive(Clone, Debug, Default, Args)]
pub struct OutputArgs {
    /// Format of the answer
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    pub format: Option<FormatArg>,
    /// Short for --format json
    #[arg(long, conflicts_with = "format", help_heading = "Output")]
    pub json: bool,
    /// Write the answer to a file
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
}

/// Formats, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// One JSON object a row
    Ndjson,
    /// One line a row, exact values
    Csv,
    /// For tickets and pages
    Markdown,
    /// Annotations of GitHub Actions (attr check)
    Github,
}

impl OutputArgs {
    /// Tells whether people read the answer, who see charts.
    pub fn is_drawn(&self) -> bool {
        matches!(self.format(), Format::Table | Format::Markdown)
    }

    /// Returns how many rows to show: as many as asked, 0 for all. Unasked, a table for people has `usual`, and formats for
    /// machines and pages are never cut.
    pub fn top(&self, asked: Option<usize>, usual: usize) -> Option<usize> {
        match asked {
            Some(0) => None,
            Some(top) => Some(top),
            None => (self.format() == Format::Table).then_some(usual),
        }
    }

    /// Returns the format meant.
    pub fn format(&self) -> Format {
        match self.format {
            _ if self.json => Format::Json,
            None | Some(FormatArg::Table) => Format::Table,
            Some(FormatArg::Json) => Format::Json,
            Some(FormatArg::Ndjson) => Format::Ndjson,
            Some(FormatArg::Csv) => Format::Csv,
            Some(FormatArg::Markdown) => Format::Markdown,
            Some(FormatArg::Github) => Format::Github,
        }
    }
}

/// Where a question looks.
#[derive(Clone, Debug, Default, Args)]
pub struct FromArgs {
    /// Answer from these files alone, without a store (can be repeated)
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = "Logs")]
    pub from: Vec<String>,
    /// How to read them
    #[command(flatten)]
    pub read: ReadArgs,
}

/// How logs are read.
#[derive(Clone, Debug, Default, Args)]
pub struct ReadArgs {
    /// Format of the logs (default: detected by content)
    #[arg(long, value_name = "NAME", help_heading = "Logs")]
    pub input_format: Option<String>,
    /// Column that holds a field, as ts=logged_at (can be repeated)
    #[arg(long, value_name = "FIELD=COLUMN", value_parser = pair, help_heading = "Logs")]
    pub map: Vec<(String, String)>,
    /// Value of a dimension for every call, as team=search (can be repeated)
    #[arg(long, value_name = "DIMENSION=VALUE", value_parser = pair, help_heading = "Logs")]
    pub set: Vec<(String, String)>,
    /// Whether input counts contain the cached tokens (default: decided by record)
    #[arg(long, value_enum, value_name = "WHERE", help_heading = "Logs")]
    pub cached_input: Option<CachedInputArg>,
    /// Name of the source of the logs (default: the format's name)
    #[arg(long, value_name = "NAME", help_heading = "Logs")]
    pub source: Option<String>,
}

/// Whether input counts contain the cached tokens, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CachedInputArg {
    /// The input count contains them
    Inside,
    /// They stand beside the input count
    Outside,
}

impl From<CachedInputArg> for CachedInput {
    fn from(arg: CachedInputArg) -> CachedInput {
        match arg {
            CachedInputArg::Inside => CachedInput::Inside,
            CachedInputArg::Outside => CachedInput::Outside,
        }
    }
}

impl ReadArgs {
    /// Returns what is meant.
    pub fn how(&self) -> How {
        let mut how = How {
            input_format: self.input_format.clone(),
            set: self.set.clone(),
            source: self.source.clone(),
            ..How::default()
        };
        how.options.map = self.map.clone();
        how.options.cached_input = self.cached_input.map(CachedInput::from);
        how
    }
}

/// Returns the axes named, each once.
pub fn axes(names: &[String]) -> Result<Vec<Axis>, CliError> {
    let mut axes: Vec<Axis> = Vec::new();
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let axis = Axis::parse(name);
        if axes.contains(&axis) {
            return Err(CliError::new(format!("`--by` names `{axis}` twice")));
        }
        axes.push(axis);
    }
    Ok(axes)
}

/// Understands `NAME=VALUE`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_string(), value.to_string())),
        _ => Err("expected NAME=VALUE".into()),
    }
}

/// Which span of time.
#[derive(Clone, Debug, Default, Args)]
pub struct WindowArgs {
    /// Start: 7d, 24h, 2w back from now; 2026-11-01, 2026-11; an instant; today, yesterday, this-month, last-month
    #[arg(long, value_name = "WHEN", help_heading = "Window")]
    pub since: Option<String>,
    /// End, the same words; a day or month is included whole
    #[arg(long, value_name = "WHEN", help_heading = "Window")]
    pub until: Option<String>,
    /// Both: a day, a month, or one of the words
    #[arg(long, value_name = "WHEN", conflicts_with_all = ["since", "until"], help_heading = "Window")]
    pub period: Option<String>,
}

impl WindowArgs {
    /// Returns the window meant.
    pub fn window(&self, frame: Frame) -> Result<Window, CliError> {
        Ok(match &self.period {
            Some(period) => Window::period(period, frame)?,
            None => Window::parse(self.since.as_deref(), self.until.as_deref(), frame)?,
        })
    }
}

/// Which calls.
#[derive(Clone, Debug, Default, Args)]
pub struct FilterArgs {
    /// Condition: KEY=VALUE, KEY!=VALUE, KEY~GLOB, KEY= (untagged), KEY=a,b (either); repeated, all must hold
    #[arg(long = "where", value_name = "CONDITION")]
    pub conditions: Vec<String>,
}

impl FilterArgs {
    /// Returns the filter meant.
    pub fn filter(&self) -> Result<Filter, CliError> {
        let conditions = self.conditions.iter().map(|text| Condition::parse(text)).collect::<Result<_, _>>()?;
        Ok(Filter(conditions))
    }
}
