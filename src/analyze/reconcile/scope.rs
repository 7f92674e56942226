//! Which lines are compared, provider by provider, and in which spans of time.
//!
//! A line outside the window is left out with a word. Lines that no log can hold (tax, credits, seats) stand apart: they
//! explain themselves. A day that a bill says nothing about is no day without charge, unless the file declares
//! the span it speaks for.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::analyze::reconcile::Prices;
use crate::analyze::reconcile::Question;
use crate::analyze::reconcile::ReconcileError;
use crate::domain::Charge;
use crate::domain::Timestamp;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::invoice::Line;
use crate::domain::invoice::TextId;
use crate::domain::money::PICO_PER_USD;
use crate::domain::money::div_half_even;
use crate::domain::time::NANOS;
use crate::domain::window::Grain;

/// A line that charges for no more than this is one of a day; the longest day has 25 hours.
const LONGEST_DAY: i64 = 25 * 3_600 * NANOS;

/// The lines of all providers.
pub(super) struct Scoped {
    providers: Vec<ProviderScope>,
    /// Lines left out because they are not in the window.
    pub(super) outside: u64,
}

/// The lines of one provider.
#[derive(Clone)]
pub(super) struct ProviderScope {
    /// The price table's id, or the bill's own word.
    pub(super) name: Arc<str>,
    /// Places of the lines that logs can hold.
    pub(super) usage: Vec<u32>,
    /// Places of those that they cannot, and of those that nobody can tell what they are for.
    pub(super) apart: Vec<u32>,
    /// Places of lines of keys and workspaces that the logs are not about.
    pub(super) unlogged: Vec<u32>,
    /// Places of sums over everything, where other lines tell the parts.
    pub(super) control: Vec<u32>,
    /// From the first to the last instant that is compared.
    pub(super) window: Window,
    /// The zone whose days the bill counts.
    pub(super) zone: Zone,
    /// The spans that are compared.
    pub(super) periods: Periods,
}

/// Disjoint spans, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Periods(pub(super) Vec<(Timestamp, Timestamp)>);

impl Periods {
    /// Returns the place of the span that holds an instant.
    pub(super) fn holding(&self, ts: Timestamp) -> Option<u32> {
        let at = self.0.partition_point(|(start, _)| *start <= ts).checked_sub(1)?;
        (ts < self.0[at].1).then_some(at as u32)
    }

    fn of(spans: BTreeSet<(Timestamp, Timestamp)>) -> Periods {
        let mut merged: Vec<(Timestamp, Timestamp)> = Vec::with_capacity(spans.len());
        for (start, end) in spans {
            match merged.last_mut() {
                Some(last) if start < last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        Periods(merged)
    }
}

impl Scoped {
    pub(super) fn providers(&self) -> &[ProviderScope] {
        &self.providers
    }

    pub(super) fn providers_mut(&mut self) -> &mut [ProviderScope] {
        &mut self.providers
    }
}

/// Sorts the lines that count by provider.
pub(super) fn scoped<E>(question: &Question<'_>, prices: &dyn Prices) -> Result<Scoped, ReconcileError<E>> {
    let lines = question.lines;
    let mut names: BTreeMap<TextId, Arc<str>> = BTreeMap::new();
    let mut by_provider: BTreeMap<Arc<str>, Vec<u32>> = BTreeMap::new();
    let mut outside = 0;
    for (at, line) in lines.rows.iter().enumerate().filter(|(at, _)| question.keep[*at]) {
        if !lies_inside(question.window, line) {
            outside += 1;
            continue;
        }
        let name = names.entry(line.provider).or_insert_with(|| {
            let text = lines.text(line.provider).map(AsRef::as_ref).unwrap_or_default();
            prices.seller(text).unwrap_or_else(|| text.into())
        });
        match by_provider.get_mut(name) {
            Some(places) => places.push(at as u32),
            None => {
                by_provider.insert(Arc::clone(name), vec![at as u32]);
            }
        }
        if line.amount.is_some() {
            rate_of(question, line)?;
        }
    }
    if by_provider.is_empty() {
        return Err(ReconcileError::Nothing(shown_span(lines.rows.iter())));
    }
    if !by_provider.values().flatten().any(|at| lines.rows[*at as usize].amount.is_some())
        && by_provider.values().flatten().any(|at| lines.rows[*at as usize].list.is_none())
    {
        return Err(ReconcileError::UsageOnly);
    }
    let providers = by_provider.into_iter().map(|(name, places)| provider(question, name, &places)).collect();
    Ok(Scoped { providers, outside })
}

fn provider(question: &Question<'_>, name: Arc<str>, places: &[u32]) -> ProviderScope {
    let lines = question.lines;
    let row = |at: &u32| &lines.rows[*at as usize];
    let documents: BTreeSet<u32> = places.iter().map(|at| row(at).document).collect();
    let statements = || documents.iter().map(|at| &lines.documents[*at as usize].statement);
    let zone = statements().find_map(|statement| Zone::parse(&statement.zone)).unwrap_or(Zone::UTC);
    let (apart, usage): (Vec<u32>, Vec<u32>) = places.iter().partition(|at| !row(at).charge.is_usage());
    let is_sum = |at: &u32| row(at).charge == Charge::Call && row(at).model == TextId(0) && row(at).amount.is_some();
    // A sum over everything is a file of its own. A row that names nothing among rows that do is no sum of them.
    let parted: BTreeSet<u32> =
        usage.iter().filter(|at| row(at).amount.is_some() && !is_sum(at)).map(|at| row(at).document).collect();
    let is_nameless = |at: &u32| is_sum(at) && parted.contains(&row(at).document);
    let (nameless, usage): (Vec<u32>, Vec<u32>) = usage.iter().partition(|at| is_nameless(at));
    let apart = [apart, nameless].concat();
    let (control, usage): (Vec<u32>, Vec<u32>) = usage.iter().partition(|at| !parted.is_empty() && is_sum(at));
    let mut spans = BTreeSet::new();
    for at in &usage {
        let line = row(at);
        spans.insert(if line.end.0 - line.start.0 <= LONGEST_DAY {
            Grain::Day.bucket(line.start, zone)
        } else {
            (line.start, line.end)
        });
    }
    for statement in statements() {
        if let (Some(since), Some(until)) = (statement.covers.since, statement.covers.until) {
            let mut at = since.max(question.window.since.unwrap_or(since));
            let until = until.min(question.window.until.unwrap_or(until));
            while at < until {
                let day = Grain::Day.bucket(at, zone);
                spans.insert(day);
                at = day.1;
            }
        }
    }
    let periods = Periods::of(spans);
    let window =
        Window { since: periods.0.first().map(|(start, _)| *start), until: periods.0.last().map(|(_, end)| *end) };
    ProviderScope { name, usage, apart, unlogged: Vec::new(), control, window, zone, periods }
}

fn lies_inside(window: Window, line: &Line) -> bool {
    window.since.is_none_or(|since| line.start >= since) && window.until.is_none_or(|until| line.end <= until)
}

/// Says from when to when lines charge.
pub(super) fn shown_span<'l>(lines: impl Iterator<Item = &'l Line> + Clone) -> String {
    let first = lines.clone().map(|line| line.start).min();
    let last = lines.map(|line| line.end).max();
    match (first, last) {
        (Some(first), Some(last)) => format!("{} to {}", day(first), day(Timestamp(last.0 - 1))),
        _ => "no line at all".into(),
    }
}

/// Refuses to set a bill against the logs of another time; some calls there must be, of whatever provider.
pub(super) fn shares_a_day<E>(
    question: &Question<'_>,
    window: Window,
    logged: Option<(Timestamp, Timestamp)>,
) -> Result<(), ReconcileError<E>> {
    let shares = |(first, last): (Timestamp, Timestamp)| {
        window.since.is_none_or(|since| last >= since) && window.until.is_none_or(|until| first < until)
    };
    if logged.is_some_and(shares) {
        return Ok(());
    }
    let kept: Vec<&Line> =
        question.lines.rows.iter().zip(question.keep).filter(|(_, keep)| **keep).map(|(line, _)| line).collect();
    let logs = logged.map(|(first, last)| format!("{} to {}", day(first), day(last)));
    Err(ReconcileError::OtherPeriod {
        bill: shown_span(kept.iter().copied()),
        logs: logs.unwrap_or_else(|| "no call at all".into()),
    })
}

/// Writes the UTC day of an instant.
pub(super) fn day(ts: Timestamp) -> String {
    ts.utc().format("%Y-%m-%d").to_string()
}

/// Returns picodollars for one of a line's currency.
///
/// # Errors
/// That nobody gave a rate for it.
pub(super) fn rate_of<E>(question: &Question<'_>, line: &Line) -> Result<i128, ReconcileError<E>> {
    let currency = question.lines.text(line.currency).map(AsRef::as_ref).unwrap_or("USD");
    if currency == "USD" {
        return Ok(PICO_PER_USD);
    }
    let holds = |from: Option<Timestamp>| from.is_none_or(|from| from <= line.start);
    let own = question.fx.iter().filter(|rate| rate.currency == currency);
    match own.clone().filter(|rate| holds(rate.from)).max_by_key(|rate| rate.from) {
        Some(rate) => Ok(rate.pico_usd),
        None => Err(ReconcileError::NoRate { currency: currency.to_string() }),
    }
}

/// Returns an amount of a line in picodollars.
pub(super) fn in_usd(question: &Question<'_>, line: &Line, pico: i128) -> i128 {
    // A line without a rate was refused when the lines were sorted.
    match rate_of::<()>(question, line) {
        Ok(PICO_PER_USD) | Err(_) => pico,
        Ok(rate) => div_half_even(pico.saturating_mul(rate), PICO_PER_USD),
    }
}
