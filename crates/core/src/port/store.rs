//! The journal's home: an append-only, hash-chained list of records, and the leases of its writers.

use std::time::Duration;

use jiff::Timestamp;

use super::Pending;
use crate::hook::AlertState;
use crate::id::{AlertName, EnvironmentName, FencingToken, RunId};
use crate::journal::{Body, Record};

/// Keeps records and leases.
pub trait Store: Send + Sync {
    /// Takes the lease of an environment for `ttl`, or the one that has expired.
    ///
    /// # Errors
    /// [`StoreError::Held`] while another holder's lease has not expired.
    fn acquire<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        holder: &'a str,
        ttl: Duration,
    ) -> Pending<'a, Result<Lease, StoreError>>;

    /// Extends a lease by `ttl` from now.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] where somebody else has it by now.
    fn renew<'a>(&'a self, lease: &'a Lease, ttl: Duration) -> Pending<'a, Result<(), StoreError>>;

    /// Gives a lease back. Giving back what somebody else has by now does nothing.
    fn release<'a>(&'a self, lease: &'a Lease) -> Pending<'a, Result<(), StoreError>>;

    /// Who holds an environment, expired or not.
    fn holder<'a>(&'a self, environment: &'a EnvironmentName) -> Pending<'a, Result<Option<Holder>, StoreError>>;

    /// The environments that there are records of, by name.
    fn environments(&self) -> Pending<'_, Result<Vec<EnvironmentName>, StoreError>>;

    /// Appends a record durably, in one transaction with the check of the lease.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] where the lease is somebody else's; nothing was written then.
    fn append<'a>(
        &'a self,
        lease: &'a Lease,
        run: Option<&'a RunId>,
        body: &'a Body,
    ) -> Pending<'a, Result<Record, StoreError>>;

    /// How an alert stands that is told by webhooks. Where nobody can have heard of it, that is the answer.
    fn alert<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        alert: &'a AlertName,
    ) -> Pending<'a, Result<AlertState, StoreError>>;

    /// The records of a run, oldest first.
    fn run<'a>(&'a self, run: &'a RunId) -> Pending<'a, Result<Vec<Record>, StoreError>>;

    /// The records of an environment whose body is of one of these kinds (see [`Body::kind`]), oldest first; all kinds
    /// with an empty list.
    fn records<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        kinds: &'a [&'a str],
    ) -> Pending<'a, Result<Vec<Record>, StoreError>>;
}

/// The right to write about an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The environment.
    pub environment: EnvironmentName,
    /// The token that every write is checked against.
    pub token: FencingToken,
    /// Who has it.
    pub holder: String,
}

/// Who holds an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// In words: `guard, process 4711 on web1`.
    pub holder: String,
    /// Until when, unless renewed.
    pub until: Timestamp,
    /// The token.
    pub token: FencingToken,
}

/// The store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another run holds the environment.
    #[error("`{environment}` is held by {holder} until {until}")]
    Held {
        /// The environment.
        environment: EnvironmentName,
        /// By whom.
        holder: String,
        /// Until when, unless renewed.
        until: Timestamp,
    },
    /// The lease has passed to somebody else; nothing was written.
    #[error("the lease of `{environment}` has passed to another holder")]
    Fenced {
        /// The environment.
        environment: EnvironmentName,
    },
    /// The file was written by a newer version.
    #[error("the state was written by a newer version of backout (format {found}, this version writes {known})")]
    TooNew {
        /// The format found.
        found: u32,
        /// The newest format known.
        known: u32,
    },
    /// The chain of records is broken.
    #[error("record {seq} does not follow from the one before it: {why}")]
    Broken {
        /// The record.
        seq: i64,
        /// What does not fit.
        why: String,
    },
    /// The state directory is full, read-only, or not usable.
    #[error("{what}")]
    Unusable {
        /// What was tried and where.
        what: String,
        /// What to do.
        hint: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}
