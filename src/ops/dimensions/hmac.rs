//! Pseudonyms: HMAC-SHA256 (RFC 2104) of a value under the user's key.

use std::fmt;
use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Bytes that SHA-256 takes at a time.
const BLOCK: usize = 64;
/// Hex digits shown: 80 bits, so that even a billion users share none by chance.
const SHOWN_BYTES: usize = 10;
/// A shorter key could be found by trying.
const SHORTEST: usize = 16;

/// The key of pseudonyms. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PseudonymKey([u8; BLOCK]);

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(not shown)")
    }
}

impl PseudonymKey {
    /// Takes a key of at least 16 bytes; blanks and line ends around it do not count.
    pub fn new(bytes: &[u8]) -> Result<PseudonymKey, String> {
        let bytes = bytes.trim_ascii();
        if bytes.len() < SHORTEST {
            let length = bytes.len();
            return Err(format!("the key of the pseudonyms has {length} bytes; fewer than {SHORTEST} can be guessed"));
        }
        Ok(PseudonymKey::padded(bytes))
    }

    fn padded(bytes: &[u8]) -> PseudonymKey {
        let mut block = [0; BLOCK];
        let hashed = Sha256::digest(bytes);
        let key = if bytes.len() > BLOCK { hashed.as_slice() } else { bytes };
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        PseudonymKey(block)
    }

    /// Returns what stands in place of a value of a dimension: its name and a keyed hash of both.
    pub fn pseudonym(&self, dimension: &str, value: &str) -> String {
        let mac = self.hmac(&[dimension.as_bytes(), &[0], value.as_bytes()]);
        let mut text = format!("{dimension}-");
        for byte in mac.iter().take(SHOWN_BYTES) {
            // Writing to a text cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    fn hmac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let padded = |with: u8| self.0.map(|byte| byte ^ with);
        let mut inner = Sha256::new();
        inner.update(padded(0x36));
        parts.iter().for_each(|part| inner.update(part));
        let mut outer = Sha256::new();
        outer.update(padded(0x5c));
        outer.update(inner.finalize());
        outer.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The cases 1, 2 and 6 of RFC 4231.
    #[test]
    fn the_published_cases_hold() {
        for (key, data, mac) in [
            (vec![0x0b; 20], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe".to_vec(),
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(&PseudonymKey::padded(&key).hmac(&[data.as_bytes()])), mac);
        }
    }

    #[test]
    fn a_key_is_long_and_never_shown() {
        assert!(PseudonymKey::new(b"  too short \n").is_err());
        let key = PseudonymKey::new(b"a key of some length\n").expect("long enough");
        assert_eq!(key, PseudonymKey::new(b"a key of some length").expect("long enough"));
        assert!(!format!("{key:?}").contains("length"));
    }
}
