//! Errors at the edge: one kind, with what to do next, and an exit code.

use backout_core::port::{PortError, StoreError};
use backout_engine::EngineError;

/// How a command ends. The codes are part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// An unexpected failure of backout itself.
    Failed = 1,
    /// Usage or configuration.
    Usage = 2,
    /// Refused: safety, policy or a missing approval.
    Refused = 5,
    /// Checks do not hold.
    ChecksDoNotHold = 6,
    /// The environment is held by another run.
    Held = 7,
    /// Interrupted; the run can be resumed.
    Interrupted = 130,
}

/// What went wrong, where, and what to do next.
#[derive(Debug)]
pub(crate) struct CliError {
    /// The exit code.
    pub(crate) exit: Exit,
    /// What happened, in a sentence.
    pub(crate) what: String,
    /// A longer account, already laid out: the problems of a configuration.
    pub(crate) report: Option<String>,
    /// What to do next, one thing each.
    pub(crate) hints: Vec<String>,
}

impl CliError {
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, what: what.into(), report: None, hints: Vec::new() }
    }

    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    pub(crate) fn failed(what: impl Into<String>) -> Self {
        Self::new(Exit::Failed, what)
    }

    /// The same error for somebody who can do nothing about it.
    pub(crate) fn without_hints(mut self) -> Self {
        self.hints.clear();
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<PortError> for CliError {
    fn from(error: PortError) -> Self {
        let mapped = Self::failed(error.what);
        match error.hint {
            Some(hint) => mapped.hint(hint),
            None => mapped,
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let what = error.to_string();
        match error {
            StoreError::Held { .. } => Self::new(Exit::Held, what)
                .hint("see what it does: `backout status`")
                .hint("a holder that died does not block for longer than that time"),
            StoreError::Fenced { .. } => Self::failed(what).hint("see who went on: `backout status`"),
            StoreError::TooNew { .. } => Self::failed(what).hint("use the version that wrote it, or a newer one"),
            StoreError::Broken { .. } => {
                Self::new(Exit::ChecksDoNotHold, what).hint("keep the file as it is; it is evidence")
            }
            StoreError::Unusable { hint, .. } => Self::failed(what).hint(hint),
        }
    }
}

impl From<EngineError> for CliError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Port(error) => error.into(),
            EngineError::Unexpected(error) => Self::failed(error.to_string())
                .hint("this is a fault of backout: please report it with the run's records"),
            EngineError::Interrupted => {
                Self::new(Exit::Interrupted, "interrupted").hint("go on with it: `backout resume`")
            }
            EngineError::Superseded => {
                Self::failed("another process has taken the run over").hint("see what it does: `backout status`")
            }
        }
    }
}
