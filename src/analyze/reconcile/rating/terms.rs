//! The other terms that tokens may have been priced on, simplest first.

use std::sync::Arc;

use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::rates::LONGEST;
use crate::analyze::reconcile::rates::Point;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::scope::day;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Stated;
use crate::analyze::reconcile::sides::is_write;
use crate::domain::Class;
use crate::domain::Timestamp;

/// One change of terms.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Tier(Arc<str>),
    Region(Arc<str>),
    Prompt(u64),
    /// Cache writes of another lifetime.
    Lifetime(Class),
    /// Cached input at the price of fresh input.
    Uncached,
    /// Cache writes at the price of fresh input.
    UncachedWrites,
    /// Media at the price of text.
    Text,
    Free,
    Date(Timestamp),
    Model(Arc<str>),
}

/// Changes of terms that together explain a price.
#[derive(Clone, Debug)]
pub(super) struct Hypothesis {
    changes: Vec<Change>,
    /// The mode that the logs have.
    was: Arc<str>,
}

impl Hypothesis {
    fn one(change: Change, was: &Arc<str>) -> Hypothesis {
        Hypothesis { changes: vec![change], was: Arc::clone(was) }
    }

    /// Returns the terms under the hypothesis.
    pub(super) fn apply(&self, point: &Point, class: Class) -> (Point, Class) {
        let (mut point, mut class) = (point.clone(), class);
        for change in &self.changes {
            match change {
                Change::Tier(tier) => point.tier = Arc::clone(tier),
                Change::Region(region) => point.region = Arc::clone(region),
                Change::Prompt(size) => point.prompt = *size,
                Change::Lifetime(to) if is_write(class) => class = *to,
                Change::Uncached if class == Class::CacheRead => class = Class::Input,
                Change::UncachedWrites if is_write(class) => class = Class::Input,
                Change::Text => class = as_text(class),
                Change::Free => point.tier = Arc::from("free"),
                Change::Date(ts) => point.ts = *ts,
                Change::Model(model) => point.model = Arc::clone(model),
                Change::Lifetime(_) | Change::Uncached | Change::UncachedWrites => {}
            }
        }
        (point, class)
    }

    /// Returns the cause that the last change stands for.
    pub(super) fn cause(&self) -> Cause {
        match self.changes.last() {
            Some(Change::Tier(tier)) => {
                let mode = if tier.is_empty() { &self.was } else { tier };
                match mode.as_ref() {
                    "batch" | "flex" => Cause::BatchDiscountMissed,
                    _ => Cause::ServiceModeMissed,
                }
            }
            Some(Change::Region(_)) => Cause::RegionalUplift,
            Some(Change::Prompt(_)) => Cause::LongContext,
            Some(Change::Lifetime(_)) => Cause::CacheWriteTtl,
            Some(Change::Uncached | Change::UncachedWrites) => Cause::CachePricedAsInput,
            Some(Change::Text) => Cause::ModalityPricedAsText,
            Some(Change::Free) => Cause::FreeTier,
            Some(Change::Date(_)) | None => Cause::StalePrice,
            Some(Change::Model(_)) => Cause::WrongModelPrice,
        }
    }

    /// Says what the last change is.
    pub(super) fn evidence(&self) -> String {
        match self.changes.last() {
            Some(Change::Tier(tier)) if tier.is_empty() => {
                format!("the bill has the standard prices, the logs `{}`", self.was)
            }
            Some(Change::Tier(tier)) => format!("the bill has the prices of `{tier}`"),
            Some(Change::Region(region)) if region.is_empty() => "the bill has the prices without a region".into(),
            Some(Change::Region(region)) => format!("the bill has the prices of region `{region}`"),
            Some(Change::Prompt(LONGEST)) => "the bill has the prices of long prompts".into(),
            Some(Change::Prompt(_)) => "the bill has the prices of short prompts".into(),
            Some(Change::Lifetime(class)) => format!("the bill has the price of {}", class.name()),
            Some(Change::Uncached) => "the bill has the price of input for cached tokens".into(),
            Some(Change::UncachedWrites) => "the bill has the price of input for cache writes".into(),
            Some(Change::Text) => "the bill has the price of text".into(),
            Some(Change::Free) => "the bill has the tokens and no charge for them".into(),
            Some(Change::Date(ts)) => format!("the bill has the prices of {}", shown(*ts)),
            Some(Change::Model(model)) => format!("the bill has the prices of `{model}`"),
            None => String::new(),
        }
    }

    /// Returns the hypothesis without its last change, where there are two.
    pub(super) fn first(&self) -> Option<Hypothesis> {
        (self.changes.len() > 1).then(|| Hypothesis {
            changes: self.changes[..self.changes.len() - 1].to_vec(),
            was: Arc::clone(&self.was),
        })
    }

    /// Tells whether it is another model's price: among many models some have a price in common.
    pub(super) fn is_other_model(&self) -> bool {
        matches!(self.changes.last(), Some(Change::Model(_)))
    }

    /// Returns how many cells must say so, of so many that are open: the more there is to choose from, the more.
    pub(super) fn needs(&self, open: usize) -> usize {
        match (self.changes.len(), self.changes.last()) {
            (1, Some(Change::Model(_))) => 2,
            (1, _) => 1,
            _ => open.min(3),
        }
    }
}

fn shown(ts: Timestamp) -> String {
    if ts.0 == i64::MIN { "before its first change".into() } else { day(ts) }
}

fn as_text(class: Class) -> Class {
    match class {
        Class::AudioIn | Class::ImageIn | Class::VideoIn => Class::Input,
        Class::AudioCacheRead | Class::ImageCacheRead => Class::CacheRead,
        Class::AudioOut | Class::ImageOut => Class::Output,
        class => class,
    }
}

/// Returns the terms a cell's tokens have by the logs.
fn point_of(book: &Book, (at, place): (usize, usize)) -> Point {
    let bundle = &book.bundles[at];
    book.point(bundle, &bundle.cells[place], &Stated::default())
}

fn modes(point: &Point) -> Vec<Change> {
    let modes = ["batch", "flex", "priority", "fast", "ultrafast", ""];
    modes.iter().filter(|mode| **mode != point.tier.as_ref()).map(|mode| Change::Tier(Arc::from(*mode))).collect()
}

fn regions(point: &Point, rates: &RateBook<'_>) -> Vec<Change> {
    let mut regions = rates.prices().regions(&point.provider);
    if !point.region.is_empty() {
        regions.push(Arc::default());
    }
    regions.retain(|region| *region != point.region);
    regions.into_iter().map(Change::Region).collect()
}

/// Returns what may hold for all models of a provider.
pub(super) fn everywhere(book: &Book, sample: (usize, usize), rates: &RateBook<'_>) -> Vec<Hypothesis> {
    let point = point_of(book, sample);
    let single = modes(&point).into_iter().chain(regions(&point, rates)).chain([Change::Free]);
    single.map(|change| Hypothesis::one(change, &point.tier)).collect()
}

/// Returns every hypothesis for a model, the simplest first.
pub(super) fn hypotheses(book: &Book, sample: (usize, usize), rates: &RateBook<'_>) -> Vec<Hypothesis> {
    let point = point_of(book, sample);
    let prices = rates.prices();
    let mut simple = modes(&point);
    simple.push(Change::Free);
    simple.extend(regions(&point, rates));
    let lifetimes = [Class::CacheWrite1h, Class::CacheWrite5m, Class::CacheWrite12h, Class::CacheWrite30m];
    simple.extend(lifetimes.map(Change::Lifetime));
    simple.extend([Change::Uncached, Change::UncachedWrites, Change::Text, Change::Prompt(LONGEST), Change::Prompt(0)]);
    let dates = prices.changes(&point.provider, &point.model).into_iter().map(|ts| {
        // A row without a date holds from the beginning: any day before the others will do.
        Change::Date(if ts.0 == i64::MIN { Timestamp(i64::MIN + 1) } else { ts })
    });
    let dates: Vec<Change> = dates.collect();
    let models = prices.models(&point.provider).into_iter().filter(|model| *model != point.model).map(Change::Model);
    let mut all: Vec<Hypothesis> = Vec::new();
    let one = |change: &Change| Hypothesis::one(change.clone(), &point.tier);
    all.extend(simple.iter().map(one));
    all.extend(dates.iter().map(one));
    let pairs = simple.iter().chain(&dates).enumerate().flat_map(|(at, first)| {
        simple.iter().chain(&dates).skip(at + 1).map(move |second| vec![first.clone(), second.clone()])
    });
    let kind = std::mem::discriminant::<Change>;
    let pairs = pairs.filter(|pair| kind(&pair[0]) != kind(&pair[1]) && !pair.contains(&Change::Free));
    all.extend(models.map(|change| Hypothesis::one(change, &point.tier)));
    all.extend(pairs.map(|changes| Hypothesis { changes, was: Arc::clone(&point.tier) }));
    all
}
