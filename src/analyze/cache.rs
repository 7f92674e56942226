//! `attr cache`: what prompt caching saved or lost by group, and what could have gone through batches.
//!
//! Four sums of the same calls come in, each with its own terms; nothing here knows prices. Rows sum to the total.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::Class;
use crate::domain::Usd;
use crate::domain::money::div_half_even;
use crate::domain::rollup::Key;
use crate::domain::rollup::Measures;
use crate::domain::rollup::Rollup;

/// The same calls, summed along the same axes on different terms. On all but the first, `cost` is what the terms say
/// and `cost + discount` what it is compared with.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// As they were.
    pub own: Rollup,
    /// What the cached tokens cost, compared with uncached input.
    pub cached: Rollup,
    /// The same of the tokens that were written to a cache.
    pub written: Rollup,
    /// What calls of the standard mode would cost in batches, compared with what they cost.
    pub batched: Rollup,
}

/// What one group has to do with caches and batches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Its calls as they were.
    pub measures: Measures,
    /// What reading from caches cost.
    pub reads: Usd,
    /// What writing to caches cost.
    pub writes: Usd,
    /// What the tokens read and written would have cost as uncached input.
    pub uncached: Usd,
    /// Tokens written beyond those that were read again: each of them was surely never read.
    pub unread: u64,
    /// What writing those cost more than uncached input.
    pub wasted: Usd,
    /// What the calls cost that ran in the standard mode and are sold in batches.
    pub waitable: Usd,
    /// What they would have cost in batches.
    pub batched: Usd,
}

impl Figures {
    /// Returns what caching saved; less than nothing where it cost more than it saved.
    pub fn saved(&self) -> Usd {
        self.uncached - self.reads - self.writes
    }

    /// Returns what batches would have saved.
    pub fn batch_saves(&self) -> Usd {
        self.waitable - self.batched
    }

    /// Returns the tokens of all prompts.
    pub fn prompt(&self) -> u64 {
        Class::ALL.into_iter().filter(|class| class.is_prompt()).map(|class| self.measures.tokens[class as usize]).sum()
    }

    /// Returns the tokens that were read from caches.
    pub fn read(&self) -> u64 {
        [Class::CacheRead, Class::AudioCacheRead, Class::ImageCacheRead]
            .into_iter()
            .map(|class| self.measures.tokens[class as usize])
            .sum()
    }

    /// Returns the share of the prompts that was read from caches; not money, so a float will do.
    pub fn hit_share(&self) -> Option<f64> {
        let prompt = self.prompt();
        (prompt > 0).then(|| self.read() as f64 / prompt as f64)
    }

    fn add(&mut self, other: &Figures) {
        self.measures.add(&other.measures);
        self.reads += other.reads;
        self.writes += other.writes;
        self.uncached += other.uncached;
        self.unread += other.unread;
        self.wasted += other.wasted;
        self.waitable += other.waitable;
        self.batched += other.batched;
    }

    /// Finds what was written and never read, in calls that may share a cache. `surcharge` is what writing cost more
    /// than uncached input.
    fn find_waste(&mut self, surcharge: Usd) {
        let tokens = |class: Class| self.measures.tokens[class as usize];
        let written: u64 = Class::ALL.into_iter().filter(|class| class.is_cache_write()).map(tokens).sum();
        self.unread = written.saturating_sub(tokens(Class::CacheRead));
        if self.unread > 0 && surcharge > Usd::ZERO {
            let part = surcharge.pico() * i128::from(self.unread);
            self.wasted = Usd::from_pico(div_half_even(part, i128::from(written)));
        }
    }
}

/// One row of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// A value per axis, `None` for untagged.
    pub key: Key,
    /// Whether the row sums the groups beyond the top.
    pub is_other: bool,
    /// The figures.
    pub figures: Figures,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caching {
    /// The rows, the most expensive first; they sum to the total.
    pub rows: Vec<Row>,
    /// The total.
    pub total: Figures,
    /// Groups summed in the last row.
    pub others: usize,
}

/// Lays out the answer: rows along the first `axes` axes. The axes behind them tell apart calls that share no cache.
pub fn caching(terms: &Terms, axes: usize, top: Option<usize>) -> Caching {
    let mut groups: HashMap<Key, Figures> = terms
        .own
        .groups()
        .map(|group| (group.key, Figures { measures: group.measures, ..Figures::default() }))
        .collect();
    let mut each = |rollup: &Rollup, take: fn(&mut Figures, Usd, Usd)| {
        for group in rollup.groups() {
            let Measures { cost, discount, .. } = group.measures;
            if let Some(figures) = groups.get_mut(&group.key) {
                take(figures, cost, cost + discount);
            }
        }
    };
    each(&terms.cached, |figures, cost, uncached| (figures.reads, figures.uncached) = (cost, uncached));
    each(&terms.written, |figures, cost, uncached| {
        figures.writes = cost;
        figures.reads = figures.reads - cost;
        figures.find_waste(cost - uncached);
    });
    each(&terms.batched, |figures, batched, own| (figures.batched, figures.waitable) = (batched, own));
    let mut by_key: BTreeMap<Key, Figures> = BTreeMap::new();
    for (mut key, figures) in groups {
        key.truncate(axes);
        by_key.entry(key).or_default().add(&figures);
    }
    let mut total = Figures::default();
    by_key.values().for_each(|figures| total.add(figures));
    let mut rows: Vec<Row> = by_key.into_iter().map(|(key, figures)| Row { key, is_other: false, figures }).collect();
    // Untagged behind the others, as everywhere.
    let rank = |key: &Key| key.iter().map(|value| (value.is_none(), value.clone())).collect::<Vec<_>>();
    rows.sort_by_cached_key(|row| (std::cmp::Reverse(row.figures.measures.cost), rank(&row.key)));
    let others = cut(&mut rows, axes, top);
    Caching { rows, total, others }
}

/// Sums the rows beyond the top in one; a wholly untagged one stays. Returns how many were summed.
fn cut(rows: &mut Vec<Row>, axes: usize, top: Option<usize>) -> usize {
    let Some(top) = top.filter(|top| *top < rows.len()) else { return 0 };
    let (mut shown, mut other, mut others) = (Vec::with_capacity(top + 2), Figures::default(), 0);
    for (rank, row) in rows.drain(..).enumerate() {
        if rank < top || row.key.iter().all(Option::is_none) {
            shown.push(row);
        } else {
            other.add(&row.figures);
            others += 1;
        }
    }
    if others > 0 {
        let name: Arc<str> = "(other)".into();
        shown.push(Row { key: vec![Some(name); axes], is_other: true, figures: other });
    }
    *rows = shown;
    others
}
