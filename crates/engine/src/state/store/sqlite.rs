//! The embedded store: the port's methods, each one transaction on a blocking thread.
//!
//! Architecture invariant: history is appended, never edited; and one writer an environment. Every record is written
//! in one transaction with the check of its lease, so that no writer who has lost the lease can add to the history. What is
//! said about incidents changes nothing of an environment, and needs no lease: see [`super::said`].

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backout_core::hook::AlertState;
use backout_core::id::{AlertName, EnvironmentName, RunId};
use backout_core::journal::{Body, Record};
use backout_core::port::{Clock, Holder, Lease, Pending, Store, StoreError};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::watch;

use super::fault::Fault;
use super::rows::{Entry, Selection, Which};
use super::{head, leases, query, rows, schema};
use crate::state::failure::Failure;
use crate::state::state_dir::StateDir;

/// Records and leases in `journal.db` of a state directory. Cheap to clone; clones share one connection.
#[derive(Clone)]
pub struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
    journal: PathBuf,
    pub(super) head: PathBuf,
    pub(super) clock: Arc<dyn Clock>,
    written: Arc<watch::Sender<i64>>,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("journal", &self.journal).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the journal for writing; makes it where there is none. Blocks for some milliseconds.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] where the directory is read-only, full, or somebody else's; [`StoreError::TooNew`]
    /// where a newer version has written to it.
    pub fn open(dir: &StateDir, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Ok(Self::on(schema::open(dir)?, dir, clock))
    }

    /// Opens the journal for reading, whatever its format and whoever owns it. One that is not there yet reads as
    /// empty. Writing to it is [`StoreError::Unusable`].
    ///
    /// # Errors
    /// [`StoreError::Unusable`] where the file cannot be read or is not a journal.
    pub fn open_read_only(dir: &StateDir, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Ok(Self::on(schema::open_read_only(dir)?, dir, clock))
    }

    fn on(connection: Connection, dir: &StateDir, clock: Arc<dyn Clock>) -> Self {
        let written = Arc::new(watch::Sender::new(0));
        Self {
            connection: Arc::new(Mutex::new(connection)),
            journal: dir.journal(),
            head: dir.journal_head(),
            clock,
            written,
        }
    }

    /// The number of the newest record that was written through this store or a clone of it, as it changes.
    #[must_use]
    pub fn written(&self) -> watch::Receiver<i64> {
        self.written.subscribe()
    }

    /// Does some work on the connection, away from the runtime's own threads. `doing` completes "cannot …".
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || {
            // A panic in between has rolled its transaction back: the connection is as good as before.
            work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match done.await {
            Ok(result) => result.map_err(|fault| schema::in_words(doing, &self.journal, fault)),
            Err(_) => Err(Failure::new(
                format!("cannot {doing} `{}`: backout is shutting down", self.journal.display()),
                "run `backout resume` to go on with a run that was interrupted",
            )
            .into()),
        }
    }

    pub(super) async fn writing<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.blocking(doing, move |connection| write(connection, work)).await
    }

    pub(super) async fn read(&self, selection: Selection) -> Result<Vec<Record>, StoreError> {
        self.blocking("read", move |connection| rows::records(connection, &selection)).await
    }

    async fn append_record(&self, lease: &Lease, run: Option<RunId>, body: &Body) -> Result<Record, StoreError> {
        let entry = Entry::new(&lease.environment, run, body, self.clock.now())?;
        let (lease, head) = (lease.clone(), self.head.clone());
        let written = Arc::clone(&self.written);
        self.blocking("append a record to", move |connection| {
            let record = write(connection, |transaction| {
                leases::check(transaction, &lease)?;
                rows::append(transaction, entry)
            })?;
            head::advance(connection, &head, &record);
            written.send_replace(record.seq);
            Ok(record)
        })
        .await
    }
}

/// Does some work in one transaction that nobody else writes beside.
pub(super) fn write<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    schema::check_format(&transaction)?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

impl Store for SqliteStore {
    fn acquire<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        holder: &'a str,
        ttl: Duration,
    ) -> Pending<'a, Result<Lease, StoreError>> {
        let (environment, holder, now) = (environment.clone(), holder.to_owned(), self.clock.now());
        Box::pin(async move {
            let term = leases::Term { now, ttl };
            let work = move |transaction: &Transaction<'_>| leases::acquire(transaction, environment, holder, term);
            self.writing("take a lease in", work).await?.into_result()
        })
    }

    fn renew<'a>(&'a self, lease: &'a Lease, ttl: Duration) -> Pending<'a, Result<(), StoreError>> {
        let (lease, now) = (lease.clone(), self.clock.now());
        Box::pin(self.writing("renew a lease in", move |transaction| {
            leases::renew(transaction, &lease, leases::Term { now, ttl })
        }))
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> Pending<'a, Result<(), StoreError>> {
        let lease = lease.clone();
        Box::pin(self.writing("give a lease back in", move |transaction| leases::release(transaction, &lease)))
    }

    fn holder<'a>(&'a self, environment: &'a EnvironmentName) -> Pending<'a, Result<Option<Holder>, StoreError>> {
        let environment = environment.clone();
        Box::pin(self.blocking("read the leases of", move |c| leases::holder(c, &environment)))
    }

    fn environments(&self) -> Pending<'_, Result<Vec<EnvironmentName>, StoreError>> {
        Box::pin(async {
            let names = self.blocking("read", |connection| query::environments(connection)).await?;
            Ok(names.iter().filter_map(|name| EnvironmentName::new(name).ok()).collect())
        })
    }

    fn append<'a>(
        &'a self,
        lease: &'a Lease,
        run: Option<&'a RunId>,
        body: &'a Body,
    ) -> Pending<'a, Result<Record, StoreError>> {
        Box::pin(self.append_record(lease, run.cloned(), body))
    }

    fn alert<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        alert: &'a AlertName,
    ) -> Pending<'a, Result<AlertState, StoreError>> {
        Box::pin(self.alert_state(environment, alert, self.clock.now()))
    }

    fn run<'a>(&'a self, run: &'a RunId) -> Pending<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(self.read(Selection::new(Which::Run(run.clone()), &[])))
    }

    fn records<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        kinds: &'a [&'a str],
    ) -> Pending<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(self.read(Selection::new(Which::Environment(environment.clone()), kinds)))
    }
}
