//! What each test stands on: an API server of its own, `helm` of one generation, and the platform.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use backout_clusters::{Cluster, ClusterOptions, HelmPlatform};
use backout_core::config::{ClusterAccess, HelmService};
use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Artifact, Fact, Running};
use backout_core::plan::{Switch, SwitchOrder, runs};
use backout_core::port::{Platform, PortError};
use backout_engine::clock::SystemClock;
use backout_kube_double::Double;
use backout_testkit::kube::{Generation, KubeClients, Ran};
use backout_testkit::world::MemoryBlobs;
use serde_json::Value;

use super::chart;

/// How long anything may take to show.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) struct Ground {
    pub(crate) double: Double,
    pub(crate) clients: KubeClients,
    pub(crate) platform: Arc<HelmPlatform>,
    pub(crate) blobs: MemoryBlobs,
    chart: PathBuf,
}

impl Ground {
    /// `None`, with the skip counted, where there is no `helm`.
    pub(crate) fn new(test: &str, generation: Generation) -> Option<Self> {
        let double = Double::start().unwrap();
        let clients = KubeClients::new(test, generation, &double.kubeconfig())?;
        let files = [
            ("chart/Chart.yaml", chart::CHART),
            ("chart/values.yaml", chart::VALUES),
            ("chart/templates/app.yaml", chart::APP),
            ("chart/templates/hooks.yaml", chart::HOOKS),
        ];
        files.iter().for_each(|(file, content)| drop(clients.write(file, content)));
        let platform = platform(&clients, "helm");
        let chart = clients.folder().join("chart");
        Some(Self { double, clients, platform, blobs: MemoryBlobs::default(), chart })
    }

    /// The same platform with another program.
    pub(crate) fn platform_of(&self, program: &str) -> Arc<HelmPlatform> {
        platform(&self.clients, program)
    }

    /// `helm VERB shop CHART --set ... OPTIONS`.
    pub(crate) fn deploy(&self, verb: &str, set: &str, options: &[&str]) -> Ran {
        let chart = self.chart.to_str().unwrap();
        self.clients.helm(&[&[verb, "shop", chart, "--set", set], options].concat())
    }

    /// The same, and it must succeed.
    pub(crate) fn deployed(&self, verb: &str, set: &str, options: &[&str]) {
        drop(self.deploy(verb, set, options).ok());
    }

    /// A `helm` that runs beside the test.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        let chart = self.chart.to_str().unwrap();
        let arguments: Vec<&str> = arguments.iter().map(|word| if *word == "CHART" { chart } else { word }).collect();
        self.clients.command("helm", &arguments).spawn().unwrap()
    }

    /// Status and description of each revision, oldest first, as `helm` itself has them.
    pub(crate) fn history(&self) -> Vec<(u64, String, String)> {
        let text = self.clients.helm(&["history", "shop", "-o", "json"]).ok();
        let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
        let word = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
        rows.iter()
            .map(|row| (row["revision"].as_u64().unwrap(), word(row, "status"), word(row, "description")))
            .collect()
    }

    /// The status label of a revision's record, as the API server has it.
    pub(crate) fn label(&self, revision: u32) -> Option<String> {
        let name = format!("sh.helm.release.v1.shop.v{revision}");
        let secret = self.double.object("v1", "Secret", "default", &name)?;
        Some(secret["metadata"]["labels"]["status"].as_str()?.to_owned())
    }

    pub(crate) fn waits_for(&self, revision: u32, status: &str) {
        assert!(
            self.double.eventually(SOON, |_| self.label(revision).as_deref() == Some(status)),
            "{:?}",
            self.label(revision)
        );
    }

    /// The image that the Deployment names.
    pub(crate) fn image(&self) -> String {
        let web = self.double.object("apps/v1", "Deployment", "default", "shop-web").unwrap();
        web["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn fact(&self) -> Fact {
        self.platform.observe(&[service_name()]).await.remove(0)
    }

    pub(crate) async fn running(&self) -> Running {
        let fact = self.fact().await;
        fact.running().cloned().unwrap_or_else(|| panic!("{fact:?}"))
    }

    /// Waits until what is seen of the release is so.
    pub(crate) async fn sees(&self, is_so: impl Fn(&Running) -> bool) -> Running {
        let look = async {
            loop {
                if let Some(running) = self.fact().await.running().filter(|running| is_so(running)) {
                    return running.clone();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(SOON, look).await {
            Ok(running) => running,
            Err(_) => panic!("{:#?}", self.fact().await),
        }
    }

    /// Captures the release once it is well.
    pub(crate) async fn captured(&self) -> Artifact {
        self.sees(|running| running.is_well() && running.version().is_some() && running.busy.is_none()).await;
        let checkpoint = CheckpointId::new("cp-1").unwrap();
        let captured = self.platform.capture(&[service_name()], &checkpoint, &self.blobs).await.unwrap();
        captured.artifacts.into_iter().next().unwrap()
    }

    pub(crate) async fn switch(&self, to: &Artifact) -> Result<(), PortError> {
        self.platform.switch(&switch(to), &self.blobs).await
    }

    /// The artifact is what runs, and it is well.
    pub(crate) async fn arrives(&self, at: &Artifact) {
        self.sees(|running| runs(at, running) && running.is_well() && running.busy.is_none()).await;
    }
}

fn platform(clients: &KubeClients, program: &str) -> Arc<HelmPlatform> {
    let access = ClusterAccess { namespace: Some("default".to_owned()), ..ClusterAccess::default() };
    let environment = clients.environment().into_iter().map(|(name, value)| (name.into(), value));
    let cluster = Cluster::new(ClusterOptions {
        access: access.clone(),
        folder: clients.folder().to_owned(),
        environment: environment.collect(),
    });
    let service = HelmService {
        cluster: access,
        program: program.to_owned(),
        release: "shop".to_owned(),
        ready_within: None,
        exec_in: None,
    };
    let services = BTreeMap::from([(service_name(), service)]);
    Arc::new(HelmPlatform::new(cluster, &services, Arc::new(SystemClock)))
}

pub(crate) fn service_name() -> ServiceName {
    ServiceName::new("shop").unwrap()
}

pub(crate) fn switch(to: &Artifact) -> Switch {
    Switch {
        from: None,
        from_label: None,
        to: to.clone(),
        files: Vec::new(),
        order: SwitchOrder::StopFirst,
        grace_ms: 1_000,
        only: None,
    }
}
