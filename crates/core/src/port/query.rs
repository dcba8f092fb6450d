//! Asking servers for the signals that come from queries.

use std::time::Duration;

use jiff::Timestamp;

use super::Pending;
use crate::config::{CountedSignal, PromSignal};
use crate::detect::{QueryAnswer, Snapshot};

/// Asks servers that answer queries as Prometheus does.
pub trait Querier: Send + Sync {
    /// Asks for signals of one server, one after another, each within its time limit: one answer for each, in their order.
    /// Never fails: what went wrong is the answer. A server that is away or silent is asked no further questions.
    fn ask<'a>(&'a self, signals: &'a [PromSignal]) -> Pending<'a, Vec<QueryAnswer>>;

    /// Asks what all counters of a signal show, within its time limit: now, in one snapshot at most, or over a range of time,
    /// the oldest first.
    ///
    /// # Errors
    /// Why they could not be asked for, in words.
    fn count<'a>(&'a self, signal: &'a CountedSignal, over: Option<Over>)
    -> Pending<'a, Result<Vec<Snapshot>, String>>;
}

/// A range of time that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Over {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// The time between two points.
    pub step: Duration,
}
