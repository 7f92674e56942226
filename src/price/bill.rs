//! The charges a call is made of, and how a bill shows them. Which charges there are is `pricer`'s business.

use crate::domain::money::{Usd, div_half_even};
use crate::domain::tokens::Class;

use crate::price::deal::{Override, Terms};
use crate::price::rows::{Model, Price, Region, Tool, ToolUnit, decimal, show_date};

/// The cost of a call, item by item.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Bill {
    /// The cost: the sum of the items, rounded once to a picodollar.
    pub cost: Usd,
    /// The cost by list price, where it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<Usd>,
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
    /// Tokens, or uses; of storage, token-seconds.
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
    /// List price for a million tokens kept for an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd_per_mtok_hour: Option<String>,
    /// The region's multiplier; `1` without one.
    pub multiplier: String,
    /// The amount, not rounded: up to 18 decimals, exact but for storage, which is rounded there.
    pub usd: String,
    /// The amount by list price, where it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_usd: Option<String>,
    /// Agreed price for a million tokens, in place of list price and multiplier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreed_usd_per_mtok: Option<String>,
    /// The part taken off list price and multiplier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<String>,
    /// What was agreed in place of it: `override contract.toml:12`.
    #[serde(rename = "override", skip_serializing_if = "Option::is_none")]
    pub agreed: Option<String>,
    /// The row: `anthropic/claude-sonnet-4-6/standard@2026-03-13`.
    pub price_row: String,
}

/// What a sum of charges is made of, before it is rounded. `price` adds up the charges, `itemise` shows them.
pub(super) enum Charge<'t> {
    Tokens {
        class: Class,
        count: u64,
        rate: i64,
        as_class: Class,
    },
    /// Tokens that have an agreed price and none on the list.
    Agreed {
        class: Class,
        count: u64,
        rate: i64,
    },
    Tool {
        tool: &'t Tool,
        uses: u64,
    },
}

/// What turns a quantity into an amount: the model's row, the rule of the region, and what was agreed.
#[derive(Clone, Copy)]
pub(super) struct Factors<'t> {
    pub(super) model: &'t Model,
    /// The row of the list; `None` where only an agreed price makes the call priceable.
    pub(super) row: Option<&'t Price>,
    pub(super) region: Option<&'t Region>,
    pub(super) deal: Option<&'t Override>,
}

impl Charge<'_> {
    /// Returns the amount by list price in attodollars (1e-18 USD), exact but for storage.
    ///
    /// It cannot overflow: a count is at most 1e15, a rate 1e17 picodollars, a multiplier 1e8 over a power of ten
    /// (and then the count at most 1e10).
    pub(super) fn list_atto(&self, factors: &Factors<'_>) -> i128 {
        match self {
            Charge::Tokens { count, rate, .. } => {
                // Picodollars for a million tokens are attodollars for one.
                let list = i128::from(*count) * i128::from(*rate);
                match factors.region {
                    None => list,
                    // Exact: a rate whose product is not was refused when the table was loaded.
                    Some(Region { fraction: (up, down), .. }) => list * i128::from(*up) / i128::from(*down),
                }
            }
            Charge::Agreed { count, rate, .. } => i128::from(*count) * i128::from(*rate),
            Charge::Tool { tool, uses } => {
                let product = i128::from(billed_uses(tool, *uses)) * i128::from(tool.pico);
                match tool.per {
                    // Picodollars for a thousand uses are a thousand attodollars for one.
                    ToolUnit::Use | ToolUnit::Call => product * 1_000,
                    // Picodollars for a million tokens and an hour; 3,600 is no power of ten.
                    ToolUnit::TokenSecond => div_half_even(product, 3_600),
                }
            }
        }
    }

    /// Returns the amount as agreed, in attodollars; exact, as [`Charge::list_atto`] is.
    pub(super) fn atto(&self, factors: &Factors<'_>) -> i128 {
        let list = self.list_atto(factors);
        match (factors.deal, self) {
            (Some(Override { terms: Terms::Discount { paid: (up, down), .. }, .. }), _) => {
                div_half_even(list * i128::from(*up), i128::from(*down))
            }
            (Some(deal), Charge::Tokens { count, .. }) => {
                self.agreed_rate(deal).map_or(list, |rate| i128::from(*count) * i128::from(rate))
            }
            _ => list,
        }
    }

    /// Returns the agreed price of the tokens' class, or of the class they are billed as.
    fn agreed_rate(&self, deal: &Override) -> Option<i64> {
        match self {
            Charge::Tokens { class, as_class, .. } => deal.rate(*class).or_else(|| deal.rate(*as_class)),
            Charge::Agreed { rate, .. } => Some(*rate),
            Charge::Tool { .. } => None,
        }
    }

    pub(super) fn is_fallback(&self) -> bool {
        matches!(self, Charge::Tokens { class, as_class, .. } if class != as_class)
    }

    pub(super) fn item(&self, factors: &Factors<'_>) -> Item {
        let Factors { model, row, region, deal } = factors;
        let (list, usd) = (self.list_atto(factors), self.atto(factors));
        let mut item = Item {
            item: String::new(),
            quantity: 0,
            billed_as: None,
            usd_per_mtok: None,
            usd_per_1000: None,
            usd_per_mtok_hour: None,
            multiplier: region.map_or_else(|| "1".to_string(), |region| region.mult.clone()),
            usd: exact(usd),
            list_usd: (usd != list).then(|| exact(list)),
            discount: match deal.map(|deal| &deal.terms) {
                Some(Terms::Discount { text, .. }) => Some(text.clone()),
                _ => None,
            },
            agreed_usd_per_mtok: deal.and_then(|deal| self.agreed_rate(deal)).map(decimal),
            agreed: deal.filter(|_| usd != list || matches!(self, Charge::Agreed { .. })).map(Override::name),
            price_row: String::new(),
        };
        match self {
            Charge::Tokens { class, count, rate, as_class } => {
                item.item = class.name().to_string();
                item.quantity = *count;
                item.billed_as = self.is_fallback().then(|| as_class.name().to_string());
                item.usd_per_mtok = Some(decimal(*rate));
                let row = row.map(Price::key).unwrap_or_default();
                item.price_row = format!("{}/{}/{row}", model.seller, model.id);
            }
            Charge::Agreed { class, count, .. } => {
                item.item = class.name().to_string();
                item.quantity = *count;
                item.multiplier = "1".to_string();
                item.price_row = format!("{}/{}", model.seller, model.id);
            }
            Charge::Tool { tool, uses } => {
                item.item = format!("tool:{}", tool.id);
                item.quantity = billed_uses(tool, *uses);
                match tool.per {
                    ToolUnit::Use | ToolUnit::Call => item.usd_per_1000 = Some(tool.usd()),
                    ToolUnit::TokenSecond => item.usd_per_mtok_hour = Some(tool.usd()),
                }
                item.price_row = tool_row(model, tool);
            }
        }
        item
    }
}

/// Returns how many units of a tool's fee some uses make.
fn billed_uses(tool: &Tool, uses: u64) -> u64 {
    match tool.per {
        ToolUnit::Use | ToolUnit::TokenSecond => uses,
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
