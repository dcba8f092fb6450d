//! Arguments of the processes that `backout` starts of itself.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `dead-man`.
#[derive(Debug, Args)]
pub(crate) struct DeadManArgs {
    /// The run to go on with
    #[arg(long)]
    pub(crate) run: String,
}

/// Arguments of `supervise`.
#[derive(Debug, Args)]
pub(crate) struct SuperviseArgs {
    /// The order: a file that says what to run and where to write how it is
    pub(crate) order: PathBuf,
}

/// Arguments of `demo-app`.
#[derive(Debug, Args)]
pub(crate) struct DemoAppArgs {
    /// Passed on
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// Arguments of `break-on-purpose`.
#[derive(Debug, Args)]
pub(crate) struct BreakArgs {
    /// The drill
    #[arg(long)]
    pub(crate) run: String,
}
