//! The prober's own pulse: for how long it was not there itself.

use std::time::Duration;

/// Adds up the time in which a prober could not notice anything: its process was not run, or something in it held up the
/// rest. What a target is said to have taken then, may be the prober's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pulse {
    lost: Duration,
}

impl Pulse {
    /// How often a prober looks up while it waits for answers.
    pub const BEAT: Duration = Duration::from_millis(20);

    /// How late a prober may be without having lost anything: timers have a millisecond's grain, and others want to work.
    pub const GRACE: Duration = Duration::from_millis(20);

    /// The prober looks up at `now`, and meant to at `meant`.
    pub fn beat(&mut self, meant: Duration, now: Duration) {
        let late = now.saturating_sub(meant);
        if late > Self::GRACE {
            self.lost += late;
        }
    }

    /// The time lost since the beginning.
    #[must_use]
    pub fn lost(&self) -> Duration {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_later_than_the_grace_is_lost_and_then_all_of_it() {
        let at = Duration::from_millis;
        let mut pulse = Pulse::default();
        pulse.beat(at(100), at(90));
        pulse.beat(at(100), at(120));
        assert_eq!(pulse.lost(), Duration::ZERO);
        pulse.beat(at(100), at(400));
        pulse.beat(at(420), at(450));
        assert_eq!(pulse.lost(), at(330));
    }
}
