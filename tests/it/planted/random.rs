//! Chance from a seed, the same on every machine.

/// A small generator (splitmix64).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        let mut random = Random(seed ^ 0x5851_f42d_4c95_7f2d);
        random.next();
        random
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not zero.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A number of `low..=high`.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// A number of `low..=high`, small ones more often than large ones, as token counts are.
    pub(super) fn skewed(&mut self, low: u64, high: u64) -> u64 {
        let part = self.below(1_000_000) as u128 * self.below(1_000_000) as u128;
        low + u64::try_from(u128::from(high - low) * part / 1_000_000_000_000).unwrap_or(0)
    }

    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// So many different things in another order; all of them if there are fewer.
    pub(super) fn some<T: Clone>(&mut self, from: &[T], count: usize) -> Vec<T> {
        let mut rest = from.to_vec();
        let mut taken = Vec::new();
        while taken.len() < count && !rest.is_empty() {
            taken.push(rest.swap_remove(self.below(rest.len() as u64) as usize));
        }
        taken
    }

    /// A text of letters and digits, as ids have.
    pub(super) fn word(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789";
        (0..length).map(|_| char::from(*self.pick(LETTERS))).collect()
    }
}
