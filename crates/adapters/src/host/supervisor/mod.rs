//! Our own small supervisor: for services that nothing else restarts, `backout demo`'s among them.
//!
//! `run` is the supervising process, `start` is the side that starts, stops and watches it, and `state` is the file
//! between them.

mod process;
mod run;
mod start;
mod state;

pub(crate) use process::{after_boot_at, started_at};
pub(crate) use run::SuperviseOptions;
pub use run::supervise;
pub(crate) use start::{Changes, Supervisor, start, stop};
pub(crate) use state::{Places, State, UNSEEN_CODE};
