//! DeepSeek's usage export, `amount-<month>.csv` of the zip it hands out: a row a day, model, key and kind of token.
//!
//! `price` is that of ONE token, `amount` the count; what they come to is stated as the list price, exactly, and never
//! as an amount: that is in the cost export beside it, which has no keys. The currency is the account's, dollars or
//! yuan, and not in this file. Rows of the same day and kind differ in price where the hour of the day
//! does. `user_id` is not kept.

use std::borrow::Cow;

use crate::domain::Amount;
use crate::domain::Charge;
use crate::domain::InvoiceLine;
use crate::domain::Quantity;
use crate::domain::Statement;
use crate::domain::money::div_half_even;
use crate::domain::money::parse_scaled;
use crate::domain::tokens::Class;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::deepseek_days;
use crate::invoice::deepseek_days::Days;
use crate::invoice::total_row;
use crate::invoice::total_row::TotalRow;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;
use crate::read::value::excerpt;

/// Decimals kept of the price of a token.
const PRICE_SCALE: i32 = 18;
/// Prices in 1e-18 times counts in 1e-6 are in 1e-24, a trillionth of what amounts are kept in.
const TO_PICO: i128 = 1_000_000_000_000;

/// The reader of the usage export.
pub struct DeepSeekUsage;

impl InvoiceReader for DeepSeekUsage {
    fn name(&self) -> &'static str {
        "deepseek_usage"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let columns = ["api_key_name", "type", "price", "amount"];
        deepseek_days::has_day(record) && columns.iter().filter(|key| record.has(key)).count() >= 3
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::<Rows>::default()
    }
}

#[derive(Default)]
struct Rows {
    days: Days,
    total: TotalRow,
    priced_without_currency: bool,
}

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let row = record.node;
        value::require(row, &["model", "api_key_name", "type", "price", "amount"])?;
        if self.total.takes(record, deepseek_days::column(row), total_row::without_money, sink)? {
            return Ok(());
        }
        let (start, end) = self.days.span(row)?;
        let kind = value::required(row, "type")?;
        let charge = match kind.as_ref() {
            "input_cache_hit_tokens" => Charge::Tokens(Class::CacheRead),
            "input_cache_miss_tokens" => Charge::Tokens(Class::Input),
            "output_tokens" => Charge::Tokens(Class::Output),
            "request_count" => Charge::Requests,
            _ => Charge::Other,
        };
        let quantity = value::quantity(row, "amount", 1)?.ok_or("`amount` is empty")?;
        let list = list_price(row, quantity)?;
        let currency: Cow<'_, str> = match value::text(row, "currency") {
            Some(currency) if list.is_some() => value::currency(&currency)?.into_owned().into(),
            _ => "".into(),
        };
        self.priced_without_currency |= list.is_some() && currency.is_empty();
        sink.line(&InvoiceLine {
            row: record.line,
            provider: "deepseek".into(),
            api_key: value::text(row, "api_key_name").or_else(|| value::text(row, "api_key")),
            model: Some(value::required(row, "model")?),
            unit: (charge == Charge::Other).then(|| kind.clone()),
            description: (charge == Charge::Other).then_some(kind),
            charge,
            start,
            end,
            quantity: Some(quantity),
            list,
            currency,
            ..InvoiceLine::default()
        });
        Ok(())
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        let mut statement = self.days.statement();
        if self.priced_without_currency {
            let note = "its prices are in the account's currency, which it does not name: the cost export does";
            statement.notes.push(note.into());
        }
        Ok(statement)
    }
}

/// Returns what the tokens of a row come to by its price of one.
fn list_price<'t>(row: Node<'t>, quantity: Quantity) -> Result<Option<Amount<'t>>, String> {
    let Some(text) = value::text(row, "price") else { return Ok(None) };
    let wrong = || format!("`price` is not a number: {}", excerpt(&text));
    let (price, exact) = parse_scaled(&text, PRICE_SCALE).map_err(|_| wrong())?;
    let total =
        price.checked_mul(quantity.0).ok_or_else(|| format!("`price` is absurdly large: {}", excerpt(&text)))?;
    let exact = exact && total % TO_PICO == 0;
    let words = (!exact).then(|| format!("{text} x {}", value::text(row, "amount").unwrap_or_default()).into());
    Ok(Some(Amount { pico: div_half_even(total, TO_PICO), text: words }))
}
