//! Telling somebody something.

use std::time::Duration;

use super::Pending;
use crate::notify::Letter;

/// One who is told: a channel, a pager, a status page.
pub trait Notifier: Send + Sync {
    /// Tells them, within their time limit. The same letter may be sent again after a crash: its notice's identifier is sent as the idempotency
    /// key wherever the service knows one.
    ///
    /// # Errors
    /// [`NotDelivered`] where the service did not take it.
    fn send<'a>(&'a self, letter: &'a Letter, threads: &'a Threads) -> Pending<'a, Result<Delivered, NotDelivered>>;

    /// Whether the secrets that it needs can be had. Nothing is sent.
    ///
    /// # Errors
    /// What is missing.
    fn prepared(&self) -> Pending<'_, Result<(), NotDelivered>>;
}

/// What the service calls earlier letters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Threads {
    /// The first of the letter's own thread.
    pub own: Option<String>,
    /// Those of the threads that end with this letter.
    pub resolved: Vec<String>,
}

/// A letter was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivered {
    /// What the service calls it, where later letters of the thread need that.
    pub reference: Option<String>,
}

/// A letter was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct NotDelivered {
    /// Why, in words without secrets.
    pub what: String,
    /// How long the service asks to be left alone.
    pub asked: Option<Duration>,
    /// Whether the same letter will never be taken.
    pub is_final: bool,
}

impl NotDelivered {
    /// One that may be delivered later.
    #[must_use]
    pub fn for_now(what: impl Into<String>) -> Self {
        Self { what: what.into(), asked: None, is_final: false }
    }
}
