//! `cargo xtask bench probes [--smoke] [--json]`: 10,000 HTTP targets on loopback, ours against what others use.
//!
//! What is probed has one core, who probes has the other: each is measured alone, one after the other, against the same
//! server. Who is not installed is named, and not measured.

mod blackbox;
mod command;
mod get;
mod goals;
mod haproxy;
mod ours;
mod room;
mod row;
mod site;

pub(crate) use command::command;
