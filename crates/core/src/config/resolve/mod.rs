//! From the configuration as it is written to what it means.
//!
//! Contract: every problem is collected; a part that cannot be resolved is left out, and what refers to it is not blamed
//! for that.

mod context;
mod data;
mod decide;
mod environment;
mod interpolate;
mod known;
mod maintenance;
mod order;
mod people;
mod platform;
mod policy;
mod probe;
mod proof;
mod service;
mod signal;
mod watch;

pub(super) use environment::file;
