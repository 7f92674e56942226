//! Comparing short texts where a million of them a second are compared.

/// Tells whether two texts are the same, eight bytes at a time: most are too short for a call to pay.
#[inline]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    let word = |text: &[u8]| u64::from_le_bytes(text.try_into().expect("eight bytes were sliced"));
    let (mut a, mut b) = (a, b);
    if a.len() != b.len() {
        return false;
    }
    while a.len() >= 8 {
        if word(&a[..8]) != word(&b[..8]) {
            return false;
        }
        (a, b) = (&a[8..], &b[8..]);
    }
    a.iter().zip(b).all(|(a, b)| a == b)
}
