//! The real `backout` on real Docker Compose: bad deploys go back, good ones stay, and what cannot be done is not begun.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot see what it asks for cannot go on")]

mod bad_deploys;
mod configuration;
mod half_way;
mod innocent;
mod kept;
mod measured;
mod rehearsed;
mod secrets;
#[path = "../stage/mod.rs"]
mod stage;
mod switch_fails;
mod target;
mod unannounced;
