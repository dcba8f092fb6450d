//! What a step does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::{DataAct, DataStep};
use crate::id::ServiceName;
use crate::inventory::{Artifact, FileRef, Version};

/// One thing to do. Every action is idempotent in its aim: it names the state to reach, not the movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Keep logs, state and events of a service before they are lost.
    KeepEvidence {
        /// The service.
        service: ServiceName,
    },
    /// Make a service run an artifact, together with its configuration files.
    Switch(Box<Switch>),
    /// Put configuration files back without touching what runs.
    RestoreFiles {
        /// The service that the files belong to.
        service: ServiceName,
        /// The files as they shall be.
        files: Vec<FileRef>,
    },
    /// Stop a service that was not there when the checkpoint was taken.
    Stop {
        /// The service.
        service: ServiceName,
        /// How long it may take, in milliseconds.
        grace_ms: u64,
    },
    /// Wait until every instance runs, its health check holds, and the service's own probes hold.
    AwaitHealthy {
        /// The service.
        service: ServiceName,
        /// How long to wait, in milliseconds.
        within_ms: u64,
    },
    /// Take a database back, or a part of the way.
    Data(Box<DataStep>),
    /// Empty a cache, so that nothing from after the checkpoint is served from it.
    Flush {
        /// Its name in the configuration.
        cache: String,
    },
    /// Verify between two batches: go on only if health has neither recovered nor worsened.
    Gate {
        /// The batch that has just been done, counted from 1.
        batch: u32,
        /// How many there are.
        of: u32,
    },
}

/// Make a service run an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Switch {
    /// What runs now, where one version does.
    pub from: Option<Version>,
    /// What runs now, in words; `None` where nothing does.
    #[serde(default)]
    pub from_label: Option<String>,
    /// What shall run.
    pub to: Artifact,
    /// The files that go back in the same step: those of the artifact that differ on disk.
    pub files: Vec<FileRef>,
    /// Which comes first.
    pub order: SwitchOrder,
    /// How long the old instances may take to stop, in milliseconds.
    pub grace_ms: u64,
    /// The part of the artifact that goes back; `None` is all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Part>,
}

/// A part of an artifact that can go back by itself, while what is executed stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Part {
    /// The configuration that its platform keeps beside it.
    Configuration {
        /// What of it is not as it shall be, in words (see [`crate::port::Platform::unlike`]).
        what: Vec<String>,
    },
}

impl Switch {
    /// Whether the version that shall run is what runs already, so that the instances are to be started anew: one has
    /// ended, their number is wrong, or a file that the service reads itself goes back (perhaps with an earlier step that
    /// shares it, so that `files` is empty). Looking at the version and the files cannot tell whether that has been done:
    /// a switch like this that is in doubt is done again.
    #[must_use]
    pub fn starts_anew(&self) -> bool {
        self.from.as_ref() == Some(&self.to.version)
    }
}

/// Whether the new instance starts before the old one stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SwitchOrder {
    /// The new one is started and healthy before the old one stops.
    StartFirst,
    /// The new one is made, then the old one stops, then the new one starts: a published port or a fixed name is shared.
    StopFirst,
}

impl Action {
    /// The service acted on, if it is about one.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceName> {
        match self {
            Action::KeepEvidence { service }
            | Action::RestoreFiles { service, .. }
            | Action::Stop { service, .. }
            | Action::AwaitHealthy { service, .. } => Some(service),
            Action::Switch(switch) => Some(&switch.to.service),
            Action::Gate { .. } | Action::Data(_) | Action::Flush { .. } => None,
        }
    }

    /// A short name for the kind of action; estimates are kept by it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Action::KeepEvidence { .. } => "keep_evidence",
            Action::Switch(_) => "switch",
            Action::RestoreFiles { .. } => "restore_files",
            Action::Stop { .. } => "stop",
            Action::AwaitHealthy { .. } => "await_healthy",
            Action::Gate { .. } => "gate",
            Action::Data(step) => step.act.kind(),
            Action::Flush { .. } => "flush",
        }
    }

    /// Whether the action only looks.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        match self {
            Action::KeepEvidence { .. } | Action::AwaitHealthy { .. } | Action::Gate { .. } => true,
            Action::Data(step) => matches!(step.act, DataAct::ReportLoss { .. }),
            Action::Switch(_) | Action::RestoreFiles { .. } | Action::Stop { .. } | Action::Flush { .. } => false,
        }
    }
}
