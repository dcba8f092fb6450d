//! Arguments of `notify`.

use clap::Subcommand;

/// What to do about those who are told.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum NotifyAction {
    /// Send a test, and say who took it
    Test {
        /// Whom to; everybody unless given
        name: Option<String>,
    },
    /// What was told, what waits and what was given up
    List,
    /// Send what waits, now
    Flush,
}
