//! Does the bill agree? Invoiced = logged + named causes + unexplained, exactly.
//!
//! Both sides are brought to the grain that both carry and compared cell by cell: a provider's day, model and token class
//! (by workspace and key where all sides name them). A cell ties if the two differ by no more than rounding can do.
//! What does not tie is explained by hypotheses that predict amounts: a cause is named only if it brings the cells it
//! touches inside their bounds. Every cause moves an exact amount from what is open to what is explained, so the
//! bridge sums by construction; what nothing explains stays open and is said.
//!
//! | what | where |
//! |---|---|
//! | bills and logs into cells | [`sides`] |
//! | what a token costs under other terms | [`rates`] |
//! | what has been explained so far | [`ledger`] |
//! | which lines and days are compared at all | [`scope`] |
//! | the bill's unit and currency | [`scale`] |
//! | whose logs they are, where they do not say | [`narrow`] |
//! | calendars that disagree, days without logs | [`timing`] |
//! | keys, workspaces and models that only one side has | [`names`] |
//! | tokens that are missing, twice, or in another class | [`quantity`] |
//! | prices that are other prices | [`rating`] |
//! | the answer | [`outcome`] |
//! | the bill's money by cell and owner, for a chargeback | [`pots`] |

mod ledger;
mod names;
mod narrow;
pub mod outcome;
pub mod pots;
mod quantity;
mod rates;
mod rating;
mod scale;
mod scope;
mod sides;
mod timing;

use std::sync::Arc;

use crate::analyze::chargeback::Owner;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::invoice::Lines;
use crate::domain::rollup::Measures;
use crate::domain::tokens::CLASSES;
use crate::domain::window::Grain;

pub use ledger::Cause;
pub use ledger::Confidence;
pub use ledger::Explained;
pub use outcome::CellReport;
pub use outcome::CellStatus;
pub use outcome::Reconciliation;
pub use outcome::Status;

/// What is asked.
pub struct Question<'q> {
    /// The bills.
    pub lines: &'q Lines,
    /// Which lines count, by place: a newer export replaces what it covers.
    pub keep: &'q [bool],
    /// Which span of time; open sides are the bills' own.
    pub window: Window,
    /// Now: what is younger than two days is not settled.
    pub now: Timestamp,
    /// Rates of exchange.
    pub fx: &'q [FxRate],
    /// How much may stay open, in dollars.
    pub tolerance: Usd,
    /// How much may stay open, in millionths of what was invoiced.
    pub tolerance_ppm: i128,
}

/// What a currency is worth from a day on, by the user's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FxRate {
    /// ISO 4217.
    pub currency: String,
    /// Dollars for one of it, in 1e-12.
    pub pico_usd: i128,
    /// The rate as it was written.
    pub text: String,
    /// From when on it holds; `None` for always.
    pub from: Option<Timestamp>,
}

/// Calls that are alike in all that a bill can tell.
#[derive(Clone, Debug)]
pub struct CallGroup {
    /// Who sells, by the price table's id where it knows them.
    pub provider: Arc<str>,
    /// The model, by the price table's id where it knows it.
    pub model: Arc<str>,
    /// Whether the table knows the model.
    pub known: bool,
    /// The service mode; empty for none.
    pub tier: Arc<str>,
    /// The region by which the calls are priced; empty for none.
    pub region: Arc<str>,
    /// The workspace; empty for none.
    pub workspace: Arc<str>,
    /// The key; empty for none.
    pub api_key: Arc<str>,
    /// Where the calls were logged; empty unless asked for.
    pub source: Arc<str>,
    /// Whose the calls are; empty unless asked for.
    pub owner: Owner,
    /// Whether the calls failed or were broken off.
    pub failed: bool,
    /// The start of the hour or day.
    pub start: Timestamp,
    /// The smallest prompt of the band of sizes that the calls' prompts are in.
    pub prompt: u64,
    /// Uses of tools by one call, with their names.
    pub tools: Vec<(Arc<str>, u64)>,
    /// The sums.
    pub measures: Measures,
}

/// How calls are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// The span.
    pub window: Window,
    /// The zone that cuts days.
    pub zone: Zone,
    /// Hours or days.
    pub grain: Grain,
    /// Whether to tell sources apart.
    pub sources: bool,
}

/// Calls that appear more than once: the same second, model, counts and session.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// The group that one of the calls is in; its measures are those of the calls too many.
    pub extra: CallGroup,
}

/// Whatever holds the calls.
pub trait Calls {
    /// Why it could not answer.
    type Error;

    /// Returns the calls of a span by groups.
    fn groups(&self, ask: Ask) -> Result<Vec<CallGroup>, Self::Error>;

    /// Returns calls that look like another call of the same second.
    fn repeats(&self, window: Window) -> Result<Vec<Repeat>, Self::Error>;

    /// Returns the first and the last call of any provider in the span.
    fn span(&self) -> Result<Option<(Timestamp, Timestamp)>, Self::Error>;
}

/// What selects a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Terms<'t> {
    /// Who sells.
    pub provider: &'t str,
    /// The model.
    pub model: &'t str,
    /// The service mode; empty for the standard one.
    pub tier: &'t str,
    /// The region that is billed; empty for none.
    pub region: &'t str,
    /// When.
    pub ts: Timestamp,
    /// The size of the prompt.
    pub prompt: u64,
}

/// Attodollars a token, by class; `None` for what is not sold.
pub type Rates = [Option<i128>; CLASSES];

/// Whatever knows prices.
pub trait Prices {
    /// Returns the seller's id by any name of it.
    fn seller(&self, provider: &str) -> Option<Arc<str>>;
    /// Returns the model's id by any name of it.
    fn model(&self, provider: &str, name: &str) -> Option<Arc<str>>;
    /// Returns what tokens cost; `None` where nothing is sold on these terms.
    fn rates(&self, terms: Terms<'_>) -> Option<Rates>;
    /// Returns what a use of a tool costs, in attodollars.
    fn tool_fee(&self, terms: Terms<'_>, tool: &str) -> Option<i128>;
    /// Returns when prices of a model may change.
    fn changes(&self, provider: &str, model: &str) -> Vec<Timestamp>;
    /// Returns the models of a seller.
    fn models(&self, provider: &str) -> Vec<Arc<str>>;
    /// Returns a region for each multiplier that a seller has.
    fn regions(&self, provider: &str) -> Vec<Arc<str>>;
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError<E> {
    /// The calls could not be had.
    #[error(transparent)]
    Calls(E),
    /// No line is left to compare.
    #[error("no line of the bill lies in the window; the bill has {0}")]
    Nothing(String),
    /// The bill has no amounts.
    #[error("the files tell usage and no amounts: give the cost file too")]
    UsageOnly,
    /// Amounts of a currency without a rate.
    #[error("the bill is in {currency} and no rate is given")]
    NoRate {
        /// ISO 4217.
        currency: String,
    },
    /// The logs and the bill share no day.
    #[error("the logs and the bill share no day: the bill has {bill}, the logs have {logs}")]
    OtherPeriod {
        /// The bill's days.
        bill: String,
        /// The logs' days.
        logs: String,
    },
}

/// Explains a bill by the calls.
///
/// # Errors
/// [`ReconcileError`] where there is nothing to compare, or the calls cannot be had.
pub fn run<C: Calls>(
    question: &Question<'_>,
    calls: &C,
    prices: &dyn Prices,
) -> Result<Reconciliation, ReconcileError<C::Error>> {
    let rates = rates::RateBook::new(prices);
    let mut scoped = scope::scoped(question, prices)?;
    let mut ledger = ledger::Ledger::default();
    let mut books = Vec::new();
    for provider in scoped.providers_mut() {
        let ask = Ask { window: provider.window, zone: provider.zone, grain: Grain::Day, sources: false };
        let mut groups = match provider.periods.0.is_empty() {
            // Tax and the like alone: no day of it can hold calls.
            true => Vec::new(),
            false => calls.groups(ask).map_err(ReconcileError::Calls)?,
        };
        narrow::narrow(question, provider, &groups, &rates, &mut ledger);
        let mut book = sides::Book::new(question, provider, &mut groups, &rates, &mut ledger);
        drop(groups);
        if book.periods.0.is_empty() {
            books.push(book);
            continue;
        }
        scale::explain(&mut book, &mut ledger, question.fx);
        timing::shifted(&mut book, &mut ledger, &rates, calls).map_err(ReconcileError::Calls)?;
        // A key that is not logged has days of its own: it comes before the days that are not.
        names::one_sided(&mut book, &mut ledger, &rates);
        timing::unlogged_days(&mut book, &mut ledger, calls.span().map_err(ReconcileError::Calls)?);
        timing::a_day_away(&mut book, &mut ledger);
        names::explain(&mut book, &mut ledger, &rates);
        quantity::explain(&mut book, &mut ledger, &rates, calls, question.now).map_err(ReconcileError::Calls)?;
        if !book.is_counted() {
            // Amounts alone do not tell a day that was cut from prices that differ: many models at once do.
            timing::edges(&mut book, &mut ledger, 2);
        }
        rating::explain(&mut book, &mut ledger, &rates);
        quantity::name_the_rest(&mut book, &mut ledger, &rates);
        books.push(book);
    }
    let compared = || books.iter().filter(|book| !book.periods.0.is_empty());
    if compared().next().is_some() && !compared().any(sides::Book::is_logged) {
        let window = Window {
            since: compared().filter_map(|book| book.span().since).min(),
            until: compared().filter_map(|book| book.span().until).max(),
        };
        scope::shares_a_day(question, window, calls.span().map_err(ReconcileError::Calls)?)?;
    }
    Ok(outcome::outcome(question, &scoped, books, ledger))
}
