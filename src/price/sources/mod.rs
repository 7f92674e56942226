//! Price lists that others publish, read into one neutral form: to compare our table with, and to draft rows from.
//!
//! Each list has a reader of its own that knows the list's traps: LiteLLM's price map ([`litellm`]), the data of
//! genai-prices ([`genai`]) and the snapshot of model-prices ([`model_prices`]). A list is told by its shape. What a
//! reader does not understand in an entry stands in [`Entry::unread`]; nothing is dropped without a word, and
//! nothing here decides whether a list is right.

mod genai;
mod json;
mod litellm;
mod litellm_keys;
mod model_prices;
mod write;

use crate::domain::time::Timestamp;
use crate::domain::tokens::{CLASSES, Class};

use crate::price::mode::Mode;
use crate::price::rows::{Basis, decimal};

pub use write::{Draft, Head};

use json::Node;

/// Picodollars for a million tokens, by class.
pub type Rates = [Option<i64>; CLASSES];

/// Why a file is not a price list.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It is not JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is JSON of another shape.
    #[error(
        "not a price list that is known: LiteLLM's price map, the data of genai-prices, or a model-prices snapshot"
    )]
    Shape,
}

/// Which list it is, by its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// The price map of LiteLLM, and of tokencost, which copies it.
    LiteLlm,
    /// The data of genai-prices.
    GenaiPrices,
    /// A snapshot of model-prices.
    ModelPrices,
}

impl ListKind {
    /// Returns the list's name.
    pub const fn name(self) -> &'static str {
        match self {
            ListKind::LiteLlm => "litellm",
            ListKind::GenaiPrices => "genai-prices",
            ListKind::ModelPrices => "model-prices",
        }
    }
}

/// A price list, read.
#[derive(Clone, Debug)]
pub struct PriceList {
    /// Which list.
    pub kind: ListKind,
    /// Its models, in its order.
    pub entries: Vec<Entry>,
    /// Calendars of days off that its windows name.
    pub calendars: Vec<Calendar>,
}

/// What a list says of one model of one provider.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The provider, in the list's own word.
    pub provider: String,
    /// The model's id, without the provider.
    pub id: String,
    /// Every exact name, the id first.
    pub names: Vec<String>,
    /// Names with a date in them, in the way of our files: `x-{yyyymmdd}`.
    pub dated: Vec<String>,
    /// Other ways in which the list knows the model; they may fit names of other models too.
    pub matches: Vec<String>,
    /// What the model is for, if the list says: `chat`, `embedding`.
    pub kind: Option<String>,
    /// Its prices.
    pub quotes: Vec<Quote>,
    /// Fees of tools.
    pub fees: Vec<Fee>,
    /// What the list says of it that is not in the fields above.
    pub unread: Vec<String>,
}

/// One price of a list: the classes of one mode, date, window and band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The mode.
    pub mode: Mode,
    /// The first instant, if the list says one.
    pub from: Option<Timestamp>,
    /// Whether the list means it for all time before, too.
    pub since_launch: bool,
    /// How good the date is, if the list says it.
    pub basis: Option<Basis>,
    /// The smallest prompt.
    pub prompt_min: u64,
    /// The largest prompt.
    pub prompt_max: Option<u64>,
    /// The hours it holds in; without them, at all other times.
    pub window: Option<Hours>,
    /// The rates; none at all where nothing is sold, or the list says no price.
    pub rates: Rates,
    /// What the list names as its source.
    pub src: Option<String>,
}

impl Quote {
    fn new(mode: Mode) -> Quote {
        Quote {
            mode,
            from: None,
            since_launch: false,
            basis: None,
            prompt_min: 0,
            prompt_max: None,
            window: None,
            rates: [None; CLASSES],
            src: None,
        }
    }

    /// Returns the classes with their dollars for a million tokens, as decimals.
    pub fn decimals(&self) -> impl Iterator<Item = (Class, String)> + '_ {
        Class::ALL.into_iter().filter_map(|class| Some((class, decimal(self.rates[class as usize]?))))
    }

    /// Tells whether the quote holds no price.
    pub fn is_empty(&self) -> bool {
        self.rates.iter().all(Option::is_none)
    }

    /// Tells whether a prompt of that size falls into the band.
    pub fn holds(&self, prompt: u64) -> bool {
        prompt >= self.prompt_min && self.prompt_max.is_none_or(|max| prompt <= max)
    }
}

/// Hours of some days, in UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours {
    /// Start in, end out: `01:00-04:00`.
    pub utc: Vec<String>,
    /// The days on which the hours start, `mon` to `sun`; none of them for every day.
    pub days: Vec<&'static str>,
    /// The calendar of the days on which they do not hold.
    pub except: Option<String>,
}

/// Days off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Its name.
    pub id: String,
    /// The last day it speaks of.
    pub covers_through: String,
    /// The days.
    pub dates: Vec<String>,
}

/// The fee for a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fee {
    /// The tool.
    pub tool: &'static str,
    /// Picodollars for a thousand uses.
    pub pico_per_1000: i64,
}

/// Names of days as price files write them, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl PriceList {
    /// Reads a list, whichever it is.
    ///
    /// # Errors
    /// Where the text is not JSON, or of a shape that no list has.
    pub fn read(text: &str) -> Result<PriceList, ListError> {
        let root = json::parse(text)?;
        if let Some(prices) = root.get("prices").filter(|_| root.get("schema").is_some()) {
            return Ok(model_prices::read(&root, prices));
        }
        let providers = root.get("providers").unwrap_or(&root);
        if !providers.items().is_empty() && providers.items().iter().all(|item| item.get("models").is_some()) {
            return Ok(genai::read(providers));
        }
        if root.pairs().iter().any(|(_, entry)| entry.get("litellm_provider").is_some()) {
            return Ok(litellm::read(&root));
        }
        Err(ListError::Shape)
    }

    /// Returns the providers, each once, in the list's order.
    pub fn providers(&self) -> Vec<&str> {
        let mut seen = std::collections::HashSet::new();
        self.entries.iter().map(|entry| entry.provider.as_str()).filter(|provider| seen.insert(*provider)).collect()
    }
}

impl Entry {
    /// Notes what was not understood.
    fn unread(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.unread.contains(&what) {
            self.unread.push(what);
        }
    }

    /// Adds a fee, in dollars for so many uses.
    fn fee(&mut self, tool: &'static str, key: &str, node: &Node<'_>, per_1000: bool) {
        match node.scaled(if per_1000 { 12 } else { 15 }) {
            Ok(0) => {}
            Ok(pico_per_1000) => {
                let fee = Fee { tool, pico_per_1000 };
                if !self.fees.contains(&fee) {
                    self.fees.push(fee);
                }
            }
            Err(why) => self.unread(format!("{key}: {why}")),
        }
    }
}

/// Returns the class of a cache write that names no lifetime: OpenAI keeps for half an hour, the others for five minutes.
fn short_write(provider: &str, model: &str) -> Class {
    // Claude is sold by Azure too.
    let openai = ["openai", "azure", "azure_ai"].contains(&provider) && !model.contains("claude");
    let openai = openai || model.contains("gpt-");
    if openai { Class::CacheWrite30m } else { Class::CacheWrite5m }
}

/// Returns the class of the longer-lived cache write.
fn long_write(provider: &str, model: &str) -> Class {
    match short_write(provider, model) {
        Class::CacheWrite30m => Class::CacheWrite12h,
        _ => Class::CacheWrite1h,
    }
}

/// Returns the first size past a bound: xAI's own bounds are in already, whoever sells its models.
fn past(above: u64, provider: &str, model: &str) -> u64 {
    if provider == "xai" || model.contains("grok-") { above } else { above.saturating_add(1) }
}

/// Cuts the sizes at the bounds (each the first size of its band) and returns the bands.
fn bands(bounds: impl IntoIterator<Item = u64>) -> Vec<(u64, Option<u64>)> {
    let mut starts: Vec<u64> = std::iter::once(0).chain(bounds).collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).map(|next| Some(next - 1)).chain([None]);
    starts.iter().copied().zip(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::bands;

    #[test]
    fn bands_tile_every_size() {
        assert_eq!(bands([]), [(0, None)]);
        assert_eq!(bands([256_001, 128_001, 256_001]), [(0, Some(128_000)), (128_001, Some(256_000)), (256_001, None)]);
    }
}
