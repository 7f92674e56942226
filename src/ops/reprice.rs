//! `attr reprice`: what calls cost by other prices, and the move of a store to another price table.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::Axis;
use crate::domain::Filter;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::rollup::Key;
use crate::domain::rollup::Logged;
use crate::domain::rollup::Measures;
use crate::domain::rollup::PriceMoves;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::ops::book::Book;
use crate::ops::book::BookError;
use crate::ops::price::Pricer;
use crate::ops::price::Swap;
use crate::ops::price::WhatIf;
use crate::ops::prices;
use crate::ops::slice::SliceError;
use crate::ops::slice::check_axes;
use crate::ops::slice::cost_cell;
use crate::ops::slice::heading;
use crate::ops::slice::key_cell;
use crate::ops::slice::list_cell;
use crate::ops::slice::warn_empty;
use crate::price::Mode;
use crate::price::Table as PriceTable;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Report;
use crate::report::Table;
use crate::store::StoreError;

/// Which calls, by what, and on what terms.
#[derive(Clone, Debug)]
pub struct RepricePlan {
    /// The axes of the report.
    pub by: Vec<Axis>,
    /// The span of time.
    pub window: Window,
    /// The zone that cuts days.
    pub zone: Zone,
    /// Which calls.
    pub filter: Filter,
    /// Other terms than the calls' own.
    pub what_if: WhatIf,
    /// Whether to store the new costs.
    pub apply: bool,
}

/// Why a what-if cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum RepriceError {
    /// The store failed, or its prices.
    #[error(transparent)]
    Book(#[from] BookError),
    /// The question is wrong.
    #[error(transparent)]
    Slice(#[from] SliceError),
    /// A model is to be served by two others.
    #[error("`{0}` is priced as two models")]
    TwoSwaps(String),
    /// The table has no such model.
    #[error("the price table has no model `{name}`")]
    UnknownModel {
        /// What the user said.
        name: String,
        /// Near names.
        near: Vec<String>,
    },
    /// There is no such mode.
    #[error("`{0}` is no service mode")]
    UnknownMode(String),
}

impl From<StoreError> for RepriceError {
    fn from(error: StoreError) -> RepriceError {
        RepriceError::Book(error.into())
    }
}

/// Understands `A=B`: calls of model A, priced as model B, which may name its seller as `seller/model`.
pub fn swap(table: &PriceTable, from: &str, to: &str) -> Result<Swap, RepriceError> {
    let seller = to.split_once('/').filter(|(seller, model)| table.find_model(Some(seller), model).is_ok());
    if let Some((seller, model)) = seller {
        return Ok(Swap { from: from.into(), seller: Some(seller.into()), to: model.into() });
    }
    let sellers: Vec<&str> =
        table.sellers().map(|seller| &*seller.id).filter(|id| table.find_model(Some(id), to).is_ok()).collect();
    let seller = match table.find_model(None, to) {
        Ok(model) => Some(model.seller.clone()),
        Err(_) if sellers.is_empty() => {
            return Err(RepriceError::UnknownModel { name: to.into(), near: table.suggest_model(to) });
        }
        // Sold by several, none of them the maker: the call's own seller decides.
        Err(_) => None,
    };
    Ok(Swap { from: from.into(), seller, to: to.into() })
}

/// Checks the name of a service mode.
pub fn mode(word: &str) -> Result<String, RepriceError> {
    Mode::parse(word).map(|mode| mode.name().to_string()).ok_or_else(|| RepriceError::UnknownMode(word.into()))
}

/// Compares the costs in force with those by another table or on other terms; stores them if that is asked.
pub fn run(book: &mut Book, table: &PriceTable, plan: &RepricePlan) -> Result<Report, RepriceError> {
    check_axes(book, plan.by.iter(), &plan.filter)?;
    let query = RollupQuery {
        by: plan.by.clone(),
        window: plan.window,
        filter: plan.filter.clone(),
        zone: plan.zone,
        logged: Logged::Ignored,
    };
    let before = book.store.rollup(&query)?;
    let mut pricer = Pricer::what_if(table, plan.what_if.clone());
    let (after, moves, changed) = if plan.apply {
        let moved = book.store.reprice(&mut pricer, table.id(), table.text())?;
        (book.store.rollup(&query)?, moved.prices, Some(moved.calls))
    } else {
        let after = book.store.repriced(&mut pricer).rollup(&query)?;
        let moves = after.moves;
        (after, moves, None)
    };
    let mut report = Report::new("reprice");
    warn_overrides(&mut report, &pricer);
    for swap in pricer.unused_swaps() {
        let hint = table.suggest_model(&swap.from).first().map(|near| format!("did you mean `{near}`?"));
        report.warn("unused_model", format!("no call is of the model `{}`", swap.from), hint);
    }
    let left_out: Vec<&str> = book.priced_by.split('+').filter(|part| part.starts_with("ov.")).collect();
    let left_out: Vec<&str> =
        left_out.into_iter().filter(|part| !table.id().split('+').any(|own| own == *part)).collect();
    if !left_out.is_empty() {
        let message =
            format!("the store is priced with the overrides {}, and these prices are without", left_out.join(", "));
        report.warn("overrides_left_out", message, Some("name their file with --overrides, or in attr.toml".into()));
    }
    let from = std::mem::replace(&mut book.priced_by, table.id().to_string());
    report.price_table = Some(table.id().to_string());
    report.window = Some((plan.window, plan.zone));
    report.put("from", from.clone());
    report.put("to", named(table, &plan.what_if));
    report.put("applied", plan.apply);
    let mut groups: BTreeMap<Key, (Measures, Measures)> = BTreeMap::new();
    before.groups().for_each(|group| groups.entry(group.key).or_default().0 = group.measures);
    after.groups().for_each(|group| groups.entry(group.key).or_default().1 = group.measures);
    let mut rows: Vec<(Key, (Measures, Measures))> = groups.into_iter().collect();
    let change = |(old, new): &(Measures, Measures)| new.cost - old.cost;
    rows.sort_by(|a, b| change(&b.1).pico().abs().cmp(&change(&a.1).pico().abs()).then_with(|| a.0.cmp(&b.0)));
    let total = (before.total(), after.total());
    let with_list = total.1.discount != Usd::ZERO;
    if total.0.calls == 0 {
        warn_empty(&mut report, book, &plan.filter)?;
    } else {
        prices::warn_stale(&mut report, book)?;
    }
    report.put_rows("rows", rows.iter().map(|(key, pair)| object(plan, Some(key), pair, with_list)));
    report.put("total", object(plan, None, &total, with_list));
    if let Some(changed) = changed {
        report.put("changed_calls", changed);
    }
    report.blocks.push(Block::Heading(heading(plan.window, plan.zone)));
    report.blocks.push(Block::Facts(vec![
        ("from".into(), Cell::Text(from)),
        ("to".into(), Cell::Path(named(table, &plan.what_if))),
    ]));
    report.blocks.push(Block::Table(shown(plan, &rows, &total)));
    warn_moves(&mut report, &moves);
    Ok(report)
}

/// Names a table and the terms it was asked on.
fn named(table: &PriceTable, what_if: &WhatIf) -> String {
    let mut name = table.id().to_string();
    if let Some(at) = what_if.prices_at {
        name.push_str(&format!("+prices-at.{at}"));
    }
    for swap in &what_if.models {
        let seller = swap.seller.as_ref().map(|seller| format!("{seller}/")).unwrap_or_default();
        name.push_str(&format!("+as.{}={seller}{}", swap.from, swap.to));
    }
    if let Some(mode) = &what_if.mode {
        name.push_str(&format!("+as-mode.{mode}"));
    }
    name
}

fn object(plan: &RepricePlan, key: Option<&Key>, (old, new): &(Measures, Measures), with_list: bool) -> Value {
    let mut object = Map::new();
    if let Some(key) = key {
        let key: Map<String, Value> =
            plan.by.iter().zip(key).map(|(axis, value)| (axis.to_string(), json!(value.as_deref()))).collect();
        object.insert("key".into(), key.into());
    }
    object.insert("calls".into(), new.calls.into());
    object.insert("old_usd".into(), json!(old.cost));
    object.insert("new_usd".into(), json!(new.cost));
    object.insert("change_usd".into(), json!(new.cost - old.cost));
    if with_list {
        object.insert("new_list_usd".into(), json!(new.cost + new.discount));
    }
    if old.unpriced_calls() + new.unpriced_calls() > 0 {
        object.insert("old_unpriced_calls".into(), old.unpriced_calls().into());
        object.insert("new_unpriced_calls".into(), new.unpriced_calls().into());
    }
    object.into()
}

fn shown(plan: &RepricePlan, rows: &[(Key, (Measures, Measures))], total: &(Measures, Measures)) -> Table {
    let unpriced = total.0.unpriced_calls() + total.1.unpriced_calls() > 0;
    let list = total.1.discount != Usd::ZERO;
    let mut columns: Vec<Column> = plan.by.iter().map(|axis| Column::new(axis.to_string())).collect();
    columns.push(Column::new("calls"));
    if unpriced {
        columns.push(Column::keyed("unpriced before", "old_unpriced_calls"));
        columns.push(Column::keyed("after", "new_unpriced_calls"));
    }
    columns.push(Column::keyed("old", "old_usd"));
    if list {
        columns.push(Column::keyed("new list", "new_list_usd"));
    }
    columns.push(Column::keyed("new", "new_usd"));
    columns.push(Column::keyed("change", "change_usd"));
    let cells = |(old, new): &(Measures, Measures)| {
        let mut cells = vec![Cell::Count(new.calls)];
        if unpriced {
            cells.extend([old.unpriced_calls(), new.unpriced_calls()].map(Cell::Count));
        }
        cells.push(cost_cell(old));
        if list {
            cells.push(list_cell(new));
        }
        cells.extend([cost_cell(new), Cell::Change(new.cost - old.cost)]);
        cells
    };
    let row = |(key, pair): &(Key, (Measures, Measures))| {
        key.iter().map(|value| key_cell(value, false)).chain(cells(pair)).collect::<Vec<Cell>>()
    };
    let mut whole = vec![Cell::Empty; plan.by.len()];
    if let Some(first) = whole.first_mut() {
        *first = Cell::Text("total".into());
    }
    whole.extend(cells(total));
    match plan.by.is_empty() {
        true => Table { columns, rows: vec![whole], total: None },
        false => Table { columns, rows: rows.iter().map(row).collect(), total: Some(whole) },
    }
}

/// A call without a price on one side is in that side's sum with nothing: the change is not what it seems.
fn warn_moves(report: &mut Report, moves: &PriceMoves) {
    if moves.lost_calls > 0 {
        let message = format!(
            "{} calls have a price now and none on the new terms: {} USD of the old cost has no counterpart in the new",
            moves.lost_calls, moves.lost
        );
        report.warn("unpriced_calls", message, Some("`--where` leaves them out".into()));
    }
    if moves.gained_calls > 0 {
        let message = format!(
            "{} calls have no price now and one on the new terms: {} USD of the new cost has no counterpart in the old",
            moves.gained_calls, moves.gained
        );
        report.warn("newly_priced_calls", message, None);
    }
}

fn warn_overrides(report: &mut Report, pricer: &Pricer<'_>) {
    for deal in pricer.unused_overrides() {
        let message = format!("the {} matches no call", deal.name());
        report.warn("unused_override", message, Some("see its seller, models and modes".into()));
    }
}
