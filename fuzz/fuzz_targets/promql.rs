//! See `crates/core/tests/suite/fed/promql.rs`.
#![no_main]

#[path = "../../crates/core/tests/suite/fed/promql.rs"]
mod fed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fed::feed(bytes));
