//! The Compose adapter on a real Docker Engine with the real Compose.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, helpers included")]

mod drift;
mod events;
mod images;
mod inside;
mod profile;
mod round_trip;
mod start_first;
mod unreachable;
mod world;
