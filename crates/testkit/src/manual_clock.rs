//! A clock that only moves when a test says so.
//!
//! Contract: sleepers wake in the order of their deadlines, and each sees the time of its own deadline or a later
//! one. Clones share the time. What the wall says can be set anew ([`ManualClock::set`]); sleepers and the uptime go by a
//! time that never jumps, as on a real machine.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backout_core::port::{Clock, Pending};
use jiff::Timestamp;
use tokio::sync::oneshot;

/// How often the other tasks get their turn between two deadlines: enough for one that wakes to reach its next sleep.
const TURNS: usize = 64;

/// A clock for tests.
#[derive(Clone)]
pub struct ManualClock {
    state: Arc<Mutex<State>>,
}

struct State {
    /// What the wall says.
    now: Timestamp,
    /// The time since the clock was made.
    uptime: Duration,
    sleepers: Vec<Sleeper>,
}

struct Sleeper {
    /// By the uptime.
    deadline: Duration,
    wake: oneshot::Sender<()>,
}

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { state: Arc::new(Mutex::new(State { now, uptime: Duration::ZERO, sleepers: Vec::new() })) }
    }

    /// Lets time pass: wakes one sleeper after the other, and lets the tasks of this runtime work in between, so that
    /// a loop that sleeps for a second runs ten times in ten seconds. Work on blocking threads is not waited for: see
    /// [`Self::sleepers`].
    pub async fn advance(&self, duration: Duration) {
        let end = self.uptime() + duration;
        settle().await;
        while self.wake_next(end) {
            settle().await;
        }
        self.state().pass_until(end);
    }

    /// Moves the time at once, as for a machine that was suspended: everybody whose deadline has passed wakes, and
    /// sees the end of the jump.
    pub fn jump(&self, duration: Duration) {
        let end = self.uptime() + duration;
        self.state().pass_until(end);
        while self.wake_next(end) {}
    }

    /// Sets what the wall says without letting time pass: nobody wakes, as where a person or the network sets a clock forth
    /// or back.
    pub fn set(&self, now: Timestamp) {
        self.state().now = now;
    }

    /// How many are waiting.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        let mut state = self.state();
        state.sleepers.retain(|sleeper| !sleeper.wake.is_closed());
        state.sleepers.len()
    }

    /// Wakes the first sleeper due until `end`; says whether there was one.
    fn wake_next(&self, end: Duration) -> bool {
        let mut state = self.state();
        let due = (0..state.sleepers.len()).filter(|place| state.sleepers[*place].deadline <= end);
        let Some(first) = due.min_by_key(|place| state.sleepers[*place].deadline) else { return false };
        let sleeper = state.sleepers.remove(first);
        state.pass_until(sleeper.deadline);
        // Who has dropped its future does not wait any more.
        let _ = sleeper.wake.send(());
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    fn uptime(&self) -> Duration {
        self.state().uptime
    }

    fn sleep(&self, duration: Duration) -> Pending<'_, ()> {
        let mut state = self.state();
        let (wake, woken) = oneshot::channel();
        let deadline = state.uptime.saturating_add(duration);
        if deadline > state.uptime {
            state.sleepers.push(Sleeper { deadline, wake });
        }
        drop(state);
        // An error means that the sender was dropped: the deadline is now, and there was nothing to wait for.
        Box::pin(async move { drop(woken.await) })
    }
}

impl State {
    /// Lets the time pass until then, by the uptime; it never goes back.
    fn pass_until(&mut self, end: Duration) {
        let passed = end.saturating_sub(self.uptime);
        self.uptime += passed;
        self.now = self.now.checked_add(passed).unwrap_or(Timestamp::MAX);
    }
}

async fn settle() {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> ManualClock {
        ManualClock::at(Timestamp::UNIX_EPOCH)
    }

    #[tokio::test]
    async fn sleepers_wake_in_the_order_of_their_deadlines() {
        let (clock, woken) = (clock(), Arc::new(Mutex::new(Vec::new())));
        for seconds in [3, 1, 2, 9] {
            let (sleeper, woken) = (clock.clone(), Arc::clone(&woken));
            tokio::spawn(async move {
                sleeper.sleep(Duration::from_secs(seconds)).await;
                woken.lock().unwrap().push((seconds, sleeper.now().as_second()));
            });
        }
        clock.advance(Duration::from_secs(5)).await;
        assert_eq!(*woken.lock().unwrap(), [(1, 1), (2, 2), (3, 3)]);
        assert_eq!((clock.sleepers(), clock.now().as_second()), (1, 5));
    }

    #[tokio::test]
    async fn loop_that_sleeps_runs_as_often_as_time_allows() {
        let (clock, count) = (clock(), Arc::new(Mutex::new(0)));
        let (sleeper, counter) = (clock.clone(), Arc::clone(&count));
        tokio::spawn(async move {
            loop {
                sleeper.sleep(Duration::from_secs(1)).await;
                *counter.lock().unwrap() += 1;
            }
        });
        clock.advance(Duration::from_secs(10)).await;
        assert_eq!(*count.lock().unwrap(), 10);
    }

    #[tokio::test]
    async fn jump_wakes_everybody_at_its_end() {
        let clock = clock();
        let first = clock.sleep(Duration::from_secs(1));
        clock.jump(Duration::from_secs(60));
        first.await;
        assert_eq!(clock.now().as_second(), 60);
    }

    #[tokio::test]
    async fn sleep_of_nothing_ends_at_once() {
        clock().sleep(Duration::ZERO).await;
    }

    #[tokio::test]
    async fn dropped_sleepers_do_not_count() {
        let clock = clock();
        drop(clock.sleep(Duration::from_secs(1)));
        assert_eq!(clock.sleepers(), 0);
    }
}
