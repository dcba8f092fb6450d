//! Everything that the engine reaches the world through, for one environment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backout_core::config::Environment;
use backout_core::id::{DatabaseName, RunId, ServiceName};
use backout_core::journal::Body;
use backout_core::port::{
    Barrier, Blobs, Cache, Clock, Database, Deployer, Files, Lease, Platform, Ports, Prober, Progress, Querier,
    Repository, Store, StoreError, Switchboard, Watcher,
};
use futures_util::future::join_all;
use tokio::sync::watch;

use crate::interrupt::Interrupt;

/// How long tidying up may take before a process that shall stop does.
const TIDIES_WITHIN: Duration = Duration::from_secs(30);

/// One environment and its ports. Time, randomness and interruption come in here.
#[derive(Clone)]
pub struct World {
    /// The resolved configuration.
    pub environment: Arc<Environment>,
    /// What runs the services, with the services that each runs.
    pub platforms: Vec<Hosted>,
    /// The databases, by name.
    pub databases: BTreeMap<DatabaseName, Arc<dyn Database>>,
    /// The caches, by name.
    pub caches: BTreeMap<String, Arc<dyn Cache>>,
    /// What keeps users away in maintenance mode, in the order in which it is switched on.
    pub barriers: Vec<Arc<dyn Barrier>>,
    /// The configuration files that belong to each service.
    pub files_of: BTreeMap<ServiceName, Vec<OwnedFile>>,
    /// The git work tree that the configuration stands in.
    pub repository: Arc<dyn Repository>,
    /// The host's files.
    pub files: Arc<dyn Files>,
    /// Captured content.
    pub blobs: Arc<dyn Blobs>,
    /// Performs probes.
    pub prober: Arc<dyn Prober>,
    /// Asks for signals.
    pub querier: Arc<dyn Querier>,
    /// Switches what is switched on in place of going back.
    pub switchboard: Arc<dyn Switchboard>,
    /// The journal.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The deploy command and the switch.
    pub deployer: Arc<dyn Deployer>,
    /// Looks on.
    pub watcher: Arc<dyn Watcher>,
    /// Told how far long work on a database is.
    pub progress: Arc<dyn Progress>,
    /// Random numbers, for identifiers.
    pub salt: Arc<dyn Fn() -> u32 + Send + Sync>,
    /// Whether this process shall stop.
    pub interrupt: watch::Receiver<Interrupt>,
}

/// A platform and the services it runs.
#[derive(Clone)]
pub struct Hosted {
    /// The platform.
    pub platform: Arc<dyn Platform>,
    /// Its services.
    pub services: Vec<ServiceName>,
}

/// A configuration file that goes back with a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedFile {
    /// Absolute path.
    pub path: String,
    /// Whether the service reads it itself (see [`backout_core::inventory::FileRef::needs_restart`]).
    pub needs_restart: bool,
}

impl World {
    /// Appends to the journal, and tells whoever looks on.
    pub(crate) async fn record(&self, lease: &Lease, run: Option<&RunId>, body: &Body) -> Result<(), StoreError> {
        let record = self.store.append(lease, run, body).await?;
        self.watcher.recorded(&record);
        Ok(())
    }

    /// The platform that runs a service.
    pub(crate) fn platform_of(&self, service: &ServiceName) -> Option<&Arc<dyn Platform>> {
        self.platforms.iter().find(|hosted| hosted.services.contains(service)).map(|hosted| &hosted.platform)
    }

    /// Which service depends on which.
    #[must_use]
    pub fn depends_on(&self) -> BTreeMap<ServiceName, Vec<ServiceName>> {
        self.environment.services.iter().map(|(name, service)| (name.clone(), service.depends_on.clone())).collect()
    }

    /// What a long act on a database needs beside it.
    #[must_use]
    pub fn ports(&self) -> Ports<'_> {
        Ports { blobs: self.blobs.as_ref(), progress: self.progress.as_ref() }
    }

    /// Ends when this process shall stop.
    pub(crate) async fn interrupted(&self) {
        self.interrupted_by(Interrupt::Asked).await;
    }

    /// Ends when a person wants that as much, or more.
    pub(crate) async fn interrupted_by(&self, wish: Interrupt) {
        let mut interrupt = self.interrupt.clone();
        // A sender that is gone can no longer interrupt.
        if interrupt.wait_for(|now| *now >= wish).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends when nothing that was let go of is still being tidied up, or takes too long.
    pub(crate) async fn at_rest(&self) {
        tokio::select! {
            _ = join_all(self.platforms.iter().map(|hosted| hosted.platform.at_rest())) => {}
            () = self.clock.sleep(TIDIES_WITHIN) => {}
        }
    }
}
