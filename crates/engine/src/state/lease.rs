//! Keeping a lease while a run lasts.
//!
//! Contract: a [`Heartbeat`] renews its lease every third of its duration. A renewal that fails for a moment (a busy
//! or a full disk) is tried again until the lease has expired; then, or as soon as somebody else has the lease, it is
//! *lost*, which everybody with a [`LeaseWatch`] is told. Who is told stops changing the environment: another process
//! may be at it.
//!
//! Dropping a heartbeat without [`Heartbeat::finish`] leaves the lease to expire, as a crash would.

use std::sync::Arc;
use std::time::Duration;

use backout_core::id::EnvironmentName;
use backout_core::port::{Clock, Lease, Store, StoreError};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Renewals within one duration of the lease.
const BEATS: u32 = 3;
/// After a renewal that failed, the next one comes this much sooner.
const HURRY: u32 = 4;
/// The shortest wait between two renewals.
const SHORTEST: Duration = Duration::from_millis(10);

/// Why a lease was lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// Somebody else has it.
    #[error("another process has taken over `{environment}`")]
    TakenOver {
        /// The environment.
        environment: EnvironmentName,
    },
    /// It could not be renewed until it expired.
    #[error("the lease of `{environment}` expired because it could not be renewed: {why}")]
    Expired {
        /// The environment.
        environment: EnvironmentName,
        /// What stood in the way.
        why: String,
    },
}

/// A lease that is being kept.
#[derive(Debug)]
#[must_use = "a lease is kept only as long as its heartbeat lives"]
pub struct Heartbeat {
    lease: Lease,
    watch: LeaseWatch,
    task: JoinHandle<()>,
    store: StoreHandle,
}

/// Tells whether a lease is still held. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LeaseWatch {
    lost: watch::Receiver<Option<Lost>>,
}

impl LeaseWatch {
    /// Why the lease was lost, if it was.
    #[must_use]
    pub fn why_lost(&self) -> Option<Lost> {
        self.lost.borrow().clone()
    }

    /// Ends when the lease is lost, and never where it is given back in order.
    pub async fn lost(&mut self) -> Lost {
        loop {
            if let Some(lost) = self.why_lost() {
                return lost;
            }
            if self.lost.changed().await.is_err() {
                return self.forever().await;
            }
        }
    }

    /// The heartbeat has ended: what it said last stays so.
    async fn forever(&self) -> Lost {
        match self.why_lost() {
            Some(lost) => lost,
            None => std::future::pending().await,
        }
    }
}

impl Heartbeat {
    /// Takes the lease of an environment and keeps it.
    ///
    /// # Errors
    /// [`StoreError::Held`] while somebody else has it.
    pub async fn acquire(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        environment: &EnvironmentName,
        holder: &str,
        ttl: Duration,
    ) -> Result<Self, StoreError> {
        let taken_at = clock.now();
        let lease = store.acquire(environment, holder, ttl).await?;
        let (tell, lost) = watch::channel(None);
        let mut keeper = Keeper { store: Arc::clone(&store), clock, lease: lease.clone(), ttl, until: taken_at };
        keeper.prolong(taken_at);
        let task = tokio::spawn(async move { drop(tell.send(Some(keeper.keep().await))) });
        Ok(Self { lease, watch: LeaseWatch { lost }, task, store: StoreHandle(store) })
    }

    /// The lease, to write with.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Somebody else to be told when it is lost.
    #[must_use]
    pub fn watch(&self) -> LeaseWatch {
        self.watch.clone()
    }

    /// Stops renewing and gives the lease back; one that was lost stays with whoever has it.
    ///
    /// # Errors
    /// Where the store cannot be written to; the lease then ends by expiring.
    pub async fn finish(self) -> Result<(), StoreError> {
        self.task.abort();
        self.store.0.release(&self.lease).await
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct StoreHandle(Arc<dyn Store>);

impl std::fmt::Debug for StoreHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

/// What the background task works with.
struct Keeper {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    lease: Lease,
    ttl: Duration,
    /// When it expires, unless renewed.
    until: Timestamp,
}

impl Keeper {
    /// Renews until it is lost.
    async fn keep(&mut self) -> Lost {
        let beat = (self.ttl / BEATS).max(SHORTEST);
        let mut pause = beat;
        loop {
            self.clock.sleep(pause).await;
            pause = match self.beat().await {
                Ok(()) => beat,
                Err(StoreError::Fenced { environment }) => return Lost::TakenOver { environment },
                Err(error) if self.clock.now() >= self.until => return self.expired(&error),
                Err(_) => (beat / HURRY).max(SHORTEST),
            };
        }
    }

    /// One renewal. It is tried also when the lease has expired meanwhile (the machine slept): if nobody has taken
    /// over, all is well. One that does not come back until the lease has expired (a disk that hangs) counts as
    /// failed.
    async fn beat(&mut self) -> Result<(), StoreError> {
        let asked_at = self.clock.now();
        let left = Duration::try_from(self.until.duration_since(asked_at)).unwrap_or_default();
        tokio::select! {
            biased;
            renewed = self.store.renew(&self.lease, self.ttl) => renewed?,
            () = self.clock.sleep(left.max(self.ttl / BEATS).max(SHORTEST)) => return Err(no_answer()),
        }
        self.prolong(asked_at);
        Ok(())
    }

    fn prolong(&mut self, from: Timestamp) {
        self.until = from.checked_add(self.ttl).unwrap_or(Timestamp::MAX);
    }

    fn expired(&self, error: &StoreError) -> Lost {
        Lost::Expired { environment: self.lease.environment.clone(), why: error.to_string() }
    }
}

fn no_answer() -> StoreError {
    StoreError::Unusable {
        what: "the store did not answer in time".into(),
        hint: "look at the disk that the state directory is on".into(),
        source: None,
    }
}
