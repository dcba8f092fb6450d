//! `cargo xtask bench`: programs that measure, and print tables. Never timed tests.

mod opponents;
mod project;
mod recovery;
mod rest;
mod stage;
mod watch;

pub(crate) use recovery::command as recovery;
