//! The tokens export of Anthropic's Console (`claude_api_tokens_…_to_….csv`): a row a day, model and key, a column a
//! class. Quantities alone; the amounts are in the cost export (`anthropic_cost`), which has its columns in another
//! order and its models by display name.
//!
//! A row becomes a line a class. The columns are disjoint. Days are UTC days; an export of a single day has hours
//! (`2025-12-04 10:00`). `usage_type` is `standard` or `batch`.
//!
//! Headers so far: one `usage_input_tokens_cache_write` for writes of either lifetime (2025); a column a lifetime
//! (2025-12); with `context_window`; with `inference_geo` and `speed` (2026-03).

use crate::domain::Charge;
use crate::domain::Class;
use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::domain::Zone;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::anthropic;
use crate::invoice::total_row;
use crate::invoice::total_row::TotalRow;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;

const REQUIRED: [&str; 5] = [
    "usage_date_utc",
    "model_version",
    "usage_input_tokens_no_cache",
    "usage_input_tokens_cache_read",
    "usage_output_tokens",
];
/// Writes of a lifetime that the file does not tell.
const WRITES: &str = "usage_input_tokens_cache_write";
const WRITES_5M: &str = "usage_input_tokens_cache_write_5m";
const WRITES_1H: &str = "usage_input_tokens_cache_write_1h";

/// The reader.
pub struct AnthropicTokens;

impl InvoiceReader for AnthropicTokens {
    fn name(&self) -> &'static str {
        "anthropic_tokens"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        record.has("usage_date_utc")
            && record.fields().any(|(key, _)| key.starts_with("usage_input_tokens") || key == "usage_output_tokens")
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::new(Rows { total: TotalRow::default(), notes: Vec::new() })
    }
}

struct Rows {
    total: TotalRow,
    notes: Vec<String>,
}

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let node = record.node;
        value::require(node, &REQUIRED)?;
        if !node.has(WRITES) {
            value::require(node, &[WRITES_5M, WRITES_1H])?;
        }
        if self.total.takes(record, "usage_date_utc", total_row::without_money, sink)? {
            return Ok(());
        }
        let day = value::required(node, "usage_date_utc")?;
        let (start, end) = value::day("usage_date_utc", &day, Zone::UTC)?;
        let row = InvoiceLine {
            row: record.line,
            provider: anthropic::PROVIDER,
            workspace: value::text(node, "workspace"),
            api_key: value::text(node, "api_key").or_else(|| value::text(node, "api_key_id")),
            region: anthropic::region(node),
            model: value::text(node, "model_version").map(anthropic::model_id),
            tier: anthropic::tier(node, "usage_type"),
            long_context: value::text(node, "context_window").and_then(|text| anthropic::long_context(&text)),
            start,
            end,
            ..InvoiceLine::default()
        };
        anthropic::note_priority(&mut self.notes, row.tier.as_deref());
        let counts = [
            (Charge::Tokens(Class::Input), anthropic::count(node, "usage_input_tokens_no_cache")?),
            (Charge::Tokens(Class::CacheRead), anthropic::count(node, "usage_input_tokens_cache_read")?),
            (Charge::CacheWrite, anthropic::count(node, WRITES)?),
            (Charge::Tokens(Class::CacheWrite5m), anthropic::count(node, WRITES_5M)?),
            (Charge::Tokens(Class::CacheWrite1h), anthropic::count(node, WRITES_1H)?),
            (Charge::Tokens(Class::Output), anthropic::count(node, "usage_output_tokens")?),
            (Charge::Tool, anthropic::count(node, "web_search_count")?),
        ];
        if counts.iter().all(|(_, count)| count.is_none()) {
            return Err("no column of the row has a count".into());
        }
        anthropic::counted(sink, &row, &counts);
        Ok(())
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        let notes = std::mem::take(&mut self.notes);
        Ok(Statement { zone: "UTC".to_string(), notes, ..Statement::default() })
    }
}
