//! Whose is the bill? Its money, cell by cell, over owners, and rounded once so that the rows sum to the cent.
//!
//! A pot is what a bill asks for one cell of a reconciliation, or for a line that no log can hold. Who logged calls in a
//! cell shares its pot in proportion to what those calls cost; a pot without such calls has no owner and is shown as
//! what it is. Shares are exact to 1e-24 of a dollar, each pot to its last digit. Cents are dealt once, from the top
//! down, by largest remainders ([`cents`]): neither the order of calls nor that of lines has a say in it.
//!
//! | what | where |
//! |---|---|
//! | wholes into parts, and the cents | [`cents`] |
//! | money without an owner over the owners, on request | [`spread`] |
//! | rows, top down | [`tree`] |

pub mod cents;
pub mod exact;
pub mod spread;
pub mod tree;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analyze::chargeback::cents::apportion_signed;

pub use exact::Exact;
pub use spread::Spread;

/// Who owns calls: a value for each dimension asked for; `None` where the calls have none.
pub type Owner = Arc<[Option<Arc<str>>]>;

/// What money of a bill is for; the order is that of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Use that logged calls share.
    Usage,
    /// Use that no logged call has a part in.
    Unattributed,
    /// Tax.
    Tax,
    /// Money given back.
    Credits,
    /// Seats, and capacity paid ahead.
    Commitment,
    /// Storage, training, corrections, the provider's rounding, and what nothing names.
    Other,
}

impl Kind {
    /// Returns the name used in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Usage => "usage",
            Kind::Unattributed => "unattributed",
            Kind::Tax => "tax",
            Kind::Credits => "credits",
            Kind::Commitment => "commitment",
            Kind::Other => "other",
        }
    }

    /// Returns what stands in the place of an owner.
    pub fn label(self) -> String {
        format!("({})", self.name())
    }
}

/// Money of a bill that is split by one set of weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pot {
    /// The place of its provider and month.
    pub place: u32,
    /// What it is for.
    pub kind: Kind,
    /// What the bill asks, in picodollars.
    pub pico: i128,
    /// What the calls of each owner cost in it, in picodollars; owners by their place, which is their order.
    pub weights: Vec<(u32, i128)>,
}

/// An exact part of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Whose it is; `None` for nobody's.
    pub owner: Option<u32>,
    /// The place of its provider and month.
    pub place: u32,
    /// What it is for.
    pub kind: Kind,
    /// How much.
    pub exact: Exact,
}

/// Parts of a bill, summed by owner, place and kind while they come.
#[derive(Default)]
struct Heap(BTreeMap<(Option<u32>, u32, Kind), i128>);

impl Heap {
    fn add(&mut self, owner: Option<u32>, place: u32, kind: Kind, units: i128) {
        *self.0.entry((owner, place, kind)).or_default() += units;
    }

    fn pieces(self) -> Vec<Piece> {
        let piece = |((owner, place, kind), units)| Piece { owner, place, kind, exact: Exact::from_units(units) };
        self.0.into_iter().map(piece).collect()
    }
}

/// Splits every pot by its weights; the parts of a pot are exactly the pot. `None` if the money is too much to count.
pub fn split(pots: &[Pot]) -> Option<Vec<Piece>> {
    // All sums of parts are bounded by the sum of the sizes.
    let size = pots.iter().try_fold(0i128, |sum, pot| sum.checked_add(pot.pico.checked_abs()?))?;
    Exact::from_pico(size)?;
    let mut heap = Heap::default();
    for pot in pots.iter().filter(|pot| pot.pico != 0) {
        let units = Exact::from_pico(pot.pico)?.units();
        let mut weights: Vec<(u32, i128)> = pot.weights.iter().copied().filter(|(_, weight)| *weight > 0).collect();
        weights.sort_unstable();
        let of: Vec<u128> = weights.iter().map(|(_, weight)| weight.unsigned_abs()).collect();
        match (pot.kind, apportion_signed(units, &of)) {
            (Kind::Usage, Some(parts)) => {
                let owners = weights.iter().map(|(owner, _)| *owner);
                owners.zip(parts).for_each(|(owner, part)| heap.add(Some(owner), pot.place, Kind::Usage, part));
            }
            // Money to split and nothing to split it by.
            (Kind::Usage, None) => heap.add(None, pot.place, Kind::Unattributed, units),
            (kind, _) => heap.add(None, pot.place, kind, units),
        }
    }
    Some(heap.pieces())
}
