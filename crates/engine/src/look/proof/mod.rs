//! What is checked after a rollback beside what must run and hold: advice, smoke checks, logs, signals that must come back, and
//! what only a person can see.

mod bars;
mod logs;
mod once;
mod said;

pub(crate) use bars::bars;
pub use logs::log_checks;
pub(crate) use logs::mark_logs;
pub use once::{advice, manual_checks, smoke_checks};
pub use said::{said, said_checks};
pub(crate) use said::{said_again, sayings};
