//! See `crates/core/tests/suite/fed/hook.rs`.
#![no_main]

#[path = "../../crates/core/tests/suite/fed/hook.rs"]
mod fed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fed::feed(bytes));
