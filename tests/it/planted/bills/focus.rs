//! FOCUS rows, and a bill of somebody's own columns: a row a day, model, class and project, exact.

use std::collections::BTreeMap;

use attr::domain::Class;

use super::File;
use super::date;
use super::decimal;
use super::openai::known;
use crate::planted::scene::Scene;
use crate::planted::scene::What;

const HEADER: &str = "BilledCost,EffectiveCost,ListCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ChargeClass,ProviderName,ServiceCategory,ServiceName,SubAccountId,SkuId,SkuMeter,ConsumedQuantity,ConsumedUnit,PricingQuantity,PricingUnit,InvoiceId,ChargeDescription\n";

/// The amounts of a row: what is paid, the list price, and the quantity.
type Row = (i128, i128, u64);

/// Turns attodollars into the bill's currency.
fn converted(scene: &Scene, atto: i128) -> i128 {
    scene.style.euros.map_or(atto, |cents| atto * cents / 100)
}

fn rows(scene: &Scene) -> BTreeMap<(i64, &'static str, String, What), Row> {
    let mut rows: BTreeMap<_, Row> = BTreeMap::new();
    for (cell, sum) in scene.cells() {
        let row = rows.entry((cell.day, known(cell.model).bill, cell.workspace, cell.what)).or_default();
        *row = (row.0 + converted(scene, sum.atto), row.1 + converted(scene, sum.list), row.2 + sum.quantity);
    }
    rows
}

fn words(what: What) -> &'static str {
    match what {
        What::Tokens(Class::Input) => "Input Tokens",
        What::Tokens(Class::CacheRead) => "Cached Input Tokens",
        What::Tokens(Class::Output) => "Output Tokens",
        What::Tokens(_) => "Cache Write Tokens",
        What::Search => "Web Search",
    }
}

fn said(kind: &str) -> &'static str {
    match kind {
        "Tax" => "VAT",
        "Credit" => "Promotional credit",
        _ => "Committed use shortfall",
    }
}

fn quantity(count: u64, by: u64) -> String {
    let (whole, rest) = (count / by, count % by);
    if by == 1 { whole.to_string() } else { format!("{whole}.{rest:03}") }
}

fn currency(scene: &Scene) -> &'static str {
    if scene.style.euros.is_some() { "EUR" } else { "USD" }
}

pub(super) fn focus(scene: &Scene) -> File {
    let currency = currency(scene);
    let mut text = HEADER.to_string();
    let mut total = 0;
    let month = |day: i64| {
        if &date(day)[5..7] == "09" {
            "2026-09-01T00:00:00Z,2026-10-01T00:00:00Z"
        } else {
            "2026-10-01T00:00:00Z,2026-11-01T00:00:00Z"
        }
    };
    let span = |day: i64| format!("{}T00:00:00Z,{}T00:00:00Z", date(day), date(day + 1));
    for ((day, model, project, what), (paid, list, count)) in rows(scene) {
        let unit = if what == What::Search { "Requests" } else { "Tokens" };
        let count = quantity(count, scene.style.quantity_by);
        total += paid;
        text.push_str(&format!(
            "{paid},{paid},{},{currency},{},{},Usage,,OpenAI,AI and Machine Learning,Model API,{project},{model},{},{count},{unit},{count},{unit},INV-9,\n",
            decimal(list, 18),
            month(day),
            span(day),
            words(what),
            paid = decimal(paid, 18),
        ));
    }
    for extra in &scene.extras {
        let paid = converted(scene, extra.atto);
        total += paid;
        text.push_str(&format!(
            "{paid},{paid},{paid},{currency},{},{},{},,OpenAI,AI and Machine Learning,Model API,,,,,,,,INV-9,{}\n",
            month(extra.day),
            span(extra.day),
            extra.kind,
            said(extra.kind),
            paid = decimal(paid, 18),
        ));
    }
    File { name: "focus.csv".to_string(), text, total }
}

pub(super) fn mapped(scene: &Scene) -> File {
    let mut text = "Datum;Modell;Text;Menge;Betrag;Kostenstelle\n".to_string();
    let mut total = 0;
    for ((day, model, project, what), (paid, _, count)) in rows(scene) {
        total += paid;
        let amount = decimal(paid, 18).replace('.', ",");
        let count = quantity(count, scene.style.quantity_by).replace('.', ",");
        text.push_str(&format!("{};{model};{};{count};{amount};{project}\n", date(day), words(what)));
    }
    for extra in &scene.extras {
        let paid = converted(scene, extra.atto);
        total += paid;
        let amount = decimal(paid, 18).replace('.', ",");
        text.push_str(&format!("{};;{};;{amount};\n", date(extra.day), said(extra.kind)));
    }
    File { name: "house.csv".to_string(), text, total }
}

/// What a user's settings say of the columns.
pub(super) fn settings(scene: &Scene) -> String {
    format!(
        r#"[invoice.house]
match   = "house.csv"
source  = {{ provider = "openai", currency = "{}", timezone = "UTC", granularity = "day" }}
amounts = {{ basis = "net", unit = "currency", quantity_unit = "tokens" }}
parsing = {{ delimiter = ";", decimal = ",", date_format = "%Y-%m-%d" }}
columns = {{ date = "Datum", model = "Modell", description = "Text", quantity = "Menge", amount = "Betrag", workspace = "Kostenstelle" }}
rules   = [
  {{ match = "(?i)cached input", class = "cache_read" }},
  {{ match = "(?i)cache write", class = "cache_write" }},
  {{ match = "(?i)input", class = "input" }},
  {{ match = "(?i)output", class = "output" }},
  {{ match = "(?i)vat", class = "tax" }},
  {{ match = "(?i)credit", class = "credit" }},
  {{ match = "(?i)committed", class = "commitment" }},
]
"#,
        currency(scene)
    )
}
