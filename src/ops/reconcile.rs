//! `attr reconcile`: bills from files or the store against the logged calls, laid out as a report.

mod calls;
mod document;
mod prices;
mod table;

use crate::analyze::reconcile;
use crate::analyze::reconcile::FxRate;
use crate::analyze::reconcile::Question;
use crate::analyze::reconcile::ReconcileError;
use crate::analyze::reconcile::Reconciliation;
use crate::analyze::reconcile::Status;
use crate::analyze::reconcile::pots;
use crate::analyze::reconcile::pots::Pots;
use crate::domain::Axis;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::invoice::Lines;
use crate::domain::invoice::current;
use crate::domain::money::MoneyError;
use crate::domain::money::parse_scaled;
use crate::ops::bills;
use crate::ops::bills::BillError;
use crate::ops::book::Book;
use crate::ops::book::BookError;
use crate::ops::paths;
use crate::ops::paths::Input;
use crate::ops::reconcile::calls::BookCalls;
use crate::ops::reconcile::prices::TablePrices;
use crate::report::Report;
use crate::store::StoreError;

pub use crate::analyze::reconcile::FxRate as Fx;

/// What to reconcile.
#[derive(Clone, Debug, Default)]
pub struct ReconcilePlan {
    /// Paths of bills, or numbers of imported ones.
    pub invoices: Vec<String>,
    /// How to read the paths.
    pub how: bills::How,
    /// Mappings of the settings, by file pattern.
    pub mappings: bills::Mappings,
    /// Which span; open sides are the bills' own.
    pub window: Window,
    /// Now.
    pub now: Timestamp,
    /// Rates of exchange.
    pub fx: Vec<FxRate>,
    /// Dollars that may stay open.
    pub tolerance: Usd,
    /// Millionths of the bill that may stay open.
    pub tolerance_ppm: i128,
    /// Show every cell that differs, not only the largest.
    pub all_cells: bool,
    /// One table alone, the bridge: what a file of rows can hold.
    pub flat: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileFailure {
    /// The store or the prices failed.
    #[error(transparent)]
    Book(#[from] BookError),
    /// A bill cannot be read.
    #[error("{path}: {error}")]
    Bill {
        /// The path as shown.
        path: String,
        /// Why.
        error: BillError,
    },
    /// No bill was named, and none is stored.
    #[error("there is no bill to compare")]
    NoBill,
    /// A word that is neither a path nor the number of an imported bill.
    #[error("`{0}` is neither a file nor the number of an imported bill")]
    NoSuchInvoice(String),
    /// The bill and the logs cannot be compared.
    #[error(transparent)]
    Question(#[from] ReconcileError<StoreError>),
}

impl From<StoreError> for ReconcileFailure {
    fn from(error: StoreError) -> ReconcileFailure {
        ReconcileFailure::Book(error.into())
    }
}

impl ReconcileFailure {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            ReconcileFailure::Bill { error, .. } => return error.hint(),
            ReconcileFailure::NoBill => "name it: attr reconcile COST.csv USAGE.csv, or `attr import` it first".into(),
            ReconcileFailure::NoSuchInvoice(_) => "`attr imports` lists the imported bills".into(),
            ReconcileFailure::Question(ReconcileError::NoRate { currency }) => {
                format!(
                    "say what it is worth: --fx {currency}=1.08, or --fx {currency}=1.08@2026-10-31 from that day on"
                )
            }
            ReconcileFailure::Question(ReconcileError::OtherPeriod { .. }) => {
                "`attr import` the logs of the bill's period, or give the bill of the logs' period".into()
            }
            ReconcileFailure::Question(ReconcileError::UsageOnly) => {
                "a usage file stands beside a cost file: attr reconcile COST USAGE".into()
            }
            ReconcileFailure::Question(_) | ReconcileFailure::Book(_) => return None,
        })
    }
}

/// Understands `EUR=1.08` and `EUR=1.08@2026-10-01`.
pub fn parse_fx(text: &str) -> Result<FxRate, String> {
    let wrong = || format!("`{text}` is no rate: use EUR=1.08, or EUR=1.08@2026-10-01 for a rate from that day on");
    let (currency, rest) = text.split_once('=').ok_or_else(wrong)?;
    let (rate, from) = match rest.split_once('@') {
        Some((rate, from)) => (rate, Some(Timestamp::parse(from).map_err(|_| wrong())?.ts)),
        None => (rest, None),
    };
    let currency = currency.trim().to_ascii_uppercase();
    let pico_usd = decimal(rate).map_err(|_| wrong())?;
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) || pico_usd <= 0 {
        return Err(wrong());
    }
    Ok(FxRate { currency, pico_usd, text: text.trim().to_string(), from })
}

fn decimal(text: &str) -> Result<i128, MoneyError> {
    parse_scaled(text, 12).map(|(pico, _)| pico)
}

/// Reads the bills that a plan names: files as they are, imported ones from the store.
pub(super) fn read_bills(book: &Book, plan: &ReconcilePlan) -> Result<Lines, ReconcileFailure> {
    let mut stored = Vec::new();
    let mut lines = Lines::default();
    let known = |text: &str| -> Result<Option<i64>, StoreError> {
        let Ok(id) = text.parse::<i64>() else { return Ok(None) };
        let invoices = book.store.invoices()?;
        Ok(invoices.iter().any(|invoice| invoice.document.import == Some(id)).then_some(id))
    };
    let mut inputs: Vec<Input> = Vec::new();
    for word in &plan.invoices {
        match paths::expand(word) {
            Ok(found) => inputs.extend(found),
            Err(_) => match known(word)? {
                Some(id) => stored.push(id),
                None => return Err(ReconcileFailure::NoSuchInvoice(word.clone())),
            },
        }
    }
    if plan.invoices.is_empty() {
        stored = book.store.invoices()?.iter().filter_map(|invoice| invoice.document.import).collect();
    }
    if !stored.is_empty() {
        lines = book.store.invoice_lines(&stored)?;
    }
    for input in inputs {
        let path = input.shown();
        let how = plan.mappings.for_path(&path, &plan.how);
        match (bills::read_into(&mut lines, &input, &how), &input) {
            (Ok(_), _) => {}
            // A folder may hold other things beside bills.
            (Err(BillError::NotRecognised | BillError::Log(_) | BillError::Empty), Input::Found(_)) => {}
            (Err(error), _) => return Err(ReconcileFailure::Bill { path, error }),
        }
    }
    if lines.documents.is_empty() {
        return Err(match plan.invoices.first() {
            Some(word) => ReconcileFailure::NoSuchInvoice(word.clone()),
            None => ReconcileFailure::NoBill,
        });
    }
    Ok(lines)
}

/// Reads the bills and explains them.
pub(super) fn reconciled(book: &Book, plan: &ReconcilePlan) -> Result<Reconciliation, ReconcileFailure> {
    let lines = read_bills(book, plan)?;
    let keep = current::current(&lines).keep;
    let table = book.table()?;
    let prices = TablePrices::new(table);
    let calls = BookCalls::new(book, table, &lines);
    let question = Question {
        lines: &lines,
        keep: &keep,
        window: plan.window,
        now: plan.now,
        fx: &plan.fx,
        tolerance: plan.tolerance,
        tolerance_ppm: plan.tolerance_ppm,
    };
    Ok(reconcile::run(&question, &calls, &prices)?)
}

/// Reads the bills and puts their money into pots, with the owners of calls along axes.
pub(super) fn potted(book: &Book, plan: &ReconcilePlan, by: &[Axis]) -> Result<(Lines, Pots), ReconcileFailure> {
    let lines = read_bills(book, plan)?;
    let keep = current::current(&lines).keep;
    let table = book.table()?;
    let calls = BookCalls::new(book, table, &lines).by(by.to_vec());
    let question = Question {
        lines: &lines,
        keep: &keep,
        window: plan.window,
        now: plan.now,
        fx: &plan.fx,
        tolerance: plan.tolerance,
        tolerance_ppm: plan.tolerance_ppm,
    };
    let pots = pots::pots(&question, &calls, &TablePrices::new(table))?;
    Ok((lines, pots))
}

/// How a reconciliation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Something is open beyond the bound.
    pub open: bool,
    /// A cause other than rounding was needed.
    pub needed_causes: bool,
}

/// Answers whether the bills agree with the logs.
pub fn run(book: &Book, plan: &ReconcilePlan) -> Result<(Report, Ended), ReconcileFailure> {
    let result = reconciled(book, plan)?;
    let mut report = Report::new("reconcile");
    report.price_table = Some(book.priced_by.clone());
    report.window = Some((result.window, plan.zone_of(&result)));
    document::document(&mut report, &result, plan);
    report.blocks = table::blocks(&result, plan);
    let ended =
        Ended { open: result.status == Status::Unexplained, needed_causes: result.status != Status::Reconciled };
    Ok((report, ended))
}

impl ReconcilePlan {
    /// Returns the zone whose days the bills count.
    fn zone_of(&self, result: &Reconciliation) -> crate::domain::Zone {
        let mut zones = result.invoices.iter().filter_map(|invoice| crate::domain::Zone::parse(&invoice.zone));
        zones.next().unwrap_or(crate::domain::Zone::UTC)
    }
}
