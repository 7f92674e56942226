//! `attr prices`: what the price table holds.

pub mod check;
pub mod diff;
pub mod lists;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::Timestamp;
use crate::domain::time::NANOS;
use crate::ops::book::Book;
use crate::price::Mode;
use crate::price::Model;
use crate::price::Move;
use crate::price::Price;
use crate::price::Table as PriceTable;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Report;
use crate::report::Table;
use crate::store::StoreError;

/// Classes that the list shows; the others stand in `show`.
const LISTED: [&str; 6] = ["input", "cache_read", "cache_write_5m", "cache_write_30m", "cache_write_1h", "output"];

/// A price table this much older than the newest call may have missed a change of prices.
const STALE_DAYS: i64 = 45;

/// Why a model cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum PricesError {
    /// The table has no such model.
    #[error("the price table has no model `{name}`")]
    Unknown {
        /// What the user said.
        name: String,
        /// Near names.
        near: Vec<String>,
    },
    /// The table has no such seller.
    #[error("the price table has no seller `{name}`")]
    UnknownSeller {
        /// What the user said.
        name: String,
        /// The sellers it has.
        known: Vec<String>,
    },
    /// Several sellers have one, none of them its maker.
    #[error("several sellers have a model `{name}`")]
    Several {
        /// What the user said.
        name: String,
        /// The names that tell them apart.
        names: Vec<String>,
    },
}

fn heading(table: &PriceTable, report: &mut Report) {
    report.price_table = Some(table.id().to_string());
    report.blocks.push(Block::Heading(format!("price table {}, USD per million tokens", table.id())));
}

/// Lists every model with its newest standard price.
pub fn list(table: &PriceTable, seller: Option<&str>) -> Result<Report, PricesError> {
    if let Some(name) = seller.filter(|name| table.sellers().all(|known| known.id != **name)) {
        let known = table.sellers().map(|seller| seller.id.clone()).collect();
        return Err(PricesError::UnknownSeller { name: name.to_string(), known });
    }
    let mut report = Report::new("prices list");
    heading(table, &mut report);
    let models: Vec<&Model> =
        table.models().filter(|model| seller.is_none_or(|seller| &*model.seller == seller)).collect();
    let rows: Vec<Value> = models.iter().map(|model| model_object(table, model, false)).collect();
    let mut shown = Table {
        columns: vec![
            Column::new("seller"),
            Column::new("model"),
            Column::new("input"),
            Column::keyed("cache read", "cache_read"),
            Column::keyed("write 5m", "cache_write_5m"),
            Column::keyed("30m", "cache_write_30m"),
            Column::keyed("1h", "cache_write_1h"),
            Column::new("output"),
            Column::new("since"),
            Column::new("modes"),
        ],
        ..Table::default()
    };
    for model in models {
        let newest = newest_standard(table, model);
        let rate = |class: &str| {
            let rate = newest.and_then(|price| price.rates().find(|(known, _)| known.name() == class));
            rate.map_or(Cell::Empty, |(_, rate)| Cell::Text(rate))
        };
        let mut cells = vec![Cell::Path(model.seller.to_string()), Cell::Path(model.id.to_string())];
        cells.extend(LISTED.map(rate));
        cells.push(newest.and_then(|price| price.from).map_or(Cell::Empty, |from| Cell::Text(day(from))));
        cells.push(Cell::Text(modes(model).join(" ")));
        shown.rows.push(cells);
    }
    report.put_rows("models", rows);
    report.blocks.push(Block::Table(shown));
    Ok(report)
}

/// Shows every row of one model.
pub fn show(table: &PriceTable, name: &str) -> Result<Report, PricesError> {
    let model = named(table, name)?;
    let mut report = Report::new("prices show");
    heading(table, &mut report);
    report.put("model", model_object(table, model, true));
    let names: Vec<String> = model.names.iter().map(ToString::to_string).collect();
    report.blocks.push(Block::Facts(vec![
        ("seller".into(), Cell::Path(model.seller.to_string())),
        ("model".into(), Cell::Path(model.id.to_string())),
        ("names".into(), Cell::Path(names.join(", "))),
        ("from".into(), Cell::Text(format!("{}:{}", model.place.file, model.place.line))),
    ]));
    let asides = asides(table, model);
    if !asides.is_empty() {
        report.blocks.push(Block::Facts(asides));
    }
    let mut shown = Table {
        columns: ["mode", "from", "prompt", "rates", "basis", "source"].map(Column::new).into(),
        ..Table::default()
    };
    for price in &model.prices {
        let mut rates: Vec<String> = price.rates().map(|(class, rate)| format!("{} ${rate}", class.name())).collect();
        rates.extend(price.fallbacks().map(|(class, other)| format!("{} as {}", class.name(), other.name())));
        shown.rows.push(vec![
            Cell::Text(mode_and_hours(price)),
            Cell::Text(from(price)),
            Cell::Text(band(price)),
            Cell::Text(if rates.is_empty() { "not sold".into() } else { rates.join(", ") }),
            price.basis.map_or(Cell::Empty, |basis| Cell::Text(basis.name().into())),
            Cell::Path(price.src.as_deref().unwrap_or_default().to_string()),
        ]);
    }
    report.blocks.push(Block::Table(shown));
    Ok(report)
}

/// Says what names that moved mean this model, and at which hours its windows hold.
fn asides(table: &PriceTable, model: &Model) -> Vec<(String, Cell)> {
    let mut asides = Vec::new();
    let Some(seller) = table.sellers().find(|seller| seller.id == model.seller) else { return asides };
    for alias in seller.aliases.iter().filter(|alias| alias.moves.iter().any(|step| step.model == model.id)) {
        let step = |step: &Move| match step.from {
            from if from < Timestamp(0) => step.model.clone(),
            from => format!("{} from {}", step.model, day(from)),
        };
        let steps: Vec<String> = alias.moves.iter().map(step).collect();
        asides.push((format!("alias {}", alias.names[0]), Cell::Path(steps.join(", "))));
    }
    for deal in table
        .overrides()
        .filter(|deal| deal.seller == model.seller && deal.models.as_ref().is_none_or(|ids| ids.contains(&model.id)))
    {
        asides.push((deal.name(), Cell::Path(deal.show())));
    }
    for hours in &seller.hours {
        if model.prices.iter().any(|price| price.window.as_ref() == Some(&hours.id)) {
            asides.push((format!("window {}", hours.id), Cell::Text(format!("{} UTC", hours.show()))));
        }
    }
    asides
}

/// Returns the model that a name means: of the seller it starts with, else of the maker, else of the only seller.
fn named<'t>(table: &'t PriceTable, name: &str) -> Result<&'t Model, PricesError> {
    if let Some((seller, bare)) = name.split_once('/')
        && let Ok(model) = table.find_model(Some(seller), bare)
    {
        return Ok(model);
    }
    if let Ok(model) = table.find_model(None, name) {
        return Ok(model);
    }
    let sold = |id: &str| table.find_model(Some(id), name).ok();
    let found: Vec<&Model> = table.sellers().filter_map(|seller| sold(&seller.id)).collect();
    match &found[..] {
        [only] => Ok(only),
        [] => Err(PricesError::Unknown { name: name.to_string(), near: table.suggest_model(name) }),
        several => {
            let names = several.iter().map(|model| format!("{}/{name}", model.seller)).collect();
            Err(PricesError::Several { name: name.to_string(), names })
        }
    }
}

/// Returns the standard price in force when the table was made; of a model that is not sold yet, its first.
fn newest_standard<'m>(table: &PriceTable, model: &'m Model) -> Option<&'m Price> {
    let made = made(table.id());
    let in_force = |price: &&Price| price.from.is_none_or(|from| made.is_none_or(|made| from <= made));
    let listed = || standard_prices(model);
    listed().filter(in_force).max_by_key(|price| price.from).or_else(|| listed().min_by_key(|price| price.from))
}

/// Returns the day that the version in a table's id names, if it names one.
pub(super) fn made(id: &str) -> Option<Timestamp> {
    let date = id.split('+').next()?.split('.').take(3).collect::<Vec<_>>().join("-");
    Timestamp::parse(&date).ok().map(|parsed| parsed.ts)
}

/// Warns of a table that is old beside the calls. Its version begins with its date; a user's own may not, and has no age.
pub(super) fn warn_stale(report: &mut Report, book: &Book) -> Result<(), StoreError> {
    let (Some(made), Some(last)) = (made(&book.priced_by), book.last_call_at()?) else { return Ok(()) };
    let days = (last.0 - made.0) / (86_400 * NANOS);
    if days > STALE_DAYS {
        let message = format!("the newest call is {days} days younger than the price table {}", book.priced_by);
        report.warn(
            "stale_price_table",
            message,
            Some("a newer version of attr has newer prices: `attr reprice` tells".into()),
        );
    }
    Ok(())
}

fn standard_prices(model: &Model) -> impl Iterator<Item = &Price> {
    model.prices.iter().filter(|price| {
        price.mode == Mode::Standard && price.withdrawn.is_none() && price.prompt_min == 0 && !price.is_end()
    })
}

fn modes(model: &Model) -> Vec<&'static str> {
    let mut modes: Vec<&'static str> = model.prices.iter().map(|price| price.mode.name()).collect();
    modes.sort_unstable();
    modes.dedup();
    modes
}

fn day(ts: Timestamp) -> String {
    let text = ts.to_string();
    text.strip_suffix("T00:00:00Z").map(str::to_string).unwrap_or(text)
}

fn mode_and_hours(price: &Price) -> String {
    match &price.window {
        None => price.mode.name().to_string(),
        Some(window) => format!("{} [{window}]", price.mode.name()),
    }
}

fn from(price: &Price) -> String {
    let from = price.from.map_or_else(|| "launch".into(), day);
    match price.withdrawn {
        None => from,
        Some(withdrawn) => format!("{from}, withdrawn {}", day(withdrawn)),
    }
}

fn band(price: &Price) -> String {
    match (price.prompt_min, price.prompt_max) {
        (0, None) => "any".into(),
        (0, Some(most)) => format!("up to {most}"),
        (least, None) => format!("from {least}"),
        (least, Some(most)) => format!("{least} to {most}"),
    }
}

fn model_object(table: &PriceTable, model: &Model, with_rows: bool) -> Value {
    let mut object = Map::new();
    object.insert("seller".into(), json!(&*model.seller));
    object.insert("id".into(), json!(&*model.id));
    object.insert("names".into(), json!(model.names.iter().map(ToString::to_string).collect::<Vec<_>>()));
    object.insert("modes".into(), json!(modes(model)));
    let rows: Vec<Value> = model.prices.iter().map(price_object).collect();
    if with_rows {
        object.insert("prices".into(), rows.into());
    } else if let Some(newest) = newest_standard(table, model) {
        object.insert("standard".into(), price_object(newest));
    }
    object.into()
}

fn price_object(price: &Price) -> Value {
    let mut object = Map::new();
    object.insert("price_row".into(), price.key().into());
    object.insert("mode".into(), price.mode.name().into());
    if let Some(window) = &price.window {
        object.insert("window".into(), json!(window));
    }
    if let Some(from) = price.from {
        object.insert("from".into(), json!(from));
    }
    if price.since_launch {
        object.insert("since_launch".into(), true.into());
    }
    if price.prompt_min > 0 {
        object.insert("prompt_min".into(), price.prompt_min.into());
    }
    if let Some(most) = price.prompt_max {
        object.insert("prompt_max".into(), most.into());
    }
    let rates: Map<String, Value> =
        price.rates().map(|(class, rate)| (class.name().to_string(), rate.into())).collect();
    object.insert("usd_per_mtok".into(), rates.into());
    let fallbacks: Map<String, Value> =
        price.fallbacks().map(|(class, other)| (class.name().to_string(), other.name().into())).collect();
    if !fallbacks.is_empty() {
        object.insert("fallback".into(), fallbacks.into());
    }
    for (key, value) in [("known", price.known), ("withdrawn", price.withdrawn)] {
        if let Some(value) = value {
            object.insert(key.into(), json!(value));
        }
    }
    if let Some(basis) = price.basis {
        object.insert("basis".into(), basis.name().into());
    }
    if let Some(read) = price.read {
        object.insert("read".into(), json!(read.to_string()));
    }
    for (key, text) in [("src", &price.src), ("note", &price.note), ("fix", &price.fix), ("exempt", &price.exempt)] {
        if let Some(text) = text {
            object.insert(key.into(), json!(text));
        }
    }
    object.into()
}
