//! Laws of splitting, whatever is split.

use std::collections::BTreeMap;
use std::sync::Arc;

use attr::analyze::chargeback::Exact;
use attr::analyze::chargeback::Kind;
use attr::analyze::chargeback::Piece;
use attr::analyze::chargeback::Pot;
use attr::analyze::chargeback::cents::apportion;
use attr::analyze::chargeback::cents::deal;
use attr::analyze::chargeback::split;
use attr::analyze::chargeback::spread::Spread;
use attr::analyze::chargeback::spread::spread;
use attr::analyze::chargeback::tree::Entry;
use attr::analyze::chargeback::tree::Node;
use attr::analyze::chargeback::tree::Slot;
use attr::analyze::chargeback::tree::tree;
use attr::domain::Usd;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::world::cases;

/// Units in a cent.
const CENT: i128 = 10_000_000_000_000_000_000_000;

/// Shares from less than a cent to millions, with ties, halves and nothing among them.
fn shares(sign: impl Strategy<Value = i128> + Clone) -> impl Strategy<Value = Vec<i128>> {
    let size = prop_oneof![
        Just(0),
        Just(CENT / 2),
        Just(CENT / 3),
        0..CENT,
        (0..1_000_000_000i128).prop_map(|cents| cents * CENT),
        0..CENT * 1_000_000_000,
    ];
    vec((size, sign).prop_map(|(size, sign)| size * sign), 0..40)
}

fn pots() -> impl Strategy<Value = Vec<Pot>> {
    let kind =
        prop_oneof![4 => Just(Kind::Usage), 1 => Just(Kind::Tax), 1 => Just(Kind::Credits), 1 => Just(Kind::Other)];
    let pot =
        (0..4u32, kind, -1_000_000_000_000_000i128..9_000_000_000_000_000, vec((0..12u32, 0..1_000_000i128), 0..8));
    let pot = pot.prop_map(|(place, kind, pico, weights)| {
        let weights: BTreeMap<u32, i128> = weights.into_iter().collect();
        Pot { place, kind, pico, weights: weights.into_iter().collect() }
    });
    vec(pot, 0..30)
}

fn total(pieces: &[Piece]) -> i128 {
    pieces.iter().map(|piece| piece.exact.units()).sum()
}

/// Returns a row for each piece: team and member of its owner, or what it is.
fn entries(pieces: &[Piece]) -> Vec<Entry> {
    let value = |text: String| Slot::Value(Arc::from(text));
    let entry = |piece: &Piece| {
        let key = match piece.owner {
            Some(owner) => vec![value(format!("team {}", owner % 3)), value(format!("member {owner}"))],
            None => vec![Slot::Apart(piece.kind); 2],
        };
        (key, piece.exact)
    };
    let mut sums: BTreeMap<Vec<Slot>, Exact> = BTreeMap::new();
    for (key, exact) in pieces.iter().map(entry) {
        let sum = sums.entry(key).or_default();
        *sum = *sum + exact;
    }
    sums.into_iter().map(|(key, exact)| Entry { key, exact, logged: Usd::ZERO }).collect()
}

fn check_level(nodes: &[Node], cents: i128) {
    assert_eq!(nodes.iter().map(|node| node.cents).sum::<i128>(), cents, "{nodes:?}");
    for node in nodes {
        let off = node.cents * CENT - node.exact.units();
        assert!(off.abs() < CENT, "a cent or more from its share: {node:?}");
        assert!(node.exact != Exact::ZERO || node.cents == 0, "something for nothing: {node:?}");
        if !node.children.is_empty() {
            check_level(&node.children, node.cents);
        }
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn parts_are_the_whole_and_follow_the_weights(whole in prop_oneof![0..50u128, 0..=i128::MAX as u128], weights in vec(prop_oneof![0..9u128, 0..u128::MAX / 64], 1..24)) {
        let all: u128 = weights.iter().sum();
        let Some(parts) = apportion(whole, &weights) else {
            prop_assert_eq!(all, 0);
            return Ok(());
        };
        prop_assert_eq!(parts.iter().sum::<u128>(), whole);
        for (part, weight) in parts.iter().zip(&weights) {
            prop_assert!(*weight > 0 || *part == 0);
            // part * all lies less than one `all` from whole * weight; both may need 256 bits, their difference does not.
            let off = part.wrapping_mul(all).wrapping_sub(whole.wrapping_mul(*weight)) as i128;
            prop_assert!(off.unsigned_abs() < all, "{} of {} by {} of {}", part, whole, weight, all);
        }
        for a in 0..parts.len() {
            for b in 0..parts.len() {
                prop_assert!(weights[a] <= weights[b] || parts[a] >= parts[b], "more weight, less money");
            }
        }
    }

    #[test]
    fn cents_sum_to_the_total_and_lie_within_one_of_their_share(shares in shares(prop_oneof![Just(1), Just(-1)]), nudge in -1..=1i128) {
        let exact: i128 = shares.iter().sum();
        let nearest = Exact::from_units(exact).cents();
        // Any total less than a cent away can be dealt, as a parent's is.
        let total = if ((nearest + nudge) * CENT - exact).abs() < CENT { nearest + nudge } else { nearest };
        let cents = deal(&shares, total);
        prop_assert_eq!(cents.iter().sum::<i128>(), total);
        for (cent, share) in cents.iter().zip(&shares) {
            prop_assert!((cent * CENT - share).abs() < CENT);
            prop_assert!(*share != 0 || *cent == 0);
        }
        for a in 0..shares.len() {
            for b in 0..shares.len() {
                prop_assert!(shares[a] <= shares[b] || cents[a] >= cents[b], "a larger share, fewer cents");
            }
        }
        let mirrored: Vec<i128> = shares.iter().map(|share| -share).collect();
        let owed: Vec<i128> = cents.iter().map(|cent| -cent).collect();
        prop_assert_eq!(deal(&mirrored, -total), owed);
    }

    #[test]
    fn a_bill_of_whole_cents_is_dealt_whole(sizes in shares(Just(1))) {
        // Owners alone, none below nothing: the first law of a chargeback, without any condition.
        let total = Exact::from_units(sizes.iter().sum()).cents();
        let cents = deal(&sizes, total);
        prop_assert_eq!(cents.iter().sum::<i128>(), total);
        prop_assert!(cents.iter().all(|cent| *cent >= 0));
    }

    #[test]
    fn every_pot_is_split_to_its_last_digit(pots in pots()) {
        let pieces = split(&pots).unwrap();
        let asked: i128 = pots.iter().map(|pot| pot.pico).sum();
        prop_assert_eq!(total(&pieces), Exact::from_pico(asked).unwrap().units());
        for piece in &pieces {
            prop_assert_eq!(piece.owner.is_some(), piece.kind == Kind::Usage);
        }
        for kind in [Kind::Tax, Kind::Credits, Kind::Other] {
            let of: i128 = pots.iter().filter(|pot| pot.kind == kind).map(|pot| pot.pico).sum();
            let own: Vec<Piece> = pieces.iter().filter(|piece| piece.kind == kind).copied().collect();
            prop_assert_eq!(total(&own), Exact::from_pico(of).unwrap().units());
        }
    }

    #[test]
    fn a_spread_moves_money_within_its_provider_only(pots in pots(), even in any::<bool>()) {
        let providers = [0, 0, 1, 2];
        let pieces = split(&pots).unwrap();
        prop_assert_eq!(&spread(pieces.clone(), &providers, Spread::None), &pieces);
        let spreaded = spread(pieces.clone(), &providers, if even { Spread::Even } else { Spread::Proportional });
        for provider in 0..3 {
            let own = |pieces: &[Piece]| pieces.iter().filter(|piece| providers[piece.place as usize] == provider).copied().collect::<Vec<_>>();
            let (before, after) = (own(&pieces), own(&spreaded));
            prop_assert_eq!(total(&before), total(&after));
            let mut shares: BTreeMap<u32, i128> = BTreeMap::new();
            for piece in &before {
                if let Some(owner) = piece.owner {
                    *shares.entry(owner).or_default() += piece.exact.units();
                }
            }
            let can = shares.values().any(|units| if even { *units != 0 } else { *units > 0 });
            let left = after.iter().any(|piece| piece.owner.is_none() && piece.exact != Exact::ZERO);
            prop_assert!(!(can && left), "money without an owner is left beside owners");
        }
    }

    #[test]
    fn every_level_sums_to_the_one_above(pots in pots(), turn in 0..30usize, how in 0..3usize) {
        let how = [Spread::None, Spread::Proportional, Spread::Even][how];
        let make = |pots: &[Pot]| tree(entries(&spread(split(pots).unwrap(), &[0, 0, 1, 2], how)));
        let made = make(&pots);
        let asked = Exact::from_pico(pots.iter().map(|pot| pot.pico).sum()).unwrap();
        prop_assert_eq!((made.billed, made.cents), (asked, asked.cents()));
        check_level(&made.nodes, made.cents);
        // Another order of lines, and of calls within them.
        let mut other = pots;
        let length = other.len().max(1);
        other.rotate_left(turn % length);
        other.iter_mut().for_each(|pot| pot.weights.reverse());
        prop_assert_eq!(format!("{:?}", make(&other)), format!("{made:?}"));
    }

    #[test]
    fn an_exact_amount_is_written_as_it_is(units in any::<i128>()) {
        let text = Exact::from_units(units).to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits = format!("{}{fraction:0<24}", whole.trim_start_matches('-'));
        prop_assert_eq!(digits.parse::<u128>().unwrap(), units.unsigned_abs());
        prop_assert_eq!(text.starts_with('-'), units < 0);
        prop_assert!(!fraction.ends_with('0'));
    }
}

#[test]
fn no_weight_is_no_division() {
    assert_eq!(apportion(100, &[]), None);
    assert_eq!(apportion(100, &[0, 0]), None);
    assert_eq!(apportion(100, &[u128::MAX, 1]), None, "weights that cannot be summed are no weights");
}

#[test]
fn amounts_beyond_counting_are_refused() {
    let pot = |pico| Pot { place: 0, kind: Kind::Usage, pico, weights: vec![(0, 1)] };
    assert!(split(&[pot(i128::MAX)]).is_none());
    assert!(split(&[pot(i128::MIN)]).is_none());
    let most = i128::MAX / 1_000_000_000_000;
    assert!(split(&[pot(most)]).is_some());
    assert!(split(&[pot(most), pot(-most)]).is_none(), "sizes count, not the sum");
}
