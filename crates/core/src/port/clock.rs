//! Time as an argument.

use std::time::Duration;

use jiff::Timestamp;

use super::Pending;

/// The time, and waiting for it.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// The time since some beginning, which never jumps and never goes back: for how long something takes, and when it is
    /// due. [`Self::now`] may be set anew at any time, by a person or by the network. By default it is taken from there, for
    /// clocks that are never set.
    fn uptime(&self) -> Duration {
        Duration::try_from(self.now().duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default()
    }

    /// Ends when `duration` has passed.
    fn sleep(&self, duration: Duration) -> Pending<'_, ()>;
}
