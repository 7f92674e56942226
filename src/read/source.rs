//! Opens what a path holds: plain, gzip or zstd, by its first bytes; counts the bytes read and tells the hash of
//! what they say. Detects no format.

use std::io::{BufRead, BufReader, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use xxhash_rust::xxh3::Xxh3;

/// Counts bytes as they pass, for a progress bar in another thread.
struct Counted<R> {
    inner: R,
    passed: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.passed.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Returns the decompressed bytes of an input. `passed` counts the bytes as they lie on disk.
pub fn decompressed(
    input: impl Read + Send + 'static,
    passed: Arc<AtomicU64>,
) -> std::io::Result<Box<dyn Read + Send>> {
    let mut input = BufReader::with_capacity(1 << 18, Counted { inner: input, passed });
    let head = input.fill_buf()?;
    Ok(if head.starts_with(&[0x1f, 0x8b]) {
        Box::new(flate2::bufread::MultiGzDecoder::new(input))
    } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Box::new(zstd::stream::read::Decoder::with_buffer(input)?)
    } else {
        Box::new(input)
    })
}

/// The hash of what has passed of a stream.
#[derive(Clone, Default)]
pub struct Hash(Arc<Mutex<Xxh3>>);

impl Hash {
    /// Returns it as hexadecimal text.
    pub fn text(&self) -> String {
        format!("{:032x}", self.0.lock().unwrap_or_else(PoisonError::into_inner).digest128())
    }
}

/// Hashes bytes as they pass; it costs next to nothing beside parsing them.
struct Hashed {
    inner: Box<dyn Read + Send>,
    hash: Hash,
}

impl Read for Hashed {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.hash.0.lock().unwrap_or_else(PoisonError::into_inner).update(&buf[..n]);
        Ok(n)
    }
}

/// Returns a stream and its hash, which is whole once the stream has been read to its end.
pub fn hashed(inner: Box<dyn Read + Send>) -> (Box<dyn Read + Send>, Hash) {
    let hash = Hash::default();
    (Box::new(Hashed { inner, hash: hash.clone() }), hash)
}
