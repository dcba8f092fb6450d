//! The doing half of `backout`: collects, captures, executes, verifies, records, recovers and watches.
//!
//! Everything that could be decided was decided in `core`; this crate reaches the world through its ports, and never knows
//! which adapter is behind one. Verbs in pipeline order: [`observe`] -> [`prepare`] -> [`begin`] and [`resume`] ->
//! [`survey`] -> [`prune`].

mod acts;
mod capture;
mod collect;
mod drive;
mod error;
mod execute;
mod history;
mod prepare;
mod retain;
mod state;
mod switch;
mod verify;
mod watch;
mod world;

pub use capture::record_checkpoint;
pub use collect::{observe, probe_all, probes};
pub use drive::{begin, resume};
pub use error::EngineError;
pub use history::{PastRollback, checkpoints, estimates, past_rollbacks};
pub use prepare::{Prepared, prepare};
pub use retain::prune;
pub use state::{blob, clock, durable, lease, state_dir, store};
pub use verify::{Survey, red, required, survey};
pub use watch::{Pace, watch};
pub use world::{Hosted, OwnedFile, World};
