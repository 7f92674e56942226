//! Opens what a path holds: plain, gzip or zstd, by its first bytes; counts the bytes read. Detects no log format.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
