//! A clock whose time passes only while everybody waits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backout_core::port::{Clock, Pending};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The paused clock of a tokio runtime (`start_paused = true`): it stands still while anything can run, and jumps to the
/// next deadline when nothing can.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    epoch: Arc<Mutex<Timestamp>>,
    began: Instant,
}

impl VirtualClock {
    /// A clock that shows `epoch` now.
    #[must_use]
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self { epoch: Arc::new(Mutex::new(epoch)), began: Instant::now() }
    }

    /// Sets what the wall says forth or back, as a person or the network does. Nobody waits any longer or shorter.
    pub fn set_by(&self, by: SignedDuration) {
        let mut epoch = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        *epoch = epoch.checked_add(by).unwrap_or(*epoch);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let epoch = *self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        epoch.checked_add(self.began.elapsed()).unwrap_or(Timestamp::MAX)
    }

    fn uptime(&self) -> Duration {
        self.began.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
