//! Google Cloud's billing export: rows of `gcp_billing_export_v1_…` in BigQuery, as JSON lines or as flattened CSV.
//!
//! One row a project, SKU and span of usage, usually an hour. `cost` is before `credits[]`: each credit comes out as a
//! line of its own with the same row, so that gross and net both add up and no `cost` is counted twice. A CSV has the
//! credits as JSON text in `credits`, or in `credits.amount` where the query joined or summed them; a join repeats
//! `cost` once a credit, which is told and refused. Columns are named `sku.description` or `sku_description`.
//!
//! Amounts are exact in `currency`; the rate that Google converted at is noted. `usage.amount` counts tokens even where
//! `usage.unit` prints `requests`: the label is kept, and what a unit is worth is for the price to tell. Usage times
//! are UTC, while invoices and billing days follow the clock of California; `invoice.month` is the invoice, and late
//! usage of one month may stand in the next. What an SKU charges for is in [`sku`].
//!
//! Only the services that sell models are lines, with tax and corrections of the whole bill, whose service is the
//! invoice itself; the rest is skipped and summed in a note. Labels are not kept.

mod sku;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_128;

use crate::domain::Amount;
use crate::domain::Charge;
use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::notes::Listed;
use crate::invoice::notes::OTHER_SERVICES;
use crate::invoice::notes::Skipped;
use crate::invoice::total_row;
use crate::invoice::total_row::TotalRow;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Kind;
use crate::read::json::Node;
use crate::read::json::Tape;

/// The reader of Google Cloud's billing export.
pub struct GcpBilling;

impl InvoiceReader for GcpBilling {
    fn name(&self) -> &'static str {
        "gcp_billing"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let row = Row(record);
        row.at("sku.description").is_some()
            && row.at("service.description").or(row.at("service.id")).is_some()
            && (row.at("usage_start_time").is_some() || row.at("cost").is_some())
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::new(Rows::default())
    }
}

/// A row, nested or flattened.
#[derive(Clone, Copy)]
struct Row<'t>(Node<'t>);

impl<'t> Row<'t> {
    /// Finds a field by its name in the export: the object that holds it, and its key there.
    fn at(self, name: &str) -> Option<(Node<'t>, Cow<'t, str>)> {
        if let Some((outer, key)) = name.split_once('.')
            && let Some(holder) = self.0.get(outer).filter(|holder| holder.is_object())
        {
            return holder.has(key).then(|| (holder, Cow::Owned(key.to_string())));
        }
        let is_named = |key: &str| key == name || key.bytes().map(dotted).eq(name.bytes().map(dotted));
        self.0.fields().find(|(key, _)| is_named(key)).map(|(key, _)| (self.0, Cow::Borrowed(key)))
    }

    fn text(self, name: &str) -> Option<Cow<'t, str>> {
        let (holder, key) = self.at(name)?;
        value::text(holder, &key)
    }

    fn amount(self, name: &str) -> Result<Option<Amount<'t>>, String> {
        self.at(name).map_or(Ok(None), |(holder, key)| value::amount(holder, &key, 0))
    }

    /// Refuses a row that lacks a column.
    fn require(self) -> Result<(), String> {
        let names =
            ["service.description", "sku.description", "usage_start_time", "usage_end_time", "cost", "currency"];
        let missing = names.iter().find(|name| self.at(name).is_none());
        missing.map_or(Ok(()), |name| value::require(self.0, &[name]))
    }

    /// Returns who sells, by the service's fixed id or its name: `None` for services that sell no models.
    fn seller(self) -> Option<&'static str> {
        match (self.text("service.id").as_deref(), self.text("service.description").as_deref().map(str::trim)) {
            (Some("C7E2-9256-1C43"), _) | (_, Some("Vertex AI")) => Some("vertex"),
            (Some("AEFD-7695-64FA"), _) | (_, Some("Gemini API" | "Generative Language API")) => Some("google"),
            _ => None,
        }
    }
}

/// Dots and underscores are one: `invoice.month` is flattened to `invoice_month`.
fn dotted(byte: u8) -> u8 {
    if byte == b'.' { b'_' } else { byte.to_ascii_lowercase() }
}

#[derive(Default)]
struct Rows {
    total: TotalRow,
    others: Skipped,
    kept: u64,
    /// SKUs that the grammar does not cover.
    unknown: Listed,
    /// What Google converted at: `USD 1 = 3.65 PLN`.
    rates: BTreeSet<String>,
    /// Rows with one credit each, hashed, as an export may have millions: what they are but for the credit, and it.
    joined: HashMap<u128, u128>,
    tape: Tape,
}

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let row = Row(record.node);
        row.require()?;
        let date = row.at("usage_start_time").map(|(_, key)| key).unwrap_or_default();
        // Its sum says nothing of the credits, which stand in cells of their own.
        if self.total.takes(record, &date, total_row::without_money, sink)? {
            return Ok(());
        }
        let currency = row.text("currency").ok_or("`currency` is empty")?;
        let currency = Cow::Owned(value::currency(&currency)?.into_owned());
        let amount = row.amount("cost")?;
        let kind = row.text("cost_type").unwrap_or_default().to_ascii_lowercase();
        let service = row.text("service.description");
        let is_whole_bill = kind != "regular" && service.as_deref().is_none_or(|name| name.trim() == "Invoice");
        let Some(seller) = row.seller().or((is_whole_bill && !kind.is_empty()).then_some("vertex")) else {
            self.others.take(&currency, amount.as_ref());
            sink.skip(record.line, "other_service");
            return Ok(());
        };
        let time = |name: &str| value::instant(name, &row.text(name).ok_or_else(|| format!("`{name}` is empty"))?);
        let mut line = InvoiceLine {
            row: record.line,
            provider: Cow::Borrowed(seller),
            account: row.text("billing_account_id"),
            workspace: row.text("project.id"),
            region: row.text("location.region"),
            description: row.text("sku.description").map(|text| Cow::Owned(text.trim().to_string())),
            start: time("usage_start_time")?,
            end: time("usage_end_time")?,
            amount,
            list: row.amount("cost_at_list")?,
            currency,
            invoice: row.text("invoice.month"),
            ..InvoiceLine::default()
        };
        self.take_charge(row, &kind, &mut line)?;
        self.note_rate(row, &line);
        self.kept += 1;
        sink.line(&line);
        self.hand_on_credits(row, line, sink)
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        self.others.refuse_if_all(self.kept, "a service of models")?;
        let mut notes: Vec<String> = Vec::new();
        if !self.rates.is_empty() {
            let rates: Vec<&str> = self.rates.iter().take(4).map(String::as_str).collect();
            let more = if self.rates.len() > 4 { ", …" } else { "" };
            notes.push(format!("Google converted at {}{more}", rates.join(", ")));
        }
        notes.extend(self.others.note(OTHER_SERVICES));
        notes.extend(self.unknown.note("of unknown SKUs, kept as `other`"));
        Ok(Statement { zone: "America/Los_Angeles".into(), notes, ..Statement::default() })
    }
}

impl Rows {
    fn take_charge<'t>(&mut self, row: Row<'t>, kind: &str, line: &mut InvoiceLine<'t>) -> Result<(), String> {
        line.charge = match kind {
            "tax" => Charge::Tax,
            "adjustment" => Charge::Adjustment,
            "rounding_error" => Charge::Rounding,
            _ => return self.take_usage(row, line),
        };
        Ok(())
    }

    fn take_usage<'t>(&mut self, row: Row<'t>, line: &mut InvoiceLine<'t>) -> Result<(), String> {
        let name = line.description.clone().unwrap_or_default();
        match sku::read(&name) {
            Some(sku) => {
                line.charge = sku.charge;
                line.model = sku.model.map(Cow::Owned);
                line.tool = sku.tool.map(Cow::Borrowed);
                line.tier = sku.tier.map(Cow::Borrowed);
                line.long_context = sku.long_context;
                if sku.is_global {
                    line.region = Some(Cow::Borrowed("global"));
                }
            }
            None => self.unknown.take(&name),
        }
        for (amount, unit) in [("usage.amount", "usage.unit"), ("usage.amount_in_pricing_units", "usage.pricing_unit")]
        {
            let Some((holder, key)) = row.at(amount) else { continue };
            line.quantity = value::quantity(holder, &key, 1)?;
            if line.quantity.is_some() {
                // An export without a label is not known to count tokens either.
                line.unit = row.text(unit).or(Some(Cow::Borrowed("unit")));
                break;
            }
        }
        Ok(())
    }

    fn note_rate(&mut self, row: Row<'_>, line: &InvoiceLine<'_>) {
        if line.currency != "USD"
            && let Some(rate) = row.text("currency_conversion_rate")
        {
            self.rates.insert(format!("1 USD = {rate} {}", line.currency));
        }
    }

    /// Hands on a line for every credit of a row, which otherwise are as the row is.
    fn hand_on_credits(
        &mut self,
        row: Row<'_>,
        charge: InvoiceLine<'_>,
        sink: &mut dyn LineSink,
    ) -> Result<(), String> {
        let line = InvoiceLine { charge: Charge::Credit, quantity: None, unit: None, list: None, ..charge };
        let Some(credits) = row.0.get("credits") else { return self.hand_on_joined(row, line, sink) };
        if matches!(credits.kind(), Kind::Array) {
            return each_credit(credits, &line, sink);
        }
        // A CSV has them as text.
        let text = credits.text().unwrap_or_default();
        let text = text.trim();
        if text.is_empty() || text == "NULL" {
            return Ok(());
        }
        self.tape.parse(text).map_err(|error| format!("`credits` is no JSON: {error}"))?;
        match self.tape.root(text) {
            list if list.kind() == Kind::Array => each_credit(list, &line, sink),
            _ => Err("`credits` is no list".into()),
        }
    }

    /// Hands on the credit that a query put beside the row, unless it repeated the row for it.
    fn hand_on_joined(&mut self, row: Row<'_>, line: InvoiceLine<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let Some(amount) = row.amount("credits.amount")? else { return Ok(()) };
        let (mut whole, mut credit) = (String::new(), String::new());
        for (key, node) in row.0.fields() {
            let is_credit = key.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("credits"));
            let text = if is_credit { &mut credit } else { &mut whole };
            text.push_str(node.raw());
            text.push('\u{1f}');
        }
        let (whole, credit) = (xxh3_128(whole.as_bytes()), xxh3_128(credit.as_bytes()));
        if self.joined.get(&whole).is_some_and(|before| *before != credit) {
            let advice = "export `TO_JSON_STRING(credits) AS credits`, or their sum, in place of a join";
            return Err(format!("this row was there before with another credit: its cost stands twice ({advice})"));
        }
        self.joined.insert(whole, credit);
        let name = row.text("credits.name").or_else(|| row.text("credits.full_name"));
        let description = name.or(Some(Cow::Borrowed("credits")));
        sink.line(&InvoiceLine { amount: Some(amount), description, ..line });
        Ok(())
    }
}

fn each_credit(credits: Node<'_>, line: &InvoiceLine<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
    for credit in credits.items() {
        let amount = value::amount(credit, "amount", 0)?.ok_or("a credit has no `amount`")?;
        let names = ["full_name", "name", "type"];
        let description = names.iter().find_map(|key| value::text(credit, key)).or(Some(Cow::Borrowed("credit")));
        sink.line(&InvoiceLine { amount: Some(amount), description, ..line.clone() });
    }
    Ok(())
}
