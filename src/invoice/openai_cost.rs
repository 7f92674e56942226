//! OpenAI's cost export of the dashboard, `cost_<from>_<to>.csv`: what the invoice is made of, by UTC day.
//!
//! Amounts are exact decimals with up to 40 places, nothing is rounded. Header generations:
//!
//! - 2025-10: times, `amount_value`, `amount_currency`, `line_item`, project and organisation;
//! - 2026-08: also `quantity`, `quantity_unit`, `api_key_id` and the users' names, which are not kept;
//! - 2026-09: also `api_source`;
//! - a window in which nothing happened has the four columns of times and no other.
//!
//! A file is grouped by what was asked for: a column it was not grouped by is blank, and without `line_item` a row is the
//! whole day of the organisation. What a line charges for is in its words, see `openai_line_item`. Usage files count
//! what was used, cost files what is paid: the provider says that only the latter tie to the bill.

use crate::domain::Charge;
use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::openai_bucket;
use crate::invoice::openai_bucket::Buckets;
use crate::invoice::openai_bucket::TIMES;
use crate::invoice::openai_line_item;
use crate::invoice::total_row::TotalRow;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;

/// The reader of the dashboard's cost export.
pub struct OpenAiCost;

impl InvoiceReader for OpenAiCost {
    fn name(&self) -> &'static str {
        "openai_cost"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let told = ["amount_value", "amount_currency", "line_item"].iter().any(|key| record.has(key));
        record.has_all(&["start_time", "start_time_iso"]) && told || is_bare(record)
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::<Rows>::default()
    }
}

/// Tells whether a row has the times and no other column: an export of a window without charges.
fn is_bare(record: Node<'_>) -> bool {
    record.has_all(&TIMES) && record.fields().count() == TIMES.len()
}

#[derive(Default)]
struct Rows {
    buckets: Buckets,
    total: TotalRow,
}

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let row = record.node;
        if !is_bare(row) {
            value::require(row, &["start_time", "end_time", "amount_value", "amount_currency", "line_item"])?;
        }
        if self.total.takes(record, "start_time", |row| value::amount(row, "amount_value", 0), sink)? {
            return Ok(());
        }
        let (start, end) = openai_bucket::span(row)?;
        self.buckets.add((start, end));
        if openai_bucket::is_empty_row(row) {
            sink.skip(record.line, "empty_day");
            return Ok(());
        }
        let item = value::text(row, "line_item");
        let mut line = InvoiceLine { row: record.line, start, end, ..InvoiceLine::default() };
        line.amount = value::amount(row, "amount_value", 0)?;
        if line.amount.is_some() {
            line.currency = value::currency(&value::required(row, "amount_currency")?)?.into_owned().into();
        }
        fill(&mut line, row, item.as_deref())?;
        sink.line(&line);
        Ok(())
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        Ok(Statement { stated_total: self.total.stated(), ..self.buckets.statement() })
    }
}

/// Takes what the export and the pages of the interface name alike: who, what for and how much of it.
pub(super) fn fill<'t>(line: &mut InvoiceLine<'t>, row: Node<'t>, item: Option<&'t str>) -> Result<(), String> {
    line.provider = "openai".into();
    line.account = value::text(row, "organization_id");
    line.workspace = value::text(row, "project_id").or_else(|| value::text(row, "project_name"));
    line.api_key = value::text(row, "api_key_id");
    // A day of the organisation, or of a project or key, with all its calls in one amount.
    line.charge = Charge::Call;
    if let Some(item) = item {
        let parsed = openai_line_item::parse(item);
        line.charge = parsed.charge;
        line.model = parsed.model.map(Into::into);
        line.tier = parsed.tier;
        line.tool = parsed.tool.map(Into::into);
        line.long_context = parsed.long_context;
        line.description = parsed.says_more.then_some(item.into());
    }
    take_quantity(line, row, item)
}

/// Takes the quantity. A class of tokens that is counted in something else, as minutes of audio, is none.
fn take_quantity<'t>(line: &mut InvoiceLine<'t>, row: Node<'t>, item: Option<&'t str>) -> Result<(), String> {
    let unit = value::text(row, "quantity_unit");
    let times = if unit.as_deref() == Some("1000_tokens") { 1_000 } else { 1 };
    line.quantity = value::quantity(row, "quantity", times)?;
    let unit = unit.filter(|unit| !matches!(unit.as_ref(), "tokens" | "1000_tokens"));
    if line.quantity.is_some() && unit.is_some() {
        line.unit = unit;
        if matches!(line.charge, Charge::Tokens(_) | Charge::CacheWrite) {
            line.charge = Charge::Other;
            line.description = item.map(Into::into);
        }
    }
    Ok(())
}
