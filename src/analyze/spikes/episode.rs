//! Buckets that are out of bounds, and the episodes that they make together.

use std::ops::Range;

/// Sums of any span of buckets at once.
#[derive(Clone, Debug)]
pub(super) struct Prefix(Vec<f64>);

impl Default for Prefix {
    fn default() -> Prefix {
        Prefix(vec![0.0])
    }
}

impl Prefix {
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Prefix {
        let mut prefix = Prefix::default();
        values.for_each(|value| prefix.push(value));
        prefix
    }

    pub(super) fn push(&mut self, value: f64) {
        self.0.push(value + self.0.last().copied().unwrap_or(0.0));
    }

    /// Returns the sum over a span.
    pub(super) fn sum(&self, span: Range<usize>) -> f64 {
        self.0[span.end] - self.0[span.start]
    }

    /// Returns one value.
    pub(super) fn at(&self, bucket: usize) -> f64 {
        self.sum(bucket..bucket + 1)
    }
}

/// What tells a jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It passes.
    Spike,
    /// It stays for days.
    Level,
    /// What costs it was not there before.
    New,
}

/// A stretch of time in which a series cost too much.
#[derive(Clone, Debug)]
pub(super) struct Episode {
    pub(super) span: Range<usize>,
    /// The bucket after which it was known.
    pub(super) detected: usize,
    /// Dollars.
    pub(super) excess: f64,
    pub(super) score: f64,
    pub(super) kind: Kind,
}

/// The buckets of a series that windows have marked.
pub(super) struct Marks {
    /// Above what was expected, in a window that was out of bounds.
    pub(super) flagged: Vec<bool>,
    /// Between the first and the last such bucket of a window.
    inside: Vec<bool>,
    /// Bucket at whose end it was known, and the best score.
    known: Vec<(usize, f64)>,
}

impl Marks {
    pub(super) fn new(buckets: usize) -> Marks {
        Marks { flagged: vec![false; buckets], inside: vec![false; buckets], known: vec![(usize::MAX, 0.0); buckets] }
    }

    /// Marks what is above in a window that is out of bounds.
    pub(super) fn fire(&mut self, window: Range<usize>, at: usize, score: f64, is_above: impl Fn(usize) -> bool) {
        let Some(first) = window.clone().find(|bucket| is_above(*bucket)) else { return };
        let last = window.rev().find(|bucket| is_above(*bucket)).unwrap_or(first);
        for bucket in first..last + 1 {
            self.inside[bucket] = true;
            self.flagged[bucket] |= is_above(bucket);
            let known = &mut self.known[bucket];
            *known = (known.0.min(at), known.1.max(score));
        }
    }

    /// Takes back what was flagged, to be learnt from; the episode stays.
    pub(super) fn forget(&mut self, span: Range<usize>) {
        self.flagged[span].fill(false);
    }

    /// Returns the stretches that are marked, joined over short gaps and cut to where they gain most, by the dollars that
    /// each bucket gains and those that are usual in it.
    pub(super) fn spans(
        &self,
        gap: usize,
        gain: impl Fn(usize) -> f64,
        usual: impl Fn(usize) -> f64,
    ) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> = Vec::new();
        for bucket in (0..self.inside.len()).filter(|bucket| self.inside[*bucket]) {
            match spans.last_mut() {
                Some(span) if bucket - span.end < gap => span.end = bucket + 1,
                _ => spans.push(bucket..bucket + 1),
            }
        }
        // Cut twice: the first mean is that of a stretch with much quiet at its ends.
        let cut = |span| most(span, &gain, &usual).and_then(|span| most(span, &gain, &usual));
        spans.into_iter().filter_map(cut).collect()
    }

    /// Returns when a stretch was known, and its best score.
    pub(super) fn best(&self, span: &Range<usize>) -> (usize, f64) {
        let known = self.known[span.clone()].iter().filter(|(at, _)| *at != usize::MAX);
        let (at, score) = known.fold((usize::MAX, 0.0f64), |best, (at, score)| (best.0.min(*at), best.1.max(*score)));
        (if at == usize::MAX { span.end - 1 } else { at.max(span.start) }, score)
    }
}

/// An hour that gains less than this part of what is fair for it belongs to no episode if it stands at its edge.
const LEAST_GAIN: f64 = 0.4;
/// So much of what is fair goes by what is usual in an hour, so that nights and weekends end nothing …
const FAIR_BY_USUAL: f64 = 0.75;
/// … if this part of the gain is usual at all.
const LEAST_USUAL: f64 = 0.1;

/// Returns the part of a stretch with the largest sum (Kadane), the earliest and shortest of several.
fn most(span: Range<usize>, gain: impl Fn(usize) -> f64, usual: impl Fn(usize) -> f64) -> Option<Range<usize>> {
    let total = span.clone().map(&gain).sum::<f64>().max(0.0);
    let all_usual: f64 = span.clone().map(&usual).sum();
    let even = 1.0 / span.len() as f64;
    let fair = |bucket: usize| match all_usual > LEAST_USUAL * total {
        true => FAIR_BY_USUAL * usual(bucket) / all_usual + (1.0 - FAIR_BY_USUAL) * even,
        false => even,
    };
    let (mut best, mut found) = (0.0, None);
    let (mut sum, mut start) = (0.0, span.start);
    for bucket in span {
        if sum <= 0.0 {
            (sum, start) = (0.0, bucket);
        }
        sum += gain(bucket) - LEAST_GAIN * total * fair(bucket);
        if sum > best {
            (best, found) = (sum, Some(start..bucket + 1));
        }
    }
    found
}
