//! One interface to the three ways of running a service.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backout_core::config::HostManage;
use backout_core::detect::Usage;
use backout_core::id::ServiceName;
use backout_core::inventory::{Health, InstanceState};
use backout_core::port::{Clock, LogSink, LogSpan, PortError};
use futures_util::stream::{BoxStream, StreamExt as _};
use jiff::Timestamp;

use super::{OwnCommands, Supervised, Units};
use crate::command::Environment;
use crate::host::source::{Loaded, Standing};
use crate::host::supervisor;
use crate::secret::Secrets;

/// How often a service is looked at that cannot tell by itself.
const LOOK: Duration = Duration::from_millis(500);

/// What every keeper needs to know beside its service.
#[derive(Clone)]
pub(crate) struct Surroundings {
    /// The environment of every program that is run.
    pub(crate) environment: Environment,
    /// Where supervised services have their files.
    pub(crate) folder: PathBuf,
    /// The supervising program with its first arguments.
    pub(crate) supervisor: Vec<String>,
    /// Whether the system bus may be spoken to.
    pub(crate) is_bus_used: bool,
    /// Looks up the secrets of supervised services.
    pub(crate) secrets: Arc<Secrets>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}

/// One process, unit or whatever a keeper counts as an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) state: InstanceState,
    pub(crate) health: Health,
    pub(crate) since: Option<Timestamp>,
    pub(crate) restarts: u32,
    pub(crate) told: Told,
}

/// What is known of the version that an instance was started from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// It was written down when it was started.
    Written(Standing),
    /// It follows from when the process started, and where.
    Seen(Loaded),
}

/// Runs one service.
#[derive(Clone)]
pub(crate) enum Keeper {
    Units(Units),
    Own(OwnCommands),
    Supervised(Supervised),
}

impl Keeper {
    pub(crate) fn new(service: &ServiceName, manage: &HostManage, surroundings: &Surroundings) -> Self {
        match manage {
            HostManage::Units(units) => Self::Units(Units::new(units, surroundings)),
            HostManage::Command { restart, status } => {
                Self::Own(OwnCommands::new(service, restart, status.as_deref(), surroundings))
            }
            HostManage::Supervised { run, env } => Self::Supervised(Supervised::new(service, run, env, surroundings)),
        }
    }

    /// How many instances there should be.
    pub(crate) fn wanted(&self) -> u32 {
        match self {
            Self::Units(units) => u32::try_from(units.names().len()).unwrap_or(u32::MAX),
            Self::Own(_) | Self::Supervised(_) => 1,
        }
    }

    /// The instances; `None` where there is no such service.
    pub(crate) async fn look(&self) -> Result<Option<Vec<Process>>, PortError> {
        match self {
            Self::Units(units) => units.look().await,
            Self::Own(own) => own.look().await.map(Some),
            Self::Supervised(supervised) => supervised.look().await,
        }
    }

    /// Starts it anew from what stands there now; the old processes get so long to stop.
    pub(crate) async fn restart(&self, standing: &Standing, grace: Duration) -> Result<(), PortError> {
        match self {
            Self::Units(units) => units.restart(grace).await,
            Self::Own(own) => own.restart().await,
            Self::Supervised(supervised) => supervised.restart(standing, grace).await,
        }
    }

    /// Stops it.
    pub(crate) async fn stop(&self, grace: Duration) -> Result<(), PortError> {
        match self {
            Self::Units(units) => units.stop(grace).await,
            Self::Own(own) => own.stop(),
            Self::Supervised(supervised) => supervised.stop(grace).await,
        }
    }

    /// Logs and states as files of evidence: name and content.
    pub(crate) async fn evidence(&self) -> Vec<(String, Vec<u8>)> {
        match self {
            Self::Units(units) => units.evidence().await,
            Self::Own(own) => own.evidence().await,
            Self::Supervised(supervised) => supervised.evidence(),
        }
    }

    /// Hands over what was written to the journal.
    pub(crate) async fn output(&self, span: LogSpan, sink: LogSink<'_>) -> Result<(), PortError> {
        match self {
            Self::Units(units) => units.output(span, sink).await,
            Self::Own(_) | Self::Supervised(_) => {
                let error = PortError::new("only the journal of units can be read");
                Err(error.hint("name the files that the service logs to, under `files`"))
            }
        }
    }

    /// What each of them uses.
    pub(crate) async fn usage(&self) -> Result<Vec<Usage>, PortError> {
        match self {
            Self::Units(units) => units.usage().await,
            Self::Own(_) | Self::Supervised(_) => {
                let error = PortError::new("what it uses is measured of units only");
                Err(error.hint("make a signal of a query of Prometheus"))
            }
        }
    }

    /// What tells that something may have changed.
    pub(crate) async fn changes(&self) -> Changes {
        match self {
            Self::Units(units) => units.changes().await.map_or(Changes::FromTimeToTime, Changes::Bus),
            Self::Own(own) if own.can_look() => Changes::FromTimeToTime,
            Self::Own(_) => Changes::Never,
            Self::Supervised(supervised) => Changes::Folder(supervised.changes()),
        }
    }
}

/// What tells that something may have changed.
pub(crate) enum Changes {
    /// Nobody does: look from time to time.
    FromTimeToTime,
    /// There is nothing to look at.
    Never,
    /// systemd does.
    Bus(BoxStream<'static, ()>),
    /// The kernel does.
    Folder(supervisor::Changes),
}

impl Changes {
    /// Ends when something may have changed; `false` where the teller itself is gone.
    pub(crate) async fn next(&mut self, clock: &dyn Clock) -> bool {
        match self {
            Self::FromTimeToTime => clock.sleep(LOOK).await,
            Self::Never => std::future::pending().await,
            Self::Bus(stream) => return stream.next().await.is_some(),
            Self::Folder(folder) => folder.next(clock).await,
        }
        true
    }
}
