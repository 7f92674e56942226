//! Any bytes through detection and framing. See `fuzz/README.md`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| attr_fuzz::frame(data));
