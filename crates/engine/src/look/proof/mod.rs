//! What is checked after a rollback beside what must run and hold: advice, smoke checks, logs, the error rate, and what only a
//! person can see.

mod logs;
mod once;
mod rate;

pub(crate) use logs::mark_logs;
pub use logs::{Window, log_checks};
pub use once::{advice, manual_checks, smoke_checks};
pub(crate) use rate::{error_bar, error_rate};
