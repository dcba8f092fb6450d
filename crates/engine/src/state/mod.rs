//! The engine's own state: journal, leases, blobs, the directory that holds them, and the clock.

pub mod blob;
pub mod clock;
pub mod durable;
mod failure;
pub mod lease;
pub mod state_dir;
pub mod store;
