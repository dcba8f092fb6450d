//! A namespace on an API server with the adapter on it, and a memory for what it captures.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backout_clusters::{Cluster, ClusterOptions, KubernetesPlatform};
use backout_core::config::{ClusterAccess, KubernetesService, SecretsPolicy, WorkloadKind};
use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Artifact, Fact, Running, Seen, Version};
use backout_core::plan::{Switch, SwitchOrder, runs};
use backout_core::port::{Captured, Clock, Pending, Platform, PortError};
use backout_kube_double::Double;
use backout_testkit::skip::skip;
use backout_testkit::world::MemoryBlobs;
use jiff::Timestamp;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::programs::Program;

/// How long something may take to show: a cluster pulls images.
const SOON: Duration = Duration::from_secs(60);

pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "pods live in real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

pub(crate) struct World {
    double: Option<Double>,
    client: Client,
    pub(crate) namespace: String,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) platform: KubernetesPlatform,
    pub(crate) blobs: MemoryBlobs,
    pub(crate) kind: WorkloadKind,
    checkpoint: CheckpointId,
}

pub(crate) fn web() -> ServiceName {
    ServiceName::new("web").unwrap()
}

#[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
fn cluster_of_the_environment() -> Option<PathBuf> {
    std::env::var_os("BACKOUT_TEST_KUBECONFIG").map(PathBuf::from)
}

impl World {
    /// A namespace with nothing in it; the service `web` is a Deployment `web`.
    pub(crate) async fn new() -> Self {
        Self::of(WorkloadKind::Deployment, SecretsPolicy::Keep).await
    }

    pub(crate) async fn of(kind: WorkloadKind, secrets: SecretsPolicy) -> Self {
        let now = WallClock.now();
        let named = cluster_of_the_environment();
        let double = named.is_none().then(|| Double::start().unwrap());
        let kubeconfig = named.unwrap_or_else(|| double.as_ref().unwrap().kubeconfig());
        let namespace = format!("backout-{}", now.as_nanosecond() % 1_000_000_000_000);
        let access = ClusterAccess {
            kubeconfig: Some(kubeconfig.to_string_lossy().into_owned()),
            namespace: Some(namespace.clone()),
            ..ClusterAccess::default()
        };
        let options = ClusterOptions { access, folder: PathBuf::from("/"), environment: BTreeMap::new() };
        let cluster = Cluster::new(options);
        let service = KubernetesService {
            cluster: ClusterAccess::default(),
            kind,
            name: "web".to_owned(),
            secrets,
            ready_within: None,
        };
        let blobs = MemoryBlobs::default();
        let platform =
            KubernetesPlatform::new(Arc::clone(&cluster), &BTreeMap::from([(web(), service)]), Arc::new(WallClock))
                .with_secrets_seen(Arc::new(blobs.clone()));
        let kubeconfig = kube::config::Kubeconfig::read_from(&kubeconfig).unwrap();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await.unwrap();
        let client = Client::try_from(config).unwrap();
        let checkpoint = CheckpointId::mint(now, 1);
        let world = Self { double, client, namespace, cluster, platform, blobs, kind, checkpoint };
        world.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": world.namespace}})).await;
        world
    }

    /// The double, for faults; `None`, said by the test's name, on a cluster.
    pub(crate) fn double(&self, test: &str) -> Option<&Double> {
        if self.double.is_none() {
            skip(test, "faults cannot be had on a cluster");
        }
        self.double.as_ref()
    }

    pub(crate) fn is_double(&self) -> bool {
        self.double.is_some()
    }

    fn api(&self, object: &Value) -> Api<DynamicObject> {
        let (version, kind) = (object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let gvk = kube::core::GroupVersionKind::gvk(group, version, kind);
        let resource = ApiResource::from_gvk(&gvk);
        match kind {
            "Namespace" => Api::all_with(self.client.clone(), &resource),
            _ => Api::namespaced_with(self.client.clone(), &self.namespace, &resource),
        }
    }

    /// Applies an object as `kubectl apply --server-side --force-conflicts` does.
    pub(crate) async fn apply(&self, object: &Value) {
        let name = object["metadata"]["name"].as_str().unwrap();
        self.api(object).patch(name, &PatchParams::apply("test").force(), &Patch::Apply(object)).await.unwrap();
    }

    pub(crate) async fn merge(&self, [version, kind, name]: [&str; 3], patch: &Value) {
        let api = self.api(&json!({"apiVersion": version, "kind": kind}));
        api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    pub(crate) async fn patch_status(&self, [version, kind, name]: [&str; 3], patch: &Value) {
        let api = self.api(&json!({"apiVersion": version, "kind": kind}));
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    pub(crate) async fn object(&self, version: &str, kind: &str, name: &str) -> Option<Value> {
        let api = self.api(&json!({"apiVersion": version, "kind": kind}));
        api.get_opt(name).await.unwrap().map(|object| json!(object))
    }

    pub(crate) async fn workload(&self) -> Value {
        self.object(self.api_version(), self.kind_name(), "web").await.unwrap()
    }

    pub(crate) async fn delete(&self, version: &str, kind: &str, name: &str) {
        let api = self.api(&json!({"apiVersion": version, "kind": kind}));
        api.delete(name, &DeleteParams::background()).await.unwrap();
    }

    pub(crate) fn api_version(&self) -> &'static str {
        if self.kind == WorkloadKind::Rollout { "argoproj.io/v1alpha1" } else { "apps/v1" }
    }

    pub(crate) fn kind_name(&self) -> &'static str {
        match self.kind {
            WorkloadKind::Deployment => "Deployment",
            WorkloadKind::StatefulSet => "StatefulSet",
            WorkloadKind::DaemonSet => "DaemonSet",
            WorkloadKind::Rollout => "Rollout",
        }
    }

    /// The workload `web` with two pods of that program.
    pub(crate) fn manifest(&self, program: Program) -> Value {
        let labels = json!({"app": "web"});
        let mut manifest = json!({
            "apiVersion": self.api_version(), "kind": self.kind_name(), "metadata": {"name": "web"},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"terminationGracePeriodSeconds": 1, "containers": [program.container(self.is_double())]},
                },
            },
        });
        match self.kind {
            WorkloadKind::DaemonSet => {}
            WorkloadKind::Rollout => {
                manifest["spec"]["replicas"] = json!(4);
                manifest["spec"]["strategy"] = json!({"canary": {"steps": [{"setWeight": 75}, {"pause": {}}]}});
            }
            WorkloadKind::StatefulSet => {
                manifest["spec"]["replicas"] = json!(2);
                manifest["spec"]["serviceName"] = json!("web");
            }
            _ => manifest["spec"]["replicas"] = json!(2),
        }
        manifest
    }

    pub(crate) async fn deploy(&self, program: Program) {
        self.apply(&self.manifest(program)).await;
    }

    pub(crate) async fn look(&self) -> Fact {
        self.platform.observe(&[web()]).await.remove(0)
    }

    pub(crate) async fn running(&self) -> Running {
        let seen = self.look().await.seen;
        let Seen::Present(running) = seen else { panic!("{seen:?}") };
        running
    }

    /// Looks until what is seen is as wanted.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Seen) -> bool) -> Seen {
        let looked = async {
            loop {
                let seen = self.look().await.seen;
                if is_so(&seen) {
                    return seen;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(SOON, looked).await {
            Ok(seen) => seen,
            Err(_) => panic!("never {what}: {:#?}", self.look().await.seen),
        }
    }

    /// Deploys a program that gets well, and waits for it.
    pub(crate) async fn deployed(&self, program: Program) -> Running {
        let before = self.look().await.version().cloned();
        self.deploy(program).await;
        let is_other = |seen: &Seen| match seen {
            Seen::Present(running) => running.version() != before.as_ref(),
            Seen::Absent | Seen::Unknown { .. } => false,
        };
        self.until("another version", is_other).await;
        self.well().await
    }

    /// What the platform says of going back, once it says that word.
    pub(crate) async fn notes(&self, artifact: &Artifact, word: &str) -> Vec<String> {
        let noted = async {
            loop {
                let notes = self.platform.notes(artifact, &self.blobs).await;
                if notes.iter().any(|note| note.contains(word)) {
                    return notes;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, noted).await.expect("it is noted")
    }

    /// All pods are there and well, of the template that the workload has: not those that are yet to go.
    pub(crate) async fn well(&self) -> Running {
        let stays = |running: &Running| running.version().is_some_and(|version| !version.spec.contains(" leaving"));
        let is_whole = |running: &Running| running.wanted > 0 && running.instances.len() == running.wanted as usize;
        let is_well = |seen: &Seen| matches!(seen, Seen::Present(running) if is_whole(running) && running.is_well() && stays(running));
        let Seen::Present(running) = self.until("well", is_well).await else { unreachable!() };
        running
    }

    pub(crate) async fn in_trouble(&self, word: &str) -> Running {
        let has = |seen: &Seen| {
            let Seen::Present(running) = seen else { return false };
            running.trouble.as_ref().is_some_and(|trouble| trouble.what.contains(word))
        };
        let Seen::Present(running) = self.until(word, has).await else { unreachable!() };
        running
    }

    pub(crate) async fn capture(&self) -> Artifact {
        let captured = self.captured().await.unwrap();
        captured.artifacts.into_iter().next().unwrap()
    }

    pub(crate) async fn captured(&self) -> Result<Captured, PortError> {
        self.platform.capture(&[web()], &self.checkpoint, &self.blobs).await
    }

    /// The switch that a planner would make of what runs now.
    pub(crate) async fn switch_to(&self, artifact: &Artifact) -> Switch {
        let from: Option<Version> = self.look().await.version().cloned();
        Switch {
            from,
            from_label: None,
            to: artifact.clone(),
            files: Vec::new(),
            order: SwitchOrder::StopFirst,
            grace_ms: 1000,
            only: None,
        }
    }

    pub(crate) async fn try_back(&self, artifact: &Artifact) -> Result<(), PortError> {
        let switch = self.switch_to(artifact).await;
        let switched = self.platform.switch(&switch, &self.blobs);
        tokio::time::timeout(SOON, switched).await.expect("the switch ends")
    }

    /// Goes back, and waits until what runs is well.
    pub(crate) async fn back(&self, artifact: &Artifact) -> Running {
        self.try_back(artifact).await.unwrap();
        let running = self.well().await;
        assert!(runs(artifact, &running), "{running:#?} is not {artifact:#?}");
        assert_eq!(running.trouble, None);
        running
    }

    /// Ends what the test made on a cluster; the double ends by itself.
    pub(crate) async fn end(self) {
        if self.double.is_none() {
            let namespaces = self.api(&json!({"apiVersion": "v1", "kind": "Namespace"}));
            namespaces.delete(&self.namespace, &DeleteParams::background()).await.unwrap();
        }
    }
}
