//! What the supervising process writes down: one small file a service, replaced in one step at every change.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use backout_core::inventory::{InstanceState, Version};
use backout_core::port::PortError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::process::Written;
use crate::files::{explain, replace};

/// The format that this version writes.
const FORMAT: u32 = 1;

/// The exit code told where nobody was there to see the real one.
pub(crate) const UNSEEN_CODE: i64 = -1;

/// Where the files of a supervised service are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Places {
    /// The folder of all supervised services.
    pub(crate) folder: PathBuf,
    /// The service.
    service: String,
}

impl Places {
    pub(crate) fn new(folder: &Path, service: &str) -> Self {
        Self { folder: folder.to_owned(), service: service.to_owned() }
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.service))
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.service))
    }

    pub(crate) fn earlier_log(&self) -> PathBuf {
        self.folder.join(format!("{}.log.1", self.service))
    }

    pub(crate) fn options(&self) -> PathBuf {
        self.folder.join(format!("{}.start.json", self.service))
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.folder.join(format!("{}.lock", self.service))
    }
}

/// A supervised service, as its supervising process last wrote it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    format: u32,
    /// Which start this is: the starter's own mark.
    pub(crate) mark: String,
    /// The supervising process.
    pub(crate) supervisor: Written,
    /// The service's process, the last one if it has ended.
    pub(crate) process: Option<Written>,
    /// What it was started from. Where `current` points by now says nothing about it.
    pub(crate) version: Version,
    /// The same in words.
    pub(crate) label: String,
    /// The folder it was started in.
    pub(crate) folder: PathBuf,
    /// How often it was started again after a crash.
    pub(crate) restarts: u32,
    /// Since when it is in this phase.
    pub(crate) since: Timestamp,
    /// Where it is in its life.
    pub(crate) phase: Phase,
}

/// Where a supervised service is in its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum Phase {
    /// About to be started.
    Starting,
    /// Started.
    Running,
    /// It crashed and is about to be started again.
    Restarting,
    /// It ended by itself.
    Ended {
        /// Its exit code; 128 + n for signal n.
        code: i64,
        /// Why it could not even be started.
        why: Option<String>,
    },
    /// It was asked to stop, and did.
    Stopped,
}

impl State {
    /// The state of a service about to be started by a supervising process.
    pub(crate) fn starting(mark: &str, supervisor: Written, from: (Version, String, PathBuf), now: Timestamp) -> Self {
        let (version, label, folder) = from;
        Self {
            format: FORMAT,
            mark: mark.to_owned(),
            supervisor,
            process: None,
            version,
            label,
            folder,
            restarts: 0,
            since: now,
            phase: Phase::Starting,
        }
    }

    /// Reads what was last written; `None` where nothing was.
    ///
    /// # Errors
    /// Where the file cannot be read, or is of a newer format.
    pub(crate) fn read(places: &Places) -> Result<Option<Self>, PortError> {
        let path = places.state();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(explain("read", &path, &error)),
        };
        let state: Self = serde_json::from_slice(&bytes).map_err(|error| {
            PortError::new(format!("could not understand `{}`: {error}", path.display()))
                .hint("stop the service by hand, remove the file and resume")
        })?;
        if state.format > FORMAT {
            return Err(PortError::new(format!("`{}` was written by a newer version of backout", path.display()))
                .hint("use that version"));
        }
        Ok(Some(state))
    }

    /// Writes it down, in one step.
    ///
    /// # Errors
    /// Whatever the file system says, with the path.
    pub(crate) fn write(&self, places: &Places) -> Result<(), PortError> {
        let path = places.state();
        let text = serde_json::to_vec_pretty(self).map_err(|error| PortError::new(error.to_string()))?;
        replace(&path, &text, 0o600).map_err(|error| explain("write", &path, &error))
    }

    /// Whether the service runs; `None` where it was stopped on purpose.
    ///
    /// | phase      | service's process lives | supervising process lives | told                 |
    /// |------------|-------------------------|---------------------------|----------------------|
    /// | starting   | -                       | yes                       | created              |
    /// | starting   | -                       | no                        | exited, code unseen  |
    /// | running    | yes                     | either                    | running              |
    /// | running    | no                      | either                    | exited, code unseen  |
    /// | restarting | -                       | yes                       | restarting           |
    /// | restarting | -                       | no                        | exited, code unseen  |
    /// | ended      | -                       | -                         | exited with its code |
    /// | stopped    | -                       | -                         | not there            |
    pub(crate) fn instance(&self) -> Option<InstanceState> {
        let unseen = InstanceState::Exited { code: UNSEEN_CODE, out_of_memory: false };
        let supervised = |state| if self.supervisor.is_alive() { state } else { unseen };
        Some(match &self.phase {
            Phase::Starting => supervised(InstanceState::Created),
            Phase::Running if self.process.as_ref().is_some_and(Written::is_alive) => InstanceState::Running,
            Phase::Running => unseen,
            Phase::Restarting => supervised(InstanceState::Restarting),
            Phase::Ended { code, .. } => InstanceState::Exited { code: *code, out_of_memory: false },
            Phase::Stopped => return None,
        })
    }

    /// Whether the service has just ended and its supervising process is about to say how.
    pub(crate) fn is_about_to_change(&self) -> bool {
        self.phase == Phase::Running
            && !self.process.as_ref().is_some_and(Written::is_alive)
            && self.supervisor.is_alive()
    }
}
