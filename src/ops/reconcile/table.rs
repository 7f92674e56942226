//! A reconciliation for people: the files, the bridge, what differs, what could not be compared, and the assertion.

use crate::analyze::reconcile::CellReport;
use crate::analyze::reconcile::CellStatus;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::Explained;
use crate::analyze::reconcile::Reconciliation;
use crate::analyze::reconcile::Status;
use crate::analyze::reconcile::outcome::InvoiceSummary;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::ops::bills;
use crate::ops::reconcile::ReconcilePlan;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Table;

/// Cells shown to people.
const SHOWN: usize = 10;

/// Lays a reconciliation out.
pub(super) fn blocks(result: &Reconciliation, plan: &ReconcilePlan) -> Vec<Block> {
    if plan.flat {
        return vec![Block::Table(bridge(result))];
    }
    let mut blocks = vec![Block::Heading("Bills".into()), Block::Table(invoices(&result.invoices))];
    if !plan.fx.is_empty() {
        let rates: Vec<&str> = plan.fx.iter().map(|rate| rate.text.as_str()).collect();
        blocks.push(Block::Note(format!("Rates of exchange, as given: {}.", rates.join(", "))));
    }
    blocks.push(Block::Heading("From the logs to the bill".into()));
    blocks.push(Block::Table(bridge(result)));
    for found in &result.bridge {
        if found.amount != Usd::ZERO || found.cells > 0 {
            blocks.push(Block::Note(format!("{}: {}. {}", found.cause.code(), found.evidence, command(found, result))));
            for (other, evidence) in &found.also {
                blocks.push(Block::Note(format!("  {} would explain as much: {evidence}.", other.code())));
            }
        }
    }
    let open: Vec<&CellReport> = result.cells.iter().filter(|cell| cell.unexplained_usd != Usd::ZERO).collect();
    if !open.is_empty() {
        blocks.push(Block::Heading(format!("Unexplained: {} of {} cells", open.len(), result.compared)));
        let most = if plan.all_cells { usize::MAX } else { SHOWN };
        blocks.push(Block::Table(cells(&open[..open.len().min(most)])));
    }
    sides(&mut blocks, result);
    blocks.push(Block::Heading("Does it agree?".into()));
    blocks.push(Block::Note(assertion(result)));
    blocks.push(Block::Note(verdict(result, plan)));
    blocks
}

fn invoices(invoices: &[InvoiceSummary]) -> Table {
    let columns = ["path", "format", "rows", "lines", "superseded", "from", "to", "zone", "control total", "sha"];
    let keys = [
        "path",
        "input_format",
        "rows",
        "lines",
        "superseded_lines",
        "since",
        "until",
        "timezone",
        "control_total_usd",
        "hash",
    ];
    let day = |ts: Timestamp| Cell::Text(ts.utc().format("%Y-%m-%d").to_string());
    let row = |summary: &InvoiceSummary| {
        vec![
            Cell::Path(summary.path.clone()),
            Cell::Text(summary.format.clone()),
            Cell::Count(summary.rows),
            Cell::Count(summary.lines),
            Cell::Count(summary.superseded),
            summary.span.map_or(Cell::Empty, |(first, _)| day(first)),
            summary.span.map_or(Cell::Empty, |(_, last)| day(Timestamp(last.0 - 1))),
            Cell::Text(summary.zone.clone()),
            match summary.currencies.is_empty() {
                true => Cell::Usd(summary.control_total),
                false => Cell::Text(bills::told(&summary.currencies)),
            },
            Cell::Text(summary.hash.chars().take(12).collect()),
        ]
    };
    Table {
        columns: columns.iter().zip(keys).map(|(name, key)| Column::keyed(*name, key)).collect(),
        rows: invoices.iter().map(row).collect(),
        total: None,
    }
}

fn bridge(result: &Reconciliation) -> Table {
    let columns = ["", "usd", "confidence", "cells", "where"];
    let keys = ["cause", "amount_usd", "confidence", "cells", "where"];
    let line = |name: &str, amount: Cell| vec![Cell::Text(name.into()), amount, Cell::Empty, Cell::Empty, Cell::Empty];
    let mut rows = vec![line("logged", Cell::Usd(result.logged))];
    for found in &result.bridge {
        // A model says whose it is.
        let has_model = found.scope.iter().any(|(name, _)| *name == "model");
        let told = found.scope.iter().filter(|(name, _)| !(has_model && *name == "provider"));
        let scope: Vec<String> = told.map(|(name, value)| format!("{name}={value}")).collect();
        rows.push(vec![
            Cell::Text(found.cause.code().into()),
            Cell::Change(found.amount),
            Cell::Text(confidence(found.confidence).into()),
            Cell::Count(found.cells),
            Cell::Logged(scope.join(" ")),
        ]);
    }
    rows.push(line("unexplained", Cell::Change(result.unexplained)));
    Table {
        columns: columns.iter().zip(keys).map(|(name, key)| Column::keyed(*name, key)).collect(),
        rows,
        total: Some(line("invoiced", Cell::Usd(result.invoiced))),
    }
}

fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Proved => "proved",
        Confidence::Fits => "fits",
        Confidence::Suggested => "suggested",
    }
}

fn cells(cells: &[&CellReport]) -> Table {
    let columns =
        ["day", "model", "class", "key", "status", "invoiced", "logged", "unexplained", "bill's count", "logs' count"];
    let keys = [
        "day",
        "model",
        "class",
        "key",
        "status",
        "invoiced_usd",
        "logged_usd",
        "unexplained_usd",
        "invoiced_quantity",
        "logged_quantity",
    ];
    let row = |cell: &&CellReport| {
        let key = [cell.workspace.as_str(), cell.api_key.as_str()];
        let key: Vec<&str> = key.into_iter().filter(|text| !text.is_empty()).collect();
        vec![
            Cell::Text(cell.when()),
            Cell::Logged(cell.model.clone()),
            Cell::Text(cell.class.clone()),
            Cell::Logged(key.join(" ")),
            Cell::Text(status(cell.status).into()),
            Cell::Usd(cell.invoiced_usd),
            Cell::Usd(cell.logged_usd),
            Cell::Change(cell.unexplained_usd),
            cell.invoiced_quantity.clone().map_or(Cell::Empty, Cell::Text),
            Cell::Text(cell.logged_quantity.clone()),
        ]
    };
    Table {
        columns: columns.iter().zip(keys).map(|(name, key)| Column::keyed(*name, key)).collect(),
        rows: cells.iter().map(row).collect(),
        total: None,
    }
}

fn status(status: CellStatus) -> &'static str {
    match status {
        CellStatus::Matched => "matched",
        CellStatus::QtyVariance => "quantity differs",
        CellStatus::PriceVariance => "price differs",
        CellStatus::Both => "both differ",
        CellStatus::OnlyInvoice => "only on the bill",
        CellStatus::OnlyLog => "only in the logs",
    }
}

/// Says what only one side has, and what could not be compared.
fn sides(blocks: &mut Vec<Block>, result: &Reconciliation) {
    let mut notes = Vec::new();
    for (wanted, words) in [(CellStatus::OnlyInvoice, "Only on the bill"), (CellStatus::OnlyLog, "Only in the logs")] {
        let mut models: Vec<&str> = result
            .cells
            .iter()
            .filter(|cell| cell.status == wanted)
            .map(|cell| if cell.model.is_empty() { cell.class.as_str() } else { cell.model.as_str() })
            .collect();
        models.sort_unstable();
        models.dedup();
        if !models.is_empty() {
            let more = if models.len() > SHOWN { ", …" } else { "" };
            notes.push(format!("{words}: {}{more}.", models[..models.len().min(SHOWN)].join(", ")));
        }
    }
    for foreign in result.foreign.iter().take(SHOWN) {
        let words = if foreign.description.is_empty() { &foreign.charge } else { &foreign.description };
        notes.push(format!(
            "In no log, and named by no cause: {words}, {} over {} lines.",
            foreign.amount_usd, foreign.lines
        ));
    }
    notes.extend(result.unmatched.iter().map(|words| format!("Not compared by {words}.")));
    if !result.unknown_models.is_empty() {
        let names = result.unknown_models[..result.unknown_models.len().min(SHOWN)].join(", ");
        notes.push(format!("Models of the bill that the price table does not know: {names}."));
    }
    if result.outside_days != Usd::ZERO {
        notes.push(format!("Logged on days that the bill does not speak for: {}.", result.outside_days));
    }
    if result.outside_lines > 0 {
        notes.push(format!("{} lines of the bill lie outside the window and are left out.", result.outside_lines));
    }
    if !notes.is_empty() {
        blocks.push(Block::Heading("Not compared, or on one side only".into()));
        blocks.extend(notes.into_iter().map(Block::Note));
    }
}

fn assertion(result: &Reconciliation) -> String {
    let causes: Usd = result.bridge.iter().map(|found| found.amount).sum();
    format!(
        "invoiced {} = logged {} + causes {causes} + unexplained {}",
        result.invoiced, result.logged, result.unexplained
    )
}

fn verdict(result: &Reconciliation, plan: &ReconcilePlan) -> String {
    let captured = result.captured.map(|rate| format!(" {:.1} % of the billed usage ties by itself.", rate * 100.0));
    let given = match plan.tolerance == Usd::ZERO && plan.tolerance_ppm == 0 {
        true => format!("rounding can account for {}", result.bound),
        false => format!("rounding can account for {}, and more was allowed", result.bound),
    };
    let words = match result.status {
        Status::Reconciled => "Reconciled: nothing but rounding lies between them",
        Status::Explained => "Explained: the causes account for every cell",
        Status::Unexplained => "Not reconciled: some cells are beyond what rounding and the causes account for",
    };
    format!("{words} ({given}).{}", captured.unwrap_or_default())
}

/// Returns the command that shows the calls behind a cause.
pub(super) fn command(found: &Explained, result: &Reconciliation) -> String {
    let mut command = String::from("attr slice --by day,model");
    for (name, value) in &found.scope {
        let (name, value) = match *name {
            "class" => continue,
            "day" => {
                command.push_str(&format!(" --period {value}"));
                continue;
            }
            name => (name, value),
        };
        let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte));
        match plain {
            true => command.push_str(&format!(" --where {name}={value}")),
            false => command.push_str(&format!(" --where '{name}={}'", value.replace('\'', "'\\''"))),
        }
    }
    if !command.contains("--period")
        && let (Some(since), Some(until)) = (result.window.since, result.window.until)
    {
        command.push_str(&format!(" --since {since} --until {until}"));
    }
    command
}
