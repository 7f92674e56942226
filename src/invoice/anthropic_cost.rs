//! The cost export of Anthropic's Console (`claude_api_cost_…_to_….csv`): a row a day, model, key and token type.
//!
//! Amounts are dollars rounded to cents row by row, so that rows of less than half a cent say 0.00; quantities are in
//! the tokens export beside it (`anthropic_tokens`). Several rows may look alike in all but their amount, and all of
//! them are charged. Days are UTC days; an export of a single day has hours. Models are display names, keys and
//! workspaces are labels.
//!
//! Headers so far: nine columns (2025-12); with `inference_geo` and `speed` (early 2026); with `list_price_usd`
//! (2026-03); with `api_key_id` and `api_key_status` (2026-08). A `cost_usd` below `list_price_usd` is a discount.

use std::borrow::Cow;

use crate::domain::Charge;
use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::domain::Zone;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::anthropic;
use crate::invoice::total_row::TotalRow;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;

/// A cent.
const QUANTUM: i128 = 10_000_000_000;
const REQUIRED: [&str; 5] = ["usage_date_utc", "model", "token_type", "cost_usd", "cost_type"];

/// The reader.
pub struct AnthropicCost;

impl InvoiceReader for AnthropicCost {
    fn name(&self) -> &'static str {
        "anthropic_cost"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        record.has("usage_date_utc") && ["cost_usd", "list_price_usd", "token_type"].iter().any(|key| record.has(key))
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::new(Rows { total: TotalRow::default(), rows: 0, charged: false })
    }
}

struct Rows {
    total: TotalRow,
    rows: u64,
    charged: bool,
}

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        value::require(record.node, &REQUIRED)?;
        if self.total.takes(record, "usage_date_utc", |row| value::amount(row, "cost_usd", 0), sink)? {
            return Ok(());
        }
        let line = line(record)?;
        self.rows += 1;
        self.charged |= line.amount.is_some();
        sink.line(&line);
        Ok(())
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        if self.rows > 0 && !self.charged {
            return Err("`cost_usd` is empty in every row".into());
        }
        Ok(Statement { zone: "UTC".to_string(), stated_total: self.total.stated(), ..Statement::default() })
    }
}

fn line<'t>(record: Record<'t>) -> Result<InvoiceLine<'t>, String> {
    let node = record.node;
    let day = value::required(node, "usage_date_utc")?;
    let (start, end) = value::day("usage_date_utc", &day, Zone::UTC)?;
    let (cost_type, token_type) = (value::text(node, "cost_type"), value::text(node, "token_type"));
    let (charge, tool) = anthropic::charge(cost_type.as_deref(), token_type.as_deref());
    let amount = value::amount(node, "cost_usd", 0)?;
    let list = value::amount(node, "list_price_usd", 0)?;
    Ok(InvoiceLine {
        row: record.line,
        provider: anthropic::PROVIDER,
        workspace: value::text(node, "workspace"),
        api_key: value::text(node, "api_key").or_else(|| value::text(node, "api_key_id")),
        region: anthropic::region(node),
        model: value::text(node, "model").map(anthropic::model_id),
        tier: tier(node),
        tool: tool.map(Cow::Borrowed),
        description: if charge == Charge::Other { words(cost_type, token_type) } else { None },
        charge,
        long_context: value::text(node, "context_window").and_then(|text| anthropic::long_context(&text)),
        start,
        end,
        currency: if amount.is_some() || list.is_some() { "USD".into() } else { "".into() },
        amount,
        list,
        quantum: QUANTUM,
        ..InvoiceLine::default()
    })
}

/// `usage_type` is `message` for whatever it was, a batch too for all that is known.
fn tier(node: Node<'_>) -> Option<Cow<'_, str>> {
    match value::text(node, "usage_type") {
        Some(kind) if kind == "batch" => Some(kind),
        _ => anthropic::tier(node, ""),
    }
}

/// The file's words for what has no name here.
fn words<'t>(cost_type: Option<Cow<'t, str>>, token_type: Option<Cow<'t, str>>) -> Option<Cow<'t, str>> {
    match (cost_type, token_type) {
        (Some(cost), Some(token)) => Some(Cow::Owned(format!("{cost}: {token}"))),
        (cost, token) => cost.or(token),
    }
}
