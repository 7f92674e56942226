//! Columns of numbers as bytes: smallest value, common step, bits a value, and the bits.
//!
//! `value = min + step * bits`. A column of equal values has no bits at all, a time column in whole
//! milliseconds loses its nanoseconds, a count column takes as many bits as its largest count.

/// Packs a column.
pub(crate) fn pack(values: &[i64]) -> Vec<u8> {
    let count = values.len() as u32;
    let min = values.iter().copied().min().unwrap_or(0);
    let max = values.iter().copied().max().unwrap_or(0);
    let spread = |value: i64| value.wrapping_sub(min) as u64;
    let step = step(values.iter().map(|value| spread(*value)));
    let width = 64 - (spread(max) / step).leading_zeros();
    let mut out = Vec::with_capacity(29 + (count as usize * width as usize).div_ceil(8));
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&min.to_le_bytes());
    out.extend_from_slice(&step.to_le_bytes());
    out.push(width as u8);
    if width > 0 {
        if step == 1 {
            write_bits(values.iter().map(|value| spread(*value)), width, &mut out);
        } else {
            write_bits(values.iter().map(|value| spread(*value) / step), width, &mut out);
        }
    }
    // Reading takes eight bytes at a time: the last value must have as many behind it.
    out.extend_from_slice(&[0; 8]);
    out
}

/// Returns the largest power of ten that divides every value, at most a second of nanoseconds.
fn step(values: impl Iterator<Item = u64>) -> u64 {
    let mut step = 1_000_000_000u64;
    for value in values {
        while value % step != 0 {
            step /= 10;
        }
        if step == 1 {
            break;
        }
    }
    step
}

fn write_bits(values: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    let (mut word, mut filled) = (0u128, 0u32);
    for value in values {
        word |= u128::from(value) << filled;
        filled += width;
        while filled >= 32 {
            out.extend_from_slice(&(word as u32).to_le_bytes());
            word >>= 32;
            filled -= 32;
        }
    }
    out.extend_from_slice(&(word as u64).to_le_bytes()[..filled.div_ceil(8) as usize]);
}

/// A packed column, ready to be read.
#[derive(Clone, Copy)]
pub(crate) struct Packed<'b> {
    count: usize,
    min: i64,
    step: u64,
    width: u32,
    bits: &'b [u8],
}

impl<'b> Packed<'b> {
    /// Reads the head of a packed column; `None` if the bytes are none. Returns too what follows it.
    pub(crate) fn open(bytes: &'b [u8]) -> Option<(Packed<'b>, &'b [u8])> {
        let count = u32::from_le_bytes(bytes.get(0..4)?.try_into().ok()?) as usize;
        let min = i64::from_le_bytes(bytes.get(4..12)?.try_into().ok()?);
        let step = u64::from_le_bytes(bytes.get(12..20)?.try_into().ok()?);
        let width = u32::from(*bytes.get(20)?);
        let length = count.checked_mul(width as usize)?.div_ceil(8) + 8;
        let bits = bytes.get(21..21 + length)?;
        (width <= 64).then_some((Packed { count, min, step, width, bits }, &bytes[21 + length..]))
    }

    /// Returns how many values there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Tells whether every value is this one.
    pub(crate) fn is_all(&self, value: i64) -> bool {
        self.width == 0 && self.min == value
    }

    /// Returns one value.
    pub(crate) fn get(&self, row: usize) -> i64 {
        self.value(self.bits_at(row))
    }

    #[inline]
    fn value(&self, bits: u64) -> i64 {
        self.min.wrapping_add((bits.wrapping_mul(self.step)) as i64)
    }

    #[inline]
    fn bits_at(&self, row: usize) -> u64 {
        if self.width == 0 {
            return 0;
        }
        let at = row * self.width as usize;
        let (byte, shift) = (at / 8, (at % 8) as u32);
        let window = |from: usize| -> u64 {
            u64::from_le_bytes(self.bits[from..from + 8].try_into().expect("eight bytes were sliced"))
        };
        let low = window(byte) >> shift;
        let wanted = if shift + self.width > 64 { low | (u64::from(self.bits[byte + 8]) << (64 - shift)) } else { low };
        wanted & (u64::MAX >> (64 - self.width))
    }

    /// Hands on every value in order.
    pub(crate) fn each(&self, mut on: impl FnMut(usize, i64)) {
        if self.width == 0 {
            (0..self.count).for_each(|row| on(row, self.min));
        } else if self.width <= 56 {
            self.each_narrow(on);
        } else {
            (0..self.count).for_each(|row| on(row, self.get(row)));
        }
    }

    /// Up to 56 bits a value lies within eight bytes wherever it starts.
    fn each_narrow(&self, mut on: impl FnMut(usize, i64)) {
        let (width, mask) = (self.width as usize, u64::MAX >> (64 - self.width));
        let mut at = 0usize;
        for row in 0..self.count {
            let byte = at / 8;
            let word = u64::from_le_bytes(self.bits[byte..byte + 8].try_into().expect("eight bytes were sliced"));
            on(row, self.value((word >> (at % 8)) & mask));
            at += width;
        }
    }

    /// Returns every value.
    pub(crate) fn to_vec(self) -> Vec<i64> {
        let mut out = Vec::with_capacity(self.count);
        self.each(|_, value| out.push(value));
        out
    }
}
