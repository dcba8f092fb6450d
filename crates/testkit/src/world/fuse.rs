//! Dying at any point: a fuse that blows at the n-th thing that a process does to the world.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Counts what a process does to the world, and kills it at a chosen point. Everything in the world that a process can do
/// passes here once before and once after it is done.
///
/// A process that dies does not get an error: it gets nothing any more. So a fuse that has blown never lets anybody go on,
/// and [`Fuse::until_blown`] drops what was running, as the kernel would.
#[derive(Debug, Clone, Default)]
pub struct Fuse {
    state: Arc<Mutex<State>>,
    told: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    passed: Vec<String>,
    blows_at: Option<usize>,
    is_blown: bool,
}

impl Fuse {
    /// Passes a point. Never ends where the fuse blows there, or has blown.
    pub async fn pass(&self, point: impl Into<String> + Send) {
        if self.counts_and_holds(point.into()) {
            return;
        }
        self.told.notify_waiters();
        std::future::pending::<()>().await;
    }

    fn counts_and_holds(&self, point: String) -> bool {
        let mut state = self.state();
        if state.is_blown {
            return false;
        }
        state.passed.push(point);
        state.is_blown = state.blows_at == Some(state.passed.len());
        !state.is_blown
    }

    /// Blows at the `nth` point from now, counted from 1; starts counting anew. This is also how a new process begins.
    pub fn renew(&self, nth: Option<usize>) {
        *self.state() = State { passed: Vec::new(), blows_at: nth, is_blown: false };
    }

    /// The points passed since the fuse was renewed, in order.
    #[must_use]
    pub fn passed(&self) -> Vec<String> {
        self.state().passed.clone()
    }

    /// Runs a process until it ends or dies; `None` where it died.
    pub async fn until_blown<T>(&self, process: impl Future<Output = T>) -> Option<T> {
        let told = self.told.notified();
        tokio::pin!(told);
        told.as_mut().enable();
        tokio::select! {
            biased;
            () = told => None,
            ended = process => Some(ended),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn process_dies_at_the_point_that_was_chosen_and_stays_dead() {
        let fuse = Fuse::default();
        fuse.renew(Some(2));
        let process = async {
            for point in ["first", "second", "third"] {
                fuse.pass(point).await;
            }
        };
        assert_eq!(fuse.until_blown(process).await, None);
        assert_eq!(fuse.passed(), ["first", "second"]);
    }

    #[tokio::test]
    async fn renewed_fuse_lets_the_next_process_through() {
        let fuse = Fuse::default();
        fuse.renew(Some(1));
        assert_eq!(fuse.until_blown(fuse.pass("first")).await, None);
        fuse.renew(None);
        assert_eq!(fuse.until_blown(fuse.pass("first")).await, Some(()));
    }
}
