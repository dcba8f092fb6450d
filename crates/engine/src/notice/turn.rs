//! What one turn of the lookout came to.

use backout_core::id::{CheckpointId, RunId};
use backout_core::inventory::Grade;
use backout_core::journal::RunResult;

/// What one turn came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// What runs is recorded.
    Recorded,
    /// It was not, and is now.
    RecordedNow {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// Its grade.
        grade: Grade,
        /// Why it was not recorded before.
        why: String,
    },
    /// Something is on its way, or cannot be seen; nothing was done.
    Unsettled {
        /// What.
        why: String,
    },
    /// Somebody holds the environment: what changes is theirs.
    Held {
        /// Who, in words.
        by: String,
    },
    /// A run of another kind has not ended, and nobody is at it.
    Open {
        /// Which.
        run: RunId,
    },
    /// A deploy was noticed, and seen through its soak.
    Ended {
        /// The run about it.
        run: RunId,
        /// How it ended.
        result: RunResult,
    },
    /// What people were called for is over.
    WellAgain {
        /// The run about it.
        run: RunId,
    },
}
