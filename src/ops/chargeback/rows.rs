//! Parts of a bill under the keys of an answer.

use std::collections::BTreeMap;

use crate::analyze::chargeback::Exact;
use crate::analyze::chargeback::Kind;
use crate::analyze::chargeback::Piece;
use crate::analyze::chargeback::tree::Entry;
use crate::analyze::chargeback::tree::Slot;
use crate::analyze::reconcile::pots::Pots;
use crate::domain::Axis;
use crate::domain::Dim;
use crate::domain::Usd;

/// Numbers the providers of the places.
pub(super) fn providers(pots: &Pots) -> Vec<u32> {
    let first = |at: usize| pots.places.iter().position(|place| place.provider == pots.places[at].provider);
    (0..pots.places.len()).map(|at| first(at).unwrap_or(at) as u32).collect()
}

/// Returns rows by owner: every owner of calls has one, also without any money.
pub(super) fn by_owner(pots: &Pots, by: &[Axis], pieces: &[Piece]) -> Vec<Entry> {
    let mut sums: BTreeMap<Vec<Slot>, (Exact, Usd)> = BTreeMap::new();
    for (at, (_, logged)) in pots.owners.iter().enumerate() {
        sums.entry(owner_key(pots, at)).or_default().1 += *logged;
    }
    for piece in pieces {
        let sum = sums.entry(key(pots, by, piece)).or_default();
        sum.0 = sum.0 + piece.exact;
    }
    sums.into_iter().map(|(key, (exact, logged))| Entry { key, exact, logged }).collect()
}

/// Returns rows by owner, and below by provider, month and what the money is for.
///
/// The first places of the keys are those of [`by_owner`], so an owner's rows sum to the same cents.
pub(super) fn by_part(pots: &Pots, by: &[Axis], pieces: &[Piece]) -> Vec<Entry> {
    let entry = |piece: &Piece| {
        let mut key = key(pots, by, piece);
        key.push(Slot::Part(piece.place, piece.kind));
        Entry { key, exact: piece.exact, logged: Usd::ZERO }
    };
    pieces.iter().filter(|piece| piece.exact != Exact::ZERO).map(entry).collect()
}

fn key(pots: &Pots, by: &[Axis], piece: &Piece) -> Vec<Slot> {
    match piece.owner {
        Some(owner) => owner_key(pots, owner as usize),
        None => apart_key(pots, by, piece.place, piece.kind),
    }
}

fn owner_key(pots: &Pots, owner: usize) -> Vec<Slot> {
    let values = pots.owners[owner].0.iter();
    values.map(|value| value.clone().map_or(Slot::Untagged, Slot::Value)).collect()
}

/// Returns the key of money without an owner. The provider is known all the same, where it is one of several dimensions.
fn apart_key(pots: &Pots, by: &[Axis], place: u32, kind: Kind) -> Vec<Slot> {
    let is_provider = |axis: &Axis| *axis == Axis::Dim(Dim::Provider);
    let alone = by.iter().all(is_provider);
    let slot = |axis: &Axis| match is_provider(axis) && !alone {
        true => Slot::Value(pots.places[place as usize].provider.clone()),
        false => Slot::Apart(kind),
    };
    by.iter().map(slot).collect()
}
