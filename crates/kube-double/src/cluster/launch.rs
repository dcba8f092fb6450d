//! A program that is run for a pod: what is to be started, and how it does.

use std::collections::BTreeMap;

use crate::script::Program;

/// What is started for a pod: settled when the pod starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Launch {
    pub(crate) container: String,
    pub(crate) program: Program,
    /// What the container says of its environment, its image's name among it.
    pub(crate) variables: BTreeMap<String, String>,
    /// The path that its readiness probe asks; empty where a connection is enough, none where it has no probe.
    pub(crate) health: Option<String>,
    /// Whether the pod is over when the program has ended, as a Job's is.
    pub(crate) ends: bool,
}

/// A program that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answering {
    /// Of this machine's loopback.
    pub(crate) port: u16,
    pub(crate) is_ready: bool,
}
