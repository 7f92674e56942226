//! Azure cost details: the CSV of Cost Management, for enterprise agreements (EA), customer agreements (MCA) and
//! pay-as-you-go.
//!
//! One row a day, meter and resource. `CostInBillingCurrency`, in EA files also `Cost`, is what is charged before
//! credits and tax: quantity times effective price, not rounded, so the step is 0. The quantity counts blocks of
//! `UnitOfMeasure` (`1K`, `1M`, `10K`); what comes out are single tokens. `paygCostInBillingCurrency` is the list price.
//!
//! The generations spell their headings `SubscriptionId`, `subscriptionId`, `SubscriptionGuid` and so on: names are
//! compared without case, and where two names were in use both are known. EA files write dates `MM/DD/YYYY`, the
//! others ISO 8601; one file has one of them. `Tags` may be JSON without its braces and is not read, nor is who owns
//! the account.
//!
//! Only rows of AI meters are lines, and rows of no service at all, which is how tax and credits of the whole bill
//! stand there; the rest is skipped and summed in a note. The account is the subscription, the workspace the resource
//! that was called (the last part of `ResourceId`): a resource group holds more than one. What a meter counts is in
//! [`meter`].

mod dates;
mod meter;

use std::borrow::Cow;

use crate::domain::Amount;
use crate::domain::Charge;
use crate::domain::InvoiceLine;
use crate::domain::Quantity;
use crate::domain::Statement;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::azure_cost::dates::Dates;
use crate::invoice::notes;
use crate::invoice::notes::Listed;
use crate::invoice::notes::OTHER_SERVICES;
use crate::invoice::notes::Skipped;
use crate::invoice::total_row::TotalRow;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;

/// The reader of Azure's cost details.
pub struct AzureCost;

impl InvoiceReader for AzureCost {
    fn name(&self) -> &'static str {
        "azure_cost"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let row = Row(record);
        row.column(CATEGORY).is_some() && (row.column(METER).is_some() || row.column(CHARGE).is_some())
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::new(Rows::default())
    }
}

/// The names of a column, the current one first.
type Names = &'static [&'static str];

const DATE: Names = &["Date", "UsageDate", "UsageDateTime"];
const COST: Names = &["CostInBillingCurrency", "Cost", "PreTaxCost"];
const CURRENCY: Names = &["BillingCurrency", "BillingCurrencyCode", "Currency"];
const CATEGORY: Names = &["MeterCategory"];
const METER: Names = &["MeterName", "Meter"];
const QUANTITY: Names = &["Quantity", "UsageQuantity"];
const UNIT: Names = &["UnitOfMeasure"];
const CHARGE: Names = &["ChargeType"];
const LIST: Names = &["PaygCostInBillingCurrency"];
const SUBSCRIPTION: Names = &["SubscriptionId", "SubscriptionGuid"];
const REQUIRED: [Names; 8] = [DATE, COST, CURRENCY, CATEGORY, METER, QUANTITY, UNIT, CHARGE];

/// A row whose columns are found by their names without case.
#[derive(Clone, Copy)]
struct Row<'t>(Node<'t>);

impl<'t> Row<'t> {
    /// Finds the column as the file spells it.
    fn column(self, names: Names) -> Option<&'t str> {
        names
            .iter()
            .find_map(|name| self.0.fields().find(|(key, _)| key.eq_ignore_ascii_case(name)))
            .map(|(key, _)| key)
    }

    fn text(self, names: Names) -> Option<Cow<'t, str>> {
        value::text(self.0, self.column(names)?)
    }

    fn amount(self, names: Names) -> Result<Option<Amount<'t>>, String> {
        self.column(names).map_or(Ok(None), |key| value::amount(self.0, key, 0))
    }

    /// Refuses a row that lacks a column under all of its names.
    fn require(self) -> Result<(), String> {
        let missing = REQUIRED.iter().find(|names| self.column(names).is_none());
        missing.map_or(Ok(()), |names| value::require(self.0, &names[..1]))
    }

    fn is(self, names: Names, test: fn(&str) -> bool) -> bool {
        self.text(names).is_some_and(|text| test(&text.to_ascii_lowercase()))
    }

    /// Tells whether an AI service charges; `None` where the row names no service.
    fn is_ai(self) -> Option<bool> {
        let is_category = |text: &str| {
            ["foundry models", "cognitive services", "azure openai", "azure ai", "openai"]
                .iter()
                .any(|known| text.starts_with(known))
        };
        let service: Names = &["ConsumedService"];
        if self.text(CATEGORY).is_none() && self.text(service).is_none() {
            return None;
        }
        Some(self.is(CATEGORY, is_category) || self.is(service, |text| text == "microsoft.cognitiveservices"))
    }

    /// Tells whether the meter is one of OpenAI's models: other makers number theirs too.
    fn is_openai(self) -> bool {
        let names: [Names; 3] = [&["MeterSubCategory"], &["Product", "ProductName"], CATEGORY];
        names.iter().any(|names| self.is(names, |text| text.contains("openai")))
    }

    /// Returns what was called: the last part of the resource's path.
    fn resource(self) -> Option<Cow<'t, str>> {
        let last = |path: &str| path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_string();
        match self.text(&["ResourceId", "InstanceId", "InstanceName"]).map(|path| last(&path)) {
            Some(name) if !name.is_empty() => Some(Cow::Owned(name)),
            _ => self.text(&["ResourceName"]),
        }
    }
}

#[derive(Default)]
struct Rows {
    dates: Dates,
    total: TotalRow,
    others: Skipped,
    kept: u64,
    /// Meters that the grammar does not cover.
    unknown: Listed,
    without_service: u64,
    is_amortized: bool,
}

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let row = Row(record.node);
        row.require()?;
        let date_column = row.column(DATE).unwrap_or("Date");
        if self.total.takes(record, date_column, |node| Row(node).amount(COST), sink)? {
            return Ok(());
        }
        let date = value::required(record.node, date_column)?;
        let (start, end) = self.dates.read(date_column, &date)?;
        let periods: [Names; 2] = [&["BillingPeriodStartDate"], &["BillingPeriodEndDate"]];
        for text in periods.iter().filter_map(|names| row.text(names)) {
            self.dates.witness(&text);
        }
        let amount = row.amount(COST)?;
        let currency = row.text(CURRENCY).ok_or("no currency: its column is empty")?;
        let currency = Cow::Owned(value::currency(&currency)?.into_owned());
        if row.is_ai() == Some(false) {
            self.others.take(&currency, amount.as_ref());
            sink.skip(record.line, "other_service");
            return Ok(());
        }
        let mut line = InvoiceLine {
            row: record.line,
            provider: Cow::Borrowed("azure"),
            account: row.text(SUBSCRIPTION),
            workspace: row.resource(),
            start,
            end,
            amount,
            list: row.amount(LIST)?,
            currency,
            invoice: row.text(&["InvoiceId"]),
            ..InvoiceLine::default()
        };
        self.take_charge(row, &mut line);
        take_quantity(row, &mut line)?;
        self.kept += 1;
        sink.line(&line);
        Ok(())
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        self.others.refuse_if_all(self.kept, "an AI service")?;
        let mut notes: Vec<String> = self.dates.note().into_iter().collect();
        if self.is_amortized {
            let text = "amortized costs: reservations are spread over days; an invoice agrees with the actual costs";
            notes.push(text.into());
        }
        if self.without_service > 0 {
            let text = format!("{} of no service (tax, credits) taken whole", notes::rows(self.without_service));
            notes.push(text);
        }
        notes.extend(self.others.note(OTHER_SERVICES));
        notes.extend(self.unknown.note("of unknown meters, kept as `other`"));
        let stated_total = self.total.stated_without(self.others.sum());
        Ok(Statement { zone: "UTC".into(), notes, stated_total, ..Statement::default() })
    }
}

impl Rows {
    fn take_charge<'t>(&mut self, row: Row<'t>, line: &mut InvoiceLine<'t>) {
        line.description = row.text(METER).or_else(|| row.text(&["Product", "ProductName"]));
        self.without_service += u64::from(row.is_ai().is_none());
        let kind = row.text(CHARGE).unwrap_or_default().to_ascii_lowercase();
        let is_reserved = row.is(&["PricingModel"], |text| text == "reservation");
        self.is_amortized |= kind.starts_with("unused")
            || kind == "usage" && is_reserved && line.amount.as_ref().is_some_and(|amount| amount.pico != 0);
        line.charge = match kind.as_str() {
            "usage" => return self.take_meter(row, line),
            "purchase" | "unusedreservation" | "unusedsavingsplan" => Charge::Commitment,
            "refund" | "credit" => Charge::Credit,
            "tax" => Charge::Tax,
            "roundingadjustment" => Charge::Rounding,
            _ => Charge::Adjustment,
        };
    }

    fn take_meter<'t>(&mut self, row: Row<'t>, line: &mut InvoiceLine<'t>) {
        let name = row.text(METER).unwrap_or_default();
        match meter::read(&name, row.is_openai()) {
            Some(meter) => {
                line.charge = meter.charge;
                line.model = meter.model.map(Cow::Owned);
                line.region = meter.scope.map(Cow::Borrowed);
                line.tier = meter.tier.map(Cow::Borrowed);
                line.long_context = meter.long_context;
            }
            None => self.unknown.take(&name),
        }
    }
}

/// Takes the quantity, in tokens where the meter counts tokens, else in the file's own unit.
fn take_quantity<'t>(row: Row<'t>, line: &mut InvoiceLine<'t>) -> Result<(), String> {
    let unit = row.text(UNIT);
    let block = unit.as_deref().and_then(block);
    let counts = matches!(line.charge, Charge::Tokens(_) | Charge::CacheWrite | Charge::Reasoning);
    let times = if counts { block.unwrap_or(1) } else { 1 };
    line.quantity = row.column(QUANTITY).map_or(Ok(None), |key| value::quantity(row.0, key, times))?;
    if !line.charge.is_usage() && line.quantity == Some(Quantity(0)) && line.charge != Charge::Other {
        // Tax and credits have a quantity column as well; nothing was counted.
        line.quantity = None;
    }
    if !(counts && block.is_some()) {
        line.unit = unit.filter(|_| line.quantity.is_some());
    }
    Ok(())
}

/// Returns how many a block of `10K` or `1M` holds.
fn block(unit: &str) -> Option<i128> {
    let unit = unit.trim();
    let digits = unit.trim_end_matches(|c: char| !c.is_ascii_digit());
    let count = digits.parse::<i128>().ok().filter(|count| (1..=1_000_000_000).contains(count))?;
    let times = match unit[digits.len()..].trim().to_ascii_lowercase().as_str() {
        "" => 1,
        "k" => 1_000,
        "m" => 1_000_000,
        "b" => 1_000_000_000,
        _ => return None,
    };
    Some(count * times)
}
