//! Arguments of the commands that prove something.

use clap::{Args, Subcommand};

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// What a person saw at one of the manual checks
    #[arg(long, value_name = "NAME=yes|no")]
    pub(crate) answer: Vec<String>,
}

/// Arguments of `drill`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DrillArgs {
    /// What to do in place of a drill
    #[command(subcommand)]
    pub(crate) action: Option<DrillAction>,
    /// The service to break; the one that the configuration names unless given
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// How to break it: an image that does not exist, a crash at its start, a configuration it cannot run on, or errors by a
    /// configured command; as the configuration says unless given
    #[arg(long = "break", value_name = "HOW", value_parser = ["image", "crash", "config", "errors"])]
    pub(crate) how: Option<String>,
    /// Do nothing where the last good drill is young enough by the configuration
    #[arg(long)]
    pub(crate) scheduled: bool,
    /// Show what it would do, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// What to do in place of a drill.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum DrillAction {
    /// Past drills, and what they came to
    List,
}
