//! Everything a test can say to the double, in process or as JSON to `POST /double/script`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::script::{Behaviour, Fault, Program, Timings};

/// One thing to be so from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Instruction {
    /// Something goes wrong with requests.
    Fault(Fault),
    /// No fault strikes any more.
    NoFaults,
    /// Nothing listens for that many milliseconds, and all connections end.
    Away(u64),
    /// All revisions so far are gone: watches from them are told 410.
    Expire,
    /// How long things take.
    Timings(Timings),
    /// Containers of images whose name contains `image` behave so, from their next start on.
    Image {
        /// A part of the image's name.
        image: String,
        /// What they do.
        behaviour: Behaviour,
    },
    /// Containers of an image run a program of this machine, from their next start on.
    Run(Program),
    /// Containers that read that configuration behave so, from their next start on.
    Configuration(ConfigRule),
    /// Pods that run, of the workload of that name or whose own name it is, behave so from now on.
    Become {
        /// The namespace.
        namespace: String,
        /// The Deployment's, StatefulSet's, DaemonSet's or pod's name.
        workload: String,
        /// What they do.
        behaviour: Behaviour,
    },
    /// The registry holds another image under that name: pods that start from now on run that digest.
    Digest {
        /// The image as the template names it.
        image: String,
        /// `sha256:...`
        digest: String,
    },
    /// What containers of that image write.
    Log {
        /// The image as the template names it.
        image: String,
        /// The text, with its line ends.
        text: String,
    },
    /// Admission refuses every new pod of a namespace with that message; none lifts it.
    RefusePods {
        /// The namespace.
        namespace: String,
        /// What the API server says.
        message: Option<String>,
    },
    /// The user may not do that.
    Deny(Denial),
    /// The user may do everything again.
    AllowAll,
    /// That token is the user's; none revokes it. Counts only where credentials are asked for ([`Double::secured`]).
    ///
    /// [`Double::secured`]: crate::Double::secured
    Token {
        /// The token.
        token: String,
        /// Whose it is.
        user: Option<String>,
    },
    /// The cluster does not know that API group.
    WithoutGroup(String),
    /// A commit of a repository that Argo CD deploys: what its manifests make. It becomes the repository's head.
    Commit {
        /// The repository as the Application names it.
        repository: String,
        /// The commit's id.
        revision: String,
        /// The objects.
        manifests: Vec<Value>,
    },
    /// Argo CD's operations on that Application wait because of a sync window, or do no more.
    SyncWindow {
        /// The Application's name.
        application: String,
        /// Whether a window denies them.
        is_closed: bool,
    },
    /// Argo CD's operations on that Application fail with that message; none lifts it.
    FailSync {
        /// The Application's name.
        application: String,
        /// What `status.operationState.message` says.
        message: Option<String>,
    },
    /// Argo CD says that health of an Application whatever its objects say; none lifts it.
    Health {
        /// The Application's name.
        application: String,
        /// `Healthy`, `Progressing`, `Degraded`, ...
        status: Option<String>,
    },
}

/// With that key of a ConfigMap or Secret at that value, containers that read it behave so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigRule {
    /// The ConfigMap's or Secret's name.
    pub name: String,
    /// The key.
    pub key: String,
    /// The value, as the program reads it.
    pub value: String,
    /// What they do.
    pub behaviour: Behaviour,
}

/// What the user may not do; an empty word stands for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Denial {
    /// Kubernetes' verb.
    pub verb: String,
    /// The plural name, with the subresource after a `/`.
    pub resource: String,
    /// The namespace.
    pub namespace: String,
}

impl Denial {
    /// Whether it holds for a request.
    pub(crate) fn is_for(&self, verb: &str, resource: &str, namespace: &str) -> bool {
        [(&self.verb, verb), (&self.resource, resource), (&self.namespace, namespace)]
            .iter()
            .all(|(denied, asked)| denied.is_empty() || denied == asked)
    }
}
