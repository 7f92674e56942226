//! OpenAI's usage as its interface for administrators answers: pages of buckets of counts, one page a record.
//!
//! All its kinds: completions, embeddings, moderations, images, speech, transcriptions, vector stores, searches, sessions
//! of the code interpreter. A field that the request did not group by is null. The counts are those of the
//! dashboard's export, see `openai_counts`. Rows are counted over all pages, because a page may stand on one line.

use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::openai_bucket;
use crate::invoice::openai_bucket::Buckets;
use crate::invoice::openai_counts;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;

/// The reader of the usage interface's pages.
pub struct OpenAiUsageApi;

impl InvoiceReader for OpenAiUsageApi {
    fn name(&self) -> &'static str {
        "openai_usage_api"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        openai_bucket::buckets(record).flat_map(openai_bucket::results).next().is_some_and(is_usage)
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::<Pages>::default()
    }
}

fn is_usage(result: Node<'_>) -> bool {
    result.get("object").is_some_and(|object| object.raw().starts_with("organization.usage."))
        || result.has("num_model_requests")
}

#[derive(Default)]
struct Pages {
    buckets: Buckets,
    rows: u64,
}

impl Session for Pages {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        self.buckets.turn_page(record.node);
        for bucket in openai_bucket::page(record.node)? {
            let (start, end) = openai_bucket::span(bucket)?;
            self.buckets.add((start, end));
            let before = self.rows;
            for result in openai_bucket::results(bucket) {
                self.rows += 1;
                let line = InvoiceLine { row: self.rows, start, end, ..InvoiceLine::default() };
                read(result, line, sink).map_err(|reason| format!("result {} of the file: {reason}", self.rows))?;
            }
            if self.rows == before {
                self.rows += 1;
                sink.skip(self.rows, "empty_day");
            }
        }
        Ok(())
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        Ok(self.buckets.statement())
    }
}

fn read<'t>(result: Node<'t>, line: InvoiceLine<'t>, sink: &mut dyn LineSink) -> Result<(), String> {
    if !is_usage(result) {
        return Err("this is no result of the usage".into());
    }
    if !openai_counts::is_sister(result) {
        value::require(result, &["input_tokens", "num_model_requests"])?;
    }
    openai_counts::emit(result, line, sink)
}
