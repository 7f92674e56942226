//! `attr chargeback`: bills over the owners of the calls, to the cent, laid out as a report.

mod document;
mod focus;
mod rows;
mod table;

use crate::analyze::chargeback;
use crate::analyze::chargeback::Exact;
use crate::analyze::chargeback::spread::spread;
use crate::analyze::chargeback::tree::Slot;
use crate::analyze::chargeback::tree::Tree;
use crate::analyze::chargeback::tree::tree;
use crate::analyze::reconcile::ReconcileError;
use crate::analyze::reconcile::pots::Pots;
use crate::domain::Axis;
use crate::domain::Filter;
use crate::domain::invoice::Lines;
use crate::ops::book::Book;
use crate::ops::measures;
use crate::ops::prices;
use crate::ops::reconcile;
use crate::ops::reconcile::ReconcileFailure;
use crate::ops::reconcile::ReconcilePlan;
use crate::ops::slice;
use crate::ops::slice::SliceError;
use crate::report::Report;
use crate::store::StoreError;

pub use crate::analyze::chargeback::Spread;

/// More than this share of the bill without an owner is worth a warning.
const UNTAGGED_WARNING: f64 = 0.2;

/// The form of the answer: only one is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Tables and sentences.
    #[default]
    People,
    /// The JSON document.
    Machines,
    /// One flat table with exact values.
    Ledger,
    /// Rows of FOCUS.
    Focus,
}

/// What to split, and how.
#[derive(Clone, Debug, Default)]
pub struct ChargebackPlan {
    /// The bills; what it says of tolerances is not used.
    pub bills: ReconcilePlan,
    /// The dimensions, outermost first.
    pub by: Vec<Axis>,
    /// What becomes of money without an owner.
    pub spread: Spread,
    /// The form of the answer.
    pub form: Form,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ChargebackError {
    /// A bill cannot be read, or has nothing to do with the logs.
    #[error(transparent)]
    Bill(#[from] ReconcileFailure),
    /// A dimension is not known.
    #[error(transparent)]
    Slice(#[from] SliceError),
    /// The store holds no bill and none is named.
    #[error("no bill is named and the store holds none")]
    NoBill,
    /// No dimension is named.
    #[error("`--by` names no dimension")]
    NoDimension,
    /// The amounts are beyond what can be counted exactly.
    #[error("the bill asks for more money than can be split exactly")]
    TooLarge,
}

impl From<StoreError> for ChargebackError {
    fn from(error: StoreError) -> ChargebackError {
        ChargebackError::Bill(error.into())
    }
}

impl ChargebackError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            ChargebackError::NoBill => {
                "name it: attr chargeback COST.csv --by tenant, or `attr import` it first".to_string()
            }
            ChargebackError::NoDimension => "say whose the calls are: --by tenant, or --by team,feature".into(),
            ChargebackError::TooLarge => {
                "is an amount in the wrong unit? `attr import --dry-run` shows what the file sums to".into()
            }
            ChargebackError::Bill(ReconcileFailure::Question(ReconcileError::UsageOnly)) => {
                "a usage file has nothing to split: attr chargeback COST --by tenant, with the usage file beside it"
                    .into()
            }
            ChargebackError::Bill(ReconcileFailure::Question(ReconcileError::Nothing(_))) => {
                "leave --since, --until and --period out, or name days that the bill has".into()
            }
            ChargebackError::Bill(failure) => return failure.hint(),
            ChargebackError::Slice(_) => return None,
        })
    }
}

/// A bill split, with what it was split by.
struct Answer<'a> {
    plan: &'a ChargebackPlan,
    lines: &'a Lines,
    pots: &'a Pots,
    tree: Tree,
}

impl Answer<'_> {
    /// Returns how much of the bill a row is; `None` if the bill asks for nothing.
    fn share(&self, exact: Exact) -> Option<f64> {
        let whole = self.tree.billed.units();
        (whole != 0).then(|| exact.units() as f64 / whole as f64)
    }

    /// Returns what rounding to cents adds to the bill.
    fn rounding(&self) -> Exact {
        Exact::from_cents(self.tree.cents) - self.tree.billed
    }
}

/// Splits the bills.
pub fn run(book: &Book, plan: &ChargebackPlan) -> Result<Report, ChargebackError> {
    if plan.by.is_empty() {
        return Err(ChargebackError::NoDimension);
    }
    slice::check_axes(book, plan.by.iter(), &Filter::default())?;
    if plan.bills.invoices.is_empty() && book.store.invoices()?.is_empty() {
        return Err(ChargebackError::NoBill);
    }
    let (lines, pots) = reconcile::potted(book, &plan.bills, &plan.by)?;
    let pieces = chargeback::split(&pots.pots).ok_or(ChargebackError::TooLarge)?;
    let pieces = spread(pieces, &rows::providers(&pots), plan.spread);
    let entries = match plan.form {
        Form::Focus => rows::by_part(&pots, &plan.by, &pieces),
        Form::People | Form::Machines | Form::Ledger => rows::by_owner(&pots, &plan.by, &pieces),
    };
    let answer = Answer { plan, lines: &lines, pots: &pots, tree: tree(entries) };
    let mut report = Report::new("chargeback");
    report.price_table = Some(book.priced_by.clone());
    report.window = Some((pots.window, pots.zone));
    match plan.form {
        Form::People => report.blocks = table::blocks(&answer),
        Form::Ledger => report.blocks = table::ledger(&answer),
        Form::Focus => report.blocks = focus::blocks(&answer, &book.priced_by),
        Form::Machines => document::document(&mut report, &answer),
    }
    warnings(&mut report, book, &answer)?;
    Ok(report)
}

fn warnings(report: &mut Report, book: &Book, answer: &Answer<'_>) -> Result<(), ChargebackError> {
    let pots = answer.pots;
    if let Some(note) = measures::unpriced_note(&pots.calls) {
        let message = format!("{note}; they weigh nothing in the split");
        report.warn("unpriced_calls", message, measures::unpriced_hint(&pots.calls));
    }
    prices::warn_stale(report, book)?;
    for (level, axis) in answer.plan.by.iter().enumerate() {
        let leaves = answer.tree.leaves();
        let untagged = leaves.iter().filter(|(key, _)| key.get(level) == Some(&Slot::Untagged));
        let exact: Exact = untagged.map(|(_, node)| node.exact).sum();
        let share = answer.share(exact).unwrap_or(0.0);
        if share > UNTAGGED_WARNING {
            let message = format!("{:.0} % of the bill goes to calls without a `{axis}`", share * 100.0);
            report.warn("untagged_share", message, None);
        }
    }
    Ok(())
}
