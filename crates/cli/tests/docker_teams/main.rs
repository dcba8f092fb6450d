//! Whole teams: the examples of those whose runbooks `backout` is measured by, on real Docker Compose or systemd, PostgreSQL, Redis, nginx and
//! Prometheus. Each test brings one stack up and plays its page on it from the top.
//!
//! Contract: what is asserted is seen from outside (containers, rows, answers, files, letters). The journal is read for when things
//! happened, which is printed, and held against the times that the pages promise.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot see what it asks for cannot go on")]
#![expect(clippy::disallowed_methods, reason = "programs are started as a person starts them, not as backout would")]

mod heliosdb;
mod helm_and_compose;
mod himalytix;
mod machine;
mod piper_morgan;
mod team;

use backout_testkit::{client, measured};
