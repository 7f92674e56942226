//! `attr explain`: one call's cost, class by class, with the price row behind each.

mod held;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Unpriced;
use crate::domain::Usd;
use crate::ops::book::Book;
use crate::ops::book::BookError;
use crate::ops::price::lies_in_record;
use crate::ops::price::request;
use crate::price::Bill;
use crate::price::Item;
use crate::price::Table as PriceTable;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Report;
use crate::report::Table;
use crate::store::FoundCall;

/// Calls shown when several go by one id.
const MOST: usize = 10;

/// Why a call cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The store failed, or its prices.
    #[error(transparent)]
    Book(#[from] BookError),
    /// No call goes by this id.
    #[error("no call has the id `{0}`")]
    NotFound(String),
}

/// Explains the call or calls with an id.
pub fn run(book: &Book, id: &str) -> Result<Report, ExplainError> {
    let mut found = book.store.find_calls(id, MOST).map_err(BookError::from)?;
    if found.is_empty() {
        return Err(ExplainError::NotFound(id.to_string()));
    }
    let counted: Vec<i64> = found.iter().filter(|call| call.held.is_empty()).map(|call| call.id).collect();
    // A record that a call of the same id is counted for is told with that call.
    found.retain(|call| !call.held.iter().flat_map(|why| &why.by).any(|kept| counted.contains(kept)));
    let mut report = Report::new("explain");
    report.price_table = Some(book.priced_by.clone());
    let several = found.len() > 1;
    let table = book.table()?;
    let mut documents: Vec<Map<String, Value>> = Vec::with_capacity(found.len());
    for call in &found {
        let others = book.store.told_again(call.id).map_err(BookError::from)?;
        documents.push(explained(table, call, &others, &mut report));
    }
    if several {
        report.warn("several_calls", format!("{} calls go by `{id}`; each is explained", found.len()), None);
        report.put_rows("calls", documents);
    } else if let Some(document) = documents.into_iter().next() {
        report.body = document;
    }
    Ok(report)
}

/// Itemises a call by the table in force, or says why it has no price.
fn bill(table: &PriceTable, call: &Call<'_>) -> Result<Bill, Unpriced> {
    if call.flags.has(Flags::GATEWAY_CACHE_HIT) {
        return Ok(Bill { cost: Usd::ZERO, list: None, items: Vec::new(), fallback: false });
    }
    if let Some(reason) = call.unpriced.filter(|reason| lies_in_record(*reason)) {
        return Err(reason);
    }
    let tools = call.tools.iter().map(|(tool, uses)| (tool.as_ref(), *uses));
    table.resolve(&request(call.flags, |dim| call.dim(dim)))?.itemise(call.ts, &call.tokens, tools)
}

fn explained(table: &PriceTable, found: &FoundCall, others: &[FoundCall], report: &mut Report) -> Map<String, Value> {
    let bill = bill(table, &found.call);
    let mut document = Map::new();
    document.insert("call".into(), call_object(found));
    held::tell(found, others, &mut document);
    let state = if found.held.is_empty() { "" } else { ", not counted" };
    report.blocks.push(Block::Heading(format!("call {}{state}", found.id)));
    let mut own = facts(found);
    own.extend(held::facts(found, others));
    report.blocks.push(Block::Facts(own));
    match bill {
        Ok(bill) => {
            document.insert("cost_usd".into(), bill.cost.to_string().into());
            if let Some(list) = bill.list {
                document.insert("list_usd".into(), list.to_string().into());
            }
            if let Some(logged) = found.call.logged_cost {
                document.insert("logged_difference_usd".into(), (bill.cost - logged).to_string().into());
            }
            document.insert("items".into(), json!(bill.items));
            report.blocks.push(Block::Table(items(&bill)));
            if let Some(logged) = found.call.logged_cost {
                report.blocks.push(Block::Facts(logged_facts(&found.call, logged, bill.cost)));
            }
            if found.call.flags.has(Flags::GATEWAY_CACHE_HIT) {
                report.blocks.push(Block::Note("answered from a gateway's cache: the provider was not called".into()));
            }
            if bill.fallback {
                report.warn(
                    "fallback_price",
                    format!("call {}: a class without a printed price is billed as another", found.id),
                    None,
                );
            }
        }
        Err(reason) => {
            let near = match reason {
                Unpriced::UnknownModel => table.suggest_model(found.call.dim(Dim::Model).unwrap_or_default()),
                _ => Vec::new(),
            };
            let mut unpriced = Map::new();
            unpriced.insert("reason".into(), reason.name().into());
            if !near.is_empty() {
                unpriced.insert("near".into(), json!(near));
            }
            document.insert("items".into(), json!([]));
            document.insert("unpriced".into(), unpriced.into());
            let mut note = format!("unpriced: {} ({})", reason.name(), meaning(reason));
            if !near.is_empty() {
                note.push_str(&format!(
                    "; the table has {}, which are other models until an alias says otherwise",
                    near.join(", ")
                ));
            }
            report.blocks.push(Block::Note(note));
            if let Some(logged) = found.call.logged_cost {
                report.blocks.push(Block::Facts(vec![("logged cost".into(), Cell::Usd(logged))]));
            }
        }
    }
    document
}

/// Says a reason in words.
pub(super) fn meaning(reason: Unpriced) -> &'static str {
    match reason {
        Unpriced::UnknownSeller => "the price table has no such seller",
        Unpriced::UnknownModel => "the price table has no model of this name",
        Unpriced::NoPriceAtTime => "the model has no price for that time",
        Unpriced::ModeNotSold => "the model is not sold in that service mode",
        Unpriced::ClassNotSold => "the model has no price for a class of tokens the call used",
        Unpriced::TierIndeterminate => "the service mode cannot be told",
        Unpriced::UsageInconsistent => "the token counts contradict each other",
        Unpriced::ToolFeeUnknown => "the call used a tool whose fee is not in the table",
        Unpriced::UsageMissing => "the record has no token counts",
    }
}

fn call_object(found: &FoundCall) -> Value {
    let call = &found.call;
    let mut object = Map::new();
    object.insert("id".into(), found.id.into());
    object.insert("time".into(), json!(call.ts));
    if let Some(id) = &call.request_id {
        object.insert("request_id".into(), json!(id));
    }
    for dim in Dim::all() {
        if let Some(value) = call.dim(dim) {
            object.insert(dim.name().into(), value.into());
        }
    }
    let meta: Map<String, Value> = call.extra.iter().map(|(key, value)| (key.to_string(), json!(value))).collect();
    if !meta.is_empty() {
        object.insert("meta".into(), meta.into());
    }
    let tokens: Map<String, Value> =
        call.tokens.iter().map(|(class, n)| (class.name().to_string(), n.into())).collect();
    object.insert("tokens".into(), tokens.into());
    object.insert("reasoning_tokens".into(), call.reasoning.into());
    for (key, value) in [("latency_ms", call.latency_ms), ("ttft_ms", call.ttft_ms)] {
        if let Some(value) = value {
            object.insert(key.into(), value.into());
        }
    }
    if let Some(cost) = call.logged_cost {
        object.insert("logged_cost_usd".into(), json!(cost));
    }
    object.insert("flags".into(), json!(call.flags.names()));
    object.insert("file".into(), found.path.clone().into());
    object.insert("line".into(), call.line.into());
    object.into()
}

fn facts(found: &FoundCall) -> Vec<(String, Cell)> {
    let call = &found.call;
    let mut facts = vec![("time".to_string(), Cell::Text(call.ts.to_string()))];
    if let Some(id) = &call.request_id {
        facts.push(("request id".into(), Cell::Logged(id.to_string())));
    }
    for dim in Dim::all() {
        if let Some(value) = call.dim(dim) {
            facts.push((dim.name().into(), Cell::Logged(value.to_string())));
        }
    }
    facts.extend(call.extra.iter().map(|(key, value)| (key.to_string(), Cell::Logged(value.to_string()))));
    if call.reasoning > 0 {
        facts.push(("reasoning tokens".into(), Cell::Count(call.reasoning)));
    }
    if let Some(ms) = call.latency_ms {
        facts.push(("latency".into(), Cell::Text(format!("{ms} ms"))));
    }
    if !call.flags.names().is_empty() {
        facts.push(("flags".into(), Cell::Text(call.flags.names().join(", "))));
    }
    facts.push(("from".into(), Cell::Logged(format!("{}:{}", found.path, call.line))));
    facts
}

/// Sets what the log says beside what the table says.
fn logged_facts(call: &Call<'_>, logged: Usd, cost: Usd) -> Vec<(String, Cell)> {
    let is_charge = call.flags.has(Flags::COST_CHARGED);
    let name = if is_charge { "logged cost (the provider's own charge)" } else { "logged cost" };
    vec![(name.into(), Cell::Usd(logged)), ("difference".into(), Cell::Change(cost - logged))]
}

fn items(bill: &Bill) -> Table {
    let agreed = bill.list.is_some();
    let row = |item: &Item| {
        let listed = item.usd_per_mtok.as_ref().or(item.agreed_usd_per_mtok.as_ref());
        let rate = match (listed, &item.usd_per_1000, &item.usd_per_mtok_hour) {
            (Some(rate), _, _) => format!("${rate} / M"),
            (None, Some(rate), _) => format!("${rate} / 1,000"),
            (None, None, Some(rate)) => format!("${rate} / M and hour"),
            (None, None, None) => String::new(),
        };
        let mut cells = vec![
            Cell::Text(item.item.clone()),
            Cell::Count(item.quantity),
            Cell::Text(rate),
            Cell::Text(item.multiplier.clone()),
        ];
        if agreed {
            cells.push(Cell::Text(format!("${}", item.list_usd.as_ref().unwrap_or(&item.usd))));
        }
        cells.push(Cell::Text(format!("${}", item.usd)));
        cells.push(Cell::Text(item.price_row.clone()));
        if agreed {
            let terms = match (&item.agreed_usd_per_mtok, &item.discount) {
                (Some(rate), _) => format!("${rate} / M, "),
                (None, Some(off)) => format!("{off} off, "),
                (None, None) => String::new(),
            };
            cells.push(item.agreed.as_ref().map_or(Cell::Empty, |name| Cell::Path(format!("{terms}{name}"))));
        }
        cells
    };
    let mut total = vec![Cell::Text("cost".into()), Cell::Empty, Cell::Empty, Cell::Empty];
    total.extend(bill.list.map(|list| Cell::Text(format!("${list}"))));
    total.extend([Cell::Text(format!("${}", bill.cost)), Cell::Empty]);
    let mut columns = vec!["item", "quantity", "rate", "multiplier", "usd", "price row"];
    if agreed {
        total.push(Cell::Empty);
        columns.insert(4, "list");
        columns.push("agreed");
    }
    Table {
        columns: columns.into_iter().map(Column::new).collect(),
        rows: bill.items.iter().map(row).collect(),
        total: Some(total),
    }
}
