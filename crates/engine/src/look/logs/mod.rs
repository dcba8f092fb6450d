//! Logs: reading them, and following how many lines a second match.

mod following;
mod reading;

pub use following::look_at_logs;
pub(super) use following::{FollowedLog, followed};
pub(super) use reading::{scan_appended, scan_service};
