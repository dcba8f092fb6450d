//! Arguments of the commands that change something.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{DataArgs, ToldArgs};

/// Arguments of `guard`.
#[derive(Debug, Args)]
pub(crate) struct GuardArgs {
    /// Override a refusal by its name; can be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) force: Vec<String>,
    /// Why this deploy is made, for the record
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Watch for this long in place of what the configuration says: `30s`, `5m`
    #[arg(long, value_name = "DURATION")]
    pub(crate) soak: Option<String>,
    /// What is known about it
    #[command(flatten)]
    pub(crate) told: ToldArgs,
    /// When the change was committed, for the lead time in reports: `2026-11-21T08:00:00Z`
    #[arg(long, value_name = "TIME")]
    pub(crate) committed_at: Option<Timestamp>,
    /// Confirm what `guard.asks` wants to know, `NAME,NAME`, or `NAME=WHY`; can be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) confirm: Vec<String>,
    /// Do not observe the environment after it was taken back and verified
    #[arg(long)]
    pub(crate) no_observe: bool,
    /// The deploy command
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

/// How much of the environment.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ScopeArgs {
    /// Only this service; can be repeated
    #[arg(long, value_name = "SERVICE", group = "scope")]
    pub(crate) service: Vec<String>,
    /// Every service; the default
    #[arg(long, group = "scope")]
    pub(crate) stack: bool,
    /// Only the configuration files
    #[arg(long, group = "scope")]
    pub(crate) config_files: bool,
    /// Verify after every N services; stop when health recovers or worsens
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch: Option<u32>,
    /// One second to stop, and services do not wait for one another
    #[arg(long)]
    pub(crate) emergency: bool,
    /// Override a refusal by its name; can be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) force: Vec<String>,
}

/// Arguments of `rollback`.
#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The checkpoint to go back to: its id, or what ran then (an image tag, a revision, a commit, a tag of git, `HEAD~2`,
    /// `previous`, `2h ago`); the last known good one unless given
    pub(crate) target: Option<String>,
    /// How much of the environment
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// What is known about it
    #[command(flatten)]
    pub(crate) told: ToldArgs,
    /// Run exactly the plan that `backout plan --out` wrote, or nothing where the world has moved since; does not ask
    #[arg(long, value_name = "FILE", conflicts_with_all = ["target", "service", "stack", "config_files", "batch",
        "emergency", "force", "dry_run", "database", "rung", "table", "moment", "backup", "accept_loss", "break_slots",
        "undo"])]
    pub(crate) plan: Option<PathBuf>,
    /// Do not observe the environment after it was taken back and verified
    #[arg(long)]
    pub(crate) no_observe: bool,
    /// Once it is verified, remove the containers that were added since and that the checkpoint does not know; volumes stay
    #[arg(long, conflicts_with_all = ["service", "config_files"])]
    pub(crate) remove_orphans: bool,
    /// Print the plan and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// What becomes of the databases
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// What to do with checkpoints.
#[derive(Debug, Subcommand)]
pub(crate) enum CheckpointAction {
    /// Record what runs now
    Create {
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// List them
    List,
    /// Show one
    Show {
        /// Its id, the beginning of it, or what ran then
        id: String,
        /// Write its configuration files into this folder
        #[arg(long, value_name = "DIR")]
        extract: Option<PathBuf>,
    },
    /// Grade one as `good`, `candidate` or `bad`
    Grade {
        /// Its id, the beginning of it, or what ran then
        id: String,
        /// The grade
        #[arg(value_parser = ["good", "candidate", "bad"])]
        grade: String,
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Let go of the images of old ones
    Prune {
        /// How many good ones stay; what the configuration says unless given
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        keep: Option<u32>,
    },
}

/// Arguments of `rearm`.
#[derive(Debug, Args)]
pub(crate) struct RearmArgs {
    /// The services; all of the environment unless given
    pub(crate) services: Vec<String>,
}

/// Arguments of `restart`.
#[derive(Debug, Args)]
pub(crate) struct RestartArgs {
    /// The services; what others depend on is started first
    #[arg(required = true, value_name = "SERVICE")]
    pub(crate) services: Vec<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// How long each may take to be well, in place of what is known of it: `30s`, `5m`
    #[arg(long, value_name = "DURATION")]
    pub(crate) within: Option<String>,
}
