//! What tests of several crates share: an in-memory world with injectable faults, a clock that stands still, disks that fill
//! up, real Kubernetes clients, and the way to skip by name.
//!
//! Contract: doubles are small real things, never expectations about calls.

pub mod client;
pub mod docker;
pub mod guarded;
pub mod kube;
pub mod manual_clock;
pub mod measured;
pub mod receiver;
pub mod skip;
pub mod small_disk;
pub mod taker;
pub mod told;
pub mod users;
pub mod world;
pub mod written;
