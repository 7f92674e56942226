//! `attr prices diff`: the rows by which two tables differ.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::ops::book::BookError;
use crate::ops::book::kept_table;
use crate::price::Price;
use crate::price::Table as PriceTable;
use crate::price::full_key;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Report;
use crate::report::Table;
use crate::store::Store;

/// The word for the table that comes with the program.
const BUILTIN: &str = "builtin";

/// What a row charges, told so that two can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Charge {
    rates: Vec<(String, String)>,
    withdrawn: Option<String>,
}

/// Loads the table that a word means: `builtin`, a path, or the id of a table that the program or the store has.
fn table(word: &str, store: &Path) -> Result<PriceTable, BookError> {
    if word == BUILTIN {
        return Ok(PriceTable::builtin()?);
    }
    if Path::new(word).exists() {
        return Ok(PriceTable::load(Path::new(word))?);
    }
    let store = if store.exists() { Store::open(store)? } else { Store::in_memory()? };
    kept_table(&store, word)
}

/// Tells the rows that only one of two tables has, or that charge otherwise.
pub fn diff(old: &str, new: &str, store: &Path) -> Result<Report, BookError> {
    let (old, new) = (table(old, store)?, table(new, store)?);
    let (before, after) = (charges(&old), charges(&new));
    let mut report = Report::new("prices diff");
    report.price_table = Some(new.id().to_string());
    report.put("from", old.id());
    report.put("to", new.id());
    report.blocks.push(Block::Heading(format!("price table {}, beside {}", new.id(), old.id())));
    let mut shown = Table { columns: ["change", "row", "old", "new"].map(Column::new).into(), ..Table::default() };
    let mut rows = Vec::new();
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (was, is) = (before.get(key), after.get(key));
        let change = match (was, is) {
            (None, _) => "added",
            (_, None) => "removed",
            (was, is) if was == is => continue,
            _ => "changed",
        };
        let mut object = Map::new();
        object.insert("change".into(), change.into());
        object.insert("price_row".into(), key.as_str().into());
        for (name, side) in [("old", was), ("new", is)] {
            side.iter()
                .for_each(|charges| drop(object.insert(name.into(), charges.iter().map(Charge::json).collect())));
        }
        rows.push(Value::Object(object));
        let mut cells = vec![Cell::Text(change.into()), Cell::Path(key.clone())];
        cells.extend([told(was, is), told(is, was)]);
        shown.rows.push(cells);
    }
    let same = rows.is_empty();
    report.put_rows("rows", rows);
    if same {
        let words = if old.id() == new.id() { "the tables are the same" } else { "the tables differ in no price row" };
        report.blocks.push(Block::Note(words.into()));
    } else {
        report.blocks.push(Block::Table(shown));
    }
    Ok(report)
}

/// Returns what each row charges, by key; a withdrawn row may share its key with the one in its place.
fn charges(table: &PriceTable) -> BTreeMap<String, Vec<Charge>> {
    let mut found: BTreeMap<String, Vec<Charge>> = BTreeMap::new();
    for (model, row) in table.models().flat_map(|model| model.prices.iter().map(move |row| (model, row))) {
        found.entry(full_key(model, row)).or_default().push(Charge::of(row));
    }
    found
}

impl Charge {
    fn of(row: &Price) -> Charge {
        let mut rates: Vec<(String, String)> =
            row.rates().map(|(class, usd)| (class.name().to_string(), usd)).collect();
        rates.extend(row.fallbacks().map(|(class, other)| (class.name().to_string(), other.name().to_string())));
        if row.since_launch {
            rates.push(("since_launch".into(), "true".into()));
        }
        Charge { rates, withdrawn: row.withdrawn.map(|ts| ts.to_string()) }
    }

    fn json(&self) -> Value {
        let rates: Map<String, Value> = self.rates.iter().map(|(name, rate)| (name.clone(), json!(rate))).collect();
        let mut object = Map::new();
        object.insert("usd_per_mtok".into(), rates.into());
        self.withdrawn.iter().for_each(|at| drop(object.insert("withdrawn".into(), json!(at))));
        object.into()
    }
}

/// Tells one side: of a changed row, only what is not the same on the other.
fn told(side: Option<&Vec<Charge>>, other: Option<&Vec<Charge>>) -> Cell {
    let Some(side) = side else { return Cell::Empty };
    let same =
        |rate: &(String, String)| other.is_some_and(|other| other.iter().any(|charge| charge.rates.contains(rate)));
    let told = side.iter().map(|charge| {
        let rates: Vec<String> =
            charge.rates.iter().filter(|rate| !same(rate)).map(|(name, rate)| format!("{name} {rate}")).collect();
        let mut words = if charge.rates.is_empty() { "not sold".to_string() } else { rates.join(", ") };
        charge.withdrawn.iter().for_each(|at| words.push_str(&format!(" (withdrawn {at})")));
        words
    });
    Cell::Text(told.collect::<Vec<_>>().join("; "))
}
