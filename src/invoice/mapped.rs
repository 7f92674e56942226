//! A bill of the user's own: a CSV (or JSON rows) with one amount a row, read by `[invoice.NAME]` of the settings.
//!
//! Nothing is detected and nothing is guessed: the mapping says which columns hold what, how numbers and dates are
//! written, and which words mean which charge. It is applied to files that the user points it at, so no record is
//! claimed here. A text that no rule knows stays in the bill as `other` and is listed; a row without any text that
//! names a model charges for whole calls. A last row without a date that calls itself a total is checked against the
//! sum.

mod date;
mod number;
pub(super) mod plan;

use std::borrow::Cow;

use crate::domain::Amount;
use crate::domain::Charge;
use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::mapped::plan::Basis;
use crate::invoice::mapped::plan::Meaning;
use crate::invoice::mapped::plan::Plan;
use crate::invoice::notes::Listed;
use crate::invoice::total_row::TotalRow;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Kind;
use crate::read::json::Node;
use crate::read::value::excerpt;

/// The reader of a user's own bill; it needs [`Options::mapping`].
pub struct Mapped;

/// The reader of a user's own bill, for callers that have a mapping.
pub static MAPPED: &dyn InvoiceReader = &Mapped;

impl InvoiceReader for Mapped {
    fn name(&self) -> &'static str {
        "mapped"
    }

    fn claims(&self, _record: Node<'_>) -> bool {
        false
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        let plan = match &options.mapping {
            Some(mapping) => Plan::new(mapping).map_err(|error| format!("[invoice.{}] {error}", mapping.name)),
            None => Err("no mapping is given: name one with [invoice.NAME] in attr.toml".into()),
        };
        Box::new(Rows { plan, unknown: Listed::default(), total: TotalRow::default() })
    }
}

struct Rows {
    plan: Result<Plan, String>,
    /// Texts that no rule knows.
    unknown: Listed,
    total: TotalRow,
}

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let plan = self.plan.as_ref().map_err(String::clone)?;
        let node = record.node;
        plan.require(node)?;
        let date = plan.column("date").unwrap_or_default();
        if self.total.takes(record, date, |row| amount(plan, row, "amount"), sink)? {
            return Ok(());
        }
        let (start, end) = plan.dates.span(&cell(plan, node, "date")?.ok_or("its date is empty")?)?;
        let end = match cell(plan, node, "end")? {
            Some(text) => plan.dates.end(&text)?,
            None => end,
        };
        if end < start {
            return Err("it ends before it starts".into());
        }
        let amount = amount(plan, node, "amount")?;
        let mut line = InvoiceLine {
            row: record.line,
            provider: Cow::Borrowed(&plan.provider),
            account: cell(plan, node, "account")?,
            workspace: cell(plan, node, "workspace")?,
            api_key: cell(plan, node, "api_key")?,
            region: cell(plan, node, "region")?.filter(|region| region != "not_available"),
            model: cell(plan, node, "model")?,
            tier: cell(plan, node, "tier")?,
            description: cell(plan, node, "description")?,
            start,
            end,
            list: list(plan, node, amount.as_ref())?,
            amount,
            currency: currency(plan, node)?,
            quantum: plan.quantum,
            invoice: cell(plan, node, "invoice")?,
            ..InvoiceLine::default()
        };
        let class = cell(plan, node, "class")?;
        let meaning = meaning(plan, class.as_deref(), &line);
        if meaning.is_none() {
            self.unknown.take(line.description.as_deref().or(class.as_deref()).unwrap_or_default());
        }
        let meaning = meaning.unwrap_or(Meaning { charge: Charge::Other, tool: None });
        line.charge = meaning.charge;
        line.tool = meaning.tool.map(Cow::Owned);
        line.description = line.description.or(class);
        take_quantity(plan, node, &mut line)?;
        sink.line(&line);
        Ok(())
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        let plan = self.plan.as_ref().map_err(String::clone)?;
        let mut notes = vec![plan.told.clone()];
        notes.extend(self.unknown.note("matched by no rule, kept as `other`"));
        Ok(Statement {
            zone: plan.dates.zone.name().into(),
            stated_total: self.total.stated(),
            notes,
            ..Statement::default()
        })
    }
}

/// Returns the text of the column that holds a field; `None` where there is no such column or the cell is empty.
fn cell<'t>(plan: &Plan, node: Node<'t>, field: &str) -> Result<Option<Cow<'t, str>>, String> {
    let Some(column) = plan.column(field) else { return Ok(None) };
    if node.get(column).is_some_and(|cell| matches!(cell.kind(), Kind::Array | Kind::Object)) {
        return Err(format!("`{column}` is no single value"));
    }
    Ok(value::text(node, column).and_then(|text| match text.trim() {
        "" => None,
        trimmed if trimmed.len() == text.len() => Some(text),
        trimmed => Some(Cow::Owned(trimmed.to_string())),
    }))
}

fn amount<'t>(plan: &Plan, node: Node<'t>, field: &str) -> Result<Option<Amount<'t>>, String> {
    let Some(text) = cell(plan, node, field)? else { return Ok(None) };
    let column = plan.column(field).unwrap_or(field);
    let mut amount = plan.numbers.amount(column, text, plan.scale)?;
    if plan.is_credit_positive {
        amount.pico = -amount.pico;
    }
    Ok(Some(amount))
}

/// Returns the amount before discounts: from its own column, or the amount itself where the bill is of list prices.
fn list<'t>(plan: &Plan, node: Node<'t>, paid: Option<&Amount<'t>>) -> Result<Option<Amount<'t>>, String> {
    let told = amount(plan, node, "list")?;
    Ok(told.or_else(|| paid.filter(|_| plan.basis == Basis::List).cloned()))
}

fn currency<'t>(plan: &Plan, node: Node<'t>) -> Result<Cow<'t, str>, String> {
    let text = match cell(plan, node, "currency")? {
        Some(text) => text,
        None => Cow::Owned(plan.currency.clone().ok_or("its currency is empty")?),
    };
    Ok(Cow::Owned(value::currency(&text)?.into_owned()))
}

/// Returns what a row charges for: the first rule that matches, else the class by its own name.
fn meaning(plan: &Plan, class: Option<&str>, line: &InvoiceLine<'_>) -> Option<Meaning> {
    let texts: Vec<&str> = class.into_iter().chain(line.description.as_deref()).collect();
    if texts.is_empty() && plan.rules.is_empty() && line.model.is_some() {
        return Some(Meaning { charge: Charge::Call, tool: None });
    }
    let text = texts.join(" ");
    let by_rule = plan.rules.iter().find(|(pattern, _)| !texts.is_empty() && pattern.is_match(&text));
    by_rule.map(|(_, meaning)| meaning.clone()).or_else(|| Meaning::parse(class?))
}

fn take_quantity<'t>(plan: &'t Plan, node: Node<'t>, line: &mut InvoiceLine<'t>) -> Result<(), String> {
    let Some(text) = cell(plan, node, "quantity")? else { return Ok(()) };
    let column = plan.column("quantity").unwrap_or("quantity");
    let counts_tokens = matches!(line.charge, Charge::Tokens(_) | Charge::CacheWrite | Charge::Reasoning);
    let (times, unit) = match plan.quantity_unit.as_deref() {
        Some("tokens") if counts_tokens => (1, None),
        Some("1K") if counts_tokens => (1_000, None),
        Some("1M") if counts_tokens => (1_000_000, None),
        Some("requests") if matches!(line.charge, Charge::Call | Charge::Requests | Charge::Tool) => (1, None),
        Some(unit) => (1, Some(unit)),
        // The unit was not said: the price tells, or nothing does.
        None => (1, Some(column)),
    };
    line.quantity = Some(plan.numbers.quantity(column, &text, times)?);
    line.unit = unit.map(|unit| Cow::Owned(unit.to_string()));
    Ok(())
}

impl Plan {
    /// Refuses a row that lacks a mapped column.
    fn require(&self, node: Node<'_>) -> Result<(), String> {
        let Some((_, missing)) = self.columns.iter().find(|(_, column)| !node.has(column)) else { return Ok(()) };
        // A header cut by the wrong character is one long name.
        let delimiter = self.delimiter.filter(|byte| node.fields().any(|(name, _)| name.as_bytes().contains(byte)));
        if let Some(delimiter) = delimiter {
            let delimiter = char::from(delimiter).escape_default();
            return Err(format!("the file was not cut by the delimiter `{delimiter}` that the mapping gives"));
        }
        value::require(node, &[missing]).map_err(|reason| {
            let heading = node.fields().next().map(|(name, _)| name).unwrap_or_default();
            let is_whole = node.fields().count() == 1 && heading.contains([',', ';', '\t', '|']);
            if is_whole { format!("{reason} (give the delimiter: {})", excerpt(heading)) } else { reason }
        })
    }
}
