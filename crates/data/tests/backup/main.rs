//! Restore points of a real server: taken, damaged, verified, imported, interrupted.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "these are tests, helpers included")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests prepare files, and have no `wire` that could pass the environment in"
)]

mod damaged;
mod ground;
mod imported;
#[cfg(feature = "s3")]
mod imported_from_s3;
mod refused;
#[cfg(feature = "s3")]
#[path = "../../src/store/tests/s3_server.rs"]
mod s3_server;
mod taken;
mod unsound;
