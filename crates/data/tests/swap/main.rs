//! Swaps of real databases on servers of our own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, helpers included")]

mod aside;
mod bench;
mod killed;
mod pooled;
mod refusals;
mod replica;
mod writer;
