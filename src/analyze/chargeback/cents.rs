//! Wholes into whole parts, by largest remainders.
//!
//! Each part is first what is surely its own; what is left over goes, one unit at a time, to those that were cut the
//! most. A tie goes to the larger share, then to the one that stands first: places are the owners' order by name, so
//! the order of logs and lines changes nothing.

use crate::analyze::chargeback::exact::PER_CENT;

/// Splits a whole by weights into parts that sum to it; `None` if there is no weight at all.
pub fn apportion(whole: u128, weights: &[u128]) -> Option<Vec<u128>> {
    let all = weights.iter().try_fold(0u128, |sum, weight| sum.checked_add(*weight)).filter(|all| *all > 0)?;
    let (mut parts, mut rests) = (Vec::with_capacity(weights.len()), Vec::with_capacity(weights.len()));
    for weight in weights {
        let (part, rest) = times_over(whole, *weight, all);
        parts.push(part);
        rests.push(rest);
    }
    let left = whole - parts.iter().sum::<u128>();
    let mut order: Vec<usize> = (0..weights.len()).filter(|at| rests[*at] > 0).collect();
    order.sort_by(|a, b| (rests[*b], weights[*b]).cmp(&(rests[*a], weights[*a])).then(a.cmp(b)));
    // The rests sum to `left` times all weight, and each is less than all weight: there are more of them than units.
    order.iter().zip(0..left).for_each(|(at, _)| parts[*at] += 1);
    Some(parts)
}

/// Splits an amount of either sign: what is owed mirrors what is due.
pub(super) fn apportion_signed(whole: i128, weights: &[u128]) -> Option<Vec<i128>> {
    let parts = apportion(whole.unsigned_abs(), weights)?;
    Some(parts.into_iter().map(|part| part as i128 * whole.signum()).collect())
}

/// Rounds exact shares (in 1e-24 of a dollar) to cents that sum to a total.
///
/// The total must lie less than a cent from the sum of the shares; then each rounded share lies less than a cent from
/// its own, and a share of nothing gets nothing. Sizes are rounded down whatever their sign, so that shares of the
/// other sign are rounded to amounts of the other sign.
pub fn deal(shares: &[i128], total: i128) -> Vec<i128> {
    let mut cents: Vec<i128> = shares.iter().map(|share| share / PER_CENT).collect();
    let left = total - cents.iter().sum::<i128>();
    let sign = left.signum();
    let cut = |at: usize| shares[at] % PER_CENT * sign;
    let mut order: Vec<usize> = (0..shares.len()).filter(|at| cut(*at) > 0).collect();
    order.sort_by(|a, b| (cut(*b), shares[*b] * sign).cmp(&(cut(*a), shares[*a] * sign)).then(a.cmp(b)));
    order.iter().zip(0..left.unsigned_abs()).for_each(|(at, _)| cents[*at] += sign);
    cents
}

/// Returns the quotient and the rest of `a * b / c`, for `b` no larger than `c`: the product may need 256 bits.
fn times_over(a: u128, b: u128, c: u128) -> (u128, u128) {
    if let Some(product) = a.checked_mul(b) {
        return (product / c, product % c);
    }
    // Long multiplication with the remainder kept below `c` at each binary digit of `a`.
    let (mut quotient, mut rest) = (0u128, 0u128);
    for bit in (0..u128::BITS - a.leading_zeros()).rev() {
        let (doubled, over) = add_within(rest, rest, c);
        quotient = quotient * 2 + over;
        rest = doubled;
        if a >> bit & 1 == 1 {
            let (sum, over) = add_within(rest, b % c, c);
            quotient += over + b / c;
            rest = sum;
        }
    }
    (quotient, rest)
}

/// Adds two numbers below `c`; returns the rest and how many times `c` went into the sum.
fn add_within(a: u128, b: u128, c: u128) -> (u128, u128) {
    if a >= c - b { (a - (c - b), 1) } else { (a + b, 0) }
}
