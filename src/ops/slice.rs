//! `attr slice`: a question to the store, laid out as a report.

use std::sync::Arc;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::Map;
use serde_json::Value;
use strsim::jaro_winkler;

use crate::analyze::frame::Order;
use crate::analyze::percentiles::UnitCost;
use crate::analyze::slice;
use crate::analyze::slice::Layout;
use crate::analyze::slice::Row;
use crate::analyze::slice::Slice;
use crate::domain::Axis;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::rollup::Measures;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::ops::book::Book;
use crate::ops::measures;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Report;
use crate::report::Table;
use crate::store::StoreError;

/// What to sort by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Most expensive first.
    #[default]
    Cost,
    /// Most calls first.
    Calls,
    /// By the value of an axis.
    Axis(Axis),
}

/// What to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// The window of the same length before.
    Previous,
    /// This window.
    With(Window),
}

/// Who the answer is for: an answer may have many rows, and only one of its two forms is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The JSON document.
    Machines,
    /// The blocks.
    People,
}

/// The question.
#[derive(Clone, Debug)]
pub struct SlicePlan {
    /// Who the answer is for.
    pub audience: Audience,
    /// The axes.
    pub by: Vec<Axis>,
    /// The span of time.
    pub window: Window,
    /// The zone that cuts days.
    pub zone: Zone,
    /// Which calls.
    pub filter: Filter,
    /// How many groups to show before the rest is summed.
    pub top: Option<usize>,
    /// The order.
    pub sort: Sort,
    /// The window to compare with.
    pub compare: Option<Compare>,
    /// The axis of units.
    pub per: Option<Axis>,
    /// Whether to print subtotals by level.
    pub tree: bool,
}

/// Why a question cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum SliceError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing in the store goes by this name.
    #[error("no dimension `{name}`")]
    UnknownDimension {
        /// What the user said.
        name: String,
        /// Near names.
        near: Vec<String>,
        /// The keys the store holds beyond the standard dimensions.
        keys: Vec<String>,
    },
    /// `--compare previous` needs a window with two ends.
    #[error("`--compare previous` needs a window with a start and an end")]
    OpenWindow,
    /// The order names an axis that is not among the groups.
    #[error("cannot sort by `{0}`: it is neither cost, calls nor a dimension of --by")]
    Sort(String),
}

/// Answers the question.
pub fn run(book: &Book, plan: &SlicePlan) -> Result<Report, SliceError> {
    check_axes(book, plan)?;
    let query =
        |window: Window| RollupQuery { by: plan.by.clone(), window, filter: plan.filter.clone(), zone: plan.zone };
    let baseline_window = match plan.compare {
        None => None,
        Some(Compare::With(window)) => Some(window),
        Some(Compare::Previous) => Some(plan.window.previous(plan.zone).ok_or(SliceError::OpenWindow)?),
    };
    let rollup = book.store.rollup(&query(plan.window))?;
    let baseline = baseline_window.map(|window| book.store.rollup(&query(window))).transpose()?;
    let units = plan.per.as_ref().map(|unit| book.store.unit_costs(&query(plan.window), unit)).transpose()?;
    let whole = RollupQuery { by: Vec::new(), ..query(plan.window) };
    let all_units = plan.per.as_ref().map(|unit| book.store.unit_costs(&whole, unit)).transpose()?;
    let all_units = all_units.map(|units| units.into_iter().flat_map(|group| group.costs).collect());
    let layout = Layout { all_units, order: order(plan)?, top: plan.top, units, baseline };
    let slice = slice::slice(rollup, layout);
    let mut report = Report::new("slice");
    report.price_table = Some(book.priced_by.clone());
    report.window = Some((plan.window, plan.zone));
    match plan.audience {
        Audience::Machines => document(&mut report, plan, &slice, baseline_window),
        Audience::People => report.blocks = blocks(plan, &slice, baseline_window),
    }
    warnings(&mut report, book, plan, &slice)?;
    Ok(report)
}

fn order(plan: &SlicePlan) -> Result<Order, SliceError> {
    Ok(match &plan.sort {
        Sort::Cost => Order::Descending(|rollup, group| rollup.cost[group].pico()),
        Sort::Calls => Order::Descending(|rollup, group| i128::from(rollup.calls[group])),
        Sort::Axis(axis) => {
            let place = plan.by.iter().position(|known| known == axis);
            Order::Key(place.ok_or_else(|| SliceError::Sort(axis.to_string()))?)
        }
    })
}

/// Refuses an axis that neither the program nor the store knows.
fn check_axes(book: &Book, plan: &SlicePlan) -> Result<(), SliceError> {
    let filtered = plan.filter.0.iter().map(|condition| &condition.axis);
    let asked: Vec<&String> = plan
        .by
        .iter()
        .chain(filtered)
        .chain(&plan.per)
        .filter_map(|axis| if let Axis::Key(key) = axis { Some(key) } else { None })
        .collect();
    if asked.is_empty() {
        return Ok(());
    }
    let keys = book.store.keys()?;
    for name in asked {
        if !keys.contains(name) {
            let standard = Dim::all().map(|dim| dim.name().to_string());
            let times = ["hour", "day", "week", "month", "customer", "env"].map(str::to_string);
            let mut near: Vec<(f64, String)> = standard
                .chain(times)
                .chain(keys.iter().cloned())
                .map(|known| (jaro_winkler(&known, name), known))
                .filter(|(score, _)| *score > 0.8)
                .collect();
            near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let near = near.into_iter().take(3).map(|(_, known)| known).collect();
            return Err(SliceError::UnknownDimension { name: name.clone(), near, keys });
        }
    }
    Ok(())
}

fn document(report: &mut Report, plan: &SlicePlan, slice: &Slice, baseline: Option<Window>) {
    report.put("by", plan.by.iter().map(ToString::to_string).collect::<Vec<_>>());
    if let Some(window) = baseline {
        report.put("baseline_window", sides(window));
    }
    let by: Vec<String> = plan.by.iter().map(ToString::to_string).collect();
    report.put_rows("rows", slice.rows.iter().map(|row| RowDocument::of_row(&by, row)));
    if plan.tree && plan.by.len() > 1 {
        let levels = (1..plan.by.len()).flat_map(|level| {
            slice::subtotals(slice, 0..slice.rows.len(), level).into_iter().map(move |subtotal| (level, subtotal))
        });
        let documents: Vec<Value> = levels
            .map(|(level, subtotal)| {
                let row = RowDocument {
                    key: Some(KeyDocument { by: &by[..level], values: &subtotal.key }),
                    is_other: false,
                    measures: &subtotal.measures,
                    share: subtotal.share,
                    units: None,
                    baseline: None,
                };
                serde_json::to_value(row).unwrap_or(Value::Null)
            })
            .collect();
        report.put("subtotals", documents);
    }
    report.put(
        "total",
        RowDocument {
            key: None,
            is_other: false,
            measures: &slice.total,
            share: None,
            units: slice.units.as_ref(),
            baseline: slice.baseline.as_ref(),
        },
    );
}

fn sides(window: Window) -> Value {
    let mut sides = Map::new();
    for (key, side) in [("since", window.since), ("until", window.until)] {
        if let Some(ts) = side {
            sides.insert(key.into(), ts.to_string().into());
        }
    }
    sides.into()
}

/// A row as the contract writes it.
struct RowDocument<'r> {
    key: Option<KeyDocument<'r>>,
    is_other: bool,
    measures: &'r Measures,
    share: Option<f64>,
    units: Option<&'r (u64, Option<UnitCost>)>,
    baseline: Option<&'r Measures>,
}

impl<'r> RowDocument<'r> {
    fn of_row(by: &'r [String], row: &'r Row) -> RowDocument<'r> {
        RowDocument {
            key: Some(KeyDocument { by, values: &row.key }),
            is_other: row.is_other,
            measures: &row.measures,
            share: row.share,
            units: row.units.as_ref(),
            baseline: row.baseline.as_ref(),
        }
    }
}

impl Serialize for RowDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(key) = &self.key {
            map.serialize_entry("key", key)?;
        }
        if self.is_other {
            map.serialize_entry("other", &true)?;
        }
        measures::entries(self.measures, &mut map)?;
        if let Some(share) = self.share {
            // Six decimals are enough to read and keep the text short.
            map.serialize_entry("share", &((share * 1e6).round() / 1e6))?;
        }
        if let Some((count, cost)) = self.units {
            map.serialize_entry("units", count)?;
            if let Some(cost) = cost {
                map.serialize_entry("unit_cost_usd", cost)?;
            }
        }
        if let Some(before) = self.baseline {
            map.serialize_entry("baseline", &measures::Document(before))?;
            map.serialize_entry("change_usd", &(self.measures.cost - before.cost))?;
        }
        map.end()
    }
}

/// A group's key: the name of each axis and the value, `null` for untagged.
struct KeyDocument<'k> {
    by: &'k [String],
    values: &'k [Option<Arc<str>>],
}

impl Serialize for KeyDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.by.iter().zip(self.values.iter().map(Option::as_deref)))
    }
}

/// Columns that a table has beside the key.
struct Columns {
    errors: bool,
    unpriced: bool,
    compare: bool,
    units: bool,
}

fn blocks(plan: &SlicePlan, slice: &Slice, baseline: Option<Window>) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(heading(plan.window, plan.zone))];
    if let Some(window) = baseline {
        blocks.push(Block::Note(format!("compared with {}", span(window))));
    }
    let columns = Columns {
        errors: slice.total.errors > 0,
        unpriced: slice.total.unpriced_calls() > 0,
        compare: slice.baseline.is_some(),
        units: plan.per.is_some(),
    };
    let mut table = Table { columns: headings(plan, &columns), ..Table::default() };
    if plan.tree && plan.by.len() > 1 {
        tree_rows(plan, slice, &columns, &mut table);
    } else {
        for row in &slice.rows {
            let mut cells: Vec<Cell> = row.key.iter().map(|value| key_cell(value, row.is_other)).collect();
            cells.extend(measure_cells(&row.measures, row.share, row.baseline.as_ref(), row.units.as_ref(), &columns));
            table.rows.push(cells);
        }
    }
    let keys = if plan.tree { plan.by.len().min(1) } else { plan.by.len() };
    let mut total = vec![Cell::Empty; keys];
    if let Some(first) = total.first_mut() {
        *first = Cell::Text("total".into());
    }
    let whole = (slice.total.cost != Usd::ZERO).then_some(1.0);
    total.extend(measure_cells(&slice.total, whole, slice.baseline.as_ref(), slice.units.as_ref(), &columns));
    if plan.by.is_empty() {
        table.rows = vec![total];
    } else {
        table.total = Some(total);
    }
    blocks.push(Block::Table(table));
    if slice.others > 0 {
        blocks.push(Block::Note(format!("(other) sums {} groups; --top 0 shows all", slice.others)));
    }
    blocks
}

fn heading(window: Window, zone: Zone) -> String {
    match (window.since, window.until) {
        (None, None) => "all time".into(),
        _ if zone == Zone::UTC => span(window),
        _ => format!("{} (days in {})", span(window), zone.name()),
    }
}

fn span(window: Window) -> String {
    let side = |ts: Option<Timestamp>, open: &str| ts.map_or_else(|| open.to_string(), |ts| ts.to_string());
    format!("{} to {}", side(window.since, "the first call"), side(window.until, "the last"))
}

fn headings(plan: &SlicePlan, columns: &Columns) -> Vec<Column> {
    let mut headings: Vec<Column> = if plan.tree && plan.by.len() > 1 {
        let names: Vec<String> = plan.by.iter().map(ToString::to_string).collect();
        vec![Column::new(names.join(" > "))]
    } else {
        plan.by.iter().map(|axis| Column::new(axis.to_string())).collect()
    };
    headings.push(Column::new("calls"));
    if columns.errors {
        headings.push(Column::new("errors"));
    }
    headings.push(Column::keyed("input", "prompt_tokens"));
    headings.push(Column::keyed("cached", "cache_read_tokens"));
    headings.push(Column::keyed("output", "output_tokens"));
    if columns.unpriced {
        headings.push(Column::keyed("unpriced", "unpriced_calls"));
    }
    headings.push(Column::keyed("cost", "cost_usd"));
    headings.push(Column::new("share"));
    if columns.compare {
        headings.push(Column::keyed("before", "baseline_cost_usd"));
        headings.push(Column::keyed("change", "change_usd"));
    }
    if let (true, Some(per)) = (columns.units, &plan.per) {
        headings.push(Column::keyed(if *per == Axis::Call { "priced".into() } else { format!("{per}s") }, "units"));
        for (name, key) in [
            ("mean", "unit_cost_usd_mean"),
            ("p50", "unit_cost_usd_p50"),
            ("p95", "unit_cost_usd_p95"),
            ("p99", "unit_cost_usd_p99"),
        ] {
            headings.push(Column::keyed(name, key));
        }
    }
    headings
}

fn key_cell(value: &Option<Arc<str>>, is_other: bool) -> Cell {
    match value {
        Some(_) if is_other => Cell::Text("(other)".into()),
        Some(value) => Cell::Logged(value.to_string()),
        None => Cell::Untagged,
    }
}

fn measure_cells(
    measures: &Measures,
    share: Option<f64>,
    baseline: Option<&Measures>,
    units: Option<&(u64, Option<UnitCost>)>,
    columns: &Columns,
) -> Vec<Cell> {
    let prompt: u64 = Class::ALL.into_iter().filter(|c| c.is_prompt()).map(|c| measures.tokens[c as usize]).sum();
    let of = |class: Class| measures.tokens[class as usize];
    let mut cells = vec![Cell::Count(measures.calls)];
    if columns.errors {
        cells.push(Cell::Count(measures.errors));
    }
    cells.push(Cell::Count(prompt));
    cells.push(Cell::Count(of(Class::CacheRead)));
    cells.push(Cell::Count(of(Class::Output) + of(Class::AudioOut) + of(Class::ImageOut)));
    if columns.unpriced {
        cells.push(Cell::Count(measures.unpriced_calls()));
    }
    // A group without a single priced call has no cost to show, rather than a cost of nothing.
    let priced = measures.unpriced_calls() < measures.calls || measures.calls == 0;
    cells.push(if priced { Cell::Usd(measures.cost) } else { Cell::Text("unpriced".into()) });
    cells.push(share.map_or(Cell::Empty, Cell::Share));
    if columns.compare {
        let before = baseline.map_or(Usd::ZERO, |before| before.cost);
        cells.push(Cell::Usd(before));
        cells.push(Cell::Change(measures.cost - before));
    }
    if columns.units {
        let (count, cost) = units.cloned().unwrap_or_default();
        cells.push(Cell::Count(count));
        match cost {
            Some(cost) => cells.extend([cost.mean, cost.p50, cost.p95, cost.p99].map(Cell::Usd)),
            None => cells.extend([const { Cell::Empty }; 4]),
        }
    }
    cells
}

/// Lays out rows below their subtotals.
fn tree_rows(plan: &SlicePlan, slice: &Slice, columns: &Columns, table: &mut Table) {
    fn descend(plan: &SlicePlan, slice: &Slice, columns: &Columns, within: &[usize], level: usize, table: &mut Table) {
        for subtotal in slice::subtotals(slice, within.iter().copied(), level) {
            let rows = &subtotal.rows;
            let is_other = rows.iter().all(|row| slice.rows[*row].is_other);
            let label = key_cell(&subtotal.key[level - 1], is_other);
            let units = (level == plan.by.len()).then(|| slice.rows[rows[0]].units.as_ref()).flatten();
            let mut cells = vec![Cell::Level(level - 1, Box::new(label))];
            cells.extend(measure_cells(&subtotal.measures, subtotal.share, subtotal.baseline.as_ref(), units, columns));
            table.rows.push(cells);
            if level < plan.by.len() && !is_other {
                descend(plan, slice, columns, rows, level + 1, table);
            }
        }
    }
    let all: Vec<usize> = (0..slice.rows.len()).collect();
    descend(plan, slice, columns, &all, 1, table);
}

/// More than this share of a dimension without a value is worth a warning.
const UNTAGGED_WARNING: f64 = 0.2;

fn warnings(report: &mut Report, book: &Book, plan: &SlicePlan, slice: &Slice) -> Result<(), StoreError> {
    if slice.total.calls == 0 {
        let overview = book.store.overview()?;
        let message = match (overview.first, overview.last) {
            (Some(first), Some(last)) if plan.filter.0.is_empty() => {
                format!("no call in this window; the store's calls lie from {first} to {last}")
            }
            (Some(first), Some(last)) => {
                format!("no call passes the filter in this window; the store's calls lie from {first} to {last}")
            }
            _ => "the store holds no call".to_string(),
        };
        let hint = overview.last.map(|_| "`--as-of latest` counts windows back from the last call".to_string());
        report.warn("empty_window", message, hint);
        return Ok(());
    }
    if let Some(note) = measures::unpriced_note(&slice.total) {
        report.warn("unpriced_calls", note, Some("`attr status` lists their models".into()));
    }
    for (place, axis) in plan.by.iter().enumerate() {
        let untagged = slice.rows.iter().filter(|row| !row.is_other && row.key[place].is_none());
        let cost: Usd = untagged.map(|row| row.measures.cost).sum();
        let share =
            if slice.total.cost == Usd::ZERO { 0.0 } else { cost.pico() as f64 / slice.total.cost.pico() as f64 };
        if share > UNTAGGED_WARNING {
            report.warn("untagged_share", format!("{:.0} % of the cost has no `{axis}`", share * 100.0), None);
        }
    }
    Ok(())
}
