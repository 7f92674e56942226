//! The `[check]` block of settings files: what a project holds its spend to, checked with its line.
//!
//! The nearer file's block is the whole of it: gates of two files together are agreed on by nobody.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use crate::cli::error::CliError;
use crate::cli::settings::Origin;
use crate::cli::settings::line_of;
use crate::domain::Axis;
use crate::domain::Condition;
use crate::domain::Filter;
use crate::domain::Usd;
use crate::domain::window::Grain;
use crate::ops::check::Budget;
use crate::ops::check::Forecast;
use crate::ops::check::Gates;
use crate::ops::check::Period;
use crate::ops::check::RiseGate;
use crate::ops::check::SpikeGate;
use crate::ops::check::Unit;
use crate::ops::spikes::LEAST_TIMES;

/// The block of one file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Block {
    #[serde(default)]
    budget: Vec<Spanned<BudgetKeys>>,
    #[serde(default)]
    rise: Vec<Spanned<RiseKeys>>,
    #[serde(default)]
    untagged: BTreeMap<String, Spanned<f64>>,
    unpriced: Option<Spanned<f64>>,
    spikes: Option<Spanned<SpikeKeys>>,
    price_table_days: Option<u32>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpikeKeys {
    min_usd: Option<Amount>,
    min_times: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BudgetKeys {
    name: Option<String>,
    usd: Amount,
    period: Option<String>,
    #[serde(default, rename = "where")]
    conditions: Vec<String>,
    by: Option<String>,
    forecast: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RiseKeys {
    name: Option<String>,
    per: Option<String>,
    #[serde(default)]
    by: Vec<String>,
    #[serde(default, rename = "where")]
    conditions: Vec<String>,
    most: f64,
    least_usd: Option<Amount>,
}

/// Dollars as they are typed. A float is refused: it is not the amount that was typed.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Amount {
    Whole(u32),
    Text(String),
    Float(f64),
}

impl Amount {
    fn usd(&self) -> Result<Usd, String> {
        match self {
            Amount::Whole(dollars) => Usd::parse(&dollars.to_string()).map_err(|error| error.to_string()),
            Amount::Text(text) => match Usd::parse(text) {
                Ok(usd) if usd >= Usd::ZERO => Ok(usd),
                Ok(_) => Err(format!("`{text}` is below nothing")),
                Err(error) => Err(format!("`{text}` is no amount of dollars: {error}")),
            },
            Amount::Float(float) => Err(format!("{float} has to stand in quotes to be an exact amount: \"{float}\"")),
        }
    }
}

/// What the settings say of gates.
#[derive(Clone, Debug, Default)]
pub struct Check {
    /// The gates.
    pub gates: Gates,
    /// Each gate as it is shown: (name, value, origin).
    pub shown: Vec<(String, String, Origin)>,
}

/// A settings file as far as gates go.
pub(super) struct Source<'f> {
    pub(super) path: &'f Path,
    pub(super) text: &'f str,
    pub(super) block: Option<&'f Block>,
}

impl Check {
    /// Takes the block of the nearest file that has one.
    pub(super) fn gather<'f>(sources: impl Iterator<Item = Source<'f>>) -> Result<Check, CliError> {
        let mut with_block = sources.filter_map(|source| Some((source.block?, source.path, source.text)));
        let Some((block, path, text)) = with_block.next() else { return Ok(Check::default()) };
        let gates = block.gates(|span, reason| {
            CliError::new(format!("{}:{}: {reason}", path.display(), line_of(text, span.start)))
        })?;
        let origin = || Origin::File(path.to_path_buf());
        let mut shown = Vec::new();
        let names = gates.budgets.iter().map(|budget| ("check.budget", &budget.name));
        for (kind, name) in names.chain(gates.rises.iter().map(|rise| ("check.rise", &rise.name))) {
            shown.push((kind.to_string(), name.clone(), origin()));
        }
        for (axis, most) in &gates.untagged {
            shown.push((format!("check.untagged.{axis}"), most.to_string(), origin()));
        }
        shown.extend(gates.unpriced.map(|most| ("check.unpriced".to_string(), most.to_string(), origin())));
        shown.extend(
            gates.spikes.iter().map(|gate| ("check.spikes".to_string(), format!("{} times", gate.times), origin())),
        );
        shown.extend(gates.price_table_days.map(|days| ("check.price_table_days".into(), days.to_string(), origin())));
        Ok(Check { gates, shown })
    }
}

type Place = std::ops::Range<usize>;

impl Block {
    fn gates(&self, refuse: impl Fn(Place, String) -> CliError) -> Result<Gates, CliError> {
        let share = |name: &str, share: &Spanned<f64>| match *share.get_ref() {
            value if (0.0..=1.0).contains(&value) => Ok(value),
            value => Err(refuse(share.span(), format!("`{name}` is a share from 0 to 1, not {value}"))),
        };
        let mut gates = Gates { price_table_days: self.price_table_days, ..Gates::default() };
        for keys in &self.budget {
            gates.budgets.push(keys.get_ref().gate().map_err(|reason| refuse(keys.span(), reason))?);
        }
        for keys in &self.rise {
            gates.rises.push(keys.get_ref().gate().map_err(|reason| refuse(keys.span(), reason))?);
        }
        for (name, most) in &self.untagged {
            gates.untagged.push((Axis::parse(name), share(&format!("untagged.{name}"), most)?));
        }
        gates.spikes = self
            .spikes
            .as_ref()
            .map(|keys| keys.get_ref().gate().map_err(|reason| refuse(keys.span(), reason)))
            .transpose()?;
        gates.unpriced = self.unpriced.as_ref().map(|most| share("unpriced", most)).transpose()?;
        let spans = self.budget.iter().map(Spanned::span).chain(self.rise.iter().map(Spanned::span));
        let names = gates.budgets.iter().map(|budget| &budget.name).chain(gates.rises.iter().map(|rise| &rise.name));
        let mut seen: Vec<&String> = Vec::new();
        for (name, span) in names.zip(spans) {
            if seen.contains(&name) {
                return Err(refuse(span, format!("two gates are called `{name}`: give one of them a name of its own")));
            }
            seen.push(name);
        }
        Ok(gates)
    }
}

impl BudgetKeys {
    fn gate(&self) -> Result<Budget, String> {
        let filter = filter(&self.conditions)?;
        let by = self.by.as_deref().map(dimension).transpose()?;
        let period = self.period.as_deref().ok_or("a budget without a period: say period = \"month\", \"week\", \"day\", or once as \"2026-11\" or \"2026-11-01..2026-11-15\"")?;
        let period = match Grain::parse(period) {
            Some(Grain::Hour) => return Err("a budget is for a day, a week, a month or a span of days".into()),
            Some(grain) => Period::Every(grain),
            None => Period::Once(period.to_string()),
        };
        let forecast = match self.forecast.as_deref() {
            None | Some("warn") => Forecast::Warn,
            Some("fail") => Forecast::Fail,
            Some("off") => Forecast::Off,
            Some(word) => return Err(format!("`{word}` is nothing a forecast can do: use warn, fail or off")),
        };
        let usd = self.usd.usd()?;
        let name = self.name.clone().unwrap_or_else(|| {
            let span = match &period {
                Period::Every(grain) => format!("a {}", grain.name()),
                Period::Once(text) => format!("in {text}"),
            };
            described(&format!("{} {span}", usd.rounded()), by.as_slice(), &self.conditions)
        });
        Ok(Budget { name, usd, period, filter, by, forecast })
    }
}

impl SpikeKeys {
    fn gate(&self) -> Result<SpikeGate, String> {
        let least = self.min_usd.as_ref().map(Amount::usd).transpose()?;
        match self.min_times.unwrap_or(LEAST_TIMES) {
            times if times.is_finite() && times > 1.0 => Ok(SpikeGate { least, times }),
            times => Err(format!("`min_times` is a number above 1, not {times}: what is usual is once the usual")),
        }
    }
}

impl RiseKeys {
    fn gate(&self) -> Result<RiseGate, String> {
        let per = match self.per.as_deref() {
            None | Some("call") => Unit::Of(Axis::Call),
            Some("day") => Unit::Day,
            Some(name) => Unit::Of(dimension(name)?),
        };
        let by: Vec<Axis> = self.by.iter().map(|name| dimension(name)).collect::<Result<_, _>>()?;
        if !(self.most.is_finite() && self.most >= 0.0) {
            return Err(format!("`most` is the largest rise as a share, 0.1 for ten percent, not {}", self.most));
        }
        let least_usd = self.least_usd.as_ref().map_or(Ok(Usd::ZERO), Amount::usd)?;
        let name = self.name.clone();
        let name = name.unwrap_or_else(|| described(&format!("cost per {}", per.name()), &by, &self.conditions));
        Ok(RiseGate { name, per, by, filter: filter(&self.conditions)?, most: self.most, least_usd })
    }
}

fn filter(conditions: &[String]) -> Result<Filter, String> {
    let parsed = conditions.iter().map(|text| Condition::parse(text).map_err(|error| error.to_string()));
    Ok(Filter(parsed.collect::<Result<_, _>>()?))
}

fn dimension(name: &str) -> Result<Axis, String> {
    match Axis::parse(name) {
        Axis::Time(_) => Err(format!("`{name}` is a time: a gate goes by what was used, not by when")),
        axis => Ok(axis),
    }
}

/// Names a gate that nobody named by what it is.
fn described(what: &str, by: &[Axis], conditions: &[String]) -> String {
    let by: Vec<String> = by.iter().map(ToString::to_string).collect();
    let by = if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
    let conditions = if conditions.is_empty() { String::new() } else { format!(" where {}", conditions.join(", ")) };
    format!("{what}{by}{conditions}")
}
