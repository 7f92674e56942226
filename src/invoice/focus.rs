//! FOCUS, the FinOps Open Cost and Usage Specification, 1.0 to 1.4, as CSV or as JSON records.
//!
//! Clouds and vendors publish it. The amount is `BilledCost`, whose sum an invoice must equal; `ListCost` is the list.
//! `EffectiveCost` spreads what was paid ahead and need not equal any invoice: it is not read. The quantity is
//! `ConsumedQuantity`, else `PricingQuantity`, whichever has a unit of tokens. Nothing is rounded by the format.
//!
//! Charges by `ChargeCategory`: a purchase is a commitment; any row of `ChargeClass` `Correction` is an adjustment.
//! What a usage row charges for is read from the words of `x_token_type`, `SkuMeter`, `SkuPriceDetails` and
//! `ChargeDescription`, in this order, on AWS from its usage type; otherwise it stays [`Charge::Other`] with its
//! description. The model is that of `x_model`, of `SkuPriceDetails`, of AWS's names, or a `SkuId` that is written like
//! a model's id (clouds print codes there).
//!
//! `SubAccountId` is the workspace, because logs carry ids; `SubAccountName` stands in where there is no id. A row of
//! a service category that has nothing to do with models is left aside and told, unless its service is known to sell
//! models; rows without a category are kept.
//!
//! Read leniently (the FOCUS sample data and the samples of its specification): `NULL`, times without a zone, dates
//! with slashes, extra columns. Generations: 1.0 and 1.1, 1.2 with `InvoiceId`, 1.3 with `ServiceProviderName` beside
//! `ProviderName` and `PublisherName`, 1.4 without those two.

mod dates;
mod details;
mod meter;

use std::borrow::Cow;

use crate::domain::Charge;
use crate::domain::InvoiceLine;
use crate::domain::Quantity;
use crate::domain::Statement;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::aws_cur;
use crate::invoice::aws_cur::models;
use crate::invoice::aws_cur::usage_type::UsageType;
use crate::invoice::focus::details::Details;
use crate::invoice::focus::meter::Words;
use crate::invoice::notes::OTHER_SERVICES;
use crate::invoice::notes::Skipped;
use crate::invoice::total_row::TotalRow;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;
use crate::read::provider;
use crate::read::value::excerpt;

/// The reader of FOCUS files.
pub(super) struct Focus;

/// Columns of every version, none of which another format has.
const TELLING: [&str; 9] = [
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "ContractedCost",
    "BillingPeriodStart",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
    "ServiceCategory",
];
const REQUIRED: [&str; 5] = ["BilledCost", "BillingCurrency", "ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd"];
const MODEL: [&str; 8] =
    ["x_model", "x_Model", "x_model_name", "x_ModelName", "x_modelname", "x_model_id", "x_ModelId", "x_modelid"];
const TOKEN_TYPE: [&str; 4] = ["x_token_type", "x_TokenType", "x_tokentype", "x_token_class"];
const TIER: [&str; 4] = ["x_service_tier", "x_ServiceTier", "x_servicetier", "x_tier"];
const USAGE_TYPE: [&str; 2] = ["x_UsageType", "x_usage_type"];

impl InvoiceReader for Focus {
    fn name(&self) -> &'static str {
        "focus"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        TELLING.iter().filter(|name| record.has(name)).count() >= 4
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::new(File::default())
    }
}

#[derive(Default)]
struct File {
    total: TotalRow,
    others: Skipped,
    kept: u64,
}

impl Session for File {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let node = record.node;
        value::require(node, &REQUIRED)?;
        if self.total.takes(record, "ChargePeriodStart", |row| value::amount(row, "BilledCost", 0), sink)? {
            return Ok(());
        }
        let amount = value::amount(node, "BilledCost", 0)?;
        let currency = value::required(node, "BillingCurrency")?;
        let currency = value::currency(&currency)?.into_owned();
        if is_other_service(node) {
            self.others.take(&currency, amount.as_ref());
            sink.skip(record.line, "other_service");
            return Ok(());
        }
        let order = dates::order(node);
        let mut line = InvoiceLine {
            row: record.line,
            provider: provider_of(node),
            account: value::text(node, "BillingAccountId"),
            workspace: value::text(node, "SubAccountId").or_else(|| value::text(node, "SubAccountName")),
            region: value::text(node, "RegionId"),
            description: value::text(node, "ChargeDescription").or_else(|| value::text(node, "SkuMeter")),
            start: dates::instant(node, "ChargePeriodStart", order)?,
            end: dates::instant(node, "ChargePeriodEnd", order)?,
            amount,
            list: value::amount(node, "ListCost", 0)?,
            currency: Cow::Owned(currency),
            invoice: value::text(node, "InvoiceId"),
            ..InvoiceLine::default()
        };
        match charge_of(node)? {
            Some(charge) => {
                line.charge = charge;
                line.model = value_of(node, &MODEL);
            }
            None => take_usage(node, &mut line)?,
        }
        self.kept += 1;
        sink.line(&line);
        Ok(())
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        self.others.refuse_if_all(self.kept, "a service of models")?;
        let stated_total = self.total.stated_without(self.others.sum());
        let notes = self.others.note(OTHER_SERVICES).into_iter().collect();
        Ok(Statement { zone: "UTC".into(), stated_total, notes, ..Statement::default() })
    }
}

/// What a row charges for by its category; `None` for use.
fn charge_of(node: Node<'_>) -> Result<Option<Charge>, String> {
    if value::text(node, "ChargeClass").is_some_and(|class| class.eq_ignore_ascii_case("correction")) {
        return Ok(Some(Charge::Adjustment));
    }
    let category = value::required(node, "ChargeCategory")?;
    match category.to_ascii_lowercase().as_str() {
        "usage" => Ok(None),
        "purchase" => Ok(Some(Charge::Commitment)),
        "tax" => Ok(Some(Charge::Tax)),
        "credit" => Ok(Some(Charge::Credit)),
        "adjustment" => Ok(Some(Charge::Adjustment)),
        _ => Err(format!("`ChargeCategory` is none of FOCUS: {}", excerpt(&category))),
    }
}

/// Gives a row of use its model, what it charges for, and how much.
fn take_usage<'t>(node: Node<'t>, line: &mut InvoiceLine<'t>) -> Result<(), String> {
    let Used { quantity, unit, is_tokens } = Used::of(node)?;
    let details = Details::of(node);
    // A column of token types needs no word for tokens; other words need one, or a unit that says so.
    let named = value_of(node, &TOKEN_TYPE).or_else(|| details.find(&["tokentype", "tokenclass"]).map(own));
    let others =
        [value::text(node, "SkuMeter"), details.find(&["meter"]).map(own), value::text(node, "ChargeDescription")];
    let named = named.into_iter().map(|text| (Words::of(&text), true));
    let others = others.into_iter().flatten().map(|text| (Words::of(&text), is_tokens));
    let words: Vec<(Words, bool)> = named.chain(others).collect();
    let read = words.iter().find_map(|(words, is_tokens)| words.charge(*is_tokens));
    (line.charge, line.tool) = read.map_or((Charge::Other, None), |(charge, tool)| (charge, tool.map(Cow::Borrowed)));
    line.model = value_of(node, &MODEL).or_else(|| details.model().map(own));
    let told = value_of(node, &TIER).or_else(|| details.find(&["servicetier", "tier"]).map(own));
    let told = told.as_deref().and_then(known_tier);
    line.tier = told.or_else(|| words.iter().find_map(|(words, _)| words.tier())).map(Cow::Borrowed);
    if line.provider == "bedrock" {
        take_bedrock(node, line);
    }
    let is_model_use = matches!(line.charge, Charge::Tokens(_) | Charge::CacheWrite | Charge::Reasoning);
    if line.model.is_none() && is_model_use && !matches!(line.provider.as_ref(), "bedrock" | "azure" | "vertex") {
        line.model = value::text(node, "SkuId").filter(|id| is_model_like(id));
    }
    line.quantity = quantity;
    // AWS's labels are not to be trusted: whoever compares may have to find out the scale.
    let is_told = is_tokens && line.provider != "bedrock";
    line.unit = unit.filter(|_| quantity.is_some() && !is_told);
    Ok(())
}

/// Reads AWS's own words, the same as in its cost and usage reports, where the file has them.
fn take_bedrock<'t>(node: Node<'t>, line: &mut InvoiceLine<'t>) {
    let texts = [value_of(node, &USAGE_TYPE), value::text(node, "SkuMeter")];
    let mut said = texts.iter().flatten().map(|text| UsageType::parse(text));
    let said = said.find(|said| said.charge != Charge::Other);
    let service = value::text(node, "ServiceName");
    let edition = service.as_deref().and_then(|name| name.strip_suffix("(Amazon Bedrock Edition)"));
    let printed = said.as_ref().and_then(|said| said.model).or(edition).or(line.model.as_deref());
    let is_global = said.as_ref().is_some_and(|said| said.is_global);
    let model = printed.map(|name| models::model_id(name, is_global).into_owned());
    if let Some(said) = said {
        (line.charge, line.tool, line.tier) = (said.charge, None, said.tier.map(Cow::Borrowed).or(line.tier.take()));
        line.long_context = said.long_context;
        if said.is_global {
            line.region = Some("global".into());
        }
    }
    line.charge = aws_cur::lifetime(line.charge, model.as_deref());
    line.model = model.map(Cow::Owned);
}

/// How much was used.
#[derive(Default)]
struct Used<'t> {
    quantity: Option<Quantity>,
    unit: Option<Cow<'t, str>>,
    is_tokens: bool,
}

impl<'t> Used<'t> {
    /// Reads what was consumed, or what was priced: the first of the two with a unit of tokens, else the first.
    fn of(node: Node<'t>) -> Result<Used<'t>, String> {
        let mut first = None;
        for (amount, unit) in [("ConsumedQuantity", "ConsumedUnit"), ("PricingQuantity", "PricingUnit")] {
            let unit = value::text(node, unit);
            let times = unit.as_deref().and_then(value::tokens_in_unit);
            let quantity = value::quantity(node, amount, times.unwrap_or(1))?;
            match (quantity, times) {
                (None, _) => {}
                (Some(_), Some(_)) => return Ok(Used { quantity, unit, is_tokens: true }),
                (Some(_), None) => first = first.or(Some(Used { quantity, unit, is_tokens: false })),
            }
        }
        Ok(first.unwrap_or_default())
    }
}

fn value_of<'t>(node: Node<'t>, keys: &[&str]) -> Option<Cow<'t, str>> {
    keys.iter().find_map(|key| value::text(node, key))
}

fn own(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_string())
}

fn known_tier(text: &str) -> Option<&'static str> {
    ["standard", "batch", "priority", "flex", "fast"].into_iter().find(|tier| text.eq_ignore_ascii_case(tier))
}

/// Tells an id as models have them from the codes of catalogues: `m-large`, not `6F81-5844-456A` or a UUID.
fn is_model_like(id: &str) -> bool {
    let is_plain =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_' | b':' | b'/');
    let is_code = id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    id.bytes().all(is_plain) && id.starts_with(|c: char| c.is_ascii_lowercase()) && !is_code && id.contains(['-', '.'])
}

/// Tells a row that has nothing to do with models: its category says so, and its service is not known to sell them.
/// The category of everything else says nothing of a row without a service, such as a tax.
fn is_other_service(node: Node<'_>) -> bool {
    const SELLERS: [&str; 6] = ["bedrock", "openai", "anthropic", "vertex", "gemini", "foundry"];
    let Some(category) = value::text(node, "ServiceCategory") else { return false };
    let is = |name: &str| category.eq_ignore_ascii_case(name);
    if is("AI and Machine Learning") || is("AI and ML") {
        return false;
    }
    match value::text(node, "ServiceName") {
        Some(name) => !SELLERS.iter().any(|seller| name.to_ascii_lowercase().contains(seller)),
        None => !is("Other"),
    }
}

/// Returns who charges, as logs name it. On a cloud that sells several, its service decides.
fn provider_of<'t>(node: Node<'t>) -> Cow<'t, str> {
    let service = value::text(node, "ServiceName");
    let in_service = |word: &str| service.as_deref().is_some_and(|name| name.to_ascii_lowercase().contains(word));
    let keys = ["ServiceProviderName", "ProviderName", "PublisherName", "InvoiceIssuerName"];
    let Some(name) = value_of(node, &keys).or_else(|| service.clone()) else { return "unknown".into() };
    match name.to_ascii_lowercase().as_str() {
        "aws" | "amazon" | "amazon web services" | "amazon web services, inc." if in_service("bedrock") => {
            "bedrock".into()
        }
        "aws" | "amazon" | "amazon web services" | "amazon web services, inc." => "aws".into(),
        "microsoft" | "microsoft azure" | "azure" | "microsoft corporation" => "azure".into(),
        "google" | "google cloud" | "google cloud platform" | "gcp" if in_service("gemini api") => "google".into(),
        "google" | "google cloud" | "google cloud platform" | "gcp" => "vertex".into(),
        // A name on the bill, not one of a log: `fold` takes `aws` and its like for what logs mean by them.
        _ => Cow::Owned(provider::fold(&name).into_owned()),
    }
}
