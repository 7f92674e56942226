//! What some calls cost hour by hour or day by day, as a chart: to be seen, beside figures that say the same.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::Axis;
use crate::domain::Condition;
use crate::domain::Filter;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::rollup::Logged;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::domain::time::NANOS;
use crate::domain::window::Grain;
use crate::ops::book::Book;
use crate::report::Chart;
use crate::report::Point;
use crate::store::StoreError;

/// Spans up to this long are drawn hour by hour, longer ones day by day.
const HOURS_DRAWN: i64 = 5 * 24;

/// A series to draw.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// What it is of.
    pub(super) name: String,
    /// Its calls.
    pub(super) filter: Filter,
    /// The first instant drawn.
    pub(super) since: Timestamp,
    /// The first instant not drawn.
    pub(super) until: Timestamp,
    /// What the report speaks of.
    pub(super) marked: Window,
    /// The zone that cuts hours and days.
    pub(super) zone: Zone,
}

/// Draws a series; `None` where a bar would stand alone.
pub(super) fn chart(book: &Book, series: &Series) -> Result<Option<Chart>, StoreError> {
    let hours = (series.until.0 - series.since.0) / (3_600 * NANOS);
    let grain = if hours <= HOURS_DRAWN { Grain::Hour } else { Grain::Day };
    let rollup = book.rollup(&RollupQuery {
        by: vec![Axis::Time(grain)],
        window: Window { since: Some(series.since), until: Some(series.until) },
        filter: series.filter.clone(),
        zone: series.zone,
        logged: Logged::Ignored,
    })?;
    let costs: HashMap<&str, Usd> =
        (0..rollup.len()).filter_map(|group| Some((rollup.value(group, 0)?.as_ref(), rollup.cost[group]))).collect();
    let mut points = Vec::new();
    let mut at = series.since;
    while at < series.until {
        let (start, end) = grain.bucket(at, series.zone);
        let label = grain.label(start, series.zone);
        let is_marked = series.marked.since.is_none_or(|since| since < end)
            && series.marked.until.is_none_or(|until| start < until);
        points.push(Point {
            value: costs.get(label.as_str()).copied().unwrap_or_default(),
            // A chart has room for `11-18 09:00`, and its report has said which year it is.
            label: short(&label, grain),
            usual: None,
            marked: is_marked,
        });
        at = end;
    }
    let title = format!("{}, dollars {}", series.name, if grain == Grain::Hour { "an hour" } else { "a day" });
    Ok((points.len() > 1).then_some(Chart { title, points }))
}

fn short(label: &str, grain: Grain) -> String {
    match grain {
        Grain::Hour => label.get(5..16).unwrap_or(label).replace('T', " "),
        _ => label.get(5..).unwrap_or(label).to_string(),
    }
}

/// Returns a filter for the calls of it that have these values too.
pub(super) fn within<'a>(filter: &Filter, values: impl IntoIterator<Item = (&'a Axis, &'a Arc<str>)>) -> Filter {
    let mut filter = filter.clone();
    filter.0.extend(values.into_iter().map(|(axis, value)| Condition::is(axis.clone(), Some(value))));
    filter
}
