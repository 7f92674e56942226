//! OpenRouter's activity export, `openrouter_activity_<day>.csv`: a row a generation, which makes it the one bill that can
//! be matched call by call (the generation's id is the description of its lines).
//!
//! The order of the columns changes between months; of 2025-12 there are neither `tokens_cached` nor
//! `api_key_disabled`. `cost_total` is what was paid, to six decimals; the other costs are parts of it (`cost_cache`
//! is negative where reading saved and positive where writing cost more) and get no lines of their own.
//! `tokens_prompt` includes `tokens_cached`, reasoning is inside the completion. Stamps are UTC and say no zone.
//! `byok_usage_inference` is what the provider behind bills for a key of one's own: for the record only, and what was
//! used in such a call is of the tier `byok`, as it is of the tier `free` where the variant is.
//! The names of people in `user` are not kept.

use std::borrow::Cow;

use crate::domain::Amount;
use crate::domain::Charge;
use crate::domain::InvoiceLine;
use crate::domain::Quantity;
use crate::domain::Statement;
use crate::domain::Timestamp;
use crate::domain::tokens::Class;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::total_row::TotalRow;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;

/// Amounts have six decimals.
pub(super) const QUANTUM: i128 = 1_000_000;
/// The tier of what was used and is paid to the provider behind, with a key of one's own.
const BYOK: &str = "byok";
/// A stamp has milliseconds: the span of a call is the one that it names.
const MILLISECOND: i64 = 1_000_000;

/// The reader of the activity export.
pub struct OpenRouterActivity;

impl InvoiceReader for OpenRouterActivity {
    fn name(&self) -> &'static str {
        "openrouter_activity"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let told = ["model_permaslug", "cost_total", "tokens_prompt", "byok_usage_inference"];
        record.has("generation_id") && told.iter().filter(|key| record.has(key)).count() >= 2
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::<Rows>::default()
    }
}

#[derive(Default)]
struct Rows {
    total: TotalRow,
}

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let row = record.node;
        let needed =
            ["generation_id", "created_at", "cost_total", "tokens_prompt", "tokens_completion", "model_permaslug"];
        value::require(row, &needed)?;
        if self.total.takes(record, "created_at", |row| value::amount(row, "cost_total", 0), sink)? {
            return Ok(());
        }
        let start = value::instant("created_at", &value::required(row, "created_at")?)?;
        let variant = value::text(row, "variant").filter(|variant| variant != "standard");
        let line = InvoiceLine {
            row: record.line,
            provider: "openrouter".into(),
            api_key: value::text(row, "api_key_name"),
            model: Some(model(value::required(row, "model_permaslug")?, variant.as_deref())),
            tier: variant,
            description: Some(value::required(row, "generation_id")?),
            start,
            end: Timestamp(start.0 + MILLISECOND),
            ..InvoiceLine::default()
        };
        let (paid, behind) = (value::amount(row, "cost_total", 0)?, value::amount(row, "byok_usage_inference", 0)?);
        let is_byok = behind.as_ref().is_some_and(|amount| amount.pico > 0);
        money(&line, paid, behind, sink);
        let tier = if is_byok { Some(BYOK.into()) } else { line.tier.clone() };
        let line = InvoiceLine { tier, ..line };
        for (charge, quantity) in tokens(row)? {
            sink.line(&InvoiceLine { charge, quantity, ..line.clone() });
        }
        let quantity = Some(Quantity::whole(1));
        sink.line(&InvoiceLine { charge: Charge::Requests, quantity, ..line });
        Ok(())
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        Ok(Statement { zone: "UTC".into(), stated_total: self.total.stated(), ..Statement::default() })
    }
}

/// Names the model as logs do: `maker/model:free`.
fn model<'t>(model: Cow<'t, str>, variant: Option<&str>) -> Cow<'t, str> {
    match variant {
        Some(variant) if !model.contains(':') => Cow::Owned(format!("{model}:{variant}")),
        _ => model,
    }
}

/// Hands on what a call or day costs here, and what it costs with the provider behind.
pub(super) fn money<'t>(
    line: &InvoiceLine<'t>,
    paid: Option<Amount<'t>>,
    behind: Option<Amount<'t>>,
    sink: &mut dyn LineSink,
) {
    let line = InvoiceLine { charge: Charge::Call, currency: "USD".into(), quantum: QUANTUM, ..line.clone() };
    sink.line(&InvoiceLine { amount: paid, ..line.clone() });
    if behind.as_ref().is_some_and(|amount| amount.pico > 0) {
        sink.line(&InvoiceLine { amount: behind, memo: true, ..line });
    }
}

type Counted = (Charge, Option<Quantity>);

/// Returns the kinds of tokens that the row tells of, disjoint.
fn tokens(row: Node<'_>) -> Result<impl Iterator<Item = Counted>, String> {
    let prompt = value::quantity(row, "tokens_prompt", 1)?;
    let cached = value::quantity(row, "tokens_cached", 1)?;
    let output = value::quantity(row, "tokens_completion", 1)?;
    let counts = [prompt, cached, output];
    if counts.iter().flatten().any(|count| count.0 < 0) {
        return Err("a count of tokens is negative".into());
    }
    // A cached count larger than the prompt cannot be a part of it.
    let input = prompt.map(|prompt| match cached {
        Some(cached) if cached <= prompt => Quantity(prompt.0 - cached.0),
        _ => prompt,
    });
    let kinds = [(Class::Input, input), (Class::CacheRead, cached), (Class::Output, output)];
    Ok(kinds.into_iter().filter(|(_, count)| count.is_some()).map(|(class, count)| (Charge::Tokens(class), count)))
}
