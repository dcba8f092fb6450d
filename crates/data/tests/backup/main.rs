//! Restore points of a real server: taken, damaged, verified, imported, interrupted.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "these are tests, helpers included")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests prepare files, and have no `wire` that could pass the environment in"
)]

mod damaged;
mod ground;
mod imported;
mod refused;
mod taken;
mod unsound;
