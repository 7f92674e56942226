//! Any bytes through framing and one reader. See `fuzz/README.md`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| attr_fuzz::read(data));
