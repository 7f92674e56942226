//! OpenAI's usage exports of the dashboard: `completions_usage_<from>_<to>.csv` and its sisters of images, moderations,
//! embeddings, speech and transcriptions. Counts without amounts, by UTC day, hour or minute.
//!
//! Header generations: of 2025-10, and of 2026-08, which adds `compute_units` and `input_cache_write_tokens`. Counts are
//! printed as floats (`31422.0`) and `batch` as `False` or `FALSE`; empty buckets are blank rows. What the counts
//! contain is in `openai_counts`. `default` is the standard tier, `incentivized-tier` are the tokens given away for shared
//! data (used, and not paid for). Tokens under Scale Tier are counted here and billed as a commitment. A
//! window without usage has the four columns of a cost export without costs, and is read as that.

use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::openai_bucket;
use crate::invoice::openai_bucket::Buckets;
use crate::invoice::openai_counts;
use crate::invoice::total_row;
use crate::invoice::total_row::TotalRow;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;

/// The reader of the dashboard's usage exports.
pub struct OpenAiUsage;

impl InvoiceReader for OpenAiUsage {
    fn name(&self) -> &'static str {
        "openai_usage"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let counts = ["num_model_requests", "input_tokens", "output_tokens", "input_cached_tokens"];
        record.has_all(&["start_time", "start_time_iso"])
            && (counts.iter().any(|key| record.has(key)) || openai_counts::is_sister(record))
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::<Rows>::default()
    }
}

#[derive(Default)]
struct Rows {
    buckets: Buckets,
    total: TotalRow,
}

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let row = record.node;
        value::require(row, &["start_time", "end_time"])?;
        if !openai_counts::is_sister(row) {
            value::require(row, &["num_model_requests", "input_tokens"])?;
            // Of moderations and embeddings there is only input.
            if ["batch", "service_tier", "input_cached_tokens", "output_text_tokens"].iter().any(|key| row.has(key)) {
                value::require(row, &["output_tokens", "input_cached_tokens"])?;
            }
        }
        if self.total.takes(record, "start_time", total_row::without_money, sink)? {
            return Ok(());
        }
        let (start, end) = openai_bucket::span(row)?;
        self.buckets.add((start, end));
        if openai_bucket::is_empty_row(row) {
            sink.skip(record.line, "empty_day");
            return Ok(());
        }
        openai_counts::emit(row, InvoiceLine { row: record.line, start, end, ..InvoiceLine::default() }, sink)
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        Ok(self.buckets.statement())
    }
}
