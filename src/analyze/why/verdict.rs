//! Whether the causes explain the change, or growth everywhere does, or nothing needs explaining.

use crate::analyze::why::Cause;
use crate::analyze::why::cube::USD;
use crate::domain::Usd;

/// What to make of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The causes explain it.
    Localized,
    /// No slice explains it: everything grew, or shrank.
    Broad,
    /// There is no change worth explaining.
    NoChange,
}

/// The causes must make up this part of the change.
const LEAST_PART: f64 = 0.3;
/// Below this they explain it in part.
pub(super) const MOST: f64 = 0.5;
/// A change below this part of the baseline needs no explaining; half of it is what causes are measured by at least.
const LEAST_CHANGE: f64 = 0.1;

impl Verdict {
    /// Returns the word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Localized => "localized",
            Verdict::Broad => "broad",
            Verdict::NoChange => "no_change",
        }
    }
}

/// Returns what part of the change lies in the causes beyond the growth of everything else.
pub(super) fn explained(change: Usd, baseline: Usd, causes: &[Cause]) -> f64 {
    let usd = |usd: Usd| usd.pico() as f64 * USD;
    // What one cause adds and another takes away are both explained.
    let excess: f64 = causes.iter().map(|cause| usd(cause.excess).abs()).sum();
    let measure = usd(change).abs().max(LEAST_CHANGE / 2.0 * usd(baseline));
    if measure > 0.0 { excess / measure } else { 0.0 }
}

/// Judges.
pub(super) fn verdict(change: Usd, baseline: Usd, causes: &[Cause]) -> Verdict {
    let large = change.pico().unsigned_abs() as f64 >= LEAST_CHANGE * baseline.pico().unsigned_abs() as f64;
    if !causes.is_empty() && explained(change, baseline, causes) >= LEAST_PART {
        Verdict::Localized
    } else if large && change != Usd::ZERO {
        Verdict::Broad
    } else {
        Verdict::NoChange
    }
}
