//! The doing half of `backout`: collects, captures, executes, verifies, records, recovers and watches.
//!
//! Everything that could be decided was decided in `core`; this crate reaches the world through its ports, and never knows
//! which adapter is behind one. Verbs in pipeline order: [`observe`] -> [`prepare`] -> [`begin`], [`resume`] and
//! [`take_over`] -> [`survey`] -> [`prune`].

mod drill;
mod error;
mod fallback;
mod interrupt;
mod look;
mod maintain;
mod notice;
mod past;
mod prepare;
mod recover;
mod restart;
mod run;
mod state;
mod strays;
mod tell;
mod world;

pub use drill::{await_turn, break_service};
pub use error::EngineError;
pub use fallback::switch_fallback;
pub use interrupt::Interrupt;
pub use look::{
    Pace, Probed, Probing, Survey, Target, Watched, Watching, advice, ask_all, ask_servers, counted_before, kept_watch,
    log_checks, look_around, look_at_databases, look_at_logs, manual_checks, observe, pack, probe_all, probes, red,
    required, said, said_checks, signal_checks, smoke_checks, survey, watch,
};
pub use maintain::{MaintenanceWish, maintain, maintenance_standing};
pub use notice::{Excused, Lookout, Sole, Trouble, Turn, arrived_quietly, note};
pub use past::{
    PastRollback, acts_by_hand, back_up, by_hand, checkpoints, estimates, import_backup, past_rollbacks, prune,
    prune_backups, put_aside, restore_points, vault_of,
};
pub use prepare::{Prepared, notes, prepare};
pub use recover::{StandBy, Successor, take_over};
pub use restart::{RestartWish, Restarted, restart};
pub use run::{asked, begin, record_checkpoint, resume};
pub use state::{blob, clock, durable, lease, state_dir, store};
pub use strays::{remove_strays, strays};
pub use tell::{Teller, Told};
pub use world::{Hosted, OwnedFile, World};
