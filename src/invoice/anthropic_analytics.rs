//! Pages of Anthropic's analytics APIs for costs. Amounts are decimal texts in CENTS with fractions: `amount` is what
//! discounts left, before credits, `list_amount` what it was before them. Nothing is rounded, and there are no tokens.
//!
//! Two shapes. `/v1/organizations/analytics/cost` (2026-10) has rows `{starting_at, ending_at, group{…}, cost{…}}`, a
//! row a combination of what was grouped by, all of them. `/v1/organizations/analytics/cost_report` before it has time
//! buckets with flat results, at most a hundred groups a bucket and no rest. In both, fields are null that the query
//! did not group by, and rows by team (`rbac_group_id`) overlap: who is in two teams counts in both.
//!
//! A record is a page, or a row or bucket where people saved these alone. Persons, sessions and channels are not read.

use std::borrow::Cow;

use crate::domain::Charge;
use crate::domain::InvoiceLine;
use crate::domain::Quantity;
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
/// The most groups that a time bucket reports.
const MOST_GROUPS: usize = 100;

/// The reader.
pub struct AnthropicAnalytics;

impl InvoiceReader for AnthropicAnalytics {
    fn name(&self) -> &'static str {
        "anthropic_analytics"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let first = anthropic::items(record).next();
        let row = first.filter(|item| item.has_all(&["starting_at", "ending_at"])).and_then(|item| item.get("cost"));
        row.is_some_and(|cost| cost.has("amount") || cost.has("list_amount"))
            || anthropic::first_result(record).is_some_and(|result| result.has("list_amount"))
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::new(Report { pages: Pages::default(), capped: None, teams: false })
    }
}

struct Report {
    pages: Pages,
    /// A bucket that may lack groups.
    capped: Option<Timestamp>,
    teams: bool,
}

impl Session for Report {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let page = Page::of(record);
        let rows = anthropic::items(record.node).next().is_some_and(|item| !item.has("results"));
        if rows {
            self.pages.page(record);
            for item in anthropic::items(record.node) {
                value::require(item, &["starting_at", "ending_at", "cost"])?;
                let cost = item.get("cost").ok_or("`cost` is null")?;
                let group = item.get("group").unwrap_or(item);
                self.teams |= value::text(group, "rbac_group_id").is_some();
                page.lines(group, cost, anthropic::span(item)?, sink)?;
            }
            return Ok(());
        }
        let (capped, teams) = (&mut self.capped, &mut self.teams);
        let (mut bucket, mut groups) = (None, 0);
        self.pages.results(record, sink, &mut |sink, result, span| {
            groups = if bucket == Some(span) { groups + 1 } else { 1 };
            bucket = Some(span);
            if groups >= MOST_GROUPS {
                *capped = capped.or(Some(span.0));
            }
            *teams |= value::text(result, "rbac_group_id").is_some();
            page.lines(result, result, span, sink)
        })
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        let mut notes = Vec::new();
        if let Some(start) = self.capped {
            notes.push(format!(
                "the bucket of {start} has {MOST_GROUPS} groups or more, and no more are reported: the rows may sum to less \
                 than the bill; pull the ungrouped total too"
            ));
        }
        if self.teams {
            notes.push(
                "rows by team overlap where somebody is in two: they may sum to more than the bill; pull the ungrouped \
                 total too"
                    .to_string(),
            );
        }
        Ok(self.pages.statement(notes))
    }
}

/// What a page says for all its rows.
struct Page<'t> {
    line: u64,
    organization: Option<Cow<'t, str>>,
    /// What is after it is not complete yet.
    refreshed: Option<Timestamp>,
}

impl<'t> Page<'t> {
    fn of(record: Record<'t>) -> Page<'t> {
        let refreshed = value::text(record.node, "data_refreshed_at");
        Page {
            line: record.line,
            organization: value::text(record.node, "organization_id"),
            refreshed: refreshed.and_then(|text| value::instant("data_refreshed_at", &text).ok()),
        }
    }

    fn lines(
        &self,
        group: Node<'_>,
        cost: Node<'_>,
        span: (Timestamp, Timestamp),
        sink: &mut dyn LineSink,
    ) -> Result<(), String> {
        value::require(cost, &["amount", "currency"])?;
        let amount = value::amount(cost, "amount", CENTS)?.ok_or("`amount` is empty")?;
        let currency = value::required(cost, "currency")?;
        let (cost_type, token_type) = (value::text(group, "cost_type"), value::text(group, "token_type"));
        let (charge, tool) = anthropic::charge(cost_type.as_deref(), token_type.as_deref());
        let words = if charge == Charge::Other { token_type.or(cost_type) } else { None };
        let first = |keys: &[&str]| keys.iter().find_map(|key| value::text(group, key));
        let row = InvoiceLine {
            row: self.line,
            provider: anthropic::PROVIDER,
            account: self.organization.clone(),
            workspace: first(&["workspace_id", "workspace"]),
            api_key: first(&["api_key_id", "api_key"]),
            region: anthropic::region(group),
            model: value::text(group, "model").map(anthropic::model_id),
            tier: anthropic::tier(group, "service_tier"),
            tool: tool.map(Cow::Borrowed),
            description: words.or_else(|| value::text(group, "product")),
            charge,
            long_context: value::text(group, "context_window").and_then(|text| anthropic::long_context(&text)),
            start: span.0,
            end: span.1,
            settled: self.refreshed.filter(|refreshed| *refreshed < span.1).map(|_| false),
            ..InvoiceLine::default()
        };
        let requests = anthropic::count(cost, "requests")?;
        sink.line(&InvoiceLine {
            amount: Some(amount),
            list: value::amount(cost, "list_amount", CENTS)?,
            currency: value::currency(&currency)?,
            ..row.clone()
        });
        if let Some(requests @ Quantity(1..)) = requests {
            sink.line(&InvoiceLine { charge: Charge::Requests, tool: None, quantity: Some(requests), ..row });
        }
        Ok(())
    }
}
