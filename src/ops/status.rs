//! `attr status`: what the store holds, how far it can be believed, and what to do next.

use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::domain::Axis;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::Unpriced;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::rollup::Logged;
use crate::domain::rollup::Measures;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::ops::bills;
use crate::ops::book::Book;
use crate::ops::book::BookError;
use crate::ops::duplicates;
use crate::ops::explain::meaning;
use crate::ops::measures;
use crate::ops::outcomes;
use crate::ops::prices;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Report;
use crate::report::Table;
use crate::store::Hold;
use crate::store::Overview;
use crate::store::StoreError;

/// Models without a price that are listed.
const MOST_MODELS: usize = 20;

/// Tells the state of the store.
pub fn run(book: &Book) -> Result<Report, BookError> {
    let mut report = Report::new("status");
    report.price_table = Some(book.priced_by.clone());
    let overview = book.store.overview()?;
    let query = RollupQuery {
        by: Vec::new(),
        window: Window::default(),
        filter: Filter::default(),
        zone: Zone::UTC,
        logged: Logged::Ignored,
    };
    let total = book.rollup(&query)?.total();
    put_span(&mut report, &overview);
    report.put("total", measures::Document(&total));
    put_sources(&mut report, book)?;
    put_bills(&mut report, book)?;
    put_coverage(&mut report, &overview);
    put_outcomes(&mut report, book)?;
    put_unpriced(&mut report, book, &total)?;
    put_held(&mut report, book)?;
    put_doubts(&mut report, &overview);
    duplicates::warn(&mut report, book, Window::default())?;
    put_logged_cost(&mut report, &overview);
    prices::warn_stale(&mut report, book)?;
    Ok(report)
}

fn put_span(report: &mut Report, overview: &Overview) {
    if let (Some(first), Some(last)) = (overview.first, overview.last) {
        report.put("first_call", first);
        report.put("last_call", last);
        report.blocks.push(Block::Facts(vec![
            ("calls".into(), Cell::Count(overview.calls)),
            ("from".into(), Cell::Text(first.to_string())),
            ("to".into(), Cell::Text(last.to_string())),
            ("price table".into(), Cell::Text(report.price_table.clone().unwrap_or_default())),
        ]));
    } else {
        report.blocks.push(Block::Note("the store holds no call; `attr import PATH` brings some in".into()));
    }
}

fn put_sources(report: &mut Report, book: &Book) -> Result<(), StoreError> {
    let columns = ["source", "format", "files", "records", "new", "duplicate", "skipped", "rejected", "conflicts"];
    let mut table = Table { columns: columns.map(Column::new).into(), ..Table::default() };
    let mut sources: Vec<(String, String, [u64; 7])> = Vec::new();
    for import in book.store.imports()?.into_iter().filter(|import| import.kind == "usage") {
        let skipped = import.skipped.values().sum();
        let counts = [1, import.records, import.new, import.duplicate, skipped, import.rejected, import.conflicts];
        let known =
            sources.iter_mut().find(|(source, format, _)| *source == import.source && *format == import.input_format);
        match known {
            Some((_, _, sums)) => sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count),
            None => sources.push((import.source, import.input_format, counts)),
        }
    }
    let rejected: u64 = sources.iter().map(|(_, _, sums)| sums[5]).sum();
    let mut objects = Vec::new();
    for (source, format, sums) in sources {
        let mut object = Map::new();
        object.insert("source".into(), source.clone().into());
        object.insert("input_format".into(), format.clone().into());
        for (name, count) in columns[2..].iter().zip(sums) {
            object.insert((*name).into(), count.into());
        }
        objects.push(Value::Object(object));
        let mut cells = vec![Cell::Logged(source), Cell::Text(format)];
        cells.extend(sums.map(Cell::Count));
        table.rows.push(cells);
    }
    report.put_rows("sources", objects);
    if !table.rows.is_empty() {
        report.blocks.push(Block::Table(table));
    }
    if rejected > 0 {
        let message = format!("{rejected} records could not be used and are in no total");
        report.warn("rejected_records", message, Some("`attr import` lists the first of each file".into()));
    }
    Ok(())
}

/// Tells which bills there are and what counts of them.
fn put_bills(report: &mut Report, book: &Book) -> Result<(), StoreError> {
    let standing = bills::standing(&book.store)?;
    if standing.invoices.is_empty() {
        return Ok(());
    }
    let providers: BTreeSet<&str> =
        standing.invoices.iter().flat_map(|bill| &bill.providers).map(String::as_str).collect();
    let spans = || standing.invoices.iter().filter_map(|bill| bill.span);
    let (first, last) = (spans().map(|span| span.0).min(), spans().map(|span| span.1).max());
    let lines: u64 = standing.invoices.iter().map(|bill| bill.lines).sum();
    let outdated: u64 = standing.outdated.iter().map(|outdated| outdated.lines).sum();
    let totals = standing.totals();
    let mut object = json!({
        "count": standing.invoices.len(), "providers": providers, "lines": lines, "superseded_lines": outdated,
        "totals": bills::document(&totals),
    });
    let mut facts = vec![
        ("bills".to_string(), Cell::Count(standing.invoices.len() as u64)),
        ("of".into(), Cell::Logged(providers.iter().copied().collect::<Vec<_>>().join(", "))),
    ];
    if let (Some(first), Some(last)) = (first, last) {
        object["from"] = first.to_string().into();
        object["until"] = last.to_string().into();
        facts.push(("from".into(), Cell::Text(first.to_string())));
        facts.push(("until".into(), Cell::Text(last.to_string())));
    }
    facts.push(("billed".into(), Cell::Text(bills::told(&totals))));
    if outdated > 0 {
        facts.push(("lines superseded".into(), Cell::Count(outdated)));
    }
    if !standing.told_twice.is_empty() {
        object["told_twice"] = bills::document(&standing.told_twice);
        facts.push(("told by group too".into(), Cell::Text(bills::told(&standing.told_twice))));
    }
    report.put("bills", object);
    report.blocks.push(Block::Facts(facts));
    Ok(())
}

fn put_coverage(report: &mut Report, overview: &Overview) {
    let share = |tagged: u64| tagged as f64 / overview.calls.max(1) as f64;
    let mut table = Table { columns: ["dimension", "tagged", "share"].map(Column::new).into(), ..Table::default() };
    let mut coverage = Map::new();
    for dimension in &overview.coverage {
        coverage.insert(
            dimension.name.clone(),
            json!({"tagged": dimension.tagged, "share": (share(dimension.tagged) * 1e6).round() / 1e6}),
        );
        table.rows.push(vec![
            Cell::Logged(dimension.name.clone()),
            Cell::Count(dimension.tagged),
            Cell::Share(share(dimension.tagged)),
        ]);
    }
    report.put("coverage", coverage);
    if !table.rows.is_empty() {
        report.blocks.push(Block::Table(table));
    }
}

/// Tells how much of the cost is known to have come to something.
fn put_outcomes(report: &mut Report, book: &Book) -> Result<(), StoreError> {
    let Some(known) = outcomes::known(book)? else { return Ok(()) };
    let (figures, coverage) = (&known.figures, known.figures.coverage());
    let mut object = json!({
        "count": known.count, "unmatched": known.unmatched, "cost_usd": figures.cost,
        "without_outcome_usd": figures.without,
    });
    let mut facts = vec![
        ("outcomes".to_string(), Cell::Count(known.count)),
        ("without a call".into(), Cell::Count(known.unmatched)),
        ("cost with an outcome".into(), Cell::Usd(figures.cost)),
        ("cost without".into(), Cell::Usd(figures.without)),
    ];
    if let Some(coverage) = coverage {
        object["coverage"] = ((coverage * 1e6).round() / 1e6).into();
        facts.push(("covered".into(), Cell::Share(coverage)));
    }
    report.put("outcomes", object);
    report.blocks.push(Block::Facts(facts));
    Ok(())
}

fn put_unpriced(report: &mut Report, book: &Book, total: &Measures) -> Result<(), BookError> {
    let Some(note) = measures::unpriced_note(total) else { return Ok(()) };
    let mut table =
        Table { columns: ["provider", "model", "reason", "calls"].map(Column::new).into(), ..Table::default() };
    let mut objects = Vec::new();
    for unpriced in unpriced_models(book)? {
        let near = match (&unpriced.model, unpriced.reason) {
            (Some(model), Unpriced::UnknownModel) => book.table()?.suggest_model(model),
            _ => Vec::new(),
        };
        let mut object = Map::new();
        for (key, value) in [("provider", &unpriced.provider), ("model", &unpriced.model)] {
            if let Some(value) = value {
                object.insert(key.into(), value.clone().into());
            }
        }
        object.insert("reason".into(), unpriced.reason.name().into());
        object.insert("calls".into(), unpriced.calls.into());
        if !near.is_empty() {
            object.insert("near".into(), json!(near));
        }
        objects.push(Value::Object(object));
        let name = |name: Option<String>| name.map_or(Cell::Untagged, Cell::Logged);
        table.rows.push(vec![
            name(unpriced.provider),
            name(unpriced.model),
            Cell::Text(format!("{}: {}", unpriced.reason.name(), meaning(unpriced.reason))),
            Cell::Count(unpriced.calls),
        ]);
    }
    report.put("unpriced", objects);
    report.blocks.push(Block::Table(table));
    let hint = measures::unpriced_hint(total).map(|_| "a price table of your own (`--pricing`) can name them".into());
    report.warn("unpriced_calls", note, hint);
    Ok(())
}

/// Calls of one model that have no price for one reason.
struct UnpricedModel {
    provider: Option<String>,
    model: Option<String>,
    reason: Unpriced,
    calls: u64,
}

/// Returns the reasons of unpriced calls by model, most calls first.
fn unpriced_models(book: &Book) -> Result<Vec<UnpricedModel>, StoreError> {
    let query = RollupQuery {
        by: vec![Axis::Dim(Dim::Provider), Axis::Dim(Dim::Model)],
        window: Window::default(),
        filter: Filter::default(),
        zone: Zone::UTC,
        logged: Logged::Ignored,
    };
    let rollup = book.rollup(&query)?;
    let value = |group: &u32, axis| rollup.value(*group as usize, axis).map(ToString::to_string);
    let mut models: Vec<UnpricedModel> = rollup
        .unpriced
        .iter()
        .map(|((group, place), calls)| UnpricedModel {
            provider: value(group, 0),
            model: value(group, 1),
            reason: Unpriced::ALL[usize::from(*place)],
            calls: *calls,
        })
        .collect();
    models.sort_by(|a, b| {
        let key = |model: &UnpricedModel| (model.provider.clone(), model.model.clone(), model.reason);
        b.calls.cmp(&a.calls).then_with(|| key(a).cmp(&key(b)))
    });
    models.truncate(MOST_MODELS);
    Ok(models)
}

/// Tells what is stored and not counted: records of calls that count already, sums of other calls, what the user left out.
fn put_held(report: &mut Report, book: &Book) -> Result<(), StoreError> {
    let held = book.store.held_calls()?;
    let mut table = Table { columns: ["not counted", "calls", "cost"].map(Column::new).into(), ..Table::default() };
    let mut object = Map::new();
    for part in &held {
        object.insert(part.reason.name().into(), json!({"calls": part.calls, "cost_usd": part.cost}));
        let meaning = match part.reason {
            Hold::Same => "merged: another record of the same call counts",
            Hold::Rollup => "rollup: it sums calls that count themselves",
            Hold::Chosen => "excluded: probably logged by two sources",
        };
        table.rows.push(vec![Cell::Text(meaning.into()), Cell::Count(part.calls), Cell::Usd(part.cost)]);
    }
    report.put("not_counted", object);
    if !held.is_empty() {
        report.blocks.push(Block::Table(table));
    }
    Ok(())
}

/// Flags that are warnings of the contract, with what they mean for the figures.
const DOUBTS: [(&str, &str); 6] = [
    (
        "inclusive_guessed",
        "whether their input count contains the cached tokens was decided by column names (`--cached-input` settles it)",
    ),
    ("ttl_unknown", "the lifetime of their cache writes is not in the log: the provider's default was taken"),
    ("usage_missing", "they carry no token counts"),
    ("placeholder_output", "their output count looks like a placeholder: the cost is a lower bound"),
    ("fallback_price", "a class without a printed price is billed as another"),
    ("id_conflict", "they share an id with another call of other content: both are counted"),
];

fn put_doubts(report: &mut Report, overview: &Overview) {
    let flags: Map<String, Value> =
        overview.flags.iter().map(|(name, count)| ((*name).to_string(), (*count).into())).collect();
    report.put("flags", flags);
    for (name, count) in &overview.flags {
        if let Some((code, meaning)) = DOUBTS.iter().find(|(code, _)| code == name) {
            report.warn(code, format!("{count} calls: {meaning}"), None);
        }
    }
}

fn put_logged_cost(report: &mut Report, overview: &Overview) {
    let (calls, cost) = overview.logged_cost;
    if calls > 0 {
        report.put("logged_cost", json!({"calls": calls, "cost_usd": cost}));
        report.blocks.push(Block::Facts(vec![
            ("calls with a logged cost".into(), Cell::Count(calls)),
            ("sum of the logged costs".into(), Cell::Usd(cost)),
        ]));
    }
}
