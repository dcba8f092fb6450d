//! How many requests were taken, and how many were not, and why.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use backout_core::hook::Refused;

/// How many requests were taken and refused since this process began.
#[derive(Debug, Default)]
pub struct Counters {
    taken: AtomicU64,
    refused: [AtomicU64; Refused::ALL.len()],
}

impl Counters {
    pub(super) fn take(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refuse(&self, why: Refused) {
        let counter = Refused::ALL.iter().position(|one| *one == why).and_then(|place| self.refused.get(place));
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// They as Prometheus reads them.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# HELP backout_hooks_taken_total Webhook requests that were taken.\n\
             # TYPE backout_hooks_taken_total counter\n",
        );
        // Writing to a string cannot fail.
        let _ = writeln!(text, "backout_hooks_taken_total {}", self.taken.load(Ordering::Relaxed));
        text.push_str(
            "# HELP backout_hooks_refused_total Requests that were not taken, by reason.\n\
             # TYPE backout_hooks_refused_total counter\n",
        );
        for (why, counter) in Refused::ALL.iter().zip(&self.refused) {
            let many = counter.load(Ordering::Relaxed);
            let _ = writeln!(text, "backout_hooks_refused_total{{reason=\"{}\"}} {many}", why.word());
        }
        text
    }
}
