//! Arguments of the processes that `backout` starts of itself, and of what only this repository asks for.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

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

/// Arguments of `reference`.
#[derive(Debug, Args)]
pub(crate) struct ReferenceArgs {
    /// Which page
    #[arg(long, value_name = "PAGE", default_value = "commands")]
    pub(crate) of: Of,
}

/// A page that is made from the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Of {
    /// Every command and option
    Commands,
    /// Every key of the configuration
    Configuration,
    /// Every refusal, problem and exit code
    Refusals,
}
