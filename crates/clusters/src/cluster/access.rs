//! How a cluster is reached: kubeconfig, context and whom to act as; connected to at the first look.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use backout_core::config::ClusterAccess;
use backout_core::port::PortError;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::core::DynamicObject;
use kube::{Api, Client, Config};
use tokio::sync::{Mutex, OnceCell};

use super::{Kind, Live};

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
    options: ClusterOptions,
    connected: OnceCell<(Client, String)>,
    live: Mutex<BTreeMap<(Kind, String), Arc<Live>>>,
}

impl Cluster {
    /// A cluster that is not connected to yet.
    #[must_use]
    pub fn new(options: ClusterOptions) -> Arc<Self> {
        Arc::new(Self { options, connected: OnceCell::new(), live: Mutex::default() })
    }

    /// The client. Nothing is asked of the cluster for it.
    ///
    /// # Errors
    /// A kubeconfig that cannot be read, or does not have the context.
    pub(crate) async fn client(&self) -> Result<&Client, PortError> {
        self.connected().await.map(|(client, _)| client)
    }

    /// The namespace of the configuration, else that of the context. Nothing is asked of the cluster for it.
    ///
    /// # Errors
    /// A kubeconfig that cannot be read, or does not have the context.
    pub async fn namespace(&self) -> Result<&str, PortError> {
        self.connected().await.map(|(_, namespace)| namespace.as_str())
    }

    /// Objects of a kind in the cluster's namespace.
    pub(crate) async fn api(&self, kind: Kind) -> Result<Api<DynamicObject>, PortError> {
        let (client, namespace) = self.connected().await?;
        Ok(Api::namespaced_with(client.clone(), namespace, &kind.resource()))
    }

    /// Objects of a kind in the cluster's namespace, kept up to date from the first call on.
    pub(crate) async fn live(&self, kind: Kind) -> Result<Arc<Live>, PortError> {
        let api = self.api(kind).await?;
        let namespace = self.namespace().await?.to_owned();
        let mut live = self.live.lock().await;
        Ok(Arc::clone(live.entry((kind, namespace)).or_insert_with(|| Arc::new(Live::start(api, kind)))))
    }

    /// What tells a program such as `helm` of the same cluster: `KUBECONFIG`, where the configuration names a file.
    pub(crate) fn environment(&self) -> BTreeMap<OsString, OsString> {
        let mut environment = self.options.environment.clone();
        if let Some(path) = &self.options.access.kubeconfig {
            environment.insert("KUBECONFIG".into(), self.options.folder.join(path).into());
        }
        environment
    }

    /// Which cluster, and as whom.
    pub(crate) fn access(&self) -> &ClusterAccess {
        &self.options.access
    }

    async fn connected(&self) -> Result<&(Client, String), PortError> {
        self.connected.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<(Client, String), PortError> {
        let access = &self.options.access;
        let mut config = self.config().await?;
        config.auth_info.impersonate.clone_from(&access.impersonate);
        if !access.impersonate_groups.is_empty() {
            config.auth_info.impersonate_groups = Some(access.impersonate_groups.clone());
        }
        let namespace = access.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let client = Client::try_from(config)
            .map_err(|error| PortError::new(format!("the cluster's client cannot be set up: {error}")))?;
        Ok((client, namespace))
    }

    /// The kubeconfig's context; where there is no kubeconfig, the service account of the pod that this runs in.
    async fn config(&self) -> Result<Config, PortError> {
        let Some(kubeconfig) = self.kubeconfig()? else {
            return Config::incluster().map_err(|_| {
                PortError::new("there is no kubeconfig, and this does not run in a pod")
                    .hint("name one: `platform: { kubernetes: { kubeconfig: FILE } }`, or set `KUBECONFIG`")
            });
        };
        let context = self.options.access.context.clone();
        let options = KubeConfigOptions { context: context.clone(), cluster: None, user: None };
        Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| {
            let context = context.map_or_else(|| "the current context".to_owned(), |name| format!("context `{name}`"));
            PortError::new(format!("{context} of the kubeconfig cannot be used: {error}"))
                .hint("see `kubectl config get-contexts`")
        })
    }

    fn kubeconfig(&self) -> Result<Option<Kubeconfig>, PortError> {
        let variable = |name: &str| self.options.environment.get(std::ffi::OsStr::new(name));
        let named = self.options.access.kubeconfig.as_ref().map(|path| vec![self.options.folder.join(path)]);
        let of_variable = || {
            let paths: Vec<PathBuf> = std::env::split_paths(variable("KUBECONFIG")?).collect();
            let paths: Vec<PathBuf> = paths.into_iter().filter(|path| !path.as_os_str().is_empty()).collect();
            (!paths.is_empty()).then_some(paths)
        };
        let of_home = || {
            let path = PathBuf::from(variable("HOME")?).join(".kube/config");
            path.exists().then(|| vec![path])
        };
        let Some(paths) = named.or_else(of_variable).or_else(of_home) else { return Ok(None) };
        let unread = |error: KubeconfigError| PortError::new(format!("the kubeconfig cannot be read: {error}"));
        let mut merged = Kubeconfig::default();
        for path in paths {
            merged = merged.merge(Kubeconfig::read_from(path).map_err(unread)?).map_err(unread)?;
        }
        Ok(Some(merged))
    }
}
