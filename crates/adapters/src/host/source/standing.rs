//! One interface to the three kinds of source.

use std::path::PathBuf;

use backout_core::config::HostSource;
use backout_core::id::CheckpointId;
use backout_core::inventory::Version;
use backout_core::port::{PortError, Preflight};
use jiff::Timestamp;

use super::{Releases, WorkTree};
use crate::command::Environment;

/// The version of a service that has no code of its own here.
const UNVERSIONED: &str = "unversioned";

/// One version, where it stands on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// What is compared.
    pub(crate) version: Version,
    /// In words.
    pub(crate) label: String,
    /// Where it is.
    pub(crate) folder: PathBuf,
}

/// What is known of a process, to tell what it was started from. An exit code or a link is no evidence of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Loaded {
    /// Its number, if it runs.
    pub(crate) pid: Option<u32>,
    /// When it started.
    pub(crate) started: Option<Timestamp>,
    /// When it was last told to load its code again.
    pub(crate) reloaded: Option<Timestamp>,
}

impl Loaded {
    /// When it last read its code, as far as is known.
    pub(crate) fn at(&self) -> Option<Timestamp> {
        self.started.max(self.reloaded)
    }
}

/// Where the versions of one service come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Releases(Releases),
    Git(WorkTree),
    Nowhere,
}

impl Source {
    pub(crate) fn new(source: &HostSource, build: Option<&[String]>, environment: &Environment) -> Self {
        match source {
            HostSource::Releases { root } => Self::Releases(Releases::new(root)),
            HostSource::Git { root, branch, mode } => {
                let build = build.unwrap_or_default().to_vec();
                Self::Git(WorkTree::new(root, branch.clone(), *mode, build, environment))
            }
            HostSource::None => Self::Nowhere,
        }
    }

    /// What a start would start now; `None` where there is nothing.
    pub(crate) async fn current(&self) -> Result<Option<Standing>, PortError> {
        match self {
            Self::Releases(releases) => releases.current(),
            Self::Git(tree) => tree.current().await,
            Self::Nowhere => Ok(Some(nowhere())),
        }
    }

    /// What a process was started from.
    pub(crate) async fn loaded(&self, process: &Loaded) -> Result<Option<Standing>, PortError> {
        match self {
            Self::Releases(releases) => releases.loaded(process),
            Self::Git(tree) => tree.loaded(process).await,
            Self::Nowhere => Ok(Some(nowhere())),
        }
    }

    /// Keeps a version from being taken away.
    pub(crate) async fn pin(&self, standing: &Standing, checkpoint: &CheckpointId) -> Result<(), PortError> {
        match self {
            Self::Releases(releases) => {
                let (releases, standing, checkpoint) = (releases.clone(), standing.clone(), checkpoint.clone());
                blocking(move || releases.pin(&standing, &checkpoint)).await
            }
            Self::Git(tree) => tree.pin(&standing.version, checkpoint).await,
            Self::Nowhere => Ok(()),
        }
    }

    /// Lets go of what was kept for a checkpoint.
    pub(crate) async fn unpin(&self, checkpoint: &CheckpointId) -> Result<(), PortError> {
        match self {
            Self::Releases(releases) => {
                let (releases, checkpoint) = (releases.clone(), checkpoint.clone());
                blocking(move || releases.unpin(&checkpoint)).await
            }
            Self::Git(tree) => tree.unpin(checkpoint).await,
            Self::Nowhere => Ok(()),
        }
    }

    /// Whether a version can be had.
    pub(crate) async fn preflight(&self, version: &Version) -> Preflight {
        match self {
            Self::Releases(releases) => releases.preflight(version),
            Self::Git(tree) => tree.preflight(version).await,
            Self::Nowhere => Preflight::Present,
        }
    }

    /// Makes a version the current one.
    pub(crate) async fn go(&self, version: &Version) -> Result<Standing, PortError> {
        match self {
            Self::Releases(releases) => {
                let (releases, version) = (releases.clone(), version.clone());
                blocking(move || releases.go(&version)).await
            }
            Self::Git(tree) => tree.go(version).await,
            Self::Nowhere => Ok(nowhere()),
        }
    }

    /// State and recent history as files of evidence: name and content.
    pub(crate) async fn evidence(&self) -> Vec<(String, Vec<u8>)> {
        match self {
            Self::Git(tree) => tree.evidence().await,
            Self::Releases(_) | Self::Nowhere => Vec::new(),
        }
    }
}

fn nowhere() -> Standing {
    Standing {
        version: Version { code: UNVERSIONED.to_owned(), spec: String::new() },
        label: "no code of its own".to_owned(),
        folder: PathBuf::from("/"),
    }
}

async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, PortError> + Send + 'static,
) -> Result<T, PortError> {
    tokio::task::spawn_blocking(act).await.unwrap_or_else(|_| Err(PortError::new("interrupted")))
}
