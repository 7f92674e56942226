//! Pages of Anthropic's Admin API for costs (`/v1/organizations/cost_report`): UTC days, each with its results.
//!
//! `amount` is a decimal text in CENTS with fractions: "123.45" is 1.2345 dollars, and nothing is rounded. There are no
//! quantities and no keys. Fields are null that the query did not group by, so a page that was not grouped by
//! `description` has one amount for everything; a null workspace is the default one or none asked for. Priority Tier is
//! not in it.
//!
//! A record is a page, or a day where people saved the days alone. Days without a charge are printed.

use std::borrow::Cow;

use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::domain::Timestamp;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::anthropic;
use crate::invoice::anthropic::Pages;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;

/// Cents are hundredths of the currency.
const CENTS: i32 = 2;

/// The reader.
pub struct AnthropicCostReport;

impl InvoiceReader for AnthropicCostReport {
    fn name(&self) -> &'static str {
        "anthropic_cost_report"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let telling = ["cost_type", "token_type", "service_tier", "workspace_id", "description"];
        anthropic::first_result(record).is_some_and(|result| {
            !result.has("list_amount")
                && telling.iter().any(|key| result.has(key))
                && result.get("amount").is_none_or(|amount| !amount.is_object())
                && result.first(&["amount", "currency", "cost_type"]).is_some()
        })
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::new(Days { pages: Pages::default() })
    }
}

struct Days {
    pages: Pages,
}

impl Session for Days {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        self.pages.results(record, sink, &mut |sink, result, span| {
            sink.line(&line(record.line, result, span)?);
            Ok(())
        })
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        Ok(self.pages.statement(Vec::new()))
    }
}

fn line<'t>(row: u64, result: Node<'t>, span: (Timestamp, Timestamp)) -> Result<InvoiceLine<'t>, String> {
    value::require(result, &["amount", "currency"])?;
    let amount = value::amount(result, "amount", CENTS)?.ok_or("`amount` is empty")?;
    let (cost_type, token_type) = (value::text(result, "cost_type"), value::text(result, "token_type"));
    let (charge, tool) = anthropic::charge(cost_type.as_deref(), token_type.as_deref());
    let currency = match value::required(result, "currency")? {
        // The node outlives the text only where the text is borrowed from it.
        Cow::Borrowed(text) => value::currency(text)?,
        Cow::Owned(text) => Cow::Owned(value::currency(&text)?.into_owned()),
    };
    Ok(InvoiceLine {
        row,
        provider: anthropic::PROVIDER,
        workspace: value::text(result, "workspace_id"),
        region: anthropic::region(result),
        model: value::text(result, "model").map(anthropic::model_id),
        tier: anthropic::tier(result, "service_tier"),
        tool: tool.map(Cow::Borrowed),
        description: value::text(result, "description"),
        charge,
        long_context: value::text(result, "context_window").and_then(|text| anthropic::long_context(&text)),
        start: span.0,
        end: span.1,
        amount: Some(amount),
        currency,
        ..InvoiceLine::default()
    })
}
