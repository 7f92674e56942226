//! What a unit costs now against what it cost when somebody last agreed, with the noise of both.

use crate::domain::Usd;
use crate::domain::money::div_half_even;

/// So many standard errors on either side are noise: one gate in some hundreds would fail by chance.
const BAND: f64 = 3.0;
/// With fewer units on a side nobody can tell noise from a rise.
pub const LEAST_UNITS: u64 = 5;

/// What the units of a group cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// How many there are.
    pub units: u64,
    /// What they cost together.
    pub cost: Usd,
    /// The standard deviation of one, rounded to a picodollar.
    pub deviation: Usd,
}

impl Measured {
    /// Measures units; `None` without one.
    pub fn of(costs: &[Usd]) -> Option<Measured> {
        let units = u64::try_from(costs.len()).ok().filter(|units| *units > 0)?;
        let cost: Usd = costs.iter().copied().sum();
        let mean = cost.pico() as f64 / units as f64;
        let squares: f64 = costs.iter().map(|cost| (cost.pico() as f64 - mean).powi(2)).sum();
        let deviation = if units > 1 { (squares / (units - 1) as f64).sqrt() } else { 0.0 };
        Some(Measured { units, cost, deviation: Usd::from_pico(deviation.round() as i128) })
    }

    /// Returns what one costs on average, rounded half to even to a picodollar.
    pub fn mean(&self) -> Usd {
        Usd::from_pico(div_half_even(self.cost.pico(), i128::from(self.units.max(1))))
    }

    /// Returns the standard error of the mean in picodollars.
    fn error(&self) -> f64 {
        self.deviation.pico() as f64 / (self.units.max(1) as f64).sqrt()
    }
}

/// How far a mean moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rise {
    /// By what share of what it was; negative for a fall.
    pub share: f64,
    /// A move within this share is noise.
    pub noise: f64,
}

/// What a rise amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// No more than was allowed.
    Allowed,
    /// More than was allowed, and no more than chance brings.
    Noise,
    /// Too few units to tell.
    TooFew,
    /// More than was allowed.
    TooMuch,
}

/// Returns how far the mean moved; `None` where it was nothing before.
pub fn rise(now: &Measured, before: &Measured) -> Option<Rise> {
    let (old, new) = (before.mean().pico() as f64, now.mean().pico() as f64);
    (old > 0.0).then(|| Rise { share: new / old - 1.0, noise: BAND * now.error().hypot(before.error()) / old })
}

/// Judges a rise by the share that is allowed.
pub fn judged(now: &Measured, before: &Measured, allowed: f64) -> Judgement {
    let few = now.units.min(before.units) < LEAST_UNITS;
    match rise(now, before) {
        Some(rise) if rise.share <= allowed => Judgement::Allowed,
        None if now.mean() <= before.mean() => Judgement::Allowed,
        _ if few => Judgement::TooFew,
        Some(rise) if rise.share <= rise.noise => Judgement::Noise,
        // What was free and is not any more rose by more than any share.
        _ => Judgement::TooMuch,
    }
}
