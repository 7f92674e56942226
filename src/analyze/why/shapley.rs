//! The Shapley value: each factor's part of a change, averaged over every order in which factors could have changed.
//!
//! Nothing depends on an order, and the parts sum to the change (Sun and Sundararajan, *Axiomatic Attribution for
//! Multilinear Functions*, 2011). Log-mean methods are additive too but break on zeros, which are common here.

/// Returns each factor's part of `value(all) - value(none)`; `value` is asked for every set of changed factors, as bits.
pub(super) fn shapley<const FACTORS: usize>(value: impl Fn(usize) -> f64) -> [f64; FACTORS] {
    let values: Vec<f64> = (0..1usize << FACTORS).map(value).collect();
    // Of all orders, how many have a certain set of so many factors before one: |S|! (n-|S|-1)! / n!.
    let mut weights = [1.0 / FACTORS as f64; FACTORS];
    for size in 1..FACTORS {
        weights[size] = weights[size - 1] * size as f64 / (FACTORS - size) as f64;
    }
    std::array::from_fn(|factor| {
        let without = (0..values.len()).filter(|set| set & (1 << factor) == 0);
        without.map(|set| weights[set.count_ones() as usize] * (values[set | 1 << factor] - values[set])).sum()
    })
}
