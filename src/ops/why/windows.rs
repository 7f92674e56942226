//! The two windows of a comparison: what is left open, what they have unlike, how one is scaled to the other.

use chrono::Datelike;
use chrono::Days;

use crate::analyze::why::Question;
use crate::analyze::why::Scale;
use crate::analyze::why::Span;
use crate::domain::Axis;
use crate::domain::Dim;
use crate::domain::Timestamp;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::time::NANOS;
use crate::ops::why::WhyError;
use crate::report::Report;

/// What to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versus {
    /// The window of the same length before.
    Previous,
    /// The same weekdays, as many whole weeks before as keep the two apart.
    Weekdays,
    /// This window.
    With(Window),
}

const DAY: i64 = 86_400 * NANOS;

/// Weekdays may make up shares of two windows that differ by so much in sum.
const LIKE_WEEKDAYS: f64 = 0.15;

/// Closes the window asked about: it ends now and starts a week before its end.
pub(super) fn period(window: Window, now: Timestamp) -> Result<Span, WhyError> {
    let until = match (window.until, window.since) {
        (Some(until), _) => until,
        (None, Some(since)) if since >= now => {
            return Err(WhyError::Window(format!("the window starts at {since} and has no end before now, {now}")));
        }
        (None, _) => now,
    };
    let since = window.since.unwrap_or(Timestamp(until.0.saturating_sub(7 * DAY)));
    Ok(Span { since, until })
}

/// Returns the window to compare with.
pub(super) fn baseline(period: Span, versus: Versus, zone: Zone) -> Result<Span, WhyError> {
    let open = |window: Window| match (window.since, window.until) {
        (Some(since), Some(until)) => Ok(Span { since, until }),
        _ => Err(WhyError::Window("the window to compare with has an open end".into())),
    };
    match versus {
        Versus::With(window) => open(window),
        Versus::Previous => open(period.window().previous(zone).unwrap_or_default()),
        Versus::Weekdays => {
            let weeks = (period.until.0 - period.since.0 + 7 * DAY - 1).div_euclid(7 * DAY).max(1);
            Ok(Span { since: back(period.since, weeks, zone), until: back(period.until, weeks, zone) })
        }
    }
}

/// Returns the same time of the local day so many weeks before.
fn back(ts: Timestamp, weeks: i64, zone: Zone) -> Timestamp {
    let date = zone.date_of(ts);
    let before = date.checked_sub_days(Days::new(7 * weeks.unsigned_abs())).unwrap_or(date);
    Timestamp(zone.start_of_day(before).0 + (ts.0 - zone.start_of_day(date).0))
}

/// Returns how the baseline is scaled: windows of whole days by their days, so that a day of 23 hours is a day.
pub(super) fn scale(period: Span, baseline: Span, zone: Zone) -> Scale {
    let days = |span: Span| {
        let (first, end) = (zone.date_of(span.since), zone.date_of(span.until));
        let is_whole = zone.start_of_day(first) == span.since && zone.start_of_day(end) == span.until;
        is_whole.then(|| (end - first).num_days())
    };
    let length = |span: Span| span.until.0 - span.since.0;
    let (mut now, mut then) = match (days(period), days(baseline)) {
        (Some(now), Some(then)) => (now, then),
        _ => (length(period), length(baseline)),
    };
    let (mut a, mut b) = (now, then);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    now /= a.max(1);
    then /= a.max(1);
    Scale { period: now, baseline: then }
}

/// Tells whether a dimension has new values all the time.
pub(super) fn is_fleeting(axis: &Axis) -> bool {
    match axis {
        Axis::Dim(Dim::Run | Dim::User | Dim::Session | Dim::Trace) => true,
        Axis::Dim(_) | Axis::Key(_) => false,
        Axis::Time(_) | Axis::Call | Axis::Trait(_) => true,
    }
}

/// Says what the windows have unlike.
pub(super) fn warn(report: &mut Report, question: &Question) {
    let Question { period, baseline, scale, zone, .. } = question;
    if period.since < baseline.until && baseline.since < period.until {
        let message = "the two windows overlap: calls in both count on both sides";
        report.warn("overlapping_windows", message, None);
    }
    if *scale != Scale::NONE {
        let message = format!(
            "the windows have different lengths: the baseline's cost is multiplied by {:.4} to compare",
            scale.factor()
        );
        report.warn("scaled_baseline", message, None);
    }
    let [now, then] = [weekdays(*period, *zone), weekdays(*baseline, *zone)];
    let apart: f64 = now.iter().zip(then).map(|(now, then)| (now - then).abs()).sum();
    if apart > LIKE_WEEKDAYS {
        let message = "the two windows hold different weekdays: a part of the change may be the rhythm of the week";
        report.warn("weekday_mix", message, Some("`--vs weekdays` compares with the same weekdays".into()));
    }
}

/// Returns what share of a span each weekday has.
fn weekdays(span: Span, zone: Zone) -> [f64; 7] {
    let mut shares = [0.0; 7];
    let whole = (span.until.0 - span.since.0).max(1) as f64;
    // Past some years every weekday has its seventh.
    let mut at = span.since;
    for _ in 0..3_000 {
        if at >= span.until {
            break;
        }
        let date = zone.day_holding(at);
        let next = zone.start_of_day(date + Days::new(1)).min(span.until);
        shares[date.weekday().num_days_from_monday() as usize] += (next.0 - at.0) as f64 / whole;
        at = next;
    }
    shares
}
