//! The answer: totals, the bridge, and every cell that did not tie by itself.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::Explained;
use crate::analyze::reconcile::Question;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::scope::Scoped;
use crate::analyze::reconcile::scope::day;
use crate::analyze::reconcile::scope::in_usd;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::cause_of;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::invoice::MICRO;
use crate::domain::money::div_half_even;

/// How a bill and the logs agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// They tie but for rounding.
    Reconciled,
    /// They tie once the causes are counted.
    Explained,
    /// Something is open.
    Unexplained,
}

/// What a cell is by itself, before any cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CellStatus {
    /// Both sides agree within rounding.
    Matched,
    /// The counts differ, the price does not.
    QtyVariance,
    /// The price differs, the counts do not.
    PriceVariance,
    /// Both differ.
    Both,
    /// Only the bill has it.
    OnlyInvoice,
    /// Only the logs have it.
    OnlyLog,
}

/// One item of a model in a span, as it stands on both sides.
#[derive(Clone, Debug, Serialize)]
pub struct CellReport {
    /// The provider.
    pub provider: String,
    /// The model; absent for tools and bills without models.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// The workspace, where all sides name it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub workspace: String,
    /// The key, where all sides name it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_key: String,
    /// The first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
    /// The token class, `cache_write`, `tool:NAME`, or `all`.
    pub class: String,
    /// What it is by itself.
    pub status: CellStatus,
    /// What the bill asks.
    pub invoiced_usd: Usd,
    /// What the logs cost.
    pub logged_usd: Usd,
    /// What no cause explains.
    pub unexplained_usd: Usd,
    /// How far rounding can take the two apart.
    pub bound_usd: Usd,
    /// Tokens or uses by the bill or its usage report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoiced_quantity: Option<String>,
    /// Tokens or uses by the logs.
    pub logged_quantity: String,
}

/// A line of the bill that no log can hold and no cause names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Foreign {
    /// The charge.
    pub charge: String,
    /// The bill's own words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How many lines.
    pub lines: u64,
    /// What they ask.
    pub amount_usd: Usd,
}

/// A bill that was compared.
#[derive(Clone, Debug)]
pub struct InvoiceSummary {
    /// The path.
    pub path: String,
    /// The format.
    pub format: String,
    /// The hash of its bytes.
    pub hash: String,
    /// The number of its import, where it is stored.
    pub import: Option<i64>,
    /// Rows.
    pub rows: u64,
    /// Lines that count.
    pub lines: u64,
    /// Lines that a newer export replaces.
    pub superseded: u64,
    /// What the lines that count sum to, in dollars.
    pub control_total: Usd,
    /// The same by currency, where it is another.
    pub currencies: BTreeMap<String, i128>,
    /// From when to when it charges.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The zone whose days it counts.
    pub zone: String,
}

/// A bill explained by the calls.
#[derive(Clone, Debug)]
pub struct Reconciliation {
    /// What was compared.
    pub invoices: Vec<InvoiceSummary>,
    /// The compared span.
    pub window: Window,
    /// What the bills ask.
    pub invoiced: Usd,
    /// What the calls cost.
    pub logged: Usd,
    /// The causes, in order; rounding last.
    pub bridge: Vec<Explained>,
    /// What is left.
    pub unexplained: Usd,
    /// How far rounding can take the sums apart.
    pub bound: Usd,
    /// How they agree.
    pub status: Status,
    /// Cells that did not tie by themselves, the largest difference first.
    pub cells: Vec<CellReport>,
    /// How many cells were compared.
    pub compared: u64,
    /// Logged cost of cells that tie, over what the bill asks for usage.
    pub captured: Option<f64>,
    /// Lines that nothing names.
    pub foreign: Vec<Foreign>,
    /// Logged cost on days that the bill does not speak for.
    pub outside_days: Usd,
    /// Lines left out because of the window.
    pub outside_lines: u64,
    /// Dimensions that could not be matched, in words.
    pub unmatched: Vec<String>,
    /// Models of the bill that the price table does not know.
    pub unknown_models: Vec<String>,
}

/// Puts the answer together.
pub(super) fn outcome(
    question: &Question<'_>,
    scoped: &Scoped,
    books: Vec<Book>,
    mut ledger: Ledger,
) -> Reconciliation {
    let (mut invoiced, mut logged, mut bound, mut rounding, mut open) = (0i128, 0i128, 0i128, 0i128, 0i128);
    let (mut beyond, mut rounded, mut compared) = (0i128, 0u64, 0u64);
    let (mut usage, mut captured) = (0i128, 0i128);
    let mut cells = Vec::new();
    let mut outside = 0;
    let mut unmatched = Vec::new();
    let mut unknown = std::collections::BTreeSet::new();
    for book in &books {
        outside += book.outside;
        unmatched.extend(book.unmatched.iter().map(|words| format!("{} {words}", book.provider)));
        for bundle in &book.bundles {
            if bundle.billed && !bundle.known && !bundle.model.is_empty() {
                unknown.insert(bundle.model.to_string());
            }
            for cell in &bundle.cells {
                compared += 1;
                invoiced += cell.amount;
                usage += cell.amount;
                logged += cell.first_cost();
                bound += if cell.amount == 0 && cell.first_cost() == 0 { 0 } else { cell.bound };
                if cell.ties() {
                    rounding += cell.open;
                    rounded += u64::from(cell.open != 0);
                } else {
                    open += cell.open;
                    beyond += cell.open.abs() - cell.bound;
                }
                let status = status_of(book, cell);
                if status == CellStatus::Matched {
                    captured += cell.first_cost();
                    if cell.ties() {
                        continue;
                    }
                }
                cells.push(report(book, bundle, cell, status));
            }
        }
    }
    let foreign = foreign(question, scoped);
    let apart: i128 = scoped
        .providers()
        .iter()
        .flat_map(|provider| provider.apart.iter().chain(&provider.unlogged))
        .map(|at| &question.lines.rows[*at as usize])
        .filter(|line| !line.memo)
        .map(|line| in_usd(question, line, line.amount.unwrap_or(0)))
        .sum();
    let strange: i128 = foreign.iter().map(|foreign| foreign.amount_usd.pico()).sum();
    open += strange;
    beyond += strange.abs();
    if rounding != 0 {
        ledger.note(Explained {
            cause: Cause::Rounding,
            amount: Usd::from_pico(rounding),
            confidence: Confidence::Proved,
            cells: rounded,
            scope: Vec::new(),
            evidence: "each cell differs by less than its rows can be rounded by".into(),
            also: Vec::new(),
        });
    }
    let bridge = ledger.into_bridge();
    let capped: i128 = bridge
        .iter()
        .filter(|found| found.cause == Cause::GroupCap && found.confidence == Confidence::Proved)
        .map(|found| found.amount.pico())
        .sum();
    invoiced += apart + capped;
    let tolerance = question.tolerance.pico().max(invoiced.abs() / 1_000_000 * question.tolerance_ppm);
    let status = match (beyond > tolerance, bridge.iter().all(|found| found.cause == Cause::Rounding)) {
        (true, _) => Status::Unexplained,
        (false, true) => Status::Reconciled,
        (false, false) => Status::Explained,
    };
    cells.sort_by(|a, b| {
        let size = |cell: &CellReport| {
            let open = cell.unexplained_usd.pico().abs();
            let differs = (cell.invoiced_usd - cell.logged_usd).pico().abs();
            (open > cell.bound_usd.pico(), open.max(differs))
        };
        size(b).cmp(&size(a)).then_with(|| key(a).cmp(&key(b)))
    });
    let span = |pick: fn(&Window) -> Option<Timestamp>| books.iter().filter_map(move |book| pick(&book.span()));
    Reconciliation {
        invoices: summaries(question),
        window: Window { since: span(|window| window.since).min(), until: span(|window| window.until).max() },
        invoiced: Usd::from_pico(invoiced),
        logged: Usd::from_pico(logged),
        bridge,
        unexplained: Usd::from_pico(open),
        bound: Usd::from_pico(bound),
        status,
        cells,
        compared,
        captured: (usage > 0).then(|| captured as f64 / usage as f64),
        foreign,
        outside_days: Usd::from_pico(outside),
        outside_lines: scoped.outside,
        unmatched,
        unknown_models: unknown.into_iter().collect(),
    }
}

fn key(cell: &CellReport) -> (Timestamp, &str, &str, &str, &str) {
    (cell.start, &cell.model, &cell.class, &cell.workspace, &cell.api_key)
}

fn status_of(book: &Book, cell: &crate::analyze::reconcile::sides::Cell) -> CellStatus {
    let cost = cell.first_cost();
    let ties = (cell.amount - cost).abs() <= cell.bound;
    let same_count = cell.quantity(book.shape).map(|quantity| quantity == cell.first_count());
    match (cell.bill.is_empty() && cell.usage.is_empty(), cell.first_count() == 0 && cost == 0) {
        _ if ties => CellStatus::Matched,
        (true, _) => CellStatus::OnlyLog,
        (_, true) => CellStatus::OnlyInvoice,
        _ => match same_count {
            Some(true) | None => CellStatus::PriceVariance,
            Some(false) => {
                let quantity = cell.quantity(book.shape).unwrap_or(0);
                let expected = div_half_even(cost.saturating_mul(whole(quantity)), whole(cell.first_count()).max(1));
                let priced = (cell.amount - expected).abs() <= cell.bound + expected.abs() / 1_000_000;
                if priced { CellStatus::QtyVariance } else { CellStatus::Both }
            }
        },
    }
}

fn report(
    book: &Book,
    bundle: &crate::analyze::reconcile::sides::Bundle,
    cell: &crate::analyze::reconcile::sides::Cell,
    status: CellStatus,
) -> CellReport {
    let (start, end) = book.periods.0[bundle.period as usize];
    CellReport {
        provider: book.provider.to_string(),
        model: bundle.model.to_string(),
        workspace: bundle.workspace.to_string(),
        api_key: bundle.api_key.to_string(),
        start,
        end,
        class: cell.item.name(),
        status,
        invoiced_usd: Usd::from_pico(cell.amount),
        logged_usd: Usd::from_pico(cell.first_cost()),
        unexplained_usd: Usd::from_pico(if cell.ties() { 0 } else { cell.open }),
        bound_usd: Usd::from_pico(cell.bound),
        invoiced_quantity: cell.quantity(book.shape).map(shown_quantity),
        logged_quantity: shown_quantity(cell.first_count()),
    }
}

/// Returns the lines that no log can hold and no cause names.
fn foreign(question: &Question<'_>, scoped: &Scoped) -> Vec<Foreign> {
    let mut found: BTreeMap<(String, String), (u64, i128)> = BTreeMap::new();
    for at in scoped.providers().iter().flat_map(|provider| &provider.apart) {
        let line = &question.lines.rows[*at as usize];
        let (Some(pico), None) = (line.amount.filter(|_| !line.memo), cause_of(line.charge)) else { continue };
        let words = question.lines.text(line.description).map(ToString::to_string).unwrap_or_default();
        let entry = found.entry((line.charge.name().to_string(), words)).or_default();
        entry.0 += 1;
        entry.1 += in_usd(question, line, pico);
    }
    let of = |((charge, description), (lines, pico)): ((String, String), (u64, i128))| Foreign {
        charge,
        description,
        lines,
        amount_usd: Usd::from_pico(pico),
    };
    found.into_iter().map(of).filter(|foreign| foreign.amount_usd != Usd::ZERO).collect()
}

fn summaries(question: &Question<'_>) -> Vec<InvoiceSummary> {
    let lines = question.lines;
    let mut all: Vec<InvoiceSummary> = lines
        .documents
        .iter()
        .map(|document| InvoiceSummary {
            path: document.path.clone(),
            format: document.format.clone(),
            hash: document.hash.clone(),
            import: document.import,
            rows: document.rows,
            lines: 0,
            superseded: 0,
            control_total: Usd::ZERO,
            currencies: BTreeMap::new(),
            span: None,
            zone: document.statement.zone.clone(),
        })
        .collect();
    for (at, line) in lines.rows.iter().enumerate() {
        let summary = &mut all[line.document as usize];
        if !question.keep[at] {
            summary.superseded += 1;
            continue;
        }
        summary.lines += 1;
        let (first, last) = summary.span.unwrap_or((line.start, line.end));
        summary.span = Some((first.min(line.start), last.max(line.end)));
        if let Some(pico) = line.amount.filter(|_| !line.memo) {
            summary.control_total += Usd::from_pico(in_usd(question, line, pico));
            let currency = lines.text(line.currency).map(AsRef::as_ref).unwrap_or("USD");
            if currency != "USD" {
                *summary.currencies.entry(currency.to_string()).or_default() += pico;
            }
        }
    }
    all
}

impl CellReport {
    /// Names the span: a day, or from where to where.
    pub fn when(&self) -> String {
        let last = day(Timestamp(self.end.0 - 1));
        if day(self.start) == last { last } else { format!("{}..{last}", day(self.start)) }
    }
}

/// Writes a quantity in millionths as a decimal.
fn shown_quantity(micro: i128) -> String {
    match micro % MICRO {
        0 => (micro / MICRO).to_string(),
        _ => Usd::from_pico(micro * MICRO).to_string(),
    }
}

/// Returns the nearest whole count of tokens.
fn whole(micro: i128) -> i128 {
    div_half_even(micro, MICRO)
}
