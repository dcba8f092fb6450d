//! Programs and files where a service runs: migrations are undone by the tool that made them, with its own code.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Pending, PortError};
use crate::id::ServiceName;

/// Runs programs and reads files where a service runs: in its container or pod, or in the folder of its current release.
pub trait Inside: Send + Sync {
    /// Runs a program with the environment that the service has, and answers with what it left, whatever its exit code.
    /// Where the service does not run, the program runs in the same surroundings all the same, if the platform can make
    /// them. Dropping the future ends the program as far as the platform allows. It is started once: what is not known to
    /// have ended is an error, and may have done its work.
    ///
    /// # Errors
    /// Where it could not be started, did not end in time, or its end was not seen.
    fn run<'a>(&'a self, errand: &'a Errand) -> Pending<'a, Result<ErrandOutput, PortError>>;

    /// The files below a folder, as a tar archive whose names are relative to that folder.
    ///
    /// # Errors
    /// Where there is no such folder, or it cannot be read.
    fn fetch<'a>(&'a self, service: &'a ServiceName, folder: &'a str) -> Pending<'a, Result<Vec<u8>, PortError>>;
}

/// A program to run where a service runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// The service.
    pub service: ServiceName,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Variables that it gets beside those of the service; no secrets.
    pub variables: BTreeMap<String, String>,
    /// How long it may take.
    pub limit: Duration,
    /// Files that the program must find though the service's own release lacks them. The release stays as it is.
    pub files: Option<Overlay>,
}

/// Files that are put over those of a release, for one errand.
#[derive(Clone, PartialEq, Eq)]
pub struct Overlay {
    /// The folder that their names start at; relative to the release's own folder, or absolute.
    pub folder: String,
    /// A tar archive of regular files.
    pub tar: Vec<u8>,
}

impl std::fmt::Debug for Overlay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Overlay({} bytes over `{}`)", self.tar.len(), self.folder)
    }
}

/// What a program left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrandOutput {
    /// Its exit code; 128 + n for signal n.
    pub code: i64,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}
