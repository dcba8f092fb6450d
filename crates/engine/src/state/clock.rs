//! The system's clock: the only place that asks the machine for the time and waits for it to pass.

use std::time::Duration;

use backout_core::port::{Clock, Pending};
use jiff::Timestamp;

/// The machine's wall clock, and tokio's timer for waiting. [`Clock::sleep`] needs a runtime with its timer switched
/// on.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else takes as an argument")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
