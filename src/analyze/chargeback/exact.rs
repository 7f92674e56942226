//! Dollars to 24 decimals: fine enough that a share of a share still sums to its whole.

use std::fmt;

use serde::Serialize;
use serde::Serializer;

use crate::domain::money::div_half_even;

/// Units in a picodollar.
const PER_PICO: i128 = 1_000_000_000_000;

/// Units in a dollar.
const PER_USD: u128 = 1_000_000_000_000_000_000_000_000;

/// Units in a cent.
pub(super) const PER_CENT: i128 = 10_000_000_000_000_000_000_000;

/// An exact amount of dollars, in units of 1e-24.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exact(i128);

impl Exact {
    /// Nothing at all.
    pub const ZERO: Exact = Exact(0);

    /// Wraps a count of units.
    pub const fn from_units(units: i128) -> Exact {
        Exact(units)
    }

    /// Takes picodollars; `None` beyond 170 trillion dollars.
    pub fn from_pico(pico: i128) -> Option<Exact> {
        pico.checked_mul(PER_PICO).map(Exact)
    }

    /// Takes whole cents.
    pub const fn from_cents(cents: i128) -> Exact {
        Exact(cents * PER_CENT)
    }

    /// Returns the units.
    pub const fn units(self) -> i128 {
        self.0
    }

    /// Returns the nearest whole cents; halves go to the even one.
    pub fn cents(self) -> i128 {
        div_half_even(self.0, PER_CENT)
    }
}

impl std::ops::Add for Exact {
    type Output = Exact;
    fn add(self, other: Exact) -> Exact {
        Exact(self.0 + other.0)
    }
}

impl std::ops::Sub for Exact {
    type Output = Exact;
    fn sub(self, other: Exact) -> Exact {
        Exact(self.0 - other.0)
    }
}

impl std::iter::Sum for Exact {
    fn sum<I: Iterator<Item = Exact>>(amounts: I) -> Exact {
        amounts.fold(Exact::ZERO, |sum, more| sum + more)
    }
}

impl fmt::Display for Exact {
    /// Writes the shortest exact decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, fraction) = (self.0.unsigned_abs() / PER_USD, self.0.unsigned_abs() % PER_USD);
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{fraction:024}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
