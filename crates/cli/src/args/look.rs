//! Arguments of the commands that look.

use clap::Args;

use super::{DataArgs, ScopeArgs};

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The checkpoint to go back to; the last known good one unless given
    pub(crate) target: Option<String>,
    /// How much of the environment
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// What becomes of the databases
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Arguments of `history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Prove that no record was changed, taken out or cut off
    #[arg(long)]
    pub(crate) verify: bool,
    /// How many runs
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A run or a checkpoint: its id, or the beginning of it; the newest run unless given
    pub(crate) id: Option<String>,
    /// Print one piece of the run's evidence by its name
    #[arg(long, value_name = "NAME")]
    pub(crate) evidence: Option<String>,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// A checkpoint; the last known good one unless given
    pub(crate) from: Option<String>,
    /// Another one; what runs now unless given
    pub(crate) to: Option<String>,
}
