//! The double as tests hold it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::api::{Call, dispatch};
use crate::cluster::{Key, kinds};
use crate::door::{Authority, Identity, acceptor};
use crate::programs::{self, Programs};
use crate::script::{Behaviour, ConfigRule, Denial, Fault, Instruction, Program};
use crate::wire::{self, Request, Shared};

/// A running API server; it ends when this is dropped.
#[derive(Debug)]
pub struct Double {
    shared: Arc<Shared>,
    programs: Arc<Programs>,
    runtime: Option<Runtime>,
    folder: TempDir,
    authority: Option<Authority>,
    url: String,
    side_url: String,
}

/// The token that the double's own kubeconfig has, where credentials are asked for.
const ADMIN_TOKEN: &str = "token-of-admin";

impl Double {
    /// Starts a server of its own on a free loopback port, with the namespaces `default` and `kube-system` and one node.
    ///
    /// # Errors
    /// Where no port can be listened on or no temporary file be written.
    pub fn start() -> io::Result<Self> {
        Self::with(|_| Ok(None))
    }

    /// As [`Double::start`], over HTTPS with an authority of its own, and only for who shows credentials: a token
    /// ([`Instruction::Token`]) or a certificate ([`Double::identity`]). All others are told 401. Its kubeconfig is that of a
    /// user `admin` with a token.
    ///
    /// # Errors
    /// As [`Double::start`], or where there is no `openssl`.
    pub fn secured() -> io::Result<Self> {
        let double = Self::with(|folder| Authority::new(folder).map(Some))?;
        double.tell(Instruction::Token { token: ADMIN_TOKEN.to_owned(), user: Some("admin".to_owned()) });
        Ok(double)
    }

    #[expect(clippy::disallowed_methods, reason = "a kubeconfig of a test needs no durability")]
    fn with(authority: impl FnOnce(&Path) -> io::Result<Option<Authority>>) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("backout-kube-double-").tempdir()?;
        let authority = authority(folder.path())?;
        let door = authority.as_ref().map(acceptor).transpose()?;
        let (scheme, file, token) = match &authority {
            Some(authority) => ("https", Some(authority.certificate()), Some(ADMIN_TOKEN)),
            None => ("http", None, None),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (shared, programs) = (Arc::new(Shared::new()), Arc::new(Programs::new()));
        let (server, side) = (wire::listen()?, wire::listen()?);
        let url = format!("{scheme}://{}", server.local_addr()?);
        let side_url = format!("http://{}", side.local_addr()?);
        runtime.spawn(wire::serve(Arc::clone(&shared), server, door));
        runtime.spawn(wire::serve_side(Arc::clone(&shared), side));
        runtime.spawn(wire::tick(Arc::clone(&shared)));
        runtime.spawn(programs::keep(Arc::clone(&shared), Arc::clone(&programs), folder.path().to_owned()));
        std::fs::write(folder.path().join("kubeconfig"), kubeconfig(&url, file.as_deref(), token))?;
        let double = Self { shared, programs, runtime: Some(runtime), folder, authority, url, side_url };
        double.shared.change(|_| ());
        Ok(double)
    }

    /// The certificate of the authority that the server's own is from, as a PEM file; none where it speaks HTTP.
    #[must_use]
    pub fn authority(&self) -> Option<std::path::PathBuf> {
        self.authority.as_ref().map(Authority::certificate)
    }

    /// A certificate that is that user's from now on.
    ///
    /// # Errors
    /// Where it speaks HTTP, or `openssl` fails.
    pub fn identity(&self, user: &str) -> io::Result<Identity> {
        let authority = self.authority.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        let identity = authority.user(user)?;
        let certificate = CertificateDer::from_pem_file(&identity.certificate).map_err(io::Error::other)?;
        self.shared.change(|cluster| cluster.script.accounts.add_certificate(certificate.to_vec(), user));
        Ok(identity)
    }

    /// The address, `http://127.0.0.1:PORT`, or `https` where it is secured.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A kubeconfig file whose only context, `double`, is this server.
    #[must_use]
    pub fn kubeconfig(&self) -> std::path::PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// Where `POST /double/script`, `GET` and `DELETE /double/requests` are answered, and the workloads' own HTTP; it
    /// stays there while the server is away.
    #[must_use]
    pub fn side_url(&self) -> &str {
        &self.side_url
    }

    /// Where a workload answers over HTTP: 200 and the image's tag from a ready pod (500 from an erring one), 503 where
    /// there is none. Any path below it answers alike.
    #[must_use]
    pub fn http(&self, namespace: &str, workload: &str) -> String {
        format!("{}/{namespace}/{workload}", self.side_url)
    }

    /// Containers of an image are processes of this machine, from their next start on. Their pods are ready when these answer the
    /// readiness probe, and fail when they end.
    pub fn run(&self, program: Program) {
        self.tell(Instruction::Run(program));
    }

    /// A port of loopback that leads to the programs of the ready pods that a Service selects, one connection after the other, from
    /// now on: the Service may be made, changed and taken away meanwhile.
    ///
    /// # Errors
    /// Where no port can be listened on.
    pub fn publish(&self, namespace: &str, service: &str) -> io::Result<u16> {
        let listener = wire::listen()?;
        let port = listener.local_addr()?.port();
        let leads_to = (namespace.to_owned(), service.to_owned());
        let runtime = self.runtime.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        runtime.spawn(programs::serve(Arc::clone(&self.shared), listener, leads_to));
        Ok(port)
    }

    /// The ready pods that a Service selects, by name, and the ports of loopback that their programs listen on.
    #[must_use]
    pub fn endpoints(&self, namespace: &str, service: &str) -> Vec<(String, u16)> {
        self.shared.look(|cluster| programs::endpoints(cluster, namespace, service))
    }

    /// Has something be so from now on.
    pub fn tell(&self, instruction: Instruction) {
        self.shared.tell(instruction);
    }

    /// Containers of images whose name contains `image` behave so, from their next start on.
    pub fn image(&self, image: &str, behaviour: Behaviour) {
        self.tell(Instruction::Image { image: image.to_owned(), behaviour });
    }

    /// Containers that read that key of a ConfigMap or Secret at that value behave so, from their next start on.
    pub fn configuration(&self, name: &str, key: &str, value: &str, behaviour: Behaviour) {
        let [name, key, value] = [name, key, value].map(str::to_owned);
        self.tell(Instruction::Configuration(ConfigRule { name, key, value, behaviour }));
    }

    /// The running pods of a workload behave so from now on.
    pub fn become_behaviour(&self, namespace: &str, workload: &str, behaviour: Behaviour) {
        let [namespace, workload] = [namespace, workload].map(str::to_owned);
        self.tell(Instruction::Become { namespace, workload, behaviour });
    }

    /// Strikes requests.
    pub fn fault(&self, fault: Fault) {
        self.tell(Instruction::Fault(fault));
    }

    /// Nothing listens for that long, and all connections end.
    pub fn away(&self, duration: Duration) {
        self.tell(Instruction::Away(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)));
    }

    /// The user may not do that; an empty word stands for all.
    pub fn deny(&self, verb: &str, resource: &str, namespace: &str) {
        let [verb, resource, namespace] = [verb, resource, namespace].map(str::to_owned);
        self.tell(Instruction::Deny(Denial { verb, resource, namespace }));
    }

    /// What was asked so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests()
    }

    /// Forgets what was asked so far.
    pub fn forget_requests(&self) {
        self.shared.forget_requests();
    }

    /// Makes or changes an object past the faults, denials and log: by server-side apply of a manager named `test`. Its
    /// namespace is made where it is missing.
    ///
    /// # Errors
    /// The server's message, where it refuses the object.
    pub fn apply(&self, manifest: &Value) -> Result<(), String> {
        self.shared.change(|cluster| wire::apply(cluster, "test", manifest))
    }

    /// An object as it is stored; none where there is none.
    #[must_use]
    pub fn object(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let resource = kinds::of_object(api_version, kind)?;
        self.shared.look(|cluster| cluster.store.get(&Key::new(resource, namespace, name)).cloned())
    }

    /// All objects of a kind in a namespace, or (an empty one) in all.
    #[must_use]
    pub fn objects(&self, api_version: &str, kind: &str, namespace: &str) -> Vec<Value> {
        let Some(resource) = kinds::of_object(api_version, kind) else { return Vec::new() };
        self.shared.look(|cluster| cluster.store.list(resource, namespace).map(|(_, value)| value.clone()).collect())
    }

    /// Deletes an object past the faults and denials; says whether it was there.
    pub fn delete(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> bool {
        let Some(resource) = kinds::of_object(api_version, kind) else { return false };
        let scope = if resource.is_namespaced { format!("/namespaces/{namespace}") } else { String::new() };
        let root = if resource.group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{api_version}") };
        let path = format!("{root}{scope}/{}/{name}", resource.plural);
        let call = Call { method: "DELETE".to_owned(), path, ..Call::default() };
        self.shared.change(|cluster| dispatch(cluster, &call).is_ok())
    }

    /// Waits until what is asked of the stored objects holds, at most that long; says whether it does.
    #[must_use]
    pub fn eventually(&self, at_most: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let step = Duration::from_millis(10);
        let mut left = at_most;
        while !holds(self) {
            if left.is_zero() {
                return false;
            }
            std::thread::sleep(step);
            left = left.saturating_sub(step);
        }
        true
    }

    /// The folder of the kubeconfig, for files that are to end with the double.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.programs.end();
        // Not waited for: a test may drop it from inside its own runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn kubeconfig(url: &str, authority: Option<&Path>, token: Option<&str>) -> String {
    let mut config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "double",
        "clusters": [{"name": "double", "cluster": {"server": url}}],
        "users": [{"name": "double", "user": {}}],
        "contexts": [{"name": "double", "context": {"cluster": "double", "user": "double", "namespace": "default"}}],
    });
    if let Some(authority) = authority {
        config["clusters"][0]["cluster"]["certificate-authority"] = json!(authority);
    }
    if let Some(token) = token {
        config["users"][0]["user"]["token"] = json!(token);
    }
    format!("{config:#}\n")
}
