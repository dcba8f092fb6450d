//! One cluster and namespace: its client, and what is known of its objects.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use backout_core::config::ClusterAccess;
use backout_core::port::PortError;
use kube::core::DynamicObject;
use kube::{Api, Client};
use tokio::sync::Mutex;

use super::access::Access;
use super::{Kind, Live};
use crate::refusals::Refusals;

/// What a cluster is reached with.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Which cluster, and as whom.
    pub access: ClusterAccess,
    /// Relative paths of the configuration start here.
    pub folder: PathBuf,
    /// The environment variables of this process.
    pub environment: BTreeMap<OsString, OsString>,
}

/// One cluster and namespace, shared by the platforms on it.
pub struct Cluster {
    access: Arc<Access>,
    live: Mutex<BTreeMap<Kind, Arc<Live>>>,
    /// The same cluster in other namespaces.
    beside: Mutex<BTreeMap<String, Arc<Cluster>>>,
    pub(crate) refusals: Refusals,
}

impl Cluster {
    /// A cluster that is not connected to yet.
    #[must_use]
    pub fn new(options: ClusterOptions) -> Arc<Self> {
        Arc::new(Self {
            access: Arc::new(Access::new(options)),
            live: Mutex::default(),
            beside: Mutex::default(),
            refusals: Refusals::default(),
        })
    }

    /// The same cluster, reached in the same way, in another namespace.
    ///
    /// # Errors
    /// As [`Cluster::namespace`].
    pub(crate) async fn in_namespace(self: &Arc<Self>, namespace: &str) -> Result<Arc<Self>, PortError> {
        if self.namespace().await? == namespace {
            return Ok(Arc::clone(self));
        }
        let mut beside = self.beside.lock().await;
        let there = beside.entry(namespace.to_owned()).or_insert_with(|| {
            let mut options = self.access.options.clone();
            options.access.namespace = Some(namespace.to_owned());
            Self::new(options)
        });
        Ok(Arc::clone(there))
    }

    /// The client, with credentials that hold now. Nothing is asked of the cluster for it.
    ///
    /// # Errors
    /// A kubeconfig that cannot be read, or does not have the context; credentials that cannot be had.
    pub(crate) async fn client(&self) -> Result<Client, PortError> {
        self.access.client().await
    }

    /// The namespace of the configuration, else that of the context. Nothing is asked of the cluster for it.
    ///
    /// # Errors
    /// A kubeconfig that cannot be read, or does not have the context.
    pub async fn namespace(&self) -> Result<&str, PortError> {
        self.access.namespace().await
    }

    /// Objects of a kind in the cluster's namespace.
    pub(crate) async fn api(&self, kind: Kind) -> Result<Api<DynamicObject>, PortError> {
        self.access.api(kind).await
    }

    /// Objects of a kind in the cluster's namespace, kept up to date from the first call on.
    pub(crate) async fn live(&self, kind: Kind) -> Result<Arc<Live>, PortError> {
        let mut live = self.live.lock().await;
        if let Some(known) = live.get(&kind) {
            return Ok(Arc::clone(known));
        }
        // What is wrong with the access is told here, before anything waits for a list.
        self.access.client().await?;
        let begun = Arc::new(Live::start(Arc::clone(&self.access), self.access.server().await?, kind));
        live.insert(kind, Arc::clone(&begun));
        Ok(begun)
    }

    /// What tells a program such as `helm` of the same cluster: `KUBECONFIG`, where the configuration names a file.
    pub(crate) fn environment(&self) -> BTreeMap<OsString, OsString> {
        self.access.environment()
    }

    /// Which cluster, and as whom.
    pub(crate) fn access(&self) -> &ClusterAccess {
        &self.access.options.access
    }
}
