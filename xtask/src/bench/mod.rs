//! `cargo xtask bench`: programs that measure, and print tables. Never timed tests.

mod data;
mod opponents;
mod project;
mod recovery;
mod rest;
mod stage;
mod watch;

pub(crate) use data::command as data;
pub(crate) use recovery::command as recovery;
