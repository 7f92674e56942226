//! `attr slice`: a question to the store, laid out as a report.

mod document;
mod table;

use strsim::jaro_winkler;

use crate::analyze::frame::Order;
use crate::analyze::slice;
use crate::analyze::slice::Layout;
use crate::analyze::slice::Slice;
use crate::domain::Axis;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::Flags;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::rollup::Logged;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::ops::book::Book;
use crate::ops::duplicates;
use crate::ops::measures;
use crate::ops::prices;
pub(super) use crate::ops::slice::document::KeyDocument;
use crate::ops::slice::document::document;
use crate::ops::slice::table::blocks;
pub(super) use crate::ops::slice::table::cost_cell;
pub(super) use crate::ops::slice::table::heading;
pub(super) use crate::ops::slice::table::key_cell;
pub(super) use crate::ops::slice::table::list_cell;
use crate::report::Report;
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
    /// What to do with the costs that logs state.
    pub logged: Logged,
}

impl SlicePlan {
    /// Tells of each axis whether its values are paths, whose parts are levels of a tree.
    fn paths(&self) -> Vec<bool> {
        self.by.iter().map(|axis| *axis == Axis::Dim(Dim::Agent)).collect()
    }

    /// Tells whether there are levels to print subtotals of.
    fn has_levels(&self) -> bool {
        self.tree && (self.by.len() > 1 || self.paths().contains(&true))
    }
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
    check_axes(book, plan.by.iter().chain(&plan.per), &plan.filter)?;
    let query = |window: Window| RollupQuery {
        by: plan.by.clone(),
        window,
        filter: plan.filter.clone(),
        zone: plan.zone,
        logged: plan.logged,
    };
    let baseline_window = match plan.compare {
        None => None,
        Some(Compare::With(window)) => Some(window),
        Some(Compare::Previous) => Some(plan.window.previous(plan.zone).ok_or(SliceError::OpenWindow)?),
    };
    let rollup = book.rollup(&query(plan.window))?;
    let baseline = baseline_window.map(|window| book.rollup(&query(window))).transpose()?;
    let units = plan.per.as_ref().map(|unit| book.unit_costs(&query(plan.window), unit)).transpose()?;
    let whole = RollupQuery { by: Vec::new(), ..query(plan.window) };
    let all_units = plan.per.as_ref().map(|unit| book.unit_costs(&whole, unit)).transpose()?;
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
pub(super) fn check_axes<'a>(
    book: &Book,
    axes: impl Iterator<Item = &'a Axis>,
    filter: &'a Filter,
) -> Result<(), SliceError> {
    let filtered = filter.0.iter().map(|condition| &condition.axis);
    let asked: Vec<&String> =
        axes.chain(filtered).filter_map(|axis| if let Axis::Key(key) = axis { Some(key) } else { None }).collect();
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

/// More than this share of a dimension without a value is worth a warning.
const UNTAGGED_WARNING: f64 = 0.2;

/// Says where the calls are when none was found.
pub(super) fn warn_empty(report: &mut Report, book: &Book, filter: &Filter) -> Result<(), StoreError> {
    let span = book.store.span()?;
    let message = match span {
        Some((first, last)) if filter.0.is_empty() => {
            format!("no call in this window; the store's calls lie from {first} to {last}")
        }
        Some((first, last)) => {
            format!("no call passes the filter in this window; the store's calls lie from {first} to {last}")
        }
        None => "the store holds no call".to_string(),
    };
    let hint = span.map(|_| "`--as-of latest` counts windows back from the last call".to_string());
    report.warn("empty_window", message, hint);
    Ok(())
}

fn warnings(report: &mut Report, book: &Book, plan: &SlicePlan, slice: &Slice) -> Result<(), StoreError> {
    if slice.total.calls == 0 {
        return warn_empty(report, book, &plan.filter);
    }
    if let Some(note) = measures::unpriced_note(&slice.total) {
        report.warn("unpriced_calls", note, measures::unpriced_hint(&slice.total));
    }
    prices::warn_stale(report, book)?;
    duplicates::warn(report, book, plan.window)?;
    let guessed = book.store.flagged(Flags::INCLUSIVE_GUESSED)?;
    if guessed > 0 {
        let message = format!(
            "whether the input counts of {guessed} calls of these logs contain the cached tokens was decided by column names"
        );
        report.warn("inclusive_guessed", message, Some("`--cached-input inside|outside` settles it".into()));
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
