//! Money that has no owner over those that have a part in the same provider's bill: only if asked for, and said.

use std::collections::BTreeMap;

use crate::analyze::chargeback::Heap;
use crate::analyze::chargeback::Kind;
use crate::analyze::chargeback::Piece;
use crate::analyze::chargeback::cents::apportion_signed;

/// What becomes of money without an owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spread {
    /// It is shown as rows of its own.
    #[default]
    None,
    /// It follows what the owners have to pay.
    Proportional,
    /// The same for each owner.
    Even,
}

impl Spread {
    /// Returns the word.
    pub const fn name(self) -> &'static str {
        match self {
            Spread::None => "none",
            Spread::Proportional => "proportional",
            Spread::Even => "even",
        }
    }

    /// Says the rule; `None` where there is none.
    pub const fn rule(self) -> Option<&'static str> {
        match self {
            Spread::None => None,
            Spread::Proportional => Some(
                "what no logged call has a part in, tax, credits and the like are spread over the owners of the same \
                 provider's bill in proportion to their parts of it",
            ),
            Spread::Even => Some(
                "what no logged call has a part in, tax, credits and the like are spread over the owners of the same \
                 provider's bill in equal parts",
            ),
        }
    }
}

/// Spreads what has no owner. `providers` tells each place's provider. What a provider without any owner asks stays.
pub fn spread(pieces: Vec<Piece>, providers: &[u32], how: Spread) -> Vec<Piece> {
    if how == Spread::None {
        return pieces;
    }
    let provider = |piece: &Piece| providers.get(piece.place as usize).copied().unwrap_or_default();
    let mut parts: BTreeMap<u32, BTreeMap<u32, i128>> = BTreeMap::new();
    for piece in pieces.iter().filter(|piece| piece.kind == Kind::Usage) {
        if let Some(owner) = piece.owner {
            *parts.entry(provider(piece)).or_default().entry(owner).or_default() += piece.exact.units();
        }
    }
    let weight = |units: i128| match how {
        // Who is owed something has no part in what the others share.
        Spread::Proportional => units.max(0).unsigned_abs(),
        Spread::None | Spread::Even => u128::from(units != 0),
    };
    let mut heap = Heap::default();
    for piece in &pieces {
        let owners = parts.get(&provider(piece)).filter(|_| piece.owner.is_none());
        let weights: Vec<u128> = owners.into_iter().flatten().map(|(_, units)| weight(*units)).collect();
        match (owners, apportion_signed(piece.exact.units(), &weights)) {
            (Some(owners), Some(split)) => {
                owners
                    .keys()
                    .zip(split)
                    .for_each(|(owner, part)| heap.add(Some(*owner), piece.place, piece.kind, part));
            }
            _ => heap.add(piece.owner, piece.place, piece.kind, piece.exact.units()),
        }
    }
    heap.pieces()
}
