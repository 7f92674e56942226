//! AWS cost and usage reports as CSV, for Amazon Bedrock: CUR 2.0 and the legacy report.
//!
//! AWS makes them. A row is one usage type, operation and resource in an hour, a day or a month; there are no rows of
//! single requests. The amount is the unblended cost, unrounded; the quantity is the usage amount in blocks of the
//! pricing unit. That label is not to be trusted (Marketplace rows say `Units` and mean a million tokens), so it stays
//! with the line and the quantity is what the label says. Times are UTC. An empty invoice id says that the month is
//! not final yet (AWS Data Exports, columns of bills).
//!
//! What a row charges for is in its usage type (see [`usage_type`]); of Marketplace models the name is in the service:
//! `Claude Sonnet 4.6 (Amazon Bedrock Edition)`. The services of Bedrock are exactly `Amazon Bedrock`,
//! `Amazon Bedrock Service`, `Amazon Bedrock Foundation Models` and the editions. Rows of other services are left
//! aside and told; rows that name none (taxes, credits of the whole account) are kept.
//!
//! Generations: CUR 2.0 and the Athena form of the legacy report (`line_item_usage_type`), the legacy CSV
//! (`lineItem/UsageType`). The service is read from a column of its name, from the map `product`, or from the product
//! code. Who called (`line_item_iam_principal`) is not kept.

mod columns;
pub(super) mod models;
pub(super) mod usage_type;

use std::borrow::Cow;

use chrono::Days;

use crate::domain::Charge;
use crate::domain::Class;
use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::domain::Timestamp;
use crate::domain::Zone;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::aws_cur::columns::LEGACY;
use crate::invoice::aws_cur::columns::Names;
use crate::invoice::aws_cur::columns::SNAKE;
use crate::invoice::aws_cur::usage_type::UsageType;
use crate::invoice::notes::OTHER_SERVICES;
use crate::invoice::notes::Skipped;
use crate::invoice::total_row::TotalRow;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;
use crate::read::json::Tape;

/// What Marketplace services that are models end in.
const EDITION: &str = "(Amazon Bedrock Edition)";
/// The services that AWS itself sells models under, by name and by product code.
const SERVICES: [&str; 3] = ["Amazon Bedrock", "Amazon Bedrock Service", "Amazon Bedrock Foundation Models"];
const CODES: [&str; 3] = ["AmazonBedrock", "AmazonBedrockService", "AmazonBedrockFoundationModels"];

/// The reader of AWS cost and usage reports.
pub(super) struct AwsCur;

impl InvoiceReader for AwsCur {
    fn name(&self) -> &'static str {
        "aws_cur"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        [&SNAKE, &LEGACY].iter().any(|names| {
            let telling = [names.kind, names.usage_type, names.cost, names.usage_amount, names.start, names.currency];
            telling.iter().filter(|name| record.has(name)).count() >= 3
        })
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::new(Report::default())
    }
}

#[derive(Default)]
struct Report {
    total: TotalRow,
    others: Skipped,
    kept: u64,
    has_no_end: bool,
}

impl Session for Report {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let node = record.node;
        let names = if node.has(SNAKE.usage_type) || node.has(SNAKE.cost) { &SNAKE } else { &LEGACY };
        names.require(node)?;
        if self.total.takes(record, names.start, |row| value::amount(row, names.cost, 0), sink)? {
            return Ok(());
        }
        let amount = value::amount(node, names.cost, 0)?;
        // Read of every row: where a stray comma has shifted the cells, this one tells.
        let currency = currency_of(node, names)?;
        let service = Service::of(node, names);
        if service == Service::Other {
            self.others.take(&currency, amount.as_ref());
            sink.skip(record.line, "other_service");
            return Ok(());
        }
        let kind = value::required(node, names.kind)?;
        let (start, end) = self.span(node, names)?;
        let mut line = InvoiceLine {
            row: record.line,
            provider: "bedrock".into(),
            account: value::text(node, names.payer),
            workspace: value::text(node, names.account),
            region: value::text(node, names.region),
            description: value::text(node, names.description),
            charge: charge_of(&kind),
            start,
            end,
            amount,
            list: value::amount(node, names.list, 0)?,
            currency,
            settled: node.has(names.invoice).then(|| value::text(node, names.invoice).is_some()),
            invoice: value::text(node, names.invoice),
            ..InvoiceLine::default()
        };
        let usage_type = value::text(node, names.usage_type);
        if is_use(&kind) {
            let text = usage_type.as_deref().unwrap_or("");
            take_usage(&mut line, UsageType::parse(text), &service);
            let unit = value::text(node, names.unit);
            let times = unit.as_deref().and_then(value::tokens_in_unit).unwrap_or(1);
            line.quantity = value::quantity(node, names.usage_amount, times)?;
            line.unit = line.quantity.and(unit);
            // The usage type says more than the sentence beside it: region, routing, mode.
            line.description = usage_type.or(line.description.take());
        }
        line.description = line.description.or(Some(kind));
        self.kept += 1;
        sink.line(&line);
        Ok(())
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        self.others.refuse_if_all(self.kept, "Amazon Bedrock")?;
        let mut notes: Vec<String> = self.others.note(OTHER_SERVICES).into_iter().collect();
        if self.has_no_end {
            notes.push("rows have no end: each is read as its whole day".into());
        }
        let stated_total = self.total.stated_without(self.others.sum());
        Ok(Statement { zone: "UTC".into(), notes, stated_total, ..Statement::default() })
    }
}

impl Report {
    fn span(&mut self, node: Node<'_>, names: &Names) -> Result<(Timestamp, Timestamp), String> {
        let start = value::instant(names.start, &value::required(node, names.start)?)?;
        if let Some(end) = value::text(node, names.end) {
            return Ok((start, value::instant(names.end, &end)?));
        }
        self.has_no_end = true;
        let day = Zone::UTC.day_holding(start);
        Ok((Zone::UTC.start_of_day(day), Zone::UTC.start_of_day(day + Days::new(1))))
    }
}

/// Gives a line of use what its usage type and its service say.
fn take_usage(line: &mut InvoiceLine<'_>, said: UsageType<'_>, service: &Service) {
    let edition = if let Service::Edition(name) = service { Some(name.as_str()) } else { None };
    let model = said.model.or(edition).map(|name| models::model_id(name, said.is_global).into_owned());
    line.charge = lifetime(said.charge, model.as_deref());
    line.model = model.map(Cow::Owned);
    line.tier = said.tier.map(Cow::Borrowed);
    line.long_context = said.long_context;
    if said.is_global {
        line.region = Some("global".into());
    } else if line.region.is_none() {
        line.region = said.region.map(Cow::Borrowed);
    }
}

/// Settles a cache write without a lifetime: those of Claude and Nova live five minutes unless they say an hour.
pub(super) fn lifetime(charge: Charge, model: Option<&str>) -> Charge {
    let is_short = |model: &str| model.contains("claude-") || model.contains("amazon.nova-");
    match charge {
        Charge::CacheWrite if model.is_some_and(is_short) => Charge::Tokens(Class::CacheWrite5m),
        other => other,
    }
}

fn currency_of<'t>(node: Node<'t>, names: &Names) -> Result<Cow<'t, str>, String> {
    let text = value::required(node, names.currency)?;
    value::currency(&text).map(|known| Cow::Owned(known.into_owned()))
}

/// Tells the types of lines whose usage was used.
fn is_use(kind: &str) -> bool {
    matches!(kind, "Usage" | "DiscountedUsage" | "SavingsPlanCoveredUsage")
}

/// What a type of line charges for, if not for use. A discount is given back; what is not known stays in the bill.
fn charge_of(kind: &str) -> Charge {
    match kind {
        "Tax" => Charge::Tax,
        "Credit" | "Refund" | "SavingsPlanNegation" => Charge::Credit,
        "Fee" | "RIFee" | "SavingsPlanUpfrontFee" | "SavingsPlanRecurringFee" => Charge::Commitment,
        _ if kind.ends_with("Discount") => Charge::Credit,
        _ => Charge::Other,
    }
}

/// Whose row it is.
#[derive(PartialEq, Eq)]
enum Service {
    /// Bedrock's, the model in the usage type.
    Bedrock,
    /// A Marketplace model on Bedrock, by its name.
    Edition(String),
    /// Something else.
    Other,
    /// It does not say.
    Unsaid,
}

impl Service {
    fn of(node: Node<'_>, names: &Names) -> Service {
        let mut service = Service::Unsaid;
        for name in names.services.iter().filter_map(|name| value::text(node, name)).chain(in_map(node)) {
            match Service::named(&name) {
                Service::Other => service = Service::Other,
                found => return found,
            }
        }
        match value::text(node, names.code) {
            Some(code) if CODES.contains(&code.as_ref()) => Service::Bedrock,
            Some(_) => Service::Other,
            None => service,
        }
    }

    fn named(name: &str) -> Service {
        match name.trim().strip_suffix(EDITION) {
            Some(model) => Service::Edition(model.trim().to_string()),
            None if SERVICES.contains(&name.trim()) => Service::Bedrock,
            None => Service::Other,
        }
    }
}

/// Returns the names in the map `product` of CUR 2.0, which stands in its cell as JSON.
fn in_map<'t>(node: Node<'t>) -> Option<Cow<'t, str>> {
    let text = value::text(node, "product")?;
    let mut tape = Tape::default();
    tape.parse(&text).ok()?;
    let name = tape.root(&text).first(&["servicename", "product_name"])?.text()?;
    Some(Cow::Owned(name.into_owned()))
}
