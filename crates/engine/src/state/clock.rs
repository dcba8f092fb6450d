//! The system's clock: the only place that asks the machine for the time and waits for it to pass.

use std::sync::OnceLock;
use std::time::Duration;

use backout_core::port::{Clock, Pending};
use jiff::Timestamp;
use tokio::time::Instant;

/// The machine's wall clock, and tokio's timer for waiting. [`Clock::sleep`] needs a runtime with its timer switched
/// on.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// Where [`Clock::uptime`] begins: the first time that anybody asks.
static BEGAN: OnceLock<Instant> = OnceLock::new();

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else takes as an argument")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn uptime(&self) -> Duration {
        let now = Instant::now();
        now.duration_since(*BEGAN.get_or_init(|| now))
    }

    fn sleep(&self, duration: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
