//! What a bill is made of: lines that charge for something in a span of time, and what its file says of itself.
//!
//! A line of a cost file has an amount, a line of a usage file a quantity, some have both. Absent is not zero. Amounts
//! are exact and in the bill's own currency; what that is worth in dollars is not a file's business.

pub mod current;
mod lines;

use std::borrow::Cow;

use crate::domain::money::div_half_even;
use crate::domain::time::Timestamp;
use crate::domain::tokens::Class;
use crate::domain::window::Window;

pub use lines::Document;
pub use lines::Line;
pub use lines::Lines;
pub use lines::TextId;

/// What a line charges for. Kinds are disjoint: what a file counts twice its reader takes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Charge {
    /// Tokens of a class.
    Tokens(Class),
    /// Cache writes of a lifetime that the bill does not tell.
    CacheWrite,
    /// Reasoning tokens with a line of their own, not contained in those of the output.
    Reasoning,
    /// Whole calls, all classes in one amount.
    Call,
    /// How many requests there were; usage alone.
    Requests,
    /// Uses of a server-side tool, by [`InvoiceLine::tool`].
    Tool,
    /// Storage of files, vectors or caches.
    Storage,
    /// Training.
    Training,
    /// Seats and subscriptions.
    Seat,
    /// Capacity paid ahead, prepaid credit, the shortfall of a commitment.
    Commitment,
    /// Money given back: credits, grants, refunds.
    Credit,
    /// Tax.
    Tax,
    /// A correction of an earlier bill.
    Adjustment,
    /// The provider's own rounding.
    Rounding,
    /// Anything else; never dropped.
    Other,
}

/// The charges that are no tokens, with their names.
const OTHERS: [(Charge, &str); 14] = [
    (Charge::CacheWrite, "cache_write"),
    (Charge::Reasoning, "reasoning"),
    (Charge::Call, "call"),
    (Charge::Requests, "requests"),
    (Charge::Tool, "tool"),
    (Charge::Storage, "storage"),
    (Charge::Training, "training"),
    (Charge::Seat, "seat"),
    (Charge::Commitment, "commitment"),
    (Charge::Credit, "credit"),
    (Charge::Tax, "tax"),
    (Charge::Adjustment, "adjustment"),
    (Charge::Rounding, "rounding"),
    (Charge::Other, "other"),
];

impl Charge {
    /// Returns the name used in JSON, in mappings and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Charge::Tokens(class) => class.name(),
            other => OTHERS.iter().find(|(charge, _)| *charge == other).map_or("other", |(_, name)| name),
        }
    }

    /// Finds a charge by its name.
    pub fn parse(name: &str) -> Option<Charge> {
        Class::parse(name)
            .map(Charge::Tokens)
            .or_else(|| OTHERS.iter().find(|(_, known)| *known == name).map(|(charge, _)| *charge))
    }

    /// Tells whether logs of calls can hold what it charges for.
    pub const fn is_usage(self) -> bool {
        matches!(
            self,
            Charge::Tokens(_) | Charge::CacheWrite | Charge::Reasoning | Charge::Call | Charge::Requests | Charge::Tool
        )
    }
}

/// How many parts a unit of a quantity has.
pub const MICRO: i128 = 1_000_000;

/// An exact count of tokens, uses or whatever the line's unit is, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(pub i128);

impl Quantity {
    /// Wraps a whole count.
    pub const fn whole(count: i128) -> Quantity {
        Quantity(count * MICRO)
    }

    /// Returns the nearest whole count.
    pub fn rounded(self) -> i128 {
        div_half_even(self.0, MICRO)
    }
}

/// An exact amount of a currency, in units of 1e-12 (picodollars, picoeuros).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amount<'a> {
    /// The amount, rounded half to even where the file is finer.
    pub pico: i128,
    /// The file's own text, where something was rounded away.
    pub text: Option<Cow<'a, str>>,
}

impl Amount<'_> {
    /// Wraps an exact amount.
    pub const fn exact(pico: i128) -> Amount<'static> {
        Amount { pico, text: None }
    }
}

/// One line of a bill or of a provider's usage report, borrowed from its file.
///
/// A row of a file may be several lines (a usage row with a count a class); they share its `row`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceLine<'a> {
    /// The line of the file that the row starts on, counted from 1.
    pub row: u64,
    /// Who charges, as logs name it: `anthropic`, `openai`, `openrouter`, `deepseek`, `bedrock`, `azure`, `vertex`, …
    pub provider: Cow<'a, str>,
    /// The account or organisation that pays.
    pub account: Option<Cow<'a, str>>,
    /// The workspace or project.
    pub workspace: Option<Cow<'a, str>>,
    /// The API key, by the name or id that the file prints.
    pub api_key: Option<Cow<'a, str>>,
    /// Where inference ran, if the file tells.
    pub region: Option<Cow<'a, str>>,
    /// The model, as a log or the price table would name it wherever the format's own grammar leads there; otherwise
    /// as printed. Never a resemblance.
    pub model: Option<Cow<'a, str>>,
    /// The service mode that was billed (`batch`, `priority`, `fast`), if the file tells; `standard` where it says so.
    pub tier: Option<Cow<'a, str>>,
    /// The server-side tool, by the price table's id (`web_search`).
    pub tool: Option<Cow<'a, str>>,
    /// The file's own words for what it charges, where they say more than the fields above.
    pub description: Option<Cow<'a, str>>,
    /// What it charges for.
    pub charge: Charge,
    /// Whether the price is that of long prompts, if the file tells.
    pub long_context: Option<bool>,
    /// When the span it charges for starts.
    pub start: Timestamp,
    /// When it ends; itself not contained.
    pub end: Timestamp,
    /// How much was used: tokens, uses, requests. Absent where the file does not tell.
    pub quantity: Option<Quantity>,
    /// The file's unit, where the quantity is not known to be in tokens, uses or requests.
    pub unit: Option<Cow<'a, str>>,
    /// What is to be paid, in `currency`. Absent in a usage report.
    pub amount: Option<Amount<'a>>,
    /// The amount before discounts, where the file states it.
    pub list: Option<Amount<'a>>,
    /// ISO 4217, upper case; empty where the line has no money.
    pub currency: Cow<'a, str>,
    /// The step that amounts are rounded to, in 1e-12 of the currency: 1e10 for cents, 0 where nothing is rounded.
    pub quantum: i128,
    /// Whether the provider calls the line final, if it tells.
    pub settled: Option<bool>,
    /// Told for the record and not to be paid here: what a router passes on to another bill.
    pub memo: bool,
    /// The invoice that the line belongs to, if the file tells.
    pub invoice: Option<Cow<'a, str>>,
}

impl Default for InvoiceLine<'_> {
    fn default() -> Self {
        InvoiceLine {
            row: 0,
            provider: Cow::Borrowed(""),
            account: None,
            workspace: None,
            api_key: None,
            region: None,
            model: None,
            tier: None,
            tool: None,
            description: None,
            charge: Charge::Other,
            long_context: None,
            start: Timestamp(0),
            end: Timestamp(0),
            quantity: None,
            unit: None,
            amount: None,
            list: None,
            currency: Cow::Borrowed(""),
            quantum: 0,
            settled: None,
            memo: false,
            invoice: None,
        }
    }
}

impl InvoiceLine<'_> {
    /// Returns the same line for keeps: it may outlive its file.
    pub fn into_owned(self) -> InvoiceLine<'static> {
        fn own(text: Cow<'_, str>) -> Cow<'static, str> {
            Cow::Owned(text.into_owned())
        }
        let amount = |amount: Option<Amount<'_>>| amount.map(|it| Amount { pico: it.pico, text: it.text.map(own) });
        InvoiceLine {
            row: self.row,
            provider: own(self.provider),
            account: self.account.map(own),
            workspace: self.workspace.map(own),
            api_key: self.api_key.map(own),
            region: self.region.map(own),
            model: self.model.map(own),
            tier: self.tier.map(own),
            tool: self.tool.map(own),
            description: self.description.map(own),
            charge: self.charge,
            long_context: self.long_context,
            start: self.start,
            end: self.end,
            quantity: self.quantity,
            unit: self.unit.map(own),
            amount: amount(self.amount),
            list: amount(self.list),
            currency: own(self.currency),
            quantum: self.quantum,
            settled: self.settled,
            memo: self.memo,
            invoice: self.invoice.map(own),
        }
    }
}

/// What a file says of itself beside its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// The span the file speaks for, where it says so: inside it a day without a line had no charge. Otherwise a day
    /// without a line is a day without data.
    pub covers: Window,
    /// The zone whose days the lines are cut by, as an IANA name.
    pub zone: String,
    /// The total that the file states, in 1e-12 of the currency.
    pub stated_total: Option<i128>,
    /// How the file was understood, where that was a choice: shown with the import.
    pub notes: Vec<String>,
}
