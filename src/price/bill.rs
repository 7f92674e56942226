//! The charges a call is made of, and how a bill shows them. Which charges there are is `pricer`'s business.

use crate::domain::money::Usd;
use crate::domain::tokens::Class;

use crate::price::rows::{Model, Price, Region, Tool, ToolUnit, decimal, show_date};

/// The cost of a call, item by item.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Bill {
    /// The cost: the sum of the items, rounded once to a picodollar.
    pub cost: Usd,
    /// The items, token classes first.
    pub items: Vec<Item>,
    /// Whether a class was billed at another class's price because the seller prints none.
    pub fallback: bool,
}

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Item {
    /// The token class, or `tool:` and the tool's id.
    pub item: String,
    /// Tokens, or uses.
    pub quantity: u64,
    /// The class whose price was taken, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billed_as: Option<String>,
    /// List price for a million tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd_per_mtok: Option<String>,
    /// List price for a thousand uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd_per_1000: Option<String>,
    /// The region's multiplier; `1` without one.
    pub multiplier: String,
    /// The exact amount, not rounded: up to 18 decimals.
    pub usd: String,
    /// The row: `anthropic/claude-sonnet-4-6/standard@2026-03-13`.
    pub price_row: String,
}

/// What a sum of charges is made of, before it is rounded. `price` adds up the charges, `itemise` shows them.
pub(super) enum Charge<'t> {
    Tokens { class: Class, count: u64, rate: i64, as_class: Class },
    Tool { tool: &'t Tool, uses: u64 },
}

impl Charge<'_> {
    /// Returns the exact amount in attodollars (1e-18 USD).
    ///
    /// It cannot overflow: a count is at most 1e10, a rate 1e17 picodollars, a multiplier 1e8 over a power of ten.
    pub(super) fn atto(&self, region: Option<&Region>) -> i128 {
        match self {
            Charge::Tokens { count, rate, .. } => {
                // Picodollars for a million tokens are attodollars for one.
                let list = i128::from(*count) * i128::from(*rate);
                match region {
                    None => list,
                    // Exact: a rate whose product is not was refused when the table was loaded.
                    Some(Region { fraction: (up, down), .. }) => list * i128::from(*up) / i128::from(*down),
                }
            }
            // Picodollars for a thousand uses are a thousand attodollars for one.
            Charge::Tool { tool, uses } => {
                i128::from(billed_uses(tool, *uses)) * i128::from(tool.pico_per_1000) * 1_000
            }
        }
    }

    pub(super) fn is_fallback(&self) -> bool {
        matches!(self, Charge::Tokens { class, as_class, .. } if class != as_class)
    }

    pub(super) fn item(&self, model: &Model, row: &Price, region: Option<&Region>) -> Item {
        let usd = exact(self.atto(region));
        match self {
            Charge::Tokens { class, count, rate, as_class } => Item {
                item: class.name().to_string(),
                quantity: *count,
                billed_as: self.is_fallback().then(|| as_class.name().to_string()),
                usd_per_mtok: Some(decimal(*rate)),
                usd_per_1000: None,
                multiplier: region.map_or_else(|| "1".to_string(), |region| region.mult.clone()),
                usd,
                price_row: format!("{}/{}/{}", model.seller, model.id, row.key()),
            },
            Charge::Tool { tool, uses } => Item {
                item: format!("tool:{}", tool.id),
                quantity: billed_uses(tool, *uses),
                billed_as: None,
                usd_per_mtok: None,
                usd_per_1000: Some(tool.usd_per_1000()),
                multiplier: "1".to_string(),
                usd,
                price_row: tool_row(model, tool),
            },
        }
    }
}

/// Returns how many units of a tool's fee some uses make.
fn billed_uses(tool: &Tool, uses: u64) -> u64 {
    match tool.per {
        ToolUnit::Use => uses,
        ToolUnit::Call => uses.min(1),
    }
}

fn tool_row(model: &Model, tool: &Tool) -> String {
    let from = tool.from.map_or_else(|| "launch".to_string(), show_date);
    match &tool.models {
        None => format!("{}/tool:{}@{from}", model.seller, tool.id),
        Some(_) => format!("{}/{}/tool:{}@{from}", model.seller, model.id, tool.id),
    }
}

/// Writes attodollars as an exact decimal of dollars.
fn exact(atto: i128) -> String {
    const ATTO: i128 = 1_000_000_000_000_000_000;
    let (whole, fraction) = (atto / ATTO, atto % ATTO);
    if fraction == 0 {
        return whole.to_string();
    }
    let digits = format!("{fraction:018}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}
