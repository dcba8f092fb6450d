//! Arguments of `maintenance`.

use clap::Subcommand;

/// What to do about maintenance mode.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum MaintenanceAction {
    /// Keep users away: switch what the configuration says, and look whether it is so
    On {
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Let users in again: everything as it was before
    Off {
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Whether it is on, since when, and who switched it
    Status,
}
