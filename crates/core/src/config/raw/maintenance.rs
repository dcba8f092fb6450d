//! Maintenance mode: what keeps users away while nothing works.

use super::{Argv, RawProbe};
use crate::config::leaf::{Positive, Word};
use crate::config::read::{List, Map, Scalar, raw};

raw! {
    /// What keeps users away while nothing works. What is given is switched in this order, and off in the other.
    RawMaintenance {
        /// Whether an automatic run switches it on where every way back failed. Default true.
        automatic: optional Scalar<bool>,
        /// Commands of one's own.
        command: optional RawMaintenanceCommand,
        /// A file or a symbolic link that a proxy looks at.
        file: optional RawMaintenanceFile,
        /// A Service or an Ingress of a cluster that leads elsewhere, on the cluster and in the namespace of the environment.
        cluster: optional RawMaintenanceCluster,
        /// Services of a Compose profile that are started, in the project of the environment.
        compose: optional RawMaintenanceCompose,
        /// What shows that it is on, such as a request to the page: `{ http: ..., expect: { status: 503 } }`.
        page: optional RawProbe,
    }
}

raw! {
    /// Commands that switch maintenance mode.
    RawMaintenanceCommand {
        /// The command that switches it on. It may be run again where it is on.
        on: required Argv,
        /// The command that switches it off. It may be run again where it is off.
        off: required Argv,
    }
}

raw! {
    /// A file or a symbolic link that a proxy looks at, such as nginx, Caddy or HAProxy.
    RawMaintenanceFile {
        /// The file that is there while maintenance mode is on.
        create: optional Scalar<String>,
        /// The file that is not there while it is on.
        remove: optional Scalar<String>,
        /// The symbolic link that leads elsewhere while it is on.
        link: optional Scalar<String>,
        /// With `link`: where it leads then.
        to: optional Scalar<String>,
        /// With `create`: what is in the file. Default: nothing.
        content: optional Scalar<String>,
        /// A command that must succeed before the proxy is told: `[nginx, -t]`. Where it fails, the file goes back.
        check: optional Argv,
        /// The command that tells the proxy, where it does not look by itself: `[nginx, -s, reload]`.
        reload: optional Argv,
    }
}

raw! {
    /// A Service or an Ingress that leads to something else while maintenance mode is on.
    RawMaintenanceCluster {
        /// The Service.
        service: optional Scalar<Word>,
        /// With `service`: the labels of the pods that it leads to then, such as `{ app: maintenance }`.
        selector: optional Map<Scalar<Word>>,
        /// The Ingress.
        ingress: optional Scalar<Word>,
        /// With `ingress`: the Service that all of its rules lead to then.
        backend: optional Scalar<Word>,
        /// With `ingress`: that Service's port. Default 80.
        port: optional Scalar<Positive>,
    }
}

raw! {
    /// Services of a Compose profile.
    RawMaintenanceCompose {
        /// The profile.
        profile: required Scalar<Word>,
        /// Its services that are started. Default: all of the profile.
        services: optional List<Scalar<Word>>,
    }
}
