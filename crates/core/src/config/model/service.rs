//! Services, and what they are on their platforms.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ArgocdService, BarrierFile, BarrierKind, HelmService, KubernetesService, Probe, Redirect, VersionQuestion, WhenOn,
};
use crate::config::SecretOrText;
use crate::id::{ProbeName, ServiceName};
use crate::inventory::PlatformKind;
use crate::journal::Former;

/// The unit that is deployed and rolled back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Service {
    /// Its name.
    pub name: ServiceName,
    /// What part it plays.
    pub tier: Option<Tier>,
    /// The services it needs: they go back before it. No service is named twice.
    pub depends_on: Vec<ServiceName>,
    /// What it is on its platform.
    pub platform: ServicePlatform,
    /// Files that go back together with the code, as written.
    pub config_files: Vec<String>,
    /// How its health is measured. A Compose service always has a [`super::ProbeKind::Container`] probe.
    pub probes: BTreeMap<ProbeName, Probe>,
    /// Where it says itself which version it is.
    pub version: Option<VersionQuestion>,
    /// The Services of its cluster that lead users to it.
    pub reached_by: Vec<String>,
    /// How long it may take to stop; `None` leaves it to the platform.
    pub stop_timeout: Option<Duration>,
}

/// What part a service plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Databases, queues, caches.
    Infrastructure,
    /// What the team writes.
    Application,
}

impl Tier {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Infrastructure => "infrastructure",
            Self::Application => "application",
        }
    }
}

/// What a service is on its platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServicePlatform {
    /// A service of a Docker Compose project.
    Compose(ComposeProject),
    /// Code on a plain host.
    Host(HostService),
    /// Anything, through the user's own commands.
    Exec(ExecService),
    /// A workload of a Kubernetes cluster.
    Kubernetes(KubernetesService),
    /// A Helm release.
    Helm(HelmService),
    /// An Application of Argo CD.
    Argocd(ArgocdService),
    /// What leads users to one of several other services.
    Traffic(TrafficService),
}

impl ServicePlatform {
    /// The platform.
    #[must_use]
    pub fn kind(&self) -> PlatformKind {
        match self {
            ServicePlatform::Compose(_) => PlatformKind::Compose,
            ServicePlatform::Host(_) => PlatformKind::Host,
            ServicePlatform::Exec(_) => PlatformKind::Exec,
            ServicePlatform::Kubernetes(_) => PlatformKind::Kubernetes,
            ServicePlatform::Helm(_) => PlatformKind::Helm,
            ServicePlatform::Argocd(_) => PlatformKind::Argocd,
            ServicePlatform::Traffic(_) => PlatformKind::Traffic,
        }
    }
}

/// What leads users to one of several other services, such as a blue and a green one: its version is where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrafficService {
    /// What is switched so that it leads to each of them: a symbolic link, or the selector of a Service. At least two.
    pub to: BTreeMap<ServiceName, BarrierKind>,
}

impl TrafficService {
    /// Where it leads, as it was found; `None` where that is none of the services it may lead to.
    ///
    /// | found                   | it leads to the service             |
    /// |-------------------------|-------------------------------------|
    /// | a symbolic link         | for which the link leads there      |
    /// | the fields of a Service | whose labels are the whole selector |
    /// | anything else           | none                                |
    #[must_use]
    pub fn leads_to(&self, found: &Former) -> Option<&ServiceName> {
        let is_there = |kind: &BarrierKind| match (kind, found) {
            (BarrierKind::File(BarrierFile { when_on: WhenOn::Link(to), .. }), Former::Link { to: now }) => to == now,
            (BarrierKind::Cluster { redirect: Redirect::Service { selector, .. }, .. }, Former::Fields { fields }) => {
                fields.get("selector") == Some(&serde_json::json!(selector))
            }
            _ => false,
        };
        self.to.iter().find(|(_, kind)| is_there(kind)).map(|(service, _)| service)
    }
}

/// A service of a Docker Compose project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComposeProject {
    /// Compose files, in order; empty where Compose finds its own.
    pub files: Vec<String>,
    /// Environment files, in order.
    pub env_files: Vec<String>,
    /// The project's name; `None` leaves it to Compose.
    pub project: Option<String>,
    /// Profiles that are active.
    pub profiles: Vec<String>,
    /// The service's name in the project.
    pub service: String,
    /// The Docker context; excludes `host`.
    pub context: Option<String>,
    /// The Docker Engine's address; excludes `context`.
    pub host: Option<String>,
}

/// Code on a plain host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostService {
    /// Where its versions come from.
    pub source: HostSource,
    /// The command that builds a version, run in its folder.
    pub build: Option<Vec<String>>,
    /// How it is restarted.
    pub manage: HostManage,
}

/// Where the versions of a host service come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostSource {
    /// Release folders: `root/releases/ID`, with `root/current` a link to one of them.
    Releases {
        /// The folder.
        root: String,
    },
    /// A git work tree.
    Git {
        /// The work tree.
        root: String,
        /// The branch that is deployed; `None` takes the one that is checked out.
        branch: Option<String>,
        /// How it goes back.
        mode: GitMode,
    },
    /// Nothing but its configuration files goes back.
    None,
}

/// How a git work tree goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GitMode {
    /// The good commit is checked out.
    #[default]
    Checkout,
    /// A commit is added that undoes the bad ones, and can be pushed.
    Revert,
}

/// How a host service is restarted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostManage {
    /// Through systemd units; at least one.
    Units(Vec<String>),
    /// Through the user's own commands.
    Command {
        /// Restarts it.
        restart: Vec<String>,
        /// Exits 0 while it runs.
        status: Option<Vec<String>>,
    },
    /// By our own small supervisor.
    Supervised {
        /// The program and its arguments, run inside the version's folder.
        run: Vec<String>,
        /// Environment variables it gets beside our own.
        env: BTreeMap<String, SecretOrText>,
    },
}

/// A service behind the user's own commands. Every command is a program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExecService {
    /// Prints what runs.
    pub observe: Vec<String>,
    /// Records what runs and prints what `restore` needs.
    pub capture: Vec<String>,
    /// Makes what `capture` recorded run again.
    pub restore: Vec<String>,
    /// Exits 0 if what `capture` recorded can run again.
    pub preflight: Option<Vec<String>>,
    /// Runs for ever and prints a line whenever something moved.
    pub events: Option<Vec<String>>,
    /// How long one command may take, `events` excepted; 5 minutes.
    pub timeout: Duration,
}
