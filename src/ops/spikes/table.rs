//! The jumps for people: a line each, and the command that tells why.

use crate::analyze::spikes::Key;
use crate::analyze::spikes::Metric;
use crate::analyze::spikes::Spike;
use crate::domain::Timestamp;
use crate::domain::Zone;
use crate::domain::time::NANOS;
use crate::ops::evidence;
use crate::ops::slice;
use crate::ops::spikes;
use crate::ops::spikes::SpikesPlan;
use crate::ops::spikes::document;
use crate::ops::why::Versus;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Table;

/// So many other series are listed.
const MOST_ALSO: usize = 3;

pub(super) fn blocks(
    plan: &SpikesPlan,
    told: &[Spike],
    acknowledged: &[Spike],
    first: Option<Timestamp>,
) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(slice::heading(plan.window, plan.zone))];
    if told.is_empty() {
        blocks.push(Block::Note("nothing cost far more than it usually does".into()));
    } else {
        blocks.push(Block::Table(table(plan, told)));
    }
    for spike in told {
        blocks.push(Block::Note(evidence(plan, spike)));
        blocks.push(Block::Note(command(plan, spike, first)));
    }
    for spike in acknowledged {
        let name = spike.event.as_deref().unwrap_or_default();
        blocks.push(Block::Note(format!("planned, {name}: {}", spikes::sentence(spike, plan.zone))));
    }
    blocks
}

fn table(plan: &SpikesPlan, told: &[Spike]) -> Table {
    let columns = [
        ("from", "start"),
        ("for", "lasted"),
        ("what", "key"),
        ("kind", "kind"),
        ("cost", "cost_usd"),
        ("expected", "expected_usd"),
        ("too much", "excess_usd"),
        ("times", "times"),
    ];
    let rows = told.iter().map(|spike| {
        vec![
            Cell::Text(moment(spike.start, plan.zone)),
            Cell::Text(lasted(spike)),
            Cell::Logged(series(&spike.key)),
            Cell::Text(document::kind(spike.kind).into()),
            Cell::Usd(spike.cost),
            Cell::Usd(spike.expected),
            Cell::Change(spike.excess()),
            Cell::Text(times(spike)),
        ]
    });
    Table { columns: columns.map(|(name, key)| Column::keyed(name, key)).into(), rows: rows.collect(), total: None }
}

/// What gave a jump away, and what else shows it.
fn evidence(plan: &SpikesPlan, spike: &Spike) -> String {
    let (what, known) = (series(&spike.key), moment(spike.detected_at, plan.zone));
    let goes_on = if spike.ongoing { ", and goes on" } else { "" };
    let seen = format!("{what}: known at {known} by {}{goes_on}", seen_in(spike.metric));
    if spike.also.is_empty() { seen } else { format!("{seen}; also in {}", also(&spike.also)) }
}

pub(super) fn moment(at: Timestamp, zone: Zone) -> String {
    at.utc().with_timezone(&zone.0).format("%Y-%m-%d %H:%M").to_string()
}

fn lasted(spike: &Spike) -> String {
    let hours = (spike.end.0 - spike.start.0) / (3_600 * NANOS);
    match (hours / 24, hours % 24) {
        (0, hours) => format!("{hours} h"),
        (days, 0) => format!("{days} d"),
        (days, hours) => format!("{days} d {hours} h"),
    }
}

pub(super) fn series(key: &Key) -> String {
    key.as_ref().map_or_else(|| "total".to_string(), |(axis, value)| format!("{axis} {value}"))
}

/// How often the usual it cost; next to nothing has no multiple.
fn times(spike: &Spike) -> String {
    let (cost, expected) = (spike.cost.pico() as f64, spike.expected.pico() as f64);
    if expected * 100.0 > cost { format!("{:.1}", cost / expected) } else { "new".into() }
}

fn seen_in(metric: Metric) -> &'static str {
    match metric {
        Metric::Cost => "its cost",
        Metric::CostPerCall => "its cost per call",
        Metric::CostPerToken => "its cost per token",
        Metric::FailedCost => "the cost of its failed calls",
        Metric::Run => "the runs of its feature before",
    }
}

fn also(keys: &[Key]) -> String {
    let mut names: Vec<String> = keys.iter().take(MOST_ALSO).map(series).collect();
    if keys.len() > MOST_ALSO {
        names.push(format!("{} more", keys.len() - MOST_ALSO));
    }
    names.join(", ")
}

/// The command that tells why.
fn command(plan: &SpikesPlan, spike: &Spike, first: Option<Timestamp>) -> String {
    let mut words: Vec<String> = ["attr", "why", "--since"].map(String::from).into();
    words.extend([spike.start.to_string(), "--until".into(), spike.end.to_string()]);
    if spikes::versus(spike, first) == Versus::Weekdays {
        words.extend(["--vs".into(), "weekdays".into()]);
    }
    for condition in evidence::conditions(&plan.filter) {
        words.extend(["--where".into(), condition]);
    }
    format!("  {}", evidence::command(&words))
}
