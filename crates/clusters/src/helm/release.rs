//! One release: where it is, and what Helm has of it.

use std::ffi::OsStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backout_adapters::command::Environment;
use backout_core::config::HelmService;
use backout_core::port::{Clock, PortError};
use jiff::Timestamp;
use kube::Api;
use kube::api::ListParams;
use kube::core::DynamicObject;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

use super::argv::Target;
use super::record::{History, Manifest, Record, labelled};
use crate::cluster::{Cluster, Kind, failed, is_momentary, patiently};
use crate::object::name;
use crate::workloads::{Objects, Workloads};

/// A release of the configuration. Cheap to clone: all clones are the same one.
#[derive(Clone)]
pub(super) struct Release {
    pub(super) cluster: Arc<Cluster>,
    pub(super) service: HelmService,
    pub(super) clock: Arc<dyn Clock>,
    newest: Arc<Mutex<Option<Newest>>>,
    /// Read by each `helm` that runs until the release is settled, so that who may write knows that none does.
    at_work: Arc<RwLock<()>>,
    /// Whether its records are in ConfigMaps, once that was asked: the answer costs a request.
    is_elsewhere: Arc<Mutex<Option<bool>>>,
}

/// The newest revision as it was last read, and the version of the object it was read from.
struct Newest {
    object: (String, Option<String>),
    known: Arc<Known>,
}

/// A record with what it renders.
pub(super) struct Known {
    pub(super) record: Record,
    pub(super) manifest: Manifest,
}

impl Release {
    pub(super) fn new(cluster: Arc<Cluster>, service: HelmService, clock: Arc<dyn Clock>) -> Self {
        Self { cluster, service, clock, newest: Arc::default(), at_work: Arc::default(), is_elsewhere: Arc::default() }
    }

    pub(super) fn name(&self) -> &str {
        &self.service.release
    }

    /// What the configuration says of how long its pods may take to become ready.
    pub(super) fn ready_within(&self) -> Option<Duration> {
        self.service.ready_within
    }

    /// Says that `helm` runs, until it is dropped.
    pub(super) async fn at_work(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.at_work).read_owned().await
    }

    /// Ends when no `helm` runs on it, and what one left behind is settled.
    pub(super) async fn at_rest(&self) {
        drop(self.at_work.write().await);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The newest revision, as the watch of the records has it. `None` where Helm has no record of the release.
    ///
    /// # Errors
    /// Records cannot be read, or are kept elsewhere.
    pub(super) async fn newest(&self) -> Result<Option<Arc<Known>>, PortError> {
        self.refuse_other_storage()?;
        let records = self.cluster.live(Kind::HelmRecord).await?.all().await?;
        let own = |object: &&Arc<DynamicObject>| labelled(object).is_some_and(|(release, _)| release == self.name());
        let newest = records.iter().filter(own).max_by_key(|object| labelled(object).map(|(_, revision)| revision));
        let Some(secret) = newest else {
            self.refuse_records_in_config_maps().await?;
            return Ok(None);
        };
        let object = (name(secret).to_owned(), secret.metadata.resource_version.clone());
        let mut kept = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(newest) = kept.as_ref().filter(|newest| newest.object == object) {
            return Ok(Some(Arc::clone(&newest.known)));
        }
        let record = Record::read(secret)?;
        let known = Arc::new(Known { manifest: Manifest::read(record.manifest()), record });
        *kept = Some(Newest { object, known: Arc::clone(&known) });
        Ok(Some(known))
    }

    /// All records, asked for now: what is decided on them must not be a moment old.
    ///
    /// # Errors
    /// They cannot be read, or are kept elsewhere.
    pub(super) async fn history(&self) -> Result<History, PortError> {
        self.refuse_other_storage()?;
        let labels = format!("owner=helm,name={}", self.name());
        let what = format!("the records of release `{}` could not be read", self.name());
        let (records, parameters) = (self.records().await?, ListParams::default().labels(&labels));
        let listed = patiently(is_momentary, || records.list(&parameters)).await;
        History::read(&listed.map_err(|error| failed(&what, &error))?.items, self.name())
    }

    /// The Secrets that hold records.
    pub(super) async fn records(&self) -> Result<Api<DynamicObject>, PortError> {
        self.cluster.api(Kind::HelmRecord).await
    }

    /// What the instances of some workloads are made of. Costs no request once it is known.
    pub(super) async fn objects(&self, manifest: &Manifest) -> Result<Objects, PortError> {
        self.workloads(manifest).objects().await
    }

    /// The workloads of a manifest.
    pub(super) fn workloads(&self, manifest: &Manifest) -> Workloads<'_> {
        let names = manifest.workloads.iter().map(|workload| (workload.kind, workload.name.clone())).collect();
        Workloads::new(&self.cluster, names)
    }

    /// What tells `helm` of the release.
    pub(super) fn target<'a>(&'a self, namespace: &'a str, environment: &'a Environment) -> Target<'a> {
        let access = self.cluster.access();
        Target { program: &self.service.program, access, namespace, release: self.name(), environment }
    }

    fn refuse_other_storage(&self) -> Result<(), PortError> {
        let environment = self.cluster.environment();
        let driver = environment.get(OsStr::new("HELM_DRIVER")).and_then(|driver| driver.to_str()).unwrap_or_default();
        match driver {
            "" | "secret" | "secrets" => Ok(()),
            other => Err(stored_elsewhere(self.name(), &format!("`HELM_DRIVER` is `{other}`"))),
        }
    }

    /// No Secret holds a record: somebody else's `HELM_DRIVER` may have put them into ConfigMaps.
    async fn refuse_records_in_config_maps(&self) -> Result<(), PortError> {
        let known = *self.is_elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        let is_elsewhere = match known {
            Some(known) => known,
            None => {
                let labels = format!("owner=helm,name={}", self.name());
                let listed = self.cluster.api(Kind::ConfigMap).await?;
                let listed = listed.list(&ListParams::default().labels(&labels).limit(1)).await;
                // An account that may not list ConfigMaps could not have put records into them either.
                let found = listed.is_ok_and(|listed| !listed.items.is_empty());
                *self.is_elsewhere.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
                found
            }
        };
        if is_elsewhere { Err(stored_elsewhere(self.name(), "its records are in ConfigMaps")) } else { Ok(()) }
    }
}

fn stored_elsewhere(release: &str, why: &str) -> PortError {
    PortError::new(format!("release `{release}` cannot be read: {why}, and only records in Secrets are supported"))
        .hint("records of Helm can be moved to Secrets: see `helm help` on `HELM_DRIVER`, which is `secret` by default")
}
