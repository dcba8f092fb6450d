//! Looking: what runs, what the probes say, whether it is where it should be, and whether it stays so.

mod after;
mod alerts;
mod arrived;
mod collect;
mod compare;
mod data;
mod led;
mod logs;
mod probing;
mod proof;
mod seen;
mod signals;
mod survey;
mod trouble;
mod usage;
mod watch;

pub(crate) use after::{changed, changed_since};
pub(crate) use arrived::{Expected, are_back, arrived, is_stopped, nor_was_it_there};
pub use collect::{observe, probe_all, probes};
pub(crate) use collect::{observe_one, probe_service};
pub(crate) use compare::changed_until_now;
pub use compare::{counted_before, kept_watch, pack};
pub use data::look_at_databases;
pub(crate) use data::{checks, look_at};
pub(crate) use led::led_now;
pub use logs::look_at_logs;
pub use probing::{Probed, Probing, Target};
pub use proof::{Window, advice, log_checks, manual_checks, said, said_checks, smoke_checks};
pub(crate) use proof::{bars, mark_logs, sayings};
pub(crate) use seen::{all_seen, observe_once_seen};
pub(crate) use signals::acted_upon;
pub use signals::{ask_all, ask_servers, look_around, signal_checks};
pub(crate) use survey::settled;
pub use survey::{Survey, red, required, survey};
pub(crate) use trouble::in_trouble;
pub use watch::{Pace, Watched, Watching, watch};
