//! Killing a rollback at every one of its records, on real Docker Compose, and going on with it.
#![expect(clippy::unwrap_used, reason = "a test helper that cannot go on fails its test")]

mod killed;
mod orphan;
mod records;
