//! What stops the engine itself. What happens to a run is never an error: it is a record.

use backout_core::port::{PortError, StoreError};
use backout_core::run::Unexpected;

/// The engine could not go on. The run stays open, and `backout resume` continues it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The journal did not take a record, so nothing more was done.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A platform, file or blob did not do what the run cannot do without.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The journal holds a record that cannot stand where it stands.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
    /// A person interrupted this process.
    #[error("interrupted")]
    Interrupted,
    /// Another process has taken the run over.
    #[error("another process has taken the run over")]
    Superseded,
}
