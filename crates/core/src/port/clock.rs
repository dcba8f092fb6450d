//! Time as an argument.

use std::time::Duration;

use jiff::Timestamp;

use super::Pending;

/// The time, and waiting for it.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Ends when `duration` has passed.
    fn sleep(&self, duration: Duration) -> Pending<'_, ()>;
}
