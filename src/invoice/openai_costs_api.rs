//! OpenAI's costs as its interface for administrators answers: pages of daily buckets of amounts, one page a record.
//!
//! The description of the interface types an amount's `value` as a number, the live service sends a text of up to 39
//! decimals, also `0E-6176`: both are read exactly, and nothing is rounded. `quantity` is there only where the costs
//! were grouped by `line_item`, whose words `openai_line_item` takes apart. An empty bucket says that its day
//! had no charge. Rows are counted over all pages, because a page may stand on one line.

use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::openai_bucket;
use crate::invoice::openai_bucket::Buckets;
use crate::invoice::openai_cost;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;

/// The reader of the costs interface's pages.
pub struct OpenAiCostsApi;

impl InvoiceReader for OpenAiCostsApi {
    fn name(&self) -> &'static str {
        "openai_costs_api"
    }

    /// A page without any result may be of costs or of usage; it says the same in both, and is taken here.
    fn claims(&self, record: Node<'_>) -> bool {
        let mut results = openai_bucket::buckets(record).flat_map(openai_bucket::results);
        match results.next() {
            Some(result) => is_cost(result),
            None => openai_bucket::says_so(record) && openai_bucket::buckets(record).next().is_some(),
        }
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::<Pages>::default()
    }
}

fn is_cost(result: Node<'_>) -> bool {
    result.get("object").is_some_and(|object| object.raw() == "organization.costs.result")
        || result.get("amount").is_some_and(|amount| amount.has("value"))
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
                let item = value::text(result, "line_item");
                let mut line = InvoiceLine { row: self.rows, start, end, ..InvoiceLine::default() };
                take_amount(&mut line, result)
                    .and_then(|()| openai_cost::fill(&mut line, result, item.as_deref()))
                    .map_err(|reason| format!("result {} of the file: {reason}", self.rows))?;
                sink.line(&line);
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

fn take_amount<'t>(line: &mut InvoiceLine<'t>, result: Node<'t>) -> Result<(), String> {
    let amount = result.get("amount").ok_or("`amount` is missing: this is no result of the costs")?;
    value::require(amount, &["value", "currency"])?;
    line.amount = value::amount(amount, "value", 0)?;
    if line.amount.is_some() {
        line.currency = value::currency(&value::required(amount, "currency")?)?.into_owned().into();
    }
    Ok(())
}
