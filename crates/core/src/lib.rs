//! The deciding half of `backout`: types, plans, verdicts and the run state machine.
//!
//! Architecture invariant: this crate does no I/O. It has no runtime, no HTTP, no file system, no clock and no source of
//! randomness; whatever it needs from the world comes in as an argument, and `cargo xtask core-manifest` checks that.
//!
//! Nouns in pipeline order: `config` -> `inventory` -> `plan` -> `run` (with `detect` and `policy`) -> `journal`. The traits by which
//! the doing half reaches the world are in [`port`].

pub mod config;
pub mod data;
pub mod detect;
pub mod hook;
pub mod id;
pub mod incident;
pub mod inventory;
pub mod journal;
pub mod maintenance;
pub mod migrate;
pub mod notify;
pub mod plan;
pub mod policy;
pub mod port;
pub mod report;
pub mod run;
pub mod schedule;
