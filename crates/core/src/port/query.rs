//! Asking servers for the signals that come from queries.

use super::Pending;
use crate::config::PromSignal;
use crate::detect::QueryAnswer;

/// Asks servers that answer queries as Prometheus does.
pub trait Querier: Send + Sync {
    /// Asks for signals of one server, one after another, each within its time limit: one answer for each, in their order.
    /// Never fails: what went wrong is the answer. A server that is away or silent is asked no further questions.
    fn ask<'a>(&'a self, signals: &'a [PromSignal]) -> Pending<'a, Vec<QueryAnswer>>;
}
