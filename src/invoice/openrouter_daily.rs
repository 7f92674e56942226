//! OpenRouter's activity by day: the export with `Date,Slug,Usage,…` (`2026-05-12 00:00:00`, every cell quoted), and the
//! interface's `{"data": [{"date", "model", "usage", …}]}`, whose items may also stand one a line.
//!
//! Completed UTC days only. `usage` is what was paid in dollars, of whole calls; `byok_usage_inference` is what
//! the provider behind bills for a key of one's own, for the record only. Prompt tokens include cached ones that nothing
//! tells apart, so they are told under a unit of their own and not as uncached input; reasoning is inside
//! the completion. Credit bought and its fees are in neither file.

use crate::domain::Charge;
use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::domain::Zone;
use crate::domain::tokens::Class;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::openrouter_activity;
use crate::invoice::total_row::TotalRow;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Kind;
use crate::read::json::Node;

/// The reader of the activity by day.
pub struct OpenRouterDaily;

impl InvoiceReader for OpenRouterDaily {
    fn name(&self) -> &'static str {
        "openrouter_daily"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        items(record).next().and_then(names).is_some()
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::<Rows>::default()
    }
}

/// Returns the rows in a record: itself, or those below `data`.
fn items(record: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let data = record.get("data").filter(|_| !record.has("date"));
    data.into_iter().flat_map(Node::items).chain(data.is_none().then_some(record))
}

/// What each shape calls its fields.
struct Names {
    date: &'static str,
    model: &'static str,
    usage: &'static str,
    behind: &'static str,
    requests: &'static str,
    prompt: &'static str,
    completion: &'static str,
}

const EXPORT: Names = Names {
    date: "Date",
    model: "Slug",
    usage: "Usage",
    behind: "BYOK Usage",
    requests: "Requests",
    prompt: "Prompt Tokens",
    completion: "Completion Tokens",
};

const INTERFACE: Names = Names {
    date: "date",
    model: "model_permaslug",
    usage: "usage",
    behind: "byok_usage_inference",
    requests: "requests",
    prompt: "prompt_tokens",
    completion: "completion_tokens",
};

/// Tells the shape of a row, by keys that no log of calls has.
fn names(row: Node<'_>) -> Option<&'static Names> {
    let slug = row.has_all(&["Slug", "Requests"]) || row.has("BYOK Usage");
    let permaslug = row.has_all(&["model_permaslug", "requests"]) || row.has_all(&["byok_usage_inference", "requests"]);
    match (slug, permaslug) {
        (true, _) => Some(&EXPORT),
        (_, true) => Some(&INTERFACE),
        _ => None,
    }
}

#[derive(Default)]
struct Rows {
    items: u64,
    total: TotalRow,
}

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let is_list = record.node.has("data") && !record.node.has("date");
        if is_list && record.node.get("data").is_none_or(|data| data.kind() != Kind::Array) {
            return Err("`data` is no list of days".into());
        }
        if !is_list && let Some(names) = names(record.node) {
            let usage = |row| value::amount(row, names.usage, 0);
            if record.node.has(names.date) && self.total.takes(record, names.date, usage, sink)? {
                return Ok(());
            }
        }
        for item in items(record.node) {
            // Items of a list may share a line of the file: they are counted instead.
            self.items += 1;
            let row = if is_list { self.items } else { record.line };
            let reason = |reason| if is_list { format!("item {row} of `data`: {reason}") } else { reason };
            read(item, row, sink).map_err(reason)?;
        }
        Ok(())
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        Ok(Statement { zone: "UTC".into(), stated_total: self.total.stated(), ..Statement::default() })
    }
}

fn read(item: Node<'_>, row: u64, sink: &mut dyn LineSink) -> Result<(), String> {
    let names = names(item).ok_or("this is no row of the activity by day")?;
    value::require(item, &[names.date, names.model, names.usage, names.requests, names.prompt, names.completion])?;
    let (start, end) = value::day(names.date, &value::required(item, names.date)?, Zone::UTC)?;
    let line = InvoiceLine {
        row,
        provider: "openrouter".into(),
        model: Some(value::required(item, names.model)?),
        description: value::text(item, "provider_name"),
        start,
        end,
        ..InvoiceLine::default()
    };
    let (paid, behind) = (value::amount(item, names.usage, 0)?, value::amount(item, names.behind, 0)?);
    openrouter_activity::money(&line, paid, behind, sink);
    for (key, charge, unit) in [
        (names.prompt, Charge::Other, Some("prompt tokens, cached ones included")),
        (names.completion, Charge::Tokens(Class::Output), None),
        (names.requests, Charge::Requests, None),
    ] {
        let quantity = value::quantity(item, key, 1)?;
        if quantity.is_some() {
            sink.line(&InvoiceLine { charge, quantity, unit: unit.map(Into::into), ..line.clone() });
        }
    }
    Ok(())
}
