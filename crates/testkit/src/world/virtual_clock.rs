//! A clock whose time passes only while everybody waits.

use std::time::Duration;

use backout_core::port::{Clock, Pending};
use jiff::Timestamp;
use tokio::time::Instant;

/// The paused clock of a tokio runtime (`start_paused = true`): it stands still while anything can run, and jumps to the
/// next deadline when nothing can.
#[derive(Debug, Clone, Copy)]
pub struct VirtualClock {
    epoch: Timestamp,
    began: Instant,
}

impl VirtualClock {
    /// A clock that shows `epoch` now.
    #[must_use]
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self { epoch, began: Instant::now() }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.epoch.checked_add(self.began.elapsed()).unwrap_or(Timestamp::MAX)
    }

    fn sleep(&self, duration: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
