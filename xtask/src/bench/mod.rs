//! `cargo xtask bench`: programs that measure, and print tables. Never timed tests.

mod clusters;
mod data;
mod detection;
mod machine;
mod opponents;
mod probes;
mod project;
mod recovery;
mod rest;
mod spread;
mod stage;
mod usage;
mod watch;

pub(crate) use clusters::command as clusters;
pub(crate) use data::command as data;
pub(crate) use detection::command as detection;
pub(crate) use probes::command as probes;
pub(crate) use recovery::command as recovery;
