//! The shape of a price file as TOML. What the values mean, and whether they agree, is checked in `build` and `check`.
//!
//! Every struct refuses unknown keys, so that a typo is an error and not a price. Prices are strings: a bare TOML
//! number would pass through a binary float, and is refused.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

/// The major number of the format that this version reads.
pub(super) const SCHEMA: u32 = 1;

/// `TABLE.toml`: the format's number and the table's version.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableFile {
    pub(super) schema: Spanned<u32>,
    pub(super) version: Spanned<String>,
}

/// A file of prices, of one seller or of several.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SellerFile {
    pub(super) schema: Option<Spanned<u32>>,
    pub(super) version: Option<Spanned<String>>,
    pub(super) seller: Option<Spanned<String>>,
    pub(super) currency: Option<Spanned<String>>,
    pub(super) usage: Option<String>,
    #[serde(default)]
    pub(super) provider_names: Vec<Spanned<String>>,
    pub(super) first_party: Option<bool>,
    #[serde(default)]
    pub(super) mode_names: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub(super) region: Vec<Spanned<RegionBlock>>,
    #[serde(default)]
    pub(super) tool: Vec<Spanned<ToolBlock>>,
    #[serde(default)]
    pub(super) model: Vec<Spanned<ModelBlock>>,
    #[serde(default)]
    pub(super) alias: Vec<Spanned<AliasBlock>>,
    #[serde(default)]
    pub(super) window: Vec<Spanned<WindowBlock>>,
    #[serde(default)]
    pub(super) holidays: Vec<Spanned<HolidaysBlock>>,
    #[serde(default)]
    pub(super) storage: Vec<Spanned<StorageBlock>>,
    #[serde(default, rename = "override")]
    pub(super) overrides: Vec<Spanned<OverrideBlock>>,
}

/// `[[region]]`: multiplies every token class of calls served in a region.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionBlock {
    pub(super) when: When,
    pub(super) mult: Spanned<String>,
    pub(super) from: Option<Spanned<Datetime>>,
    pub(super) models_released_from: Option<Spanned<Datetime>>,
    pub(super) models: Option<Vec<Spanned<String>>>,
    pub(super) src: Option<String>,
}

/// The regions a rule is for. Anthropic's logs call it `inference_geo`; both words mean the call's region.
/// `region_not` means every stated region but those.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    pub(super) region: Option<OneOrMany>,
    pub(super) inference_geo: Option<OneOrMany>,
    pub(super) region_not: Option<OneOrMany>,
}

/// A word or a list of words.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    /// Returns the words.
    pub(super) fn words(&self) -> impl Iterator<Item = &String> {
        match self {
            OneOrMany::One(word) => std::slice::from_ref(word).iter(),
            OneOrMany::Many(words) => words.iter(),
        }
    }
}

/// `[[tool]]`: the fee for uses of a tool on the seller's side.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolBlock {
    pub(super) id: Spanned<String>,
    pub(super) usd_per_1000: Spanned<String>,
    pub(super) per: Option<Spanned<String>>,
    pub(super) from: Option<Spanned<Datetime>>,
    pub(super) models: Option<Vec<Spanned<String>>>,
    pub(super) src: Option<String>,
}

/// `[[model]]`: a model and its rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelBlock {
    pub(super) id: Spanned<String>,
    pub(super) seller: Option<Spanned<String>>,
    pub(super) names: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) dated: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) strip: Vec<Spanned<String>>,
    pub(super) released: Option<Spanned<Datetime>>,
    #[serde(default)]
    pub(super) price: Vec<Spanned<PriceBlock>>,
}

/// `[[model.price]]`: what a model costs in one mode from one date on, for one band of prompt sizes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceBlock {
    pub(super) mode: Spanned<String>,
    pub(super) from: Option<Spanned<Datetime>>,
    #[serde(default)]
    pub(super) since_launch: bool,
    pub(super) known: Option<Spanned<Datetime>>,
    pub(super) withdrawn: Option<Spanned<Datetime>>,
    pub(super) prompt_max: Option<Spanned<u64>>,
    pub(super) prompt_below: Option<Spanned<u64>>,
    pub(super) prompt_over: Option<Spanned<u64>>,
    pub(super) prompt_from: Option<Spanned<u64>>,
    pub(super) usd_per_mtok: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub(super) fallback: BTreeMap<Spanned<String>, Spanned<String>>,
    pub(super) basis: Option<Spanned<String>>,
    pub(super) read: Option<Spanned<Datetime>>,
    pub(super) src: Option<String>,
    pub(super) window: Option<Spanned<String>>,
    pub(super) note: Option<String>,
    pub(super) fix: Option<String>,
    pub(super) exempt: Option<String>,
}

/// `[[window]]`: hours of the day, in UTC, on some days of the week, holidays excepted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowBlock {
    pub(super) id: Spanned<String>,
    pub(super) utc: Vec<Spanned<String>>,
    pub(super) days: Option<Spanned<OneOrMany>>,
    pub(super) except: Option<Spanned<String>>,
    pub(super) src: Option<String>,
}

/// `[[holidays]]`: the days a window excepts, and up to when they are known.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HolidaysBlock {
    pub(super) id: Spanned<String>,
    pub(super) covers_through: Spanned<Datetime>,
    pub(super) dates: Vec<Spanned<Datetime>>,
    pub(super) src: Option<String>,
}

/// `[[storage]]`: what an explicit cache costs while it is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StorageBlock {
    pub(super) usd_per_mtok_hour: Spanned<String>,
    pub(super) from: Option<Spanned<Datetime>>,
    pub(super) models: Option<Vec<Spanned<String>>>,
    pub(super) src: Option<String>,
}

/// `[[override]]`: what a user has agreed with a seller, in place of list price.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OverrideBlock {
    pub(super) seller: Option<Spanned<String>>,
    pub(super) models: Option<Vec<Spanned<String>>>,
    pub(super) modes: Option<Vec<Spanned<String>>>,
    pub(super) from: Option<Spanned<Datetime>>,
    pub(super) to: Option<Spanned<Datetime>>,
    pub(super) discount: Option<Spanned<String>>,
    pub(super) usd_per_mtok: Option<BTreeMap<Spanned<String>, Spanned<String>>>,
    pub(super) applies: Option<Vec<Spanned<String>>>,
    pub(super) note: Option<String>,
}

/// `[[alias]]`: a name that meant different models at different times, or a user's own name for a model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AliasBlock {
    pub(super) name: Spanned<String>,
    pub(super) seller: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) also: Vec<Spanned<String>>,
    pub(super) model: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) to: Vec<Spanned<MoveBlock>>,
    pub(super) src: Option<String>,
}

/// One move of an alias.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MoveBlock {
    pub(super) from: Spanned<Datetime>,
    pub(super) model: Spanned<String>,
}
