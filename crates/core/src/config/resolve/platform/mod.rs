//! What a service is on its platform.

mod choice;
mod cluster;
mod foreign;
mod traffic;

pub(super) use choice::{Base, base, platform, sounds_secret};
pub(super) use cluster::reached_by;
