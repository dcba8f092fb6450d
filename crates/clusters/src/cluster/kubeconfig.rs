//! Where the address and the credentials of a cluster stand: a kubeconfig, or the files that a pod is given.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use backout_core::port::PortError;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use serde_json::json;
use tempfile::NamedTempFile;

use super::ClusterOptions;
use super::credentials::Source;
use super::plugin::Plugin;
use super::proxy::proxy;
use super::server::Server;

/// What a pod is given of its service account.
const MOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The address of a cluster and whom to act as, and where the credentials come from.
pub(super) struct Place {
    pub(super) config: Config,
    pub(super) source: Source,
    pub(super) server: Arc<Server>,
    /// The kubeconfig of a pod's service account, for programs that would not act as somebody else without one. It names
    /// files, and holds no secret.
    pub(super) written: Option<NamedTempFile>,
}

impl Place {
    /// The kubeconfig's context; where there is no kubeconfig, the service account of the pod that this runs in.
    pub(super) async fn find(options: &ClusterOptions) -> Result<Self, PortError> {
        match kubeconfig(options)? {
            Some(kubeconfig) => Self::of(options, kubeconfig).await,
            None => Self::in_pod(options, Path::new(MOUNT)).await,
        }
    }

    async fn in_pod(options: &ClusterOptions, mount: &Path) -> Result<Self, PortError> {
        let kubeconfig = of_pod(options, mount)?;
        let written = write(&kubeconfig).map_err(|error| {
            PortError::new(format!("the kubeconfig of this pod's service account cannot be written: {error}"))
                .hint("see that the folder for temporary files can be written to")
        })?;
        Ok(Self { written: Some(written), ..Self::of(options, kubeconfig).await? })
    }

    async fn of(options: &ClusterOptions, kubeconfig: Kubeconfig) -> Result<Self, PortError> {
        let access = &options.access;
        let context = KubeConfigOptions { context: access.context.clone(), cluster: None, user: None };
        if let Some(name) = access.context.as_deref().filter(|name| !has_context(&kubeconfig, name)) {
            return Err(no_context(&kubeconfig, name));
        }
        let of_cluster = proxy_of(&kubeconfig, access.context.as_deref());
        let mut config =
            Config::from_custom_kubeconfig(without_proxies(kubeconfig), &context).await.map_err(|error| {
                let named = access.context.as_ref();
                let context =
                    named.map_or_else(|| "the current context".to_owned(), |name| format!("context `{name}`"));
                PortError::new(format!("{context} of the kubeconfig cannot be used: {}", in_words(error)))
                    .hint("see `kubectl config get-contexts`")
            })?;
        let host = config.cluster_url.host().unwrap_or_default();
        let port = config.cluster_url.port_u16().unwrap_or(443);
        let proxy = proxy((host, port), of_cluster.as_deref(), &options.environment)?;
        config.proxy_url = proxy.map(|url| url.parse()).transpose().map_err(|_| {
            // The address is not told: it may hold a password.
            PortError::new("the address of the proxy on the way to the cluster cannot be read")
                .hint("see `proxy-url` in the kubeconfig, or `HTTPS_PROXY`")
        })?;
        let user = &mut config.auth_info;
        if let Some(name) = &access.impersonate {
            user.impersonate = Some(name.clone());
        }
        if let Some(uid) = &access.impersonate_uid {
            user.impersonate_uid = Some(uid.clone());
        }
        if !access.impersonate_groups.is_empty() {
            user.impersonate_groups = Some(access.impersonate_groups.clone());
        }
        if user.impersonate.is_none() && (user.impersonate_uid.is_some() || user.impersonate_groups.is_some()) {
            return Err(PortError::new("`as_groups` and `as_uid` say nothing without a user")
                .hint("say `as: USER` as well: a cluster takes groups and ids only with a name"));
        }
        let source = Source::take(user, |program| Plugin::new(program, &options.environment));
        let server = Arc::new(Server::new(access, &config));
        Ok(Self { config, source, server, written: None })
    }
}

fn has_context(kubeconfig: &Kubeconfig, name: &str) -> bool {
    kubeconfig.contexts.iter().any(|context| context.name == name)
}

fn no_context(kubeconfig: &Kubeconfig, name: &str) -> PortError {
    let names: Vec<String> = kubeconfig.contexts.iter().map(|context| format!("`{}`", context.name)).collect();
    let there = if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
    PortError::new(format!("there is no context `{name}` in the kubeconfig: {there}"))
        .hint("see `kubectl config get-contexts`, and which files `KUBECONFIG` names")
}

fn kubeconfig(options: &ClusterOptions) -> Result<Option<Kubeconfig>, PortError> {
    let variable = |name: &str| options.environment.get(OsStr::new(name));
    let named = options.access.kubeconfig.as_ref().map(|path| vec![options.folder.join(path)]);
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
    let unread = |error| PortError::new(format!("the kubeconfig cannot be read: {}", in_words(error)));
    let mut merged = Kubeconfig::default();
    for path in paths {
        merged = merged.merge(Kubeconfig::read_from(path).map_err(unread)?).map_err(unread)?;
    }
    Ok(Some(merged))
}

/// The service account of the pod that this runs in, as a kubeconfig: its token is read anew from its file.
fn of_pod(options: &ClusterOptions, mount: &Path) -> Result<Kubeconfig, PortError> {
    let none = || {
        PortError::new("there is no kubeconfig, and this does not run in a pod")
            .hint("name one: `platform: { kubernetes: { kubeconfig: FILE } }`, or set `KUBECONFIG`")
    };
    let variable = |name: &str| options.environment.get(OsStr::new(name)).and_then(|value| value.to_str());
    let (host, port) = variable("KUBERNETES_SERVICE_HOST").zip(variable("KUBERNETES_SERVICE_PORT")).ok_or_else(none)?;
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let token = mount.join("token");
    if !token.is_file() {
        let what =
            format!("there is no kubeconfig, and this pod has no service account: there is no `{}`", token.display());
        return Err(
            PortError::new(what).hint("leave `automountServiceAccountToken` of the pod on, or name a kubeconfig")
        );
    }
    let namespace = std::fs::read_to_string(mount.join("namespace")).ok();
    let namespace = namespace.map(|text| text.trim().to_owned()).filter(|name| !name.is_empty());
    let server = format!("https://{host}:{port}");
    let value = json!({
        "clusters": [{"name": "pod", "cluster": {"server": server, "certificate-authority": mount.join("ca.crt")}}],
        "users": [{"name": "pod", "user": {"tokenFile": token}}],
        "contexts": [{"name": "pod", "context": {"cluster": "pod", "user": "pod", "namespace": namespace}}],
        "current-context": "pod",
    });
    serde_json::from_value(value).map_err(|_| none())
}

fn write(kubeconfig: &Kubeconfig) -> std::io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix("backout-pod-").suffix(".kubeconfig").tempfile()?;
    serde_json::to_writer(&mut file, kubeconfig)?;
    file.flush()?;
    Ok(file)
}

/// `proxy-url` of the cluster of a context.
fn proxy_of(kubeconfig: &Kubeconfig, context: Option<&str>) -> Option<String> {
    let context = context.or(kubeconfig.current_context.as_deref())?;
    let context = kubeconfig.contexts.iter().find(|named| named.name == context)?.context.as_ref()?;
    let cluster = kubeconfig.clusters.iter().find(|named| named.name == context.cluster)?.cluster.as_ref()?;
    cluster.proxy_url.clone().filter(|url| !url.is_empty())
}

/// Proxies are decided here: the client would apply `NO_PROXY` to the proxy's own name.
fn without_proxies(mut kubeconfig: Kubeconfig) -> Kubeconfig {
    for cluster in kubeconfig.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        cluster.proxy_url = None;
    }
    kubeconfig
}

/// Errors of reading, without the lines that they are about: those may be tokens.
fn in_words(error: KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(error) => match error.location() {
            Some(at) => format!("it is no YAML of a kubeconfig (line {}, column {})", at.line(), at.column()),
            None => "it is no YAML of a kubeconfig".to_owned(),
        },
        KubeconfigError::ReadConfig(error, path) => format!("`{}`: {error}", path.display()),
        error => error.to_string(),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test's own files need no durability")]
mod tests {
    use std::collections::BTreeMap;
    use std::fs::write;

    use backout_core::config::ClusterAccess;
    use backout_kube_double::{Double, Instruction};
    use backout_testkit::kube::{Generation, KubeClients};

    use super::*;
    use crate::cluster::Kind;
    use crate::cluster::access::Access;

    /// All but the folder that the cluster mounts: that is an absolute one, which is not for tests to write into.
    #[tokio::test]
    async fn in_a_pod_its_service_account_opens_and_its_namespace_is_meant() {
        let double = Double::secured().unwrap();
        double.tell(Instruction::Token { token: "t-pod".to_owned(), user: Some("pod".to_owned()) });
        let mount = tempfile::tempdir().unwrap();
        let (host, port) = double.url().trim_start_matches("https://").split_once(':').unwrap();
        let variables = [("KUBERNETES_SERVICE_HOST", host), ("KUBERNETES_SERVICE_PORT", port)];
        let environment = variables.map(|(name, value)| (name.into(), value.into()));
        let access = ClusterAccess::default();
        let mut options = ClusterOptions { access, folder: "/".into(), environment: environment.into() };
        let refused = of_pod(&options, mount.path()).unwrap_err();
        assert!(refused.what.contains("no service account"), "{refused:?}");
        write(mount.path().join("token"), "t-pod").unwrap();
        write(mount.path().join("namespace"), "shop").unwrap();
        std::fs::copy(double.authority().unwrap(), mount.path().join("ca.crt")).unwrap();
        let place = Place::in_pod(&options, mount.path()).await.unwrap();
        let access = Access::at(options.clone(), place);
        assert_eq!(access.namespace().await.unwrap(), "shop");
        access.api(Kind::Pod).await.unwrap().list(&Default::default()).await.unwrap();
        let asked = double.requests().pop().unwrap();
        assert_eq!((asked.user.as_deref(), asked.path.as_str()), (Some("pod"), "/api/v1/namespaces/shop/pods"));
        // A program such as `helm` is led to the same account, and may act as somebody else with it.
        let file = access.environment()[OsStr::new("KUBECONFIG")].clone();
        let test = "in_a_pod_its_service_account_opens_and_its_namespace_is_meant";
        if let Some(clients) = KubeClients::new(test, Generation::Helm4, Path::new(&file)) {
            drop(clients.kubectl(&["get", "pods", "--as=deployer"]).ok());
            let asked = double.requests().pop().unwrap();
            assert_eq!((asked.user.as_deref(), asked.impersonated.as_deref()), (Some("pod"), Some("deployer")));
            assert_eq!(asked.path, "/api/v1/namespaces/shop/pods");
        }
        options.environment = BTreeMap::new();
        assert!(of_pod(&options, mount.path()).unwrap_err().what.contains("does not run in a pod"));
    }
}
