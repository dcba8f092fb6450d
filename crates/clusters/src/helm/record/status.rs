//! What Helm says of a revision.

use std::fmt;

/// The status of a revision, as both generations of Helm write it (helm/helm `pkg/release/common/status.go`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    Deployed,
    Superseded,
    Failed,
    Uninstalled,
    Uninstalling,
    PendingInstall,
    PendingUpgrade,
    PendingRollback,
    /// One that was not known when this was written.
    Other(String),
}

impl Status {
    pub(crate) fn read(text: &str) -> Self {
        match text {
            "deployed" => Status::Deployed,
            "superseded" => Status::Superseded,
            "failed" => Status::Failed,
            "uninstalled" => Status::Uninstalled,
            "uninstalling" => Status::Uninstalling,
            "pending-install" => Status::PendingInstall,
            "pending-upgrade" => Status::PendingUpgrade,
            "pending-rollback" => Status::PendingRollback,
            other => Status::Other(other.to_owned()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Status::Deployed => "deployed",
            Status::Superseded => "superseded",
            Status::Failed => "failed",
            Status::Uninstalled => "uninstalled",
            Status::Uninstalling => "uninstalling",
            Status::PendingInstall => "pending-install",
            Status::PendingUpgrade => "pending-upgrade",
            Status::PendingRollback => "pending-rollback",
            Status::Other(text) => text,
        }
    }

    /// What is under way; `None` where nothing is.
    pub(crate) fn under_way(&self) -> Option<&'static str> {
        match self {
            Status::PendingInstall => Some("install"),
            Status::PendingUpgrade => Some("upgrade"),
            Status::PendingRollback => Some("rollback"),
            Status::Uninstalling => Some("uninstall"),
            _ => None,
        }
    }

    /// Whether what the revision renders was put in place whole. The newest one is `superseded` where a client that had
    /// been given up came back and ended an older operation.
    pub(crate) fn is_in_place(&self) -> bool {
        matches!(self, Status::Deployed | Status::Superseded)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
