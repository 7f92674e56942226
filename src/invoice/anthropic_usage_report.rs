//! Pages of Anthropic's Admin API for usage (`/v1/organizations/usage_report/messages`): buckets of a minute, an hour
//! or a UTC day, each with its results. Quantities alone, a count a class; a result becomes a line a class.
//!
//! Fields are null that the query did not group by; the key is null for the Workbench too, the workspace for the
//! default one. Code execution is charged and never counted here. Priority Tier is counted here and never in the cost
//! report. Who the person or service account was is not read.
//!
//! A record is a page, or a bucket where people saved the buckets alone. Empty buckets are printed.

use crate::domain::Charge;
use crate::domain::Class;
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

const REQUIRED: [&str; 4] = ["uncached_input_tokens", "cache_creation", "cache_read_input_tokens", "output_tokens"];
const WRITES_5M: &str = "ephemeral_5m_input_tokens";
const WRITES_1H: &str = "ephemeral_1h_input_tokens";

/// The reader.
pub struct AnthropicUsageReport;

impl InvoiceReader for AnthropicUsageReport {
    fn name(&self) -> &'static str {
        "anthropic_usage_report"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        anthropic::first_result(record).is_some_and(|result| {
            result.has("uncached_input_tokens") || result.has_all(&["cache_creation", "output_tokens"])
        })
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::new(Buckets { pages: Pages::default(), notes: Vec::new() })
    }
}

struct Buckets {
    pages: Pages,
    notes: Vec<String>,
}

impl Session for Buckets {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let notes = &mut self.notes;
        self.pages.results(record, sink, &mut |sink, result, span| lines(record.line, result, span, notes, sink))
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        let notes = std::mem::take(&mut self.notes);
        Ok(self.pages.statement(notes))
    }
}

fn lines(
    row: u64,
    result: Node<'_>,
    span: (Timestamp, Timestamp),
    notes: &mut Vec<String>,
    sink: &mut dyn LineSink,
) -> Result<(), String> {
    value::require(result, &REQUIRED)?;
    let row = InvoiceLine {
        row,
        provider: anthropic::PROVIDER,
        workspace: value::text(result, "workspace_id"),
        api_key: value::text(result, "api_key_id"),
        region: anthropic::region(result),
        model: value::text(result, "model").map(anthropic::model_id),
        tier: anthropic::tier(result, "service_tier"),
        long_context: value::text(result, "context_window").and_then(|text| anthropic::long_context(&text)),
        start: span.0,
        end: span.1,
        ..InvoiceLine::default()
    };
    anthropic::note_priority(notes, row.tier.as_deref());
    let (mut writes_5m, mut writes_1h, mut searches) = (None, None, None);
    if let Some(writes) = result.get("cache_creation") {
        value::require(writes, &[WRITES_5M, WRITES_1H])?;
        writes_5m = anthropic::count(writes, WRITES_5M)?;
        writes_1h = anthropic::count(writes, WRITES_1H)?;
    }
    if let Some(tools) = result.get("server_tool_use") {
        searches = anthropic::count(tools, "web_search_requests")?;
    }
    let counts = [
        (Charge::Tokens(Class::Input), anthropic::count(result, "uncached_input_tokens")?),
        (Charge::Tokens(Class::CacheRead), anthropic::count(result, "cache_read_input_tokens")?),
        (Charge::Tokens(Class::CacheWrite5m), writes_5m),
        (Charge::Tokens(Class::CacheWrite1h), writes_1h),
        (Charge::Tokens(Class::Output), anthropic::count(result, "output_tokens")?),
        (Charge::Tool, searches),
    ];
    anthropic::counted(sink, &row, &counts);
    Ok(())
}
