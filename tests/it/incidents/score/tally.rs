//! Scores of many logs in one line.

use std::fmt;

use super::spikes;
use super::why;

/// Hits of tries.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Share(pub(crate) usize, pub(crate) usize);

impl Share {
    fn of(flags: impl Iterator<Item = bool>) -> Share {
        flags.fold(Share(0, 0), |share, flag| Share(share.0 + usize::from(flag), share.1 + 1))
    }

    /// From 0 to 1; nothing tried is all right.
    pub(crate) fn rate(self) -> f64 {
        if self.1 == 0 { 1.0 } else { self.0 as f64 / self.1 as f64 }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.1 {
            0 => f.write_str("-"),
            tries => write!(f, "{:.1} % ({}/{tries})", 100.0 * self.rate(), self.0),
        }
    }
}

/// What many answers of `attr why` come to.
pub(crate) struct Why {
    pub(crate) first: Share,
    /// Causes and incidents as sets: twice the hits over twice the hits, the wrong and the missed.
    pub(crate) f1: f64,
    pub(crate) leading: Share,
    /// The median of how far the excess is off.
    pub(crate) off: f64,
    pub(crate) broad: Share,
    pub(crate) blames: Share,
    pub(crate) exact: Share,
}

impl Why {
    pub(crate) fn of<'a>(scores: impl Iterator<Item = &'a why::Score> + Clone) -> Why {
        let sum = |field: fn(&why::Score) -> usize| scores.clone().map(field).sum::<usize>() as f64;
        let (hits, wrong, missed) = (sum(|score| score.hits), sum(|score| score.wrong), sum(|score| score.missed));
        Why {
            first: Share::of(scores.clone().filter_map(|score| score.first)),
            f1: if hits + wrong + missed > 0.0 { 2.0 * hits / (2.0 * hits + wrong + missed) } else { 1.0 },
            leading: Share::of(scores.clone().filter_map(|score| score.leading)),
            off: median(scores.clone().filter_map(|score| score.off)),
            broad: Share::of(scores.clone().filter_map(|score| score.broad)),
            blames: Share::of(scores.clone().filter_map(|score| score.blames)),
            exact: Share::of(scores.map(|score| score.faults.is_empty())),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(
            f,
            "first {}  F1 {:.3}  leading {}  excess off {:.0} %  broad {}  blames {}  exact {}",
            self.first,
            self.f1,
            self.leading,
            100.0 * self.off,
            self.broad,
            self.blames,
            self.exact
        )
    }
}

/// What many answers of `attr spikes` come to.
pub(crate) struct Spikes {
    pub(crate) precision: Share,
    pub(crate) recall: Share,
    /// Reports a log.
    pub(crate) reports: f64,
    /// Reports in quiet logs, and how many quiet logs.
    pub(crate) alarms: Share,
    /// Hours, the median.
    pub(crate) delay: f64,
}

impl Spikes {
    pub(crate) fn of<'a>(scores: impl Iterator<Item = &'a spikes::Score> + Clone) -> Spikes {
        let sum = |field: fn(&spikes::Score) -> usize| scores.clone().map(field).sum::<usize>();
        let (right, wrong) = (sum(|score| score.right), sum(|score| score.wrong));
        let quiet = scores.clone().filter(|score| score.quiet);
        Spikes {
            precision: Share(right, right + wrong),
            recall: Share(sum(|score| score.found), sum(|score| score.expected)),
            reports: (right + wrong) as f64 / scores.clone().count().max(1) as f64,
            alarms: Share(quiet.clone().map(|score| score.wrong).sum(), quiet.count()),
            delay: median(scores.flat_map(|score| score.delays.iter().copied())),
        }
    }
}

impl fmt::Display for Spikes {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(
            f,
            "precision {}  recall {}  reports a log {:.2}  false in quiet logs {}/{}  delay {:.1} h",
            self.precision, self.recall, self.reports, self.alarms.0, self.alarms.1, self.delay
        )
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    if values.is_empty() { 0.0 } else { (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0 }
}
