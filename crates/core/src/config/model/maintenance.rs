//! Maintenance mode: what keeps users away while nothing works.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{ClusterAccess, ComposeProject, Probe};

/// How maintenance mode is switched, and what shows it. Paths are as written.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Maintenance {
    /// What is switched, in the order in which it is switched on; empty where nothing is configured.
    pub barriers: Vec<BarrierKind>,
    /// What shows that it is on.
    pub page: Option<Probe>,
    /// Whether an automatic run switches it on where every way back failed; so unless configured otherwise.
    pub automatic: bool,
}

/// One thing that keeps users away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum BarrierKind {
    /// Commands of the user's own.
    Command {
        /// Switches it on.
        on: Vec<String>,
        /// Switches it off.
        off: Vec<String>,
    },
    /// A file or a symbolic link that a proxy looks at.
    File(BarrierFile),
    /// An object of a cluster that leads users elsewhere.
    Cluster {
        /// The cluster and the namespace: those of the environment's first service on one.
        cluster: ClusterAccess,
        /// The object.
        redirect: Redirect,
    },
    /// Services of a Compose profile.
    Compose {
        /// The project that they are in; its own service is the first of the environment's.
        project: ComposeProject,
        /// The profile.
        profile: String,
        /// Those that are started; all of the profile where it is empty.
        services: Vec<String>,
    },
}

/// An object of a cluster that leads users elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Redirect {
    /// A Service, which leads to other pods.
    Service {
        /// Its name.
        name: String,
        /// The labels of those pods; not empty.
        selector: BTreeMap<String, String>,
    },
    /// An Ingress, all of whose rules lead to another Service.
    Ingress {
        /// Its name.
        name: String,
        /// That Service.
        backend: String,
        /// Its port.
        port: u32,
    },
}

/// A file or a symbolic link that a proxy looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BarrierFile {
    /// Its path.
    pub path: String,
    /// How it is while maintenance mode is on.
    pub when_on: WhenOn,
    /// The command that must succeed before the proxy is told.
    pub check: Option<Vec<String>>,
    /// The command that tells the proxy.
    pub reload: Option<Vec<String>>,
}

/// How a file is while maintenance mode is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum WhenOn {
    /// It is there, with this content.
    There(String),
    /// It is not there.
    Absent,
    /// It is a symbolic link that leads there.
    Link(String),
}
