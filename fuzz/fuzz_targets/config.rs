//! See `crates/core/tests/suite/fed/config.rs`.
#![no_main]

#[path = "../../crates/core/tests/suite/fed/config.rs"]
mod fed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fed::feed(bytes));
