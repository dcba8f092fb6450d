//! Arguments of the commands that prove something.

use clap::Args;

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Answer a manual check of the newest rollback in place of running the checks: `NAME=yes` or `NAME=no`; can be repeated
    #[arg(long, value_name = "NAME=yes|no")]
    pub(crate) answer: Vec<String>,
}
